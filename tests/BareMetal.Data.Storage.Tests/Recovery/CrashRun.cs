using System.Buffers.Binary;
using System.Collections.Immutable;
using BareMetal.Data.Simulation;
using BareMetal.Data.Storage.Log;
using BareMetal.Data.Storage.Pages;
using BareMetal.Data.Storage.Recovery;
using BareMetal.Data.Storage.Trees;

namespace BareMetal.Data.Storage.Tests.Recovery;

/// <summary>
/// A random workload on the simulated disk. After every operation of the disk the machine is copied, the copy crashes in one of several
/// ways, is opened again and compared with what was acknowledged.
/// </summary>
internal sealed class CrashRun
{
    private const string Name = "c.bmdb";

    public static readonly DatabaseSettings Tiny = new()
    {
        PageSize = 4096,
        CacheBytes = 256 << 10,
        CheckpointLogBytes = 12 << 10,
        CheckpointDirtyBytes = 4 << 20,
        CheckpointPaceBytes = 12 << 10,
        KeptCheckpointBytes = 40 << 10,
        Log = new LogSettings { FirstExtentBytes = 16 << 10, LargestExtentBytes = 16 << 10, GroupBytes = 8 << 10, KeptBytes = 48 << 10 },
    };

    private readonly SplitMix _random;
    private readonly ulong _seed;
    private readonly FlushSite? _skipped;
    private readonly SimulatedWorld _world;
    private readonly List<(Lsn Lsn, State State)> _history = [(Lsn.Zero, State.Empty)];
    private readonly int _everyNth;
    private byte[] _compressed = [];
    private Database? _database;
    private State _state = State.Empty;
    private Lsn _last;
    private Lsn _mustHave;
    private bool _created;
    private bool _inHook;
    private ulong _nextTree = TreeId.FirstDynamic;
    private int _sinceCheck;
    private CrashRunException? _found;

    /// <summary>Prepares a run.</summary>
    /// <param name="seed">Decides everything.</param>
    /// <param name="skipped">A flush that is left out.</param>
    /// <param name="everyNth">How many operations of the disk lie between two crash points.</param>
    /// <param name="faults">Rules that the engine breaks on purpose.</param>
    /// <param name="substrate">What lies between the engine and the disk; null for the default.</param>
    public CrashRun(ulong seed, FlushSite? skipped = null, int everyNth = 1, EngineFaults? faults = null, TestSubstrate? substrate = null)
    {
        _seed = seed;
        _skipped = skipped;
        _everyNth = everyNth;
        _random = new SplitMix(seed * 7919);
        _world = new SimulatedWorld(
            seed, substrate is { } chosen ? new SimulatedDisk(seed % 2 == 0 ? 512 : 4096) { Substrate = chosen } : TestSubstrates.SingleDisk(skipped is not null), faults) { SkippedSite = skipped };
    }

    /// <summary>Crash points tried.</summary>
    public int Points { get; private set; }

    /// <summary>Of those, the ones that crashed again during recovery.</summary>
    public int RecoveryPoints { get; private set; }

    /// <summary>Recoveries of a mirror after which both sides held the same.</summary>
    public int Agreements { get; private set; }

    /// <summary>Checkpoints that the workload took.</summary>
    public long Checkpoints { get; private set; }

    /// <summary>The disk's trace: equal for equal runs.</summary>
    public ulong Trace => _world.Disk.Trace;

    /// <summary>Runs the workload.</summary>
    /// <param name="steps">How many random steps.</param>
    /// <param name="crashes">Whether to try crashes.</param>
    public void Run(int steps, bool crashes = true)
    {
        try
        {
            RunSteps(steps, crashes);
        }
        catch (Exception e) when (_found is not null)
        {
            throw _found ?? e; // the pipeline took what the hook threw for a failure of the disk
        }
        catch (StorageException e)
        {
            throw Fail(e.Message, e);
        }
    }

    private void RunSteps(int steps, bool crashes)
    {
        if (crashes)
            _world.Disk.AfterOperation = AfterOperation;
        _database = Open(_world);
        _created = true;
        for (int i = 0; i < steps; i++)
            Step();
        Checkpoints += _database.Checkpoints.Completed;
        Close();
    }

    private void Step()
    {
        switch (_random.Next(40))
        {
            case < 28:
                Commit(_random.Chance(70) ? Durability.Full : _random.Chance(50) ? Durability.Normal : Durability.Off);
                break;
            case < 31:
                LogSequence();
                break;
            case < 34:
                _world.Scheduler.RunUntilIdle();
                break;
            case < 36:
                _world.Clock.Advance(TimeSpan.FromMilliseconds(30));
                _world.Scheduler.RunUntilIdle();
                break;
            case < 38:
                _database!.Checkpoints.Run();
                _mustHave = _last;
                break;
            case 38 when _random.Chance(40):
                Reclaim();
                break;
            case 38:
                // Ends with a checkpoint, so that everything before it must be there.
                _database!.RunVacuum(new VacuumSettings { Fill = _random.Chance(50), MaxPages = _random.Chance(40) ? 1 + _random.Next(20) : 0 }, null, CancellationToken.None);
                _mustHave = _last;
                break;
            default:
                Checkpoints += _database!.Checkpoints.Completed;
                Close();
                _database = Open(_world);
                Check(_database, _last, "reopened after a clean close");
                if (!_database.Report.WasClean)
                    throw Fail("a clean close was not found clean");
                break;
        }
    }

    private void Close()
    {
        _database!.Close();
        _mustHave = _last;
        SimulatedDisk copy = _world.Disk.Clone();
        copy.LosePower(_random.Next());
        Database again = Open(new SimulatedWorld(_random.Next(), copy) { SkippedSite = _skipped });
        if (!again.Report.WasClean)
            throw Fail("a clean close did not survive a power loss");
        Check(again, _last, "after a clean close and a power loss");
        Abandon(again);
    }

    private void Commit(Durability durability)
    {
        ListRequest request = new();
        State next = _state;
        if (next.Trees.Count < 2 || next.Trees.Count < 5 && _random.Chance(8))
        {
            next = next with { Trees = next.Trees.Add(_nextTree, Tree.Empty) };
            request.Create(_nextTree++);
        }

        ulong[] trees = [.. next.Trees.Keys];
        int count = _random.Next(20) switch { 0 => 80 + _random.Next(150), < 5 => 8 + _random.Next(20), _ => 1 + _random.Next(4) };
        for (int i = 0; i < count; i++)
        {
            ulong tree = trees[_random.Next(trees.Length)];
            byte[] key = new byte[2 + _random.Next(12)];
            BinaryPrimitives.WriteUInt16BigEndian(key, (ushort)_random.Next(_random.Chance(50) ? 40 : 400));
            if (_random.Chance(65))
                key = key[..2];
            Tree entries = next.Trees[tree];
            if (_random.Chance(30))
            {
                request.Delete(tree, key);
                next = next with { Trees = next.Trees.SetItem(tree, new Tree(entries.Entries.Remove(Key(key)))) };
            }
            else
            {
                byte[] value = new byte[_random.Next(50) switch { 0 => 3000 + _random.Next(9000), < 8 => _random.Next(600), _ => _random.Next(60) }];
                _random.Fill(value.AsSpan(0, Math.Min(8, value.Length)));
                if (value.Length > 6000 && ValueCompression.TryCompress(value, Tiny.PageSize, ref _compressed, out int stored))
                    request.PutCompressed(tree, key, _compressed[..stored]);
                else
                    request.Put(tree, key, value);
                next = next with { Trees = next.Trees.SetItem(tree, new Tree(entries.Entries.SetItem(Key(key), value))) };
            }
        }

        if (trees.Length > 3 && _random.Chance(15))
        {
            ulong dropped = trees[_random.Next(trees.Length)];
            request.Drop(dropped);
            next = next with { Trees = next.Trees.Remove(dropped) };
        }

        Advance(next, () => _database!.Pipeline.Commit(request, durability));
        if (durability == Durability.Full)
            _mustHave = _last;
    }

    private void LogSequence()
    {
        ulong id = (ulong)_random.Next(3);
        ulong value = _state.Sequences.GetValueOrDefault(id) + (ulong)_random.Next(50) + 1;
        Advance(_state with { Sequences = _state.Sequences.SetItem(id, value) }, () =>
        {
            _database!.Pipeline.LogSequence(id, value);
            return _database.Pipeline.LastLogged;
        });
    }

    private void Reclaim()
    {
        if (_database!.Store.HasGarbage)
            _database.Pipeline.RunExclusive(() => _database.Pipeline.ApplyUnlogged(lsn => _database.Target.Batch.ReclaimDropped(lsn, 20)));
    }

    private void Advance(State next, Func<Lsn> action)
    {
        Lsn expected = _database!.Pipeline.LastLsn.Next();
        _history.Add((expected, next));
        Lsn lsn = action();
        if (lsn != expected)
            throw Fail($"LSN {lsn} came where {expected} was expected");
        _last = lsn;
        _state = next;
    }

    /// <summary>The state that an LSN stands for: that of the last change at or before it, since maintenance takes LSNs too.</summary>
    private State StateAt(Lsn lsn)
    {
        int i = _history.Count - 1;
        while (_history[i].Lsn > lsn)
            i--;
        return _history[i].State;
    }

    private void AfterOperation(SimulatedDisk disk, DiskOperation operation)
    {
        if (_inHook || ++_sinceCheck < _everyNth)
            return;
        _sinceCheck = 0;
        _inHook = true;
        try
        {
            // Flushes of the directory are rare and each stands for a narrow window: look there more closely.
            for (int i = operation == DiskOperation.FlushDirectory ? 6 : 1; i > 0; i--)
            {
                Points++;
                Crash(disk.Clone(), _random.Next());
            }
        }
        catch (CrashRunException e)
        {
            _found ??= e;
            throw;
        }
        catch (Exception e)
        {
            throw _found ??= Fail(e.Message, e);
        }
        finally
        {
            _inHook = false;
        }
    }

    private void Crash(SimulatedDisk disk, ulong seed)
    {
        SplitMix random = new(seed);
        string how;
        if (random.Chance(25))
        {
            how = "killed";
            disk.KillProcess();
        }
        else
        {
            how = "power lost";
            disk.LosePower(random.Next());
        }

        Lsn must = _mustHave;
        for (int again = random.Chance(35) ? 1 + random.Next(2) : 0; again > 0; again--)
        {
            // Crash during recovery, or just after it.
            RecoveryPoints++;
            disk.CrashAt = disk.Operations + 1 + random.Next(25);
            SimulatedWorld world = new(random.Next(), disk) { SkippedSite = _skipped };
            bool opened = false;
            try
            {
                Database recovered = Open(world);
                opened = true;
                disk.CrashAt = 0;
                must = Check(recovered, must, how + ", recovered");
                Abandon(recovered);
            }
            catch (SimulatedCrashException)
            {
                how += opened ? ", crashed after recovery" : ", crashed during recovery";
            }
            catch (StorageException e)
            {
                throw Fail($"{how}: {e.Message}", e);
            }

            if (random.Chance(30))
            {
                disk.KillProcess();
                how += ", killed";
            }
            else
            {
                disk.LosePower(random.Next());
                how += ", power lost";
            }
        }

        try
        {
            SimulatedWorld world = new(random.Next(), disk) { SkippedSite = _skipped };
            Database database = Open(world);
            must = Check(database, must, how);
            CheckSides(world, how);
            if (!random.Chance(8))
            {
                Abandon(database);
                return;
            }

            // Life goes on: a commit, a checkpoint, a clean close, and the plug once more.
            Lsn lsn = database.Pipeline.Commit(
                new ListRequest().Create(900_000).Put(900_000, [1], [2]), Durability.Full);
            if (random.Chance(50))
                database.Checkpoints.Run();
            disk.LosePower(random.Next());
            Abandon(database);
            Database later = Open(new SimulatedWorld(random.Next(), disk) { SkippedSite = _skipped });
            if (later.Report.LastLsn < lsn)
                throw Fail($"{how}: a commit after recovery was lost");
            Abandon(later);
        }
        catch (StorageException e)
        {
            throw Fail($"{how}: {e.Message}", e);
        }
    }

    /// <summary>After recovery, and the comparison that follows it, both sides of a mirror hold the same.</summary>
    private void CheckSides(SimulatedWorld world, string how)
    {
        if (world.Disk.Mirror is not { } mirror || world.Disk.Twin is not { } twin)
            return;
        world.Scheduler.RunUntilIdle();
        if (mirror.GetStatus() is not { InDoubt: false, IsWhole: true } status)
            throw Fail($"{how}: the mirror is not whole: {mirror.GetStatus()}");
        if (!world.Disk.Files.SequenceEqual(twin.Files))
            throw Fail($"{how}: the sides have other files: {string.Join(' ', world.Disk.Files)} and {string.Join(' ', twin.Files)}");
        foreach (string name in world.Disk.Files)
        {
            if (!world.Disk.ReadAll(name).AsSpan().SequenceEqual(twin.ReadAll(name)))
                throw Fail($"{how}: {name} is not the same on both sides");
        }

        Agreements++;
    }

    /// <summary>Frees the memory of a database whose machine may be gone.</summary>
    private static void Abandon(Database database)
    {
        try
        {
            database.Dispose();
        }
        catch (SimulatedCrashException)
        {
            // It tried to remove its temporary file.
        }
    }

    private Database Open(SimulatedWorld world) =>
        Database.Open(
            world.Disk.Provider, Name, _created ? StorageFileMode.Open : StorageFileMode.OpenOrCreate, world.Environment, Tiny);

    /// <summary>Compares an opened database with the state that its last LSN stands for.</summary>
    /// <returns>That LSN: from now on it must not be lost.</returns>
    private Lsn Check(Database database, Lsn must, string how)
    {
        Lsn last = database.Report.LastLsn;
        if (last < must)
            throw Fail($"{how}: everything up to {must} was promised, {last} came back ({database.Report})");
        State expected = StateAt(last);
        if (database.Data.Header.CheckpointLsn > last)
            throw Fail($"{how}: the data file is at {database.Data.Header.CheckpointLsn}, the log ends at {last}");

        Dictionary<ulong, ulong> sequences = database.ReadSequences();
        foreach ((ulong id, ulong value) in expected.Sequences)
        {
            if (sequences.GetValueOrDefault(id) != value)
                throw Fail($"{how}: counter {id} is {sequences.GetValueOrDefault(id)} instead of {value} at {last}");
        }

        foreach (IntegrityProblem problem in IntegrityChecker.Check(database.Store))
            throw Fail($"{how}: {problem}");
        Snapshot snapshot = database.Store.AcquireSnapshot();
        try
        {
            for (ulong id = TreeId.FirstDynamic; id < _nextTree; id++)
            {
                bool exists = database.Store.TryFindTree(new TreeId(id), snapshot.Lsn, out _);
                if (exists != expected.Trees.ContainsKey(id))
                    throw Fail($"{how}: tree {id} is {(exists ? "there" : "missing")} at {last}");
                if (exists)
                    CompareTree(database, snapshot, id, expected.Trees[id], how);
            }
        }
        finally
        {
            database.Store.ReleaseSnapshot(snapshot);
        }

        return last;
    }

    private void CompareTree(Database database, Snapshot snapshot, ulong id, Tree expected, string how)
    {
        PageCursor cursor = database.Store.OpenCursor(new TreeId(id), snapshot.Lsn);
        try
        {
            bool found = cursor.SeekFirst();
            foreach ((string key, byte[] value) in expected.Entries)
            {
                if (!found || Key(cursor.Key) != key || !cursor.Value.SequenceEqual(value))
                    throw Fail($"{how}: tree {id} at {snapshot.Lsn} has {(found ? Key(cursor.Key) : "nothing")} where {key} with {value.Length} bytes belongs");
                found = cursor.MoveNext();
            }

            if (found)
                throw Fail($"{how}: tree {id} at {snapshot.Lsn} has {Key(cursor.Key)} too much");
        }
        finally
        {
            database.Store.ReturnCursor(cursor);
        }
    }

    private CrashRunException Fail(string what, Exception? inner = null) =>
        new($"Seed {_seed}, operation {_world.Disk.Operations}{(_skipped is { } s ? $", without the flush {s}" : string.Empty)}: {what}", inner);

    private static string Key(ReadOnlySpan<byte> key) => Convert.ToHexString(key);

    private sealed record State(ImmutableSortedDictionary<ulong, Tree> Trees, ImmutableDictionary<ulong, ulong> Sequences)
    {
        public static readonly State Empty = new(
            ImmutableSortedDictionary<ulong, Tree>.Empty, ImmutableDictionary<ulong, ulong>.Empty);
    }

    private sealed record Tree(ImmutableSortedDictionary<string, byte[]> Entries)
    {
        public static readonly Tree Empty = new(ImmutableSortedDictionary.Create<string, byte[]>(StringComparer.Ordinal));
    }
}
