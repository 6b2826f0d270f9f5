using BareMetal.Data.Binding;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Planning.Rules;

namespace BareMetal.Data.Planning;

/// <summary>Applies the rewrite rules to a logical plan, in an order in which each finds its ground prepared.</summary>
internal static class LogicalOptimizer
{
    public static LogicalOperator Optimize(LogicalOperator plan, Cardinality cardinality)
    {
        LogicalOperator result = CteInlining.Apply(plan);
        result = ConstantFolding.Apply(result);
        result = SubqueryUnnesting.Apply(result);
        result = PredicatePushdown.Apply(result);
        result = SemiJoinPushdown.Apply(result, cardinality);
        result = JoinOrdering.Apply(result, cardinality);
        result = ProjectionPruning.Apply(result);
        OptimizeDefinitions(result, cardinality);
        if (PlanFaults.Optimized is { } fault)
            result = fault(result);
        if (LogicalTools.IsWrite(plan))
            return result;

        // A statement whose definitions write stays one at its root.
        return result is LogicalWith with && LogicalTools.Writes(with) ? new LogicalWith(with.Definitions, KeepOutput(plan, with.Body)) : KeepOutput(plan, result);
    }

    /// <summary>Moves filters down as far as they may go.</summary>
    public static LogicalOperator PushFilters(LogicalOperator plan) => PredicatePushdown.Apply(plan);

    /// <summary>Puts the columns back into the original order when a rule has changed it.</summary>
    public static LogicalOperator KeepOutput(LogicalOperator original, LogicalOperator changed)
    {
        IReadOnlyList<PlanColumn> wanted = original.Output;
        IReadOnlyList<PlanColumn> have = changed.Output;
        bool same = wanted.Count == have.Count;
        for (int i = 0; i < wanted.Count && same; i++)
            same = ReferenceEquals(wanted[i], have[i]);
        return same ? changed : new LogicalProject(changed, [.. wanted.Select(c => new ProjectItem(c, new BoundColumn(c)))]);
    }

    private static void OptimizeDefinitions(LogicalOperator op, Cardinality cardinality)
    {
        if (op is LogicalWith with)
        {
            foreach (CteDefinition definition in with.Definitions)
            {
                definition.Plan = KeepOutput(definition.Plan, Optimize(definition.Plan, cardinality));
                if (definition.RecursiveTerm is not null)
                    definition.RecursiveTerm = KeepOutput(definition.RecursiveTerm, Optimize(definition.RecursiveTerm, cardinality));
            }

            OptimizeDefinitions(with.Body, cardinality);
            return;
        }

        foreach (LogicalOperator input in LogicalTools.Inputs(op))
            OptimizeDefinitions(input, cardinality);
    }
}
