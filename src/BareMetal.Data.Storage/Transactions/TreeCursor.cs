using System.Collections.Immutable;
using BareMetal.Data.Storage.Transactions;

namespace BareMetal.Data.Storage;

/// <summary>
/// Walks the entries of a tree in key order (bytes compared as unsigned), the transaction's own changes merged in.
/// Spans are valid until the cursor is used again.
/// </summary>
public sealed unsafe class TreeCursor : IDisposable
{
    private readonly ImmutableList<StoredEntry> _stored;
    private readonly ImmutableList<OverlayEntry> _own;
    private readonly List<byte[]> _pinned = [];
    private byte[] _key = [];
    private byte[] _value = [];

    internal TreeCursor(ImmutableList<StoredEntry>? stored, ImmutableList<OverlayEntry>? own)
    {
        _stored = stored ?? ImmutableList<StoredEntry>.Empty;
        _own = own ?? ImmutableList<OverlayEntry>.Empty;
    }

    /// <summary>Whether it stands on an entry.</summary>
    public bool IsValid { get; private set; }

    /// <summary>The key of the entry it stands on.</summary>
    public ReadOnlySpan<byte> Key => _key;

    /// <summary>The value of the entry it stands on. Large values are read whole; see <see cref="ReadValue"/> for parts.</summary>
    public ReadOnlySpan<byte> Value => _value;

    /// <summary>Length of the value in bytes.</summary>
    public long ValueLength => _value.Length;

    /// <summary>Whether the entry was written by this transaction.</summary>
    public bool IsOwn { get; private set; }

    /// <summary>The commit that last changed the entry; zero for own changes.</summary>
    public Lsn EntryLsn { get; private set; }

    /// <summary>Goes to an entry.</summary>
    /// <returns>Whether there is one; otherwise the cursor stands nowhere.</returns>
    public bool Seek(ReadOnlySpan<byte> key, SeekMode mode = SeekMode.GreaterOrEqual)
    {
        switch (mode)
        {
            case SeekMode.Equal:
                return Forward(key, inclusive: true) && (Key.SequenceEqual(key) || Nowhere());
            case SeekMode.GreaterOrEqual:
                return Forward(key, inclusive: true);
            case SeekMode.Greater:
                return Forward(key, inclusive: false);
            case SeekMode.LessOrEqual:
                return Backward(key, inclusive: true);
            default:
                return Backward(key, inclusive: false);
        }
    }

    /// <summary>Goes to the first entry.</summary>
    public bool SeekFirst() => Forward(default, inclusive: true);

    /// <summary>Goes to the last entry.</summary>
    public bool SeekLast() => Backward(null, _stored.Count - 1, _own.Count - 1);

    /// <summary>Goes to the next entry in key order.</summary>
    public bool MoveNext() => IsValid && Forward(_key, inclusive: false);

    /// <summary>Goes to the previous entry in key order.</summary>
    public bool MovePrevious() => IsValid && Backward(_key, inclusive: false);

    /// <summary>Reads a part of the value without reading the rest.</summary>
    /// <param name="offset">Byte offset in the value.</param>
    /// <param name="buffer">Receives the bytes.</param>
    /// <returns>The number of bytes read: less than asked for only at the end.</returns>
    public int ReadValue(long offset, Span<byte> buffer)
    {
        if (offset >= _value.Length)
            return 0;
        int count = (int)Math.Min(buffer.Length, _value.Length - offset);
        _value.AsSpan((int)offset, count).CopyTo(buffer);
        return count;
    }

    /// <summary>
    /// Reads a run of entries from the one it stands on, and moves past them: as many as lie together, at most
    /// <paramref name="entries"/>.Length. The cheap way to scan.
    /// </summary>
    /// <param name="entries">Receives the entries.</param>
    /// <param name="withKeys">Whether keys are wanted.</param>
    /// <param name="end">Where to stop, exclusive: a key not to go to (beyond in the direction); empty for none.</param>
    /// <param name="backward">Whether to go in descending key order.</param>
    /// <returns>The number of entries; 0 at the end.</returns>
    public int ReadBlock(Span<EntryRef> entries, bool withKeys, ReadOnlySpan<byte> end, bool backward = false)
    {
        _pinned.Clear();
        int n = 0;
        while (n < entries.Length && IsValid)
        {
            if (end.Length > 0)
            {
                int c = Key.SequenceCompareTo(end);
                if (backward ? c <= 0 : c >= 0)
                {
                    Nowhere();
                    break;
                }
            }

            byte* value = Pin(_value);
            byte* key = withKeys ? Pin(_key) : null;
            entries[n++] = new EntryRef { Value = value, ValueLength = _value.Length, Key = key, KeyLength = withKeys ? _key.Length : 0 };
            if (backward)
                MovePrevious();
            else
                MoveNext();
        }

        return n;
    }

    /// <summary>Lets go of what it holds.</summary>
    public void Dispose() => _pinned.Clear();

    private byte* Pin(byte[] bytes)
    {
        byte[] copy = GC.AllocateUninitializedArray<byte>(Math.Max(bytes.Length, 1), pinned: true);
        bytes.CopyTo(copy, 0);
        _pinned.Add(copy);
        return (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref copy[0]);
    }

    private bool Forward(ReadOnlySpan<byte> key, bool inclusive)
    {
        int s = StoredEntry.Find(_stored, key);
        s = s < 0 ? ~s : inclusive ? s : s + 1;
        int o = OverlayEntry.Find(_own, key);
        o = o < 0 ? ~o : inclusive ? o : o + 1;
        while (s < _stored.Count || o < _own.Count)
        {
            int c = s >= _stored.Count ? 1 : o >= _own.Count ? -1 : _stored[s].Key.AsSpan().SequenceCompareTo(_own[o].Key);
            if (c < 0)
                return At(_stored[s]);
            if (c == 0)
                s++;
            if (_own[o].Value is not null)
                return At(_own[o]);
            o++;
        }

        return Nowhere();
    }

    private bool Backward(ReadOnlySpan<byte> key, bool inclusive)
    {
        int s = StoredEntry.Find(_stored, key);
        s = s < 0 ? ~s - 1 : inclusive ? s : s - 1;
        int o = OverlayEntry.Find(_own, key);
        o = o < 0 ? ~o - 1 : inclusive ? o : o - 1;
        return Backward(null, s, o);
    }

    private bool Backward(object? _, int s, int o)
    {
        while (s >= 0 || o >= 0)
        {
            int c = s < 0 ? -1 : o < 0 ? 1 : _stored[s].Key.AsSpan().SequenceCompareTo(_own[o].Key);
            if (c > 0)
                return At(_stored[s]);
            if (c == 0)
                s--;
            if (_own[o].Value is not null)
                return At(_own[o]);
            o--;
        }

        return Nowhere();
    }

    private bool At(StoredEntry entry)
    {
        _key = entry.Key;
        _value = entry.Value;
        EntryLsn = entry.Lsn;
        IsOwn = false;
        return IsValid = true;
    }

    private bool At(OverlayEntry entry)
    {
        _key = entry.Key;
        _value = entry.Value!;
        EntryLsn = Lsn.Zero;
        IsOwn = true;
        return IsValid = true;
    }

    private bool Nowhere()
    {
        IsValid = false;
        return false;
    }
}
