using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Spilling;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>Merges sorted runs; equal rows come in the order of their runs.</summary>
internal sealed class RunMerger : IDisposable
{
    private readonly RowComparer _comparer;
    private readonly int _firstKey;
    private readonly Source[] _heap;
    private readonly List<SpillReader> _readers = [];
    private int _count;
    private bool _isLent;

    public RunMerger(List<SpillFile> runs, RowComparer comparer, int firstKey, IReadOnlyList<SqlType> types)
    {
        _comparer = comparer;
        _firstKey = firstKey;
        _heap = new Source[runs.Count];
        try
        {
            for (int i = 0; i < runs.Count; i++)
            {
                SpillReader reader = runs[i].Read();
                _readers.Add(reader);
                Source source = new(reader, i, comparer.Operations.Length);
                if (source.Load(firstKey))
                    _heap[_count++] = source;
            }
        }
        catch
        {
            Dispose();
            throw;
        }

        for (int i = (_count / 2) - 1; i >= 0; i--)
            Sink(i);
    }

    /// <summary>The next rows: the batch takes as many of the first columns as it has, and is valid until the next call; false at the end.</summary>
    public bool Next(Batch batch, int limit, QueryContext context)
    {
        if (_isLent)
            Advance();
        _isLent = false;
        if (_count == 0)
            return false;
        context.Cancellation.ThrowIfCancellationRequested();
        foreach (Vector v in batch.Columns)
        {
            v.Reset();
            v.EnsureCapacity(limit);
        }

        int rows = 0;
        while (rows < limit && _count > 0)
        {
            Source top = _heap[0];
            _isLent = top.IsWide;
            for (int c = 0; c < batch.Columns.Length; c++)
                batch.Columns[c].CopyRow(top.Batch!.Columns[c], top.Row, rows, deep: !_isLent);
            rows++;

            // A row that is a block of its own is given as it lies there and ends the batch: it need not be held twice.
            if (_isLent)
                break;
            bool isHeavy = VectorTools.IsHeavy(batch.Columns, context);
            Advance();
            if (isHeavy)
                break;
        }

        batch.Count = rows;
        return true;
    }

    public void Dispose()
    {
        foreach (SpillReader reader in _readers)
            reader.Dispose();
        _readers.Clear();
    }

    private void Advance()
    {
        Source top = _heap[0];
        if (++top.Row >= top.Batch!.Count && !top.Load(_firstKey))
            _heap[0] = _heap[--_count];
        if (_count > 1)
            Sink(0);
    }

    private void Sink(int i)
    {
        while (true)
        {
            int child = (2 * i) + 1;
            if (child >= _count)
                return;
            if (child + 1 < _count && Less(_heap[child + 1], _heap[child]))
                child++;
            if (!Less(_heap[child], _heap[i]))
                return;
            (_heap[i], _heap[child]) = (_heap[child], _heap[i]);
            i = child;
        }
    }

    private bool Less(Source a, Source b)
    {
        int c = _comparer.Compare(a.Keys, a.Row, b.Keys, b.Row);
        return c != 0 ? c < 0 : a.Number < b.Number;
    }

    private sealed class Source(SpillReader reader, int number, int keys)
    {
        public int Number { get; } = number;

        public Batch? Batch { get; private set; }

        public Vector[] Keys { get; } = new Vector[keys];

        public int Row { get; set; }

        public bool IsWide => reader.IsWide;

        public bool Load(int firstKey)
        {
            Batch = reader.Next();
            Row = 0;
            if (Batch is null)
                return false;
            for (int k = 0; k < Keys.Length; k++)
                Keys[k] = Batch.Columns[firstKey + k];
            return true;
        }
    }
}
