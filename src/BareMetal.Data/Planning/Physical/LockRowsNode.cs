using BareMetal.Data.Binding;
using BareMetal.Data.Catalog;
using BareMetal.Data.Execution;
using BareMetal.Data.Execution.Operators;
using BareMetal.Data.Planning.Logical;

namespace BareMetal.Data.Planning;

/// <summary>A table whose rows are locked, and the column that names the row.</summary>
internal sealed record RowLock(PlanColumn RowKey, Table Table, RowLockMode Mode);

internal sealed class LockRowsNode(PlanNode input, IReadOnlyList<RowLock> locks) : PlanNode(input.Output)
{
    public override string Name => "Lock Rows";

    public override IReadOnlyList<PlanNode> Inputs => [input];

    public override void Describe(ExplainProperties properties) =>
        properties.Add("Locks", string.Join(", ", locks.Select(l => $"{l.Table.Name} {l.Mode.ToString().ToLowerInvariant()}")));

    protected override PhysicalOperator BuildOperator(OperatorBuilder builder) => new LockRowsOperator(
        input.Build(builder),
        [.. locks.Select(l => (IndexOf(l.RowKey), l.Table.Tree, l.Mode))]);

    private int IndexOf(PlanColumn column)
    {
        for (int i = 0; i < input.Output.Count; i++)
        {
            if (ReferenceEquals(input.Output[i], column))
                return i;
        }

        throw new BareMetalException(SqlStates.InternalError, $"The key of a row to lock ({column}) does not reach the lock.");
    }
}
