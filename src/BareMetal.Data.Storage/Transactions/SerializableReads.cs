using BareMetal.Data.Storage.Pages;
using BareMetal.Data.Storage.Trees;

namespace BareMetal.Data.Storage.Transactions;

/// <summary>
/// What a serializable transaction read: every leaf whose key range meets what it looked at, also where a missing key would be. At commit
/// none of them may have changed since the snapshot; splits and merges raise the LSN of every leaf involved, so that phantoms show.
/// </summary>
internal sealed class SerializableReads : ILeafObserver
{
    private readonly HashSet<PageId> _leaves = [];
    private readonly HashSet<TreeId> _emptyTrees = [];

    /// <summary>Notes what a cursor will read.</summary>
    public void Watch(TreeId tree, ulong root, PageCursor cursor)
    {
        if (root == 0)
            _emptyTrees.Add(tree);
        else
            cursor.Observer = this;
    }

    /// <inheritdoc/>
    public void LeafRead(PageId leaf) => _leaves.Add(leaf);

    /// <exception cref="StorageException">Something that was read has changed.</exception>
    public void Validate(StorageTransaction transaction)
    {
        PageStore store = transaction.Engine.Store;
        foreach (PageId leaf in _leaves)
        {
            if (store.ChangedSince(leaf, transaction.SnapshotLsn))
                throw Failure(transaction);
        }

        foreach (TreeId tree in _emptyTrees)
        {
            if (store.TryFindTree(tree, store.BuiltLsn, out ulong root) && root != 0)
                throw Failure(transaction);
        }
    }

    private static StorageException Failure(StorageTransaction transaction) => new(
        StorageErrorCode.SerializationFailure,
        $"Something that transaction {transaction.Id} read was changed by another transaction after its snapshot {transaction.SnapshotLsn}. Run the transaction again.");
}
