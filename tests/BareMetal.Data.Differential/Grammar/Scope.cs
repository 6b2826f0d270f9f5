namespace BareMetal.Data.Differential.Grammar;

/// <summary>A column that an expression may read.</summary>
internal sealed record Column(string Sql, Kind Kind, double Magnitude, int Scale)
{
    /// <summary>A plain column, which subqueries may refer to even from a grouped query.</summary>
    public bool IsPlain { get; init; } = true;
}

/// <summary>An item of FROM.</summary>
/// <param name="Columns">Its columns, as they are written.</param>
/// <param name="Key">Columns that together are unique and not null; null when there are none.</param>
internal sealed record Source(IReadOnlyList<Column> Columns, IReadOnlyList<string>? Key);

/// <summary>What names mean where an expression stands.</summary>
internal sealed class Scope(IReadOnlyList<Source> sources, Scope? outer)
{
    public static readonly Scope Empty = new([], null);

    public IReadOnlyList<Source> Sources { get; } = sources;

    public Scope? Outer { get; } = outer;

    /// <summary>Of a grouped query: what its aggregates read.</summary>
    public Scope? AggregateInput { get; init; }

    /// <summary>The same columns, without those of the enclosing queries.</summary>
    public Scope Alone() => new(Sources, null);

    /// <summary>Columns that make every row unique; null when not known.</summary>
    public List<string>? Key()
    {
        List<string> key = [];
        foreach (Source source in Sources)
        {
            if (source.Key is null)
                return null;
            key.AddRange(source.Key);
        }

        return key.Count == 0 ? null : key;
    }
}
