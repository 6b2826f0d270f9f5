using System.Buffers.Binary;
using BareMetal.Data.Simulation.Scripts;
using BareMetal.Data.Storage;
using BareMetal.Data.Storage.Log;
using BareMetal.Data.Storage.Recovery;

namespace BareMetal.Data.Simulation.Storage;

/// <summary>
/// Transactions on trees, several at once, stepped one after the other on one thread. Every commit writes the number of the state that it
/// makes into a tree of its own, so that an opened database says itself which commits it holds.
/// </summary>
internal sealed partial class StorageWorkload : CrashWorkload
{
    private const string Name = "c.bmdb";

    private readonly DatabaseSettings _settings;
    private readonly List<StorageState> _history = [StorageState.Empty];
    private readonly List<Durability> _durabilities = [Durability.Full];
    private readonly SortedDictionary<string, StorageActor> _actors = new(StringComparer.Ordinal);
    private readonly List<(StorageTransaction Transaction, StorageState State, int Number)> _snapshots = [];
    private readonly SortedSet<ulong> _everCreated = [];
    private readonly Dictionary<ulong, ulong> _counters = [];
    private SimulatedWorld _world = null!;
    private StorageEngine? _engine;
    private int _visible;
    private int _counts;

    public StorageWorkload(Script script, CrashCounts counts)
        : base(counts)
    {
        int extent = (int)script.Setting("extent", 16 << 10);
        _settings = new DatabaseSettings
        {
            UndoInterval = 5,
            PageSize = (int)script.Setting("page", 4096),
            CacheBytes = (long)script.Setting("cache", 256 << 10),
            CheckpointLogBytes = (long)script.Setting("checkpoint", 12 << 10),
            CheckpointDirtyBytes = (long)script.Setting("dirty", 4 << 20),
            CheckpointPaceBytes = (long)script.Setting("pace", 12 << 10),
            KeptCheckpointBytes = 40 << 10,
            Log = new LogSettings { FirstExtentBytes = extent, LargestExtentBytes = extent, GroupBytes = extent / 2, KeptBytes = 3 * extent },
        };
    }

    /// <inheritdoc/>
    public override int Newest => _history.Count - 1;

    /// <inheritdoc/>
    public override void Open(SimulatedWorld world)
    {
        _world = world;
        _engine = OpenEngine(world);
        int found = Identify(_engine, Must, Newest);
        if (IsCreated)
            Compare(_engine, _history[found], "opened");

        // What is newer than what came back never was: from here on time goes another way.
        _history.RemoveRange(found + 1, _history.Count - found - 1);
        _durabilities.RemoveRange(found + 1, _durabilities.Count - found - 1);
        _counters.Clear();
        foreach ((ulong counter, ulong used) in _history[found].Counters)
            _counters.Add(counter, used);
        Must = _visible = found;
        IsCreated = true;
    }

    /// <inheritdoc/>
    public override void Close()
    {
        foreach (StorageActor actor in _actors.Values)
        {
            Finish(actor);
            actor.Transaction?.Rollback();
            actor.End();
        }

        while (_snapshots.Count > 0)
            EndSnapshot(_snapshots.Count - 1);
        EndBackup();
        CountSpills();
        Counts.Add("checkpoints taken", _engine!.Database.Checkpoints.Completed);
        CompareNewest("before the close");
        _engine.Dispose();
        _engine = null;

        // A machine that stopped while the database was being closed promised nothing: the close that is cut short throws nothing either.
        if (!_world.Disk.IsCrashed)
            Must = Newest;
    }

    /// <inheritdoc/>
    public override void Abandon()
    {
        if (_engine is null)
            return;
        CountSpills();
        _actors.Clear();
        _snapshots.Clear();
        EndBackup();
        Abandon(_engine);
        _engine = null;
    }

    /// <inheritdoc/>
    public override void Release()
    {
        if (_engine is null)
            return;
        EndBackup();
        Abandon(_engine);
        _engine = null;
    }

    /// <inheritdoc/>
    public override int Check(SimulatedWorld world, int must, int newest, bool linger)
    {
        StorageEngine engine = OpenEngine(world);
        try
        {
            if (linger)
                world.Scheduler.RunUntilIdle();
            world.Disk.CrashAt = 0;
            int found = Identify(engine, must, newest);
            Compare(engine, _history[found], $"state {found} of {must} to {newest}");
            if (!linger && (_backups.Count > 0 || _backup is not null) && new SplitMix((ulong)world.Disk.Operations + (ulong)_counts++).Chance(6))
                CheckBackups(world.Disk.Provider);
            return found;
        }
        finally
        {
            Abandon(engine);
        }
    }

    private StorageEngine OpenEngine(SimulatedWorld world) => StorageEngine.Open(new StorageOptions
    {
        Provider = world.Disk.Provider,
        Name = Name,
        Mode = IsCreated ? StorageFileMode.Open : StorageFileMode.OpenOrCreate,
        Environment = world.Environment,
        Settings = _settings,
        LockTimeout = TimeSpan.Zero,
    });

    /// <summary>Frees the memory of a database whose machine may be gone.</summary>
    private static void Abandon(StorageEngine engine)
    {
        try
        {
            engine.Database.Dispose();
        }
        catch (SimulatedCrashException)
        {
            // It tried to remove its temporary file.
        }
    }

    private void CountSpills()
    {
        Counts.Add("spilled pages of transactions", _engine!.Store.Pool.PrivateSpills);
        Counts.Add("spilled changed pages", _engine.Store.Pool.ChangedSpills);
        Counts.Add("spilled old versions", _engine.Store.Pool.VersionSpills);
    }

    /// <summary>The state that a database is in, by the marks of its commits.</summary>
    private int Identify(StorageEngine engine, int must, int newest)
    {
        using StorageTransaction transaction = engine.Begin(TransactionIsolation.Snapshot, readOnly: true);
        int found = 0;
        using (TreeCursor cursor = transaction.OpenCursor(new TreeId(StorageState.Marks)))
        {
            for (bool more = cursor.SeekFirst(); more; more = cursor.MoveNext())
                found = Math.Max(found, BinaryPrimitives.ReadInt32BigEndian(cursor.Value));
        }

        if (found < must)
            throw new ScriptFailureException($"everything up to commit {must} was promised, {found} came back ({engine.OpenReport})");
        if (found > newest)
            throw new ScriptFailureException($"commit {found} came back, of which nothing was known: {newest} is the last");
        return found;
    }
}
