using BareMetal.Data.Binding;
using BareMetal.Data.Execution;
using BareMetal.Data.Execution.Operators;
using BareMetal.Data.Values;

namespace BareMetal.Data.Planning;

/// <summary>An equality of a join: the left side's expression equals the right side's.</summary>
internal sealed record JoinKey(BoundExpression Left, BoundExpression Right, bool NullsMatch);

internal sealed class HashJoinNode(
    PlanNode probe,
    PlanNode build,
    IReadOnlyList<JoinKey> keys,
    BoundExpression? condition,
    HashJoinMode mode,
    IReadOnlyList<PlanColumn> output) : PlanNode(output)
{
    private const double MaxRepeatedBuild = 20_000;
    private const double MaxRepeatedShare = 0.25;

    // Each run makes its own table of the build side, which pays when that is small.
    public override ScanNode? Divisible =>
        keys.Count > 0 && build.Rows <= MaxRepeatedBuild && build.Cost <= probe.Cost * MaxRepeatedShare && mode is HashJoinMode.Inner or HashJoinMode.ProbeOuter or HashJoinMode.ProbeSemi or HashJoinMode.ProbeAnti ? probe.Divisible : null;

    public override string Name => (keys.Count == 0 ? "Nested Loop " : "Hash ") + mode switch
    {
        HashJoinMode.Inner => "Join",
        HashJoinMode.ProbeOuter or HashJoinMode.BuildOuter => "Left Join",
        HashJoinMode.Full => "Full Join",
        HashJoinMode.ProbeSemi or HashJoinMode.BuildSemi => "Semi Join",
        _ => "Anti Join",
    };

    public override IReadOnlyList<PlanNode> Inputs => [probe, build];

    public override void Describe(ExplainProperties properties)
    {
        if (keys.Count > 0)
            properties.Add("Keys", string.Join(", ", keys.Select(k => $"{ExpressionText.Format(k.Left)} = {ExpressionText.Format(k.Right)}")));
        properties.Add("Condition", condition);
        if (mode is HashJoinMode.BuildOuter or HashJoinMode.BuildSemi or HashJoinMode.BuildAnti)
            properties.Add("Kept Side", "outer");
    }

    /// <summary>Keys' Left is over the probe side, Right over the build side.</summary>
    protected override PhysicalOperator BuildOperator(OperatorBuilder builder) => new HashJoinOperator(
        probe.Build(builder),
        build.Build(builder),
        builder.CompileAll([.. keys.Select(k => k.Left)], probe.Output),
        builder.CompileAll([.. keys.Select(k => k.Right)], build.Output),
        [.. keys.Select(k => k.NullsMatch)],
        condition is null ? null : builder.Compile(condition, [.. probe.Output, .. build.Output]),
        mode,
        probe.Types,
        build.Types);
}

internal sealed class ApplyNode(PlanNode outer, PlanNode inner, ApplyKind kind, IReadOnlyList<PlanColumn> correlation)
    : PlanNode(kind is ApplyKind.Semi or ApplyKind.Anti ? outer.Output : [.. outer.Output, .. inner.Output])
{
    public override ScanNode? Divisible => outer.Divisible;

    public override string Name => kind switch
    {
        ApplyKind.Inner => "Apply",
        ApplyKind.Left => "Left Apply",
        ApplyKind.Semi => "Semi Apply",
        _ => "Anti Apply",
    };

    public override IReadOnlyList<PlanNode> Inputs => [outer, inner];

    public override void Describe(ExplainProperties properties)
    {
        if (correlation.Count > 0)
            properties.Add("Outer Columns", string.Join(", ", correlation.Select(ExpressionText.Format)));
    }

    protected override PhysicalOperator BuildOperator(OperatorBuilder builder)
    {
        List<(int, Vector)> bindings = [];
        foreach (PlanColumn column in correlation)
        {
            for (int i = 0; i < outer.Output.Count; i++)
            {
                if (ReferenceEquals(outer.Output[i], column))
                    bindings.Add((i, builder.OuterVector(column)));
            }
        }

        return new ApplyOperator(outer.Build(builder), inner.Build(builder), kind, [.. bindings], outer.Types, inner.Types);
    }
}

/// <summary>The inner side of a correlated plan, its rows remembered by the values of the outer columns that it reads.</summary>
internal sealed class MemoizeNode(PlanNode input, IReadOnlyList<PlanColumn> keys, bool isExistence, double expectedKeys) : PlanNode(input.Output)
{
    public override string Name => "Memoize";

    public override IReadOnlyList<PlanNode> Inputs => [input];

    public override void Describe(ExplainProperties properties) => properties.Add("Keys", string.Join(", ", keys.Select(ExpressionText.Format)));

    protected override PhysicalOperator BuildOperator(OperatorBuilder builder)
    {
        Vector[] vectors = new Vector[keys.Count];
        for (int i = 0; i < vectors.Length; i++)
            vectors[i] = builder.OuterVector(keys[i]);
        return new MemoizeOperator(input.Build(builder), vectors, Types, isExistence, expectedKeys);
    }
}

/// <summary>Rows read once and looked up by keys at each opening of a correlated plan.</summary>
internal sealed class SpoolNode(PlanNode input, IReadOnlyList<(BoundExpression Key, BoundExpression Probe)> keys) : PlanNode(input.Output)
{
    public override string Name => keys.Count == 0 ? "Spool" : "Hash Lookup";

    public override IReadOnlyList<PlanNode> Inputs => [input];

    public override void Describe(ExplainProperties properties)
    {
        if (keys.Count > 0)
            properties.Add("Keys", string.Join(", ", keys.Select(k => $"{ExpressionText.Format(k.Key)} = {ExpressionText.Format(k.Probe)}")));
    }

    protected override PhysicalOperator BuildOperator(OperatorBuilder builder) => new LookupSpoolOperator(
        input.Build(builder),
        builder.CompileAll([.. keys.Select(k => k.Key)], input.Output),
        builder.CompileAll([.. keys.Select(k => k.Probe)], []),
        Types);
}
