using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

internal enum ApplyKind
{
    Inner,
    Left,
    Semi,
    Anti,
}

/// <summary>
/// Runs the inner side once for each outer row, whose columns the inner side reads as outer references: LATERAL, index nested-loop
/// joins, correlated EXISTS. Keeps the order of the outer side.
/// </summary>
internal sealed class ApplyOperator(
    PhysicalOperator outer,
    PhysicalOperator inner,
    ApplyKind kind,
    (int Ordinal, Vector Outer)[] bindings,
    IReadOnlyList<SqlType> outerTypes,
    IReadOnlyList<SqlType> innerTypes) : PhysicalOperator
{
    private readonly Batch _output = new(VectorTools.CreateVectors(kind is ApplyKind.Semi or ApplyKind.Anti ? [.. outerTypes] : [.. outerTypes, .. innerTypes], 1));
    private readonly int _outerWidth = outerTypes.Count;
    private readonly int _innerWidth = kind is ApplyKind.Semi or ApplyKind.Anti ? 0 : innerTypes.Count;
    private Batch? _batch;
    private int[] _outerRows = [];
    private int _row;
    private int _count;
    private bool _isInnerOpen;
    private bool _hasMatch;

    public override void Open(QueryContext context)
    {
        Close();
        outer.Open(context);
    }

    public override Batch? Next(QueryContext context)
    {
        for (int c = 0; c < _innerWidth; c++)
            _output.Columns[_outerWidth + c].Reset();
        _count = 0;

        // Operators above may have set the same columns to other rows of the batch since.
        if (_isInnerOpen)
            Bind();
        while (true)
        {
            if (_batch is null)
            {
                _batch = outer.Next(context);
                if (_batch is null)
                    return null;
                _row = 0;
            }

            while (_row < _batch.Count)
            {
                if (!_isInnerOpen)
                {
                    context.Cancellation.ThrowIfCancellationRequested();
                    Bind();
                    inner.Open(context);
                    _isInnerOpen = true;
                    _hasMatch = false;
                }

                if (kind is ApplyKind.Semi or ApplyKind.Anti)
                {
                    bool matches = inner.Next(context) is not null;
                    if (matches == (kind == ApplyKind.Semi))
                        AddOuter(1);
                    EndInner();
                }
                else if (inner.Next(context) is { } rows)
                {
                    _hasMatch = true;
                    AddInner(rows);
                }
                else
                {
                    if (!_hasMatch && kind == ApplyKind.Left)
                        AddNulls();
                    EndInner();
                }

                if (_count >= context.BatchSize || (_count > 0 && VectorTools.IsHeavy(_output.Columns.AsSpan(_outerWidth), context)))
                    return Flush();
            }

            // The output refers to the outer batch, so it goes before the next one comes.
            if (_count > 0)
            {
                Batch result = Flush();
                _batch = null;
                return result;
            }

            _batch = null;
        }
    }

    /// <summary>Sets the columns that the inner side reads to the current outer row.</summary>
    private void Bind()
    {
        foreach ((int ordinal, Vector target) in bindings)
        {
            target.Reset();
            target.CopyRow(_batch!.Columns[ordinal], _row, 0);
            target.IsConstant = true;
        }
    }

    private void EndInner()
    {
        inner.Close();
        _isInnerOpen = false;
        _row++;
    }

    private void AddOuter(int rows)
    {
        if (_outerRows.Length < _count + rows)
            Array.Resize(ref _outerRows, Math.Max(_count + rows, Math.Max(64, _outerRows.Length * 2)));
        _outerRows.AsSpan(_count, rows).Fill(_row);
        _count += rows;
    }

    private void AddInner(Batch rows)
    {
        ReadOnlySpan<int> all = VectorTools.Identity(rows.Count);
        for (int c = 0; c < _innerWidth; c++)
        {
            Vector v = _output.Columns[_outerWidth + c];
            v.EnsureCapacity(_count + rows.Count);
            v.Gather(rows.Columns[c], all, _count, deep: true);
        }

        AddOuter(rows.Count);
    }

    private void AddNulls()
    {
        for (int c = 0; c < _innerWidth; c++)
        {
            Vector v = _output.Columns[_outerWidth + c];
            v.EnsureCapacity(_count + 1);
            v.SetNull(_count);
        }

        AddOuter(1);
    }

    private Batch Flush()
    {
        ReadOnlySpan<int> rows = _outerRows.AsSpan(0, _count);
        for (int c = 0; c < _outerWidth; c++)
            BatchTools.Gather(_batch!.Columns[c], rows, _output.Columns[c]);
        _output.Count = _count;
        return _output;
    }

    public override void Close()
    {
        outer.Close();
        inner.Close();
        _isInnerOpen = false;
        _batch = null;
        _count = 0;
    }
}
