using System.Runtime.CompilerServices;
using Xunit;

namespace BareMetal.Data.Storage.Tests.Recovery;

public sealed class ClosedDatabaseTests
{
    [Fact]
    public void A_closed_database_leaves_nothing_in_memory()
    {
        // On a thread that goes on living: what it keeps for itself must not be the database.
        WeakReference[] closed = [OpenAndClose(), OpenAndClose(), OpenAndClose()];
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.All(closed, c => Assert.False(c.IsAlive));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference OpenAndClose()
    {
        using StorageEngine engine = StorageEngine.Open(new StorageOptions { Provider = Simulation.TestSubstrates.Make(), Name = "closed.bmdb", CacheBytes = 1 << 20 });
        using StorageTransaction transaction = engine.Begin();
        TreeId tree = transaction.CreateTree();
        transaction.Put(tree, [1], [2]);
        transaction.Commit();
        using StorageTransaction other = engine.Begin();
        using (TreeCursor cursor = other.OpenCursor(tree))
            Assert.True(cursor.SeekFirst());
        return new WeakReference(engine.Store);
    }
}
