using BareMetal.Data.Binding;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Planning.Rules;

/// <summary>
/// Takes expressions over outer columns alone out of a correlated plan when the plan needs those columns for nothing else: evaluated once
/// for an outer row, and fewer different values than the columns themselves have, by which results are remembered. Only what cannot fail
/// is taken out, for the plan may never come to evaluate it.
/// </summary>
internal static class OuterExpressions
{
    /// <summary>Gives the plan with columns in the expressions' places; lists both.</summary>
    public static LogicalOperator Lift(LogicalOperator plan, List<(PlanColumn Column, BoundExpression Expression)> lifted)
    {
        HashSet<PlanColumn> free = LogicalTools.FreeColumns(plan);
        if (free.Count == 0)
            return plan;
        List<BoundExpression> found = [];
        HashSet<PlanColumn> elsewhere = [];
        HashSet<LogicalOperator> seen = new(ReferenceEqualityComparer.Instance);
        VisitPlan(plan);
        while (found.FindIndex(e => ExpressionTools.Columns(e).Overlaps(elsewhere)) is >= 0 and var at)
        {
            elsewhere.UnionWith(ExpressionTools.Columns(found[at]));
            found.RemoveAt(at);
        }

        if (found.Count == 0)
            return plan;
        foreach (BoundExpression expression in found)
            lifted.Add((new PlanColumn(-1, ExpressionText.Format(expression), expression.Type, true), expression));
        return LogicalTools.MapExpressionsDeep(plan, Replace);

        void VisitPlan(LogicalOperator op)
        {
            if (!seen.Add(op))
                return;
            if (op is LogicalCteReference)
                elsewhere.UnionWith(LogicalTools.FreeColumns(op));

            LogicalTools.VisitExpressions(op, Visit);
            foreach (LogicalOperator input in LogicalTools.Inputs(op))
                VisitPlan(input);
        }

        void Visit(BoundExpression e)
        {
            if (e is BoundColumn column)
            {
                if (free.Contains(column.Column))
                    elsewhere.Add(column.Column);
                return;
            }

            if (e is BoundCall or BoundCast && IsOuter(e))
            {
                if (!found.Exists(f => ExpressionTools.AreSame(f, e)))
                    found.Add(e);
                return;
            }

            if (e is BoundSubquery subquery)
                VisitPlan(subquery.Plan);
            ExpressionTools.VisitChildren(e, Visit);
        }

        bool IsOuter(BoundExpression e) => CannotFail(e) && ExpressionTools.Columns(e) is { Count: > 0 } columns && columns.IsSubsetOf(free);

        BoundExpression Replace(BoundExpression e)
        {
            if (e is BoundCall or BoundCast)
            {
                foreach ((PlanColumn column, BoundExpression expression) in lifted)
                {
                    if (ExpressionTools.AreSame(expression, e))
                        return new BoundColumn(column);
                }
            }

            BoundExpression mapped = ExpressionTools.MapChildren(e, Replace);
            if (mapped is BoundSubquery subquery)
            {
                LogicalOperator inner = LogicalTools.MapExpressionsDeep(subquery.Plan, Replace);
                if (!ReferenceEquals(inner, subquery.Plan))
                    mapped = subquery with { Plan = inner };
            }

            return mapped;
        }
    }

    private static bool CannotFail(BoundExpression e) => e switch
    {
        BoundColumn or BoundConstant or BoundParameter => true,
        BoundCall { Function.Name: "%" or "/", Arguments: [var value, BoundConstant { Value.IsNull: false } divisor] } =>
            IsInteger(value.Type) && IsInteger(divisor.Type) && IsPositive(divisor) && CannotFail(value),
        BoundCall { Function: { Name: "lower" or "upper" or "length" or "char_length", IsUserCode: false }, Arguments: [{ Type.Kind: SqlTypeKind.Text } text] } => CannotFail(text),
        BoundCall call when ExpressionTools.IsComparison(call.Function.Name) && !call.Function.IsUserCode => call.Arguments.All(CannotFail),
        BoundCast cast => IsInteger(cast.Type) && IsInteger(cast.Operand.Type) && Width(cast.Type) >= Width(cast.Operand.Type) && CannotFail(cast.Operand),
        _ => false,
    };

    private static bool IsInteger(SqlType type) => Width(type) > 0;

    private static int Width(SqlType type) => type.Kind switch
    {
        SqlTypeKind.SmallInt => 2,
        SqlTypeKind.Integer => 4,
        SqlTypeKind.BigInt => 8,
        _ => 0,
    };

    private static bool IsPositive(BoundConstant constant) => constant.Type.Kind switch
    {
        SqlTypeKind.SmallInt => constant.Value.As<short>() > 0,
        SqlTypeKind.Integer => constant.Value.As<int>() > 0,
        _ => constant.Value.As<long>() > 0,
    };
}
