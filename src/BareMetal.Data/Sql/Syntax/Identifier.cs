namespace BareMetal.Data.Sql.Syntax;

/// <summary>A name as it was written, without its quotes. Names compare without regard to case, quoted or not.</summary>
/// <param name="Name">The spelling.</param>
/// <param name="Position">Where it begins.</param>
internal readonly record struct Identifier(string Name, SourcePosition Position)
{
    /// <summary>How names are compared everywhere.</summary>
    public static StringComparer Comparer => StringComparer.OrdinalIgnoreCase;

    /// <summary>True when the names mean the same.</summary>
    public bool Is(string other) => string.Equals(Name, other, StringComparison.OrdinalIgnoreCase);

    public override string ToString() => Name;
}
