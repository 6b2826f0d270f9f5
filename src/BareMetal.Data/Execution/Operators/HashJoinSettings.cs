namespace BareMetal.Data.Execution.Operators;

/// <summary>What a hash join gives, seen from its two sides: the build side is kept, the probe side streams.</summary>
internal enum HashJoinMode
{
    /// <summary>Pairs that match.</summary>
    Inner,

    /// <summary>Pairs, and probe rows without a match with nulls for the build side.</summary>
    ProbeOuter,

    /// <summary>Pairs, and build rows without a match with nulls for the probe side.</summary>
    BuildOuter,

    /// <summary>Pairs, and rows of both sides without a match.</summary>
    Full,

    /// <summary>Probe rows that have a match.</summary>
    ProbeSemi,

    /// <summary>Probe rows that have no match.</summary>
    ProbeAnti,

    /// <summary>Build rows that have a match.</summary>
    BuildSemi,

    /// <summary>Build rows that have no match.</summary>
    BuildAnti,
}
