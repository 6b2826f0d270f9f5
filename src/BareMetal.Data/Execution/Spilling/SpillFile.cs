using System.Buffers.Binary;
using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Rows;
using BareMetal.Data.Storage;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Spilling;

/// <summary>Batches in a temporary file: appended, then read in order as often as wanted; deleted when disposed.</summary>
internal sealed class SpillFile : IDisposable
{
    private const int FlushSize = 64 * 1024;
    private static long _lastNumber;

    private readonly IStorageProvider _provider;
    private readonly IReadOnlyList<SqlType> _types;
    private readonly RowBuffer _buffer = new();
    private readonly string _name;
    private IStorageFile? _file;
    private long _length;

    public SpillFile(QueryContext context, IReadOnlyList<SqlType> types)
    {
        _provider = context.Temporary ?? throw new BareMetalException(SqlStates.OutOfMemory, $"The statement needs more than its {context.Memory.Limit} bytes of memory, and no temporary storage is configured.")
        {
            Hint = "Raise work_mem.",
        };
        _types = types;
        _name = $"bmtemp-{Environment.ProcessId:x}-{Interlocked.Increment(ref _lastNumber):x}.tmp";
    }

    /// <summary>Rows in it.</summary>
    public long Rows { get; private set; }

    /// <summary>Bytes in it.</summary>
    public long Bytes => _length + _buffer.Length;

    public void Append(Batch batch) => Append(batch.Columns, VectorTools.Identity(batch.Count));

    /// <summary>Appends some rows of columns.</summary>
    public void Append(ReadOnlySpan<Vector> columns, ReadOnlySpan<int> rows)
    {
        if (rows.Length == 0)
            return;
        int start = _buffer.Length;
        _buffer.Append(8);
        BatchSerializer.Write(columns, rows, _buffer);
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.WrittenSpan[start..], _buffer.Length - start - 8);
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.WrittenSpan[(start + 4)..], rows.Length);
        Rows += rows.Length;
        if (_buffer.Length >= FlushSize)
            Flush();
    }

    /// <summary>Reads from the beginning. Nothing may be appended afterwards.</summary>
    public SpillReader Read()
    {
        if (_file is not null)
            Flush();
        return new SpillReader(_file, _length, _file is null ? _buffer.Memory : default, _types);
    }

    private void Flush()
    {
        if (_buffer.Length == 0)
            return;
        _file ??= _provider.Open(_name, StorageFileMode.CreateNew);
        _file.Write(_length, _buffer.Span);
        _length += _buffer.Length;
        _buffer.Clear();
    }

    public void Dispose()
    {
        if (_file is null)
            return;
        _file.Dispose();
        _file = null;
        _provider.Delete(_name);
    }
}

/// <summary>Reads a spill file's batches one after another. The batch is valid until the next read.</summary>
internal sealed class SpillReader(IStorageFile? file, long length, ReadOnlyMemory<byte> memory, IReadOnlyList<SqlType> types)
{
    private readonly Batch _batch = new(VectorTools.CreateVectors(types, 16));
    private readonly long _length = file is null ? memory.Length : length;
    private byte[] _bytes = [];
    private long _at;

    public Batch? Next()
    {
        if (_at >= _length)
            return null;
        Span<byte> head = stackalloc byte[8];
        Fill(_at, head);
        int size = BinaryPrimitives.ReadInt32LittleEndian(head);
        int count = BinaryPrimitives.ReadInt32LittleEndian(head[4..]);
        if (_bytes.Length < size)
            _bytes = new byte[Math.Max(size, _bytes.Length * 2)];
        Span<byte> bytes = _bytes.AsSpan(0, size);
        Fill(_at + 8, bytes);
        _at += 8 + size;
        BatchSerializer.Read(bytes, count, _batch);
        return _batch;
    }

    private void Fill(long offset, Span<byte> target)
    {
        if (file is null)
        {
            memory.Span.Slice((int)offset, target.Length).CopyTo(target);
            return;
        }

        int read = file.Read(offset, target);
        if (read != target.Length)
            throw new BareMetalException(SqlStates.IoError, $"Temporary file {file.Name} ends at {offset + read}, before the {target.Length} bytes expected at {offset}.");
    }
}
