using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Columns;

/// <summary>Rows kept in memory as growing columns. Bytes are copied in, so that the store does not depend on where rows came from.</summary>
internal sealed class RowStore
{
    private readonly Vector[] _columns;

    public RowStore(IReadOnlyList<SqlType> types) => _columns = VectorTools.CreateVectors(types, 16);

    public Vector[] Columns => _columns;

    public int Count { get; private set; }

    /// <summary>Approximate bytes held.</summary>
    public long MemoryBytes { get; private set; }

    public void Append(Batch batch)
    {
        int at = Count;
        ReadOnlySpan<int> rows = VectorTools.Identity(batch.Count);
        for (int c = 0; c < _columns.Length; c++)
        {
            _columns[c].EnsureCapacity(at + batch.Count);
            _columns[c].Gather(batch.Columns[c], rows, at, deep: true);
        }

        Count = at + batch.Count;
        MemoryBytes += VectorTools.BatchBytes(batch);
    }

    /// <summary>Appends some rows of given vectors (one for each column).</summary>
    public void Append(ReadOnlySpan<Vector> source, ReadOnlySpan<int> rows)
    {
        int at = Count;
        for (int c = 0; c < _columns.Length; c++)
        {
            _columns[c].EnsureCapacity(at + rows.Length);
            _columns[c].Gather(source[c], rows, at, deep: true);
        }

        MemoryBytes += VectorTools.RowsBytes(source, rows);
        Count = at + rows.Length;
    }

    /// <summary>Forgets the rows; keeps moderate room.</summary>
    public void Clear()
    {
        for (int c = 0; c < _columns.Length; c++)
        {
            if (_columns[c].Capacity > 1 << 14)
                _columns[c] = Vector.Create(_columns[c].Type, 16);
            else
                _columns[c].Reset();
        }

        Count = 0;
        MemoryBytes = 0;
    }
}
