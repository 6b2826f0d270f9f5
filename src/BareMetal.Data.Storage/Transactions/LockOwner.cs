namespace BareMetal.Data.Storage.Transactions;

/// <summary>Who holds and awaits locks: a transaction, or a session for locks that outlive transactions.</summary>
internal sealed class LockOwner(long id)
{
    /// <summary>Names the owner in messages.</summary>
    public long Id { get; } = id;

    /// <summary>What is held; guarded by the lock manager.</summary>
    public List<LockManager.LockEntry> Held { get; } = [];

    /// <summary>Locks by tree; used by the owner's thread alone.</summary>
    private readonly Dictionary<TreeId, TreeLocks> _trees = [];
    private TreeLocks? _lastTree;
    private TreeId _lastTreeId;

    /// <summary>The locks in one tree.</summary>
    public TreeLocks In(TreeId tree)
    {
        if (_lastTree is not null && _lastTreeId == tree)
            return _lastTree;
        if (!_trees.TryGetValue(tree, out TreeLocks? locks))
            _trees.Add(tree, locks = new TreeLocks());
        _lastTreeId = tree;
        return _lastTree = locks;
    }

    /// <summary>What is awaited; guarded by the lock manager.</summary>
    public LockManager.Waiter? Waiting { get; set; }
}
