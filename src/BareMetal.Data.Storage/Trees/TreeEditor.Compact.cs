using BareMetal.Data.Storage.Pages;

namespace BareMetal.Data.Storage.Trees;

/// <summary>What a vacuum does to trees: joins sparse leaves and moves nodes to lower pages.</summary>
internal sealed unsafe partial class TreeEditor
{
    /// <summary>
    /// Joins the leaf of a key with its right neighbour when both fit into one, or fills it from there. Uses storage access freely.
    /// </summary>
    /// <param name="root">The tree's root page.</param>
    /// <param name="key">A key of the leaf, or where it would be.</param>
    /// <param name="fill">Whether to fill the leaf although the neighbour stays.</param>
    /// <param name="dense">Whether to leave little room in what is joined; otherwise a quarter, for entries to come.</param>
    /// <returns>Pages changed; 0 when there was nothing to do: then the path of the leaf is kept for what comes next.</returns>
    public int Compact(ulong root, ReadOnlySpan<byte> key, bool fill, bool dense = true)
    {
        int depth = Descend(root, key);
        _compactDepth = depth;
        if (depth == 0)
        {
            return 0;
        }
        byte* parent = _space.Read(_ids[depth - 1]);
        if (Node.Count(parent) == 0)
        {
            // An only child: its parent is what is to be joined.
            Rebalance(depth - 1, _space.Write(_ids[depth - 1]));
            _compactDepth = Descend(root, key);
            return 0;
        }
        int rightSlot = _slots[depth - 1] + 1;
        bool isLast = rightSlot >= Node.Count(parent);
        if (isLast)
        {
            rightSlot--;
            fill = false;
        }
        ulong leftId = Node.Child(parent, _pageSize, rightSlot - 1);
        byte* page = _space.Read(leftId);
        int limit = dense ? _usable - (_usable / 16) : _usable * 3 / 4;
        int used = Node.UsedSpace(page, _pageSize);
        if (used >= limit)
        {
            return 0;
        }
        ulong rightId = Node.Child(parent, _pageSize, rightSlot);
        byte* right = _space.Read(rightId);
        Buffer.MemoryCopy(page, _scratch, _pageSize, _pageSize);
        Buffer.MemoryCopy(right, _second, _pageSize, _pageSize);
        EntrySequence entries = EntrySequence.Merge(_scratch, _second, _pageSize);
        int count = entries.Count;
        if (count >= _sums.Length)
        {
            return 0;
        }
        Sum(entries);
        if (Fits(entries, 0, count, limit))
        {
            byte* target = _space.Write(leftId);
            Node.Build(target, _pageSize, leftId, _space.Stamp, 0, 0, entries, 0, count);
            FinishMerge(depth, rightSlot, rightId);
            Rebalance(depth - 1, _space.Write(_ids[depth - 1]));
            return 3;
        }
        return fill && used < _usable * 3 / 4 ? Fill(depth, rightSlot, rightId, entries, limit) : 0;
    }

    private int Fill(int depth, int rightSlot, ulong rightId, in EntrySequence entries, int limit)
    {
        int had = Node.Count(_scratch);
        int count = entries.Count;
        int k = had;
        while (k + 1 < count && Fits(entries, 0, k + 1, limit))
        {
            k++;
        }
        if (k == had || !Fits(entries, k, count))
        {
            return 0;
        }
        byte* separator = _separators + ((depth & 1) * (_pageSize / 2));
        entries.Get(k - 1, out RawEntry last);
        entries.Get(k, out RawEntry first);
        int separatorLength = RawEntry.CommonPrefix(last, first) + 1;
        for (int i = 0; i < separatorLength; i++)
        {
            separator[i] = first.KeyByte(i);
        }
        byte* left = _space.Write(_ids[depth]);
        Node.Build(left, _pageSize, _ids[depth], _space.Stamp, 0, 0, entries, 0, k);
        byte* right = _space.Write(rightId);
        Node.Build(right, _pageSize, rightId, _space.Stamp, 0, 0, entries, k, count);
        byte* parent = _space.Write(_ids[depth - 1]);
        Node.Remove(parent, _pageSize, rightSlot);
        InsertChild(depth - 1, parent, rightSlot, separator, separatorLength, rightId);
        return 3;
    }

    /// <summary>After a <see cref="Compact"/> that found nothing to do: the leaf of the path.</summary>
    public ulong CompactLeaf => _ids[_compactDepth];

    /// <summary>After a <see cref="Compact"/> that found nothing to do: the first key behind the leaf.</summary>
    /// <param name="key">Receives it.</param>
    /// <returns>Its length; −1 when the leaf is the last.</returns>
    public int KeyBehind(Span<byte> key)
    {
        for (int d = _compactDepth - 1; d >= 0; d--)
        {
            byte* page = _space.Read(_ids[d]);
            int next = _slots[d] + 1;
            if (next < Node.Count(page))
            {
                ReadOnlySpan<byte> prefix = Node.Prefix(page), suffix = Node.KeySuffix(page, next);
                prefix.CopyTo(key);
                suffix.CopyTo(key[prefix.Length..]);
                return prefix.Length + suffix.Length;
            }
        }
        return -1;
    }

    /// <summary>After a <see cref="Compact"/> that found nothing to do: moves the nodes of the path at or beyond a page to lower ones, the root excepted.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="limit">The first page that is to become free.</param>
    /// <returns>Nodes moved; −1 when no lower page is free.</returns>
    public int MovePath(WriteBatch batch, ulong limit)
    {
        int moved = 0;
        for (int d = 1; d <= _compactDepth; d++)
        {
            if (_ids[d] < limit)
            {
                continue;
            }
            ulong id = batch.MovePage(_ids[d], limit);
            if (id == 0)
            {
                return -1;
            }
            byte* parent = batch.Write(_ids[d - 1]);
            if (_slots[d - 1] < 0)
            {
                Node.SetLeftmost(parent, id);
            }
            else
            {
                Node.SetChild(parent, _slots[d - 1], id);
            }
            _ids[d] = id;
            moved++;
        }
        return moved;
    }
}
