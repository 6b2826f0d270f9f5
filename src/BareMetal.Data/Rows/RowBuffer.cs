using System.Buffers;
using System.Runtime.CompilerServices;

namespace BareMetal.Data.Rows;

/// <summary>A growable byte buffer that is cleared and reused: rows, keys and text are built in one.</summary>
internal sealed class RowBuffer(int capacity = 256) : IBufferWriter<byte>
{
    /// <summary>Buffers below this size are not looked at.</summary>
    private const int SmallBytes = 1 << 20;

    // What a buffer of this thread may grow to while a function runs; 0: whatever it needs.
    [ThreadStatic]
    private static long t_allowed;

    private byte[] _array = new byte[Allowed(capacity)];
    private int _length;

    /// <summary>Sets how large a buffer of this thread may become from here on, 0 for no limit. Gives what it was.</summary>
    internal static long Allow(long bytes)
    {
        long before = t_allowed;
        t_allowed = bytes;
        return before;
    }

    /// <summary>Looks whether a function may build a value of so many bytes before it does.</summary>
    /// <exception cref="BareMetalException">53200: the statement has no room for it.</exception>
    internal static void CheckAllowed(long bytes)
    {
        if (bytes > SmallBytes && t_allowed != 0 && bytes > t_allowed)
        {
            throw new BareMetalException(SqlStates.OutOfMemory, $"The statement has no room in its memory for a value of {bytes} bytes.")
            {
                Hint = "Raise work_mem, or build smaller values.",
            };
        }
    }

    /// <summary>Takes bytes of what values and states of this thread may grow by, when there is a limit.</summary>
    /// <exception cref="BareMetalException">53200: as <see cref="CheckAllowed"/>.</exception>
    internal static void Use(long bytes)
    {
        if (t_allowed == 0)
            return;
        CheckAllowed(bytes);
        t_allowed = Math.Max(1, t_allowed - bytes);
    }

    private static int Allowed(int capacity)
    {
        if (capacity > SmallBytes)
            CheckAllowed(capacity);
        return capacity;
    }

    /// <summary>The array behind it; valid until the next append.</summary>
    public byte[] Array => _array;

    /// <summary>Bytes written. May be lowered to cut the end off, or raised over bytes reserved by <see cref="GetSpan"/>.</summary>
    public int Length
    {
        get => _length;
        set
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)value, (uint)_array.Length, nameof(value));
            _length = value;
        }
    }

    public ReadOnlySpan<byte> Span => new(_array, 0, _length);

    /// <summary>The written bytes, to be changed in place.</summary>
    public Span<byte> WrittenSpan => new(_array, 0, _length);

    public ReadOnlyMemory<byte> Memory => new(_array, 0, _length);

    public void Clear() => _length = 0;

    public byte[] ToArray() => Span.ToArray();

    /// <summary>Reserves bytes at the end, uninitialised, and counts them as written.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<byte> Append(int count)
    {
        int at = _length;
        if (_array.Length - at < count)
            Grow(count);
        _length = at + count;
        return new Span<byte>(_array, at, count);
    }

    public void Append(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Append(bytes.Length));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AppendByte(byte value)
    {
        if (_length == _array.Length)
            Grow(1);
        _array[_length++] = value;
    }

    /// <summary>Appends seven bits per byte, least significant first.</summary>
    public void AppendVarUInt(ulong value)
    {
        while (value >= 0x80)
        {
            AppendByte((byte)(value | 0x80));
            value >>= 7;
        }

        AppendByte((byte)value);
    }

    /// <summary>Appends text as UTF-8; the text must be well-formed UTF-16.</summary>
    public void AppendText(ReadOnlySpan<char> text)
    {
        int written = System.Text.Encoding.UTF8.GetBytes(text, GetSpan(System.Text.Encoding.UTF8.GetMaxByteCount(text.Length)));
        _length += written;
    }

    /// <summary>Appends characters that are all ASCII.</summary>
    public void AppendAscii(ReadOnlySpan<char> text)
    {
        Span<byte> target = Append(text.Length);
        for (int i = 0; i < text.Length; i++)
            target[i] = (byte)text[i];
    }

    public void Advance(int count) => Length = _length + count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        GetSpan(sizeHint);
        return _array.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        if (sizeHint < 1)
            sizeHint = 1;
        if (_array.Length - _length < sizeHint)
            Grow(sizeHint);
        return _array.AsSpan(_length);
    }

    private void Grow(int count)
    {
        long needed = (long)_length + count;
        if (needed > System.Array.MaxLength)
            throw new BareMetalException(SqlStates.ProgramLimitExceeded, $"A row, key or text of {needed} bytes is longer than the limit of {System.Array.MaxLength} bytes.");
        long size = Math.Min(Math.Max((long)_array.Length * 2, needed), System.Array.MaxLength);
        if (size > SmallBytes && t_allowed != 0)
        {
            size = Math.Max(needed, Math.Min(size, t_allowed));
            CheckAllowed(size);
        }
        System.Array.Resize(ref _array, (int)size);
    }
}
