using System.Buffers.Binary;
using BareMetal.Data.Simulation;
using BareMetal.Data.Storage.Checkpoints;
using BareMetal.Data.Storage.Log;
using BareMetal.Data.Storage.Pages;
using BareMetal.Data.Storage.Trees;
using Xunit.Sdk;

namespace BareMetal.Data.Storage.Tests.Faults;

/// <summary>
/// A database with every kind of page and record on a simulated disk, whose files are damaged one place at a time. Whatever is damaged is
/// either said, by an error that names file and place, or does not matter: no answer differs from the model's.
/// </summary>
internal sealed class DamagedDatabase
{
    public const string Name = "d.bmdb";
    private const int PageSize = 4096;

    private readonly SimulatedDisk _disk;
    private readonly TreeId _tree;
    private FaultModel _model = FaultModel.Empty;
    private FaultModel _beforeLast = FaultModel.Empty;
    private readonly EngineFaults? _faults;
    private int _worlds;

    /// <summary>Makes the database.</summary>
    /// <param name="end">How its machine ended.</param>
    /// <param name="faults">Rules that the engine breaks on purpose.</param>
    public DamagedDatabase(DamageEnd end, EngineFaults? faults = null)
    {
        _faults = faults;

        // Encryption authenticates what a skipped checksum would let pass: there is nothing to notice.
        _disk = new SimulatedDisk { Substrate = faults is { SkipPageChecksum: true } ? TestSubstrate.Plain : TestSubstrates.Default };
        StorageEngine engine = Open(_disk);
        using (StorageTransaction transaction = engine.Begin())
        {
            _tree = transaction.CreateTree();
            transaction.Commit();
        }

        Commit(engine, 0, 150, 160);
        Commit(engine, 500, 2, 2_500);
        Commit(engine, 510, 1, 26_000);
        Drop(engine);
        engine.ReserveSequence(7, 3);
        engine.Checkpoint();
        Early = _disk.ReadAll(Name);
        Commit(engine, 20, 30, 200);
        Commit(engine, 510, 1, 26_001);
        if (end == DamageEnd.Closed)
        {
            engine.Dispose();
            _beforeLast = _model;
            return;
        }

        // A recovery, so that the chain begins with a record that says so and with copied commits.
        Kill(engine);
        engine = Open(_disk);
        for (int i = 0; i < 10; i++)
        {
            Commit(engine, i * 12, 9, 150);
            engine.ReserveSequence((ulong)(8 + i), 1);
        }

        Commit(engine, 200, 24, 900);
        if (end == DamageEnd.KilledInCheckpoint)
        {
            int writes = 0;
            _disk.AfterOperation = (disk, operation) =>
            {
                if (operation == DiskOperation.Write && disk.LastName == Name && ++writes == 8)
                    disk.CrashAt = disk.Operations;
            };
            _beforeLast = _model;
            Assert(Throws<SimulatedCrashException>(engine.Checkpoint), "the checkpoint was not interrupted");
            _disk.AfterOperation = null;
        }
        else
        {
            for (int i = 0; i < 4; i++)
                Commit(engine, 40 + i, 1, 100);
            _beforeLast = _model;
            Commit(engine, 60, 1, 100);
        }

        Kill(engine);
    }

    /// <summary>The data file at an earlier checkpoint.</summary>
    public byte[] Early { get; private set; } = [];

    /// <summary>Damages tried.</summary>
    public int Tried { get; private set; }

    /// <summary>Of those, the ones that were said.</summary>
    public int Detected { get; private set; }

    /// <summary>Of those, the ones after which everything was there: the damage met nothing in use, or was healed from a copy.</summary>
    public int Harmless { get; private set; }

    /// <summary>Of those, the ones that took the last flush group, which cannot be told from a torn one.</summary>
    public int TakenForTorn { get; private set; }

    /// <summary>Names of the files.</summary>
    public IReadOnlyList<string> Files => _disk.Files;

    /// <summary>The bytes of a file.</summary>
    public byte[] Read(string file) => _disk.ReadAll(file);

    /// <summary>The data file's header.</summary>
    public DatabaseHeader Header()
    {
        SimulatedDisk disk = Copy();
        using DataFile data = DataFile.Open(disk.Provider, Name, new SimulatedWorld(1).Environment, disk.Key);
        return data.Header;
    }

    /// <summary>Pages in use by kind.</summary>
    public unsafe SortedDictionary<PageKind, List<int>> Pages()
    {
        SortedDictionary<PageKind, List<int>> pages = [];
        byte[] bytes = Read(Name);
        using StorageEngine engine = Open(Copy());
        ulong first = PageFormat.FirstMapPage(PageSize);
        PageImage* map = engine.Store.Pool.Pin(first, ulong.MaxValue);
        for (ulong id = first; id < engine.Store.PageCount; id++)
        {
            ReadOnlySpan<byte> page = bytes.AsSpan((int)id * PageSize, PageSize);
            if (!PageAllocator.GetBit(map->Data, id - first) || page.IndexOfAnyExcept((byte)0) < 0)
                continue;
            PageKind kind = (PageKind)page[PageFormat.KindOffset];
            if (!pages.TryGetValue(kind, out List<int>? list))
                pages.Add(kind, list = []);
            list.Add((int)id);
        }

        PagePool.Unpin(map);
        return pages;
    }

    /// <summary>Where the log's groups and records lie.</summary>
    public List<(string File, long Offset, int Length, LogRecordKind? Kind)> LogFrames()
    {
        List<(string, long, int, LogRecordKind?)> frames = [];
        SimulatedDisk disk = Copy();
        using DataFile data = DataFile.Open(disk.Provider, Name, new SimulatedWorld(1).Environment, disk.Key);
        DatabaseHeader header = data.Header;
        DatabaseFiles files = new(Name);
        using LogReader reader = new(disk.Provider, files, header.DatabaseId, header.TimelineId) { Cipher = data.Cipher };
        reader.Open(header.LogStart);
        while (reader.NextGroup())
        {
            LogPosition at = reader.Point.Position;
            string file = files.Extent(at.Extent);
            frames.Add((file, at.Offset, LogFormat.GroupHeaderSize, null));
            int offset = LogFormat.GroupHeaderSize;
            LogRecords records = new(reader.Records);
            while (records.Next())
            {
                int size = LogFormat.RecordSize(records.Payload.Length);
                frames.Add((file, at.Offset + offset, size, records.Kind));
                offset += size;
            }
        }

        return frames;
    }

    /// <summary>Damages a copy of the files in one way and looks at what becomes of it.</summary>
    /// <param name="what">What is damaged, for messages.</param>
    /// <param name="file">The file that is.</param>
    /// <param name="damage">Damages the file's bytes; what it returns is the file.</param>
    /// <param name="page">The page that is damaged, if it is one in use: then the integrity check must name it.</param>
    /// <param name="mayBeTorn">Whether the damage is in the last flush group.</param>
    /// <param name="mustSay">Whether it must be noticed.</param>
    public void Try(string what, string file, Func<byte[], byte[]> damage, int? page = null, bool mayBeTorn = false, bool mustSay = false)
    {
        Tried++;
        SimulatedDisk copy = Copy();
        copy.WriteAll(file, damage(Read(file)));
        StorageEngine engine;
        try
        {
            engine = Open(copy);
        }
        catch (StorageException e)
        {
            Judge(e, what, page);
            Detected++;
            return;
        }

        bool said = false;
        if (page is { } damaged)
        {
            IReadOnlyList<IntegrityProblem> problems = IntegrityChecker.Check(engine.Store);
            Assert(
                problems.Any(p => p.Page.Value == (ulong)damaged && p.Message.Contains(Name, StringComparison.Ordinal)),
                $"{what}: the integrity check does not name page {damaged}: {string.Join("; ", problems)}");
            said = true;
        }

        try
        {
            using StorageTransaction transaction = engine.Begin(readOnly: true);
            string? difference = _model.Difference(transaction, _tree);
            if (difference is not null && mayBeTorn)
            {
                difference = _beforeLast.Difference(transaction, _tree);
                TakenForTorn += difference is null ? 1 : 0;
                said = difference is null;
            }

            Assert(difference is null, $"{what}: opened ({engine.OpenReport}), but {difference}");
            if (!said && !mustSay)
                Harmless++;
            else
                Detected += page is null ? 0 : 1;
            Assert(said || !mustSay, $"{what}: nobody noticed");
        }
        catch (StorageException e)
        {
            Judge(e, what, page);
            Detected++;
        }
        finally
        {
            copy.KillProcess();
            Quiet(engine);
        }
    }

    /// <summary>A copy of the disk.</summary>
    public SimulatedDisk Copy()
    {
        SimulatedDisk copy = _disk.Clone();
        copy.KillProcess();
        return copy;
    }

    private static void Judge(StorageException e, string what, int? page)
    {
        Assert(
            e.Code is StorageErrorCode.Corruption or StorageErrorCode.Truncated or StorageErrorCode.LogMissing or StorageErrorCode.NotADatabase or
                StorageErrorCode.NewerFormat or StorageErrorCode.ForeignTimeline,
            $"{what}: an error of the wrong kind: {e}");
        Assert(e.File is not null && e.Message.Contains(e.File, StringComparison.Ordinal), $"{what}: an error that names no file: {e.Message}");
        Assert(page is null || e.Page.Value == (ulong)page, $"{what}: the error names page {e.Page}: {e.Message}");
    }

    private StorageEngine Open(SimulatedDisk disk)
    {
        SimulatedWorld world = new((ulong)++_worlds, disk, _faults);
        return StorageEngine.Open(new StorageOptions
        {
            Provider = disk.Provider,
            Name = Name,
            Environment = world.Environment,
            Settings = FaultRun.Settings with { CacheBytes = 1 << 20, KeptCheckpointBytes = 1 << 20, AutomaticCheckpoints = false },
        });
    }

    private void Commit(StorageEngine engine, int from, int count, int length)
    {
        using StorageTransaction transaction = engine.Begin();
        transaction.BeginStatement();
        for (int i = 0; i < count; i++)
        {
            int key = from + i;
            int version = _model.Rows.TryGetValue(key, out (int Version, int) old) ? old.Version + 1 : key;
            _model = _model.Put(key, version, length + (key % 50));
            transaction.Put(_tree, FaultModel.Key(key), FaultModel.Value(version, length + (key % 50)));
        }

        transaction.Commit();
    }

    private static void Drop(StorageEngine engine)
    {
        TreeId other;
        using (StorageTransaction transaction = engine.Begin())
        {
            transaction.BeginStatement();
            other = transaction.CreateTree();
            for (int i = 0; i < 40; i++)
                transaction.Put(other, FaultModel.Key(i), FaultModel.Value(i, 600));
            transaction.Commit();
        }

        using StorageTransaction drop = engine.Begin();
        drop.BeginStatement();
        drop.DropTree(other);
        drop.Commit();
    }

    private void Kill(StorageEngine engine)
    {
        _disk.KillProcess();
        Quiet(engine);
    }

    private static void Quiet(StorageEngine engine) => Throws<SimulatedCrashException>(engine.Database.Dispose);

    private static bool Throws<T>(Action action)
        where T : Exception
    {
        try
        {
            action();
            return false;
        }
        catch (T)
        {
            return true;
        }
    }

    private static void Assert(bool condition, string message)
    {
        if (!condition)
            throw new XunitException(message);
    }
}

/// <summary>How the machine ended.</summary>
public enum DamageEnd
{
    /// <summary>The database was closed.</summary>
    Closed,

    /// <summary>The process was killed between two commits.</summary>
    Killed,

    /// <summary>The process was killed while a checkpoint was being written in place.</summary>
    KilledInCheckpoint,
}
