using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using BareMetal.Data.Sessions;
using BareMetal.Data.Simulation;
using BareMetal.Data.Storage;
using BareMetal.Data.Storage.Log;
using BareMetal.Data.Storage.Recovery;
using BareMetal.Data.Storage.Trees;
using BareMetal.Data.Tests.Sessions;
using Xunit.Sdk;
using Database = BareMetal.Data.Sessions.Database;

namespace BareMetal.Data.Tests.Faults;

/// <summary>
/// A fixed workload of SQL with tables, indexes, transactions, savepoints, large values, sorts beyond memory, checkpoints, a power loss and a clean close,
/// in which one operation of the disk or one allocation fails. Every error has an SQLSTATE of its kind and names a file; the statement is undone, the transaction
/// and the connection go on; every answer is the model's; what was acknowledged is there after reopening, tables and indexes alike.
/// </summary>
internal sealed class SqlFaultRun
{
    public const string Name = "q.bmdb";

    public static readonly DatabaseSettings Settings = new()
    {
        UndoInterval = 8,
        PageSize = 4096,
        CacheBytes = 40 * 4096,
        FrameTimeout = TimeSpan.FromMilliseconds(200),
        CheckpointLogBytes = 64 << 10,
        CheckpointDirtyBytes = 4 << 20,
        CheckpointPaceBytes = 48 << 10,
        KeptCheckpointBytes = 64 << 10,
        Log = new LogSettings { FirstExtentBytes = 32 << 10, LargestExtentBytes = 32 << 10, GroupBytes = 16 << 10, KeptBytes = 64 << 10 },
    };

    private static readonly string[] Allowed =
        [SqlStates.IoError, SqlStates.DiskFull, SqlStates.DatabaseStopped, SqlStates.TransactionResolutionUnknown];

    private readonly EngineFaults _faults = new();
    private readonly DatabaseSettings _settings;
    private readonly ulong _seed;
    private readonly List<string> _errors = [];
    private readonly List<ImmutableSortedDictionary<int, string>> _candidates = [ImmutableSortedDictionary<int, string>.Empty];
    private ImmutableSortedDictionary<int, string> _inTransaction = ImmutableSortedDictionary<int, string>.Empty;
    private Database? _database;
    private Session? _session;
    private string _statement = string.Empty;
    private bool _hasTable;
    private bool _tableIsCertain;

    public SqlFaultRun(ulong seed, Action<EngineFaults>? configure = null, DatabaseSettings? settings = null)
    {
        _seed = seed;
        _settings = settings ?? Settings;
        configure?.Invoke(_faults);
    }

    public SimulatedDisk Disk { get; } = new();

    public IReadOnlyList<string> Errors => _errors;

    public bool Stopped { get; private set; }

    public int Comparisons { get; private set; }

    public void Run()
    {
        try
        {
            RunSessions();
        }
        catch (Exception e) when (e is not XunitException)
        {
            throw Fail(e.ToString());
        }
    }

    private void RunSessions()
    {
        Open();
        CreateTable();
        for (int i = 0; i < 4; i++)
            Change($"INSERT INTO t SELECT g, 'row ' || g || repeat('x', 40 + g % 60), g % 7 FROM generate_series({i * 40}, {(i * 40) + 39}) g", m => Insert(m, i * 40, 40));
        Compare();
        Other("CREATE INDEX t_k ON t (k)");
        Transaction(200);
        Other("CHECKPOINT");
        Change("UPDATE t SET v = repeat('long', 4000) WHERE id = 5", m => m.ContainsKey(5) ? m.SetItem(5, string.Concat(Enumerable.Repeat("long", 4000))) : m);
        Sort();
        Change("DELETE FROM t WHERE id BETWEEN 60 AND 99", m => m.RemoveRange(Enumerable.Range(60, 40)));
        Compare();
        LosePower();

        Open();
        CreateTable();
        Compare();
        Change("INSERT INTO t SELECT g, 'again ' || g, g % 7 FROM generate_series(300, 340) g", m => m.SetItems(Enumerable.Range(300, 41).Select(g => KeyValuePair.Create(g, "again " + Text(g)))));
        Transaction(400);
        Other("CHECKPOINT");
        Close();

        Disk.ClearFaults();
        _faults.FailAllocation = null;
        Open();
        CreateTable();
        Compare();
        foreach (IntegrityProblem problem in IntegrityChecker.Check(_database!.Engine.Store))
            throw Fail(problem.ToString());
        Close();
    }

    // ---- The workload

    private void CreateTable()
    {
        if (_hasTable)
            return;
        if (!_tableIsCertain && Scalar("SELECT count(*) FROM information_schema.tables WHERE table_name = 't'") is not (null or "0"))
        {
            // Its outcome was not known, and it had happened.
            _hasTable = _tableIsCertain = true;
            return;
        }

        bool done = Statement("CREATE TABLE t (id int PRIMARY KEY, v text NOT NULL, k int)");
        _tableIsCertain = done;
        _hasTable = done;
        if (!done && !IsStopped)
            _hasTable = _tableIsCertain = Statement("CREATE TABLE t (id int PRIMARY KEY, v text NOT NULL, k int)");
    }

    private void Transaction(int from)
    {
        if (!_hasTable || !Statement("BEGIN"))
            return;
        _inTransaction = _candidates[^1];
        InTransaction($"INSERT INTO t SELECT g, 'tx ' || g || repeat('y', 500), 1 FROM generate_series({from}, {from + 70}) g", m => m.SetItems(Enumerable.Range(from, 71).Select(g => KeyValuePair.Create(g, "tx " + Text(g) + new string('y', 500)))));
        CompareNow(_inTransaction);
        ImmutableSortedDictionary<int, string> saved = _inTransaction;
        if (Statement("SAVEPOINT s"))
        {
            InTransaction("UPDATE t SET v = v || '!' WHERE id < 30", m => m.SetItems(m.Where(p => p.Key < 30).Select(p => KeyValuePair.Create(p.Key, p.Value + "!")).ToList()));
            CompareNow(_inTransaction);
            if (!Statement("ROLLBACK TO s") && !Statement("ROLLBACK TO s"))
                throw Fail("a savepoint can't be rolled back to");
            _inTransaction = saved;
            CompareNow(_inTransaction);
        }

        InTransaction($"DELETE FROM t WHERE id BETWEEN {from + 5} AND {from + 20}", m => m.RemoveRange(Enumerable.Range(from + 5, 16)));
        CompareNow(_inTransaction);
        ImmutableSortedDictionary<int, string> next = _inTransaction;
        string? state = Try("COMMIT");
        if (state is null)
            Certain(next);
        else if (state == SqlStates.TransactionResolutionUnknown)
            _candidates.Insert(0, next);
        if (_session!.InTransaction)
            Statement("ROLLBACK");
        if (!IsStopped)
            Compare();
    }

    private void InTransaction(string sql, Func<ImmutableSortedDictionary<int, string>, ImmutableSortedDictionary<int, string>> change)
    {
        // A statement that fails is undone whole, and may be run again.
        if (Statement(sql) || Statement(sql))
            _inTransaction = change(_inTransaction);
        else if (!IsStopped)
            throw Fail("the statement fails again");
    }

    private void Change(string sql, Func<ImmutableSortedDictionary<int, string>, ImmutableSortedDictionary<int, string>> change)
    {
        for (int attempt = 0; _hasTable && attempt < 2; attempt++)
        {
            ImmutableSortedDictionary<int, string> next = change(_candidates[^1]);
            string? state = Try(sql);
            if (state is null)
            {
                Certain(next);
                return;
            }

            if (state == SqlStates.TransactionResolutionUnknown)
            {
                _candidates.Insert(0, next);
                return;
            }

            Compare();
            if (IsStopped)
                return;
            if (attempt == 1)
                throw Fail("the statement fails again");
        }
    }

    private void Other(string sql)
    {
        if (_hasTable && !Statement(sql) && !IsStopped && !Statement(sql) && !IsStopped)
            throw Fail("the statement fails again");
    }

    private void Sort()
    {
        if (!_hasTable)
            return;
        string? sorted = Scalar("SELECT string_agg(v, '' ORDER BY v DESC) FROM (SELECT substr(v, 1, 20) AS v FROM t) s");
        string expected = string.Concat(_candidates[^1].Values.Select(v => v.Length > 20 ? v[..20] : v).OrderByDescending(v => v, StringComparer.Ordinal));
        if (sorted != expected && expected.Length > 0)
            throw Fail($"sorted wrongly: {sorted?.Length} characters instead of {expected.Length}");
    }

    private static ImmutableSortedDictionary<int, string> Insert(ImmutableSortedDictionary<int, string> model, int from, int count) =>
        model.SetItems(Enumerable.Range(from, count).Select(g => KeyValuePair.Create(g, "row " + Text(g) + new string('x', 40 + (g % 60)))));

    private void Certain(ImmutableSortedDictionary<int, string> next)
    {
        _candidates.Clear();
        _candidates.Add(next);
    }

    // ---- Statements

    private bool IsStopped => _database?.Engine.Database.Pipeline.Failure is not null;

    private bool Statement(string sql) => Try(sql) is null;

    /// <summary>Runs a statement; the SQLSTATE of its failure, null when it succeeds.</summary>
    private string? Try(string sql)
    {
        _statement = sql;
        bool wasStopped = IsStopped;
        try
        {
            _session!.Run(sql);
            return null;
        }
        catch (BareMetalException e)
        {
            Judge(e);
            if (wasStopped && e.SqlState == SqlStates.TransactionResolutionUnknown)
                throw Fail("an unknown outcome on a stopped database");
            return e.SqlState;
        }
        finally
        {
            Stopped |= IsStopped;
        }
    }

    private void Judge(BareMetalException e)
    {
        bool isMemory = e.SqlState == SqlStates.OutOfMemory && _faults.FailAllocation is not null;
        bool isSpill = e.SqlState == SqlStates.DiskFull && e.Message.Contains("-spill", StringComparison.Ordinal);
        if (!isMemory && !isSpill && !Allowed.Contains(e.SqlState))
            throw Fail($"an error of the wrong kind: {e}");
        if (!isMemory && !e.Message.Contains(Name, StringComparison.Ordinal) && !e.Message.Contains("simulated disk", StringComparison.Ordinal))
            throw Fail($"an error that names no place: {e.Message}");
        _errors.Add($"{_statement}: {e.SqlState}: {e.Message}");
    }

    /// <summary>The one value of a query; a fault that meets it is said, and the next attempt answers.</summary>
    private string? Scalar(string sql)
    {
        for (int attempt = 0; ; attempt++)
        {
            _statement = sql;
            try
            {
                return _session!.Scalar(sql);
            }
            catch (BareMetalException e) when (attempt == 0)
            {
                Judge(e);
            }
        }
    }

    private void Compare()
    {
        if (_hasTable)
            CompareNow(_candidates[^1]);
    }

    private void CompareNow(ImmutableSortedDictionary<int, string> expected)
    {
        string found = Describe();
        string model = Describe(expected);
        if (found != model)
            throw Fail($"the rows are not the model's: {First(found, model)}");
        Comparisons++;
    }

    private static string First(string found, string model)
    {
        int i = 0;
        while (i < found.Length && i < model.Length && found[i] == model[i])
            i++;
        return $"\"…{found.AsSpan(Math.Max(0, i - 30)) switch { { Length: > 80 } s => s[..80].ToString(), var s => s.ToString() }}\" instead of " +
            $"\"…{model.AsSpan(Math.Max(0, i - 30)) switch { { Length: > 80 } s => s[..80].ToString(), var s => s.ToString() }}\"";
    }

    private string Describe()
    {
        for (int attempt = 0; ; attempt++)
        {
            _statement = "SELECT";
            try
            {
                StringBuilder text = new();
                foreach (string row in _session!.Rows("SELECT id, v FROM t ORDER BY id"))
                    text.Append(row).Append('\n');
                string count = _session!.Scalar("SELECT count(*) FROM t WHERE k = 1");
                return text.Append(count).ToString();
            }
            catch (BareMetalException e) when (attempt == 0)
            {
                Judge(e);
            }
        }
    }

    private static string Describe(ImmutableSortedDictionary<int, string> model)
    {
        StringBuilder text = new();
        int ones = 0;
        foreach ((int id, string v) in model)
        {
            text.Append(CultureInfo.InvariantCulture, $"{id}|{v}\n");
            ones += v.StartsWith("tx", StringComparison.Ordinal) || id % 7 == 1 ? 1 : 0;
        }

        return text.Append(ones).ToString();
    }

    private static string Text(int g) => g.ToString(CultureInfo.InvariantCulture);

    // ---- Opening and ending

    private void Open()
    {
        for (int attempt = 0; ; attempt++)
        {
            _statement = "opening";
            try
            {
                _database = Database.Acquire(new DatabaseOptions
                {
                    Path = Name,
                    Substrate = Disk.Provider,
                    Environment = new SimulatedWorld((_seed * 3) + (ulong)attempt, Disk, _faults).Environment,
                    Settings = _settings,
                    OpenTimeout = TimeSpan.Zero,
                });
                _session = _database.CreateSession(new SessionOptions { LockTimeout = TimeSpan.FromSeconds(1) });
            }
            catch (BareMetalException e) when (attempt == 0)
            {
                Judge(e);
                Disk.LosePower(_seed);
                continue;
            }

            Settle();
            return;
        }
    }

    private void Settle()
    {
        if (!_hasTable || _candidates.Count == 1)
            return;
        string found = Describe();
        int at = _candidates.FindIndex(c => Describe(c) == found);
        if (at < 0)
            throw Fail($"after reopening none of the states that may be: {First(found, Describe(_candidates[^1]))}");
        Certain(_candidates[at]);
    }

    private void Close()
    {
        _statement = "closing";
        try
        {
            _session!.Dispose();
            _database!.Release();
            Disk.KillProcess();
        }
        catch (BareMetalException e)
        {
            Judge(e);
            Disk.LosePower(_seed);
        }
    }

    private void LosePower()
    {
        Disk.LosePower(_seed * 5);
        try
        {
            _session!.Dispose();
            _database!.Release();
        }
        catch (Exception e) when (e is SimulatedCrashException or BareMetalException)
        {
            // Its machine is gone.
        }
    }

    private XunitException Fail(string what) =>
        new($"Seed {_seed}, fault {Disk.LastFault ?? "none"}, at \"{_statement}\": {what}\nErrors so far:\n{string.Join('\n', _errors)}");
}
