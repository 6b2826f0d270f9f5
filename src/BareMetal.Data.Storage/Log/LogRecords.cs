using System.Buffers.Binary;

namespace BareMetal.Data.Storage.Log;

/// <summary>Walks the records of a verified group.</summary>
internal ref struct LogRecords(ReadOnlySpan<byte> records)
{
    private ReadOnlySpan<byte> _rest = records;

    /// <summary>The kind of the current record.</summary>
    public LogRecordKind Kind { get; private set; }

    /// <summary>Its payload.</summary>
    public ReadOnlySpan<byte> Payload { get; private set; }

    /// <summary>Goes to the next record.</summary>
    public bool Next()
    {
        if (_rest.IsEmpty)
            return false;
        int length = BinaryPrimitives.ReadInt32LittleEndian(_rest);
        Kind = (LogRecordKind)_rest[8];
        Payload = _rest.Slice(LogFormat.RecordHeaderSize, length);
        _rest = _rest[LogFormat.RecordSize(length)..];
        return true;
    }
}

/// <summary>The fixed part of a commit record.</summary>
/// <param name="Lsn">The commit's LSN.</param>
/// <param name="UtcTicks">When it was made: ticks of UTC.</param>
/// <param name="Transaction">The id of its chunks; 0 when there are none.</param>
/// <param name="Chunks">The number of chunks before it.</param>
internal readonly record struct LogCommit(Lsn Lsn, long UtcTicks, ulong Transaction, uint Chunks)
{
    /// <summary>Writes it.</summary>
    public void Write(Span<byte> payload)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(payload, Lsn.Value);
        BinaryPrimitives.WriteInt64LittleEndian(payload[8..], UtcTicks);
        BinaryPrimitives.WriteUInt64LittleEndian(payload[16..], Transaction);
        BinaryPrimitives.WriteUInt32LittleEndian(payload[24..], Chunks);
        BinaryPrimitives.WriteUInt32LittleEndian(payload[28..], 0);
    }

    /// <summary>Reads it; the operations follow at <see cref="LogFormat.CommitHeaderSize"/>.</summary>
    public static LogCommit Read(ReadOnlySpan<byte> payload) => new(
        new Lsn(BinaryPrimitives.ReadUInt64LittleEndian(payload)),
        BinaryPrimitives.ReadInt64LittleEndian(payload[8..]),
        BinaryPrimitives.ReadUInt64LittleEndian(payload[16..]),
        BinaryPrimitives.ReadUInt32LittleEndian(payload[24..]));
}

/// <summary>The fixed part of a chunk record.</summary>
/// <param name="Transaction">The id that its commit record repeats.</param>
/// <param name="Index">Its number within the transaction, from 0.</param>
internal readonly record struct LogChunk(ulong Transaction, uint Index)
{
    /// <summary>Writes it.</summary>
    public void Write(Span<byte> payload)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(payload, Transaction);
        BinaryPrimitives.WriteUInt32LittleEndian(payload[8..], Index);
        BinaryPrimitives.WriteUInt32LittleEndian(payload[12..], 0);
    }

    /// <summary>Reads it; the operations follow at <see cref="LogFormat.ChunkHeaderSize"/>.</summary>
    public static LogChunk Read(ReadOnlySpan<byte> payload) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(payload), BinaryPrimitives.ReadUInt32LittleEndian(payload[8..]));
}

/// <summary>A counter's high-water mark.</summary>
/// <param name="Lsn">Its LSN.</param>
/// <param name="UtcTicks">When it was made.</param>
/// <param name="Sequence">The counter.</param>
/// <param name="Value">No number at or above this was ever given out.</param>
internal readonly record struct LogSequenceMark(Lsn Lsn, long UtcTicks, ulong Sequence, ulong Value)
{
    /// <summary>Bytes of the record's payload.</summary>
    public const int Size = 32;

    /// <summary>Writes it.</summary>
    public void Write(Span<byte> payload)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(payload, Lsn.Value);
        BinaryPrimitives.WriteInt64LittleEndian(payload[8..], UtcTicks);
        BinaryPrimitives.WriteUInt64LittleEndian(payload[16..], Sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(payload[24..], Value);
    }

    /// <summary>Reads it.</summary>
    public static LogSequenceMark Read(ReadOnlySpan<byte> payload) => new(
        new Lsn(BinaryPrimitives.ReadUInt64LittleEndian(payload)),
        BinaryPrimitives.ReadInt64LittleEndian(payload[8..]),
        BinaryPrimitives.ReadUInt64LittleEndian(payload[16..]),
        BinaryPrimitives.ReadUInt64LittleEndian(payload[24..]));
}
