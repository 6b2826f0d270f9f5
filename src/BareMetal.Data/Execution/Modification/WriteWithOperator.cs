using BareMetal.Data.Execution.Operators;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Modification;

/// <summary>
/// A statement with definitions that write: all of them, read or not, run once and to their end, on the statement's snapshot and in the order in which they
/// stand, then the statement itself. What is judged at the end of a statement is judged when all have written.
/// </summary>
internal sealed class WriteWithOperator(CteBuffer[] definitions, bool[] writes, PhysicalOperator body) : ModificationOperator
{
    private readonly StatementWrites _writes = new();
    private KeptBatches? _rows;
    private bool _done;

    public override void Open(QueryContext context)
    {
        _done = false;
        RowsAffected = 0;
        Reset();
    }

    public override Batch? Next(QueryContext context)
    {
        if (!_done)
        {
            _done = true;
            Run(context);
        }

        return _rows is null ? body.Next(context) : _rows.Next();
    }

    public override void Close()
    {
        body.Close();
        Reset();
    }

    private void Run(QueryContext context)
    {
        StatementWrites? outer = context.SharedWrites;
        _writes.Begin(context, isShared: true);
        context.SharedWrites = _writes;
        try
        {
            for (int i = 0; i < definitions.Length; i++)
            {
                if (writes[i])
                    definitions[i].EnsureFilled(context);
            }

            body.Open(context);

            // Nothing is given out before all is done, since the statement may have to start anew; the rows of RETURNING are kept by the writer itself.
            _rows = new KeptBatches();
            while (body.Next(context) is { } batch)
                _rows.Add(batch, context);
            if (context.IsRestartNeeded)
                throw StatementRestartException.RowIsNewer;
            _writes.Finish();
            RowsAffected = body is ModificationOperator modification ? modification.RowsAffected : -1;
        }
        finally
        {
            context.SharedWrites = outer;
        }
    }

    private void Reset()
    {
        _rows?.Dispose();
        _rows = null;
        _writes.End();
        foreach (CteBuffer buffer in definitions)
            buffer.Reset();
    }
}
