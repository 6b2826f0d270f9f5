using System.Data;
using System.Globalization;
using BareMetal.Data.Sessions;
using BareMetal.Data.Simulation;
using BareMetal.Data.Storage;
using BareMetal.Data.Storage.Log;
using BareMetal.Data.Storage.Recovery;
using BareMetal.Data.Tests.Sessions;
using Database = BareMetal.Data.Sessions.Database;

namespace BareMetal.Data.Tests.Transactions.Histories;

/// <summary>
/// Real threads append to registers and read them, in transactions of one level, on a database on the simulated disk that crashes now and then and
/// is recovered. What they did and saw is recorded, and checked as one history: over the crashes, too, since Full loses nothing that was seen.
/// </summary>
internal sealed class HistoryRun
{
    private const int Processes = 6;
    private const int ActiveRegisters = 6;
    private const int LongestList = 24;

    private readonly IsolationLevel _level;
    private readonly SplitMix _random;
    private readonly EngineFaults _faults;
    private readonly SimulatedDisk _disk = new(512);
    private readonly List<RecordedTransaction> _transactions = [];
    private long _moment;
    private int _lastValue;
    private int _firstRegister;
    private int _appends;
    private int _left;

    /// <summary>Prepares a run.</summary>
    /// <param name="level">The level of all transactions.</param>
    /// <param name="seed">Decides what the threads do and where the machine crashes; how they interleave is up to the system.</param>
    /// <param name="faults">Rules to break.</param>
    public HistoryRun(IsolationLevel level, ulong seed, EngineFaults? faults = null)
    {
        _level = level;
        _random = new SplitMix(seed * 7919);
        _faults = faults ?? new EngineFaults();
    }

    public int Committed => _transactions.Count(t => t.Fate == TransactionFate.Committed);

    public int Aborted => _transactions.Count(t => t.Fate == TransactionFate.Aborted);

    public int Crashes { get; private set; }

    public int Operations => _transactions.Sum(t => t.Operations.Count);

    /// <summary>Runs transactions until a number of them were tried.</summary>
    /// <returns>What is wrong with the history.</returns>
    public IReadOnlyList<string> Run(int transactions, bool crash)
    {
        _left = transactions;
        while (true)
        {
            bool crashes = crash && _left > 0 && _transactions.Count < transactions * 9 / 10;
            _disk.CrashAt = crashes ? _disk.Operations + 60 + _random.Next(400) : 0;
            bool crashed = Work();
            if (!crashed)
                break;
            Crashes++;
            _disk.LosePower(_random.Next());
        }

        _disk.CrashAt = 0;
        Database database = Open();
        Dictionary<int, int[]> final = [];
        using (Session session = database.CreateSession(SessionOptions.Default))
        {
            foreach (string row in session.Rows("SELECT id, v FROM reg"))
                final.Add(int.Parse(row[..row.IndexOf('|')], CultureInfo.InvariantCulture), Parse(row[(row.IndexOf('|') + 1)..]));
        }

        database.Release();
        return HistoryChecker.Check(_level, _transactions, final);
    }

    /// <summary>Opens the database and lets the processes work until the end, or until the machine crashes.</summary>
    private bool Work()
    {
        Database? database = null;
        try
        {
            database = Open();
            using (Session session = database.CreateSession(SessionOptions.Default))
                session.Run("CREATE TABLE IF NOT EXISTS reg (id integer PRIMARY KEY, v text NOT NULL)");
            Task[] processes = [.. Enumerable.Range(0, Processes).Select(p => (Process: p, Seed: _random.Next())).Select(p =>
                Task.Factory.StartNew(() => Process(database, p.Process, new SplitMix(p.Seed)), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap())];
            Task.WaitAll(processes);
        }
        catch (Exception) when (_disk.IsCrashed)
        {
            // The machine stopped while the database was opened or made.
        }

        bool crashed = _disk.IsCrashed;
        try
        {
            database?.Release();
        }
        catch (Exception) when (_disk.IsCrashed)
        {
            // Nothing can be written any more.
        }

        return crashed || _disk.IsCrashed;
    }

    private Database Open() => Database.Acquire(new DatabaseOptions
    {
        Path = "history",
        Substrate = new SharedProvider(_disk.Provider),
        Environment = new StorageEnvironment { Faults = _faults, Scheduler = new CrashingScheduler() },
        Settings = new DatabaseSettings
        {
            UndoInterval = 3,
            PageSize = 4096,
            CacheBytes = 1 << 20,
            CheckpointLogBytes = 48 << 10,
            CheckpointPaceBytes = 24 << 10,
            Log = new LogSettings { FirstExtentBytes = 32 << 10, LargestExtentBytes = 32 << 10, GroupBytes = 16 << 10, KeptBytes = 96 << 10 },
        },
    });

    private async Task Process(Database database, int process, SplitMix random)
    {
        using Session session = database.CreateSession(new SessionOptions { LockTimeout = TimeSpan.FromSeconds(20) });
        while (Interlocked.Decrement(ref _left) >= 0)
        {
            RecordedTransaction transaction = new(0, process);
            lock (_transactions)
                _transactions.Add(transaction);
            transaction.Began = Interlocked.Increment(ref _moment);
            bool committing = false;
            try
            {
                // The same by the blocking and by the asynchronous calls.
                bool asynchronous = random.Chance(50);
                session.BeginTransaction(_level switch
                {
                    IsolationLevel.Snapshot => IsolationMode.Snapshot,
                    IsolationLevel.Serializable => IsolationMode.Serializable,
                    _ => IsolationMode.ReadCommitted,
                });
                int count = 1 + random.Next(4);
                for (int i = 0; i < count; i++)
                    await Operate(session, transaction, random, asynchronous);
                if (random.Chance(4))
                {
                    session.Rollback();
                    transaction.Fate = TransactionFate.Aborted;
                    continue;
                }

                committing = true;
                if (asynchronous)
                    await session.CommitAsync();
                else
                    session.Commit();
                transaction.Fate = TransactionFate.Committed;
                transaction.Ended = Interlocked.Increment(ref _moment);
            }
            catch (BareMetalException e) when (e.SqlState is "40001" or "40P01" or "55P03")
            {
                transaction.Fate = TransactionFate.Aborted;
                if (session.InTransaction)
                    session.Rollback();
            }
            catch (Exception) when (_disk.IsCrashed)
            {
                // Before the commit was asked for it can't have happened.
                transaction.Fate = committing ? TransactionFate.Unknown : TransactionFate.Aborted;
                return;
            }
        }
    }

    private async Task Operate(Session session, RecordedTransaction transaction, SplitMix random, bool asynchronous)
    {
        // Registers come into use and go out of it, so that there are missing ones, and lists stay short.
        int first = Volatile.Read(ref _firstRegister);
        int register = first + random.Next(ActiveRegisters);
        switch (random.Next(10))
        {
            case < 4:
                List<string> found = await Query(session, $"SELECT v FROM reg WHERE id = {register}", asynchronous);
                transaction.Operations.Add(new RecordedOperation(register, 0, found.Count == 0 ? [] : Parse(found[0])));
                break;
            case < 6:
                Dictionary<int, int[]> range = [];
                foreach (string row in await Query(session, $"SELECT id, v FROM reg WHERE id BETWEEN {first} AND {first + ActiveRegisters - 1}", asynchronous))
                    range.Add(int.Parse(row[..row.IndexOf('|')], CultureInfo.InvariantCulture), Parse(row[(row.IndexOf('|') + 1)..]));
                for (int i = first; i < first + ActiveRegisters; i++)
                    transaction.Operations.Add(new RecordedOperation(i, 0, range.GetValueOrDefault(i, [])));
                break;
            default:
                int value = Interlocked.Increment(ref _lastValue);
                transaction.Operations.Add(new RecordedOperation(register, value, null));
                string list = $" {value}";
                bool updated = random.Chance(50)
                    && (await Query(session, $"UPDATE reg SET v = v || '{list}' WHERE id = {register} RETURNING id", asynchronous)).Count > 0;
                if (!updated)
                    await Query(session, $"INSERT INTO reg VALUES ({register}, '{list}') ON CONFLICT (id) DO UPDATE SET v = reg.v || excluded.v", asynchronous);
                if (Interlocked.Increment(ref _appends) % (LongestList * 2) == 0)
                    Interlocked.Increment(ref _firstRegister);
                break;
        }
    }

    private static async Task<List<string>> Query(Session session, string sql, bool asynchronous)
    {
        if (!asynchronous)
            return session.Rows(sql);
        List<string> rows = [];
        using CommandExecution execution = session.Begin(sql);
        while (await execution.NextResultAsync())
        {
            while (execution.NextBatch())
            {
                for (int row = 0; row < execution.Current.Count; row++)
                    rows.Add(SessionText.Row(execution.Current, row));
            }
        }

        return rows;
    }

    private static int[] Parse(string list) => [.. list.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(v => int.Parse(v, CultureInfo.InvariantCulture))];
}
