namespace BareMetal.Data.Sql;

/// <summary>A place in a statement's text.</summary>
/// <param name="Offset">UTF-16 units before it, from 0.</param>
/// <param name="Line">The line, from 1.</param>
/// <param name="Column">The column in UTF-16 units, from 1.</param>
internal readonly record struct SourcePosition(int Offset, int Line, int Column)
{
    /// <summary>True when no place is known (a node that the engine made itself).</summary>
    public bool IsNone => Line == 0;

    public override string ToString() => IsNone ? "?" : $"{Line}:{Column}";
}
