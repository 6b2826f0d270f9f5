using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>For each row of a window's partitions: where the rows that are equal in the order keys begin and end, and the how manieth such group of its partition it is.</summary>
internal sealed class WindowPeers
{
    private readonly WindowRows _rows = new([SqlType.Integer, SqlType.Integer, SqlType.Integer]);
    private readonly Vector[] _batch = VectorTools.CreateVectors([SqlType.Integer, SqlType.Integer, SqlType.Integer], Batch.DefaultSize);
    private readonly ColumnOperations[] _operations;
    private readonly Vector[] _last;
    private readonly int _firstKey;
    private int _pending;
    private QueryContext? _context;

    /// <param name="firstKey">Column of the first order key.</param>
    /// <param name="types">Types of the order keys.</param>
    public WindowPeers(int firstKey, SqlType[] types)
    {
        _firstKey = firstKey;
        _operations = ColumnOperations.For(types);
        _last = VectorTools.CreateVectors(types, 1);
    }

    public long SpilledBytes => _rows.SpilledBytes;

    /// <summary>First row of the row's group.</summary>
    public int Start(int row) => Value(0, row);

    /// <summary>First row behind the row's group.</summary>
    public int End(int row) => Value(1, row);

    /// <summary>Number of the group within its partition, from 0.</summary>
    public int Group(int row) => Value(2, row);

    /// <summary>Finds the groups of rows 0…count-1.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="starts">First rows of the partitions, ascending.</param>
    /// <param name="count">Rows to look at.</param>
    /// <param name="context">The statement.</param>
    public void Find(WindowRows rows, List<int> starts, int count, QueryContext context)
    {
        _rows.Clear();
        _context = context;
        _pending = 0;
        if (rows.IsSpilled)
            _rows.MoveToFile(context);
        int first = 0;
        int group = 0;
        int partition = 1;
        for (int row = 0; row < count;)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            Vector[] columns = rows.Locate(row, out int index, out int following);
            int end = Math.Min(count, row + following);
            for (; row < end; row++, index++)
            {
                bool isNewPartition = partition < starts.Count && starts[partition] == row;
                if (row > 0 && (isNewPartition || !IsPeer(columns, index)))
                {
                    Write(first, row, group++);
                    first = row;
                }

                if (isNewPartition)
                {
                    group = 0;
                    partition++;
                }

                if (row == first)
                    Remember(columns, index);
            }
        }

        Write(first, count, group);
        Flush();
        _rows.EndAppending();
    }

    public void Clear()
    {
        _rows.Clear();
        _context = null;
    }

    private int Value(int column, int row)
    {
        Vector[] columns = _rows.Locate(row, out int index);
        return ((Vector<int>)columns[column]).Data[index];
    }

    /// <summary>Whether a row equals the first of the group: order keys sort equal rows together.</summary>
    private bool IsPeer(Vector[] columns, int index)
    {
        for (int k = 0; k < _operations.Length; k++)
        {
            if (!_operations[k].Equal(_last[k], 0, columns[_firstKey + k], index))
                return false;
        }

        return true;
    }

    private void Remember(Vector[] columns, int index)
    {
        for (int k = 0; k < _last.Length; k++)
        {
            _last[k].Reset();
            _last[k].CopyRow(columns[_firstKey + k], index, 0, deep: true);
        }
    }

    private void Write(int first, int end, int group)
    {
        for (int row = first; row < end; row++)
        {
            ((Vector<int>)_batch[0]).Data[_pending] = first;
            ((Vector<int>)_batch[1]).Data[_pending] = end;
            ((Vector<int>)_batch[2]).Data[_pending] = group;
            if (++_pending == Batch.DefaultSize)
                Flush();
        }
    }

    private void Flush()
    {
        if (_pending == 0)
            return;
        ReadOnlySpan<int> rows = VectorTools.Identity(_pending);
        if (!_rows.IsSpilled && _context!.Temporary is not null && !_rows.HasRoom(_batch, rows, _context))
            _rows.MoveToFile(_context);
        _rows.Append(_batch, rows, _context!);
        _pending = 0;
    }
}
