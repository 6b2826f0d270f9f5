namespace BareMetal.Data.Tests.Transactions;

/// <summary>
/// The phenomena of Adya's thesis (1999) and of the papers after it, by the names that they have there. Public, since tests have them as parameters.
/// </summary>
public enum Anomaly
{
    /// <summary>Writes of two transactions interleave: each has the last word on one of two rows.</summary>
    G0_dirty_write,

    /// <summary>What was read was never committed in the end.</summary>
    G1a_aborted_read,

    /// <summary>What was read was overwritten by its own transaction before the commit.</summary>
    G1b_intermediate_read,

    /// <summary>Two transactions each read what the other wrote.</summary>
    G1c_circular_information_flow,

    /// <summary>What was read was not committed at that time.</summary>
    Dirty_read,

    /// <summary>The effects of a transaction are seen, and then no more.</summary>
    OTV_observed_transaction_vanishes,

    /// <summary>Two searches by different conditions see different states.</summary>
    PMP_predicate_many_preceders,

    /// <summary>The same search finds new rows.</summary>
    Phantom_read,

    /// <summary>A change is computed from a value that another transaction has replaced meanwhile.</summary>
    P4_lost_update,

    /// <summary>Of two rows that change together, one is seen before and one after.</summary>
    G_single_read_skew,

    /// <summary>Two transactions read both of two rows, and each changes another one of them.</summary>
    G2_item_write_skew,

    /// <summary>Two transactions search, find nothing, and each enters what the other looked for.</summary>
    G2_anti_dependency_cycle,

    /// <summary>A transaction that only reads sees a state that no serial order explains (Fekete, O'Neil and O'Neil 2004).</summary>
    Read_only_transaction_anomaly,
}
