using BareMetal.Data.Catalog;
using BareMetal.Data.Execution;
using BareMetal.Data.Execution.Modification;
using BareMetal.Data.Planning;
using BareMetal.Data.Storage;
using BareMetal.Data.Storage.Transactions;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Sessions;

/// <summary>
/// A running command. Call <see cref="NextResult"/> for each statement in turn, the first included; statements with columns then give
/// batches. INSERT, UPDATE and DELETE have run whole (and in autocommit are committed) when NextResult returns, their RETURNING rows
/// being buffered. Without a transaction of the session a command of several statements is one transaction. Disposing stops the command:
/// statements not reached do not run, an implicit transaction not finished is undone; a reader that must run the rest calls NextResult
/// until it is false.
/// </summary>
internal sealed partial class CommandExecution : IDisposable
{
    private readonly Session _session;
    private readonly Lock _gate = new();
    private readonly QueryContext _context = new();
    private readonly SessionFunctions _functions;
    private CancellationTokenSource _cancellation = new();
    private CancellationTokenRegistration _registration;
    private PreparedCommand? _command;
    private Value[] _values = [];
    private Value[] _statementValues = [];
    private ExecutionOptions _options;
    private CancellationToken _token;
    private long _deadline;
    private bool _isRunning;
    private bool _timedOut;

    // The transaction of the current statement, and whether it is this execution's own.
    private SessionTransaction? _transaction;
    private bool _isImplicit;

    // Where the current statement's rows come from: a plan that runs, or batches that are kept.
    private PlannedStatement? _planned;
    private PlanInstance? _instance;
    private Batch? _first;
    private bool _hasFirst;
    private KeptBatches? _kept;
    private Batch? _current;
    private string? _invalid;
    private bool _isDone;

    internal CommandExecution(Session session)
    {
        _session = session;
        _functions = new SessionFunctions(session, this);
        _context.Functions = _functions;
        _context.Scans = session.Scans;
    }

    /// <summary>The columns of the current statement; empty when it gives no rows.</summary>
    public IReadOnlyList<ResultColumn> Columns { get; private set; } = [];

    /// <summary>Whether the current statement gives rows.</summary>
    public bool HasRows => Columns.Count > 0;

    /// <summary>Rows that the current statement inserted, updated or deleted; −1 for anything else.</summary>
    public long RowsAffected { get; private set; } = -1;

    /// <summary>The index of the current statement in the command, −1 before the first.</summary>
    public int StatementIndex { get; private set; } = -1;

    /// <summary>The batch that the last <see cref="NextBatch"/> gave; valid until the next call.</summary>
    public Batch Current => _current ?? throw new InvalidOperationException("There is no current batch: NextBatch has not returned true.");

    /// <summary>Moves to the next statement and runs it as far as its first row (writes: whole). False when there is none.</summary>
    public bool NextResult()
    {
        bool more = Advance(out SessionTransaction? commit);
        if (commit is null)
            return more;
        try
        {
            commit.Commit();
        }
        catch (Exception e)
        {
            _session.NoteFailure(commit, e);
            throw Rethrow(e, CommitFailed(e));
        }
        finally
        {
            commit.Storage.Dispose();
        }

        _session.NoteSuccess(commit);
        return more;
    }

    /// <summary>As <see cref="NextResult"/>, waiting for locks and commits without holding a thread.</summary>
    public ValueTask<bool> NextResultAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<bool>(cancellationToken);
        return TryAdvance(false, out bool more, out SessionTransaction? commit)
            ? commit is null ? new ValueTask<bool>(more) : CommitAsync(commit, more)
            : AdvanceAsync();
    }

    /// <summary>What the current statement's operators hold together.</summary>
    internal Execution.MemoryBudget Memory => _context.Memory;

    /// <summary>Reads the next rows of the current statement. False at the end.</summary>
    public bool NextBatch()
    {
        if (_invalid is not null)
            throw new BareMetalException(SqlStates.InvalidTransactionState, _invalid);
        if (_hasFirst)
        {
            _hasFirst = false;
            _current = _first;
            _first = null;
            return _current is not null || EndRows();
        }

        if (_kept is not null)
        {
            _current = _kept.Next();
            return _current is not null || EndRows();
        }

        if (_instance is null)
        {
            _current = null;
            return false;
        }

        Start();
        try
        {
            _current = _instance.Next(_context);
        }
        catch (Exception e)
        {
            Exception mapped = Map(e);
            CloseStatement(failed: true);
            throw Rethrow(e, mapped);
        }
        finally
        {
            Stop();
        }

        return _current is not null || EndRows();
    }

    public void Dispose()
    {
        if (_command is null)
            return;
        Abandon();
        _session.Return(this);
    }

    internal void Begin(PreparedCommand command, Value[] values, ExecutionOptions options, CancellationToken token)
    {
        _command = command;
        _values = values;
        _options = options;
        _token = token;
        _invalid = null;
        _isDone = false;
        StatementIndex = -1;
        if (_cancellation.IsCancellationRequested)
        {
            _cancellation.Dispose();
            _cancellation = new CancellationTokenSource();
        }

        _timedOut = false;
        if (token.CanBeCanceled)
            _registration = token.UnsafeRegister(static e => ((CommandExecution)e!)._cancellation.Cancel(), this);
    }

    /// <summary>Ends the execution without running what is left.</summary>
    internal void Abandon()
    {
        CloseStatement(failed: false);
        ForgetResults();
        _outputs.Clear();
        EndImplicit();
        _registration.Dispose();
        _registration = default;
        _command = null;
        _values = [];
        Columns = [];
        _isDone = true;
    }

    /// <summary>Stops the running statement, from any thread.</summary>
    internal void Cancel()
    {
        lock (_gate)
        {
            if (_isRunning)
                _cancellation.Cancel();
        }
    }

    /// <summary>Stops the running statement when its time has passed; called by the database's timer.</summary>
    internal void CheckDeadline(long now)
    {
        lock (_gate)
        {
            if (!_isRunning || _deadline == 0 || now < _deadline)
                return;
            _timedOut = true;
            _cancellation.Cancel();
        }
    }

    /// <summary>Reads the rest of the current statement's rows into memory when it reads in the transaction.</summary>
    internal void KeepRows(SessionTransaction transaction)
    {
        if (_instance is null || _transaction != transaction || _planned is null || _planned.IsModification)
            return;
        if (_current is not null)
            _current = KeptBatches.Copy(_current);
        // What was read so far could not be read again: locks are waited for in place.
        bool defers = _session.LockParty.DefersWaits;
        _session.LockParty.DefersWaits = false;
        KeptBatches kept = new();
        Start();
        try
        {
            if (_hasFirst)
            {
                if (_first is not null)
                    kept.Add(_first, _context);
            }

            while (_instance.Next(_context) is { } batch)
                kept.Add(batch, _context);
        }
        catch (Exception e)
        {
            kept.Dispose();
            throw Rethrow(e, Map(e));
        }
        finally
        {
            _session.LockParty.DefersWaits = defers;
            Stop();
        }


        ReleaseInstance();
        _hasFirst = false;
        _first = null;
        _kept = kept;
    }

    /// <summary>Makes the execution independent of a transaction that ends by a commit; its rows are kept.</summary>
    internal void Detach(SessionTransaction transaction)
    {
        if (_transaction == transaction && !_isImplicit)
            _transaction = null;
    }

    /// <summary>Makes reading throw, because what was read is rolled back.</summary>
    internal void Invalidate(SessionTransaction transaction)
    {
        if (_transaction != transaction || _command is null)
            return;
        bool hadRows = _instance is not null || _kept is { IsEmpty: false } || _hasFirst;
        CloseStatement(failed: true);
        if (!_isImplicit)
            _transaction = null;
        if (hadRows)
            _invalid = "The rows were read in a transaction, or after a savepoint, that has been rolled back.";
    }

    /// <summary>Runs the next statement; false when it met a lock that has to be waited for: then it is as if it had not begun.</summary>
    private bool TryAdvance(bool again, out bool more, out SessionTransaction? commit)
    {
        LockParty party = _session.LockParty;
        party.DefersWaits = true;
        try
        {
            more = Advance(out commit, again);
            return true;
        }
        catch (LockWaitException)
        {
            more = false;
            commit = null;
            return false;
        }
        finally
        {
            party.DefersWaits = false;
        }
    }

    /// <summary>Waits for the lock that the next statement met and runs it again, until it needs no further wait.</summary>
    private async ValueTask<bool> AdvanceAsync()
    {
        while (true)
        {
            DeferredWait wait = _session.LockParty.Deferred!;
            _session.LockParty.Deferred = null;
            Start(again: true);
            _session.IsWaiting = true;
            try
            {
                await wait.WaitAsync(_cancellation.Token).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                _session.AdvisoryLocks.Settle();
                throw Rethrow(e, Fail(e, _command!.Statements[++StatementIndex]));
            }
            finally
            {
                Stop();
                _session.IsWaiting = false;
            }

            if (TryAdvance(again: true, out bool more, out SessionTransaction? commit))
                return commit is null ? more : await CommitAsync(commit, more).ConfigureAwait(false);
        }
    }

    private async ValueTask<bool> CommitAsync(SessionTransaction commit, bool more)
    {
        try
        {
            // Once begun, a commit is not cancelled: its outcome would be unknown.
            await commit.CommitAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            _session.NoteFailure(commit, e);
            throw Rethrow(e, CommitFailed(e));
        }
        finally
        {
            commit.Storage.Dispose();
        }

        _session.NoteSuccess(commit);
        return more;
    }

    private Exception CommitFailed(Exception e)
    {
        Exception mapped = Map(e);
        CloseStatement(failed: true);
        _isDone = true;
        return mapped;
    }

    /// <summary>Runs the next statement. <paramref name="commit"/> is a transaction that the caller has to commit before anything is said to be done.</summary>
    private bool Advance(out SessionTransaction? commit, bool again = false)
    {
        commit = null;
        if (_invalid is not null)
            throw new BareMetalException(SqlStates.InvalidTransactionState, _invalid);
        if (_command is null)
            throw new ObjectDisposedException(nameof(CommandExecution));
        CloseStatement(failed: false);
        if (NextOfCall())
            return true;
        if (_isDone)
            return false;
        _outputs.Clear();
        PreparedStatement[] statements = _command.Statements;
        if (StatementIndex + 1 >= statements.Length)
        {
            _isDone = true;
            commit = TakeImplicit();
            return false;
        }

        StatementIndex++;
        PreparedStatement statement = statements[StatementIndex];
        Start(again);
        try
        {
            _cancellation.Token.ThrowIfCancellationRequested();
            Run(statement, ref commit);
            if (commit is null && statements.Length == 1 && _isImplicit && _planned is not { IsModification: false, MayWrite: false })
                commit = TakeImplicit();
        }
        catch (LockWaitException)
        {
            CloseStatement(failed: true);
            StatementIndex--;
            throw;
        }
        catch (Exception e)
        {
            throw Rethrow(e, Fail(e, statement));
        }
        finally
        {
            Stop();
        }

        return true;
    }

    /// <summary>Ends the command because a statement failed.</summary>
    private Exception Fail(Exception e, PreparedStatement statement)
    {
        Exception mapped = Place(Map(e), statement);
        if (mapped is BareMetalException placed)
            placed.Statement = StatementIndex + 1;
        if (mapped is BareMetalException { SqlState: SqlStates.SerializationFailure or SqlStates.DeadlockDetected } && _transaction is not null)
            _transaction.HasFailed = true;
        else if (mapped is BareMetalException { SqlState: SqlStates.SnapshotTooOld } && _transaction is { Storage.Isolation: not TransactionIsolation.ReadCommitted })
            _transaction.HasFailed = true;
        if (_transaction is not null)
            _session.NoteFailure(_transaction, mapped);
        CloseStatement(failed: true);
        ForgetResults();
        EndImplicit();
        _isDone = true;
        return mapped;
    }

    /// <summary>The transaction that a statement runs in: the session's, or one that lasts as long as the command.</summary>
    private SessionTransaction EnsureTransaction()
    {
        if (_outer is not null)
            return _transaction!;
        if (_session.Transaction is { } open)
        {
            if (_isImplicit && _transaction != open)
                EndImplicit();
            _isImplicit = false;
            _transaction = open;
            if (open.HasFailed)
                throw Session.Failed();
            return open;
        }

        if (!_isImplicit || _transaction is null)
        {
            _transaction = _session.NewTransaction();
            _isImplicit = true;
        }

        return _transaction;
    }

    private SessionTransaction? TakeImplicit()
    {
        if (!_isImplicit || _transaction is not { } transaction)
            return null;
        _transaction = null;
        _isImplicit = false;
        // Nothing to make durable: ending it costs less than a commit.
        if (!transaction.HasChanges)
        {
            transaction.Storage.Dispose();
            return null;
        }

        transaction.CommitDurability = _session.Settings.Durability;
        return transaction;
    }

    private void EndImplicit()
    {
        if (!_isImplicit)
            return;
        _transaction?.Storage.Dispose();
        _transaction = null;
        _isImplicit = false;
    }

    /// <summary>At the end of rows of the only statement its snapshot is let go at once, not when the reader is closed.</summary>
    private bool EndRows()
    {
        _current = null;
        ReleaseInstance();
        if (_command is { Statements.Length: 1 } && _results.Count == 0)
            EndImplicit();
        return false;
    }

    private void CloseStatement(bool failed)
    {
        // Before its plan goes to another: what the plan's functions built counts here no longer.
        _context.Memory.EndStatement();
        if (_instance is not null && failed)
        {
            // An instance that broke off may be in any state: it is not used again.
            try
            {
                _instance.Close();
            }
            finally
            {
                _instance = null;
            }
        }

        ReleaseInstance();
        _planned = null;
        _first = null;
        _hasFirst = false;
        _kept?.Dispose();
        _kept = null;
        _current = null;
        Columns = [];
        RowsAffected = -1;
    }

    private void ReleaseInstance()
    {
        if (_instance is null)
            return;
        PlanInstance instance = _instance;
        _instance = null;
        _planned!.Plan.Return(instance);
    }

    /// <summary>Begins to run. <paramref name="again"/>: the statement has begun before, and its time limit goes on.</summary>
    private void Start(bool again = false)
    {
        TimeSpan limit = _options.Timeout;
        TimeSpan setting = _session.Settings.StatementTimeout;
        if (setting > TimeSpan.Zero && (limit <= TimeSpan.Zero || setting < limit))
            limit = setting;
        lock (_gate)
        {
            if (!again)
                _deadline = limit > TimeSpan.Zero ? Environment.TickCount64 + (long)limit.TotalMilliseconds : 0;
            _isRunning = true;
        }

        _session.Enter(this);
    }

    private void Stop()
    {
        _session.Exit();
        lock (_gate)
            _isRunning = false;
    }

    private static Exception Rethrow(Exception original, Exception mapped)
    {
        if (ReferenceEquals(original, mapped))
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(original);
        return mapped;
    }

    private Exception Map(Exception e)
    {
        switch (e)
        {
            case StorageException storage:
                return StorageErrors.Map(storage);
            case OperationCanceledException when _timedOut:
                return new BareMetalException(SqlStates.QueryCanceled, "The statement was stopped because its time limit passed.", e)
                {
                    Hint = "Raise the command's timeout or statement_timeout, or make the statement faster (EXPLAIN ANALYZE).",
                };
            case OperationCanceledException when _token.IsCancellationRequested:
                return new OperationCanceledException("The statement was cancelled.", e, _token);
            case OperationCanceledException when _cancellation.IsCancellationRequested:
                return new BareMetalException(SqlStates.QueryCanceled, "The statement was cancelled.", e);
            case StatementRestartException:
                return new BareMetalException(SqlStates.SerializationFailure, "The statement met rows that others keep changing.", e) { Hint = "Run the transaction again." };
            case InsufficientExecutionStackException:
                return new BareMetalException(SqlStates.StatementTooComplex, "The statement nests too deep.", e);
            default:
                return e;
        }
    }

    /// <summary>Places in the normalised statement become places in the command's text.</summary>
    private Exception Place(Exception e, PreparedStatement statement)
    {
        if (e is not BareMetalException { Position: > 0 } error)
            return e;
        int offset = statement.Text.ToCommandOffset(error.Position - 1);
        string text = _command!.Text;
        if (offset == error.Position - 1 || offset > text.Length)
            return e;
        int line = 1, column = 1;
        for (int i = 0; i < offset; i++)
        {
            column++;
            if (text[i] == '\n')
            {
                line++;
                column = 1;
            }
        }

        return error.At(offset + 1, line, column);
    }

    private void SetRow(string column, IReadOnlyList<string> values)
    {
        Columns = [new ResultColumn(column, SqlType.Text, false)];
        Vector vector = Vector.Create(SqlType.Text, Math.Max(values.Count, 1));
        for (int i = 0; i < values.Count; i++)
            vector.SetValue(i, Value.From(SqlTypeKind.Text, new ByteSlice(System.Text.Encoding.UTF8.GetBytes(values[i]))));
        _kept = new KeptBatches();
        if (values.Count > 0)
            _kept.AddOwn(new Batch([vector]) { Count = values.Count });
    }
}
