using BareMetal.Data.Binding;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Types;

namespace BareMetal.Data.Planning.Rules;

/// <summary>
/// Makes joins of subqueries in conditions: EXISTS and IN become semi joins, NOT EXISTS and (where nothing is null) NOT IN anti joins,
/// with the correlation as the join's condition where it can be pulled out. LATERAL sides become plain joins the same way.
/// </summary>
internal static class SubqueryUnnesting
{
    public static LogicalOperator Apply(LogicalOperator plan)
    {
        LogicalOperator op = LogicalTools.MapInputs(plan, Apply);
        return op switch
        {
            LogicalFilter filter => Unnest(filter),
            LogicalJoin { Kind: JoinKind.Inner or JoinKind.Left } join => Unlateral(join),
            _ => op,
        };
    }

    private static LogicalOperator Unnest(LogicalFilter filter)
    {
        List<BoundExpression> terms = ExpressionTools.SplitConjuncts(filter.Predicate);
        List<BoundExpression> rest = [];
        LogicalOperator input = filter.Input;
        List<(JoinKind Kind, BoundSubquery Subquery)> joins = [];
        foreach (BoundExpression term in terms)
        {
            switch (term)
            {
                case BoundSubquery { Kind: SubqueryKind.Exists } exists:
                    joins.Add((JoinKind.Semi, exists));
                    break;
                case BoundNot { Operand: BoundSubquery { Kind: SubqueryKind.Exists } notExists }:
                    joins.Add((JoinKind.Anti, notExists));
                    break;
                case BoundSubquery { Kind: SubqueryKind.Any } any when any.Operands.All(o => !ExpressionTools.ContainsSubquery(o)):
                    joins.Add((JoinKind.Semi, any));
                    break;
                case BoundNot { Operand: BoundSubquery { Kind: SubqueryKind.Any } notAny } when IsEquality(notAny, "=") && NothingIsNull(notAny, input):
                    joins.Add((JoinKind.Anti, notAny));
                    break;
                case BoundSubquery { Kind: SubqueryKind.All, Operands.Count: 1 } all when IsEquality(all, "<>") && NothingIsNull(all, input):
                    joins.Add((JoinKind.Anti, all));
                    break;
                default:
                    rest.Add(term);
                    break;
            }
        }

        if (joins.Count == 0)
            return filter;
        if (rest.Count > 0)
            input = new LogicalFilter(input, ExpressionTools.Combine(rest)!);
        foreach ((JoinKind kind, BoundSubquery subquery) in joins)
            input = Join(kind, input, subquery);
        return input;
    }

    private static bool IsEquality(BoundSubquery subquery, string name) => subquery.Comparisons.All(c => c.Name == name);

    private static bool NothingIsNull(BoundSubquery subquery, LogicalOperator input)
    {
        for (int i = 0; i < subquery.Operands.Count; i++)
        {
            if (Nullability.MayBeNull(subquery.Operands[i], input) || Nullability.MayBeNull(subquery.Plan.Output[i], subquery.Plan))
                return false;
        }

        return true;
    }

    private static LogicalJoin Join(JoinKind kind, LogicalOperator input, BoundSubquery subquery)
    {
        List<BoundExpression> conditions = [];
        LogicalOperator plan = Apply(ConstantFolding.Apply(subquery.Plan));
        if (subquery.Kind == SubqueryKind.Exists)
            plan = StripForExistence(plan);
        else
            plan = StripOrder(plan);
        HashSet<PlanColumn> outer = [.. input.Output];
        if (LogicalTools.FreeColumns(plan).Overlaps(outer))
        {
            List<BoundExpression> pulled = [];
            LogicalOperator? free = Pull(plan, outer, pulled);
            if (free is not null)
            {
                plan = free;
                conditions.AddRange(pulled);
            }
        }

        for (int i = 0; i < subquery.Operands.Count; i++)
        {
            // <> ALL is an anti join on equality: the comparison's counterpart is built from the same overload family by negation.
            BoundExpression comparison = new BoundCall(subquery.Comparisons[i], [subquery.Operands[i], new BoundColumn(subquery.Plan.Output[i])], SqlType.Boolean);
            conditions.Add(subquery.Kind == SubqueryKind.All ? (BoundExpression?)Equal(subquery, i) ?? new BoundNot(comparison) : comparison);
        }

        return new LogicalJoin(kind, input, plan, ExpressionTools.Combine(conditions), LogicalTools.FreeColumns(plan).Overlaps(outer));
    }

    private static BoundCall? Equal(BoundSubquery subquery, int i)
    {
        foreach (Functions.ScalarFunction candidate in Functions.FunctionRegistry.Default.FindScalar("="))
        {
            if (candidate.Parameters.Count == 2 && candidate.Parameters.SequenceEqual(subquery.Comparisons[i].Parameters))
                return new BoundCall(candidate, [subquery.Operands[i], new BoundColumn(subquery.Plan.Output[i])], SqlType.Boolean);
        }

        return null;
    }

    /// <summary>What does not change whether there is a row.</summary>
    private static LogicalOperator StripForExistence(LogicalOperator plan)
    {
        while (true)
        {
            switch (plan)
            {
                case LogicalProject project when !project.Items.Any(i => ExpressionTools.IsVolatile(i.Expression)):
                    plan = project.Input;
                    continue;
                case LogicalSort sort:
                    plan = sort.Input;
                    continue;
                case LogicalDistinct distinct:
                    plan = distinct.Input;
                    continue;
                case LogicalLimit { Offset: null, WithTies: false, Limit: BoundConstant limit } l when Cardinality.LimitValue(limit) is >= 1:
                    plan = l.Input;
                    continue;
                default:
                    return plan;
            }
        }
    }

    private static LogicalOperator StripOrder(LogicalOperator plan)
    {
        while (true)
        {
            switch (plan)
            {
                case LogicalSort sort:
                    plan = sort.Input;
                    continue;
                case LogicalDistinct { On: null } distinct:
                    plan = distinct.Input;
                    continue;
                default:
                    return plan;
            }
        }
    }

    /// <summary>
    /// Takes conditions that refer to outer columns out of a plan's filters, so that the rest does not depend on them; null when it
    /// still would. Columns that the conditions need are passed up.
    /// </summary>
    private static LogicalOperator? Pull(LogicalOperator plan, HashSet<PlanColumn> outer, List<BoundExpression> pulled)
    {
        if (!LogicalTools.FreeColumns(plan).Overlaps(outer))
            return plan;
        switch (plan)
        {
            case LogicalFilter filter:
            {
                if (Pull(filter.Input, outer, pulled) is not { } input)
                    return null;
                List<BoundExpression> rest = [];
                foreach (BoundExpression term in ExpressionTools.SplitConjuncts(filter.Predicate))
                {
                    if (ExpressionTools.Columns(term).Overlaps(outer))
                    {
                        if (ExpressionTools.IsVolatile(term))
                            return null;
                        pulled.Add(term);
                    }
                    else
                    {
                        rest.Add(term);
                    }
                }

                return rest.Count == 0 ? input : new LogicalFilter(input, ExpressionTools.Combine(rest)!);
            }

            case LogicalProject project:
            {
                if (project.Items.Any(i => ExpressionTools.Columns(i.Expression).Overlaps(outer)))
                    return null;
                int before = pulled.Count;
                if (Pull(project.Input, outer, pulled) is not { } input)
                    return null;
                List<ProjectItem> items = [.. project.Items];
                HashSet<PlanColumn> given = [.. items.Select(i => i.Column)];
                for (int i = before; i < pulled.Count; i++)
                {
                    foreach (PlanColumn column in ExpressionTools.Columns(pulled[i]))
                    {
                        if (!outer.Contains(column) && input.Output.Contains(column) && given.Add(column))
                            items.Add(new ProjectItem(column, new BoundColumn(column)));
                    }
                }

                return new LogicalProject(input, items);
            }

            case LogicalJoin { Kind: JoinKind.Inner } join when join.Condition is null || !ExpressionTools.Columns(join.Condition).Overlaps(outer):
            {
                LogicalOperator? left = Pull(join.Left, outer, pulled);
                LogicalOperator? right = left is null ? null : Pull(join.Right, outer, pulled);
                return right is null ? null : new LogicalJoin(join.Kind, left!, right, join.Condition, join.IsLateral);
            }

            case LogicalJoin { Kind: JoinKind.Left or JoinKind.Semi or JoinKind.Anti } join
                when (join.Condition is null || !ExpressionTools.Columns(join.Condition).Overlaps(outer)) && !LogicalTools.FreeColumns(join.Right).Overlaps(outer):
            {
                LogicalOperator? left = Pull(join.Left, outer, pulled);
                return left is null ? null : new LogicalJoin(join.Kind, left, join.Right, join.Condition, join.IsLateral);
            }

            default:
                return null;
        }
    }

    private static LogicalJoin Unlateral(LogicalJoin join)
    {
        HashSet<PlanColumn> outer = [.. join.Left.Output];
        if (!LogicalTools.FreeColumns(join.Right).Overlaps(outer))
            return join.IsLateral ? new LogicalJoin(join.Kind, join.Left, join.Right, join.Condition) : join;
        List<BoundExpression> pulled = [];
        if (Pull(join.Right, outer, pulled) is not { } right)
            return join;
        ExpressionTools.SplitConjuncts(join.Condition, pulled);

        // Columns that were passed up for the condition stand behind the original ones and are not asked for above.
        return new LogicalJoin(join.Kind, join.Left, right, ExpressionTools.Combine(pulled));
    }
}
