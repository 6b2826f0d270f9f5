using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;
using BareMetal.Data.Storage.Pages;

namespace BareMetal.Data.Storage.Trees;

/// <summary>
/// Changes B+trees in a page space. The root page of a tree keeps its id for life: a split of the root pushes its content down, and a
/// root with one child takes that child's content. Every split, merge and move writes, and so stamps, all leaves involved.
/// Nothing here allocates managed memory.
/// </summary>
internal sealed unsafe partial class TreeEditor : IDisposable
{
    /// <summary>Pages that one merge changes beside the node itself: a neighbour, the parent, an allocation map.</summary>
    public const int MergePages = 3;

    private const int MaxDepth = 64;

    private readonly PageSpace _space;
    private readonly int _pageSize;
    private readonly int _usable;
    private readonly ulong[] _ids = new ulong[MaxDepth];
    private readonly int[] _slots = new int[MaxDepth];
    private readonly int[] _sums;
    private byte* _scratch;
    private byte* _separators;
    private byte* _second;
    private int _compactDepth;

    /// <summary>Entries that were added, not replaced, since the start.</summary>
    public long Inserted { get; private set; }

    public TreeEditor(PageSpace space)
    {
        _space = space;
        _pageSize = space.PageSize;
        _usable = Node.Usable(_pageSize);
        // A merge looks at the entries of two pages before it knows whether they fit into one.
        _sums = new int[(_pageSize / 4) + 4];
        _scratch = (byte*)NativeMemory.AlignedAlloc((nuint)_pageSize * 3, 64);
        PageMemory.Count(_pageSize * 3L);
        _separators = _scratch + _pageSize;
        _second = _scratch + (2 * _pageSize);
    }

    ~TreeEditor() => FreeScratch();

    /// <summary>Sets an entry whose value stays in the leaf.</summary>
    public void Put(ulong root, ReadOnlySpan<byte> key, ulong entryLsn, ReadOnlySpan<byte> value)
        => Put(root, key, entryLsn, value, (ushort)value.Length);

    /// <summary>Sets an entry whose value is in overflow pages.</summary>
    public void PutOverflow(ulong root, ReadOnlySpan<byte> key, ulong entryLsn, ulong page, long length)
    {
        Span<byte> reference = stackalloc byte[OverflowValue.ReferenceSize];
        OverflowValue.WriteReference(reference, page, length);
        Put(root, key, entryLsn, reference, Node.OverflowMark);
    }

    private void Put(ulong root, ReadOnlySpan<byte> key, ulong entryLsn, ReadOnlySpan<byte> tail, ushort lengthField)
    {
        int depth = Descend(root, key);
        byte* page = _space.Write(_ids[depth]);
        int position = Node.Search(page, key, out bool found);
        if (found)
        {
            Span<byte> old = Node.Tail(page, position);
            bool wasOverflow = Node.IsOverflow(page, position);
            if (wasOverflow)
            {
                OverflowValue.ReadReference(old, out ulong oldPage, out long oldLength);
                _space.ReleaseOverflow(oldPage, oldLength);
            }
            if (old.Length == tail.Length && wasOverflow == (lengthField == Node.OverflowMark))
            {
                tail.CopyTo(old);
                Node.SetEntryLsn(page, position, entryLsn);
                return;
            }
            Node.Remove(page, _pageSize, position);
            Inserted--;
        }
        Inserted++;
        byte* header = stackalloc byte[Node.LeafEntryHeader];
        *(ulong*)header = entryLsn;
        *(ushort*)(header + 8) = lengthField;
        fixed (byte* k = key)
        fixed (byte* t = tail)
        {
            var entry = new RawEntry
            {
                Header = header,
                HeaderLength = Node.LeafEntryHeader,
                Suffix = k,
                SuffixLength = key.Length,
                Tail = t,
                TailLength = tail.Length,
            };
            Insert(depth, page, position, entry);
        }
    }

    /// <summary>Whether the last delete left a leaf too empty, because joining it was more than its commit had prepared.</summary>
    public bool LeftSparse { get; private set; }

    /// <summary>Removes an entry.</summary>
    /// <returns>Whether it was there.</returns>
    public bool Delete(ulong root, ReadOnlySpan<byte> key)
    {
        LeftSparse = false;
        int depth = Descend(root, key);
        byte* page = _space.Read(_ids[depth]);
        int position = Node.Search(page, key, out bool found);
        if (!found)
        {
            return false;
        }
        page = _space.Write(_ids[depth]);
        if (Node.IsOverflow(page, position))
        {
            OverflowValue.ReadReference(Node.Tail(page, position), out ulong overflow, out long length);
            _space.ReleaseOverflow(overflow, length);
        }
        Node.Remove(page, _pageSize, position);
        Rebalance(depth, page);
        return true;
    }

    /// <summary>Finds an entry; the spans are valid until the space's pins are released.</summary>
    public bool TryGet(ulong root, ReadOnlySpan<byte> key, out ReadOnlySpan<byte> tail, out bool overflow, out ulong entryLsn)
    {
        int depth = Descend(root, key);
        byte* page = _space.Read(_ids[depth]);
        int position = Node.Search(page, key, out bool found);
        overflow = false;
        entryLsn = 0;
        tail = default;
        if (found)
        {
            tail = Node.Tail(page, position);
            overflow = Node.IsOverflow(page, position);
            entryLsn = Node.EntryLsn(page, position);
        }
        return found;
    }

    /// <summary>Follows a key to its leaf, for what comes after a <see cref="Compact"/> that found nothing to do.</summary>
    public void Find(ulong root, ReadOnlySpan<byte> key) => _compactDepth = Descend(root, key);

    /// <summary>Follows the key to its leaf; the path stays in the fields.</summary>
    private int Descend(ulong root, ReadOnlySpan<byte> key)
    {
        int depth = 0;
        ulong id = root;
        while (true)
        {
            byte* page = _space.Read(id);
            _ids[depth] = id;
            PageKind kind = PageFormat.Kind(page);
            if (kind == PageKind.Leaf)
            {
                return depth;
            }
            if (kind != PageKind.Inner || depth == MaxDepth - 1)
            {
                throw NotANode(id, kind);
            }
            int slot = Node.ChildIndex(page, key);
            _slots[depth++] = slot;
            id = Node.Child(page, _pageSize, slot);
        }
    }

    internal static StorageException NotANode(ulong id, PageKind kind)
        => new(StorageErrorCode.Corruption, $"Page {id} is part of a tree but holds {kind}. Run the integrity check and restore from a backup.")
        {
            Page = new PageId(id),
        };

    private void Insert(int depth, byte* page, int position, in RawEntry entry)
    {
        if (Node.TryInsert(page, _pageSize, position, entry))
        {
            return;
        }
        Buffer.MemoryCopy(page, _scratch, _pageSize, _pageSize);
        EntrySequence entries = EntrySequence.Insert(_scratch, _pageSize, position, entry);
        Sum(entries);
        int count = entries.Count;
        if (Fits(entries, 0, count))
        {
            Node.Build(page, _pageSize, _ids[depth], _space.Stamp, Node.Level(_scratch), Node.Leftmost(_scratch), entries, 0, count);
            return;
        }
        Split(depth, page, position, entries);
    }

    private void Sum(in EntrySequence entries)
    {
        int sum = 0;
        int count = entries.Count;
        for (int i = 0; i < count; i++)
        {
            _sums[i] = sum;
            entries.Get(i, out RawEntry entry);
            sum += entry.FullSize;
        }
        _sums[count] = sum;
    }

    private bool Fits(in EntrySequence entries, int from, int to, int limit = 0)
    {
        int prefix = Node.CommonPrefix(entries, from, to);
        int size = _sums[to] - _sums[from] - ((to - from) * prefix) + prefix;
        return size <= (limit == 0 ? _usable : limit);
    }

    private void Split(int depth, byte* page, int position, in EntrySequence entries)
    {
        int level = Node.Level(_scratch);
        bool inner = level > 0;
        int k = SplitPoint(depth, position, entries, inner);
        int count = entries.Count;
        ulong stamp = _space.Stamp;

        // The separator outlives the scratch copy: the parent may split too.
        byte* separator = _separators + ((depth & 1) * (_pageSize / 2));
        entries.Get(k, out RawEntry right);
        int separatorLength;
        if (inner)
        {
            separatorLength = right.KeyLength;
        }
        else
        {
            entries.Get(k - 1, out RawEntry left);
            separatorLength = RawEntry.CommonPrefix(left, right) + 1;
        }
        for (int i = 0; i < separatorLength; i++)
        {
            separator[i] = right.KeyByte(i);
        }
        ulong rightLeftmost = inner ? *(ulong*)right.Header : 0;
        int rightFrom = inner ? k + 1 : k;
        PageKind kind = inner ? PageKind.Inner : PageKind.Leaf;

        // What can fail comes before the first change.
        byte* parent = depth > 0 ? _space.Write(_ids[depth - 1]) : null;
        byte* rightPage = _space.Allocate(kind, level, out ulong rightId);
        Node.Build(rightPage, _pageSize, rightId, stamp, level, rightLeftmost, entries, rightFrom, count);
        if (depth == 0)
        {
            byte* leftPage = _space.Allocate(kind, level, out ulong leftId);
            Node.Build(leftPage, _pageSize, leftId, stamp, level, Node.Leftmost(_scratch), entries, 0, k);
            Node.FormatEmpty(page, _pageSize, _ids[0], stamp, level + 1);
            Node.SetLeftmost(page, leftId);
            InsertChild(0, page, 0, separator, separatorLength, rightId);
            return;
        }
        Node.Build(page, _pageSize, _ids[depth], stamp, level, Node.Leftmost(_scratch), entries, 0, k);
        InsertChild(depth - 1, parent, _slots[depth - 1] + 1, separator, separatorLength, rightId);
    }

    private void InsertChild(int depth, byte* page, int position, byte* key, int keyLength, ulong child)
    {
        var entry = new RawEntry
        {
            Header = (byte*)&child,
            HeaderLength = Node.InnerEntryHeader,
            Suffix = key,
            SuffixLength = keyLength,
        };
        Insert(depth, page, position, entry);
    }

    /// <summary>The first entry of the right node (of inner nodes: the one that moves up).</summary>
    private int SplitPoint(int depth, int position, in EntrySequence entries, bool inner)
    {
        int count = entries.Count;
        int last = inner ? count - 2 : count - 1;
        if (position == count - 1 && IsRightmost(depth))
        {
            // Ascending keys fill their nodes.
            return last;
        }
        int prefix = Node.CommonPrefix(entries, 0, count);
        int total = _sums[count] - (count * prefix);
        int k = 1;
        while (k < last && (2 * (_sums[k] - (k * prefix))) < total)
        {
            k++;
        }
        for (int distance = 0; distance < count; distance++)
        {
            if (k + distance <= last && SplitFits(entries, k + distance, inner))
            {
                return k + distance;
            }
            if (distance > 0 && k - distance >= 1 && SplitFits(entries, k - distance, inner))
            {
                return k - distance;
            }
        }
        throw new InvalidOperationException("A node of entries within their limits can always be split.");
    }

    private bool SplitFits(in EntrySequence entries, int k, bool inner)
        => Fits(entries, 0, k) && Fits(entries, inner ? k + 1 : k, entries.Count);

    private bool IsRightmost(int depth)
    {
        for (int d = 0; d < depth; d++)
        {
            if (_slots[d] != Node.Count(_space.Read(_ids[d])) - 1)
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Merges or removes a node that has become too empty, as far as that can be had without storage access.</summary>
    private void Rebalance(int depth, byte* page)
    {
        while (depth > 0)
        {
            int used = Node.UsedSpace(page, _pageSize);
            if (used >= _usable / 3)
            {
                return;
            }
            bool leaf = Node.Level(page) == 0;
            byte* parent = _space.Read(_ids[depth - 1]);
            if (leaf && Node.Count(page) == 0 && Node.Count(parent) > 0)
            {
                if (!_space.CanFree(_ids[depth]) || !_space.CanAfford(MergePages))
                {
                    LeftSparse = true;
                    return;
                }
                parent = _space.Write(_ids[depth - 1]);
                RemoveChild(parent, _slots[depth - 1]);
                _space.Free(_ids[depth]);
            }
            else if (!TryMerge(depth, parent, ref page))
            {
                return;
            }
            depth--;
            page = _space.Write(_ids[depth]);
        }
        CollapseRoot();
    }

    private void RemoveChild(byte* parent, int slot)
    {
        if (slot < 0)
        {
            Node.SetLeftmost(parent, Node.Child(parent, _pageSize, 0));
            slot = 0;
        }
        Node.Remove(parent, _pageSize, slot);
    }

    private bool TryMerge(int depth, byte* parent, ref byte* page)
    {
        int slot = _slots[depth - 1];
        bool mustShrink = Node.Count(page) == 0;
        for (int side = 0; side < 2; side++)
        {
            int leftSlot = side == 0 ? slot : slot - 1;
            if (leftSlot < -1 || leftSlot + 1 >= Node.Count(parent))
            {
                continue;
            }
            ulong leftId = Node.Child(parent, _pageSize, leftSlot);
            ulong rightId = Node.Child(parent, _pageSize, leftSlot + 1);
            byte* neighbour = _space.ReadNeighbour(side == 0 ? rightId : leftId);
            if (neighbour == null || !_space.CanFree(rightId) || !_space.CanAfford(MergePages))
            {
                LeftSparse = true;
                continue;
            }
            byte* left = side == 0 ? page : neighbour;
            byte* right = side == 0 ? neighbour : page;
            Buffer.MemoryCopy(left, _scratch, _pageSize, _pageSize);
            EntrySequence entries;
            if (Node.Level(page) == 0)
            {
                entries = EntrySequence.Merge(_scratch, right, _pageSize);
            }
            else
            {
                Node.GetRaw(parent, _pageSize, leftSlot + 1, out RawEntry separator);
                ulong child = Node.Leftmost(right);
                separator.Header = (byte*)&child;
                entries = EntrySequence.Merge(_scratch, separator, right, _pageSize);
                if (TryBuildMerged(depth, entries, leftId, mustShrink))
                {
                    FinishMerge(depth, leftSlot + 1, rightId);
                    LeftSparse = false;
                    return true;
                }
                continue;
            }
            if (TryBuildMerged(depth, entries, leftId, mustShrink))
            {
                FinishMerge(depth, leftSlot + 1, rightId);
                LeftSparse = false;
                return true;
            }
        }
        return false;
    }

    private bool TryBuildMerged(int depth, in EntrySequence entries, ulong leftId, bool mustShrink)
    {
        if (entries.Count >= _sums.Length)
        {
            return false;
        }
        Sum(entries);
        if (!Fits(entries, 0, entries.Count, mustShrink ? _usable : _usable * 3 / 4))
        {
            return false;
        }
        // What can fail comes before the first change: the parent is changed next.
        byte* target = _space.Write(leftId);
        _space.Write(_ids[depth - 1]);
        Node.Build(target, _pageSize, leftId, _space.Stamp, Node.Level(_scratch), Node.Leftmost(_scratch), entries, 0, entries.Count);
        return true;
    }

    private void FinishMerge(int depth, int rightSlot, ulong rightId)
    {
        byte* parent = _space.Write(_ids[depth - 1]);
        Node.Remove(parent, _pageSize, rightSlot);
        _space.Free(rightId);
    }

    private void CollapseRoot()
    {
        while (true)
        {
            byte* root = _space.Read(_ids[0]);
            if (Node.Level(root) == 0 || Node.Count(root) > 0)
            {
                return;
            }
            ulong child = Node.Leftmost(root);
            byte* content = _space.ReadNeighbour(child);
            if (content == null || !_space.CanFree(child) || !_space.CanAfford(MergePages))
            {
                return;
            }
            root = _space.Write(_ids[0]);
            Buffer.MemoryCopy(content, root, _pageSize, _pageSize);
            *(ulong*)(root + PageFormat.IdOffset) = _ids[0];
            PageFormat.SetLsn(root, _space.Stamp);
            _space.Free(child);
        }
    }

    public void Dispose()
    {
        FreeScratch();
        GC.SuppressFinalize(this);
    }

    private void FreeScratch()
    {
        if (_scratch == null)
        {
            return;
        }
        NativeMemory.AlignedFree(_scratch);
        _scratch = null;
        PageMemory.Count(-_pageSize * 3L);
    }
}
