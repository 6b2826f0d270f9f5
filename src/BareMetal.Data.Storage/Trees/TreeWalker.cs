using BareMetal.Data.Storage.Pages;

namespace BareMetal.Data.Storage.Trees;

/// <summary>
/// Reads the entries of a tree at a snapshot in order and goes on behind what is damaged: a page that can't be read costs what lies
/// under it, a large value that can't be read costs its entry. For checks; it copies each page before it looks at it.
/// </summary>
internal sealed unsafe class TreeWalker
{
    private readonly PageStore _store;
    private readonly ulong _lsn;
    private readonly Action<StorageException, ReadOnlyMemory<byte>>? _damage;
    private readonly Stack<(ulong[] Children, int Next, int Level)> _path = new();
    private readonly byte[] _leaf;
    private readonly byte[] _key;
    private byte[] _large = [];
    private int _keyLength;
    private int _index;
    private int _count;
    private int _valueLength;
    private bool _isLarge;
    private bool _begun;

    /// <param name="store">The store.</param>
    /// <param name="lsn">The snapshot, which is held.</param>
    /// <param name="root">The tree's root page; 0 for an empty tree.</param>
    /// <param name="damage">Told of what can't be read, with the key when it is one entry's value.</param>
    public TreeWalker(PageStore store, Lsn lsn, ulong root, Action<StorageException, ReadOnlyMemory<byte>>? damage)
    {
        _store = store;
        _lsn = lsn.Value;
        _damage = damage;
        // Pinned for good, so that node functions may look at it.
        _leaf = GC.AllocateUninitializedArray<byte>(store.PageSize, pinned: true);
        _key = new byte[store.PageSize];
        if (root != 0)
        {
            _path.Push(([root], 0, -1));
        }
    }

    /// <summary>Pages and values that could not be read so far.</summary>
    public long Damaged { get; private set; }

    /// <summary>The entry's key; valid until the next move, as the value.</summary>
    public ReadOnlySpan<byte> Key => _key.AsSpan(0, _keyLength);

    /// <summary>The entry's value.</summary>
    public ReadOnlySpan<byte> Value => _isLarge ? _large.AsSpan(0, _valueLength) : Node.Tail(Page, _index);

    private byte* Page => (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref _leaf[0]);

    /// <summary>Goes to the next entry that can be read.</summary>
    public bool MoveNext()
    {
        while (true)
        {
            if (_begun && ++_index < _count)
            {
                if (TryEnter())
                {
                    return true;
                }
                continue;
            }
            if (!NextLeaf())
            {
                _begun = false;
                _count = 0;
                return false;
            }
            _begun = true;
            _index = -1;
        }
    }

    private bool TryEnter()
    {
        ReadOnlySpan<byte> prefix = Node.Prefix(Page), suffix = Node.KeySuffix(Page, _index);
        prefix.CopyTo(_key);
        suffix.CopyTo(_key.AsSpan(prefix.Length));
        _keyLength = prefix.Length + suffix.Length;
        _isLarge = Node.IsOverflow(Page, _index);
        if (!_isLarge)
        {
            return true;
        }
        try
        {
            OverflowValue.ReadWhole(_store.Pool, Node.Tail(Page, _index), _lsn, ref _large, out _valueLength);
            return true;
        }
        catch (StorageException e) when (e.Code != StorageErrorCode.SnapshotTooOld)
        {
            Tell(e, _key.AsMemory(0, _keyLength));
            return false;
        }
    }

    private bool NextLeaf()
    {
        while (_path.Count > 0)
        {
            (ulong[] children, int next, int level) = _path.Pop();
            if (next == children.Length)
            {
                continue;
            }
            _path.Push((children, next + 1, level));
            if (!TryCopy(children[next], level))
            {
                continue;
            }
            int actual = Node.Level(Page);
            int count = Node.Count(Page);
            if (actual == 0)
            {
                _count = count;
                return true;
            }
            var below = new ulong[count + 1];
            for (int i = 0; i <= count; i++)
            {
                below[i] = Node.Child(Page, _store.PageSize, i - 1);
            }
            _path.Push((below, 0, actual - 1));
        }
        return false;
    }

    private bool TryCopy(ulong id, int level)
    {
        try
        {
            PageImage* image = IntegrityChecker.Pin(_store, id, _lsn);
            new ReadOnlySpan<byte>(image->Data, _store.PageSize).CopyTo(_leaf);
            PagePool.Unpin(image);
            int actual = Node.Level(Page);
            if (PageFormat.Kind(Page) != (actual == 0 ? PageKind.Leaf : PageKind.Inner) || (level >= 0 && actual != level))
            {
                throw TreeEditor.NotANode(id, PageFormat.Kind(Page));
            }
            if (Node.Check(Page, _store.PageSize) is { } fault)
            {
                throw new StorageException(StorageErrorCode.Corruption, $"Page {id} is no proper node: {fault}.") { Page = new PageId(id) };
            }
            return true;
        }
        catch (StorageException e) when (e.Code != StorageErrorCode.SnapshotTooOld)
        {
            Tell(e, default);
            return false;
        }
    }

    private void Tell(StorageException e, ReadOnlyMemory<byte> key)
    {
        Damaged++;
        _damage?.Invoke(e, key);
    }
}
