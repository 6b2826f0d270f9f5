using BareMetal.Data.Execution.Spilling;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>Runs the body of WITH; its definitions are computed when the body first reads them.</summary>
internal sealed class WithOperator(CteBuffer[] buffers, PhysicalOperator body) : PhysicalOperator
{
    public override void Open(QueryContext context)
    {
        foreach (CteBuffer buffer in buffers)
            buffer.Reset();
        body.Open(context);
    }

    public override Batch? Next(QueryContext context) => body.Next(context);

    public override void Close()
    {
        body.Close();
        foreach (CteBuffer buffer in buffers)
            buffer.Reset();
    }
}

/// <summary>Reads a common table expression, or within its recursive term the last round's rows.</summary>
internal sealed class CteScanOperator(CteBuffer buffer, bool isWorking) : PhysicalOperator
{
    private RowSpoolReader? _reader;

    public override void Open(QueryContext context) => Close();

    public override Batch? Next(QueryContext context)
    {
        if (_reader is null)
        {
            if (!isWorking)
                buffer.EnsureFilled(context);
            _reader = (isWorking ? buffer.Working : buffer.Store).Read();
        }

        context.Cancellation.ThrowIfCancellationRequested();
        return _reader.Next(context.BatchSize);
    }

    public override void Close()
    {
        _reader?.Dispose();
        _reader = null;
    }
}
