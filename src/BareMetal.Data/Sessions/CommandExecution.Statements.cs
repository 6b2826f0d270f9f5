using System.Collections.Immutable;
using BareMetal.Data.Catalog;
using BareMetal.Data.Catalog.Ddl;
using BareMetal.Data.Execution;
using BareMetal.Data.Execution.Modification;
using BareMetal.Data.Execution.Operators;
using BareMetal.Data.Planning;
using BareMetal.Data.Sql.Syntax;
using BareMetal.Data.Storage;
using BareMetal.Data.Storage.Transactions;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Sessions;

/// <summary>What each kind of statement does.</summary>
internal sealed partial class CommandExecution
{
    /// <summary>How often a Read Committed statement starts anew before it gives up with 40001.</summary>
    private const int MaxRestarts = 100;

    private Action<ScanSettings, long>? _reportFullScan;

    private void Run(PreparedStatement statement, ref SessionTransaction? commit)
    {
        Statement syntax = statement.Cached.Syntax;
        switch (syntax)
        {
            case QueryStatement or InsertStatement or UpdateStatement or DeleteStatement or MergeStatement or ExplainStatement:
                RunPlanned(statement);
                return;
            case CallStatement:
                if (!_options.SchemaOnly)
                    RunCall(statement);
                return;
            case BeginStatement begin:
                RunBegin(begin);
                return;
            case CommitStatement end:
                RunCommit(end, ref commit);
                return;
            case RollbackStatement rollback:
                RunRollback(rollback);
                return;
            default:
                if (_options.SchemaOnly)
                    return;
                RunOther(syntax);
                return;
        }
    }

    private void RunPlanned(PreparedStatement statement)
    {
        SessionTransaction transaction = BeginRun();
        Convert(statement);
        RunWithRestarts(transaction, statement.Cached, null);
    }

    /// <summary>Runs a statement (a cached one, or one of a block) in the transaction until it needs no further restart.</summary>
    private void RunWithRestarts(SessionTransaction transaction, CachedStatement? cached, Statement? inner, PlannedStatement? known = null)
    {
        if (_sharesSnapshot)
        {
            // It reads as the statement that calls it does.
            PlannedStatement reading = known ?? cached!.Plan(_session, transaction, _statementValues);
            transaction.NoteObjects(reading.Objects);
            Open(transaction, reading);
            return;
        }

        AdvisoryLocks advisory = _session.AdvisoryLocks;
        if (!transaction.HasRun)
            _session.LockForRetry(transaction, Cancellation);
        for (int attempt = 0; ; attempt++)
        {
            transaction.Storage.BeginStatement();
            transaction.HasRun = true;
            int point = advisory.Enter();
            bool willRetry = false;
            try
            {
                PlannedStatement planned = known ?? cached?.Plan(_session, transaction, _options.SchemaOnly ? null : _statementValues) ?? PlannedStatement.Make(inner!, [], transaction.Catalog, _session, []);
                transaction.NoteObjects(planned.Objects);
                Open(transaction, planned);
                return;
            }
            catch (StatementRestartException) when (attempt < MaxRestarts && transaction.Storage.Isolation == TransactionIsolation.ReadCommitted)
            {
                willRetry = true;
                advisory.Rewind(point);
                CloseStatement(failed: true);
                transaction.Storage.RollbackStatement();
                _context.Cancellation.ThrowIfCancellationRequested();
            }
            catch (Exception e)
            {
                if (e is LockWaitException)
                {
                    willRetry = true;
                    advisory.Rewind(point);
                }

                CloseStatement(failed: true);
                if (transaction.Storage.IsActive)
                    transaction.Storage.RollbackStatement();
                throw;
            }
            finally
            {
                advisory.Leave(willRetry);
            }
        }
    }

    private void Open(SessionTransaction transaction, PlannedStatement planned)
    {
        CatalogSnapshot catalog = transaction.Catalog;
        PrepareContext(transaction, catalog);
        _context.Parameters = ConvertParameters(planned);
        _planned = planned;
        if (_options.SchemaOnly)
        {
            Columns = planned.Columns;
            _kept = new KeptBatches();
            return;
        }

        _context.Writes = planned.IsModification ? _session.Writes(transaction, catalog) : null;
        foreach (Table table in planned.LockedTables)
            transaction.Storage.LockTree(table.Tree, LockMode.IntentShared, _context.LockTimeout, _context.Cancellation);
        _instance = planned.Plan.Rent();
        _instance.Open(_context);
        if (planned.LockedTables.Count > 0 || (planned.MayWrite && !planned.IsModification))
        {
            _kept = new KeptBatches();
            while (_instance.Next(_context) is { } batch)
                _kept.Add(batch, _context);
            ReleaseInstance();
        }
        else
        {
            _first = _instance.Next(_context);
            _hasFirst = true;
        }

        if (_context.IsRestartNeeded)
            throw StatementRestartException.RowIsNewer;
        Columns = planned.Columns;
        if (!planned.IsModification)
            return;
        RowsAffected = _instance!.RowsAffected;
        NoteChanges(planned.Targets, transaction);
        if (Columns.Count == 0)
        {
            _hasFirst = false;
            ReleaseInstance();
        }
    }

    /// <summary>Has tables looked at again of which much has changed. A statement that writes several counts its rows for each.</summary>
    private void NoteChanges(IReadOnlyList<Table> targets, SessionTransaction transaction)
    {
        for (int i = 0; i < targets.Count; i++)
        {
            long id = targets[i].Id;
            if (_session.Database.Statistics.NoteChanges(targets[i], RowsAffected))
                transaction.Storage.OnCommitted(_ => _session.Database.Statistics.Schedule(id));
        }
    }

    private void PrepareContext(SessionTransaction transaction, CatalogSnapshot catalog)
    {
        SessionSettings settings = _session.Settings;
        CancellationToken cancellation = Cancellation;
        _functions.Begin(catalog, cancellation);
        _context.Transaction = transaction.Storage;
        _context.IsRestartNeeded = false;
        _context.LockTimeout = settings.LockTimeout;
        _context.Cancellation = cancellation;
        _context.BatchSize = settings.BatchSize;
        if (_outer is null)
        {
            _context.Memory.Limit = settings.WorkMemory;
            _context.Memory.Headroom = Execution.MemoryBudget.DefaultHeadroom;
        }
        else
        {
            _context.Memory.LiveWithin(_outer._context.Memory);
        }

        _context.MaxParallelism = settings.MaxParallelism;
        _context.Temporary = _session.Database.Engine.Temporary;
        _context.FullScanRows = settings.FullScanRows;
        _context.FullScan = _session.FullScan is null ? null : _reportFullScan ??= ReportFullScan;
        _context.TemporaryPrefix = _session.Database.Engine.TemporaryPrefix;
    }

    private void ReportFullScan(ScanSettings scan, long rows) => _session.FullScan?.Invoke(new BareMetalFullScanEventArgs(
        scan.Table.Schema ?? CatalogSnapshot.DefaultSchema,
        scan.Table.Name,
        rows,
        ExpressionText.Format(scan.Filter!),
        IndexAdvice.For(scan),
        _command is { } command && (uint)StatementIndex < (uint)command.Statements.Length ? command.Statements[StatementIndex].Cached.Text : ""));

    /// <summary>The transaction for the next statement; readers that are open in it keep the rows of their own snapshot.</summary>
    private SessionTransaction BeginRun()
    {
        SessionTransaction transaction = EnsureTransaction();
        if (!_isImplicit)
            _session.KeepRows(transaction, this);
        return transaction;
    }

    private void Convert(PreparedStatement statement)
    {
        int[] map = statement.ParameterMap;
        if (_statementValues.Length != map.Length)
            _statementValues = map.Length == 0 ? [] : new Value[map.Length];
        for (int i = 0; i < map.Length; i++)
            _statementValues[i] = _values[map[i]];
    }

    /// <summary>The parameters in the types that the plan has for them.</summary>
    private Value[] ConvertParameters(PlannedStatement planned)
    {
        SqlType[] types = planned.ParameterTypes;
        Value[] values = _statementValues;
        for (int i = 0; i < types.Length && i < values.Length; i++)
        {
            if (values[i].Kind == types[i].Kind)
                continue;
            if (values[i].IsNull)
                values[i] = Value.Null(types[i].Kind);
            else if (types[i].Kind != SqlTypeKind.Unknown)
                values[i] = Casts.Convert(values[i], new SqlType(values[i].Kind), types[i]);
        }

        return values;
    }

    private void RunOther(Statement syntax)
    {
        switch (syntax)
        {
            case SavepointStatement savepoint:
                InTransaction("SAVEPOINT");
                _session.CreateSavepoint(savepoint.Name.Name);
                break;
            case ReleaseSavepointStatement release:
                InTransaction("RELEASE SAVEPOINT");
                _session.ReleaseSavepoint(release.Name.Name);
                break;
            case SetTransactionStatement set:
                if (set.SessionDefault)
                    _session.SetDefaults(ToMode(set.Isolation), set.ReadOnly);
                else if (_session.InTransaction)
                    _session.ChangeTransaction(ToMode(set.Isolation), set.ReadOnly);
                else
                    _session.Notice?.Invoke("WARNING", "SET TRANSACTION has no effect outside a transaction.");
                break;
            case SetStatement set:
                _session.Set(set.Name, set.Values is null ? null : [.. set.Values.Select(SettingValue)], set.Scope == SetScope.Local);
                break;
            case ShowStatement show:
                if (show.Name.Equals("all", StringComparison.OrdinalIgnoreCase))
                    SetRow("setting", [.. SessionSettings.AllNames.Select(n => $"{n} = {_session.Show(n)}")]);
                else
                    SetRow(SessionSettings.Normalise(show.Name), [_session.Show(show.Name)]);
                break;
            case DiscardStatement discard:
                Discard(discard.Kind);
                break;
            case CheckpointStatement:
                _session.Database.Engine.Checkpoint();
                break;
            case BackupStatement backup:
                RunBackup(backup);
                break;
            case AnalyzeStatement analyze:
                RunAnalyze(BeginRun(), analyze);
                break;
            case CopyStatement copy:
                RunCopy(copy);
                break;
            case VacuumStatement vacuum:
                RunVacuum(vacuum);
                break;
            case CheckStatement check:
                RunCheck(check);
                break;
            case DoStatement block:
            {
                RoutineCode code = new(block);
                RunAtomically(BeginRun(), () =>
                {
                    _frame = new RoutineFrame(code);
                    try
                    {
                        RunBody(_frame, givesRows: false);
                    }
                    finally
                    {
                        _frame = null;
                    }
                });
                break;
            }

            case IfStatement or RaiseStatement or PerformStatement:
                RunAtomically(BeginRun(), () => RunBlock([syntax]));
                break;
            default:
                if (!DefinitionExecutor.IsDefinition(syntax))
                    throw new BareMetalException(SqlStates.FeatureNotSupported, $"{syntax.GetType().Name} can't be run here.");
                RunDefinition(BeginRun(), syntax);
                break;
        }
    }

    // Notices of a block that may run again; null outside.
    private List<(string, string)>? _notices;

    private void RunDefinition(SessionTransaction transaction, Statement syntax)
    {
        StorageTransaction storage = transaction.Storage;
        storage.BeginStatement();
        transaction.HasRun = true;
        if (storage.IsReadOnly)
            throw new BareMetalException(SqlStates.ReadOnlyTransaction, "Objects can't be defined in a transaction that only reads.");
        CatalogEditor editor = transaction.OpenEditor();
        bool isTemporary = DefinitionExecutor.IsTemporary(syntax, editor.Current, _session.Settings.SearchPath);
        if (isTemporary)
            _session.OpenTemporary(transaction);
        else
            storage.LockTree(CatalogStore.Tree, LockMode.Exclusive, _session.Settings.LockTimeout, Cancellation);
        if (!isTemporary && !editor.HasDurableChanges)
        {
            // The lock may have been waited for: the statement goes on from the catalog that the one before has left.
            if (storage.Isolation == TransactionIsolation.ReadCommitted)
                storage.BeginStatement();
            else if (_session.Database.Catalog.Newest.Lsn > storage.SnapshotLsn)
                throw new BareMetalException(SqlStates.SerializationFailure, "The catalog was changed by another transaction after this one's snapshot. Run the transaction again.");
            editor.Rebase();
        }

        ImmutableDictionary<long, CatalogObject?> before = editor.Changes;
        try
        {
            PrepareContext(transaction, editor.Current);
            DefinitionContext context = new()
            {
                Transaction = storage,
                Catalog = editor,
                SearchPath = _session.Settings.SearchPath,
                Query = _context,
                LockTimeout = _session.Settings.LockTimeout,
                Notice = message => _session.Notice?.Invoke("NOTICE", message),
            };
            new DefinitionExecutor(context).Execute(syntax);
        }
        catch
        {
            editor.Restore(before);
            if (storage.IsActive)
                storage.RollbackStatement();
            throw;
        }

        if (syntax is CreateTableStatement { As: { } query, WithData: true } create && !(create.IfNotExists && editor.Changes == before))
        {
            // What is defined is not undone by itself: from here on locks are waited for in place.
            _session.LockParty.DefersWaits = false;
            try
            {
                InsertStatement insert = new() { Table = create.Name, Source = query, Position = create.Position };
                PlannedStatement planned = PlannedStatement.Make(insert, [], transaction.Catalog, _session, []);
                long rows = RunInner(transaction, insert, planned: planned);
                RowsAffected = rows;
            }
            catch
            {
                editor.Restore(before);
                throw;
            }
        }
    }

    /// <summary>Runs a step of several statements so that its failure undoes all of them.</summary>
    private void RunAtomically(SessionTransaction transaction, Action step)
    {
        StorageTransaction storage = transaction.Storage;
        storage.BeginStatement();
        transaction.HasRun = true;
        ImmutableDictionary<long, CatalogObject?> before = transaction.CatalogChanges;
        Savepoint point = storage.CreateSavepoint();
        int locks = _session.AdvisoryLocks.Enter();
        bool willRetry = false;
        _notices = [];
        try
        {
            step();
        }
        catch (Exception e)
        {
            if (e is LockWaitException)
            {
                // The whole block runs again.
                willRetry = true;
                _session.AdvisoryLocks.Rewind(locks);
                _notices.Clear();
            }

            if (storage.IsActive)
            {
                storage.RollbackTo(point);
                storage.Release(point);
            }

            transaction.RestoreCatalog(before);
            throw;
        }
        finally
        {
            _session.AdvisoryLocks.Leave(willRetry);
            List<(string, string)> notices = _notices;
            _notices = null;
            foreach ((string severity, string message) in notices)
                _session.Notice?.Invoke(severity, message);
        }

        storage.Release(point);
        Columns = [];
        RowsAffected = -1;
    }

    private void RunBlock(Statement[] body)
    {
        foreach (Statement statement in body)
        {
            if (_frame is { HasReturned: true } or { Leaving: not null })
                return;
            Cancellation.ThrowIfCancellationRequested();
            SessionTransaction transaction = EnsureTransaction();
            switch (statement)
            {
                case IfStatement branches:
                    RunIf(branches);
                    break;
                case PerformStatement { Query: null }:
                    break;
                case PerformStatement { Query: { } query }:
                    CountAffected(RunInner(transaction, new QueryStatement { Query = query, Position = statement.Position }));
                    break;
                case RaiseStatement raise:
                    Raise(raise);
                    break;
                case QueryStatement or InsertStatement or UpdateStatement or DeleteStatement or MergeStatement:
                    RunForCaller(transaction, statement);
                    break;
                case DoStatement block:
                    if (_frame is { } frame)
                        SetVariables(frame, block.Variables);
                    RunBlock(block.Body);
                    break;
                case BeginStatement or CommitStatement or RollbackStatement or SavepointStatement or ReleaseSavepointStatement:
                    throw new BareMetalException(SqlStates.InvalidTransactionTermination, "A block can't begin or end transactions.");
                default:
                    if (RunControl(transaction, statement))
                        break;
                    if (_outer is not null)
                        throw new BareMetalException(SqlStates.FeatureNotSupported, "A function that is called in a statement can't change definitions or settings.") { Hint = "Use a procedure and CALL." };
                    RunOther(statement);
                    break;
            }
        }
    }

    private void RunIf(IfStatement statement)
    {
        foreach (IfBranch branch in statement.Branches)
        {
            if (!IsTrue(Evaluate(branch.Condition, out _), "IF"))
                continue;
            RunBlock(branch.Body);
            return;
        }

        RunBlock(statement.Else);
    }

    /// <summary>Evaluates an expression (which may hold subqueries) in the transaction.</summary>
    private Value Evaluate(Expression expression, out SqlType type)
    {
        SessionTransaction transaction = EnsureTransaction();
        Value result = default;
        SqlType found = SqlType.Unknown;
        RunInner(transaction, _frame is null ? RoutineCode.QueryOf(expression) : null, Take, expression: _frame is null ? null : expression);
        type = found;
        return result;

        void Take(Batch batch)
        {
            result = batch.Columns[0].GetValue(0);
            found = _planned!.Columns[0].Type;
        }
    }

    /// <summary>Runs a statement of a block to its end; its rows go to <paramref name="rows"/>.</summary>
    private long RunInner(
        SessionTransaction transaction, Statement? statement, Action<Batch>? rows = null, PlannedStatement? planned = null, Expression? expression = null,
        Action<IReadOnlyList<ResultColumn>>? columns = null)
    {
        if (planned is null)
            _statementValues = _frame is null ? [] : [.. _frame.Values];
        if (_frame is not { } frame || planned is not null)
            RunWithRestarts(transaction, null, statement, planned);
        else
            RunWithRestarts(transaction, expression is null ? frame.Code.For(statement!) : frame.Code.For(expression), null);
        long affected = RowsAffected;
        _innerColumns = Columns;
        long count = 0;
        try
        {
            columns?.Invoke(Columns);
            while (_hasFirst || _instance is not null || _kept is { IsEmpty: false })
            {
                Batch? batch;
                if (_hasFirst)
                {
                    (batch, _hasFirst) = (_first, false);
                }
                else if (_kept is not null)
                {
                    batch = _kept.Next();
                }
                else
                {
                    batch = _instance!.Next(_context);
                }

                if (batch is null)
                    break;
                count += batch.Count;
                rows?.Invoke(batch);
            }
        }
        finally
        {
            CloseStatement(failed: false);
        }

        _innerRows = count;
        return affected;
    }

    private void Raise(RaiseStatement raise)
    {
        string message = raise.Message;
        foreach (Expression argument in raise.Arguments)
        {
            Value value = Evaluate(argument, out _);
            string text = value.IsNull ? "<NULL>" : System.Text.Encoding.UTF8.GetString(Casts.Convert(value, new SqlType(value.Kind), SqlType.Text).As<ByteSlice>().Span);
            int at = message.IndexOf('%', StringComparison.Ordinal);
            if (at < 0)
                throw new BareMetalException(SqlStates.SyntaxError, "RAISE has more arguments than its message has %.");
            message = string.Concat(message.AsSpan(0, at), text, message.AsSpan(at + 1));
        }

        if (raise.Level == "exception")
            throw new BareMetalException(raise.SqlState ?? "P0001", message);
        if (_notices is not null)
            _notices.Add((raise.Level.ToUpperInvariant(), message));
        else
            _session.Notice?.Invoke(raise.Level.ToUpperInvariant(), message);
    }

    private void Discard(DiscardKind kind)
    {
        if (_session.InTransaction && kind is DiscardKind.All)
            throw new BareMetalException(SqlStates.ActiveTransaction, "DISCARD ALL can't run in a transaction.");
        if (_session.InTransaction && kind == DiscardKind.Temporary && _session.Temporary is not null)
            throw new BareMetalException(SqlStates.ActiveTransaction, "DISCARD TEMP can't run in a transaction.") { Hint = "Drop the tables, or make them with ON COMMIT DROP." };
        EndImplicit();
        if (kind is DiscardKind.All)
        {
            _session.Set("all", null, local: false);
            _session.AdvisoryLocks.ReleaseAll();
        }

        if (kind is DiscardKind.All or DiscardKind.Sequences)
            _session.CurrentSequenceValues.Clear();
        if (kind is DiscardKind.All or DiscardKind.Temporary)
            _session.DropTemporary();
        else if (kind is DiscardKind.Plans && _session.Temporary is not null)
            _session.UseOwnPlans();
    }

    private void RunBegin(BeginStatement begin)
    {
        if (_session.InTransaction)
        {
            _session.Notice?.Invoke("WARNING", "A transaction is open already.");
            return;
        }

        if (_isImplicit && _transaction is { } implicitTransaction && begin.Isolation is null && begin.ReadOnly is null)
        {
            // As in PostgreSQL, what came before in the same command belongs to the transaction.
            _isImplicit = false;
            _session.Adopt(implicitTransaction);
            return;
        }

        if (_isImplicit)
        {
            throw new BareMetalException(SqlStates.ActiveTransaction, "A transaction with a level of its own must begin before the command's other statements.");
        }

        _session.BeginTransaction(ToMode(begin.Isolation), begin.ReadOnly);
        _transaction = _session.Transaction;
    }

    private void RunCommit(CommitStatement end, ref SessionTransaction? commit)
    {
        if (!_session.InTransaction)
        {
            _session.Notice?.Invoke("WARNING", "No transaction is open.");
            commit = TakeImplicit();
            return;
        }

        SessionTransaction transaction = _session.Transaction!;
        IsolationMode mode = transaction.Storage.Isolation switch
        {
            TransactionIsolation.Snapshot => IsolationMode.Snapshot,
            TransactionIsolation.Serializable => IsolationMode.Serializable,
            _ => IsolationMode.ReadCommitted,
        };
        commit = _session.TakeForCommit();
        _transaction = null;
        if (end.Chain)
            _session.BeginTransaction(mode, transaction.Storage.IsReadOnly);
    }

    private void RunRollback(RollbackStatement rollback)
    {
        if (rollback.Savepoint is { } savepoint)
        {
            InTransaction("ROLLBACK TO SAVEPOINT");
            _session.RollbackToSavepoint(savepoint.Name);
            return;
        }

        if (!_session.InTransaction)
        {
            _session.Notice?.Invoke("WARNING", "No transaction is open.");
            EndImplicit();
            return;
        }

        _transaction = null;
        _session.Rollback();
        if (rollback.Chain)
            _session.BeginTransaction();
    }

    private void InTransaction(string what)
    {
        if (!_session.InTransaction)
            throw new BareMetalException(SqlStates.NoActiveTransaction, $"{what} can only be used in a transaction.");
    }

    private static IsolationMode? ToMode(IsolationLevelName? name) => name switch
    {
        null => null,
        IsolationLevelName.RepeatableRead or IsolationLevelName.Snapshot => IsolationMode.Snapshot,
        IsolationLevelName.Serializable => IsolationMode.Serializable,
        _ => IsolationMode.ReadCommitted,
    };

    private static string SettingValue(Expression expression) => expression switch
    {
        LiteralExpression { Value: bool b } => b ? "on" : "off",
        LiteralExpression { Value: { } value } => System.Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture)!,
        UnaryExpression { Operator: UnaryOperator.Minus, Operand: LiteralExpression { Value: { } value } } => "-" + System.Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture),
        _ => throw new BareMetalException(SqlStates.InvalidParameterValue, "SET takes literal values."),
    };
}
