using System.Buffers.Binary;
using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Storage;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Spilling;

/// <summary>
/// Reads a spill file's batches one after another. The batch is valid until the next read, for texts and the like lie in the bytes read.
/// What it holds counts against the statement's memory until it is disposed.
/// </summary>
internal sealed class SpillReader(IStorageFile? file, long length, ReadOnlyMemory<byte> memory, IReadOnlyList<SqlType> types, MemoryBudget budget) : IDisposable
{
    private readonly Batch _batch = new(VectorTools.CreateVectors(types, 16));
    private readonly long _length = file is null ? memory.Length : length;
    private byte[] _bytes = [];
    private long _held;
    private bool _isDisposed;

    /// <summary>Where the next block begins.</summary>
    public long Position { get; set; }

    /// <summary>Whether the block read last is a single row, too wide for a block of several.</summary>
    public bool IsWide => _batch.Count == 1 && _bytes.Length > 4 * budget.BlockBytes;

    public Batch? Next()
    {
        if (Position >= _length)
            return null;
        Span<byte> head = stackalloc byte[8];
        Fill(Position, head);
        int size = BinaryPrimitives.ReadInt32LittleEndian(head);
        int count = BinaryPrimitives.ReadInt32LittleEndian(head[4..]);
        bool isLarge = _bytes.Length > 4 * budget.BlockBytes && size <= budget.BlockBytes;
        if (_bytes.Length < size || isLarge)
        {
            // Room for a very wide row is not kept for those that follow, nor while the next such row comes.
            Forget();
            _bytes = new byte[isLarge ? budget.BlockBytes : Math.Max(size, Math.Min(_bytes.Length * 2, budget.BlockBytes))];
            if (!_isDisposed)
            {
                long held = HeldBytes(_bytes.Length, types, budget);
                budget.Reserve(held - _held);
                _held = held;
            }
        }

        Fill(Position + 8, _bytes.AsSpan(0, size));
        Position += 8 + size;
        BatchSerializer.Read(_bytes, count, _batch);
        return _batch;
    }

    /// <summary>Bytes that a reader of blocks of a size holds: them, and once more what becomes columns of its own.</summary>
    public static long HeldBytes(long block, IReadOnlyList<SqlType> types, MemoryBudget budget)
        => block + (types.Any(t => t.Kind is SqlTypeKind.Array or SqlTypeKind.Record) ? block : Math.Min(block, budget.BlockBytes));

    private void Forget()
    {
        if (_bytes.Length <= budget.BlockBytes)
            return;
        foreach (Vector column in _batch.Columns)
        {
            if (column is Vector<ByteSlice> slices)
                Array.Clear(slices.Data);
        }

        _bytes = [];
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

    public void Dispose()
    {
        budget.Release(_held);
        _held = 0;
        _isDisposed = true;
    }
}
