using System.Buffers;
using System.Buffers.Binary;
using BareMetal.Data.Storage.Trees;

namespace BareMetal.Data.Storage.Transactions;

/// <summary>
/// Walks what a transaction changed in one tree, as a statement sees it: entries of statements before <c>before</c>, deletions
/// included. Survives changes of the overlay while it stands on an entry.
/// </summary>
internal sealed class OverlayCursor(Overlay overlay, TreeId tree, uint before) : IDisposable
{
    private const int StackBytes = 256;

    private readonly PageCursor _cursor = Open(overlay);
    private byte[]? _earlier;
    private byte[] _plain = [];
    private int _version;

    /// <summary>Whether it stands on an entry.</summary>
    public bool IsValid { get; private set; }

    /// <summary>The key, without the tree.</summary>
    public ReadOnlySpan<byte> Key => _cursor.Key[Overlay.PrefixLength..];

    /// <summary>Whether the overlay changed since the cursor was placed.</summary>
    public bool IsStale => _version != overlay.Version;

    /// <summary>Whether the entry deletes.</summary>
    public bool IsDelete => Overlay.IsDelete(Entry);

    /// <summary>The value of an entry that does not delete.</summary>
    public ReadOnlySpan<byte> Value
    {
        get
        {
            ReadOnlySpan<byte> entry = Entry;
            if (!Overlay.IsCompressed(entry))
                return entry[Overlay.HeaderLength..];
            ValueCompression.Decompress(entry[Overlay.HeaderLength..], overlay.Store.PageSize, 0, ref _plain, out int length);
            return _plain.AsSpan(0, length);
        }
    }

    private ReadOnlySpan<byte> Entry
    {
        get
        {
            if (_earlier is not null)
                return _earlier;
            if (IsStale && _cursor.EntryLsn >= before)
            {
                // Written again since, by the statement that reads: go back to what it saw.
                _earlier = overlay.FindEarlier(Overlay.UndoNumber(_cursor.Value), before);
                return _earlier ?? throw new InvalidOperationException("The entry that the cursor stood on was undone.");
            }

            return _cursor.Value;
        }
    }

    public bool Seek(ReadOnlySpan<byte> key, SeekMode mode)
    {
        int length = Overlay.PrefixLength + key.Length;
        byte[]? rented = length > StackBytes ? ArrayPool<byte>.Shared.Rent(length) : null;
        Span<byte> full = (rented ?? stackalloc byte[StackBytes])[..length];
        BinaryPrimitives.WriteUInt64BigEndian(full, tree.Value);
        key.CopyTo(full[Overlay.PrefixLength..]);
        bool found = _cursor.Seek(full, mode);
        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented);
        return Settle(found, backward: mode is SeekMode.Less or SeekMode.LessOrEqual);
    }

    public bool SeekFirst() => Seek(default, SeekMode.GreaterOrEqual);

    public bool SeekLast()
    {
        Span<byte> next = stackalloc byte[Overlay.PrefixLength];
        BinaryPrimitives.WriteUInt64BigEndian(next, tree.Value + 1);
        return Settle(_cursor.Seek(next, SeekMode.Less), backward: true);
    }

    public bool MoveNext() => IsValid && Settle(_cursor.MoveNext(), backward: false);

    public bool MovePrevious() => IsValid && Settle(_cursor.MovePrevious(), backward: true);

    public void Dispose()
    {
        IsValid = false;
        overlay.Store.ReturnCursor(_cursor);
    }

    private static PageCursor Open(Overlay overlay)
    {
        PageCursor cursor = overlay.Store.RentCursor();
        overlay.Tree.Open(cursor);
        return cursor;
    }

    /// <summary>Goes on from where the cursor landed to the first entry that is visible, or nowhere.</summary>
    private bool Settle(bool found, bool backward)
    {
        _earlier = null;
        _version = overlay.Version;
        while (found && BinaryPrimitives.ReadUInt64BigEndian(_cursor.Key) == tree.Value)
        {
            if (_cursor.EntryLsn < before)
                return IsValid = true;
            _earlier = overlay.FindEarlier(Overlay.UndoNumber(_cursor.Value), before);
            if (_earlier is not null)
                return IsValid = true;
            found = backward ? _cursor.MovePrevious() : _cursor.MoveNext();
        }

        return IsValid = false;
    }
}
