using BareMetal.Data.Binding;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Types;

namespace BareMetal.Data.Planning.Rules;

/// <summary>
/// Takes row locks from scans to the top of the statement, so that only rows of the result are locked. Scans whose rows do not reach
/// the top one by one (under aggregates, set operations) keep their locks.
/// </summary>
internal static class LockLifting
{
    public static LogicalOperator Apply(LogicalOperator plan, List<RowLock> locks)
    {
        switch (plan)
        {
            case LogicalScan { Lock: not RowLockMode.None } scan:
            {
                PlanColumn key = scan.RowKey ?? new PlanColumn(-1000 - locks.Count, "row key", SqlType.Bytea, true);
                locks.Add(new RowLock(key, scan.Table, scan.Lock));
                return new LogicalScan(scan.Table, scan.Columns, scan.Alias) { RowKey = key };
            }

            case LogicalFilter or LogicalProject or LogicalSort or LogicalLimit or LogicalWindow:
                return LogicalTools.MapInputs(plan, input => Apply(input, locks));
            case LogicalJoin { Kind: JoinKind.Semi or JoinKind.Anti } join:
                return new LogicalJoin(join.Kind, Apply(join.Left, locks), join.Right, join.Condition, join.IsLateral);
            case LogicalJoin:
                return LogicalTools.MapInputs(plan, input => Apply(input, locks));
            case LogicalWith with:
                return new LogicalWith(with.Definitions, Apply(with.Body, locks));
            default:
                return plan;
        }
    }
}
