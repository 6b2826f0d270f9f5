using BareMetal.Data.Catalog;
using BareMetal.Data.Catalog.Ddl;
using BareMetal.Data.Execution;
using BareMetal.Data.Rows;
using BareMetal.Data.Sessions;
using BareMetal.Data.Storage;
using BareMetal.Data.Storage.Trees;

namespace BareMetal.Data.Integrity;

/// <summary>
/// Checks an open database on one snapshot, while others go on: files, pages and trees by the storage layer, then the catalog, then each
/// table's rows, index entries and constraints. Findings are handed on as they come; what it remembers is what a repair needs.
/// </summary>
internal sealed class DatabaseCheck
{
    private readonly Session _session;
    private readonly Database _database;
    private readonly BareMetalIntegrityOptions _options;
    private readonly Action<BareMetalIntegrityProblem> _report;
    private readonly CancellationToken _cancellation;
    private readonly QueryContext _context = new();
    private readonly Dictionary<ulong, (Table Table, TableIndex? Index)> _owners = [];
    private CatalogSnapshot _catalog = null!;

    /// <param name="session">A session for functions and repairs; nothing of its transaction is used.</param>
    /// <param name="options">What to check.</param>
    /// <param name="report">Told of each finding.</param>
    /// <param name="cancellation">Ends the check.</param>
    public DatabaseCheck(Session session, BareMetalIntegrityOptions options, Action<BareMetalIntegrityProblem> report, CancellationToken cancellation)
    {
        _session = session;
        _database = session.Database;
        _options = options;
        _report = report;
        _cancellation = cancellation;
    }

    /// <summary>Problems found, repairs not counted.</summary>
    public long Problems { get; private set; }

    /// <summary>Indexes to build anew, and whether their pages can't be trusted to be their own.</summary>
    public Dictionary<long, bool> DamagedIndexes { get; } = [];

    /// <summary>Counters that are too low, with what they must be.</summary>
    public Dictionary<ulong, ulong> LowCounters { get; } = [];

    /// <summary>Whether the allocation maps are to be made anew.</summary>
    public bool MapsDiffer { get; private set; }

    /// <summary>Checks; then repairs when that was asked for.</summary>
    /// <exception cref="BareMetalException">42P01: there is no such table; 25001 and 25006 when a repair can't be made here.</exception>
    public void Run()
    {
        using (StorageTransaction transaction = _database.Engine.Begin(TransactionIsolation.Snapshot, readOnly: true))
        {
            transaction.BeginStatement();
            _catalog = _database.Catalog.At(transaction);
            Table? only = _options.Table is null ? null : FindTable(_options.Table);
            SessionFunctions functions = new(_session);
            functions.Begin(_catalog, _cancellation);
            _context.Functions = functions;
            _context.Transaction = transaction;
            _context.Cancellation = _cancellation;
            FindOwners();
            CheckStorage(transaction, only);
            if (only is null)
                new CatalogCheck(this, _catalog, transaction, _database.Engine).Run();
            if (_options.Rows)
            {
                foreach (CatalogObject o in _catalog.Objects.OrderBy(o => o.Id))
                {
                    if (o is Table table && (only is null || table.Id == only.Id))
                        new TableCheck(this, table, _catalog, transaction, _context, _session.Settings.SearchPath).Run();
                }
            }
        }

        if (_options.Repair)
            new DatabaseRepair(this, _session, _cancellation).Run();
    }

    /// <summary>Hands a finding on.</summary>
    public void Report(BareMetalIntegrityProblem problem)
    {
        if (problem.Kind is not (BareMetalIntegrityProblemKind.Repaired or BareMetalIntegrityProblemKind.NotRepaired))
            Problems++;
        _report(problem);
    }

    /// <summary>Reports something about a table.</summary>
    public void Report(BareMetalIntegrityProblemKind kind, Table table, string message, string? key = null, string? constraint = null, bool canRepair = false) =>
        Report(new BareMetalIntegrityProblem
        {
            Kind = kind, Message = message, SchemaName = table.Schema, TableName = table.Name, ConstraintName = constraint, Key = key, CanRepair = canRepair,
        });

    /// <summary>Reports something about an index, which a repair then builds anew.</summary>
    public void Report(BareMetalIntegrityProblemKind kind, Table table, TableIndex index, string message, string? key, bool canRepair = true)
    {
        if (canRepair)
            DamagedIndexes.TryAdd(index.Id, false);
        Report(new BareMetalIntegrityProblem
        {
            Kind = kind, Message = message, SchemaName = table.Schema, TableName = table.Name, IndexName = index.Name, Key = key, CanRepair = canRepair,
        });
    }

    private Table FindTable(string name)
    {
        int point = name.IndexOf('.', StringComparison.Ordinal);
        CatalogObject? found = point < 0
            ? _catalog.Resolve(null, name, _session.Settings.SearchPath)
            : _catalog.Find(name[..point], name[(point + 1)..]);
        return found as Table ?? throw new BareMetalException(SqlStates.UndefinedTable, $"The table \"{name}\" does not exist.");
    }

    private void FindOwners()
    {
        foreach (CatalogObject o in _catalog.Objects)
        {
            if (o is not Table table)
                continue;
            _owners[table.Tree.Value] = (table, null);
            foreach (TableIndex index in table.Indexes)
                _owners[index.Tree.Value] = (table, index);
        }
    }

    private void CheckStorage(StorageTransaction transaction, Table? only)
    {
        try
        {
            if (only is null)
            {
                IntegrityChecker found = _database.Engine.CheckIntegrity(transaction.SnapshotLsn, ReportStorage, _cancellation);
                MapsDiffer = found.MapsDiffer;
                new CatalogTrees(this, _catalog, _owners).Check(found);
            }
            else
            {
                HashSet<ulong> trees = [only.Tree.Value, .. only.Indexes.Select(i => i.Tree.Value)];
                IntegrityChecker.RunTrees(_database.Engine.Store, transaction.SnapshotLsn, trees, ReportStorage, _cancellation);
            }
        }
        catch (StorageException e) when (e.Code != StorageErrorCode.SnapshotTooOld)
        {
            Report(new BareMetalIntegrityProblem { Kind = BareMetalIntegrityProblemKind.Page, Message = e.Message, File = e.File, Page = PageOf(e.Page) });
        }
    }

    private void ReportStorage(IntegrityProblem problem)
    {
        _owners.TryGetValue(problem.Tree.Value, out (Table Table, TableIndex? Index) owner);
        bool isMap = problem.Kind == IntegrityProblemKind.Allocation;
        if (owner.Index is { } index)
            DamagedIndexes[index.Id] = true;
        string message = owner.Table is null && problem.Tree.Value is > 0 and < TreeId.FirstDynamic ? $"{problem.Message} (system tree {problem.Tree})" : problem.Message;
        Report(new BareMetalIntegrityProblem
        {
            Kind = problem.Kind switch
            {
                IntegrityProblemKind.Page => BareMetalIntegrityProblemKind.Page,
                IntegrityProblemKind.Tree => BareMetalIntegrityProblemKind.Tree,
                IntegrityProblemKind.Value => BareMetalIntegrityProblemKind.LargeValue,
                IntegrityProblemKind.Allocation => BareMetalIntegrityProblemKind.Allocation,
                IntegrityProblemKind.Shared => BareMetalIntegrityProblemKind.SharedPage,
                IntegrityProblemKind.Directory => BareMetalIntegrityProblemKind.Directory,
                IntegrityProblemKind.Header => BareMetalIntegrityProblemKind.Header,
                _ => BareMetalIntegrityProblemKind.Log,
            },
            Message = message,
            File = problem.File,
            Page = PageOf(problem.Page),
            SchemaName = owner.Table?.Schema,
            TableName = owner.Table?.Name,
            IndexName = owner.Index?.Name,
            Key = problem.Key is null ? null : DescribeKey(owner, problem.Key),
            CanRepair = isMap || owner.Index is not null,
        });
    }

    private static long? PageOf(PageId page) => page.IsNone ? null : (long)page.Value;

    private static string DescribeKey((Table Table, TableIndex? Index) owner, byte[] key) =>
        owner is { Table: { } table, Index: null } ? RowKeyText.Describe(table, key) : Convert.ToHexString(key);
}
