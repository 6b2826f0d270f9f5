namespace Microsoft.EntityFrameworkCore.Diagnostics;

/// <summary>What <see cref="BareMetalEventId.FullScanWarning"/> tells.</summary>
public class FullScanEventData : EventData
{
    /// <summary>Creates the data of an event.</summary>
    /// <param name="eventDefinition">The definition of the event.</param>
    /// <param name="messageGenerator">Makes the message.</param>
    /// <param name="schemaName">The table's schema.</param>
    /// <param name="tableName">The table.</param>
    /// <param name="rowsRead">Rows read so far.</param>
    /// <param name="filter">The condition that each of them was tried with.</param>
    /// <param name="suggestedIndex">The CREATE INDEX statement that would help, or null.</param>
    /// <param name="commandText">The statement.</param>
    public FullScanEventData(
        EventDefinitionBase eventDefinition,
        Func<EventDefinitionBase, EventData, string> messageGenerator,
        string schemaName,
        string tableName,
        long rowsRead,
        string filter,
        string? suggestedIndex,
        string commandText)
        : base(eventDefinition, messageGenerator)
    {
        SchemaName = schemaName;
        TableName = tableName;
        RowsRead = rowsRead;
        Filter = filter;
        SuggestedIndex = suggestedIndex;
        CommandText = commandText;
    }

    /// <summary>The table's schema.</summary>
    public virtual string SchemaName { get; }

    /// <summary>The table.</summary>
    public virtual string TableName { get; }

    /// <summary>Rows read so far; the scan goes on.</summary>
    public virtual long RowsRead { get; }

    /// <summary>The condition that each of them was tried with.</summary>
    public virtual string Filter { get; }

    /// <summary>The CREATE INDEX statement that would help, or null when the condition can't use an index.</summary>
    public virtual string? SuggestedIndex { get; }

    /// <summary>The statement, normalised.</summary>
    public virtual string CommandText { get; }
}
