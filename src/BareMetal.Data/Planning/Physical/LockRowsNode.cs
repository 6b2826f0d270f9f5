using BareMetal.Data.Binding;
using BareMetal.Data.Execution;
using BareMetal.Data.Execution.Operators;
using BareMetal.Data.Planning.Logical;

namespace BareMetal.Data.Planning;

internal sealed class LockRowsNode(PlanNode input, IReadOnlyList<RowLock> locks, BoundExpression? limit, BoundExpression? offset) : PlanNode(input.Output)
{
    public override string Name => "Lock Rows";

    public override IReadOnlyList<PlanNode> Inputs => [input];

    public override void Describe(ExplainProperties properties) =>
        properties.Add("Locks", string.Join(", ", locks.Select(l => $"{l.Table.Name} {Text(l)}")));

    protected override PhysicalOperator BuildOperator(OperatorBuilder builder) => new LockRowsOperator(
        input.Build(builder),
        [.. locks.Select(l => (IndexOf(l.RowKey), l))],
        limit is null ? null : builder.Compile(limit, []),
        offset is null ? null : builder.Compile(offset, []),
        Types);

    private static string Text(RowLock rowLock)
    {
        string mode = rowLock.Mode switch
        {
            RowLockMode.KeyShare => "key share",
            RowLockMode.NoKeyUpdate => "no key update",
            { } other => other.ToString().ToLowerInvariant(),
        };
        return rowLock.Wait switch
        {
            RowLockWait.SkipLocked => mode + " skip locked",
            RowLockWait.NoWait => mode + " nowait",
            _ => mode,
        };
    }

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
