using BareMetal.Data.Binding;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Planning.Rules;

/// <summary>
/// In conditions, says now what <c>@p IS NULL</c> and <c>COALESCE(@p, c)</c> are: optional filters (<c>@p IS NULL OR c = @p</c>) become plain ones or go. The plan
/// then holds for values that are null where these are, which a guard sees to.
/// </summary>
internal static class ParameterFolding
{
    private static readonly object Subject = "is null";

    public static LogicalOperator Apply(LogicalOperator plan, PlannerOptions options)
    {
        if (options.Parameters is null)
            return plan;
        return Rewrite(plan, options);
    }

    private static LogicalOperator Rewrite(LogicalOperator plan, PlannerOptions options)
    {
        if (plan is LogicalWith with)
        {
            foreach (CteDefinition definition in with.Definitions)
            {
                definition.Plan = Rewrite(definition.Plan, options);
                if (definition.RecursiveTerm is not null)
                    definition.RecursiveTerm = Rewrite(definition.RecursiveTerm, options);
            }
        }

        LogicalOperator op = LogicalTools.MapInputs(plan, input => Rewrite(input, options));
        bool isCondition = op is LogicalFilter or LogicalJoin;
        return LogicalTools.MapExpressions(op, e => Rewrite(e, options, isCondition));
    }

    private static BoundExpression Rewrite(BoundExpression expression, PlannerOptions options, bool isCondition)
    {
        BoundExpression e = ExpressionTools.MapChildren(expression, child => Rewrite(child, options, isCondition));
        switch (e)
        {
            case BoundSubquery subquery:
            {
                LogicalOperator plan = Rewrite(subquery.Plan, options);
                return ReferenceEquals(plan, subquery.Plan) ? subquery : subquery with { Plan = plan };
            }

            case BoundIsNull isNull when isCondition && IsKnown(isNull.Operand, options, out bool isNullNow):
                return new BoundConstant(Value.From(SqlTypeKind.Boolean, isNullNow != isNull.IsNegated), SqlType.Boolean);
            case BoundCoalesce { Arguments.Count: > 1 } coalesce when isCondition && IsKnown(coalesce.Arguments[0], options, out bool isNullNow):
            {
                if (isNullNow && coalesce.Arguments.Count > 2)
                    return coalesce with { Arguments = [.. coalesce.Arguments.Skip(1)] };
                BoundExpression taken = coalesce.Arguments[isNullNow ? 1 : 0];
                return taken.Type.Equals(coalesce.Type) ? taken : coalesce;
            }

            default:
                return e;
        }
    }

    private static bool IsKnown(BoundExpression expression, PlannerOptions options, out bool isNull)
    {
        isNull = false;
        BoundExpression inner = expression;
        while (inner is BoundCast cast)
            inner = cast.Operand;
        if (inner is not BoundParameter || !options.TryGetValue(inner, out Value value))
            return false;
        options.Guard(inner, Subject, static v => v.IsNull ? 1 : 0);
        isNull = value.IsNull;
        return true;
    }
}
