using System.Buffers.Binary;
using BareMetal.Data.Simulation;
using BareMetal.Data.Storage.Pages;
using BareMetal.Data.Storage.Recovery;
using BareMetal.Data.Storage.Trees;
using Xunit;

namespace BareMetal.Data.Storage.Tests.Recovery;

public class ConcurrencyTests
{
    /// <summary>What the database lies on.</summary>
    protected virtual TestSubstrate Substrate => TestSubstrates.Default;

    private const int Writers = 6;
    private const int Commits = 400;
    private const int Accounts = 40;
    private const int Sum = 1000;

    private static readonly TreeId Tree = new(2000);

    [Fact]
    public async Task Writers_readers_and_checkpoints_run_at_once_and_every_snapshot_adds_up()
    {
        IStorageProvider provider = TestSubstrates.Make(Substrate);
        int[][] final = new int[Writers][];
        long checkpoints;
        using (Database database = Open(provider, StorageFileMode.CreateNew))
        {
            ListRequest first = new ListRequest().Create(Tree.Value);
            for (int w = 0; w < Writers; w++)
            {
                final[w] = new int[Accounts];
                for (int a = 0; a < Accounts; a++)
                {
                    final[w][a] = a == 0 ? Sum : 0;
                    first.Put(Tree.Value, KeyOf(w, a), ValueOf(final[w][a], w + a));
                }
            }

            database.Pipeline.Commit(first, Durability.Full);
            using CancellationTokenSource stop = new();
            Task[] readers = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(() => Read(database, stop.Token)))];
            Task checkpointer = Task.Run(() =>
            {
                while (!stop.IsCancellationRequested)
                    database.Checkpoints.Run();
            });
            await Task.WhenAll(Enumerable.Range(0, Writers).Select(w => Task.Run(() => Write(database, w, final[w]))));
            await stop.CancelAsync();
            await Task.WhenAll(readers);
            await checkpointer;
            checkpoints = database.Checkpoints.Completed;
            Assert.Empty(IntegrityChecker.Check(database.Store));
            database.Close();
        }

        Assert.True(checkpoints > 1);
        using Database again = Open(provider, StorageFileMode.Open);
        Assert.True(again.Report.WasClean);
        Assert.Empty(IntegrityChecker.Check(again.Store));
        int[][] back = Balances(again);
        for (int w = 0; w < Writers; w++)
            Assert.Equal(final[w], back[w]);
    }

    private static async Task Write(Database database, int writer, int[] balances)
    {
        Random random = new(writer);
        for (int i = 0; i < Commits; i++)
        {
            int from = random.Next(Accounts), to = random.Next(Accounts), amount = random.Next(100);
            balances[from] -= amount;
            balances[to] += amount;
            ListRequest request = new ListRequest()
                .Put(Tree.Value, KeyOf(writer, from), ValueOf(balances[from], i))
                .Put(Tree.Value, KeyOf(writer, to), ValueOf(balances[to], i + 1));
            Durability durability = (Durability)(i % 3);
            if (i % 2 == 0)
                database.Pipeline.Commit(request, durability);
            else
                await database.Pipeline.CommitAsync(request, durability, default);
        }
    }

    private static void Read(Database database, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            foreach (int[] balances in Balances(database))
                Assert.Equal(Sum, balances.Sum());
        }
    }

    private static int[][] Balances(Database database)
    {
        int[][] balances = [.. Enumerable.Range(0, Writers).Select(_ => new int[Accounts])];
        Snapshot snapshot = database.Store.AcquireSnapshot();
        PageCursor cursor = database.Store.OpenCursor(Tree, snapshot.Lsn);
        for (bool found = cursor.SeekFirst(); found; found = cursor.MoveNext())
            balances[BinaryPrimitives.ReadInt32BigEndian(cursor.Key)][BinaryPrimitives.ReadInt32BigEndian(cursor.Key[4..])] = BinaryPrimitives.ReadInt32BigEndian(cursor.Value);
        database.Store.ReturnCursor(cursor);
        database.Store.ReleaseSnapshot(snapshot);
        return balances;
    }

    private static Database Open(IStorageProvider provider, StorageFileMode mode) => Database.Open(
        provider, "m.bmdb", mode, StorageEnvironment.Default, CrashRun.Tiny with { CheckpointDirtyBytes = 0, CheckpointLogBytes = 64 << 10 });

    private static byte[] KeyOf(int writer, int account)
    {
        byte[] key = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(key, writer);
        BinaryPrimitives.WriteInt32BigEndian(key.AsSpan(4), account);
        return key;
    }

    private static byte[] ValueOf(int balance, int length)
    {
        byte[] value = new byte[4 + (length * 37 % 500)];
        BinaryPrimitives.WriteInt32BigEndian(value, balance);
        return value;
    }
}
