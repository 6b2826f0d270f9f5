using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>One input after another: UNION ALL.</summary>
internal sealed class ConcatOperator(PhysicalOperator[] inputs) : PhysicalOperator
{
    private int _current;

    public override void Open(QueryContext context)
    {
        _current = 0;
        inputs[0].Open(context);
    }

    public override Batch? Next(QueryContext context)
    {
        while (_current < inputs.Length)
        {
            Batch? batch = inputs[_current].Next(context);
            if (batch is not null)
                return batch;
            inputs[_current].Close();
            if (++_current < inputs.Length)
                inputs[_current].Open(context);
        }

        return null;
    }

    public override void Close()
    {
        foreach (PhysicalOperator input in inputs)
            input.Close();
    }
}

/// <summary>INTERSECT and EXCEPT, with or without ALL: the right side's rows are counted, the left side streams.</summary>
internal sealed class CountedSetOperator(PhysicalOperator left, PhysicalOperator right, bool isExcept, bool isAll, IReadOnlyList<SqlType> types) : PhysicalOperator
{
    private readonly GroupTable _table = new(types);
    private readonly Batch _batch = new(VectorTools.CreateVectors(types, 1));
    private long[] _counts = [];
    private int[] _groups = [];
    private int[] _rows = [];
    private bool _isBuilt;
    private long _reserved;
    private QueryContext? _context;

    public override void Open(QueryContext context)
    {
        Close();
        _context = context;
        left.Open(context);
    }

    public override Batch? Next(QueryContext context)
    {
        if (!_isBuilt)
        {
            Build(context);
            _isBuilt = true;
        }

        while (left.Next(context) is { } batch)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            Number(batch);
            int count = 0;
            for (int i = 0; i < batch.Count; i++)
            {
                // Counts say how often the right side still has the row; -1 says that it was given or is not to be given.
                ref long left1 = ref _counts[_groups[i]];
                bool give;
                if (isAll)
                {
                    bool has = left1 > 0;
                    if (has)
                        left1--;
                    give = has != isExcept;
                }
                else
                {
                    give = isExcept ? left1 == 0 : left1 > 0;
                    if (give)
                        left1 = -1;
                }

                if (give)
                    _rows[count++] = i;
            }

            Account(context);
            if (count == 0)
                continue;
            BatchTools.Gather(batch, _rows.AsSpan(0, count), _batch);
            return _batch;
        }

        return null;
    }

    private void Build(QueryContext context)
    {
        right.Open(context);
        while (right.Next(context) is { } batch)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            Number(batch);
            for (int i = 0; i < batch.Count; i++)
                _counts[_groups[i]]++;
            Account(context);
        }

        right.Close();
    }

    private void Number(Batch batch)
    {
        if (_groups.Length < batch.Count)
        {
            _groups = new int[Math.Max(batch.Count, Batch.DefaultSize)];
            _rows = new int[_groups.Length];
        }

        _table.FindOrAdd(batch.Columns, batch.Count, _groups);
        if (_counts.Length < _table.Count)
            Array.Resize(ref _counts, Math.Max(_table.Count, Math.Max(256, _counts.Length * 2)));
    }

    private void Account(QueryContext context)
    {
        long more = _table.MemoryBytes + (_counts.Length * 8L) - _reserved;
        if (more <= 0)
            return;
        context.Memory.Reserve(more);
        _reserved += more;
    }

    public override void Close()
    {
        left.Close();
        right.Close();
        _table.Clear();
        Array.Clear(_counts);
        _isBuilt = false;
        _context?.Memory.Release(_reserved);
        _context = null;
        _reserved = 0;
    }
}
