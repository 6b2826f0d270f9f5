namespace BareMetal.Data.Simulation;

/// <summary>
/// One file of the simulated disk: its durable bytes, its live bytes, and for every sector written since the last flush
/// the versions it went through.
/// </summary>
internal sealed class SimulatedInode
{
    private const int MaxVersions = 3;

    private readonly int sectorSize;
    private SortedDictionary<long, List<byte[]>> dirty = [];
    private byte[] live = [];
    private byte[] durable = [];
    private long liveLength;
    private long durableLength;

    public SimulatedInode(int sectorSize) => this.sectorSize = sectorSize;

    public long Length => liveLength;

    public long DurableLength => durableLength;

    public long UnflushedBytes => (long)dirty.Count * sectorSize;

    public bool IsDirty => dirty.Count > 0 || liveLength != durableLength;

    public int Read(long offset, Span<byte> buffer)
    {
        int count = (int)Math.Clamp(liveLength - offset, 0, buffer.Length);
        live.AsSpan((int)Math.Min(offset, live.Length), count).CopyTo(buffer);
        return count;
    }

    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        long end = offset + bytes.Length;
        EnsureLive(end);
        if (end > liveLength)
            liveLength = end;
        bytes.CopyTo(live.AsSpan((int)offset));
        Touch(offset, end);
    }

    public void SetLength(long length)
    {
        if (length > liveLength)
        {
            EnsureLive(length);
            long from = liveLength;
            liveLength = length;
            Touch(from, length);
            return;
        }

        live.AsSpan((int)length, (int)(liveLength - length)).Clear();
        long old = liveLength;
        liveLength = length;
        Touch(length, old);
    }

    public void Flush()
    {
        if (durable.Length < live.Length)
            Array.Resize(ref durable, live.Length);
        foreach (long sector in dirty.Keys)
        {
            int at = (int)(sector * sectorSize);
            int count = Math.Min(sectorSize, live.Length - at);
            if (count > 0)
                live.AsSpan(at, count).CopyTo(durable.AsSpan(at));
        }

        durableLength = liveLength;
        if (durableLength < durable.Length)
            durable.AsSpan((int)durableLength).Clear();
        dirty.Clear();
    }

    /// <summary>What was not flushed is gone, as after a failed flush that dropped the system's dirty pages.</summary>
    public void DropUnflushed()
    {
        dirty.Clear();
        live = durable.AsSpan(0, (int)durableLength).ToArray();
        liveLength = durableLength;
    }

    /// <summary>The power fails: each unflushed sector is kept, dropped, kept in an earlier version or torn.</summary>
    public void LosePower(SplitMix random, int keepPercent)
    {
        // The length is metadata of its own: it may have reached the disk without the data and the other way round.
        if (liveLength != durableLength && random.Chance(keepPercent))
            durableLength = liveLength;
        if (durable.Length < durableLength)
            Array.Resize(ref durable, (int)durableLength);
        foreach ((long sector, List<byte[]> versions) in dirty)
        {
            int at = (int)(sector * sectorSize);
            int count = (int)Math.Min(sectorSize, durableLength - at);
            if (count <= 0 || !random.Chance(keepPercent))
                continue;
            byte[] version = random.Chance(80) ? versions[^1] : versions[random.Next(versions.Count)];
            Span<byte> target = durable.AsSpan(at, count);
            ReadOnlySpan<byte> source = version.AsSpan(0, Math.Min(version.Length, count));
            if (random.Chance(15))
            {
                // Torn: one part of the sector is new, the other old.
                int cut = random.Next(source.Length + 1);
                if (random.Chance(50))
                    source[..cut].CopyTo(target);
                else
                    source[cut..].CopyTo(target[cut..]);
            }
            else
            {
                source.CopyTo(target);
            }
        }

        if (durableLength < durable.Length)
            durable.AsSpan((int)durableLength).Clear();
        dirty.Clear();
        live = durable.AsSpan(0, (int)durableLength).ToArray();
        liveLength = durableLength;
    }

    public SimulatedInode Clone()
    {
        SimulatedInode copy = new(sectorSize)
        {
            live = (byte[])live.Clone(),
            durable = (byte[])durable.Clone(),
            liveLength = liveLength,
            durableLength = durableLength,
            dirty = [],
        };
        foreach ((long sector, List<byte[]> versions) in dirty)
            copy.dirty.Add(sector, [.. versions]);
        return copy;
    }

    /// <summary>Changes bytes behind the engine's back, as a failing medium does.</summary>
    public void Damage(long offset, int count, SplitMix random)
    {
        for (int i = 0; i < count; i++)
        {
            byte flip = (byte)(1 + random.Next(255));
            live[offset + i] ^= flip;
            if (offset + i < durable.Length)
                durable[offset + i] ^= flip;
        }
    }

    /// <summary>Puts other bytes in place, live and durable.</summary>
    public void Overwrite(long offset, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(live.AsSpan((int)offset));
        if (offset + bytes.Length <= durable.Length)
            bytes.CopyTo(durable.AsSpan((int)offset));
    }

    private void EnsureLive(long length)
    {
        if (length > live.Length)
            Array.Resize(ref live, (int)Math.Max(length, Math.Min(live.Length * 2L, live.Length + (1 << 20))));
    }

    private void Touch(long from, long to)
    {
        for (long sector = from / sectorSize; sector * sectorSize < to; sector++)
        {
            int at = (int)(sector * sectorSize);
            byte[] version = live.AsSpan(at, Math.Min(sectorSize, live.Length - at)).ToArray();
            if (!dirty.TryGetValue(sector, out List<byte[]>? versions))
                dirty.Add(sector, versions = []);
            if (versions.Count == MaxVersions)
                versions.RemoveAt(0);
            versions.Add(version);
        }
    }
}
