namespace BareMetal.Data.Storage.Transactions;

/// <summary>What one owner has locked in one tree: which intent it announced, how many keys, whether the tree as a whole.</summary>
internal sealed class TreeLocks(TreeId tree)
{
    /// <summary>Locks on keys of one tree after which an owner tries to hold the tree instead: bounds memory (some 300 bytes a lock).</summary>
    public const int EscalationStep = 10_000;

    private bool _intentShared;
    private bool _intentExclusive;
    private bool _wholeShared;
    private bool _wholeExclusive;
    private int _keys;
    private int _nextTry = EscalationStep;

    /// <summary>The tree.</summary>
    public TreeId Tree { get; } = tree;

    /// <summary>The owner's next, in its list.</summary>
    public TreeLocks? Next { get; init; }

    /// <summary>Whether the owner meant to change the tree.</summary>
    public bool MeansToWrite => _intentExclusive || _wholeExclusive;

    /// <summary>Whether any key was locked to be changed.</summary>
    public bool HasExclusiveKeys { get; private set; }

    /// <summary>Whether a lock on the tree makes one on a key superfluous.</summary>
    public bool Covers(LockMode mode) => _wholeExclusive || (_wholeShared && mode <= LockMode.Shared);

    /// <summary>Whether the intent that a key's lock needs is announced.</summary>
    public bool HasIntent(LockMode mode) => _intentExclusive || _wholeExclusive || (mode <= LockMode.Shared && (_intentShared || _wholeShared));

    /// <summary>Notes a lock on the tree as a whole.</summary>
    public void NoteTree(LockMode mode)
    {
        _intentShared |= mode == LockMode.IntentShared;
        _intentExclusive |= mode == LockMode.IntentExclusive;
        _wholeShared |= mode == LockMode.Shared;
        _wholeExclusive |= mode == LockMode.Exclusive;
    }

    /// <summary>Notes a lock on a key.</summary>
    /// <returns>Whether it is time to try for the tree.</returns>
    public bool NoteKey(LockMode mode)
    {
        HasExclusiveKeys |= mode > LockMode.Shared;
        if (++_keys < _nextTry)
            return false;
        _nextTry = _keys + EscalationStep;
        return true;
    }
}
