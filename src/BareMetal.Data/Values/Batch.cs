namespace BareMetal.Data.Values;

/// <summary>A run of rows as column vectors; what operators hand to one another. Always dense: row i is index i of every column.</summary>
internal sealed class Batch(Vector[] columns)
{
    /// <summary>Rows that a batch usually holds at most; sessions may set another size (1 and 7 are used in tests).</summary>
    public const int DefaultSize = 1024;

    public Vector[] Columns { get; } = columns;

    /// <summary>Rows in it now.</summary>
    public int Count { get; set; }
}
