using BareMetal.Data.Simulation;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Storage.Tests.Faults;

/// <summary>What is damaged while the database is open: the spill file, and the data file behind a small cache.</summary>
public sealed class LiveDamageTests(ITestOutputHelper output)
{
    private const int PageSize = 4096;
    private readonly SplitMix _random = new((ulong)TestSeed.Of(3));
    private readonly SimulatedDisk _disk = new();
    private FaultModel _old = FaultModel.Empty;
    private FaultModel _now = FaultModel.Empty;
    private FaultModel _own = FaultModel.Empty;
    private TreeId _tree;

    private static int Factor => int.TryParse(Environment.GetEnvironmentVariable("BAREMETAL_FLIPS"), out int factor) ? factor : 1;

    [Fact]
    public void A_spilled_page_that_is_damaged_swapped_or_stale_is_named()
    {
        using StorageEngine engine = Open();
        string file = new DatabaseFiles(FaultRun.Name).SpillPrefix;
        Fill(engine);
        using StorageTransaction snapshot = engine.Begin(TransactionIsolation.Snapshot, readOnly: true);
        Assert.Null(_old.Difference(snapshot, _tree));
        byte[] early = [];
        using StorageTransaction own = engine.Begin(TransactionIsolation.Snapshot);
        for (int round = 0; round < 3; round++)
        {
            using (StorageTransaction transaction = engine.Begin())
            {
                transaction.BeginStatement();
                for (int key = 0; key < 120; key++)
                {
                    _now = _now.Put(key, key + round + 1, 700);
                    transaction.Put(_tree, FaultModel.Key(key), FaultModel.Value(key + round + 1, 700));
                }

                transaction.Commit();
            }

            own.BeginStatement();
            _own = round == 0 ? _old : _own;
            for (int key = 60; key < 180; key++)
            {
                _own = _own.Put(key, key + (round * 3), 800);
                own.Put(_tree, FaultModel.Key(key), FaultModel.Value(key + (round * 3), 800));
            }

            own.BeginStatement();
            Assert.Null(ReadAll(engine, snapshot, own));
            if (round == 0)
                early = _disk.ReadAll(file);
        }

        int slots = _disk.ReadAll(file).Length / PageSize, tried = 0, named = 0;
        Assert.True(slots > 30);
        for (int i = 0; i < 150 * Factor; i++)
        {
            int at = _random.Next(slots * PageSize);
            byte bit = (byte)(1 << _random.Next(8));
            Attempt($"bit of byte {at}", at, b => b[0] ^= bit, 1);
        }

        for (int i = 0; i < 30 * Factor; i++)
        {
            int to = _random.Next(slots), from = _random.Next(slots);
            byte[] other = _disk.ReadAll(file).AsSpan(from * PageSize, PageSize).ToArray();
            Attempt($"slot {from} in place of {to}", to * PageSize, b => other.CopyTo(b, 0), PageSize);
        }

        for (int slot = 0; slot < early.Length / PageSize; slot++)
        {
            byte[] stale = early.AsSpan(slot * PageSize, PageSize).ToArray();
            Attempt($"slot {slot} as it was before", slot * PageSize, b => stale.CopyTo(b, 0), PageSize);
        }

        output.WriteLine($"{tried} damages of the spill file: {named} named, the others met nothing that was read, 0 wrong answers");
        Assert.True(named > tried / 8);

        void Attempt(string what, int at, Action<byte[]> damage, int length)
        {
            tried++;
            byte[] before = _disk.ReadAll(file).AsSpan(at, length).ToArray(), after = [.. before];
            damage(after);
            _disk.Overwrite(file, at, after);
            try
            {
                Assert.True(ReadAll(engine, snapshot, own) is null, what);
            }
            catch (StorageException e)
            {
                Assert.True(e.Code == StorageErrorCode.Corruption && e.File == file && e.Message.Contains(file, StringComparison.Ordinal), $"{what}: {e}");
                named++;
            }

            // The bytes come back (a cable, not the medium), and so do the answers.
            _disk.Overwrite(file, at, before);
            Assert.True(ReadAll(engine, snapshot, own) is null, what + ", afterwards");
        }
    }

    [Fact]
    public void A_page_that_is_damaged_under_an_open_database_is_named_and_the_others_are_read()
    {
        using StorageEngine engine = Open();
        Fill(engine);
        engine.Checkpoint();
        int pages = _disk.ReadAll(FaultRun.Name).Length / PageSize, named = 0, tried = 0;
        for (int i = 0; i < 200 * Factor; i++)
        {
            tried++;
            int at = (2 * PageSize) + _random.Next((pages - 2) * PageSize);
            byte before = _disk.ReadAll(FaultRun.Name)[at];
            _disk.Overwrite(FaultRun.Name, at, [(byte)(before ^ (1 << _random.Next(8)))]);
            try
            {
                using StorageTransaction transaction = engine.Begin(readOnly: true);
                Assert.Null(_now.Difference(transaction, _tree));
            }
            catch (StorageException e)
            {
                Assert.Equal(StorageErrorCode.Corruption, e.Code);
                Assert.Equal(FaultRun.Name, e.File);
                Assert.Equal((ulong)(at / PageSize), e.Page.Value);
                named++;
            }

            _disk.Overwrite(FaultRun.Name, at, [before]);
            using StorageTransaction again = engine.Begin(readOnly: true);
            Assert.Null(_now.Difference(again, _tree));
        }

        output.WriteLine($"{tried} bits of the data file: {named} named, the others met nothing that was read, 0 wrong answers");
        Assert.True(named > 20);
    }

    private string? ReadAll(StorageEngine engine, StorageTransaction snapshot, StorageTransaction own)
    {
        using StorageTransaction newest = engine.Begin(readOnly: true);
        return _now.Difference(newest, _tree) ?? _old.Difference(snapshot, _tree) ?? _own.Difference(own, _tree);
    }

    private void Fill(StorageEngine engine)
    {
        using StorageTransaction transaction = engine.Begin();
        _tree = transaction.CreateTree();
        transaction.BeginStatement();
        for (int key = 0; key < 150; key++)
        {
            int length = key % 40 == 7 ? 9000 : 600;
            _now = _now.Put(key, key, length);
            transaction.Put(_tree, FaultModel.Key(key), FaultModel.Value(key, length));
        }

        transaction.Commit();
        _old = _now;
    }

    private StorageEngine Open() => StorageEngine.Open(new StorageOptions
    {
        Provider = _disk.Provider,
        Name = FaultRun.Name,
        Environment = new SimulatedWorld(1, _disk).Environment,
        Settings = FaultRun.Settings with { CacheBytes = 20 * PageSize, AutomaticCheckpoints = false },
    });
}
