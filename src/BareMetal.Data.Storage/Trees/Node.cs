using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BareMetal.Data.Storage.Pages;

namespace BareMetal.Data.Storage.Trees;

/// <summary>
/// A node of a B+tree: a slotted page. Behind a 40-byte header lie the common prefix of the node's keys, then 8-byte slots in key order
/// (four key bytes behind the prefix as a number, offset, length of the key behind the prefix); entries grow down from the trailer.
/// A leaf entry is LSN, value length (0xFFFF: a reference to overflow pages), key suffix, value. An inner entry is child, key suffix;
/// the child of keys before the first separator is in the header. See docs/format.md.
/// </summary>
internal static unsafe class Node
{
    public const int CountOffset = 20;
    public const int PrefixOffset = 22;
    public const int HeapOffset = 24;
    public const int GarbageOffset = 26;
    public const int LeftmostOffset = 32;
    public const int HeaderSize = 40;
    public const int SlotSize = 8;
    public const int LeafEntryHeader = 10;
    public const int InnerEntryHeader = 8;
    /// <summary>Bytes by which keys of private trees may be longer.</summary>
    public const int PrivateKeyExtra = 8;

    public const ushort OverflowMark = 0xFFFF;

    /// <summary>Bytes of a page that prefix, slots and entries share.</summary>
    public static int Usable(int pageSize) => pageSize - HeaderSize - PageFormat.TrailerSize;

    /// <summary>The longest key of a tree in pages of this size.</summary>
    public static int MaxKey(int pageSize) => (pageSize / 4) - 64;

    /// <summary>The longest value kept in a leaf.</summary>
    public static int MaxInline(int pageSize) => pageSize / 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Level(byte* page) => page[PageFormat.LevelOffset];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Count(byte* page) => *(ushort*)(page + CountOffset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int PrefixLength(byte* page) => *(ushort*)(page + PrefixOffset);

    public static ReadOnlySpan<byte> Prefix(byte* page) => new(page + HeaderSize, PrefixLength(page));

    public static ulong Leftmost(byte* page) => *(ulong*)(page + LeftmostOffset);

    public static void SetLeftmost(byte* page, ulong child) => *(ulong*)(page + LeftmostOffset) = child;

    private static int HeapLow(byte* page) => *(ushort*)(page + HeapOffset);

    private static int Garbage(byte* page) => *(ushort*)(page + GarbageOffset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Slot* Slots(byte* page) => (Slot*)(page + HeaderSize + PrefixLength(page));

    [StructLayout(LayoutKind.Sequential, Pack = 2, Size = SlotSize)]
    private struct Slot
    {
        public uint Head;
        public ushort Offset;
        public ushort KeyLength;
    }

    /// <summary>Bytes free for entries, the holes between them included.</summary>
    public static int FreeSpace(byte* page, int pageSize)
        => HeapLow(page) - HeaderSize - PrefixLength(page) - (Count(page) * SlotSize) + Garbage(page);

    public static int UsedSpace(byte* page, int pageSize) => Usable(pageSize) - FreeSpace(page, pageSize);

    public static bool SharesPrefix(byte* page, ReadOnlySpan<byte> key) => key.StartsWith(Prefix(page));

    /// <summary>Makes an empty leaf; kind, level and id of the page change, whatever it was.</summary>
    public static void FormatEmpty(byte* page, int pageSize, ulong id, ulong lsn, int level = 0)
    {
        PageFormat.Format(page, pageSize, id, lsn, level == 0 ? PageKind.Leaf : PageKind.Inner, level);
        *(ushort*)(page + HeapOffset) = (ushort)(pageSize - PageFormat.TrailerSize);
    }

    /// <summary>Finds a key.</summary>
    /// <returns>The slot that has it, or the first whose key is greater.</returns>
    public static int Search(byte* page, ReadOnlySpan<byte> key, out bool found)
    {
        int count = Count(page);
        int prefix = PrefixLength(page);
        found = false;
        if (prefix > 0)
        {
            int n = Math.Min(prefix, key.Length);
            int c = key[..n].SequenceCompareTo(new ReadOnlySpan<byte>(page + HeaderSize, n));
            if (c != 0)
            {
                return c < 0 ? 0 : count;
            }
            if (key.Length < prefix)
            {
                return 0;
            }
            key = key[prefix..];
        }
        uint head = Head(key);
        Slot* slots = Slots(page);
        int skip = Level(page) == 0 ? LeafEntryHeader : InnerEntryHeader;
        int low = 0, high = count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            Slot* slot = slots + middle;
            uint h = slot->Head;
            if (h < head)
            {
                low = middle + 1;
            }
            else if (h > head)
            {
                high = middle;
            }
            else
            {
                int length = slot->KeyLength;
                int c = length <= 4 && key.Length <= 4
                    ? length - key.Length
                    : new ReadOnlySpan<byte>(page + slot->Offset + skip, length).SequenceCompareTo(key);
                if (c == 0)
                {
                    found = true;
                    return middle;
                }
                if (c < 0)
                {
                    low = middle + 1;
                }
                else
                {
                    high = middle;
                }
            }
        }
        return low;
    }

    /// <summary>The child to go to for a key: −1 for the leftmost, otherwise the slot of the last separator not after the key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ChildIndex(byte* page, ReadOnlySpan<byte> key)
    {
        int position = Search(page, key, out bool found);
        return found ? position : position - 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Child(byte* page, int pageSize, int index)
    {
        if (index < 0)
        {
            return *(ulong*)(page + LeftmostOffset);
        }
        return *(ulong*)(page + Slots(page)[index].Offset);
    }

    public static void SetChild(byte* page, int index, ulong child) => *(ulong*)(page + Slots(page)[index].Offset) = child;

    /// <summary>The key of a slot behind the node's prefix.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ReadOnlySpan<byte> KeySuffix(byte* page, int index)
    {
        Slot* slot = Slots(page) + index;
        return new ReadOnlySpan<byte>(page + slot->Offset + (Level(page) == 0 ? LeafEntryHeader : InnerEntryHeader), slot->KeyLength);
    }

    public static ulong EntryLsn(byte* page, int index) => *(ulong*)(page + Slots(page)[index].Offset);

    public static void SetEntryLsn(byte* page, int index, ulong lsn) => *(ulong*)(page + Slots(page)[index].Offset) = lsn;

    public static bool IsOverflow(byte* page, int index) => *(ushort*)(page + Slots(page)[index].Offset + 8) == OverflowMark;

    /// <summary>The value in the leaf, or the 16-byte reference to its overflow pages.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Span<byte> Tail(byte* page, int index)
    {
        Slot* slot = Slots(page) + index;
        byte* entry = page + slot->Offset;
        int length = *(ushort*)(entry + 8);
        return new Span<byte>(entry + LeafEntryHeader + slot->KeyLength, length == OverflowMark ? OverflowValue.ReferenceSize : length);
    }

    public static void GetRaw(byte* page, int pageSize, int index, out RawEntry entry)
    {
        Debug.Assert((uint)index < (uint)Count(page), "The slot exists.");
        Slot* slot = Slots(page) + index;
        byte* at = page + slot->Offset;
        int tail = 0;
        int header = InnerEntryHeader;
        if (Level(page) == 0)
        {
            header = LeafEntryHeader;
            tail = *(ushort*)(at + 8);
            tail = tail == OverflowMark ? OverflowValue.ReferenceSize : tail;
        }
        entry = new RawEntry
        {
            Header = at,
            HeaderLength = header,
            Prefix = page + HeaderSize,
            PrefixLength = PrefixLength(page),
            Suffix = at + header,
            SuffixLength = slot->KeyLength,
            Tail = at + header + slot->KeyLength,
            TailLength = tail,
        };
    }

    /// <summary>Adds an entry if its key has the node's prefix and the gap between slots and entries is wide enough.</summary>
    public static bool TryInsert(byte* page, int pageSize, int position, in RawEntry entry)
    {
        int prefix = PrefixLength(page);
        int count = Count(page);
        if (entry.KeyLength < prefix
            || !new ReadOnlySpan<byte>(entry.Suffix, prefix).SequenceEqual(new ReadOnlySpan<byte>(page + HeaderSize, prefix)))
        {
            return false;
        }
        int size = entry.HeaderLength + entry.KeyLength - prefix + entry.TailLength;
        int gap = HeapLow(page) - HeaderSize - prefix - (count * SlotSize);
        if (gap < size + SlotSize)
        {
            return false;
        }
        Debug.Assert(entry.PrefixLength == 0, "A new entry has its key in one piece.");
        Slot* slots = Slots(page);
        int move = (count - position) * SlotSize;
        Buffer.MemoryCopy(slots + position, slots + position + 1, move, move);
        Write(page, slots + position, entry, prefix);
        *(ushort*)(page + CountOffset) = (ushort)(count + 1);
        return true;
    }

    private static void Write(byte* page, Slot* slot, in RawEntry entry, int prefix)
    {
        int keyLength = entry.KeyLength - prefix;
        int size = entry.HeaderLength + keyLength + entry.TailLength;
        int low = HeapLow(page) - size;
        *(ushort*)(page + HeapOffset) = (ushort)low;
        byte* at = page + low;
        Buffer.MemoryCopy(entry.Header, at, entry.HeaderLength, entry.HeaderLength);
        at += entry.HeaderLength;
        entry.CopyKey(prefix, at);
        slot->Head = Head(new ReadOnlySpan<byte>(at, keyLength));
        slot->Offset = (ushort)low;
        slot->KeyLength = (ushort)keyLength;
        Buffer.MemoryCopy(entry.Tail, at + keyLength, entry.TailLength, entry.TailLength);
    }

    /// <summary>Removes a slot and its entry.</summary>
    public static void Remove(byte* page, int pageSize, int index)
    {
        GetRaw(page, pageSize, index, out RawEntry entry);
        int count = Count(page) - 1;
        if (count == 0)
        {
            *(ushort*)(page + CountOffset) = 0;
            *(ushort*)(page + PrefixOffset) = 0;
            *(ushort*)(page + GarbageOffset) = 0;
            *(ushort*)(page + HeapOffset) = (ushort)(pageSize - PageFormat.TrailerSize);
            return;
        }
        int size = entry.HeaderLength + entry.SuffixLength + entry.TailLength;
        Slot* slots = Slots(page);
        if (slots[index].Offset == HeapLow(page))
        {
            *(ushort*)(page + HeapOffset) += (ushort)size;
        }
        else
        {
            *(ushort*)(page + GarbageOffset) += (ushort)size;
        }
        int move = (count - index) * SlotSize;
        Buffer.MemoryCopy(slots + index + 1, slots + index, move, move);
        *(ushort*)(page + CountOffset) = (ushort)count;
    }

    /// <summary>Makes a node from a range of entries, which are not in this page. Their common prefix is stored once.</summary>
    public static void Build(byte* page, int pageSize, ulong id, ulong lsn, int level, ulong leftmost, in EntrySequence entries, int from, int to)
    {
        int prefix = CommonPrefix(entries, from, to);
        RawEntry entry = default;
        if (to > from)
        {
            entries.Get(from, out entry);
        }
        BeginBuild(page, pageSize, id, lsn, level, leftmost, entry, prefix);
        for (int i = from; i < to; i++)
        {
            entries.Get(i, out entry);
            Append(page, entry);
        }
    }

    /// <summary>Makes an empty node with a prefix: the first bytes of the entry's key.</summary>
    public static void BeginBuild(byte* page, int pageSize, ulong id, ulong lsn, int level, ulong leftmost, in RawEntry first, int prefix)
    {
        FormatEmpty(page, pageSize, id, lsn, level);
        SetLeftmost(page, leftmost);
        if (prefix > 0)
        {
            int inPrefix = Math.Min(prefix, first.PrefixLength);
            Buffer.MemoryCopy(first.Prefix, page + HeaderSize, inPrefix, inPrefix);
            Buffer.MemoryCopy(first.Suffix, page + HeaderSize + inPrefix, prefix - inPrefix, prefix - inPrefix);
            *(ushort*)(page + PrefixOffset) = (ushort)prefix;
        }
    }

    /// <summary>Adds an entry behind all others of a node that is being built; it has the node's prefix and fits.</summary>
    public static void Append(byte* page, in RawEntry entry)
    {
        int count = Count(page);
        int prefix = PrefixLength(page);
        Write(page, Slots(page) + count, entry, prefix);
        *(ushort*)(page + CountOffset) = (ushort)(count + 1);
        Debug.Assert(HeapLow(page) >= HeaderSize + prefix + ((count + 1) * SlotSize), "The entries fit.");
    }

    /// <summary>The prefix that a node of these entries stores. A node of one entry stores none.</summary>
    public static int CommonPrefix(in EntrySequence entries, int from, int to)
    {
        if (to - from < 2)
        {
            return 0;
        }
        entries.Get(from, out RawEntry first);
        entries.Get(to - 1, out RawEntry last);
        return RawEntry.CommonPrefix(first, last);
    }

    /// <summary>The first four bytes of a key as a number that orders as they do; shorter keys are padded with zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Head(ReadOnlySpan<byte> key)
    {
        if (key.Length >= 4)
        {
            return BinaryPrimitives.ReadUInt32BigEndian(key);
        }
        uint head = 0;
        for (int i = 0; i < key.Length; i++)
        {
            head |= (uint)key[i] << (24 - (8 * i));
        }
        return head;
    }

    /// <summary>Looks for faults in a node; null when there is none.</summary>
    public static string? Check(byte* page, int pageSize)
    {
        int count = Count(page);
        int prefix = PrefixLength(page);
        int low = HeapLow(page);
        int end = pageSize - PageFormat.TrailerSize;
        if (low > end || HeaderSize + prefix + (count * SlotSize) > low)
        {
            return $"slots and entries overlap: {count} slots, prefix {prefix}, entries from {low}";
        }
        int used = 0;
        for (int i = 0; i < count; i++)
        {
            Slot slot = Slots(page)[i];
            int header = Level(page) == 0 ? LeafEntryHeader : InnerEntryHeader;
            if (slot.Offset < low || slot.Offset + header + slot.KeyLength > end)
            {
                return $"slot {i} points outside the entries: offset {slot.Offset}, key length {slot.KeyLength}";
            }
            GetRaw(page, pageSize, i, out RawEntry entry);
            int size = entry.HeaderLength + entry.SuffixLength + entry.TailLength;
            if (slot.Offset + size > end)
            {
                return $"entry {i} runs into the trailer";
            }
            used += size;
            if (slot.Head != Head(KeySuffix(page, i)))
            {
                return $"key head of slot {i} is {slot.Head:x8}, its key demands {Head(KeySuffix(page, i)):x8}";
            }
            if (i > 0 && KeySuffix(page, i - 1).SequenceCompareTo(KeySuffix(page, i)) >= 0)
            {
                return $"keys of slots {i - 1} and {i} are not ascending";
            }
        }
        if (used + Garbage(page) != end - low)
        {
            return $"entries take {used} bytes and holes {Garbage(page)}, together not {end - low}";
        }
        return null;
    }
}
