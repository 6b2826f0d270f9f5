using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using BareMetal.Data.Storage.Pages;
using BareMetal.Data.Storage.Trees;

namespace BareMetal.Data.Storage.Transactions;

/// <summary>
/// A transaction's own changes: one private tree, ordered by (tree, key) as the commit wants them, that spills like any page. Entries
/// carry the number of the statement that wrote them as their tag. When a later statement overwrites an entry, what was there goes to
/// an undo record in the same tree, which serves savepoints (rewind) and running statements (a statement sees the overlay as it was
/// when it began). Undoing record by record takes as long as writing did, so a statement that writes much first marks the tree, which
/// then keeps its pages as they were: what came after the mark is dropped at once.
/// </summary>
/// <remarks>
/// Entry: key = tree id (8 bytes, big-endian), key; value = kind (1), number of its undo record (8, 0 for none), value.
/// Undo record n: key = eight 0xFF, n (8, big-endian); value = key length (4), key as above, and when something was overwritten its
/// tag (8) and value as above. Its own tag is that of the statement that overwrote.
/// </remarks>
internal sealed class Overlay : IDisposable
{
    public const int PrefixLength = 8;
    public const int HeaderLength = 9;
    private const byte KindPut = 1;
    private const byte KindDelete = 2;
    private const byte KindPutCompressed = 3;

    /// <summary>Keys and values that together take no more are put together on the stack.</summary>
    private const int StackBytes = 768;

    private readonly PrivateTree _tree;
    private readonly PageCursor _cursor;
    private TreeIdSet _touched;
    private List<Mark>? _marks;
    private ulong _undoCount;
    private ulong _nextLook;
    private bool _disposed;

    /// <param name="store">Where its pages are.</param>
    /// <param name="undoInterval">After how many undo records it is worth to mark the tree.</param>
    public Overlay(PageStore store, int undoInterval)
    {
        Store = store;
        UndoInterval = undoInterval;
        _nextLook = (ulong)undoInterval;
        _tree = store.RentPrivateTree();
        _cursor = store.RentCursor();
        _tree.Open(_cursor);
    }

    /// <summary>Changes with every change, so that cursors know when their spans are stale.</summary>
    public int Version { get; private set; }

    /// <summary>Changes that a commit would write.</summary>
    public long Count => _tree.Count - (long)_undoCount;

    /// <summary>Whether anything was put since the last full rewind (puts that were undone singly count).</summary>
    public bool HasPuts { get; private set; }

    /// <summary>The most changes that a rollback of one statement undoes one by one, or little more.</summary>
    public int UndoInterval { get; }

    /// <summary>Whether so much was written that <see cref="SetMark"/> is to be asked.</summary>
    public bool IsMarkDue => _undoCount >= _nextLook;

    /// <summary>Whether there are marks.</summary>
    public bool HasMarks => _marks is { Count: > 0 };

    /// <summary>Changes that rollbacks have undone one by one.</summary>
    public long UndoneSingly { get; private set; }

    public PrivateTree Tree => _tree;

    public PageStore Store { get; }

    /// <summary>Whether a tree has entries, or had since the last full rewind.</summary>
    public bool Touches(TreeId tree) => _touched.Contains(tree);

    /// <summary>Whether there is an entry of a key as it is now, and if so whether it puts or deletes.</summary>
    public bool TryFind(TreeId tree, ReadOnlySpan<byte> key, out bool isDelete)
    {
        isDelete = false;
        if (!_touched.Contains(tree))
            return false;
        int length = PrefixLength + key.Length;
        byte[]? rented = length > StackBytes ? ArrayPool<byte>.Shared.Rent(length) : null;
        Span<byte> full = (rented ?? stackalloc byte[StackBytes])[..length];
        BinaryPrimitives.WriteUInt64BigEndian(full, tree.Value);
        key.CopyTo(full[PrefixLength..]);
        bool found = _cursor.Seek(full, SeekMode.Equal);
        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented);
        if (!found)
            return false;
        Span<byte> kind = stackalloc byte[1];
        _cursor.ReadValue(0, kind);
        isDelete = IsDelete(kind);
        return true;
    }

    public void Put(TreeId tree, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, uint statement) => Set(tree, key, KindPut, value, statement);

    /// <summary>Puts a value as <see cref="ValueCompression"/> made it.</summary>
    public void PutCompressed(TreeId tree, ReadOnlySpan<byte> key, ReadOnlySpan<byte> stored, uint statement) => Set(tree, key, KindPutCompressed, stored, statement);

    public void Delete(TreeId tree, ReadOnlySpan<byte> key, uint statement) => Set(tree, key, KindDelete, default, statement);

    /// <summary>Undoes every change by statements numbered <paramref name="statement"/> and later.</summary>
    public void RollbackTo(uint statement)
    {
        if (_undoCount > 0 && SeekUndo(1) >= statement)
        {
            // Nothing is older: all of it goes at once, however much it is. Every entry has an undo record, in the order of writing.
            _tree.Clear();
            _marks?.Clear();
            _undoCount = 0;
            _nextLook = (ulong)UndoInterval;
            _touched.Clear();
            HasPuts = false;
            Version++;
            return;
        }

        int mark = 0;
        while (mark < _marks?.Count && _marks[mark].Statement < statement)
            mark++;
        if (mark < _marks?.Count)
        {
            _undoCount = _marks[mark].UndoCount;
            for (int n = _marks.Count - mark; n > 0; n--)
                _tree.Rewind();
            _marks.RemoveRange(mark, _marks.Count - mark);
            Version++;
        }

        Span<byte> undoKey = stackalloc byte[16];
        while (_undoCount > 0 && SeekUndo(_undoCount) is var tag && tag >= statement)
        {
            ReadOnlySpan<byte> record = _cursor.Value;
            int keyLength = BinaryPrimitives.ReadInt32LittleEndian(record);
            byte[] copy = ArrayPool<byte>.Shared.Rent(record.Length);
            record.CopyTo(copy);
            int length = record.Length;
            try
            {
                ReadOnlySpan<byte> key = copy.AsSpan(4, keyLength);
                ReadOnlySpan<byte> previous = copy.AsSpan(4 + keyLength, length - 4 - keyLength);
                if (previous.Length == 0)
                    _tree.Delete(key);
                else
                    _tree.Put(key, previous[8..], BinaryPrimitives.ReadUInt64LittleEndian(previous));
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(copy);
            }

            WriteUndoKey(undoKey, _undoCount);
            _tree.Delete(undoKey);
            _undoCount--;
            UndoneSingly++;
            Version++;
        }

        _nextLook = _undoCount + (ulong)UndoInterval;

        if (_tree.Count == 0)
        {
            _touched.Clear();
            HasPuts = false;
        }
    }

    /// <summary>Marks the tree when that lets a rollback to the newest point drop at once what will be written.</summary>
    /// <param name="statement">The number of the statement that writes.</param>
    /// <param name="newestPoint">The number of the first statement after the newest point that can be rolled back to.</param>
    public void SetMark(uint statement, uint newestPoint)
    {
        _nextLook = _undoCount + (ulong)UndoInterval;
        if (HasMarks ? _marks![^1].Statement >= newestPoint : SeekUndo(1) >= newestPoint)
            return; // A mark, or the beginning, is behind the point already.
        _tree.SetMark();
        (_marks ??= []).Add(new Mark(statement, _undoCount));
    }

    /// <summary>Gives up marks that no rollback needs any more.</summary>
    /// <param name="savepoints">The points that can be rolled back to, in ascending order.</param>
    /// <param name="running">The number with which the statement began that is running.</param>
    public void ReleaseMarks(List<Savepoint>? savepoints, uint running)
    {
        while (HasMarks)
        {
            uint last = _marks![^1].Statement;
            uint before = _marks.Count > 1 ? _marks[^2].Statement : 0;
            if ((running > before && running <= last) || HasPoint(savepoints, before, last))
                return;
            _tree.Release();
            _marks.RemoveAt(_marks.Count - 1);
        }
    }

    private static bool HasPoint(List<Savepoint>? savepoints, uint after, uint upTo)
    {
        int from = 0, to = savepoints?.Count ?? 0;
        while (from < to)
        {
            int middle = (from + to) / 2;
            if (savepoints![middle].Statement > after)
                to = middle;
            else
                from = middle + 1;
        }

        return from < savepoints?.Count && savepoints[from].Statement <= upTo;
    }

    /// <summary>
    /// What a statement that began as number <paramref name="before"/> sees of the entry whose value starts with the given undo number
    /// and that was written at or after it: follows the undo records back. Null: nothing of this transaction.
    /// </summary>
    public byte[]? FindEarlier(ulong undo, uint before)
    {
        while (undo != 0)
        {
            SeekUndo(undo);
            ReadOnlySpan<byte> record = _cursor.Value;
            int keyLength = BinaryPrimitives.ReadInt32LittleEndian(record);
            ReadOnlySpan<byte> previous = record[(4 + keyLength)..];
            if (previous.Length == 0)
                return null;
            if (BinaryPrimitives.ReadUInt64LittleEndian(previous) < before)
                return previous[8..].ToArray();
            undo = UndoNumber(previous[8..]);
        }

        return null;
    }

    public static bool IsDelete(ReadOnlySpan<byte> entry) => entry[0] == KindDelete;

    public static bool IsCompressed(ReadOnlySpan<byte> entry) => entry[0] == KindPutCompressed;

    public static ulong UndoNumber(ReadOnlySpan<byte> entry) => BinaryPrimitives.ReadUInt64LittleEndian(entry[1..]);

    public static bool IsUndoKey(ReadOnlySpan<byte> key) => BinaryPrimitives.ReadUInt64BigEndian(key) == ulong.MaxValue;

    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        Store.ReturnCursor(_cursor);
        Store.ReturnPrivateTree(_tree);
    }

    private void Set(TreeId tree, ReadOnlySpan<byte> key, byte kind, ReadOnlySpan<byte> value, uint statement)
    {
        Debug.Assert(tree.Value != ulong.MaxValue, "That number marks undo records.");
        int keyLength = PrefixLength + key.Length, length = HeaderLength + value.Length;
        byte[]? rented = keyLength + length > StackBytes ? ArrayPool<byte>.Shared.Rent(keyLength + length) : null;
        Span<byte> buffer = rented ?? stackalloc byte[StackBytes];
        try
        {
            Span<byte> full = buffer[..keyLength];
            BinaryPrimitives.WriteUInt64BigEndian(full, tree.Value);
            key.CopyTo(full[PrefixLength..]);

            ulong undo;
            bool exists = _cursor.Seek(full, SeekMode.Equal);
            if (exists && _cursor.EntryLsn == statement)
            {
                // The same statement writes it again: what was there before the statement is kept already.
                Span<byte> header = stackalloc byte[HeaderLength];
                _cursor.ReadValue(0, header);
                undo = UndoNumber(header);
            }
            else
            {
                undo = AppendUndo(full, statement, exists);
            }

            Span<byte> entry = buffer.Slice(keyLength, length);
            entry[0] = kind;
            BinaryPrimitives.WriteUInt64LittleEndian(entry[1..], undo);
            value.CopyTo(entry[HeaderLength..]);
            _tree.Put(full, entry, statement);
        }
        finally
        {
            if (rented is not null)
                ArrayPool<byte>.Shared.Return(rented);
        }

        _touched.Add(tree);
        HasPuts |= kind != KindDelete;
        Version++;
    }

    /// <summary>Writes an undo record for a key; when <paramref name="hasPrevious"/> the cursor stands on its entry.</summary>
    private ulong AppendUndo(ReadOnlySpan<byte> key, uint statement, bool hasPrevious)
    {
        ReadOnlySpan<byte> previous = hasPrevious ? _cursor.Value : default;
        int length = 4 + key.Length + (hasPrevious ? 8 + previous.Length : 0);
        byte[] record = ArrayPool<byte>.Shared.Rent(length);
        BinaryPrimitives.WriteInt32LittleEndian(record, key.Length);
        key.CopyTo(record.AsSpan(4));
        if (hasPrevious)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(4 + key.Length), _cursor.EntryLsn);
            previous.CopyTo(record.AsSpan(12 + key.Length));
        }

        Span<byte> undoKey = stackalloc byte[16];
        WriteUndoKey(undoKey, _undoCount + 1);
        _tree.Put(undoKey, record.AsSpan(0, length), statement);
        ArrayPool<byte>.Shared.Return(record);
        return ++_undoCount;
    }

    /// <summary>Puts the cursor on an undo record.</summary>
    /// <returns>The statement that made it.</returns>
    private uint SeekUndo(ulong number)
    {
        Span<byte> key = stackalloc byte[16];
        WriteUndoKey(key, number);
        if (!_cursor.Seek(key, SeekMode.Equal))
            throw new InvalidOperationException($"Undo record {number} is missing.");
        return (uint)_cursor.EntryLsn;
    }

    private static void WriteUndoKey(Span<byte> key, ulong number)
    {
        BinaryPrimitives.WriteUInt64BigEndian(key, ulong.MaxValue);
        BinaryPrimitives.WriteUInt64BigEndian(key[8..], number);
    }

    /// <summary>The tree is kept as it was with so many undo records; what came later is by this statement and later ones.</summary>
    private readonly record struct Mark(uint Statement, ulong UndoCount);

    /// <summary>Trees, nearly always few: a set is only made for many.</summary>
    private struct TreeIdSet
    {
        private const int Few = 8;

        private TreeId[]? _few;
        private int _count;
        private HashSet<TreeId>? _many;

        public readonly bool Contains(TreeId tree) => _many?.Contains(tree) ?? _few.AsSpan(0, _count).Contains(tree);

        public void Add(TreeId tree)
        {
            if (_many is null && _count > 0 && _few![_count - 1] == tree)
                return;
            if (Contains(tree))
                return;
            if (_many is null && _count < Few)
            {
                (_few ??= new TreeId[Few])[_count++] = tree;
                return;
            }

            _many ??= [.. _few.AsSpan(0, _count)];
            _many.Add(tree);
        }

        public void Clear()
        {
            _count = 0;
            _many = null;
        }
    }
}
