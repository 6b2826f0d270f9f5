using System.Buffers.Binary;
using BareMetal.Data.Storage.Recovery;
using Xunit;

namespace BareMetal.Data.Storage.Tests.Transactions;

/// <summary>Long readers beside writers: their versions are kept up to a limit, and beyond it they get an error, never another state.</summary>
public sealed class SnapshotLimitTests : IDisposable
{
    private const int Keys = 400;
    private readonly IStorageProvider _provider = Simulation.TestSubstrates.Make();
    private readonly StorageEngine _engine;
    private readonly TreeId _tree;

    public SnapshotLimitTests()
    {
        _engine = StorageEngine.Open(new StorageOptions
        {
            Provider = _provider,
            Name = "test",
            Settings = new DatabaseSettings { PageSize = 4096, CacheBytes = 1 << 20, VersionLimitBytes = 64 * 4096, CheckpointLogBytes = 256 << 10 },
        });
        using StorageTransaction transaction = _engine.Begin();
        transaction.BeginStatement();
        _tree = transaction.CreateTree();
        transaction.Commit();
        WriteAll(0);
    }

    public void Dispose() => _engine.Dispose();

    [Fact]
    public void A_reader_within_the_limit_sees_its_snapshot_while_writers_go_on()
    {
        using StorageTransaction reader = _engine.Begin(TransactionIsolation.Snapshot, readOnly: true);
        for (int round = 1; round <= 20; round++)
        {
            Write(round, count: 40);
            Assert.Equal(0, Sum(reader));
        }

        Assert.Equal(0, _engine.Store.SnapshotsGivenUp);
    }

    [Fact]
    public void The_oldest_readers_beyond_the_limit_get_an_error_and_newer_ones_go_on()
    {
        List<(StorageTransaction Reader, long Sum)> readers = [];
        long most = 0;
        for (int round = 1; round <= 60; round++)
        {
            StorageTransaction reader = _engine.Begin(TransactionIsolation.Snapshot, readOnly: true);
            readers.Add((reader, Sum(reader)));
            WriteAll(round);
            _engine.Checkpoint(); // one under way is a reader that is never given up
            WriteAll(round);
            most = Math.Max(most, _engine.Store.VersionBytes);
        }

        int lost = 0;
        bool alive = false;
        foreach ((StorageTransaction reader, long sum) in readers)
        {
            try
            {
                Assert.Equal(sum, Sum(reader));
                alive = true;
            }
            catch (StorageException e) when (e.Code == StorageErrorCode.SnapshotTooOld)
            {
                Assert.False(alive, "An older reader lives on while a newer one was given up.");
                lost++;
            }

            reader.Dispose();
        }

        Assert.InRange(lost, 1, readers.Count - 1);
        Assert.InRange(_engine.Store.SnapshotsGivenUp, 1, readers.Count);

        // The limit, and what a batch of commits may add to it before it is looked at.
        Assert.InRange(most, 0, 3 * 64 * 4096);
        using StorageTransaction fresh = _engine.Begin(TransactionIsolation.Snapshot, readOnly: true);
        Assert.Equal(60L * Keys, Sum(fresh));
    }

    [Fact]
    public void Memory_stays_bounded_while_a_reader_stays_for_very_many_commits()
    {
        using StorageTransaction reader = _engine.Begin(TransactionIsolation.Snapshot, readOnly: true);
        Assert.Equal(0, Sum(reader));
        long most = 0;
        int commits = int.TryParse(Environment.GetEnvironmentVariable("BAREMETAL_COMMITS"), out int more) ? more : 20_000;
        for (int commit = 0; commit < commits; commit++)
        {
            using StorageTransaction writer = _engine.Begin();
            Put(writer, _tree, commit % Keys, commit);
            writer.Commit(Durability.Off);
            most = Math.Max(most, _engine.Store.VersionBytes);
        }

        Assert.InRange(most, 0, 3 * 64 * 4096);
    }

    [Fact]
    public async Task Readers_beside_writers_see_one_state_or_an_error()
    {
        using CancellationTokenSource stop = new();
        Task writer = Task.Run(() =>
        {
            for (int round = 1; round <= 200; round++)
                WriteAll(round);
            stop.Cancel();
        });
        int whole = 0, lost = 0;
        Task[] readers = [.. Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                using StorageTransaction reader = _engine.Begin(TransactionIsolation.Snapshot, readOnly: true);
                try
                {
                    for (int i = 0; i < 8; i++)
                    {
                        long sum = Sum(reader);
                        Assert.True(sum % Keys == 0, $"Half a commit: {sum}");
                        Thread.Sleep(1);
                    }

                    Interlocked.Increment(ref whole);
                }
                catch (StorageException e) when (e.Code == StorageErrorCode.SnapshotTooOld)
                {
                    Interlocked.Increment(ref lost);
                }
            }
        }))];
        await Task.WhenAll([writer, .. readers]);
        Assert.True(whole + lost > 0);
    }

    [Fact]
    public void A_reader_that_was_given_up_does_not_get_the_older_copy_of_the_data_file()
    {
        MemoryStorageProvider provider = new();
        using StorageEngine engine = StorageEngine.Open(new StorageOptions
        {
            Provider = provider,
            Name = "test",
            Settings = new DatabaseSettings { PageSize = 4096, CacheBytes = 1 << 20, VersionLimitBytes = 64 * 4096, AutomaticCheckpoints = false },
        });
        TreeId tree;
        using (StorageTransaction transaction = engine.Begin())
        {
            transaction.BeginStatement();
            tree = transaction.CreateTree();
            transaction.Commit();
        }

        Write(engine, tree, 1, Keys);
        engine.Checkpoint();
        List<StorageTransaction> readers = [];
        for (int value = 2; value <= 12; value++)
        {
            Write(engine, tree, value, Keys);
            readers.Add(engine.Begin(TransactionIsolation.Snapshot, readOnly: true));
        }

        Assert.True(engine.Store.SnapshotsGivenUp > 0);
        int lost = 0;
        for (int i = 0; i < readers.Count; i++)
        {
            try
            {
                Assert.Equal((i + 2L) * Keys, Sum(readers[i], tree));
            }
            catch (StorageException e) when (e.Code == StorageErrorCode.SnapshotTooOld)
            {
                lost++;
            }

            readers[i].Dispose();
        }

        Assert.InRange(lost, 1, readers.Count - 1);
    }

    [Fact]
    public void A_checkpoint_is_never_given_up()
    {
        List<StorageTransaction> readers = [];
        for (int round = 1; round <= 20; round++)
        {
            readers.Add(_engine.Begin(TransactionIsolation.Snapshot, readOnly: true));
            WriteAll(round);
            _engine.Checkpoint();
        }

        readers.ForEach(r => r.Dispose());
        using StorageTransaction fresh = _engine.Begin(TransactionIsolation.Snapshot, readOnly: true);
        Assert.Equal(20L * Keys, Sum(fresh));
    }

    private void WriteAll(int value) => Write(value, Keys);

    private void Write(int value, int count) => Write(_engine, _tree, value, count);

    private static void Write(StorageEngine engine, TreeId tree, int value, int count)
    {
        using StorageTransaction transaction = engine.Begin();
        transaction.BeginStatement();
        for (int key = 0; key < count; key++)
            Put(transaction, tree, key, value);
        transaction.Commit(Durability.Off);
    }

    private static void Put(StorageTransaction transaction, TreeId tree, int key, int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, key);
        byte[] content = new byte[200];
        BinaryPrimitives.WriteInt32LittleEndian(content, value);
        transaction.LockKey(tree, bytes, LockMode.Exclusive);
        transaction.Put(tree, bytes, content);
    }

    private long Sum(StorageTransaction transaction) => Sum(transaction, _tree);

    private static long Sum(StorageTransaction transaction, TreeId tree)
    {
        long sum = 0;
        using TreeCursor cursor = transaction.OpenCursor(tree);
        for (bool more = cursor.SeekFirst(); more; more = cursor.MoveNext())
            sum += BinaryPrimitives.ReadInt32LittleEndian(cursor.Value);
        return sum;
    }
}
