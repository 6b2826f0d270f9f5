using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using System.Transactions;
using BareMetal.Data.Sessions;
using IsolationLevel = System.Data.IsolationLevel;

namespace BareMetal.Data;

/// <summary>
/// A connection: a session of the engine while it is open. Opening and closing take a session from the data source's pool and give it
/// back. Several readers, and writes beside them, may be open at once; a connection is used by one thread at a time.
/// </summary>
public sealed partial class BareMetalConnection : DbConnection
{
    private static readonly StateChangeEventArgs s_opened = new(ConnectionState.Closed, ConnectionState.Open);
    private static readonly StateChangeEventArgs s_closed = new(ConnectionState.Open, ConnectionState.Closed);

    private string _connectionString = "";
    private bool _hidesSecrets;
    private BareMetalDataSource? _source;
    private bool _ownsSource;
    private bool _disposed;
    private Session? _session;
    private int _generation;
    private BareMetalTransaction? _transaction;
    private Transaction? _rolledBack;
    private AmbientEnlistment? _ambient;
    private BareMetalDataReader? _readers;
    private Action<string, string>? _noticeHandler;
    private EventHandler<BareMetalNoticeEventArgs>? _notice;
    private Action<BareMetalFullScanEventArgs>? _fullScanHandler;
    private EventHandler<BareMetalFullScanEventArgs>? _fullScan;
    private long _rowsReadBefore;

    /// <summary>Makes a connection without a connection string.</summary>
    public BareMetalConnection()
    {
    }

    /// <summary>Makes a connection, closed.</summary>
    /// <param name="connectionString">See <see cref="BareMetalConnectionStringBuilder"/>.</param>
    /// <exception cref="ArgumentException">A key is not known or a value is not valid.</exception>
    public BareMetalConnection(string? connectionString) => ConnectionString = connectionString;

    internal BareMetalConnection(BareMetalDataSource source)
    {
        _source = source;
        _connectionString = source.Settings.ConnectionString;
        _hidesSecrets = true;
    }

    /// <summary>Messages that a statement sends besides its results: severity and text.</summary>
    public event EventHandler<BareMetalNoticeEventArgs>? Notice
    {
        add
        {
            _notice += value;
            AttachNotice();
        }

        remove => _notice -= value;
    }

    /// <summary>
    /// A statement has read as many rows as <see cref="BareMetalConnectionStringBuilder.FullScanRows"/> says, and no index serves its condition. Raised while it runs,
    /// once for each table; an exception from here stops it.
    /// </summary>
    public event EventHandler<BareMetalFullScanEventArgs>? FullScan
    {
        add
        {
            _fullScan += value;
            AttachFullScan();
        }

        remove => _fullScan -= value;
    }

    /// <summary>Rows and index entries that statements have read since the connection was opened, those that a condition refused included; 0 while it is closed.</summary>
    public long RowsRead => _session is { } session ? session.Scans.RowsRead - _rowsReadBefore : 0;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The connection is open.</exception>
    /// <exception cref="ArgumentException">A key is not known or a value is not valid.</exception>
    [AllowNull]
    public override string ConnectionString
    {
        get => _hidesSecrets && _source is not null ? _source.Settings.PublicConnectionString : _connectionString;
        set
        {
            if (_session is not null)
                throw new InvalidOperationException("The connection string can't be changed while the connection is open.");
            string text = value ?? "";
            if (text == _connectionString && _source is not null)
                return;
            if (text.Length > 0)
                _ = new BareMetalConnectionStringBuilder(text);
            if (_ownsSource)
                _source!.Dispose();
            _source = null;
            _ownsSource = false;
            _connectionString = text;
            _hidesSecrets = false;
        }
    }

    /// <inheritdoc/>
    public override string Database => Sql.SqlParser.DatabaseName;

    /// <inheritdoc/>
    public override string DataSource => _connectionString.Length == 0 && _source is null ? "" : Source.Settings.DataSource;

    /// <summary>The engine's version. The engine is part of the provider, so it is known also while the connection is closed.</summary>
    public override string ServerVersion => typeof(BareMetalConnection).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    /// <summary>Seconds that opening waits for another process's hold on the database: <c>Lock Timeout</c>; 0 is no limit.</summary>
    public override int ConnectionTimeout => _connectionString.Length == 0 && _source is null ? 30 : Source.Settings.LockTimeout;

    /// <inheritdoc/>
    public override ConnectionState State => _session is null ? ConnectionState.Closed : ConnectionState.Open;

    /// <inheritdoc/>
    public override bool CanCreateBatch => true;

    /// <inheritdoc/>
    protected override DbProviderFactory DbProviderFactory => BareMetalFactory.Instance;

    /// <summary>The data source behind it.</summary>
    internal BareMetalDataSource Source => _source ?? MakeSource();

    /// <summary>The session.</summary>
    /// <exception cref="InvalidOperationException">The connection is closed.</exception>
    internal Session Session
    {
        get
        {
            if (_rolledBack is not null)
                RefuseRolledBack();
            return _session ?? throw Closed();
        }
    }

    internal Session? SessionOrNull => _session;

    internal BareMetalTransaction? CurrentTransaction => _transaction;

    internal int DefaultCommandTimeout => _source is null && _connectionString.Length == 0 ? 30 : Source.Settings.CommandTimeout;

    /// <summary>Closes the idle sessions behind a connection, and the engine when nothing else uses it.</summary>
    public static void ClearPool(BareMetalConnection connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        connection._source?.Clear();
        if (connection._source is null && connection._connectionString.Length > 0)
            connection.Source.Clear();
    }

    /// <summary>Closes all idle sessions of the process, and the engines that nothing else uses.</summary>
    public static void ClearAllPools() => BareMetalDataSource.ClearAll();

    /// <summary>Whether the database exists. It is not made by this.</summary>
    public bool DatabaseExists() => _session is not null || Source.DatabaseExists();

    /// <summary>Makes the database that the connection string names.</summary>
    /// <exception cref="BareMetalException">42P04: it exists; 58030: the storage refused.</exception>
    public void CreateDatabase() => Source.CreateDatabase();

    /// <summary>Deletes the database that the connection string names, after closing idle sessions in this process.</summary>
    /// <returns>False when there was none.</returns>
    /// <exception cref="BareMetalException">55006: a connection is open, here or in another process.</exception>
    public bool DeleteDatabase() => Source.DeleteDatabase();

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">It is open already, or the connection string names no database.</exception>
    /// <exception cref="BareMetalException">The database can't be opened.</exception>
    public override void Open() => OpenCore(default);

    /// <inheritdoc/>
    public override Task OpenAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled(cancellationToken);
        try
        {
            OpenCore(cancellationToken);
            return Task.CompletedTask;
        }
        catch (Exception e)
        {
            return Task.FromException(e);
        }
    }

    /// <summary>Closes the connection: open readers are closed, an open transaction is rolled back. Closing twice is allowed.</summary>
    public override void Close()
    {
        if (_session is not { } session)
            return;
        while (_readers is { } reader)
            reader.Abandon();
        _transaction?.Detach();
        _transaction = null;
        _session = null;
        if (_noticeHandler is not null)
        {
            session.Notice = null;
            _noticeHandler = null;
        }

        session.FullScan = null;

        AmbientEnlistment? ambient = _ambient;
        _ambient = null;
        _rolledBack = null;
        if (ambient is null || !ambient.Park())
            Source.Return(session, _generation);
        OnStateChange(s_closed);
    }

    /// <inheritdoc/>
    public override Task CloseAsync()
    {
        try
        {
            Close();
            return Task.CompletedTask;
        }
        catch (Exception e)
        {
            return Task.FromException(e);
        }
    }

    /// <summary>A session belongs to one database.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override void ChangeDatabase(string databaseName)
        => throw new NotSupportedException("A connection belongs to one database. Open another connection for another database.");

    /// <summary>Makes a command on this connection.</summary>
    public new BareMetalCommand CreateCommand() => new() { Connection = this };

    /// <summary>Makes a batch on this connection.</summary>
    public new BareMetalBatch CreateBatch() => new(this);

    /// <summary>Begins a transaction.</summary>
    /// <exception cref="InvalidOperationException">The connection is closed or a transaction is open.</exception>
    public new BareMetalTransaction BeginTransaction() => BeginTransaction(IsolationLevel.Unspecified);

    /// <summary>Begins a transaction.</summary>
    /// <param name="isolationLevel">Read uncommitted gives read committed, repeatable read gives snapshot, unspecified what the connection string says.</param>
    /// <exception cref="InvalidOperationException">The connection is closed or a transaction is open.</exception>
    /// <exception cref="ArgumentException">The level does not exist here (Chaos).</exception>
    public new BareMetalTransaction BeginTransaction(IsolationLevel isolationLevel) => BeginTransaction(isolationLevel, null);

    /// <summary>Begins a transaction.</summary>
    /// <param name="isolationLevel">As in <see cref="BeginTransaction(IsolationLevel)"/>.</param>
    /// <param name="readOnly">Whether it only reads; null leaves that to the connection string.</param>
    /// <exception cref="InvalidOperationException">The connection is closed or a transaction is open.</exception>
    /// <exception cref="ArgumentException">The level does not exist here (Chaos).</exception>
    public BareMetalTransaction BeginTransaction(IsolationLevel isolationLevel, bool? readOnly)
        => BeginTransaction(new BareMetalTransactionOptions { IsolationLevel = isolationLevel, ReadOnly = readOnly });

    /// <summary>Begins a transaction.</summary>
    /// <param name="options">Its level, whether it only reads, what its commit waits for.</param>
    /// <exception cref="InvalidOperationException">The connection is closed or a transaction is open.</exception>
    /// <exception cref="ArgumentException">The level does not exist here (Chaos).</exception>
    public BareMetalTransaction BeginTransaction(BareMetalTransactionOptions options)
    {
        Session session = Session;
        IsolationMode? mode = options.IsolationLevel == 0 ? null : ConnectionSettings.ToMode(options.IsolationLevel);
        if (session.InTransaction)
        {
            throw new InvalidOperationException(_ambient is not null
                ? "The connection takes part in an ambient transaction; it can't begin another."
                : "A transaction is open on this connection. Use a savepoint inside it, or another connection.");
        }

        session.BeginTransaction(mode, options.ReadOnly, options.Durability);
        BareMetalTransaction transaction = new(this, session, (mode ?? session.Settings.DefaultIsolation) switch
        {
            IsolationMode.Serializable => IsolationLevel.Serializable,
            IsolationMode.Snapshot => IsolationLevel.Snapshot,
            _ when options.IsolationLevel == IsolationLevel.ReadUncommitted => IsolationLevel.ReadUncommitted,
            _ => IsolationLevel.ReadCommitted,
        });
        _transaction = transaction;
        return transaction;
    }

    /// <summary>Begins a transaction.</summary>
    public new ValueTask<BareMetalTransaction> BeginTransactionAsync(CancellationToken cancellationToken = default)
        => BeginTransactionAsync(IsolationLevel.Unspecified, cancellationToken);

    /// <summary>Begins a transaction.</summary>
    public new ValueTask<BareMetalTransaction> BeginTransactionAsync(IsolationLevel isolationLevel, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<BareMetalTransaction>(cancellationToken);
        try
        {
            return new ValueTask<BareMetalTransaction>(BeginTransaction(isolationLevel));
        }
        catch (Exception e)
        {
            return ValueTask.FromException<BareMetalTransaction>(e);
        }
    }

    /// <summary>Begins a transaction.</summary>
    /// <param name="options">Its level, whether it only reads, what its commit waits for.</param>
    /// <param name="cancellationToken">Looked at before it begins.</param>
    public ValueTask<BareMetalTransaction> BeginTransactionAsync(BareMetalTransactionOptions options, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<BareMetalTransaction>(cancellationToken);
        try
        {
            return new ValueTask<BareMetalTransaction>(BeginTransaction(options));
        }
        catch (Exception e)
        {
            return ValueTask.FromException<BareMetalTransaction>(e);
        }
    }

    /// <summary>Takes part in a transaction of System.Transactions.</summary>
    /// <param name="transaction">The transaction; null is allowed when the connection takes part in none.</param>
    /// <exception cref="InvalidOperationException">The connection is closed, in a transaction, or part of another one.</exception>
    public override void EnlistTransaction(Transaction? transaction)
    {
        Session session = Session;
        if (_ambient is not null)
        {
            if (transaction is not null && _ambient.Transaction.Equals(transaction))
                return;
            throw new InvalidOperationException("The connection takes part in another transaction that has not ended.");
        }

        if (transaction is null)
            return;
        if (session.InTransaction)
            throw new InvalidOperationException("A transaction is open on this connection; finish it before enlisting.");
        AmbientEnlistment enlistment = Source.Ambient.Enlist(Source, transaction, session, _generation, default);
        enlistment.Attach(this);
        if (enlistment.Session != session)
        {
            // The transaction has a session already, parked by a connection that was closed: this one's goes back.
            _session = enlistment.Session;
            Source.Return(session, _generation);
            _generation = enlistment.Generation;
        }

        _ambient = enlistment;
    }

    /// <inheritdoc/>
    public override DataTable GetSchema() => SchemaCollections.Get(this, DbMetaDataCollectionNames.MetaDataCollections, null);

    /// <inheritdoc/>
    public override DataTable GetSchema(string collectionName) => SchemaCollections.Get(this, collectionName, null);

    /// <inheritdoc/>
    public override DataTable GetSchema(string collectionName, string?[] restrictionValues) => SchemaCollections.Get(this, collectionName, restrictionValues);

    internal static InvalidOperationException Closed() => new("The connection is not open.");

    internal void AddReader(BareMetalDataReader reader)
    {
        reader.NextOpen = _readers;
        if (_readers is not null)
            _readers.PreviousOpen = reader;
        _readers = reader;
    }

    internal void RemoveReader(BareMetalDataReader reader)
    {
        if (reader.PreviousOpen is { } previous)
            previous.NextOpen = reader.NextOpen;
        else if (_readers == reader)
            _readers = reader.NextOpen;
        if (reader.NextOpen is { } next)
            next.PreviousOpen = reader.PreviousOpen;
        reader.NextOpen = null;
        reader.PreviousOpen = null;
    }

    internal void TransactionEnded(BareMetalTransaction transaction)
    {
        if (_transaction == transaction)
            _transaction = null;
    }

    internal void AmbientEnded(AmbientEnlistment enlistment, bool committed)
    {
        if (_ambient != enlistment)
            return;
        _ambient = null;
        if (!committed)
            _rolledBack = enlistment.Transaction;
    }

    /// <summary>In a scope whose transaction was rolled back (a time-out) nothing may run, since it would be committed by itself.</summary>
    private void RefuseRolledBack()
    {
        if (_rolledBack!.Equals(Transaction.Current))
            throw new TransactionAbortedException("The ambient transaction was rolled back. Leave its scope, or close and open the connection outside.");
        _rolledBack = null;
    }

    /// <inheritdoc/>
    protected override DbTransaction BeginDbTransaction(IsolationLevel isolationLevel) => BeginTransaction(isolationLevel);

    /// <inheritdoc/>
    protected override async ValueTask<DbTransaction> BeginDbTransactionAsync(IsolationLevel isolationLevel, CancellationToken cancellationToken)
        => await BeginTransactionAsync(isolationLevel, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    protected override DbCommand CreateDbCommand() => CreateCommand();

    /// <inheritdoc/>
    protected override DbBatch CreateDbBatch() => CreateBatch();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            Close();
            _disposed = true;
            if (_ownsSource)
            {
                _source!.Dispose();
                _source = null;
                _ownsSource = false;
            }
        }

        base.Dispose(disposing);
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    private BareMetalDataSource MakeSource()
    {
        if (_connectionString.Length == 0)
            throw new InvalidOperationException("The connection has no connection string.");
        BareMetalDataSource source = BareMetalDataSource.ForConnectionString(_connectionString);
        if (source.Settings.IsPrivateMemory)
        {
            // A memory database without a name belongs to this connection, however often it is closed and opened.
            source = BareMetalDataSource.Create(_connectionString);
            _ownsSource = true;
        }

        return _source = source;
    }

    private void OpenCore(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_session is not null)
            throw new InvalidOperationException("The connection is open already.");
        BareMetalDataSource source = Source;
        Transaction? ambient = source.Settings.Enlist ? Transaction.Current : null;
        if (ambient is null)
        {
            _session = source.Rent(out _generation, cancellationToken);
        }
        else
        {
            AmbientEnlistment enlistment = source.Ambient.Enlist(source, ambient, null, 0, cancellationToken);
            enlistment.Attach(this);
            _ambient = enlistment;
            _session = enlistment.Session;
            _generation = enlistment.Generation;
        }

        _hidesSecrets = true;

        _rowsReadBefore = _session.Scans.RowsRead;
        AttachNotice();
        AttachFullScan();
        OnStateChange(s_opened);
    }

    private void AttachNotice()
    {
        if (_session is not { } session || _notice is null)
            return;
        _noticeHandler = (severity, text) => _notice?.Invoke(this, new BareMetalNoticeEventArgs(severity, text));
        session.Notice = _noticeHandler;
    }

    private void AttachFullScan()
    {
        if (_session is { } session && (_fullScan is not null || Source.HasLogger))
            session.FullScan = _fullScanHandler ??= OnFullScan;
    }

    private void OnFullScan(BareMetalFullScanEventArgs scan)
    {
        Source.Log(BareMetalLogLevel.Warning, "BareMetal.Data.Query", scan.ToString());
        _fullScan?.Invoke(this, scan);
    }
}
