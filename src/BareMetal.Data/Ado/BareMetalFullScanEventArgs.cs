namespace BareMetal.Data;

/// <summary>A statement has read many rows of a table, or entries of an index, because no index serves its condition.</summary>
public sealed class BareMetalFullScanEventArgs : EventArgs
{
    internal BareMetalFullScanEventArgs(string schemaName, string tableName, long rowsRead, string filter, string? suggestedIndex, string commandText)
    {
        SchemaName = schemaName;
        TableName = tableName;
        RowsRead = rowsRead;
        Filter = filter;
        SuggestedIndex = suggestedIndex;
        CommandText = commandText;
    }

    /// <summary>The table's schema.</summary>
    public string SchemaName { get; }

    /// <summary>The table.</summary>
    public string TableName { get; }

    /// <summary>Rows or index entries read so far; the scan goes on.</summary>
    public long RowsRead { get; }

    /// <summary>The condition that each of them was tried with.</summary>
    public string Filter { get; }

    /// <summary>The CREATE INDEX statement that would help, or null when the condition can't use an index.</summary>
    public string? SuggestedIndex { get; }

    /// <summary>The statement, normalised.</summary>
    public string CommandText { get; }

    /// <inheritdoc/>
    public override string ToString()
        => $"A scan of \"{SchemaName}\".\"{TableName}\" has read {RowsRead.ToString(System.Globalization.CultureInfo.InvariantCulture)} rows to find those with {Filter}. "
            + (SuggestedIndex is null ? "No index can serve this condition." : $"This index would help: {SuggestedIndex}.");
}
