namespace BareMetal.Data.Sql;

/// <summary>How a parameter is written in a command's text.</summary>
/// <param name="Name">The name without its marker, or null for a numbered or anonymous one.</param>
/// <param name="Ordinal">The number from 0 among the command's parameters, for <c>$n</c> and <c>?</c>; −1 for a named one.</param>
internal readonly record struct ParameterReference(string? Name, int Ordinal);

/// <summary>
/// One statement of a command: its normalised text, which is the key of plan caches (no surrounding blanks, comments or
/// semicolon; parameters as $1, $2, … in the order of first appearance), and which of the command's parameters they are.
/// </summary>
internal sealed class StatementText
{
    /// <summary>The normalised text.</summary>
    public required string Text { get; init; }

    /// <summary>The parameter that each $n (at n − 1) means.</summary>
    public ParameterReference[] Parameters { get; init; } = [];

    /// <summary>Where the statement begins in the command's text.</summary>
    public required SourcePosition Start { get; init; }

    /// <summary>Places where normalised and original text part: pairs of (offset in <see cref="Text"/>, offset in the command), ascending.</summary>
    internal (int Normalised, int Original)[] Shifts { get; init; } = [];

    /// <summary>The offset in the command's text of an offset in the normalised text.</summary>
    public int ToCommandOffset(int offset)
    {
        int original = Start.Offset + offset;
        foreach (var (normalised, start) in Shifts)
        {
            if (normalised > offset)
                break;
            original = start + (offset - normalised);
        }
        return original;
    }

    /// <summary>
    /// The same error with its place told in the command's text: parser and binder see only the normalised statement, which other
    /// commands may share. An error without a place comes back as it is.
    /// </summary>
    public BareMetalException Relocate(BareMetalException error, string command)
    {
        if (error.Position == 0)
            return error;
        int offset = Math.Clamp(ToCommandOffset(error.Position - 1), 0, command.Length);
        ReadOnlySpan<char> before = command.AsSpan(0, offset);
        int line = before.Count('\n') + 1;
        int column = offset - (before.LastIndexOf('\n') + 1) + 1;
        if (offset == error.Position - 1 && line == error.Line && column == error.Column)
            return error;
        return error.WithPosition(offset + 1, line, column);
    }
}
