using System.Buffers.Binary;
using System.Collections.Immutable;
using BareMetal.Data.Simulation;
using BareMetal.Data.Storage.Backup;
using BareMetal.Data.Storage.Log;
using BareMetal.Data.Storage.Pages;
using BareMetal.Data.Storage.Recovery;
using BareMetal.Data.Storage.Tests.Recovery;
using BareMetal.Data.Storage.Trees;
using Xunit;

namespace BareMetal.Data.Storage.Tests.Backup;

/// <summary>A random workload on a simulated disk with a model of every state that it went through, by LSN and time.</summary>
internal sealed class BackupWorkload
{
    public const string Name = "b.bmdb";

    private readonly SplitMix _random;
    private readonly List<(Lsn Lsn, DateTimeOffset Time, State State)> _history;
    private readonly DatabaseSettings _settings;
    private State _state = State.Empty;
    private ulong _nextTree = TreeId.FirstDynamic;

    public BackupWorkload(ulong seed, FlushSite? skipped = null, DatabaseSettings? settings = null, SimulatedDisk? disk = null, bool encrypted = false)
    {
        _random = new SplitMix(seed * 6007);
        _settings = settings ?? CrashRun.Tiny with { AutomaticCheckpoints = false };
        if (encrypted || TestSubstrates.IsEncrypted(TestSubstrates.Default))
            _settings = _settings with { Key = TestSubstrates.Key };
        World = new SimulatedWorld(seed, disk ?? TestSubstrates.SingleDisk(skipped is not null)) { SkippedSite = skipped };
        _history = [(Lsn.Zero, DateTimeOffset.MinValue, State.Empty)];
        Database = Open();
    }

    public SimulatedWorld World { get; private set; }

    public Database Database { get; private set; }

    public DatabaseSettings Settings => _settings;

    public Lsn Last => _history[^1].Lsn;

    public DateTimeOffset Now => World.Clock.GetUtcNow();

    public IReadOnlyList<(Lsn Lsn, DateTimeOffset Time, State State)> History => _history;

    public bool Chance(int percent) => _random.Chance(percent);

    public int Next(int bound) => _random.Next(bound);

    /// <summary>A step: mostly commits, now and then a checkpoint, a counter, maintenance.</summary>
    public void Step()
    {
        World.Clock.Advance(TimeSpan.FromMilliseconds(1 + _random.Next(50)));
        switch (_random.Next(30))
        {
            case < 22:
                Commit();
                break;
            case < 24:
                Count();
                break;
            case < 26:
                World.Scheduler.RunUntilIdle();
                break;
            case < 28:
                if (Database.Store.HasGarbage)
                    Database.Pipeline.RunExclusive(() => Database.Pipeline.ApplyUnlogged(lsn => Database.Target.Batch.ReclaimDropped(lsn, 20)));
                break;
            default:
                Database.Checkpoints.Run();
                break;
        }
    }

    public void Steps(int count)
    {
        for (int i = 0; i < count; i++)
            Step();
    }

    /// <summary>Closes the database and opens it again: cleanly, or after a crash in which what was acknowledged must survive.</summary>
    public void Reopen(bool crash)
    {
        if (crash)
        {
            World.Disk.LosePower(_random.Next());
            try
            {
                Database.Dispose();
            }
            catch (SimulatedCrashException)
            {
                // The machine that it ran on is gone.
            }
        }
        else
        {
            Database.Close();
        }

        SimulatedWorld next = new(_random.Next(), World.Disk) { SkippedSite = World.SkippedSite };
        next.Clock.Advance(Now - next.Clock.GetUtcNow());
        World = next;
        Database = Open();
        Compare(Database, _state, "the workload's own database");
    }

    /// <summary>Commits something random.</summary>
    public void Commit()
    {
        ListRequest request = new();
        State next = _state;
        if (next.Trees.Count < 2 || next.Trees.Count < 4 && _random.Chance(8))
        {
            next = next with { Trees = next.Trees.Add(_nextTree, Tree.Empty) };
            request.Create(_nextTree++);
        }

        ulong[] trees = [.. next.Trees.Keys];
        int count = _random.Next(25) switch { 0 => 60 + _random.Next(120), < 5 => 8 + _random.Next(20), _ => 1 + _random.Next(4) };
        for (int i = 0; i < count; i++)
        {
            ulong tree = trees[_random.Next(trees.Length)];
            byte[] key = new byte[2 + (_random.Chance(35) ? _random.Next(12) : 0)];
            BinaryPrimitives.WriteUInt16BigEndian(key, (ushort)_random.Next(_random.Chance(50) ? 40 : 300));
            Tree entries = next.Trees[tree];
            if (_random.Chance(30))
            {
                request.Delete(tree, key);
                next = next with { Trees = next.Trees.SetItem(tree, new Tree(entries.Entries.Remove(Convert.ToHexString(key)))) };
            }
            else
            {
                byte[] value = new byte[_random.Next(40) switch { 0 => 3000 + _random.Next(9000), < 8 => _random.Next(600), _ => _random.Next(60) }];
                _random.Fill(value.AsSpan(0, Math.Min(8, value.Length)));
                request.Put(tree, key, value);
                next = next with { Trees = next.Trees.SetItem(tree, new Tree(entries.Entries.SetItem(Convert.ToHexString(key), value))) };
            }
        }

        if (trees.Length > 2 && _random.Chance(10))
        {
            ulong dropped = trees[_random.Next(trees.Length)];
            request.Drop(dropped);
            next = next with { Trees = next.Trees.Remove(dropped) };
        }

        // Before it is tried: a crash may come when it is durable and not yet acknowledged.
        Lsn expected = Database.Pipeline.LastLsn.Next();
        _history.Add((expected, Now, next));
        Assert.Equal(expected, Database.Pipeline.Commit(request, Durability.Full));
        _state = next;
    }

    public void Count()
    {
        ulong id = (ulong)_random.Next(3);
        ulong value = _state.Sequences.GetValueOrDefault(id) + (ulong)_random.Next(50) + 1;
        _state = _state with { Sequences = _state.Sequences.SetItem(id, value) };
        _history.Add((Database.Pipeline.LastLsn.Next(), Now, _state));
        Database.Pipeline.LogSequence(id, value);
        Database.Pipeline.RunExclusive(() => Database.Pipeline.FlushAll());
    }

    public BackupInfo Backup(IStorageProvider target, bool incremental = false, int pagesPerFile = 1 << 16, Action? between = null)
    {
        using BackupRun run = new(Database, new BackupOptions { Target = target, Incremental = incremental, PagesPerFile = pagesPerFile }, default);
        while (run.Step())
            between?.Invoke();
        return run.Info;
    }

    public State StateAt(Lsn lsn)
    {
        int i = _history.Count - 1;
        while (_history[i].Lsn > lsn)
            i--;
        return _history[i].State;
    }

    public State StateAt(DateTimeOffset time)
    {
        int i = _history.Count - 1;
        while (_history[i].Time > time)
            i--;
        return _history[i].State;
    }

    public RestoreOptions To(IStorageProvider backups, IStorageProvider? target = null) => new()
    {
        Source = backups,
        Set = Name,
        Target = target ?? new MemoryStorageProvider(),
        Name = "r.bmdb",
        Environment = new SimulatedWorld(_random.Next()).Environment,
        Settings = _settings,
        Key = _settings.Key,
        CheckIntegrity = _random.Chance(30),
        RoundBytes = _random.Chance(50) ? 32 << 20 : 6000,
    };

    /// <summary>Restores and compares.</summary>
    public RestoreResult RestoreAndCompare(RestoreOptions options, State expected, string what)
    {
        RestoreResult result = StorageBackup.Restore(options);
        using Database restored = OpenRestored(options);
        Assert.True(restored.Report.WasClean, what);
        Compare(restored, expected, what);
        Assert.Empty(IntegrityChecker.Check(restored.Store));
        return result;
    }

    public Database OpenRestored(RestoreOptions options) =>
        Database.Open(options.Target, options.Name, StorageFileMode.Open, new SimulatedWorld(_random.Next()).Environment, _settings);

    public static void Compare(Database database, State expected, string what)
    {
        Dictionary<ulong, ulong> sequences = database.ReadSequences();
        foreach ((ulong id, ulong value) in expected.Sequences)
            Assert.True(sequences.GetValueOrDefault(id) == value, $"{what}: counter {id} is {sequences.GetValueOrDefault(id)} instead of {value}");
        Snapshot snapshot = database.Store.AcquireSnapshot();
        try
        {
            for (ulong id = TreeId.FirstDynamic; id < TreeId.FirstDynamic + 200; id++)
            {
                bool exists = database.Store.TryFindTree(new TreeId(id), snapshot.Lsn, out _);
                Assert.True(exists == expected.Trees.ContainsKey(id), $"{what}: tree {id} is {(exists ? "there" : "missing")}");
                if (exists)
                    CompareTree(database, snapshot, id, expected.Trees[id], what);
            }
        }
        finally
        {
            database.Store.ReleaseSnapshot(snapshot);
        }
    }

    private static void CompareTree(Database database, Snapshot snapshot, ulong id, Tree expected, string what)
    {
        PageCursor cursor = database.Store.OpenCursor(new TreeId(id), snapshot.Lsn);
        try
        {
            bool found = cursor.SeekFirst();
            foreach ((string key, byte[] value) in expected.Entries)
            {
                Assert.True(found && Convert.ToHexString(cursor.Key) == key && cursor.Value.SequenceEqual(value),
                    $"{what}: tree {id} has {(found ? Convert.ToHexString(cursor.Key) : "nothing")} where {key} with {value.Length} bytes belongs");
                found = cursor.MoveNext();
            }

            Assert.False(found, $"{what}: tree {id} has an entry too much");
        }
        finally
        {
            database.Store.ReturnCursor(cursor);
        }
    }

    private Database Open() => Database.Open(World.Disk.Provider, Name, StorageFileMode.OpenOrCreate, World.Environment, _settings);

    internal sealed record State(ImmutableSortedDictionary<ulong, Tree> Trees, ImmutableDictionary<ulong, ulong> Sequences)
    {
        public static readonly State Empty = new(ImmutableSortedDictionary<ulong, Tree>.Empty, ImmutableDictionary<ulong, ulong>.Empty);
    }

    internal sealed record Tree(ImmutableSortedDictionary<string, byte[]> Entries)
    {
        public static readonly Tree Empty = new(ImmutableSortedDictionary.Create<string, byte[]>(StringComparer.Ordinal));
    }
}
