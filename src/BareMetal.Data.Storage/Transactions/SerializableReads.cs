using BareMetal.Data.Storage.Pages;
using BareMetal.Data.Storage.Trees;

namespace BareMetal.Data.Storage.Transactions;

/// <summary>
/// What a serializable transaction read: every leaf whose key range meets what it looked at, also where a missing key would be. At commit
/// none of them may have changed since the snapshot; splits and merges raise the LSN of every leaf involved, so that phantoms show.
/// When there are very many, the tree as a whole stands for them.
/// </summary>
internal sealed class SerializableReads(int limit)
{
    private readonly Dictionary<TreeId, TreeReads> _trees = [];
    private int _leaves;

    /// <summary>The trees that were read.</summary>
    public IReadOnlyCollection<TreeId> Trees => _trees.Keys;

    /// <summary>Leaves that are noted one by one.</summary>
    public int Leaves => _leaves;

    /// <summary>Notes what a cursor will read.</summary>
    public void Watch(TreeId tree, ulong root, PageCursor cursor)
    {
        if (!_trees.TryGetValue(tree, out TreeReads? reads))
            _trees.Add(tree, reads = new TreeReads(this));
        if (root == 0)
            reads.IsEmpty = true;
        else
            cursor.Observer = reads;
    }

    /// <exception cref="StorageException">Something that was read has changed.</exception>
    public void Validate(StorageTransaction transaction)
    {
        PageStore store = transaction.Engine.Store;
        Lsn snapshot = transaction.SnapshotLsn;
        foreach ((TreeId tree, TreeReads reads) in _trees)
        {
            if (reads.IsEmpty && store.TryFindTree(tree, store.BuiltLsn, out ulong root) && root != 0)
                throw Failure(transaction);
            if (reads.Leaves is null)
            {
                if (store.ChangedSince(tree, snapshot))
                    throw Failure(transaction);
                continue;
            }

            foreach (PageId leaf in reads.Leaves)
            {
                if (store.ChangedSince(leaf, snapshot))
                    throw Failure(transaction);
            }
        }
    }

    private static StorageException Failure(StorageTransaction transaction) => new(
        StorageErrorCode.SerializationFailure,
        $"Something that transaction {transaction.Id} read was changed by another transaction after its snapshot {transaction.SnapshotLsn}. Run the transaction again.");

    private sealed class TreeReads(SerializableReads owner) : ILeafObserver
    {
        /// <summary>The leaves; null: all.</summary>
        public HashSet<PageId>? Leaves { get; private set; } = [];

        /// <summary>Whether the tree was seen without any page.</summary>
        public bool IsEmpty { get; set; }

        /// <inheritdoc/>
        public void LeafRead(PageId leaf)
        {
            if (Leaves is null || !Leaves.Add(leaf) || ++owner._leaves <= owner.Limit)
                return;
            owner._leaves -= Leaves.Count;
            Leaves = null;
        }    }

    private int Limit => limit;
}
