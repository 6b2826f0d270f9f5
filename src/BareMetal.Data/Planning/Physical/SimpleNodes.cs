using BareMetal.Data.Binding;
using BareMetal.Data.Execution;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Execution.Modification;
using BareMetal.Data.Execution.Operators;
using BareMetal.Data.Functions;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Types;

namespace BareMetal.Data.Planning;

internal sealed class FilterNode(PlanNode input, BoundExpression predicate) : PlanNode(input.Output)
{
    public override ScanNode? Divisible => input.Divisible;

    public override string Name => "Filter";

    public override IReadOnlyList<PlanNode> Inputs => [input];

    public override void Describe(ExplainProperties properties) => properties.Add("Condition", predicate);

    protected override PhysicalOperator BuildOperator(OperatorBuilder builder) =>
        new FilterOperator(SliceOperator.Over(input.Build(builder), [predicate]), builder.Compile(predicate, input.Output), Types);
}

internal sealed class ProjectNode(PlanNode input, IReadOnlyList<BoundExpression> expressions, IReadOnlyList<PlanColumn> output) : PlanNode(output)
{
    public override ScanNode? Divisible => input.Divisible;

    public override string Name => "Project";

    public override IReadOnlyList<PlanNode> Inputs => [input];

    public override void Describe(ExplainProperties properties) => properties.Add("Columns", expressions);

    protected override PhysicalOperator BuildOperator(OperatorBuilder builder) =>
        new ProjectOperator(SliceOperator.Over(input.Build(builder), expressions), builder.CompileAll(expressions, input.Output));
}

internal sealed class ValuesNode(LogicalValues values) : PlanNode(values.Columns)
{
    public override string Name => "Values";

    public override void Describe(ExplainProperties properties)
    {
        properties.Add("Rows", values.Rows.Count.ToString(System.Globalization.CultureInfo.InvariantCulture));
        foreach (IReadOnlyList<BoundExpression> row in values.Rows)
        {
            foreach (BoundExpression e in row)
                properties.Note(e);
        }
    }

    protected override PhysicalOperator BuildOperator(OperatorBuilder builder)
    {
        Evaluator[][] rows = new Evaluator[values.Rows.Count][];
        for (int r = 0; r < rows.Length; r++)
        {
            rows[r] = new Evaluator[values.Rows[r].Count];
            for (int c = 0; c < rows[r].Length; c++)
            {
                BoundExpression e = values.Rows[r][c];
                if (e is BoundConstant { Value.IsNull: true })
                    e = new BoundConstant(Values.Value.Null(Output[c].Type.Kind), Output[c].Type);
                rows[r][c] = builder.Compile(e, []);
            }
        }

        return new ValuesOperator(rows, Types);
    }
}

internal sealed class EmptyNode(IReadOnlyList<PlanColumn> output) : PlanNode(output)
{
    public override string Name => "Empty";

    protected override PhysicalOperator BuildOperator(OperatorBuilder builder) => new EmptyOperator();
}

internal sealed class TableFunctionNode(LogicalTableFunction function) : PlanNode(function.Output)
{
    public override string Name => "Table Function";

    public override void Describe(ExplainProperties properties)
    {
        properties.Add("Function", string.Join(", ", function.Calls.Select(c => c.Name)));
        properties.Add("Arguments", function.Arguments);
    }

    protected override PhysicalOperator BuildOperator(OperatorBuilder builder)
    {
        return new TableFunctionOperator(
            [.. function.Calls],
            builder.CompileAll(function.Arguments, []),
            Types,
            function.Ordinality is null ? -1 : function.Columns.Count);
    }
}

internal sealed class LimitNode(PlanNode input, BoundExpression? limit, BoundExpression? offset, IReadOnlyList<SortKey> tieKeys) : PlanNode(input.Output)
{
    public override string Name => "Limit";

    public override IReadOnlyList<PlanNode> Inputs => [input];

    public override void Describe(ExplainProperties properties)
    {
        properties.Add("Limit", limit);
        properties.Add("Offset", offset);
        if (tieKeys.Count > 0)
            properties.Add("With Ties", string.Join(", ", tieKeys.Select(ExpressionText.Format)));
    }

    protected override PhysicalOperator BuildOperator(OperatorBuilder builder) => new LimitOperator(
        input.Build(builder),
        limit is null ? null : builder.Compile(limit, []),
        offset is null ? null : builder.Compile(offset, []),
        builder.CompileAll([.. tieKeys.Select(k => k.Expression)], input.Output),
        Types);
}

internal sealed class SortNode(PlanNode input, IReadOnlyList<SortKey> keys) : PlanNode(input.Output)
{
    public override string Name => "Sort";

    public override IReadOnlyList<PlanNode> Inputs => [input];

    public override void Describe(ExplainProperties properties)
    {
        properties.Add("Keys", string.Join(", ", keys.Select(ExpressionText.Format)));
        foreach (SortKey key in keys)
            properties.Note(key.Expression);
    }

    protected override PhysicalOperator BuildOperator(OperatorBuilder builder) => new SortOperator(
        SliceOperator.Over(input.Build(builder), keys.Select(k => k.Expression)),
        builder.CompileAll([.. keys.Select(k => k.Expression)], input.Output),
        [.. keys.Select(k => new SortDirection(k.Descending, k.NullsFirst))],
        Types);
}

internal sealed class TopNode(PlanNode input, IReadOnlyList<SortKey> keys, BoundExpression? limit, BoundExpression? offset) : PlanNode(input.Output)
{
    public override string Name => "Top";

    public override IReadOnlyList<PlanNode> Inputs => [input];

    public override void Describe(ExplainProperties properties)
    {
        properties.Add("Keys", string.Join(", ", keys.Select(ExpressionText.Format)));
        properties.Add("Limit", limit);
        properties.Add("Offset", offset);
    }

    protected override PhysicalOperator BuildOperator(OperatorBuilder builder)
    {
        BoundExpression[] expressions = [.. keys.Select(k => k.Expression)];
        PhysicalOperator source = SliceOperator.Over(input.Build(builder), expressions);
        SortDirection[] directions = [.. keys.Select(k => new SortDirection(k.Descending, k.NullsFirst))];
        Evaluator? limitEvaluator = limit is null ? null : builder.Compile(limit, []);
        Evaluator? offsetEvaluator = offset is null ? null : builder.Compile(offset, []);
        TopOperator top = new(source, builder.CompileAll(expressions, input.Output), directions, limitEvaluator, offsetEvaluator, Types);
        SortOperator sort = new(source, builder.CompileAll(expressions, input.Output), directions, Types);
        return new AdaptiveTopOperator(top, new LimitOperator(sort, limitEvaluator, offsetEvaluator, [], Types), limitEvaluator, offsetEvaluator);
    }
}

internal sealed class DistinctNode(PlanNode input, IReadOnlyList<BoundExpression> keys, bool isSorted) : PlanNode(input.Output)
{
    public override string Name => isSorted ? "Sorted Distinct" : "Hash Distinct";

    public override IReadOnlyList<PlanNode> Inputs => [input];

    public override void Describe(ExplainProperties properties) => properties.Add("Keys", keys);

    protected override PhysicalOperator BuildOperator(OperatorBuilder builder)
    {
        Evaluator[] evaluators = builder.CompileAll(keys, input.Output);
        return isSorted ? new SortedDistinctOperator(input.Build(builder), evaluators, Types) : new DistinctOperator(input.Build(builder), evaluators, Types);
    }
}

internal sealed class ConcatNode(IReadOnlyList<PlanNode> inputs, IReadOnlyList<PlanColumn> output) : PlanNode(output)
{
    public override string Name => "Append";

    public override IReadOnlyList<PlanNode> Inputs => inputs;

    protected override PhysicalOperator BuildOperator(OperatorBuilder builder) => new ConcatOperator([.. inputs.Select(i => i.Build(builder))]);
}

internal sealed class CountedSetNode(PlanNode left, PlanNode right, bool isExcept, bool isAll, IReadOnlyList<PlanColumn> output) : PlanNode(output)
{
    public override string Name => (isExcept ? "Except" : "Intersect") + (isAll ? " All" : "");

    public override IReadOnlyList<PlanNode> Inputs => [left, right];

    protected override PhysicalOperator BuildOperator(OperatorBuilder builder) =>
        new CountedSetOperator(left.Build(builder), right.Build(builder), isExcept, isAll, Types);
}

internal sealed class ModificationNode(LogicalOperator statement, PlanNode source) : PlanNode(statement.Output)
{
    public override string Name => statement switch
    {
        LogicalInsert => "Insert",
        LogicalUpdate => "Update",
        LogicalMerge => "Merge",
        _ => "Delete",
    };

    public override IReadOnlyList<PlanNode> Inputs => [source];

    public override void Describe(ExplainProperties properties) => properties.Add("Table", statement switch
    {
        LogicalInsert i => i.Table.Name,
        LogicalUpdate u => u.Table.Name,
        LogicalDelete d => d.Table.Name,
        LogicalMerge m => m.Table.Name,
        _ => "",
    });

    protected override PhysicalOperator BuildOperator(OperatorBuilder builder) =>
        ModificationOperators.Create(statement, source.Build(builder), source.Output, builder);
}

internal sealed class AggregateNode(
    PlanNode input,
    LogicalAggregate aggregate,
    IReadOnlyList<PlanColumn> output,
    bool isSorted = false,
    DividedScan? divided = null) : PlanNode(output)
{
    public override string Name => divided is not null ? aggregate.Keys.Count == 0 ? "Parallel Aggregate" : "Parallel Hash Aggregate" : isSorted ? "Sorted Aggregate" : aggregate.Keys.Count == 0 && aggregate.GroupingSets is null ? "Aggregate" : "Hash Aggregate";

    public override IReadOnlyList<PlanNode> Inputs => [input];

    public override void Describe(ExplainProperties properties)
    {
        properties.Add("Keys", aggregate.Keys.Select(k => k.Expression));
        properties.Add("Aggregates", aggregate.Aggregates.Select(a => (BoundExpression)a.Aggregate));
        if (aggregate.GroupingSets is not null)
            properties.Add("Grouping Sets", aggregate.GroupingSets.Count.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    protected override PhysicalOperator BuildOperator(OperatorBuilder builder)
    {
        if (isSorted)
            return new SortedAggregateOperator(BuildInput(builder), CompileKeys(builder), CompileCalls(builder), input.Types);
        AggregateOperator whole = MakeHash(builder);
        if (divided is null)
            return whole;
        return new ParallelAggregateOperator(whole, divided.Scan.Settings, CreatePart, divided.MaxParts, builder);

        ParallelAggregateOperator.Part CreatePart()
        {
            OperatorBuilder own = new(builder.Planner, builder.IsAnalyzing);
            AggregateOperator part = MakeHash(own);
            return new ParallelAggregateOperator.Part(part, [.. own.RunScoped], own.Counters);
        }
    }

    private PhysicalOperator BuildInput(OperatorBuilder builder) => SliceOperator.Over(
        input.Build(builder),
        [.. aggregate.Keys.Select(k => k.Expression), .. aggregate.Aggregates.SelectMany(a => (IEnumerable<BoundExpression>)[.. a.Aggregate.Arguments, .. a.Aggregate.OrderBy.Select(k => k.Expression)])]);

    private AggregateOperator MakeHash(OperatorBuilder builder) => new(BuildInput(builder), CompileKeys(builder), CompileCalls(builder), aggregate.GroupingSets, input.Types);

    private Evaluator[] CompileKeys(OperatorBuilder builder) => builder.CompileAll([.. aggregate.Keys.Select(k => k.Expression)], input.Output);

    private AggregateCall[] CompileCalls(OperatorBuilder builder) => [.. aggregate.Aggregates.Select(a => Compile(a.Aggregate, input.Output, builder))];

    internal static AggregateCall Compile(BoundAggregate aggregate, IReadOnlyList<PlanColumn> input, OperatorBuilder builder)
    {
        SqlType[] types = [.. aggregate.Arguments.Select(a => a.Type)];
        AggregateFunction function = aggregate.Function;
        SqlType type = aggregate.Type;
        return new AggregateCall
        {
            Arguments = builder.CompileAll([.. aggregate.Arguments], input),
            CreateAccumulator = () => function.CreateAccumulator(types, type),
            IsDistinct = aggregate.IsDistinct && function.IsDuplicateSensitive,
            Filter = aggregate.Filter is null ? null : builder.Compile(aggregate.Filter, input),
            OrderKeys = builder.CompileAll([.. aggregate.OrderBy.Select(k => k.Expression)], input),
            OrderDirections = [.. aggregate.OrderBy.Select(k => new SortDirection(k.Descending, k.NullsFirst))],
            Type = type,
        };
    }
}

internal sealed class WindowNode(PlanNode input, LogicalWindow window) : PlanNode([.. input.Output, .. window.Functions.Select(f => f.Column)])
{
    public override string Name => "Window";

    public override IReadOnlyList<PlanNode> Inputs => [input];

    public override void Describe(ExplainProperties properties)
    {
        properties.Add("Partition By", window.PartitionBy);
        if (window.OrderBy.Count > 0)
            properties.Add("Order By", string.Join(", ", window.OrderBy.Select(ExpressionText.Format)));
        properties.Add("Functions", string.Join(", ", window.Functions.Select(f => f.Aggregate is null ? f.Name : ExpressionText.Format(f.Aggregate))));
    }

    protected override PhysicalOperator BuildOperator(OperatorBuilder builder)
    {
        List<Evaluator> extra = [];
        int width = input.Output.Count;
        foreach (BoundExpression e in window.PartitionBy)
            Add(e);
        foreach (SortKey key in window.OrderBy)
            Add(key.Expression);
        List<WindowFunctionCall> calls = [];
        foreach (WindowItem item in window.Functions)
        {
            BoundAggregate? aggregate = item.Aggregate;
            IReadOnlyList<BoundExpression> arguments = aggregate?.Arguments ?? item.Arguments;
            SqlType[] types = [.. arguments.Select(a => a.Type)];
            calls.Add(new WindowFunctionCall
            {
                Name = item.Name.ToLowerInvariant(),
                Arguments = [.. arguments.Select((a, i) => i == 2 && item.Name.ToLowerInvariant() is "lag" or "lead" ? Add(Retype(a, item.Column.Type)) : Add(a))],
                CreateAccumulator = aggregate is null ? null : () => aggregate.Function.CreateAccumulator(types, aggregate.Type),
                Filter = aggregate?.Filter is null ? -1 : Add(aggregate.Filter),
                Frame = item.Frame,
                StartOffset = item.Frame.StartOffset is null ? -1 : Add(item.Frame.StartOffset),
                EndOffset = item.Frame.EndOffset is null ? -1 : Add(item.Frame.EndOffset),
                Type = item.Column.Type,
            });
        }

        return new WindowOperator(
            SliceOperator.Over(input.Build(builder), [.. window.PartitionBy, .. window.OrderBy.Select(k => k.Expression), .. window.Functions.SelectMany(f => f.Aggregate?.Arguments ?? f.Arguments)]),
            [.. extra],
            window.PartitionBy.Count,
            window.OrderBy.Count,
            [.. window.OrderBy.Select(k => new SortDirection(k.Descending, k.NullsFirst))],
            [.. calls],
            input.Types);

        int Add(BoundExpression e)
        {
            extra.Add(builder.Compile(e, input.Output));
            return width + extra.Count - 1;
        }
    }

    private static BoundExpression Retype(BoundExpression e, SqlType type) =>
        e is BoundConstant { Value.IsNull: true } ? new BoundConstant(Values.Value.Null(type.Kind), type) : e;
}

internal sealed class CteNode(CteDefinition definition, IReadOnlyList<PlanColumn> output) : PlanNode(output)
{
    public override string Name => "CTE Scan";

    public override void Describe(ExplainProperties properties) => properties.Add("CTE", definition.Name);

    protected override PhysicalOperator BuildOperator(OperatorBuilder builder) =>
        new CteScanOperator(builder.Cte(definition), builder.RecursiveTerms.Contains(definition));
}

internal class WithNode(IReadOnlyList<(CteDefinition Definition, PlanNode Plan, PlanNode? Recursive)> definitions, PlanNode body) : PlanNode(body.Output)
{
    public override string Name => "With";

    public override IReadOnlyList<PlanNode> Inputs
    {
        get
        {
            List<PlanNode> inputs = [];
            foreach ((_, PlanNode plan, PlanNode? recursive) in definitions)
            {
                inputs.Add(plan);
                if (recursive is not null)
                    inputs.Add(recursive);
            }

            inputs.Add(body);
            return inputs;
        }
    }

    public override void Describe(ExplainProperties properties) => properties.Add("Definitions", string.Join(", ", definitions.Select(d => d.Definition.Name)));

    protected override PhysicalOperator BuildOperator(OperatorBuilder builder)
    {
        CteBuffer[] buffers = DefineBuffers(builder);
        return new WithOperator(buffers, body.Build(builder));
    }

    /// <summary>Makes what holds the rows of the definitions.</summary>
    protected CteBuffer[] DefineBuffers(OperatorBuilder builder)
    {
        List<CteBuffer> buffers = [];
        foreach ((CteDefinition definition, PlanNode plan, PlanNode? recursive) in definitions)
        {
            CteBuffer buffer = builder.Cte(definition);
            buffers.Add(buffer);
            PhysicalOperator source = plan.Build(builder);
            PhysicalOperator? term = null;
            if (recursive is not null)
            {
                builder.RecursiveTerms.Add(definition);
                term = recursive.Build(builder);
                builder.RecursiveTerms.Remove(definition);
            }

            buffer.Define(source, term, definition.IsUnionAll, plan.Types);
        }

        return [.. buffers];
    }
}

/// <summary>WITH whose definitions write.</summary>
internal sealed class WriteWithNode(IReadOnlyList<(CteDefinition Definition, PlanNode Plan, PlanNode? Recursive)> definitions, PlanNode body)
    : WithNode(definitions, body)
{
    private readonly IReadOnlyList<(CteDefinition Definition, PlanNode Plan, PlanNode? Recursive)> _definitions = definitions;
    private readonly PlanNode _body = body;

    protected override PhysicalOperator BuildOperator(OperatorBuilder builder)
    {
        CteBuffer[] buffers = DefineBuffers(builder);
        bool[] writes = new bool[buffers.Length];
        for (int i = 0; i < writes.Length; i++)
            writes[i] = LogicalTools.IsWrite(_definitions[i].Definition.Plan);
        return new WriteWithOperator(buffers, writes, _body.Build(builder));
    }
}
