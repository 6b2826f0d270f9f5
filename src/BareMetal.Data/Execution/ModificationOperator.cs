namespace BareMetal.Data.Execution;

/// <summary>An operator that writes. It does all of its work at the first Next, then gives the RETURNING rows (none: null at once).</summary>
internal abstract class ModificationOperator : PhysicalOperator
{
    /// <summary>Rows written by the statement; known after the first Next.</summary>
    public long RowsAffected { get; protected set; }
}
