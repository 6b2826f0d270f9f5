using BareMetal.Data.Binding;
using BareMetal.Data.Planning.Logical;

namespace BareMetal.Data.Planning.Rules;

/// <summary>Whether columns and expressions may be null in a plan's rows: true unless it is certain that they are not.</summary>
internal static class Nullability
{
    public static bool MayBeNull(BoundExpression expression, LogicalOperator plan) => expression switch
    {
        BoundConstant constant => constant.Value.IsNull,
        BoundColumn column => MayBeNull(column.Column, plan),
        BoundCast cast => MayBeNull(cast.Operand, plan),
        _ => true,
    };

    public static bool MayBeNull(PlanColumn column, LogicalOperator plan)
    {
        switch (plan)
        {
            case LogicalScan scan:
                return !scan.Columns.Contains(column) || column.Origin is null || column.Origin.IsNullable;
            case LogicalFilter filter:
                return !NullRejection.Rejects(filter.Predicate, column) && MayBeNull(column, filter.Input);
            case LogicalProject project:
                foreach (ProjectItem item in project.Items)
                {
                    if (ReferenceEquals(item.Column, column))
                        return MayBeNull(item.Expression, project.Input);
                }

                return true;
            case LogicalJoin join:
            {
                bool fromLeft = join.Left.Output.Contains(column);
                if (fromLeft)
                    return join.Kind is JoinKind.Right or JoinKind.Full || MayBeNull(column, join.Left);
                return join.Kind is JoinKind.Left or JoinKind.Full || MayBeNull(column, join.Right);
            }

            case LogicalAggregate aggregate when aggregate.GroupingSets is null:
                foreach (ProjectItem key in aggregate.Keys)
                {
                    if (ReferenceEquals(key.Column, column))
                        return MayBeNull(key.Expression, aggregate.Input);
                }

                return !aggregate.Aggregates.Any(a => ReferenceEquals(a.Column, column) && string.Equals(a.Aggregate.Function.Name, "count", StringComparison.OrdinalIgnoreCase));
            case LogicalSort or LogicalLimit or LogicalDistinct or LogicalWindow:
            {
                LogicalOperator input = LogicalTools.Inputs(plan)[0];
                return !input.Output.Contains(column) || MayBeNull(column, input);
            }

            default:
                return true;
        }
    }
}
