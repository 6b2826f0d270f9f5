using System.Buffers.Binary;
using BareMetal.Data.Simulation;
using BareMetal.Data.Storage.Checkpoints;
using BareMetal.Data.Storage.Log;
using Xunit;

namespace BareMetal.Data.Storage.Tests.Recovery;

/// <summary>Whatever is wrong with the files of a database is said at open, by kind and by name, and changes nothing.</summary>
public sealed class OpenErrorTests
{
    private const string Name = "o.bmdb";
    private readonly SimulatedWorld _world = new(11, new SimulatedDisk());

    [Fact]
    public void A_file_of_another_kind_is_not_a_database()
    {
        _world.Disk.WriteAll(Name, [.. "Some text that somebody wrote."u8]);
        Assert.Contains(Name, Fails(StorageErrorCode.NotADatabase).Message);
        _world.Disk.WriteAll(Name, []);
        Fails(StorageErrorCode.NotADatabase);
        _world.Disk.WriteAll(Name, new byte[100_000]);
        Fails(StorageErrorCode.NotADatabase);
    }

    [Fact]
    public void A_newer_format_is_refused_with_both_versions()
    {
        Make(clean: true);
        byte[] bytes = _world.Disk.ReadAll(Name);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(12), 7);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), Crc32C.Append(0, bytes.AsSpan(12, DatabaseHeader.UsedSize - 12)));
        _world.Disk.WriteAll(Name, bytes);
        string message = Fails(StorageErrorCode.NewerFormat).Message;
        Assert.Contains("7", message);
        Assert.Contains(DatabaseHeader.FormatVersion.ToString(System.Globalization.CultureInfo.InvariantCulture), message);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_cut_file_is_truncated(bool clean)
    {
        Make(clean);
        byte[] bytes = _world.Disk.ReadAll(Name);
        _world.Disk.WriteAll(Name, bytes[..(3 * 4096)]);
        Assert.Contains((3 * 4096).ToString(System.Globalization.CultureInfo.InvariantCulture), Fails(StorageErrorCode.Truncated).Message);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_database_without_its_log_says_so(bool clean)
    {
        Make(clean);
        foreach (string file in _world.Disk.Files)
        {
            if (new DatabaseFiles(Name).IsExtent(file, out _))
                _world.Disk.Remove(file);
        }

        Assert.Contains("-log-", Fails(StorageErrorCode.LogMissing).Message);
    }

    [Fact]
    public void An_older_copy_of_the_data_file_is_not_combined_with_a_log_that_went_on_without_it()
    {
        Make(clean: true);
        byte[] old = _world.Disk.ReadAll(Name);
        for (int i = 0; i < 6; i++)
        {
            using StorageEngine engine = Open();
            for (int j = 0; j < 40; j++)
                Put(engine, new TreeId(TreeId.FirstDynamic), j, new byte[500]);
            engine.Checkpoint();
        }

        _world.Disk.WriteAll(Name, old);
        Fails(StorageErrorCode.LogMissing);
    }

    [Fact]
    public void A_log_of_another_timeline_is_refused()
    {
        Make(clean: true);
        foreach (string file in _world.Disk.Files)
        {
            byte[] bytes = _world.Disk.ReadAll(file);
            if (!new DatabaseFiles(Name).IsExtent(file, out _) || !LogExtentHeader.TryRead(bytes, out LogExtentHeader header))
                continue;
            (header with { TimelineId = Guid.NewGuid() }).Write(bytes.AsSpan(0, LogFormat.ExtentHeaderUsed));
            _world.Disk.WriteAll(file, bytes);
        }

        Fails(StorageErrorCode.ForeignTimeline);
    }

    [Fact]
    public void A_database_of_another_origin_under_the_same_name_does_not_take_this_log()
    {
        Make(clean: true);
        SimulatedWorld other = new(99, new SimulatedDisk());
        Open(other).Dispose();
        _world.Disk.WriteAll(Name, other.Disk.ReadAll(Name));
        Fails(StorageErrorCode.LogMissing);
    }

    [Fact]
    public void A_damaged_page_is_named_and_the_other_pages_are_read()
    {
        Make(clean: true);
        byte[] bytes = _world.Disk.ReadAll(Name);
        int damaged = 0;
        for (int page = 2; page < bytes.Length / 4096; page++)
        {
            if (bytes.AsSpan(page * 4096, 4096).IndexOfAnyExcept((byte)0) < 0)
                continue;
            byte[] copy = [.. bytes];
            copy[(page * 4096) + 100] ^= 1;
            _world.Disk.WriteAll(Name, copy);
            try
            {
                using StorageEngine engine = Open();
                using StorageTransaction transaction = engine.Begin();
                transaction.BeginStatement();
                using TreeCursor cursor = transaction.OpenCursor(new TreeId(TreeId.FirstDynamic));
                for (bool found = cursor.Seek([], SeekMode.GreaterOrEqual); found; found = cursor.MoveNext())
                    Assert.True(cursor.Key.Length > 0);
            }
            catch (StorageException e)
            {
                Assert.Equal(StorageErrorCode.Corruption, e.Code);
                Assert.Equal(new PageId((ulong)page), e.Page);
                Assert.Contains(Name, e.Message);
                damaged++;
            }

            foreach (string file in _world.Disk.Files)
            {
                if (file.Contains("-ckpt", StringComparison.Ordinal))
                    _world.Disk.Remove(file);
            }
        }

        Assert.True(damaged >= 3, $"{damaged} damaged pages were noticed");
    }

    [Fact]
    public void With_one_damaged_header_the_other_serves_and_heals_it()
    {
        Make(clean: false);
        byte[] bytes = _world.Disk.ReadAll(Name);
        DatabaseHeader.Read(bytes, out DatabaseHeader? first, out _);
        DatabaseHeader.Read(bytes.AsSpan(4096), out DatabaseHeader? second, out _);
        Assert.Equal(first, second);
        for (int copy = 0; copy < 2; copy++)
        {
            byte[] damaged = [.. bytes];
            damaged[(copy * 4096) + 70] ^= 1;
            SimulatedWorld world = new(3, _world.Disk.Clone());
            world.Disk.KillProcess();
            world.Disk.WriteAll(Name, damaged);
            Checkpoints.DataFile.Open(world.Disk.Provider, Name, world.Environment, world.Disk.Key).Dispose();
            Assert.Equal(bytes, world.Disk.ReadAll(Name));
            Open(world).Dispose();
        }
    }

    [Fact]
    public void Existing_and_missing_databases_are_told_apart_by_mode()
    {
        Fails(StorageErrorCode.DoesNotExist);
        Assert.Empty(_world.Disk.Files);
        Make(clean: true);
        StorageException exists = Assert.Throws<StorageException>(() => StorageEngine.Open(Options(_world) with { Mode = StorageFileMode.CreateNew }));
        Assert.Equal(StorageErrorCode.AlreadyExists, exists.Code);
        Open().Dispose();
        Assert.True(StorageEngine.Delete(_world.Disk.Provider, Name));
        Assert.Empty(_world.Disk.Files);
    }

    [Fact]
    public void A_second_engine_is_refused_and_a_failed_open_leaves_no_lock()
    {
        using (StorageEngine engine = Open())
            Fails(StorageErrorCode.Locked);
        byte[] bytes = _world.Disk.ReadAll(Name);
        _world.Disk.WriteAll(Name, new byte[9000]);
        Fails(StorageErrorCode.NotADatabase);
        _world.Disk.WriteAll(Name, bytes);
        Open().Dispose();
    }

    [Fact]
    public void Counters_never_repeat_after_a_crash_and_skip_nothing_after_a_clean_close()
    {
        HashSet<ulong> seen = [];
        for (int round = 0; round < 6; round++)
        {
            StorageEngine engine = Open();
            ulong peeked = engine.PeekSequence(7);
            for (int i = 0; i < 50; i++)
                Assert.True(seen.Add(engine.ReserveSequence(7, 1)));
            Assert.True(peeked >= (ulong)(round * 50));
            TreeId made;
            using (StorageTransaction transaction = engine.Begin())
            {
                made = transaction.CreateTree();
                transaction.Commit();
            }

            Assert.True(made.Value >= TreeId.FirstDynamic + (ulong)round);
            if (round % 2 == 0)
            {
                engine.Dispose();
                using StorageEngine again = Open();
                Assert.Equal(peeked + 50, again.PeekSequence(7));
            }
            else
            {
                _world.Disk.LosePower((ulong)round);
                engine.Database.Dispose();
            }
        }
    }

    private static void Put(StorageEngine engine, TreeId tree, int key, byte[] value)
    {
        using StorageTransaction transaction = engine.Begin();
        transaction.BeginStatement();
        transaction.Put(tree, [(byte)key, 1], value);
        transaction.Commit();
    }

    private StorageException Fails(StorageErrorCode code)
    {
        string[] before = [.. _world.Disk.Files];
        StorageException e = Assert.Throws<StorageException>(() => StorageEngine.Open(Options(_world) with { Mode = StorageFileMode.Open }));
        Assert.Equal(code, e.Code);
        Assert.Equal(before, _world.Disk.Files);
        return e;
    }

    private void Make(bool clean)
    {
        StorageEngine engine = Open();
        TreeId tree;
        using (StorageTransaction transaction = engine.Begin())
        {
            tree = transaction.CreateTree();
            transaction.Commit();
        }

        Assert.Equal(TreeId.FirstDynamic, tree.Value);
        for (int i = 0; i < 60; i++)
            Put(engine, tree, i, new byte[200]);
        if (clean)
        {
            engine.Dispose();
            return;
        }

        engine.Checkpoint();
        Put(engine, tree, 200, new byte[100]);
        _world.Disk.KillProcess();
        try
        {
            engine.Database.Dispose();
        }
        catch (SimulatedCrashException)
        {
            // Its machine is gone.
        }
    }

    private StorageEngine Open() => Open(_world);

    private static StorageEngine Open(SimulatedWorld world) => StorageEngine.Open(Options(world));

    private static StorageOptions Options(SimulatedWorld world) => new()
    {
        Provider = world.Disk.Provider,
        Name = Name,
        Environment = world.Environment,
        Settings = CrashRun.Tiny,
    };
}
