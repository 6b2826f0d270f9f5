using Xunit;
using BareMetal.Data.Storage.Pages;
using BareMetal.Data.Storage.Trees;
using Xunit.Abstractions;

namespace BareMetal.Data.Storage.Tests.Trees;

/// <summary>Readers at snapshots while a writer publishes and checkpoints run: what they see is always one state.</summary>
public sealed class ConcurrentReadersTests(ITestOutputHelper output)
{
    private const ulong Tree = TreeId.FirstDynamic;
    private const int Accounts = 400;
    private const long Total = Accounts * 1000L;

    [Theory]
    [InlineData(4096, 48, 1)]
    [InlineData(4096, 400, 2)]
    public void Every_snapshot_sums_to_the_same_while_transfers_splits_and_checkpoints_go_on(int pageSize, int frames, int seed)
    {
        seed = TestSeed.Of(seed);
        output.WriteLine($"seed {seed}");
        using var harness = new StoreHarness(pageSize, frames);
        PageStore store = harness.Store;
        harness.Create(Tree);
        harness.Commit((batch, lsn) =>
        {
            for (int i = 0; i < Accounts; i++)
            {
                batch.Put(lsn, new TreeId(Tree), Key(i, false), Value(1000, 40));
            }
        });
        bool stop = false;
        int scans = 0;
        var failures = new System.Collections.Concurrent.ConcurrentQueue<Exception>();
        var threads = new List<Thread>();
        for (int r = 0; r < 4; r++)
        {
            int reader = r;
            threads.Add(Start(() =>
            {
                var random = new Random(seed + reader);
                while (!Volatile.Read(ref stop))
                {
                    Snapshot snapshot = store.AcquireSnapshot();
                    PageCursor cursor = store.OpenCursor(new TreeId(Tree), snapshot.Lsn);
                    for (int pass = 0; pass < 2; pass++)
                    {
                        long sum = 0;
                        bool forward = random.Next(2) == 0;
                        for (bool more = forward ? cursor.SeekFirst() : cursor.SeekLast(); more; more = forward ? cursor.MoveNext() : cursor.MovePrevious())
                        {
                            if (cursor.Key.Length == 6)
                            {
                                sum += BitConverter.ToInt64(cursor.Value);
                            }
                            Assert.True(cursor.EntryLsn <= snapshot.Lsn.Value);
                        }
                        Assert.Equal(Total, sum);
                    }
                    store.ReturnCursor(cursor);
                    store.ReleaseSnapshot(snapshot);
                    Interlocked.Increment(ref scans);
                }
            }));
        }
        threads.Add(Start(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                harness.File.Take(store);
                Thread.Yield();
            }
        }));

        var writer = new Random(seed);
        var balance = new long[Accounts];
        Array.Fill(balance, 1000);
        for (int commit = 0; (commit < 1500 || Volatile.Read(ref scans) < 40) && failures.IsEmpty; commit++)
        {
            int a = writer.Next(Accounts), b = (a + 1 + writer.Next(Accounts - 1)) % Accounts;
            long amount = writer.Next(1, 50);
            balance[a] -= amount;
            balance[b] += amount;
            // Values of changing length and entries that come and go make leaves split and merge.
            byte[] one = Value(balance[a], writer.Next(300)), two = Value(balance[b], writer.Next(300));
            byte[] extra = Key(writer.Next(2000), true);
            bool add = (commit / 200) % 2 == 0;
            harness.Commit(
                (batch, lsn) =>
                {
                    batch.Put(lsn, new TreeId(Tree), Key(a, false), one);
                    batch.Put(lsn, new TreeId(Tree), Key(b, false), two);
                    if (add)
                    {
                        batch.Put(lsn, new TreeId(Tree), extra, one);
                    }
                    else
                    {
                        batch.Delete(lsn, new TreeId(Tree), extra);
                    }
                },
                batch => batch.Prepare(new TreeId(Tree), Key(a, false), one)
                    && batch.Prepare(new TreeId(Tree), Key(b, false), two)
                    && (add ? batch.Prepare(new TreeId(Tree), extra, one) : batch.PrepareDelete(new TreeId(Tree), extra)));
        }
        Volatile.Write(ref stop, true);
        threads.ForEach(t => t.Join());
        Assert.Empty(failures);
        Assert.Empty(IntegrityChecker.Check(store));
        Assert.Equal(0, store.PreparationShortfalls);
        store.Reclaim();
        Assert.Equal(0, store.SnapshotCount);
        output.WriteLine($"{scans} snapshots, {store.Pool.SpillWrites} spilled, {store.Pool.FileReads} read");

        Thread Start(Action body)
        {
            var thread = new Thread(() =>
            {
                try
                {
                    body();
                }
                catch (Exception e)
                {
                    failures.Enqueue(e);
                    Volatile.Write(ref stop, true);
                }
            });
            thread.Start();
            return thread;
        }
    }

    private static byte[] Key(int number, bool extra)
    {
        // Extras lie between accounts, so that account leaves split and merge.
        var key = new byte[6];
        key[0] = 1;
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(key.AsSpan(1), extra ? number / 5 : number);
        key[5] = (byte)(extra ? 1 + (number % 5) : 0);
        return extra ? [.. key, 9] : key;
    }

    private static byte[] Value(long balance, int padding)
    {
        var value = new byte[8 + padding];
        BitConverter.TryWriteBytes(value, balance);
        return value;
    }
}
