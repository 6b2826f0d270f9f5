using System.Runtime.CompilerServices;
using BareMetal.Data.Storage.Transactions;
using BareMetal.Data.Storage.Trees;

namespace BareMetal.Data.Storage;

/// <summary>
/// Walks the entries of a tree in key order (bytes compared as unsigned), the transaction's own changes merged in.
/// Spans are valid until the cursor is used again.
/// </summary>
public sealed unsafe class TreeCursor : IDisposable
{
    private readonly StorageTransaction _transaction;
    private readonly SnapshotHandle _snapshot;
    private readonly PageCursor _stored;
    private readonly OverlayCursor? _own;
    private byte[] _scratch = [];
    private byte[] _copies = [];
    private bool _storedValid;
    private bool _onOwn;
    private bool _backward;
    private bool _disposed;

    internal TreeCursor(StorageTransaction transaction, SnapshotHandle snapshot, PageCursor stored, OverlayCursor? own)
    {
        _transaction = transaction;
        _snapshot = snapshot;
        _stored = stored;
        _own = own;
    }

    /// <summary>Whether it stands on an entry.</summary>
    public bool IsValid { get; private set; }

    /// <summary>The key of the entry it stands on.</summary>
    public ReadOnlySpan<byte> Key => _onOwn ? _own!.Key : _stored.Key;

    /// <summary>The value of the entry it stands on. Large values are read whole; see <see cref="ReadValue"/> for parts.</summary>
    public ReadOnlySpan<byte> Value => _onOwn ? _own!.Value : _stored.Value;

    /// <summary>Length of the value in bytes.</summary>
    public long ValueLength => _onOwn ? _own!.Value.Length : _stored.ValueLength;

    /// <summary>Whether the entry was written by this transaction.</summary>
    public bool IsOwn => _onOwn;

    /// <summary>The commit that last changed the entry; zero for own changes.</summary>
    public Lsn EntryLsn => _onOwn ? Lsn.Zero : new Lsn(_stored.EntryLsn);

    /// <summary>Goes to an entry.</summary>
    /// <returns>Whether there is one; otherwise the cursor stands nowhere.</returns>
    public bool Seek(ReadOnlySpan<byte> key, SeekMode mode = SeekMode.GreaterOrEqual)
    {
        EnsureUsable();
        if (_own is null)
        {
            _onOwn = false;
            _backward = mode is SeekMode.Less or SeekMode.LessOrEqual;
            return IsValid = _storedValid = _stored.Seek(key, mode);
        }

        if (mode == SeekMode.Equal)
        {
            _backward = false;
            if (_own.Seek(key, SeekMode.GreaterOrEqual) && _own.Key.SequenceEqual(key))
            {
                _onOwn = true;
                _storedValid = _stored.Seek(key, SeekMode.GreaterOrEqual);
                return IsValid = !_own.IsDelete;
            }

            _onOwn = false;
            return IsValid = _storedValid = _stored.Seek(key, SeekMode.Equal);
        }

        _backward = mode is SeekMode.Less or SeekMode.LessOrEqual;
        _storedValid = _stored.Seek(key, mode);
        _own.Seek(key, mode);
        return Settle();
    }

    /// <summary>Goes to the first entry.</summary>
    public bool SeekFirst()
    {
        EnsureUsable();
        _backward = false;
        _storedValid = _stored.SeekFirst();
        _own?.SeekFirst();
        return Settle();
    }

    /// <summary>Goes to the last entry.</summary>
    public bool SeekLast()
    {
        EnsureUsable();
        _backward = true;
        _storedValid = _stored.SeekLast();
        _own?.SeekLast();
        return Settle();
    }

    /// <summary>Goes to a committed entry picked by chance, for samples; see <see cref="PageCursor.SeekFraction"/>. The transaction's own changes do not count.</summary>
    internal bool SeekFraction(double fraction, out double entries)
    {
        EnsureUsable();
        if (_own is not null)
            throw new InvalidOperationException("A sample is taken where the transaction has no changes of its own.");
        _onOwn = false;
        _backward = false;
        return IsValid = _storedValid = _stored.SeekFraction(fraction, out entries);
    }

    /// <summary>Goes to the next entry in key order.</summary>
    public bool MoveNext() => Move(backward: false);

    /// <summary>Goes to the previous entry in key order.</summary>
    public bool MovePrevious() => Move(backward: true);

    /// <summary>Reads a part of the value without reading the rest.</summary>
    /// <param name="offset">Byte offset in the value.</param>
    /// <param name="buffer">Receives the bytes.</param>
    /// <returns>The number of bytes read: less than asked for only at the end.</returns>
    public int ReadValue(long offset, Span<byte> buffer)
    {
        if (!_onOwn)
            return _stored.ReadValue(offset, buffer);
        ReadOnlySpan<byte> value = _own!.Value;
        if (offset >= value.Length)
            return 0;
        int count = Math.Min(buffer.Length, value.Length - (int)offset);
        value.Slice((int)offset, count).CopyTo(buffer);
        return count;
    }

    /// <summary>
    /// Reads a run of entries from the one it stands on, and moves past them: as many as lie together, at most
    /// <paramref name="entries"/>.Length. The cheap way to scan. Afterwards only this, seeks and disposal are allowed.
    /// </summary>
    /// <param name="entries">Receives the entries.</param>
    /// <param name="withKeys">Whether keys are wanted.</param>
    /// <param name="end">Where to stop, exclusive: a key not to go to (beyond in the direction); empty for none.</param>
    /// <param name="backward">Whether to go in descending key order.</param>
    /// <returns>The number of entries; 0 at the end.</returns>
    public int ReadBlock(Span<EntryRef> entries, bool withKeys, ReadOnlySpan<byte> end, bool backward = false)
    {
        EnsureUsable();
        if (_own is null)
        {
            int n = _stored.ReadBlock(entries, withKeys, end, backward);
            IsValid = n > 0;
            return n;
        }

        if (!IsValid)
            return 0;
        if (backward != _backward)
            Turn(backward, inclusive: true);
        while (true)
        {
            if (!_own.IsValid)
            {
                int n = _storedValid ? _stored.ReadBlock(entries, withKeys, end, backward) : 0;
                IsValid = _storedValid = n > 0;
                return n;
            }

            // Stored entries up to the next own one, in one block; then that one.
            ReadOnlySpan<byte> ownKey = Remember(_own.Key);
            bool endFirst = end.Length > 0 && (backward ? end.SequenceCompareTo(ownKey) >= 0 : end.SequenceCompareTo(ownKey) <= 0);
            if (_storedValid)
            {
                int n = _stored.ReadBlock(entries, withKeys, endFirst ? end : ownKey, backward);
                if (n > 0)
                {
                    IsValid = true;
                    return n;
                }
            }

            if (endFirst)
            {
                IsValid = false;
                return 0;
            }

            bool isDelete = _own.IsDelete;
            if (!isDelete)
                CopyOwn(ref entries[0], withKeys);
            _storedValid = _stored.Seek(ownKey, backward ? SeekMode.Less : SeekMode.Greater);
            if (backward)
                _own.MovePrevious();
            else
                _own.MoveNext();
            if (!isDelete)
            {
                IsValid = true;
                return 1;
            }
        }
    }

    /// <summary>Lets go of what it holds.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        IsValid = false;
        _own?.Dispose();
        _transaction.Engine.Store.ReturnCursor(_stored);
        _snapshot.Release();
    }

    private bool Move(bool backward)
    {
        EnsureUsable();
        if (!IsValid)
            return false;
        if (_own is null)
        {
            _backward = backward;
            return IsValid = _storedValid = backward ? _stored.MovePrevious() : _stored.MoveNext();
        }

        if (backward != _backward || _own.IsStale)
        {
            Turn(backward, inclusive: false);
            return Settle();
        }

        // Whichever stands on the key goes on: both, when an own entry hides a stored one.
        bool both = _onOwn && _storedValid && _stored.Key.SequenceEqual(_own.Key);
        if (_onOwn)
            StepOwn();
        if (!_onOwn || both)
            _storedValid = backward ? _stored.MovePrevious() : _stored.MoveNext();
        return Settle();
    }

    private void StepOwn()
    {
        if (_backward)
            _own!.MovePrevious();
        else
            _own!.MoveNext();
    }

    /// <summary>Places both sides anew from the current key in a direction.</summary>
    private void Turn(bool backward, bool inclusive)
    {
        ReadOnlySpan<byte> key = Remember(Key);
        SeekMode mode = (backward, inclusive) switch
        {
            (true, true) => SeekMode.LessOrEqual,
            (true, false) => SeekMode.Less,
            (false, true) => SeekMode.GreaterOrEqual,
            _ => SeekMode.Greater,
        };
        _backward = backward;
        _storedValid = _stored.Seek(key, mode);
        _own!.Seek(key, mode);
        if (inclusive)
            Settle();
    }

    /// <summary>Stands on the nearer of the two sides, passing over deletions and what they hide.</summary>
    private bool Settle()
    {
        while (true)
        {
            if (_own is null || !_own.IsValid)
            {
                _onOwn = false;
                return IsValid = _storedValid;
            }

            int c = _storedValid ? _stored.Key.SequenceCompareTo(_own.Key) : 0;
            if (_storedValid && (_backward ? c > 0 : c < 0))
            {
                _onOwn = false;
                return IsValid = true;
            }

            if (!_own.IsDelete)
            {
                _onOwn = true;
                return IsValid = true;
            }

            if (_storedValid && c == 0)
                _storedValid = _backward ? _stored.MovePrevious() : _stored.MoveNext();
            StepOwn();
        }
    }

    private ReadOnlySpan<byte> Remember(ReadOnlySpan<byte> key)
    {
        if (_scratch.Length < key.Length)
            _scratch = new byte[Math.Max(key.Length, 64)];
        key.CopyTo(_scratch);
        return _scratch.AsSpan(0, key.Length);
    }

    private void CopyOwn(ref EntryRef entry, bool withKeys)
    {
        ReadOnlySpan<byte> value = _own!.Value;
        ReadOnlySpan<byte> key = withKeys ? _own.Key : default;
        int length = value.Length + key.Length;
        if (_copies.Length < length || _copies.Length == 0)
            _copies = GC.AllocateUninitializedArray<byte>(Math.Max(length, 256), pinned: true);
        value.CopyTo(_copies);
        key.CopyTo(_copies.AsSpan(value.Length));
        byte* start = (byte*)Unsafe.AsPointer(ref _copies[0]);
        entry.Value = start;
        entry.ValueLength = value.Length;
        entry.Key = withKeys ? start + value.Length : null;
        entry.KeyLength = key.Length;
    }

    private void EnsureUsable()
    {
        if (_disposed)
            throw new ObjectDisposedException(nameof(TreeCursor));
        if (!_transaction.IsActive)
            _transaction.ThrowEnded();
    }
}
