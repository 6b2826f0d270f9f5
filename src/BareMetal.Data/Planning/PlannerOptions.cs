using BareMetal.Data.Catalog;
using BareMetal.Data.Catalog.Statistics;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Values;

namespace BareMetal.Data.Planning;

/// <summary>What the planner may ask about the database.</summary>
internal sealed class PlannerOptions
{
    /// <summary>About how many rows a table has; −1 when not known.</summary>
    public Func<Table, long> RowCount { get; init; } = static _ => -1;

    /// <summary>About how many entries an index has (fewer than the table has rows when it is filtered); −1 when not known.</summary>
    public Func<TableIndex, long> EntryCount { get; init; } = static _ => -1;

    /// <summary>A table by its id, for what foreign keys say about numbers of values; null when not known.</summary>
    public Func<long, Table?> FindTable { get; init; } = static _ => null;

    /// <summary>
    /// The table's columns as plan columns with the bound predicates and expressions of its indexes; needed only for tables that have
    /// filtered indexes or indexes over expressions. Null: such indexes are not used.
    /// </summary>
    public Func<Table, TableRowBinding>? BindTable { get; init; }

    /// <summary>What is known of a table's rows; null when nothing is.</summary>
    public Func<Table, TableStatistics?> Statistics { get; init; } = static _ => null;

    /// <summary>The values that the parameters have now; null when they are not known, or the plan must serve any values.</summary>
    public IReadOnlyList<Value>? Parameters { get; init; }

    /// <summary>Receives what the plan relies on of <see cref="Parameters"/>.</summary>
    public List<PlanGuard> Guards { get; } = [];

    /// <summary>The value that an expression is known to have now: a constant, or a parameter whose value is known. The caller notes a guard if it relies on it.</summary>
    public bool TryGetValue(Binding.BoundExpression expression, out Value value)
    {
        switch (expression)
        {
            case Binding.BoundConstant constant:
                value = constant.Value;
                return true;
            case Binding.BoundParameter parameter when Parameters is not null && parameter.Index < Parameters.Count:
                value = Parameters[parameter.Index];
                return value.IsNull || value.Kind == parameter.Type.Kind;
            default:
                value = default;
                return false;
        }
    }

    /// <summary>Notes that the plan relies on the class of a parameter's value; nothing for a constant.</summary>
    public void Guard(Binding.BoundExpression expression, object subject, Func<Value, int> classify)
    {
        if (expression is not Binding.BoundParameter parameter || Parameters is null)
            return;
        foreach (PlanGuard guard in Guards)
        {
            if (guard.Parameter == parameter.Index && guard.Subject.Equals(subject))
                return;
        }

        Guards.Add(new PlanGuard(parameter.Index, subject, classify, classify(Parameters[parameter.Index])));
    }

    /// <summary>Rows for which another thread is worth its beginning, where a scan that feeds an aggregate may be divided.</summary>
    public long PartRows { get; init; } = 50_000;

    /// <summary>False turns the rewrite rules off (not the access paths that correctness needs): tests compare both.</summary>
    public bool Optimize { get; init; } = true;
}
