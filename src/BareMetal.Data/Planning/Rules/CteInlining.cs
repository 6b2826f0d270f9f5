using BareMetal.Data.Binding;
using BareMetal.Data.Planning.Logical;

namespace BareMetal.Data.Planning.Rules;

/// <summary>Puts the plan of a common table expression where its only reference is; drops those without reference.</summary>
internal static class CteInlining
{
    public static LogicalOperator Apply(LogicalOperator plan)
    {
        if (!LogicalTools.Any(plan, o => o is LogicalWith))
            return plan;
        Dictionary<CteDefinition, int> counts = [];
        HashSet<CteDefinition> inSubqueries = [];
        Count(plan, counts, inSubqueries, false);
        return Rewrite(plan, counts, inSubqueries);
    }

    private static void Count(LogicalOperator op, Dictionary<CteDefinition, int> counts, HashSet<CteDefinition> inSubqueries, bool isSubquery)
    {
        if (op is LogicalCteReference reference)
        {
            counts[reference.Definition] = counts.GetValueOrDefault(reference.Definition) + 1;
            if (isSubquery)
                inSubqueries.Add(reference.Definition);
        }

        LogicalTools.VisitExpressions(op, e => ExpressionTools.Any(e, part =>
        {
            if (part is BoundSubquery subquery)
                Count(subquery.Plan, counts, inSubqueries, true);
            return false;
        }));
        foreach (LogicalOperator input in LogicalTools.Inputs(op))
            Count(input, counts, inSubqueries, isSubquery);
    }

    private static LogicalOperator Rewrite(LogicalOperator op, Dictionary<CteDefinition, int> counts, HashSet<CteDefinition> inSubqueries)
    {
        if (op is LogicalCteReference reference && IsInlined(reference.Definition, counts, inSubqueries))
        {
            LogicalOperator plan = Rewrite(reference.Definition.Plan, counts, inSubqueries);
            IReadOnlyList<PlanColumn> output = reference.Definition.Plan.Output;
            return new LogicalProject(plan, [.. reference.Columns.Select((c, i) => new ProjectItem(c, new BoundColumn(output[i])))]);
        }

        if (op is LogicalWith with)
        {
            List<CteDefinition> kept = [];
            foreach (CteDefinition definition in with.Definitions)
            {
                bool isRead = counts.GetValueOrDefault(definition) > (definition.RecursiveTerm is null ? 0 : 1);
                bool writes = LogicalTools.Any(definition.Plan, LogicalTools.IsWrite);
                if (IsInlined(definition, counts, inSubqueries) || (!isRead && !writes && definition.RecursiveTerm is null))
                    continue;
                definition.Plan = Rewrite(definition.Plan, counts, inSubqueries);
                if (definition.RecursiveTerm is not null)
                    definition.RecursiveTerm = Rewrite(definition.RecursiveTerm, counts, inSubqueries);
                kept.Add(definition);
            }

            LogicalOperator body = Rewrite(with.Body, counts, inSubqueries);
            return kept.Count == 0 ? body : new LogicalWith(kept, body);
        }

        return LogicalTools.MapInputs(op, input => Rewrite(input, counts, inSubqueries));
    }

    private static bool IsInlined(CteDefinition definition, Dictionary<CteDefinition, int> counts, HashSet<CteDefinition> inSubqueries) =>
        definition.RecursiveTerm is null
        && definition.IsMaterialized != true
        && counts.GetValueOrDefault(definition) == 1
        && !inSubqueries.Contains(definition)
        && !LogicalTools.Any(definition.Plan, LogicalTools.IsWrite);
}
