using System.Data;
using System.Data.Common;
using BareMetal.Data.Sessions;
using BareMetal.Data.Values;

namespace BareMetal.Data;

/// <summary>
/// Several commands, each with its own parameters, run one after another. Outside a transaction the batch is one: either all of it
/// happens or nothing does.
/// </summary>
public sealed class BareMetalBatch : DbBatch
{
    private readonly BareMetalBatchCommandCollection _commands = new();
    private BareMetalConnection? _connection;
    private BareMetalTransaction? _transaction;
    private int _timeout = -1;

    // The run under way; a batch runs once at a time.
    private bool _running;
    private Session? _session;
    private long _ownTransaction;
    private int _next;
    private BareMetalBatchCommand? _current;
    private Value[] _values = [];

    /// <summary>Makes a batch.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="transaction">The transaction; without one the batch joins whatever transaction the connection is in, or makes one.</param>
    public BareMetalBatch(BareMetalConnection? connection = null, BareMetalTransaction? transaction = null)
    {
        _connection = connection;
        _transaction = transaction;
    }

    /// <summary>The commands.</summary>
    public new BareMetalBatchCommandCollection BatchCommands => _commands;

    /// <summary>Seconds that each statement may run; 0 is no limit.</summary>
    public override int Timeout
    {
        get => _timeout >= 0 ? _timeout : _connection?.DefaultCommandTimeout ?? 30;
        set => _timeout = value >= 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A timeout is 0 (no limit) or more, in seconds.");
    }

    /// <summary>The connection.</summary>
    public new BareMetalConnection? Connection
    {
        get => _connection;
        set => _connection = value;
    }

    /// <summary>The transaction; may stay null.</summary>
    public new BareMetalTransaction? Transaction
    {
        get => _transaction;
        set => _transaction = value;
    }

    /// <inheritdoc/>
    protected override DbBatchCommandCollection DbBatchCommands => _commands;

    /// <inheritdoc/>
    protected override DbConnection? DbConnection
    {
        get => _connection;
        set => _connection = (BareMetalConnection?)value;
    }

    /// <inheritdoc/>
    protected override DbTransaction? DbTransaction
    {
        get => _transaction;
        set => _transaction = (BareMetalTransaction?)value;
    }

    /// <inheritdoc/>
    public override void Cancel() => _connection?.SessionOrNull?.Cancel();

    /// <inheritdoc/>
    public override int ExecuteNonQuery()
    {
        using BareMetalDataReader reader = ExecuteReader();
        while (Drain(reader) && reader.NextResult())
        {
        }

        reader.Close();
        return reader.RecordsAffected;
    }

    /// <inheritdoc/>
    public override async Task<int> ExecuteNonQueryAsync(CancellationToken cancellationToken = default)
    {
        BareMetalDataReader reader = await ExecuteReaderAsync(CommandBehavior.Default, cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            while (Drain(reader) && await reader.NextResultAsync(cancellationToken).ConfigureAwait(false))
            {
            }

            await reader.CloseAsync().ConfigureAwait(false);
            return reader.RecordsAffected;
        }
    }

    /// <summary>Runs the batch and reads its results.</summary>
    /// <param name="behavior">As for a command.</param>
    public new BareMetalDataReader ExecuteReader(CommandBehavior behavior = CommandBehavior.Default)
    {
        BareMetalDataReader reader = Begin(behavior, default);
        reader.Start();
        return reader;
    }

    /// <summary>Runs the batch and reads its results.</summary>
    public new Task<BareMetalDataReader> ExecuteReaderAsync(CancellationToken cancellationToken = default)
        => ExecuteReaderAsync(CommandBehavior.Default, cancellationToken);

    /// <summary>Runs the batch and reads its results.</summary>
    public new async Task<BareMetalDataReader> ExecuteReaderAsync(CommandBehavior behavior, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        BareMetalDataReader reader = Begin(behavior, cancellationToken);
        await reader.StartAsync(cancellationToken).ConfigureAwait(false);
        return reader;
    }

    /// <summary>Runs the batch; the first column of the first row of the first result, null when there is no row.</summary>
    public override object? ExecuteScalar()
    {
        using BareMetalDataReader reader = ExecuteReader();
        object? result = reader.Read() ? reader.GetValue(0) : null;
        reader.Close();
        return result;
    }

    /// <inheritdoc/>
    public override async Task<object?> ExecuteScalarAsync(CancellationToken cancellationToken = default)
    {
        BareMetalDataReader reader = await ExecuteReaderAsync(CommandBehavior.Default, cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            object? result = await reader.ReadAsync(cancellationToken).ConfigureAwait(false) ? reader.GetValue(0) : null;
            await reader.CloseAsync().ConfigureAwait(false);
            return result;
        }
    }

    /// <summary>Prepares every command.</summary>
    /// <exception cref="BareMetalException">A text is not valid.</exception>
    public override void Prepare()
    {
        Session session = BareMetalCommand.Check(_connection, _transaction);
        for (int i = 0; i < _commands.Count; i++)
        {
            BareMetalBatchCommand command = _commands[i];
            command.Unit.Bind(session, command.CommandType, command.CommandText, command.ParametersOrNull, out Value[] values);
            command.Unit.Release(values);
        }
    }

    /// <inheritdoc/>
    public override Task PrepareAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled(cancellationToken);
        try
        {
            Prepare();
            return Task.CompletedTask;
        }
        catch (Exception e)
        {
            return Task.FromException(e);
        }
    }

    /// <summary>Begins the next command for the reader; null after the last.</summary>
    internal CommandExecution? BeginNext(CommandBehavior behavior, CancellationToken cancellationToken)
    {
        if (_next == _commands.Count)
            return null;
        BareMetalBatchCommand command = _commands[_next++];
        _current = command;
        if (command.CommandText.Length == 0)
            throw new InvalidOperationException($"Command {_next - 1} of the batch has no text.");
        var prepared = command.Unit.Bind(_session!, command.CommandType, command.CommandText, command.ParametersOrNull, out _values);
        return _session!.Execute(prepared, _values, new ExecutionOptions(TimeSpan.FromSeconds(Timeout), behavior.HasFlag(CommandBehavior.SchemaOnly), command.Unit.TakesOutputs, command.Unit.IsCall), cancellationToken);
    }

    /// <summary>The command that runs now.</summary>
    internal BareMetalBatchCommand? Current => _current;

    internal void Affected(long rows) => _current?.AddAffected(rows);

    /// <summary>The current command's execution has ended.</summary>
    internal void Release()
    {
        _current?.Unit.Release(_values);
        _current = null;
    }

    /// <summary>All commands have run: the batch's own transaction is committed.</summary>
    internal void Complete()
    {
        if (TakeOwnTransaction())
            _session!.Commit();
    }

    /// <inheritdoc cref="Complete"/>
    internal ValueTask CompleteAsync(CancellationToken cancellationToken)
        => TakeOwnTransaction() ? _session!.CommitAsync(cancellationToken) : ValueTask.CompletedTask;

    /// <summary>The reader has ended: what was not completed is undone.</summary>
    internal void Abandon()
    {
        if (!_running)
            return;
        _running = false;
        if (TakeOwnTransaction())
            _session!.Rollback();
        _session = null;
    }

    /// <inheritdoc/>
    protected override DbBatchCommand CreateDbBatchCommand() => new BareMetalBatchCommand();

    /// <inheritdoc/>
    protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior) => ExecuteReader(behavior);

    /// <inheritdoc/>
    protected override async Task<DbDataReader> ExecuteDbDataReaderAsync(CommandBehavior behavior, CancellationToken cancellationToken)
        => await ExecuteReaderAsync(behavior, cancellationToken).ConfigureAwait(false);

    private static bool Drain(BareMetalDataReader reader)
    {
        while (reader.Read())
        {
        }

        return true;
    }

    private bool TakeOwnTransaction()
    {
        bool own = _ownTransaction != 0 && _session!.TransactionId == _ownTransaction;
        _ownTransaction = 0;
        return own;
    }

    private BareMetalDataReader Begin(CommandBehavior behavior, CancellationToken cancellationToken)
    {
        Session session = BareMetalCommand.Check(_connection, _transaction);
        if (_commands.Count == 0)
            throw new InvalidOperationException("The batch has no commands.");
        if (_running)
            throw new InvalidOperationException("The batch is running: close its reader first.");
        for (int i = 0; i < _commands.Count; i++)
            _commands[i].ResetAffected();
        _next = 0;
        _current = null;
        _ownTransaction = 0;
        if (!session.InTransaction && _commands.Count > 1 && (behavior & CommandBehavior.SchemaOnly) == 0)
        {
            session.BeginTransaction();
            _ownTransaction = session.TransactionId;
        }

        _session = session;
        _running = true;
        return new BareMetalDataReader(_connection!, behavior, cancellationToken, this);
    }
}
