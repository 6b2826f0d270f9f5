using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Spilling;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Modification;

/// <summary>Copies of batches, given back once and in order: in memory up to the statement's limit, the rest in a temporary file.</summary>
internal sealed class KeptBatches : IDisposable
{
    private readonly Queue<Batch> _batches = new();
    private SpillFile? _file;
    private SpillReader? _reader;
    private MemoryBudget? _memory;
    private long _held;
    private long _given;

    /// <summary>Whether batches are left.</summary>
    public bool IsEmpty => _batches.Count == 0 && _file is null;

    /// <summary>Copies a batch in.</summary>
    public void Add(Batch batch, QueryContext context)
    {
        if (batch.Count == 0)
            return;
        if (_file is null)
        {
            _memory = context.Memory;
            long bytes = VectorTools.BatchBytes(batch);
            bool fits = context.Memory.TryGrow(_held, bytes);
            if (fits || context.Temporary is null)
            {
                if (!fits)
                    context.Memory.Reserve(bytes);
                _held += bytes;
                _batches.Enqueue(Copy(batch));
                return;
            }

            SqlType[] types = new SqlType[batch.Columns.Length];
            for (int i = 0; i < types.Length; i++)
                types[i] = batch.Columns[i].Type;
            _file = new SpillFile(context, types);
        }

        // A constant column stands for as many rows as the batch has: written out, each row has its own.
        _file.Append(HasConstants(batch) ? Copy(batch) : batch);
    }

    /// <summary>Takes a batch that is not used elsewhere.</summary>
    public void AddOwn(Batch batch) => _batches.Enqueue(batch);

    /// <summary>The next batch, null at the end; valid until the next call.</summary>
    public Batch? Next()
    {
        Release(_given);
        _given = 0;
        if (_batches.TryDequeue(out Batch? batch))
        {
            _given = _memory is null ? 0 : Math.Min(VectorTools.BatchBytes(batch), _held);
            return batch;
        }

        if (_file is null)
            return null;
        _reader ??= _file.Read();
        batch = _reader.Next();
        if (batch is null)
            Dispose();
        return batch;
    }

    public void Dispose()
    {
        _batches.Clear();
        _reader?.Dispose();
        _reader = null;
        _file?.Dispose();
        _file = null;
        Release(_held);
        _given = 0;
    }

    private void Release(long bytes)
    {
        _memory?.Release(bytes);
        _held -= bytes;
    }

    /// <summary>A copy that shares nothing with the batch.</summary>
    public static Batch Copy(Batch batch)
    {
        Vector[] columns = new Vector[batch.Columns.Length];
        for (int i = 0; i < columns.Length; i++)
        {
            columns[i] = Vector.Create(batch.Columns[i].Type, Math.Max(batch.Count, 1));
            for (int row = 0; row < batch.Count; row++)
                columns[i].CopyRow(batch.Columns[i], row, row, deep: true);
        }

        return new Batch(columns) { Count = batch.Count };
    }

    private static bool HasConstants(Batch batch)
    {
        foreach (Vector vector in batch.Columns)
        {
            if (vector.IsConstant)
                return true;
        }

        return false;
    }
}
