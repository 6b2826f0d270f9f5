namespace BareMetal.Data.BulkCopy;

/// <summary>The row that a bulk copy reads at the moment.</summary>
internal interface IBulkRow
{
    /// <summary>The value for a column of the target, by its position among those written.</summary>
    object? Get(int column);
}
