using System.Buffers.Binary;
using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Rows;
using BareMetal.Data.Storage;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Spilling;

/// <summary>
/// Batches in a temporary file: appended, then read in order as often as wanted; deleted when disposed. Its buffers count against the
/// statement's memory.
/// </summary>
internal sealed class SpillFile : IDisposable
{
    private static long _lastNumber;

    private readonly IStorageProvider _provider;
    private readonly IReadOnlyList<SqlType> _types;
    private readonly MemoryBudget _memory;
    private readonly int _blockBytes;
    private readonly string _name;
    private RowBuffer _buffer = new();
    private IStorageFile? _file;
    private long _length;
    private long _held;

    public SpillFile(QueryContext context, IReadOnlyList<SqlType> types)
    {
        _provider = context.Temporary ?? throw new BareMetalException(SqlStates.OutOfMemory, $"The statement needs more than its {context.Memory.Limit} bytes of memory, and no temporary storage is configured.")
        {
            Hint = "Raise work_mem.",
        };
        _types = types;
        _memory = context.Memory;
        _blockBytes = _memory.BlockBytes;
        _name = $"{context.TemporaryPrefix}-{Environment.ProcessId:x}-{Interlocked.Increment(ref _lastNumber):x}";
    }

    /// <summary>Rows in it.</summary>
    public long Rows { get; private set; }

    /// <summary>Bytes of its largest block: as much as must be read at once.</summary>
    public int LargestBlock { get; private set; }

    /// <summary>Bytes in it.</summary>
    public long Bytes => _length + _buffer.Length;

    public void Append(Batch batch) => Append(batch.Columns, VectorTools.Identity(batch.Count));

    /// <summary>Appends some rows of columns, in blocks that take little memory to read.</summary>
    public void Append(ReadOnlySpan<Vector> columns, ReadOnlySpan<int> rows)
    {
        if (rows.Length == 0)
            return;
        if (rows.Length > 1 && VectorTools.RowsBytes(columns, rows) > _blockBytes)
        {
            int half = rows.Length / 2;
            Append(columns, rows[..half]);
            Append(columns, rows[half..]);
            return;
        }

        AppendBlock(columns, rows);
    }

    /// <summary>Appends rows as one block, however large.</summary>
    public void AppendBlock(ReadOnlySpan<Vector> columns, ReadOnlySpan<int> rows)
    {
        if (rows.Length == 1 && VectorTools.RowsBytes(columns, rows) is var bytes && bytes > 4 * _blockBytes && bytes < int.MaxValue / 2)
        {
            // A very wide row has a buffer of its size, not one that grew to up to twice as much.
            Flush();
            _buffer = new RowBuffer((int)bytes + 64);
        }

        int start = _buffer.Length;
        _buffer.Append(8);
        BatchSerializer.Write(columns, rows, _buffer);
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.WrittenSpan[start..], _buffer.Length - start - 8);
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.WrittenSpan[(start + 4)..], rows.Length);
        Rows += rows.Length;
        LargestBlock = Math.Max(LargestBlock, _buffer.Length - start);
        Account();
        if (_buffer.Length >= _blockBytes)
            Flush();
    }

    /// <summary>Writes out what is buffered and lets go of the buffer: nothing more is appended.</summary>
    public void Seal()
    {
        Flush();
        if (_buffer.Array.Length == 0)
            return;
        _buffer = new RowBuffer(0);
        Account();
    }

    /// <summary>Where the next block goes, for reading it alone later.</summary>
    public long Position => Bytes;

    /// <summary>Reads from the beginning. Nothing may be appended afterwards.</summary>
    public SpillReader Read() => ReadAt(0);

    /// <summary>Reads from a block on, whose place <see cref="Position"/> told before it was appended.</summary>
    public SpillReader ReadAt(long position)
    {
        if (_file is not null)
            Seal();
        return new SpillReader(_file, _length, _file is null ? _buffer.Memory : default, _types, _memory) { Position = position };
    }

    private void Flush()
    {
        if (_buffer.Length == 0)
            return;
        _file ??= _provider.Open(_name, StorageFileMode.CreateNew);
        _file.Write(_length, _buffer.Span);
        _length += _buffer.Length;
        _memory.SpilledBytes += _buffer.Length;
        if (_buffer.Array.Length > 4 * _blockBytes)
            _buffer = new RowBuffer(_blockBytes);
        else
            _buffer.Clear();
        Account();
    }

    private void Account()
    {
        long held = _buffer.Array.Length;
        if (held == _held)
            return;
        _memory.Reserve(held - _held);
        _held = held;
    }

    public void Dispose()
    {
        _memory.Release(_held);
        _held = 0;
        if (_file is null)
            return;
        _file.Dispose();
        _file = null;
        _provider.Delete(_name);
    }
}
