namespace BareMetal.Data.Sql.Syntax;

internal enum CopyFormat : byte
{
    Text, Csv, JsonLines,
}

internal enum CopyHeader : byte
{
    None,

    /// <summary>A first line of names, which is left out when it is read.</summary>
    Names,

    /// <summary>A first line of names, which must be those of the columns.</summary>
    Match,
}

/// <summary>COPY table FROM or COPY table | (query) TO a file, or the stream that the caller gives (STDIN, STDOUT).</summary>
internal sealed class CopyStatement : Statement
{
    /// <summary>Null when a query is copied.</summary>
    public ObjectName? Table { get; init; }

    /// <summary>The columns of the table; empty for all that can be written.</summary>
    public Identifier[] Columns { get; init; } = [];

    /// <summary>The text of the query that is copied; null for a table.</summary>
    public string? QueryText { get; init; }

    public Statement? Query { get; init; }

    public required bool IsFrom { get; init; }

    /// <summary>The path; null for STDIN or STDOUT.</summary>
    public string? File { get; init; }

    /// <summary>The text of the condition that rows read must meet; null for none.</summary>
    public string? WhereText { get; init; }

    public required CopyOptions Options { get; init; }
}

/// <summary>How the rows of COPY are written down.</summary>
internal sealed class CopyOptions
{
    public CopyFormat Format { get; set; }

    public byte Delimiter { get; set; } = (byte)'\t';

    /// <summary>What stands for null, as UTF-8.</summary>
    public byte[] Null { get; set; } = "\\N"u8.ToArray();

    public CopyHeader Header { get; set; }

    public byte Quote { get; set; } = (byte)'"';

    public byte Escape { get; set; } = (byte)'"';

    public bool ForceQuoteAll { get; set; }

    public bool ForceNotNullAll { get; set; }

    public bool ForceNullAll { get; set; }

    public Identifier[] ForceQuote { get; set; } = [];

    public Identifier[] ForceNotNull { get; set; } = [];

    public Identifier[] ForceNull { get; set; } = [];
}
