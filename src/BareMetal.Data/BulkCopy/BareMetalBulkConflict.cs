namespace BareMetal.Data;

/// <summary>What a bulk copy does with a row whose key the table has already.</summary>
public enum BareMetalBulkConflict
{
    /// <summary>The copy fails with 23505 and nothing of it remains. The default.</summary>
    Fail,

    /// <summary>The row in the table stays, the new one is left out.</summary>
    Skip,

    /// <summary>The row in the table takes the new values of all copied columns beside the key (an upsert).</summary>
    Update,
}
