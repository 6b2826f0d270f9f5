namespace BareMetal.Data.Differential.Grammar;

internal sealed record TableColumn(string Name, Kind Kind, string Type)
{
    public double Magnitude { get; init; } = 100;

    public int Scale { get; init; }

    public bool IsNotNull { get; init; }

    /// <summary>Computed, or numbered by the database: not written by statements.</summary>
    public bool IsGenerated { get; init; }

    /// <summary>Values written to it must be among these many; for keys and references.</summary>
    public bool IsKey { get; init; }

    /// <summary>A reference to the key of this table.</summary>
    public string? References { get; init; }
}

/// <summary>A table or view of the round.</summary>
internal sealed class Table
{
    public required string Name { get; set; }

    public List<TableColumn> Columns { get; } = [];

    /// <summary>The primary key's columns; none for a view or a table without one.</summary>
    public List<string> Key { get; } = [];

    public bool IsView { get; init; }

    /// <summary>Its rows are numbered by the database, so that it is only inserted into by statements that succeed.</summary>
    public bool IsNumbered { get; init; }

    /// <summary>It has so many rows that plans use its indexes.</summary>
    public bool IsLarge { get; set; }

    public IEnumerable<TableColumn> Writable => Columns.Where(c => !c.IsGenerated);
}
