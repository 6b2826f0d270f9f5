using System.Text;
using BareMetal.Data.Simulation;
using BareMetal.Data.Storage.Mirroring;
using BareMetal.Data.Storage.Pages;
using BareMetal.Data.Storage.Recovery;
using Xunit;

namespace BareMetal.Data.Storage.Tests.Substrate;

public sealed class MirrorTests
{
    private const string Name = "m.bmdb";
    private const ulong Tree = TreeId.FirstDynamic + 50;

    private readonly MemoryStorageProvider[] _stores = [new(), new(), new()];
    private readonly BreakableProvider[] _sides;

    public MirrorTests() => _sides = [new(_stores[0]), new(_stores[1]), new(_stores[2])];

    [Fact]
    public void Everything_is_on_every_side()
    {
        using (StorageEngine engine = Open(Mirror()))
            Fill(engine, 1, 200);
        AssertEqualSides(0, 1);
        foreach (MemoryStorageProvider store in _stores[..2])
        {
            using StorageEngine alone = Open(Copy(store));
            Check(alone, 1, 200);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_side_that_fails_is_left_out_and_the_database_goes_on(int lost)
    {
        using MirroredStorageProvider mirror = Mirror();
        using (StorageEngine engine = Open(mirror))
        {
            Fill(engine, 1, 50);
            _sides[lost].IsBroken = true;
            Fill(engine, 51, 100);
            Check(engine, 1, 100);
            Assert.Equal(MirrorSideState.Out, mirror.GetStatus().Sides[lost].State);
            Assert.NotNull(mirror.GetStatus().Sides[lost].LastError);
        }

        // It stays out, gone or not, until it is rebuilt.
        using (StorageEngine engine = Open(Mirror()))
            Check(engine, 1, 100);
        _sides[lost].IsBroken = false;
        using MirroredStorageProvider later = Mirror();
        using (StorageEngine engine = Open(later))
        {
            Check(engine, 1, 100);
            Assert.Equal(MirrorSideState.Out, later.GetStatus().Sides[lost].State);
        }
    }

    [Fact]
    public void A_stale_side_is_not_taken_for_the_current_one()
    {
        using (MirroredStorageProvider mirror = Mirror())
        using (StorageEngine engine = Open(mirror))
        {
            Fill(engine, 1, 50);
            _sides[0].IsBroken = true;
            Fill(engine, 51, 60);
        }

        // The side that went on is away, the one that was left out is back and does not know of it.
        _sides[0].IsBroken = false;
        _sides[1].IsBroken = true;
        StorageException e = Assert.Throws<StorageException>(() => Open(Mirror()));
        Assert.Contains("Side 1", e.Message, StringComparison.Ordinal);
        _sides[1].IsBroken = false;
        using StorageEngine again = Open(Mirror());
        Check(again, 1, 60);
    }

    [Fact]
    public void A_side_that_was_current_and_is_missing_is_only_done_without_when_that_is_allowed()
    {
        using (StorageEngine engine = Open(Mirror()))
            Fill(engine, 1, 20);
        _sides[1].IsBroken = true;
        Assert.Equal(StorageErrorCode.IoError, Assert.Throws<StorageException>(() => Open(Mirror())).Code);
        using (StorageEngine engine = Open(Mirror(new MirrorOptions { AllowMissingSides = true })))
        {
            Check(engine, 1, 20);
            Fill(engine, 21, 30);
        }

        // From then on it is known to be out of date.
        _sides[1].IsBroken = false;
        using MirroredStorageProvider later = Mirror();
        using StorageEngine again = Open(later);
        Check(again, 1, 30);
        Assert.Equal(MirrorSideState.Out, later.GetStatus().Sides[1].State);
    }

    [Fact]
    public void Sides_that_went_on_apart_are_refused()
    {
        using (StorageEngine engine = Open(Mirror()))
            Fill(engine, 1, 20);
        for (int away = 0; away < 2; away++)
        {
            _sides[away].IsBroken = true;
            using (StorageEngine engine = Open(Mirror(new MirrorOptions { AllowMissingSides = true })))
                Fill(engine, 21 + away, 21 + away);
            _sides[away].IsBroken = false;
        }

        Assert.Equal(StorageErrorCode.Corruption, Assert.Throws<StorageException>(() => Open(Mirror())).Code);
    }

    [Fact]
    public void Sides_in_another_order_or_of_another_mirror_are_refused()
    {
        using (StorageEngine engine = Open(Mirror()))
            Fill(engine, 1, 5);
        Assert.Equal(
            StorageErrorCode.NotADatabase,
            Assert.Throws<StorageException>(() => Open(new MirroredStorageProvider([_sides[1], _sides[0]]))).Code);
        Assert.Equal(
            StorageErrorCode.NotADatabase,
            Assert.Throws<StorageException>(() => Open(new MirroredStorageProvider([_sides[0], _sides[1], _sides[2]]))).Code);
    }

    [Fact]
    public async Task A_lost_side_is_rebuilt_while_writers_go_on()
    {
        using MirroredStorageProvider mirror = Mirror();
        using (StorageEngine engine = Open(mirror))
        {
            Fill(engine, 1, 300);
            engine.Checkpoint();
            _sides[1].IsBroken = true;
            Fill(engine, 301, 310);
            Assert.Equal(MirrorSideState.Out, mirror.GetStatus().Sides[1].State);
            _sides[1].IsBroken = false;

            int last = 310;
            using CancellationTokenSource stop = new();
            Task writer = Task.Run(() =>
            {
                while (!stop.IsCancellationRequested || last < 340)
                {
                    Fill(engine, last + 1, last + 1);
                    last++;
                    if (last % 20 == 0)
                        engine.Checkpoint();
                }
            });
            await mirror.RebuildAsync(1);
            await stop.CancelAsync();
            await writer;
            MirrorStatus status = mirror.GetStatus();
            Assert.True(status.IsWhole);
            Assert.True(status.Sides[1].RebuiltBytes > 0);
            Fill(engine, last + 1, last + 20);
            Check(engine, 1, last + 20);
            last += 20;

            // Now the other side may go.
            _sides[0].IsBroken = true;
            Fill(engine, last + 1, last + 5);
            Check(engine, 1, last + 5);
        }
    }

    [Fact]
    public void A_database_on_one_folder_becomes_a_mirror_by_a_rebuild()
    {
        using (StorageEngine engine = Open(_sides[0]))
            Fill(engine, 1, 100);
        using MirroredStorageProvider mirror = Mirror();
        using (StorageEngine engine = Open(mirror))
        {
            Check(engine, 1, 100);
            Assert.Equal(MirrorSideState.Out, mirror.GetStatus().Sides[1].State);
            mirror.Rebuild(1, null, CancellationToken.None);
            Fill(engine, 101, 110);
        }

        AssertEqualSides(0, 1);
    }

    [Fact]
    public void A_side_is_rebuilt_on_another_device()
    {
        using MirroredStorageProvider mirror = Mirror();
        using (StorageEngine engine = Open(mirror))
        {
            Fill(engine, 1, 100);
            _sides[1].IsBroken = true;
            Fill(engine, 101, 110);
            mirror.Rebuild(1, _sides[2], CancellationToken.None);
            Fill(engine, 111, 120);
        }

        AssertEqualSides(0, 2);
        using StorageEngine again = Open(new MirroredStorageProvider([_sides[0], _sides[2]]));
        Check(again, 1, 120);
    }

    [Fact]
    public void A_rebuild_that_fails_leaves_the_database_as_it_was()
    {
        using MirroredStorageProvider mirror = Mirror();
        using StorageEngine engine = Open(mirror);
        Fill(engine, 1, 100);
        _sides[1].IsBroken = true;
        Fill(engine, 101, 110);
        _sides[1].IsBroken = false;
        int chunks = 0;
        Assert.Throws<StorageException>(() => mirror.Rebuild(1, null, CancellationToken.None, () => _sides[1].IsBroken = ++chunks == 2));
        Fill(engine, 111, 120);
        Check(engine, 1, 120);
        Assert.Equal(MirrorSideState.Out, mirror.GetStatus().Sides[1].State);
        _sides[1].IsBroken = false;
        mirror.Rebuild(1, null, CancellationToken.None);
        Assert.True(mirror.GetStatus().IsWhole);
        Assert.Throws<InvalidOperationException>(() => mirror.Rebuild(1, null, CancellationToken.None));
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("", 4096)]
    [InlineData("", 8192)]
    [InlineData("", 12288)]
    [InlineData("", 16384)]
    [InlineData("", 24576)]
    [InlineData("-log-", 0)]
    [InlineData("-log-", 4096)]
    [InlineData("-log-", 5000)]
    public void Damage_on_one_side_is_served_from_the_other_and_repaired(string part, long offset)
    {
        for (int side = 0; side < 2; side++)
        {
            SimulatedWorld world = new(3, new SimulatedDisk { Substrate = TestSubstrate.Mirrored });
            Database database = Database.Open(world.Disk.Provider, Name, StorageFileMode.CreateNew, world.Environment, Recovery.CrashRun.Tiny);
            Commit(database, 1);
            database.Checkpoints.Run();
            for (int i = 2; i < 6; i++)
                Commit(database, i);
            world.Disk.KillProcess();
            string name = world.Disk.Files.First(n => n.StartsWith(Name + part, StringComparison.Ordinal) && !n.EndsWith("reserve", StringComparison.Ordinal) && (part.Length > 0 || n == Name));
            byte[] before = world.Disk.ReadAll(name);
            (side == 0 ? world.Disk : world.Disk.Twin!).Damage(name, offset, 64, 99, bothSides: false);

            SimulatedWorld later = new(4, world.Disk);
            using Database opened = Database.Open(world.Disk.Provider, Name, StorageFileMode.Open, later.Environment, Recovery.CrashRun.Tiny);
            for (int i = 1; i < 6; i++)
                Assert.True(Has(opened, i), $"commit {i} with damage on side {side}");
            later.Scheduler.RunUntilIdle();
            Assert.True(world.Disk.Mirror!.GetStatus().IsWhole);
            Assert.False(world.Disk.Mirror!.GetStatus().InDoubt);
            if (world.Disk.Files.Contains(name))
                Assert.True(world.Disk.ReadAll(name).AsSpan().SequenceEqual(world.Disk.Twin!.ReadAll(name)), $"{name} differs");
            Assert.Equal(before.Length, world.Disk.Files.Contains(name) ? Math.Min(before.Length, world.Disk.ReadAll(name).Length) : before.Length);
        }
    }

    [Fact]
    public void A_damaged_page_is_repaired_in_place_when_it_is_read()
    {
        SimulatedWorld world = new(3, new SimulatedDisk { Substrate = TestSubstrate.Mirrored });
        StorageOptions options = new()
        {
            Provider = world.Disk.Provider, Name = Name, Environment = world.Environment, Settings = Recovery.CrashRun.Tiny,
        };
        using (StorageEngine engine = StorageEngine.Open(options))
            Fill(engine, 1, 40);
        byte[] whole = world.Disk.ReadAll(Name);
        for (int page = 2; page < whole.Length / 4096; page++)
        {
            if (whole.AsSpan(page * 4096, 4096).IndexOfAnyExcept((byte)0) >= 0)
                world.Disk.Damage(Name, (page * 4096) + 50, 8, (ulong)page, bothSides: false);
        }

        using (StorageEngine engine = StorageEngine.Open(options))
        {
            Check(engine, 1, 40);
            Assert.True(world.Disk.Mirror!.GetStatus().Sides[0].Repairs > 0);
            Assert.Equal(0, world.Disk.Mirror!.GetStatus().Sides[1].Repairs);
        }

        // Without the twin: what was read is whole again on this side alone.
        byte[] healed = world.Disk.ReadAll(Name);
        int same = 0;
        for (int page = 2; page < whole.Length / 4096; page++)
        {
            if (whole.AsSpan(page * 4096, 4096).IndexOfAnyExcept((byte)0) >= 0 && healed.AsSpan(page * 4096, 4096).SequenceEqual(whole.AsSpan(page * 4096, 4096)))
                same++;
        }

        Assert.True(same > 2, $"{same} pages were repaired");
    }

    [Fact]
    public void A_file_missing_on_one_side_is_made_again()
    {
        using (StorageEngine engine = Open(Mirror()))
            Fill(engine, 1, 50);
        foreach (string name in _stores[0].List().Where(n => n.StartsWith(Name, StringComparison.Ordinal) && !n.Contains("lock", StringComparison.Ordinal)))
        {
            _stores[0].Delete(name);
            using StorageEngine engine = Open(Mirror());
            Check(engine, 1, 50);
        }

        AssertEqualSides(0, 1);
    }

    [Fact]
    public void A_full_disk_on_one_side_is_reported_and_no_side_is_given_up_for_it()
    {
        using MirroredStorageProvider mirror = Mirror();
        using IStorageFile file = mirror.Open("f", StorageFileMode.CreateNew);
        _sides[1].Failure = StorageErrorCode.DiskFull;
        _sides[1].IsBroken = true;
        Assert.Equal(StorageErrorCode.DiskFull, Assert.Throws<StorageException>(() => file.Write(0, [1, 2, 3])).Code);
        _sides[1].IsBroken = false;
        file.Write(0, [1, 2, 3]);
        Assert.True(mirror.GetStatus().IsWhole);
        Assert.True(mirror.GetStatus().InDoubt);
    }

    [Fact]
    public void When_every_side_fails_the_error_is_the_sides_own()
    {
        using MirroredStorageProvider mirror = Mirror();
        using IStorageFile file = mirror.Open("f", StorageFileMode.CreateNew);
        file.Write(0, [1, 2, 3]);
        _sides[0].IsBroken = _sides[1].IsBroken = true;
        Assert.Equal(StorageErrorCode.IoError, Assert.Throws<StorageException>(() => file.Write(0, [1])).Code);
        Assert.Equal(StorageErrorCode.IoError, Assert.Throws<StorageException>(file.Flush).Code);
        Assert.Equal(StorageErrorCode.IoError, Assert.Throws<StorageException>(() => file.Read(0, new byte[1])).Code);
        Assert.True(mirror.GetStatus().IsWhole);
    }

    [Fact]
    public void A_crash_during_a_rebuild_leaves_the_side_out_and_another_rebuild_completes_it()
    {
        for (ulong seed = 1; seed <= 40; seed++)
        {
            SimulatedDisk disk = new() { Substrate = TestSubstrate.Mirrored };
            SimulatedWorld world = new(seed, disk);
            Database database = Database.Open(disk.Provider, Name, StorageFileMode.CreateNew, world.Environment, Recovery.CrashRun.Tiny);
            for (int i = 1; i < 5; i++)
                Commit(database, i);
            disk.Mirror!.TakeOut(1, new StorageException(StorageErrorCode.IoError, "lost"));
            for (int i = 5; i < 9; i++)
                Commit(database, i);
            disk.CrashAt = disk.Operations + 1 + (long)(seed * 3 % 60);
            int during = 0;
            bool completed = false;
            try
            {
                disk.Mirror!.Rebuild(1, null, CancellationToken.None, () =>
                {
                    if (during++ % 3 == 0)
                        Commit(database, 20 + during);
                });
                Commit(database, 60);
                completed = true; // the machine may crash in that commit too
                disk.CrashAt = 0;
            }
            catch (Exception e) when (e is SimulatedCrashException or StorageException)
            {
                Assert.NotEmpty(e.Message);
            }

            disk.LosePower(seed);
            SimulatedWorld later = new(seed + 1000, disk);
            using Database opened = Database.Open(disk.Provider, Name, StorageFileMode.Open, later.Environment, Recovery.CrashRun.Tiny);
            for (int i = 1; i < 9; i++)
                Assert.True(Has(opened, i), $"seed {seed}: commit {i} is lost");
            if (completed)
                Assert.True(Has(opened, 60), $"seed {seed}: the commit after the rebuild is lost");
            later.Scheduler.RunUntilIdle();
            if (disk.Mirror!.GetStatus().Sides[1].State == MirrorSideState.Out)
                disk.Mirror!.Rebuild(1, null, CancellationToken.None);
            Assert.True(disk.Mirror!.GetStatus().IsWhole);
            Commit(opened, 70);
            foreach (string name in disk.Files)
                Assert.True(disk.ReadAll(name).AsSpan().SequenceEqual(disk.Twin!.ReadAll(name)), $"seed {seed}: {name} differs");
        }
    }

    private static void Commit(Database database, int number)
    {
        ListRequest request = new();
        if (number == 1)
            request.Create(Tree);
        database.Pipeline.Commit(request.Put(Tree, [(byte)number], new byte[number * 40]), Durability.Full);
    }

    private static bool Has(Database database, int number)
    {
        Snapshot snapshot = database.Store.AcquireSnapshot();
        try
        {
            BareMetal.Data.Storage.Trees.PageCursor cursor = database.Store.OpenCursor(new TreeId(Tree), snapshot.Lsn);
            try
            {
                return cursor.Seek([(byte)number], SeekMode.Equal) && cursor.Value.Length == number * 40;
            }
            finally
            {
                database.Store.ReturnCursor(cursor);
            }
        }
        finally
        {
            database.Store.ReleaseSnapshot(snapshot);
        }
    }

    private static StorageEngine Open(IStorageProvider provider) =>
        StorageEngine.Open(new StorageOptions { Provider = provider, Name = Name, CacheBytes = 1 << 20 });

    private static void Fill(StorageEngine engine, int from, int to)
    {
        TreeId tree = new(TreeId.FirstDynamic - 10);
        for (int i = from; i <= to; i++)
        {
            using StorageTransaction transaction = engine.Begin();
            transaction.BeginStatement();
            transaction.Put(tree, Encoding.UTF8.GetBytes($"key {i:d6}"), Encoding.UTF8.GetBytes(new string('v', i % 500)));
            transaction.Commit();
        }
    }

    private static void Check(StorageEngine engine, int from, int to)
    {
        using StorageTransaction transaction = engine.Begin();
        transaction.BeginStatement();
        using TreeCursor cursor = transaction.OpenCursor(new TreeId(TreeId.FirstDynamic - 10));
        int i = from;
        for (bool found = cursor.Seek([], SeekMode.GreaterOrEqual); found; found = cursor.MoveNext(), i++)
            Assert.Equal($"key {i:d6}", Encoding.UTF8.GetString(cursor.Key));
        Assert.Equal(to + 1, i);
    }

    private MirroredStorageProvider Mirror(MirrorOptions? options = null) => new([_sides[0], _sides[1]], options);

    private static MemoryStorageProvider Copy(MemoryStorageProvider store)
    {
        MemoryStorageProvider copy = new();
        foreach (string name in store.List())
        {
            using IStorageFile from = store.Open(name, StorageFileMode.Open);
            using IStorageFile to = copy.Open(name, StorageFileMode.CreateNew);
            byte[] bytes = new byte[from.Length];
            from.Read(0, bytes);
            to.Write(0, bytes);
        }

        return copy;
    }

    private void AssertEqualSides(int a, int b)
    {
        string[] names = [.. _stores[a].List().Where(Counts).Order(StringComparer.Ordinal)];
        Assert.Equal(names, _stores[b].List().Where(Counts).Order(StringComparer.Ordinal));
        foreach (string name in names)
        {
            using IStorageFile one = _stores[a].Open(name, StorageFileMode.Open);
            using IStorageFile two = _stores[b].Open(name, StorageFileMode.Open);
            byte[] first = new byte[one.Length];
            byte[] second = new byte[two.Length];
            one.Read(0, first);
            two.Read(0, second);
            Assert.True(first.AsSpan().SequenceEqual(second), $"{name} differs");
        }

        static bool Counts(string name) => !name.Contains("-mirror", StringComparison.Ordinal) && !name.Contains("-lock", StringComparison.Ordinal);
    }

    /// <summary>A device that can be pulled out.</summary>
    private sealed class BreakableProvider(IStorageProvider inner) : IStorageProvider
    {
        public volatile bool IsBroken;

        public StorageErrorCode Failure { get; set; } = StorageErrorCode.IoError;

        public string Location => inner.Location;

        public IStorageFile Open(string name, StorageFileMode mode, bool readOnly = false) => new BreakableFile(this, Checked().Open(name, mode, readOnly));

        public bool Exists(string name) => Checked().Exists(name);

        public IReadOnlyList<string> List() => Checked().List();

        public void Delete(string name) => Checked().Delete(name);

        public void Rename(string name, string newName) => Checked().Rename(name, newName);

        public void FlushDirectory() => Checked().FlushDirectory();

        public IDisposable AcquireOwnerLock(string name, TimeSpan timeout) => Checked().AcquireOwnerLock(name, timeout);

        private IStorageProvider Checked()
        {
            Check();
            return inner;
        }

        private void Check()
        {
            if (IsBroken)
                throw new StorageException(Failure, "the device does not answer.");
        }

        private sealed class BreakableFile(BreakableProvider provider, IStorageFile file) : IStorageFile
        {
            public string Name => file.Name;

            public long Length
            {
                get
                {
                    provider.Check();
                    return file.Length;
                }
            }

            public int Read(long offset, Span<byte> buffer)
            {
                provider.Check();
                return file.Read(offset, buffer);
            }

            public ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken = default)
            {
                provider.Check();
                return file.ReadAsync(offset, buffer, cancellationToken);
            }

            public void Write(long offset, ReadOnlySpan<byte> buffer)
            {
                provider.Check();
                file.Write(offset, buffer);
            }

            public void SetLength(long length)
            {
                provider.Check();
                file.SetLength(length);
            }

            public void Flush()
            {
                provider.Check();
                file.Flush();
            }

            public void Dispose() => file.Dispose();
        }
    }
}
