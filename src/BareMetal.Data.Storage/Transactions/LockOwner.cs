namespace BareMetal.Data.Storage.Transactions;

/// <summary>Who holds and awaits locks: a transaction, or a session for locks that outlive transactions.</summary>
internal sealed class LockOwner : LockParty
{
    public LockOwner(long id, LockParty? party = null)
    {
        Id = id;
        Party = party ?? this;
    }

    /// <summary>Who waits on its behalf.</summary>
    public LockParty Party { get; }

    /// <summary>Names the owner in messages.</summary>
    public long Id { get; }

    /// <summary>What is held; guarded by the lock manager.</summary>
    public List<LockManager.LockEntry> Held { get; } = [];

    // Locks by tree; used by the owner's thread alone. Most owners lock in few trees: a dictionary
    // is only made for many.
    private const int Few = 8;
    private TreeLocks? _first;
    private TreeLocks? _last;
    private int _count;
    private Dictionary<TreeId, TreeLocks>? _many;

    /// <summary>The locks in one tree.</summary>
    public TreeLocks In(TreeId tree)
    {
        if (_last is not null && _last.Tree == tree)
            return _last;
        return _last = Find(tree) ?? Add(tree);
    }

    /// <summary>The trees that it has locked to change them.</summary>
    public IEnumerable<TreeId> TreesToWrite()
    {
        for (TreeLocks? locks = _first; locks is not null; locks = locks.Next)
        {
            if (locks.MeansToWrite)
                yield return locks.Tree;
        }
    }

    private TreeLocks? Find(TreeId tree)
    {
        if (_many is not null)
            return _many.GetValueOrDefault(tree);
        TreeLocks? locks = _first;
        while (locks is not null && locks.Tree != tree)
            locks = locks.Next;
        return locks;
    }

    private TreeLocks Add(TreeId tree)
    {
        TreeLocks added = new(tree) { Next = _first };
        _first = added;
        if (_many is not null)
        {
            _many.Add(tree, added);
        }
        else if (++_count > Few)
        {
            _many = [];
            for (TreeLocks? locks = _first; locks is not null; locks = locks.Next)
                _many.Add(locks.Tree, locks);
        }

        return added;
    }
}
