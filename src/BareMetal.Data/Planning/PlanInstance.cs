using BareMetal.Data.Execution;
using BareMetal.Data.Values;

namespace BareMetal.Data.Planning;

/// <summary>Operators of a plan, ready to run for one statement at a time. From <see cref="PhysicalPlan.Rent"/>.</summary>
internal sealed class PlanInstance(PhysicalOperator root)
{
    private long _runs;

    public PhysicalOperator Root { get; } = root;

    /// <summary>Rows written, after the first <see cref="Next"/> of a modification; −1 for a query.</summary>
    public long RowsAffected => Root is ModificationOperator m ? m.RowsAffected : -1;

    /// <summary>Begins; also to run again after a restart of the statement.</summary>
    public void Open(QueryContext context)
    {
        context.RunNumber = ++_runs;
        context.IsRestartNeeded = false;
        Root.Open(context);
    }

    /// <summary>The next rows, null at the end. Valid until the next call.</summary>
    public Batch? Next(QueryContext context) => Root.Next(context);

    public void Close() => Root.Close();
}
