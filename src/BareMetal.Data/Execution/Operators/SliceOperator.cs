using BareMetal.Data.Binding;
using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Planning;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>
/// Passes its input on in batches of fewer rows while what functions build for each row is large, so that the values of a batch stay within
/// what an operator may hold. Begins with one row, and learns from what was built for the rows before; ordinary batches pass untouched.
/// </summary>
internal sealed class SliceOperator : PhysicalOperator
{
    private const int Growth = 4;

    private readonly PhysicalOperator _input;
    private Batch? _source;
    private Batch? _part;
    private int _at;
    private int _rows = 1;
    private int _given;
    private long _builtBefore;

    private SliceOperator(PhysicalOperator input) => _input = input;

    /// <summary>The input, sliced when some expression over it may make large values.</summary>
    public static PhysicalOperator Over(PhysicalOperator input, params IEnumerable<BoundExpression> expressions)
    {
        foreach (BoundExpression e in expressions)
        {
            if (ExpressionTools.Any(e, Builds))
                return new SliceOperator(input);
        }

        return input;
    }

    public override void Open(QueryContext context)
    {
        _source = null;
        _given = 0;
        _input.Open(context);
    }

    public override Batch? Next(QueryContext context)
    {
        Learn(context.Memory);
        if (_source is null)
        {
            _source = _input.Next(context);
            _at = 0;
            if (_source is null)
                return null;
        }

        _builtBefore = context.Memory.BuiltInAll;
        Batch next = _source;
        if (_at == 0 && _source.Count <= _rows)
        {
            _source = null;
        }
        else
        {
            next = Slice(_source);
            if (_at == _source.Count)
                _source = null;
        }

        _given = next.Count;
        return next;
    }

    public override void Close()
    {
        _source = null;
        _given = 0;
        _input.Close();
    }

    private void Learn(MemoryBudget memory)
    {
        if (_given == 0)
            return;
        long built = memory.BuiltInAll - _builtBefore;
        long wanted = Math.Max(VectorTools.LightBytes, memory.Floor);
        if (built > wanted)
            _rows = (int)Math.Max(1, _given * wanted / built);
        else if (built < wanted / Growth && _given >= _rows)
            _rows = Math.Min(_rows * Growth, Batch.DefaultSize * Growth);
        _given = 0;
    }

    private Batch Slice(Batch source)
    {
        if (_part is null)
        {
            _part = new Batch(new Vector[source.Columns.Length]);
            for (int c = 0; c < _part.Columns.Length; c++)
                _part.Columns[c] = Vector.Create(source.Columns[c].Type, 1);
        }

        int count = Math.Min(_rows, source.Count - _at);
        BatchTools.Gather(source, VectorTools.Identity(_at + count)[_at..], _part);
        _at += count;
        return _part;
    }

    private static bool Builds(BoundExpression e) =>
        e is BoundCall or BoundCast or BoundSubquery or BoundArray
        && e.Type.Kind is SqlTypeKind.Text or SqlTypeKind.Bytea or SqlTypeKind.Json or SqlTypeKind.Jsonb or SqlTypeKind.Array or SqlTypeKind.Record;
}
