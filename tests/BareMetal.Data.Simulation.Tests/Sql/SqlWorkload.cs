using System.Collections.Immutable;
using System.Globalization;
using BareMetal.Data.Sessions;
using BareMetal.Data.Simulation.Scripts;
using BareMetal.Data.Storage;
using BareMetal.Data.Storage.Log;
using BareMetal.Data.Storage.Recovery;
using Database = BareMetal.Data.Sessions.Database;

namespace BareMetal.Data.Simulation.Tests.Sql;

/// <summary>
/// SQL in several sessions, stepped one after the other on one thread. Each session defines and changes tables of its own; all of them
/// change rows of the table "shared", so that their transactions meet.
/// </summary>
internal sealed partial class SqlWorkload : CrashWorkload
{
    private readonly ulong _seed;
    private readonly DatabaseSettings _settings;
    private readonly List<SqlState> _history = [SqlState.Empty];
    private readonly List<Durability> _durabilities = [Durability.Full];
    private readonly SortedDictionary<string, SqlActor> _actors = new(StringComparer.Ordinal);
    private readonly List<(Session Session, SqlState State, int Number)> _snapshots = [];
    private readonly List<string> _log = [];
    private Func<Session, SqlState?>? _pending;
    private SimulatedWorld _world = null!;
    private Database? _database;
    private int _names;

    public SqlWorkload(Script script, CrashCounts counts)
        : base(counts)
    {
        _seed = script.Setting("seed", 1);
        int extent = (int)script.Setting("extent", 32 << 10);
        _settings = new DatabaseSettings
        {
            UndoInterval = 6,
            PageSize = (int)script.Setting("page", 4096),
            CacheBytes = (long)script.Setting("cache", 512 << 10),
            CheckpointLogBytes = (long)script.Setting("checkpoint", 24 << 10),
            CheckpointDirtyBytes = (long)script.Setting("dirty", 4 << 20),
            CheckpointPaceBytes = 24 << 10,
            KeptCheckpointBytes = 40 << 10,
            Log = new LogSettings { FirstExtentBytes = extent, LargestExtentBytes = extent, GroupBytes = extent / 2, KeptBytes = 3 * extent },
        };
    }

    /// <inheritdoc/>
    public override bool ChecksAfterSteps => true;

    /// <inheritdoc/>
    public override int Newest => _history.Count - 1;

    private SqlState Committed => _history[^1];

    /// <inheritdoc/>
    public override void Open(SimulatedWorld world)
    {
        _world = world;
        _database = OpenDatabase(world);
        if (IsCreated)
        {
            int found = Compare(_database, Must, "opened");
            _log.Add($"-- opened at state {found}");

            // What is newer than what came back never was.
            if (found + 1 < _history.Count)
            {
                _history.RemoveRange(found + 1, _history.Count - found - 1);
                _durabilities.RemoveRange(found + 1, _durabilities.Count - found - 1);
            }

            Must = found;
        }

        IsCreated = true;
        _pending = null;
        if (Committed.Shared is null)
        {
            // The first statement, and the first again after a crash that took it away.
            SqlState next = new(SqlModel.Empty, ImmutableSortedDictionary<long, string>.Empty);
            _pending = _ => next;
            using Session session = NewSession(Durability.Full);
            session.Rows("CREATE TABLE shared (id bigint PRIMARY KEY, v text)");
            Append(next, Durability.Full);
            Must = Newest;
        }
    }

    /// <inheritdoc/>
    public override void Close()
    {
        foreach (SqlActor actor in _actors.Values)
        {
            Finish(actor);
            actor.Session.Dispose(); // what is open is rolled back
        }

        _actors.Clear();
        while (_snapshots.Count > 0)
            EndSnapshot(_snapshots.Count - 1);
        CountSpills();
        _database!.Release();
        _database = null;
        _log.Add("-- closed");
        // A machine that stopped while the database was being closed promised nothing: the close that is cut short throws nothing either.
        if (!_world.Disk.IsCrashed)
            Must = Newest;
    }

    /// <inheritdoc/>
    public override void Abandon()
    {
        _actors.Clear();
        _snapshots.Clear();
        if (_database is null)
            return;
        CountSpills();
        Abandon(_database);
        _database = null;
    }

    /// <inheritdoc/>
    public override void Release()
    {
        if (_database is null)
            return;
        Abandon(_database);
        _database = null;
    }

    /// <inheritdoc/>
    public override int Check(SimulatedWorld world, int must, int newest, bool linger)
    {
        Database? database = null;
        try
        {
            database = OpenDatabase(world);
            if (linger)
                world.Scheduler.RunUntilIdle();
            world.Disk.CrashAt = 0;
            int found = Compare(database, must, $"of states {must} to {newest}");
            if (!linger && new SplitMix(_seed + (ulong)world.Disk.Operations).Chance(20))
                GoOn(world, ref database, found < _history.Count ? _history[found] : null);
            return found;
        }
        catch (SimulatedCrashException)
        {
            throw;
        }
        finally
        {
            if (database is not null)
            {
                if (!world.Disk.IsCrashed)
                    world.Disk.KillProcess();
                Abandon(database);
            }
        }
    }

    private static Durability DurabilityOf(ulong number) => (Durability)(number % 3);

    private Database OpenDatabase(SimulatedWorld world) => Database.Acquire(new DatabaseOptions
    {
        Path = "c.bmdb",
        Substrate = world.Disk.Provider,
        Environment = world.Environment,
        Settings = _settings,
        OpenTimeout = TimeSpan.Zero,
    });

    private Session NewSession(Durability durability) =>
        _database!.CreateSession(new SessionOptions { LockTimeout = TimeSpan.FromMilliseconds(1), Durability = durability });

    /// <summary>Frees the memory of a database whose machine is gone.</summary>
    private static void Abandon(Database database)
    {
        try
        {
            database.Release();
        }
        catch (Exception e) when (e is SimulatedCrashException or BareMetalException)
        {
            // It found no machine to close its files on.
        }

        try
        {
            database.Engine.Database.Dispose();
        }
        catch (SimulatedCrashException)
        {
            // Nor one to remove its temporary file from.
        }
    }

    private void CountSpills()
    {
        Data.Storage.Pages.PagePool pool = _database!.Engine.Store.Pool;
        Counts.Add("SQL: spilled pages of transactions", pool.PrivateSpills);
        Counts.Add("SQL: spilled changed pages", pool.ChangedSpills);
        Counts.Add("SQL: spilled old versions", pool.VersionSpills);
    }

    private void Append(SqlState state, Durability durability)
    {
        _history.Add(state);
        _durabilities.Add(durability);
        _pending = null;
        Counts.Add("SQL: commits");
    }

    private ScriptFailureException Fail(string what) => new(string.Create(
        CultureInfo.InvariantCulture,
        $"{what}\nlast statements:\n{string.Join('\n', _log.TakeLast(25).Select(s => s.Length > 200 ? s[..200] + " …" : s))}"));
}
