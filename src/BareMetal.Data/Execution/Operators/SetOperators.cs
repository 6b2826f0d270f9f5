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
