using BareMetal.Data.Storage.Recovery;
using BareMetal.Data.Storage.Trees;
using Xunit;

namespace BareMetal.Data.Storage.Tests.Space;

/// <summary>An engine in memory with small pages, beside a model of its trees.</summary>
internal sealed class SpaceHarness : IDisposable
{
    public const string Name = "v";

    public SpaceHarness(int pageSize = 4096, long cache = 1 << 20)
    {
        PageSize = pageSize;
        Cache = cache;
        Engine = Open();
    }

    public MemoryStorageProvider Files { get; } = new();

    public StorageEngine Engine { get; private set; }

    public int PageSize { get; }

    public long Cache { get; }

    public Dictionary<TreeId, SortedDictionary<string, byte[]>> Model { get; } = [];

    public long FileBytes => Engine.Database.Data.Length;

    public ulong Pages => Engine.Store.PageCount;

    public TreeId Create()
    {
        using StorageTransaction transaction = Engine.Begin();
        TreeId tree = transaction.CreateTree();
        transaction.Commit();
        Model.Add(tree, new SortedDictionary<string, byte[]>(StringComparer.Ordinal));
        return tree;
    }

    public void Drop(TreeId tree)
    {
        using StorageTransaction transaction = Engine.Begin();
        transaction.DropTree(tree);
        transaction.Commit();
        Model.Remove(tree);
    }

    /// <summary>One commit of puts (values) and deletes (nulls).</summary>
    public void Write(TreeId tree, IEnumerable<(byte[] Key, byte[]? Value)> changes)
    {
        using StorageTransaction transaction = Engine.Begin();
        transaction.BeginStatement();
        SortedDictionary<string, byte[]> model = Model[tree];
        foreach ((byte[] key, byte[]? value) in changes)
        {
            if (value is null)
            {
                transaction.Delete(tree, key);
                model.Remove(Convert.ToHexString(key));
            }
            else
            {
                transaction.Put(tree, key, value);
                model[Convert.ToHexString(key)] = value;
            }
        }

        transaction.Commit(Durability.Off);
    }

    public VacuumProgress Vacuum(bool fill = false, long maxPages = 0, Action<VacuumProgress>? progress = null, CancellationToken cancellation = default) =>
        Engine.Database.RunVacuum(new VacuumSettings { Fill = fill, MaxPages = maxPages }, progress, cancellation);

    /// <summary>Waits until dropped trees and replaced values are freed.</summary>
    public void Settle()
    {
        while (Engine.Store.HasGarbage)
            Engine.Database.Pipeline.RunExclusive(() => Engine.Database.Pipeline.ApplyUnlogged(lsn => Engine.Database.Target.Batch.ReclaimDropped(lsn, 256)));
    }

    public void Reopen()
    {
        Engine.Dispose();
        Engine = Open();
    }

    /// <summary>Compares all trees with the model, and checks every page.</summary>
    public void Verify()
    {
        List<string> problems = [];
        using StorageTransaction transaction = Engine.Begin(TransactionIsolation.Snapshot, readOnly: true);
        Engine.CheckIntegrity(transaction.SnapshotLsn, p => problems.Add(p.ToString()), CancellationToken.None);
        Assert.True(problems.Count == 0, string.Join('\n', problems.Take(20)));
        foreach (TreeId tree in Model.Keys)
            Compare(transaction, tree, Model[tree]);
    }

    public static void Compare(StorageTransaction transaction, TreeId tree, SortedDictionary<string, byte[]> expected)
    {
        using TreeCursor cursor = transaction.OpenCursor(tree);
        bool more = cursor.SeekFirst();
        foreach ((string key, byte[] value) in expected)
        {
            Assert.True(more && Convert.ToHexString(cursor.Key) == key, $"Tree {tree}: {(more ? Convert.ToHexString(cursor.Key) : "the end")} where {key} belongs");
            Assert.True(cursor.Value.SequenceEqual(value), $"Tree {tree}: the value of {key}");
            more = cursor.MoveNext();
        }

        Assert.False(more);
    }

    public void Dispose() => Engine.Dispose();

    private StorageEngine Open() => StorageEngine.Open(new StorageOptions
    {
        Provider = Files, Name = Name, PageSize = PageSize, CacheBytes = Cache, CheckpointLogBytes = 4 << 20,
    });
}
