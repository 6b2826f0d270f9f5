using BareMetal.Data.Binding;
using BareMetal.Data.Execution.Operators;
using BareMetal.Data.Functions;
using BareMetal.Data.Planning;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Differential.Tests;

/// <summary>Faults of binder, planner and operators, as they have been made elsewhere; each is switched on alone.</summary>
internal static class Faults
{
    public static readonly Dictionary<string, Action> All = new()
    {
        // the binder
        ["NOT IN forgets the nulls of its subquery"] = () => Expressions(e => e is BoundSubquery { Kind: SubqueryKind.All, Plan.Output.Count: 1 } s
            ? s with { Plan = new LogicalFilter(s.Plan, new BoundIsNull(new BoundColumn(s.Plan.Output[0]), true)) }
            : null),
        ["NOT IN is answered as IN is"] = () => Expressions(e => e is BoundInList { IsNegated: true } i ? i with { IsNegated = false } : null),
        ["IS DISTINCT FROM is <>"] = () => Expressions(e => e is BoundCoalesce { Arguments: [BoundCall { Function.Name: "=" or "<>" } comparison, BoundLogical or BoundConstant] } ? comparison : null),
        ["a bound is exclusive instead of inclusive"] = () => Expressions(e => e is BoundCall { Function.Name: "<=" } c ? Call(c, "<") : null),
        ["CASE forgets ELSE"] = () => Expressions(e => e is BoundCase { Else: not null } c ? c with { Else = null } : null),
        ["COALESCE looks at its first argument only"] = () => Expressions(e => e is BoundCoalesce c ? c.Arguments[0] : null),
        ["DISTINCT is dropped in an aggregate"] = () => Aggregates(a => a with { IsDistinct = false }),
        ["FILTER is dropped in an aggregate"] = () => Aggregates(a => a with { Filter = null }),
        ["an aggregate takes its rows in the opposite order"] = () => Aggregates(a => a with { OrderBy = [.. a.OrderBy.Select(k => k with { Descending = !k.Descending })] }),
        ["a union keeps its duplicates"] = () => Nodes(n => n is LogicalSetOperation { Kind: SetOperationKind.Union, IsAll: false } s ? new LogicalSetOperation(s.Kind, true, s.Left, s.Right, s.Columns) : n),
        ["INTERSECT ALL counts as INTERSECT"] = () => Nodes(n => n is LogicalSetOperation { Kind: SetOperationKind.Intersect, IsAll: true } s ? new LogicalSetOperation(s.Kind, false, s.Left, s.Right, s.Columns) : n),
        ["a grouping set is lost"] = () => Nodes(n => n is LogicalAggregate { GroupingSets.Count: > 1 } a ? new LogicalAggregate(a.Input, a.Keys, a.Aggregates, [.. a.GroupingSets.Take(a.GroupingSets.Count - 1)]) : n),
        ["PARTITION BY is lost"] = () => Nodes(n => n is LogicalWindow { PartitionBy.Count: > 0 } w ? new LogicalWindow(w.Input, [], w.OrderBy, w.Functions) : n),
        ["a frame begins a row late"] = () => Nodes(n => n is LogicalWindow w ? new LogicalWindow(w.Input, w.PartitionBy, w.OrderBy, [.. w.Functions.Select(Late)]) : n),
        ["EXCLUDE is forgotten"] = () => Nodes(n => n is LogicalWindow w ? new LogicalWindow(w.Input, w.PartitionBy, w.OrderBy, [.. w.Functions.Select(f => f with { Frame = f.Frame with { Exclusion = FrameExclusion.None } })]) : n),
        ["ON CONFLICT DO UPDATE forgets its condition"] = () => Nodes(n => n is LogicalInsert { OnConflict.Where: not null } i ? new LogicalInsert(i.Table, i.Source, i.Assignments, i.NewRow, i.OnConflict with { Where = null }, i.Returning) : n),

        // the planner
        ["an outer join is taken for an inner one"] = () => Optimized(n => n is LogicalJoin { Kind: JoinKind.Left } j ? new LogicalJoin(JoinKind.Inner, j.Left, j.Right, j.Condition, j.IsLateral) : n),
        ["a full join loses the right side's rows"] = () => Optimized(n => n is LogicalJoin { Kind: JoinKind.Full } j ? new LogicalJoin(JoinKind.Left, j.Left, j.Right, j.Condition, j.IsLateral) : n),
        ["a semi-join gives a row for each match"] = () => Optimized(n => n is LogicalJoin { Kind: JoinKind.Semi } j ? Passing(new LogicalJoin(JoinKind.Inner, j.Left, j.Right, j.Condition, j.IsLateral), j.Output) : n),
        ["an anti-join finds nothing that matches"] = () => Optimized(n => n is LogicalJoin { Kind: JoinKind.Anti, Condition: not null } j ? new LogicalJoin(j.Kind, j.Left, j.Right, new BoundConstant(Value.From(SqlTypeKind.Boolean, false), SqlType.Boolean), j.IsLateral) : n),
        ["a condition behind the equality of a join is lost"] = () => Optimized(n => n is LogicalJoin { Condition: BoundLogical { IsAnd: true } and } j ? new LogicalJoin(j.Kind, j.Left, j.Right, and.Terms[0], j.IsLateral) : n),
        ["a condition is pushed into the optional side"] = () => Optimized(n => n is LogicalJoin { Kind: JoinKind.Left, Condition: not null } j ? Condition(j) : n),
        ["LIMIT moves below a sort"] = () => Optimized(n => n is LogicalLimit { Input: LogicalSort s } l ? new LogicalSort(new LogicalLimit(s.Input, l.Limit, l.Offset), s.Keys) : n),
        ["nulls sort on the wrong side"] = () => Optimized(n => n is LogicalSort s ? new LogicalSort(s.Input, [.. s.Keys.Select(k => k with { NullsFirst = !k.NullsFirst })]) : n),
        ["a sort forgets its last key"] = () => Optimized(n => n is LogicalSort { Keys.Count: > 1 } s ? new LogicalSort(s.Input, [.. s.Keys.Take(s.Keys.Count - 1)]) : n),
        ["OFFSET is forgotten"] = () => Optimized(n => n is LogicalLimit { Offset: not null } l ? new LogicalLimit(l.Input, l.Limit, null, l.WithTies) : n),
        ["a seek begins behind its bound"] = () => PlanFaults.Scan = s => s.Seeks is null ? s : s with { Seeks = [.. s.Seeks.Select(k => k.Low is null ? k : k with { LowInclusive = !k.LowInclusive })] },
        ["a seek loses the condition that remains"] = () => PlanFaults.Scan = s => s.Seeks is null ? s : s with { Filter = null },

        // the operators
        ["a sort gives its rows as they come"] = () => Skips("Sort"),
        ["DISTINCT gives all rows"] = () => Skips("Hash Distinct", "Sorted Distinct"),
        ["EXCEPT does not look at the other side"] = () => Skips("Except", "Except All"),
        ["a filter over a join lets all through"] = () => PlanFaults.Operator = (node, builder) => node.Name == "Filter" ? node.Inputs[0].Build(builder) : null,
    };

    public static void Clear()
    {
        PlanFaults.Bound = null;
        PlanFaults.Optimized = null;
        PlanFaults.Scan = null;
        PlanFaults.Operator = null;
    }

    private static void Expressions(Func<BoundExpression, BoundExpression?> change)
    {
        BoundExpression Deep(BoundExpression expression)
        {
            BoundExpression inner = ExpressionTools.MapChildren(expression, Deep);
            if (inner is BoundSubquery subquery)
                inner = subquery with { Plan = LogicalTools.MapExpressionsDeep(subquery.Plan, Deep) };
            return change(inner) ?? inner;
        }

        PlanFaults.Bound = plan => LogicalTools.MapExpressionsDeep(plan, Deep);
    }

    private static void Nodes(Func<LogicalOperator, LogicalOperator> change)
    {
        LogicalOperator Deep(LogicalOperator node)
        {
            if (node is LogicalWith with)
            {
                foreach (CteDefinition definition in with.Definitions)
                    definition.Plan = Deep(definition.Plan);
            }

            return change(LogicalTools.MapInputs(LogicalTools.MapExpressions(node, Expression), Deep));
        }

        BoundExpression Expression(BoundExpression expression)
        {
            BoundExpression inner = ExpressionTools.MapChildren(expression, Expression);
            return inner is BoundSubquery subquery ? subquery with { Plan = Deep(subquery.Plan) } : inner;
        }

        PlanFaults.Bound = Deep;
    }

    private static void Aggregates(Func<BoundAggregate, BoundAggregate> change) => Nodes(n => n is LogicalAggregate a
        ? new LogicalAggregate(a.Input, a.Keys, [.. a.Aggregates.Select(i => new AggregateItem(i.Column, change(i.Aggregate)))], a.GroupingSets)
        : n);

    private static void Optimized(Func<LogicalOperator, LogicalOperator> change)
    {
        LogicalOperator Deep(LogicalOperator node) => change(LogicalTools.MapInputs(node, Deep));
        PlanFaults.Optimized = Deep;
    }

    private static void Skips(params string[] names) =>
        PlanFaults.Operator = (node, builder) => Array.IndexOf(names, node.Name) >= 0 ? node.Inputs[0].Build(builder) : null;

    private static BoundCall? Call(BoundCall call, string name)
    {
        SqlType[] types = [.. call.Arguments.Select(a => a.Type)];
        return FunctionRegistry.Default.ResolveScalar(name, types) is { } found ? call with { Function = found.Function } : null;
    }

    private static WindowItem Late(WindowItem item) => item.Frame is { Start: FrameBoundKind.UnboundedPreceding, Unit: FrameUnit.Rows }
        ? item with { Frame = item.Frame with { Start = FrameBoundKind.CurrentRow } }
        : item;

    private static LogicalProject Passing(LogicalOperator input, IReadOnlyList<PlanColumn> columns) =>
        new(input, [.. columns.Select(c => new ProjectItem(c, new BoundColumn(c)))]);

    /// <summary>The join's condition again above it, where it takes the rows without a match away.</summary>
    private static LogicalFilter Condition(LogicalJoin join) => new(join, join.Condition!);
}
