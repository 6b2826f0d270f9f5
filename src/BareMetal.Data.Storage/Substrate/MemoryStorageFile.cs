namespace BareMetal.Data.Storage;

/// <summary>A file in memory: a table of fixed-size chunks that only grows, so that reads and writes need no lock.</summary>
internal sealed class MemoryStorageFile(string name) : IStorageFile
{
    private const int ChunkBits = 16;
    private const int ChunkSize = 1 << ChunkBits;

    private readonly object gate = new();
    private byte[][] chunks = [];
    private long length;

    /// <inheritdoc/>
    public string Name { get; internal set; } = name;

    /// <inheritdoc/>
    public long Length => Volatile.Read(ref length);

    /// <inheritdoc/>
    public int Read(long offset, Span<byte> buffer)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        int count = (int)Math.Clamp(Length - offset, 0, buffer.Length);
        byte[][] table = Volatile.Read(ref chunks);
        for (int done = 0; done < count;)
        {
            long at = offset + done;
            int within = (int)(at & (ChunkSize - 1));
            int part = Math.Min(ChunkSize - within, count - done);
            table[at >> ChunkBits].AsSpan(within, part).CopyTo(buffer[done..]);
            done += part;
        }

        return count;
    }

    /// <inheritdoc/>
    public ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled<int>(cancellationToken)
            : new ValueTask<int>(Read(offset, buffer.Span));

    /// <inheritdoc/>
    public void Write(long offset, ReadOnlySpan<byte> buffer)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        long end = offset + buffer.Length;
        byte[][] table = Reserve(end);
        for (int done = 0; done < buffer.Length;)
        {
            long at = offset + done;
            int within = (int)(at & (ChunkSize - 1));
            int part = Math.Min(ChunkSize - within, buffer.Length - done);
            buffer.Slice(done, part).CopyTo(table[at >> ChunkBits].AsSpan(within, part));
            done += part;
        }

        lock (gate)
        {
            if (end > length)
                Volatile.Write(ref length, end);
        }
    }

    /// <inheritdoc/>
    public void SetLength(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Reserve(length);
        lock (gate)
        {
            long old = this.length;
            Volatile.Write(ref this.length, Math.Min(old, length));

            // What was cut must read as zeros when the file grows again.
            int kept = (int)((length + ChunkSize - 1) >> ChunkBits);
            if (length < old)
            {
                if ((length & (ChunkSize - 1)) is var within and > 0)
                    chunks[kept - 1].AsSpan((int)within).Clear();
                Volatile.Write(ref chunks, chunks[..kept]);
            }

            Volatile.Write(ref this.length, length);
        }
    }

    /// <inheritdoc/>
    public void Flush()
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private byte[][] Reserve(long end)
    {
        int needed = checked((int)((end + ChunkSize - 1) >> ChunkBits));
        byte[][] table = Volatile.Read(ref chunks);
        if (table.Length >= needed)
            return table;
        lock (gate)
        {
            table = chunks;
            if (table.Length >= needed)
                return table;
            byte[][] grown = new byte[Math.Max(needed, Math.Min(table.Length * 2, table.Length + 1024))][];
            table.CopyTo(grown, 0);
            for (int i = table.Length; i < grown.Length; i++)
                grown[i] = new byte[ChunkSize];
            Volatile.Write(ref chunks, grown);
            return grown;
        }
    }
}
