using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Modification;

/// <summary>The frame of INSERT, UPDATE, DELETE and MERGE: everything happens at the first Next; the rows of RETURNING follow.</summary>
internal abstract class WriteOperator(PhysicalOperator source) : ModificationOperator
{
    private readonly StatementWrites _writes = new();
    private bool _done;

    protected PhysicalOperator Source { get; } = source;

    protected abstract ReturningRows Returning { get; }

    public sealed override void Open(QueryContext context)
    {
        _done = false;
        RowsAffected = 0;
        Returning.Clear();
    }

    public sealed override Batch? Next(QueryContext context)
    {
        if (!_done)
        {
            _done = true;
            StatementWrites writes = context.SharedWrites ?? _writes;
            if (!writes.IsShared)
                writes.Begin(context);
            // The table is locked before the source looks at it, so that what it reads is of the version that is written.
            Begin(writes);
            Source.Open(context);
            while (Source.Next(context) is { } batch)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                Write(batch, writes);
            }

            if (context.IsRestartNeeded)
                throw StatementRestartException.RowIsNewer;
            if (!writes.IsShared)
                writes.Finish();
        }

        return Returning.Next();
    }

    public sealed override void Close()
    {
        Source.Close();
        Returning.Clear();
        _writes.End();
    }

    protected abstract void Begin(StatementWrites writes);

    protected abstract void Write(Batch batch, StatementWrites writes);
}
