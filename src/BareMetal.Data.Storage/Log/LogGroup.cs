namespace BareMetal.Data.Storage.Log;

/// <summary>A flush group while it is in memory: a buffer that records are appended to.</summary>
internal sealed class LogGroup(int capacity)
{
    /// <summary>Header, records, and zeros to the next sector.</summary>
    public byte[] Buffer { get; } = GC.AllocateUninitializedArray<byte>(capacity, pinned: true);

    /// <summary>Where it lies in its extent.</summary>
    public long Offset { get; private set; }

    /// <summary>Its extent.</summary>
    public LogExtent Extent { get; private set; } = null!;

    /// <summary>Bytes that it may take.</summary>
    public int Capacity { get; private set; }

    /// <summary>Bytes of header and records.</summary>
    public int Length { get; set; }

    /// <summary>The chain value before it.</summary>
    public uint ChainBefore { get; private set; }

    /// <summary>The chain value after its last record so far.</summary>
    public uint Chain { get; set; }

    /// <summary>The last LSN in it; zero when it has none.</summary>
    public Lsn LastLsn { get; set; }

    /// <summary>Whether the next group is in the next extent; known when it is sealed.</summary>
    public bool IsLast { get; set; }

    /// <summary>How its records are encoded.</summary>
    public byte Encoding { get; set; }

    /// <summary>Whether it has no record.</summary>
    public bool IsEmpty => Length == LogFormat.GroupHeaderSize;

    /// <summary>How it is found and recognised on storage.</summary>
    public LogPoint Point => new(new LogPosition(Extent.Number, Offset), Extent.Epoch, ChainBefore);

    /// <summary>Its end on storage.</summary>
    public LogPosition End => new(Extent.Number, Offset + LogFormat.AlignGroup(Length));

    /// <summary>Begins a group.</summary>
    public void Begin(LogExtent extent, long offset, uint chain, ulong session)
    {
        Extent = extent;
        Offset = offset;
        Capacity = (int)Math.Min(Buffer.Length, extent.Size - offset);
        Length = LogFormat.GroupHeaderSize;
        ChainBefore = chain;
        Chain = LogFormat.GroupSeed(chain, extent.Epoch, session);
        LastLsn = Lsn.Zero;
        IsLast = false;
    }
}
