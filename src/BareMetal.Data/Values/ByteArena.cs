namespace BareMetal.Data.Values;

/// <summary>Bump allocation of bytes that live as long as a batch. Chunks are kept and reused after <see cref="Reset"/>.</summary>
internal sealed class ByteArena
{
    private const int ChunkSize = 32 * 1024;
    private const int KeptChunks = 32;

    /// <summary>What every arena may hold without being counted: an ordinary batch.</summary>
    private const long Free = 64 * 1024;

    private readonly List<byte[]> _chunks = [];
    private int _chunk = -1;
    private int _used;
    private long _long;
    private IArenaLimit? _limit;
    private long _counted;
    private int _countedFor;

    /// <summary>
    /// Counts what is kept here from now on until <see cref="Reset"/>, beyond what an ordinary batch takes. Looked at when memory is taken for
    /// it, not for each value.
    /// </summary>
    public void CountFor(IArenaLimit limit) => _limit = limit;

    /// <summary>Counts bytes that belong to the same batch but were made elsewhere.</summary>
    public void Note(long bytes)
    {
        _long += bytes;
        if (_limit is not null)
            Count();
    }

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
            if (_limit is not null)
                Count();
            return new ByteSlice(new byte[length]);
        }

        if (_chunk < 0 || _used + length > ChunkSize)
        {
            _chunk++;
            if (_chunk == _chunks.Count)
                _chunks.Add(new byte[ChunkSize]);
            _used = 0;
            if (_limit is not null)
                Count();
        }

        ByteSlice slice = new(_chunks[_chunk], _used, length);
        _used += length;
        return slice;
    }

    /// <summary>Whether there are values that have memory of their own.</summary>
    public bool HasLong => _long > 0;

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
        if (_counted != 0)
            _limit!.ReleaseBuilt(_counted, _countedFor);
        _counted = 0;
        _limit = null;
    }

    private void Count()
    {
        long more = _long + ((_chunk + 1L) * ChunkSize) - Free;
        if (_countedFor != _limit!.Statement)
            _counted = 0;
        more -= _counted;
        if (more <= 0)
            return;
        _limit.TakeBuilt(more);
        _counted += more;
        _countedFor = _limit.Statement;
    }
}
