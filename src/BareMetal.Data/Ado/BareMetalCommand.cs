using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using BareMetal.Data.Sessions;
using BareMetal.Data.Values;

namespace BareMetal.Data;

/// <summary>
/// SQL text with parameters: one statement or several, run one after another. Keep a command and execute it again for the fastest
/// path: as long as the text and the types of the parameters stay the same, only values change hands.
/// </summary>
public sealed class BareMetalCommand : DbCommand
{
    private readonly CommandUnit _unit = new();
    private string _text = "";
    private CommandType _type = CommandType.Text;
    private int _timeout = -1;
    private BareMetalConnection? _connection;
    private BareMetalTransaction? _transaction;
    private BareMetalParameterCollection? _parameters;

    /// <summary>Makes a command without text.</summary>
    public BareMetalCommand()
    {
    }

    /// <summary>Makes a command.</summary>
    /// <param name="commandText">The SQL text.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="transaction">The transaction; without one the command joins whatever transaction the connection is in.</param>
    public BareMetalCommand(string? commandText, BareMetalConnection? connection = null, BareMetalTransaction? transaction = null)
    {
        _text = commandText ?? "";
        _connection = connection;
        _transaction = transaction;
    }

    /// <inheritdoc/>
    [AllowNull]
    public override string CommandText
    {
        get => _text;
        set => _text = value ?? "";
    }

    /// <summary>Seconds that each statement may run; 0 is no limit. What the connection string says unless it is set, else 30.</summary>
    public override int CommandTimeout
    {
        get => _timeout >= 0 ? _timeout : _connection?.DefaultCommandTimeout ?? 30;
        set => _timeout = value >= 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A timeout is 0 (no limit) or more, in seconds.");
    }

    /// <summary>
    /// <see cref="CommandType.Text"/>, or <see cref="CommandType.StoredProcedure"/>: then the text is the name of a procedure or function, parameters are
    /// matched by their names (those without by their places), and outputs come back in them.
    /// </summary>
    /// <exception cref="ArgumentException">Another type is set.</exception>
    public override CommandType CommandType
    {
        get => _type;
        set => _type = value is CommandType.Text or CommandType.StoredProcedure ? value : throw new ArgumentException($"Commands of type {value} do not exist; write SQL.", nameof(value));
    }

    /// <inheritdoc/>
    public override bool DesignTimeVisible { get; set; }

    /// <inheritdoc/>
    public override UpdateRowSource UpdatedRowSource { get; set; } = UpdateRowSource.None;

    /// <summary>The connection.</summary>
    public new BareMetalConnection? Connection
    {
        get => _connection;
        set => _connection = value;
    }

    /// <summary>
    /// The transaction. May stay null: a command runs in whatever transaction its connection is in. One that has ended or belongs to
    /// another connection is refused at execution.
    /// </summary>
    public new BareMetalTransaction? Transaction
    {
        get => _transaction;
        set => _transaction = value;
    }

    /// <summary>The parameters.</summary>
    public new BareMetalParameterCollection Parameters => _parameters ??= new BareMetalParameterCollection();

    /// <inheritdoc/>
    protected override DbConnection? DbConnection
    {
        get => _connection;
        set => _connection = value is null or BareMetalConnection
            ? (BareMetalConnection?)value
            : throw new InvalidCastException($"The connection is a {value.GetType()}, not a {nameof(BareMetalConnection)}.");
    }

    /// <inheritdoc/>
    protected override DbTransaction? DbTransaction
    {
        get => _transaction;
        set => _transaction = value is null or BareMetalTransaction
            ? (BareMetalTransaction?)value
            : throw new InvalidCastException($"The transaction is a {value.GetType()}, not a {nameof(BareMetalTransaction)}.");
    }

    /// <inheritdoc/>
    protected override DbParameterCollection DbParameterCollection => Parameters;

    /// <summary>Makes a parameter; it is not added.</summary>
    public new BareMetalParameter CreateParameter() => new();

    /// <summary>Stops what runs on the connection; it ends with SQLSTATE 57014. May be called from any thread, also when nothing runs.</summary>
    public override void Cancel() => _connection?.SessionOrNull?.Cancel();

    /// <summary>Splits and checks the text now instead of at the first execution. It stays valid after DDL.</summary>
    /// <exception cref="BareMetalException">The text is not valid.</exception>
    public override void Prepare()
    {
        Session session = Check();
        _unit.Bind(session, _type, _text, _parameters, out Value[] values);
        _unit.Release(values);
    }

    /// <inheritdoc/>
    public override int ExecuteNonQuery()
    {
        using CommandExecution execution = Begin(default, default, out Value[] values, out _);
        try
        {
            long affected = -1;
            while (execution.NextResult())
            {
                _unit.TakeOutputs(execution);
                Finish(execution, ref affected);
            }

            return Clamp(affected);
        }
        finally
        {
            _unit.Release(values);
        }
    }

    /// <inheritdoc/>
    public override async Task<int> ExecuteNonQueryAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using CommandExecution execution = Begin(default, cancellationToken, out Value[] values, out _);
        try
        {
            long affected = -1;
            while (await execution.NextResultAsync(cancellationToken).ConfigureAwait(false))
            {
                _unit.TakeOutputs(execution);
                Finish(execution, ref affected);
            }

            return Clamp(affected);
        }
        finally
        {
            _unit.Release(values);
        }
    }

    /// <summary>Runs the command; the first column of the first row of the first result, null when there is no row.</summary>
    public override object? ExecuteScalar()
    {
        using CommandExecution execution = Begin(default, default, out Value[] values, out bool single);
        try
        {
            object? result = null;
            bool found = false;
            while (execution.NextResult())
            {
                _unit.TakeOutputs(execution);
                if (TakeScalar(execution, ref found, ref result) && single)
                    break;
            }

            return result;
        }
        finally
        {
            _unit.Release(values);
        }
    }

    /// <inheritdoc/>
    public override async Task<object?> ExecuteScalarAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using CommandExecution execution = Begin(default, cancellationToken, out Value[] values, out bool single);
        try
        {
            object? result = null;
            bool found = false;
            while (await execution.NextResultAsync(cancellationToken).ConfigureAwait(false))
            {
                _unit.TakeOutputs(execution);
                if (TakeScalar(execution, ref found, ref result) && single)
                    break;
            }

            return result;
        }
        finally
        {
            _unit.Release(values);
        }
    }

    /// <summary>Runs the command and reads its results.</summary>
    public new BareMetalDataReader ExecuteReader() => ExecuteReader(CommandBehavior.Default);

    /// <summary>Runs the command and reads its results.</summary>
    /// <param name="behavior">SequentialAccess is accepted and changes nothing: columns can be read in any order.</param>
    public new BareMetalDataReader ExecuteReader(CommandBehavior behavior)
    {
        BareMetalDataReader reader = BeginReader(behavior, default);
        reader.Start();
        return reader;
    }

    /// <summary>Runs the command and reads its results.</summary>
    public new Task<BareMetalDataReader> ExecuteReaderAsync(CancellationToken cancellationToken = default)
        => ExecuteReaderAsync(CommandBehavior.Default, cancellationToken);

    /// <summary>Runs the command and reads its results.</summary>
    public new async Task<BareMetalDataReader> ExecuteReaderAsync(CommandBehavior behavior, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        BareMetalDataReader reader = BeginReader(behavior, cancellationToken);
        await reader.StartAsync(cancellationToken).ConfigureAwait(false);
        return reader;
    }

    /// <inheritdoc/>
    protected override DbParameter CreateDbParameter() => new BareMetalParameter();

    /// <inheritdoc/>
    protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior) => ExecuteReader(behavior);

    /// <inheritdoc/>
    protected override async Task<DbDataReader> ExecuteDbDataReaderAsync(CommandBehavior behavior, CancellationToken cancellationToken)
        => await ExecuteReaderAsync(behavior, cancellationToken).ConfigureAwait(false);

    internal static int Clamp(long affected) => affected > int.MaxValue ? int.MaxValue : (int)affected;

    /// <summary>Runs the rest of a statement whose rows nobody wants, and counts what it changed.</summary>
    internal static void Finish(CommandExecution execution, ref long affected)
    {
        if (execution.RowsAffected >= 0)
            affected = Math.Max(affected, 0) + execution.RowsAffected;
        if (execution.HasRows)
        {
            while (execution.NextBatch())
            {
            }
        }
    }

    /// <summary>The session to run on, when connection and transaction fit.</summary>
    internal static Session Check(BareMetalConnection? connection, BareMetalTransaction? transaction)
    {
        if (connection is null)
            throw new InvalidOperationException("The command has no connection.");
        Session session = connection.Session;
        if (transaction is not null && transaction.Connection != connection)
        {
            throw new InvalidOperationException(transaction.IsActive
                ? "The command's transaction belongs to another connection."
                : "The command's transaction has ended: it was committed, rolled back, or its connection was closed.");
        }

        return session;
    }

    private Session Check()
    {
        Session session = Check(_connection, _transaction);
        if (_text.Length == 0)
            throw new InvalidOperationException("The command has no text.");
        return session;
    }

    private CommandExecution Begin(CommandBehavior behavior, CancellationToken cancellationToken, out Value[] values, out bool single)
    {
        Session session = Check();
        PreparedCommand prepared = _unit.Bind(session, _type, _text, _parameters, out values);
        single = prepared.IsSingle;
        try
        {
            return session.Execute(prepared, values, new ExecutionOptions(TimeSpan.FromSeconds(CommandTimeout), behavior.HasFlag(CommandBehavior.SchemaOnly), _unit.TakesOutputs, _unit.IsCall), cancellationToken);
        }
        catch
        {
            _unit.Release(values);
            throw;
        }
    }

    private BareMetalDataReader BeginReader(CommandBehavior behavior, CancellationToken cancellationToken)
    {
        try
        {
            CommandExecution execution = Begin(behavior, cancellationToken, out Value[] values, out bool single);
            return new BareMetalDataReader(_connection!, behavior, cancellationToken, _unit, values, execution, single);
        }
        catch
        {
            if ((behavior & CommandBehavior.CloseConnection) != 0)
                _connection?.Close();
            throw;
        }
    }

    private static bool TakeScalar(CommandExecution execution, ref bool found, ref object? result)
    {
        if (found || !execution.HasRows)
        {
            long ignored = -1;
            Finish(execution, ref ignored);
            return found;
        }

        found = true;
        if (execution.NextBatch() && execution.Current.Count > 0)
        {
            Vector vector = execution.Current.Columns[0];
            result = vector.IsNull(0) ? DBNull.Value : ClrReader.ToObject(vector, 0);
        }

        return true;
    }
}
