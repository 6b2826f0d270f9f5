using System.Data.Common;

namespace BareMetal.Data;

/// <summary>
/// An error of the database: a SQLSTATE, a message that says what, where and what to do, and where known the position in the
/// SQL text and the constraint, table and column concerned.
/// </summary>
public sealed class BareMetalException : DbException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="sqlState">The five-character SQLSTATE (SQL standard and PostgreSQL's classes).</param>
    /// <param name="message">What happened and where.</param>
    /// <param name="inner">The cause, if another exception is.</param>
    public BareMetalException(string sqlState, string message, Exception? inner = null)
        : base(message, inner) => SqlState = sqlState;

    /// <summary>The five-character SQLSTATE.</summary>
    public override string SqlState { get; }

    /// <summary>
    /// Whether running the same transaction again may succeed: serialization failures (40001), deadlocks (40P01) and lock
    /// time-outs (55P03). An unknown commit outcome (08007) is not transient.
    /// </summary>
    public override bool IsTransient => SqlState is SqlStates.SerializationFailure or SqlStates.DeadlockDetected or SqlStates.LockNotAvailable;

    /// <inheritdoc/>
    protected override DbBatchCommand? DbBatchCommand => FailedCommand;

    /// <summary>The command of a batch that failed.</summary>
    internal DbBatchCommand? FailedCommand { get; set; }

    /// <summary>What to do about it, when there is something to say.</summary>
    public string? Hint { get; init; }

    /// <summary>More about what happened: the key, the value, the row.</summary>
    public string? Detail { get; init; }

    /// <summary>1-based character position in the SQL text; 0 when not known.</summary>
    public int Position { get; init; }

    /// <summary>1-based line in the SQL text; 0 when not known.</summary>
    public int Line { get; init; }

    /// <summary>1-based column in the line; 0 when not known.</summary>
    public int Column { get; init; }

    /// <summary>The schema of the object concerned.</summary>
    public string? SchemaName { get; init; }

    /// <summary>The table concerned.</summary>
    public string? TableName { get; init; }

    /// <summary>The column concerned.</summary>
    public string? ColumnName { get; init; }

    /// <summary>The constraint that was violated.</summary>
    public string? ConstraintName { get; init; }

    /// <summary>1-based number of the statement that failed among those of its command; 0 when not known.</summary>
    public int Statement { get; internal set; }

    /// <summary>1-based number of the input row that an INSERT failed at; 0 when it was no row's fault or is not known.</summary>
    public int Row { get; internal set; }

    /// <summary>The same error at another place of the text.</summary>
    internal BareMetalException At(int position, int line, int column) => new(SqlState, base.Message, this)
    {
        Hint = Hint,
        Detail = Detail,
        Position = position,
        Line = line,
        Column = column,
        SchemaName = SchemaName,
        TableName = TableName,
        ColumnName = ColumnName,
        ConstraintName = ConstraintName,
        Statement = Statement,
        Row = Row,
    };

    /// <inheritdoc/>
    public override string Message
    {
        get
        {
            string text = $"{SqlState}: {base.Message}";
            if (Line > 0)
                text += $" (line {Line}, column {Column})";
            if (Detail is not null)
                text += $" Detail: {Detail}";
            if (Hint is not null)
                text += $" Hint: {Hint}";
            return text;
        }
    }

    /// <summary>What happened, without SQLSTATE, place, detail and hint.</summary>
    internal string PlainMessage => base.Message;

    /// <summary>The same error at another place in the text.</summary>
    /// <summary>The same error without a place, which was one in a routine's body; the detail says where.</summary>
    internal BareMetalException In(string routine) =>
        new(SqlState, base.Message, InnerException)
        {
            Hint = Hint,
            Detail = Detail is null ? routine : Detail + " " + routine,
            SchemaName = SchemaName,
            TableName = TableName,
            ColumnName = ColumnName,
            ConstraintName = ConstraintName,
            Statement = Statement,
            Row = Row,
        };

    internal BareMetalException WithPosition(int position, int line, int column) =>
        new(SqlState, base.Message, InnerException)
        {
            Hint = Hint,
            Detail = Detail,
            Position = position,
            Line = line,
            Column = column,
            SchemaName = SchemaName,
            TableName = TableName,
            ColumnName = ColumnName,
            ConstraintName = ConstraintName,
        Statement = Statement,
        Row = Row,
        };
}
