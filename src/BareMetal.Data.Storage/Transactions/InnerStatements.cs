using BareMetal.Data.Storage.Transactions;

namespace BareMetal.Data.Storage;

/// <summary>What a statement sees, kept while others run within it; see <see cref="StorageTransaction.EnterInner"/>.</summary>
internal readonly struct InnerStatements
{
    internal InnerStatements(SnapshotHandle snapshot, uint start)
    {
        Snapshot = snapshot;
        Start = start;
    }

    internal SnapshotHandle Snapshot { get; }

    internal uint Start { get; }
}
