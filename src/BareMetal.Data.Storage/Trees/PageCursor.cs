using System.Diagnostics;
using System.Runtime.CompilerServices;
using BareMetal.Data.Storage.Pages;

namespace BareMetal.Data.Storage.Trees;

/// <summary>
/// Walks the entries of one tree at one snapshot, which must be registered while the cursor is open. It keeps its own path instead of
/// sibling links, which the snapshot keeps valid, and pins one leaf between calls. One thread at a time, any thread. Seeking and
/// moving allocate nothing. Spans are valid until the next call that moves, seeks or closes.
/// </summary>
internal sealed unsafe class PageCursor : IDisposable
{
    private const int MaxDepth = 64;

    private readonly PagePool _pool;
    private readonly int _pageSize;
    private readonly ulong[] _ids = new ulong[MaxDepth];
    private readonly int[] _slots = new int[MaxDepth];
    private readonly byte[] _key;
    private byte[] _large = [];
    private CompressedReader? _compressed;
    private byte[] _blockKeys = [];
    private ulong _root;
    private ulong _lsn;
    private PageImage* _leaf;
    private byte* _page;
    private int _index;
    private int _depth;
    private int _keyLength;
    private int _prefixLength;
    private bool _keyReady;
    private bool _valid;
    private bool _detached;
    private bool _atEdge;
    private PrivateTree? _owner;

    public PageCursor(PageStore store)
    {
        _pool = store.Pool;
        _pageSize = store.PageSize;
        _key = GC.AllocateUninitializedArray<byte>(Node.MaxKey(_pageSize) + Node.PrivateKeyExtra, pinned: true);
    }

    /// <summary>Told of every leaf that is read.</summary>
    public ILeafObserver? Observer { get; set; }

    /// <summary>Whether it stands on an entry.</summary>
    public bool IsValid => _valid;

    /// <summary>Points the cursor at a tree; it stands nowhere.</summary>
    /// <param name="root">The tree's root page; 0 for an empty tree.</param>
    /// <param name="lsn">The snapshot.</param>
    public void Open(ulong root, ulong lsn)
    {
        Close();
        _root = root;
        _lsn = lsn;
    }

    internal void Open(PrivateTree tree)
    {
        Close();
        _root = tree.Root;
        _lsn = ulong.MaxValue;
        _owner = tree;
    }

    /// <summary>Lets go of tree and leaf. The cursor can be opened again.</summary>
    public void Close()
    {
        Leave();
        _valid = false;
        _detached = false;
        _root = 0;
        _compressed?.Dispose();
        _owner?.Forget(this);
        _owner = null;
        if (_large.Length > 1 << 20)
        {
            _large = [];
        }
    }

    public void Dispose() => Close();

    /// <summary>The page of the leaf that the cursor stands in.</summary>
    public PageId Leaf => _leaf == null ? PageId.None : new PageId(_leaf->PageId);

    /// <summary>The entry's key.</summary>
    public ReadOnlySpan<byte> Key
    {
        get
        {
            if (!_keyReady)
            {
                ReadKey();
            }
            return new ReadOnlySpan<byte>(_key, 0, _keyLength);
        }
    }

    /// <summary>The commit that last changed the entry; in a private tree the tag it was put with.</summary>
    public ulong EntryLsn
    {
        get
        {
            Attach();
            return Node.EntryLsn(_page, _index);
        }
    }

    /// <summary>Whether the value lies in overflow pages.</summary>
    public bool IsLarge
    {
        get
        {
            Attach();
            return Node.IsOverflow(_page, _index);
        }
    }

    /// <summary>Length of the value in bytes.</summary>
    public long ValueLength
    {
        get
        {
            Attach();
            Span<byte> tail = Node.Tail(_page, _index);
            if (!Node.IsOverflow(_page, _index))
            {
                return tail.Length;
            }
            OverflowValue.ReadReference(tail, out ulong top, out long length);
            return OverflowValue.IsCompressed(tail) ? OverflowValue.ReadLength(_pool, top, length, _lsn) : length;
        }
    }

    /// <summary>The value; a large one is read whole.</summary>
    public ReadOnlySpan<byte> Value
    {
        get
        {
            Attach();
            Span<byte> tail = Node.Tail(_page, _index);
            return Node.IsOverflow(_page, _index) ? ReadLarge(tail) : tail;
        }
    }

    /// <summary>Reads a part of the value without the rest.</summary>
    /// <returns>Bytes read: fewer than asked for only at the end.</returns>
    public int ReadValue(long offset, Span<byte> buffer)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        Attach();
        Span<byte> tail = Node.Tail(_page, _index);
        if (Node.IsOverflow(_page, _index))
        {
            OverflowValue.ReadReference(tail, out ulong top, out long length);
            if (OverflowValue.IsCompressed(tail))
            {
                return (_compressed ??= new CompressedReader()).Read(_pool, top, length, _lsn, offset, buffer);
            }
            return OverflowValue.Read(_pool, top, length, _lsn, offset, buffer);
        }
        if (offset >= tail.Length)
        {
            return 0;
        }
        int count = Math.Min(tail.Length - (int)offset, buffer.Length);
        tail.Slice((int)offset, count).CopyTo(buffer);
        return count;
    }

    /// <summary>Goes to an entry.</summary>
    /// <returns>Whether there is one.</returns>
    public bool Seek(ReadOnlySpan<byte> key, SeekMode mode = SeekMode.GreaterOrEqual)
    {
        _detached = false;
        if (!Descend(key, 0))
        {
            return false;
        }
        int position = Node.Search(_page, key, out bool found);
        switch (mode)
        {
            case SeekMode.Equal:
                return found ? At(position) : Nowhere();
            case SeekMode.GreaterOrEqual:
                return position < Node.Count(_page) ? At(position) : NextLeaf();
            case SeekMode.Greater:
                position = found ? position + 1 : position;
                return position < Node.Count(_page) ? At(position) : NextLeaf();
            case SeekMode.LessOrEqual:
                position = found ? position : position - 1;
                return position >= 0 ? At(position) : PreviousLeaf();
            default:
                return position > 0 ? At(position - 1) : PreviousLeaf();
        }
    }

    /// <summary>Goes to the first entry.</summary>
    public bool SeekFirst()
    {
        _detached = false;
        return Descend(default, -1) && (Node.Count(_page) > 0 ? At(0) : NextLeaf());
    }

    /// <summary>Goes to the last entry.</summary>
    public bool SeekLast()
    {
        _detached = false;
        if (!Descend(default, 1))
        {
            return false;
        }
        int count = Node.Count(_page);
        return count > 0 ? At(count - 1) : PreviousLeaf();
    }

    /// <summary>
    /// Goes to an entry picked by chance: from the root down, at each node any child, each as likely as another.
    /// </summary>
    /// <param name="fraction">Chooses the path: from 0, the first entry, up to 1, the last one.</param>
    /// <param name="entries">About how many entries the tree has, judged by this path alone: the mean over evenly spread paths has no bias (Knuth 1975).</param>
    /// <returns>Whether there is one.</returns>
    public bool SeekFraction(double fraction, out double entries)
    {
        _detached = false;
        entries = 0;
        Leave();
        _valid = false;
        if (_root == 0)
        {
            return false;
        }
        fraction = Math.Clamp(fraction, 0, 1);
        ulong id = _root;
        int depth = 0;
        entries = 1;
        while (true)
        {
            PageImage* image = _pool.Pin(id, _lsn);
            byte* page = image->Data;
            PageKind kind = PageFormat.Kind(page);
            int count = Node.Count(page);
            if (kind == PageKind.Leaf)
            {
                _depth = depth;
                Land(image);
                entries *= count;
                return count > 0 ? At(Math.Min((int)(fraction * count), count - 1)) : NextLeaf();
            }
            if (kind != PageKind.Inner || depth >= MaxDepth)
            {
                PagePool.Unpin(image);
                throw TreeEditor.NotANode(id, kind);
            }
            // An inner node has one child more than keys; −1 is the leftmost.
            double place = fraction * (count + 1);
            int child = Math.Min((int)place, count);
            fraction = Math.Clamp(place - child, 0, 1);
            entries *= count + 1;
            _ids[depth] = id;
            _slots[depth++] = child - 1;
            id = Node.Child(page, _pageSize, child - 1);
            PagePool.Unpin(image);
        }
    }

    /// <summary>Goes to the next entry.</summary>
    public bool MoveNext()
    {
        if (_detached)
        {
            return Again(SeekMode.Greater);
        }
        if (!_valid)
        {
            return false;
        }
        int next = _index + 1;
        return next < Node.Count(_page) ? At(next) : NextLeaf();
    }

    /// <summary>Goes to the previous entry.</summary>
    public bool MovePrevious()
    {
        if (_detached)
        {
            return Again(SeekMode.Less);
        }
        if (!_valid)
        {
            return false;
        }
        return _index > 0 ? At(_index - 1) : PreviousLeaf();
    }

    /// <summary>
    /// Reads a run of entries from the one it stands on, at most to the end of its leaf, and moves past them. Afterwards only
    /// <see cref="ReadBlock"/>, seeks and <see cref="Close"/> are allowed. The pointers are valid until the next call.
    /// </summary>
    /// <param name="entries">Receives the entries.</param>
    /// <param name="withKeys">Whether keys are wanted.</param>
    /// <param name="end">Where to stop, exclusive: a key not to go to; empty for none.</param>
    /// <param name="backward">Whether to go in descending key order.</param>
    /// <returns>The number of entries; 0 at the end.</returns>
    public int ReadBlock(Span<EntryRef> entries, bool withKeys, ReadOnlySpan<byte> end, bool backward = false)
    {
        if (_detached)
        {
            SeekMode mode = _atEdge
                ? (backward ? SeekMode.Less : SeekMode.Greater)
                : (backward ? SeekMode.LessOrEqual : SeekMode.GreaterOrEqual);
            if (!Again(mode))
            {
                return 0;
            }
        }
        if (!_valid)
        {
            return 0;
        }
        if (_atEdge)
        {
            _atEdge = false;
            if (!(backward ? PreviousLeaf() : NextLeaf()))
            {
                return 0;
            }
        }
        int limit = backward ? -1 : Node.Count(_page);
        if (end.Length > 0)
        {
            int stop = Node.Search(_page, end, out bool found);
            limit = backward ? (found ? stop : stop - 1) : stop;
        }
        int step = backward ? -1 : 1;
        int available = Math.Max((limit - _index) * step, 0);
        int count = Math.Min(available, entries.Length);
        if (count == 0)
        {
            Nowhere();
            return 0;
        }
        int prefix = _prefixLength;
        byte* keys = null;
        if (withKeys && prefix > 0)
        {
            int needed = 0;
            for (int i = 0, at = _index; i < count; i++, at += step)
            {
                needed += prefix + Node.KeySuffix(_page, at).Length;
            }
            if (_blockKeys.Length < needed)
            {
                _blockKeys = GC.AllocateUninitializedArray<byte>(Math.Max(needed, _pageSize), pinned: true);
            }
            keys = (byte*)Unsafe.AsPointer(ref _blockKeys[0]);
        }
        int n = 0;
        for (; n < count; n++, _index += step)
        {
            ref EntryRef entry = ref entries[n];
            if (Node.IsOverflow(_page, _index))
            {
                if (n > 0)
                {
                    break;
                }
                ReadOnlySpan<byte> large = ReadLarge(Node.Tail(_page, _index));
                entry.Value = (byte*)Unsafe.AsPointer(ref _large[0]);
                entry.ValueLength = large.Length;
            }
            else
            {
                Span<byte> value = Node.Tail(_page, _index);
                entry.Value = (byte*)Unsafe.AsPointer(ref System.Runtime.InteropServices.MemoryMarshal.GetReference(value));
                entry.ValueLength = value.Length;
            }
            if (!withKeys)
            {
                entry.Key = null;
                entry.KeyLength = 0;
                continue;
            }
            ReadOnlySpan<byte> suffix = Node.KeySuffix(_page, _index);
            if (prefix == 0)
            {
                entry.Key = (byte*)Unsafe.AsPointer(ref System.Runtime.InteropServices.MemoryMarshal.GetReference(suffix));
                entry.KeyLength = suffix.Length;
                continue;
            }
            Node.Prefix(_page).CopyTo(new Span<byte>(keys, prefix));
            suffix.CopyTo(new Span<byte>(keys + prefix, suffix.Length));
            entry.Key = keys;
            entry.KeyLength = prefix + suffix.Length;
            keys += entry.KeyLength;
        }
        _keyReady = false;
        if (_index < 0 || _index >= Node.Count(_page))
        {
            _atEdge = true;
        }
        return n;
    }

    /// <summary>The private tree's root page has come or gone.</summary>
    internal void Rebase(ulong root)
    {
        _root = root;
        if (root == 0)
        {
            _valid = false;
            _detached = false;
        }
    }

    /// <summary>The private tree is about to change: remembers the key and lets the leaf go.</summary>
    internal void Detach()
    {
        if (_detached)
        {
            return;
        }
        if (!_valid)
        {
            Leave();
            return;
        }
        bool edge = _atEdge;
        if (edge)
        {
            // A block ended with the leaf: the last entry read is remembered, to go on behind it.
            _index = Math.Clamp(_index, 0, Node.Count(_page) - 1);
            _keyReady = false;
        }
        if (!_keyReady)
        {
            ReadKey();
        }
        Leave();
        _detached = true;
        _atEdge = edge;
        _keyReady = true;
        _valid = true;
    }

    /// <summary>Goes back to the entry, or throws when it is gone.</summary>
    private void Attach()
    {
        if (_detached)
        {
            if (!Again(SeekMode.Equal))
            {
                throw new InvalidOperationException("The entry that the cursor stood on was removed.");
            }
        }
        else if (!_valid)
        {
            throw new InvalidOperationException("The cursor does not stand on an entry.");
        }
    }

    private bool Again(SeekMode mode)
    {
        Span<byte> copy = stackalloc byte[512];
        ReadOnlySpan<byte> key = new(_key, 0, _keyLength);
        if (key.Length <= copy.Length)
        {
            key.CopyTo(copy);
            return Seek(copy[..key.Length], mode);
        }
        return Seek(key.ToArray(), mode);
    }

    private bool At(int index)
    {
        _index = index;
        _keyReady = false;
        _atEdge = false;
        _valid = true;
        return true;
    }

    private bool Nowhere()
    {
        Leave();
        _valid = false;
        return false;
    }

    private void Leave()
    {
        if (_leaf != null)
        {
            PagePool.Unpin(_leaf);
            _leaf = null;
            _page = null;
        }
        _keyReady = false;
        _atEdge = false;
    }

    private void Land(PageImage* leaf)
    {
        _leaf = leaf;
        _page = leaf->Data;
        _prefixLength = Node.PrefixLength(_page);
        Observer?.LeafRead(new PageId(leaf->PageId));
    }

    private void ReadKey()
    {
        Attach();
        ReadOnlySpan<byte> suffix = Node.KeySuffix(_page, _index);
        _keyLength = _prefixLength + suffix.Length;
        Span<byte> target = _key;
        Node.Prefix(_page).CopyTo(target);
        suffix.CopyTo(target[_prefixLength..]);
        _keyReady = true;
    }

    private ReadOnlySpan<byte> ReadLarge(ReadOnlySpan<byte> reference)
    {
        OverflowValue.ReadWhole(_pool, reference, _lsn, ref _large, out int length);
        return _large.AsSpan(0, length);
    }

    /// <summary>Goes from the root to a leaf and pins it: to the key's, the first (−1) or the last (1).</summary>
    private bool Descend(ReadOnlySpan<byte> key, int edge)
    {
        Leave();
        _valid = false;
        if (_root == 0)
        {
            return false;
        }
        long* epoch = ReaderEpoch.Enter();
        ulong id = _root;
        int depth = 0;
        while (!_pool.IsDisposed)
        {
            PageImage* image = _pool.Find(id, _lsn);
            byte* page;
            if (image == null || (page = (byte*)Volatile.Read(ref *(nint*)&image->Data)) == null || depth >= MaxDepth)
            {
                break;
            }
            PagePool.Prefetch(page);
            PagePool.Touch(image);
            PageKind kind = PageFormat.Kind(page);
            if (kind == PageKind.Leaf)
            {
                if (!PagePool.TryPin(image))
                {
                    break;
                }
                if (image->Data == null)
                {
                    PagePool.Unpin(image);
                    break;
                }
                ReaderEpoch.Exit(epoch);
                _depth = depth;
                Land(image);
                return true;
            }
            if (kind != PageKind.Inner)
            {
                break;
            }
            int slot = edge == 0 ? Node.ChildIndex(page, key) : edge < 0 ? -1 : Node.Count(page) - 1;
            _ids[depth] = id;
            _slots[depth++] = slot;
            id = Node.Child(page, _pageSize, slot);
        }
        ReaderEpoch.Exit(epoch);
        return DescendSlow(key, edge, _root, 0);
    }

    /// <summary>Like <see cref="Descend"/>, but pins each page on the way, so that it can be read from storage.</summary>
    private bool DescendSlow(ReadOnlySpan<byte> key, int edge, ulong id, int depth)
    {
        while (true)
        {
            PageImage* image = _pool.Pin(id, _lsn);
            byte* page = image->Data;
            PageKind kind = PageFormat.Kind(page);
            if (kind == PageKind.Leaf)
            {
                _depth = depth;
                Land(image);
                return true;
            }
            if (kind != PageKind.Inner || depth >= MaxDepth)
            {
                PagePool.Unpin(image);
                throw TreeEditor.NotANode(id, kind);
            }
            int slot = edge == 0 ? Node.ChildIndex(page, key) : edge < 0 ? -1 : Node.Count(page) - 1;
            _ids[depth] = id;
            _slots[depth++] = slot;
            id = Node.Child(page, _pageSize, slot);
            PagePool.Unpin(image);
        }
    }

    private bool NextLeaf()
    {
        while (StepLeaf(1))
        {
            if (Node.Count(_page) > 0)
            {
                return At(0);
            }
        }
        return Nowhere();
    }

    private bool PreviousLeaf()
    {
        while (StepLeaf(-1))
        {
            int count = Node.Count(_page);
            if (count > 0)
            {
                return At(count - 1);
            }
        }
        return Nowhere();
    }

    /// <summary>Goes to the neighbouring leaf through the lowest ancestor that has one.</summary>
    private bool StepLeaf(int step)
    {
        int d = _depth - 1;
        Leave();
        for (; d >= 0; d--)
        {
            PageImage* image = _pool.Pin(_ids[d], _lsn);
            int slot = _slots[d] + step;
            bool exists = slot >= -1 && slot < Node.Count(image->Data);
            ulong child = exists ? Node.Child(image->Data, _pageSize, slot) : 0;
            PagePool.Unpin(image);
            if (exists)
            {
                _slots[d] = slot;
                return DescendSlow(default, -step, child, d + 1);
            }
        }
        return false;
    }
}
