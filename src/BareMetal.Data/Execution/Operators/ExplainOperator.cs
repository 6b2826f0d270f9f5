using System.Diagnostics;
using System.Text;
using BareMetal.Data.Planning;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>EXPLAIN: gives the plan as rows of text; with ANALYZE runs it first, its rows thrown away.</summary>
internal sealed class ExplainOperator(PhysicalPlan plan, bool analyze, bool asJson) : PhysicalOperator
{
    private readonly Vector<ByteSlice> _lines = new(SqlType.Text, 1);
    private readonly Batch _batch = new(new Vector[1]);
    private List<string>? _text;
    private int _next;

    public override void Open(QueryContext context)
    {
        _next = 0;
        _text = null;
    }

    public override Batch? Next(QueryContext context)
    {
        _text ??= asJson ? [ExplainText.Json(plan, Run(context))] : ExplainText.Lines(plan, Run(context));
        if (_next >= _text.Count)
            return null;
        int count = Math.Min(context.BatchSize, _text.Count - _next);
        _lines.Reset();
        _lines.EnsureCapacity(count);
        for (int i = 0; i < count; i++)
            _lines.Data[i] = _lines.Arena.Copy(Encoding.UTF8.GetBytes(_text[_next + i]));
        _next += count;
        _batch.Columns[0] = _lines;
        _batch.Count = count;
        return _batch;
    }

    private ExplainRun? Run(QueryContext context)
    {
        if (!analyze)
            return null;
        PlanInstance instance = plan.CreateInstance(isAnalyzing: true);
        long start = Stopwatch.GetTimestamp();
        long rows = 0;
        try
        {
            context.Memory.ResetPeak();
            instance.Open(context);
            while (instance.Next(context) is { } batch)
                rows += batch.Count;
        }
        finally
        {
            instance.Close();
        }

        return new ExplainRun(instance.Counters, Stopwatch.GetElapsedTime(start), instance.RowsAffected >= 0 ? instance.RowsAffected : rows, context.Memory.Peak);
    }

    public override void Close() => _text = null;
}
