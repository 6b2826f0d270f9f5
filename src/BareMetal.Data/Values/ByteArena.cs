namespace BareMetal.Data.Values;

/// <summary>Bump allocation of bytes that live as long as a batch. Chunks are kept and reused after <see cref="Reset"/>.</summary>
internal sealed class ByteArena
{
    private const int ChunkSize = 32 * 1024;
    private const int KeptChunks = 32;

    private readonly List<byte[]> _chunks = [];
    private int _chunk = -1;
    private int _used;
    private long _long;

    /// <summary>Copies bytes in and names their place.</summary>
    public ByteSlice Copy(ReadOnlySpan<byte> bytes)
    {
        ByteSlice slice = Allocate(bytes.Length);
        bytes.CopyTo(slice.Array.AsSpan(slice.Offset));
        return slice;
    }

    /// <summary>Reserves bytes to be written by the caller.</summary>
    public ByteSlice Allocate(int length)
    {
        if (length > ChunkSize / 4)
        {
            _long += length;
            return new ByteSlice(new byte[length]);
        }

        if (_chunk < 0 || _used + length > ChunkSize)
        {
            _chunk++;
            if (_chunk == _chunks.Count)
                _chunks.Add(new byte[ChunkSize]);
            _used = 0;
        }

        ByteSlice slice = new(_chunks[_chunk], _used, length);
        _used += length;
        return slice;
    }

    /// <summary>Bytes handed out since the last reset.</summary>
    public long UsedBytes => _long + (_chunk < 0 ? 0 : ((long)_chunk * ChunkSize) + _used);

    public void Reset()
    {
        // One large batch must not hold its memory for ever.
        if (_chunks.Count > KeptChunks)
            _chunks.RemoveRange(KeptChunks, _chunks.Count - KeptChunks);
        _chunk = -1;
        _used = 0;
        _long = 0;
    }
}
