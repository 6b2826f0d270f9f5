namespace BareMetal.Data.Sql;

/// <summary>Makes the exceptions of the SQL front end, with their place in the text.</summary>
internal static class SqlErrors
{
    /// <summary>An error at a place in the statement.</summary>
    public static BareMetalException At(SourcePosition position, string sqlState, string message, string? hint = null, string? detail = null) =>
        new(sqlState, message)
        {
            Position = position.IsNone ? 0 : position.Offset + 1,
            Line = position.Line,
            Column = position.Column,
            Hint = hint,
            Detail = detail,
        };

    /// <summary>42601.</summary>
    public static BareMetalException Syntax(SourcePosition position, string message, string? hint = null) =>
        At(position, SqlStates.SyntaxError, message, hint);

    /// <summary>0A000.</summary>
    public static BareMetalException NotSupported(SourcePosition position, string message, string? hint = null) =>
        At(position, SqlStates.FeatureNotSupported, message, hint);
}
