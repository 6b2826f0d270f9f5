using BareMetal.Data.Execution;
using BareMetal.Data.Execution.Operators;
using BareMetal.Data.Values;

namespace BareMetal.Data.Planning;

/// <summary>Operators of a plan, ready to run for one statement at a time. From <see cref="PhysicalPlan.Rent"/>.</summary>
internal sealed class PlanInstance(PhysicalOperator root, IRunScoped[] runScoped, IReadOnlyDictionary<PlanNode, OperatorCounters> counters)
{
    private long _runs;

    public PhysicalOperator Root { get; } = root;

    /// <summary>Counters by plan node; empty unless the instance was made for EXPLAIN ANALYZE.</summary>
    public IReadOnlyDictionary<PlanNode, OperatorCounters> Counters { get; } = counters;

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

    /// <summary>Lets go of everything. May be called after an error and again.</summary>
    public void Close()
    {
        Root.Close();
        foreach (IRunScoped scoped in runScoped)
            scoped.EndRun();
    }
}
