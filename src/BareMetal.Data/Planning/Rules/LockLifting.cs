using BareMetal.Data.Binding;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Types;

namespace BareMetal.Data.Planning.Rules;

/// <summary>
/// Takes row locks from scans to the top of the statement, so that only rows of the result are locked. What SKIP LOCKED leaves out must not
/// be counted by a LIMIT: its locks stop below it. Where rows do not reach the top one by one (aggregates, set operations, what a semi-join
/// looks up) the locks are taken as high as they get.
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
                locks.Add(new RowLock(key, scan.Table, scan.Lock, scan.LockWait));
                return new LogicalScan(scan.Table, scan.Columns, scan.Alias) { RowKey = key };
            }

            case LogicalLimit limit:
            {
                List<RowLock> below = [];
                LogicalOperator input = Apply(limit.Input, below);
                if (below.Exists(l => l.Wait == RowLockWait.SkipLocked))
                    input = new LogicalLockRows(input, below, limit.WithTies ? null : limit.Limit, limit.WithTies ? null : limit.Offset);
                else
                    locks.AddRange(below);
                return ReferenceEquals(input, limit.Input) ? limit : new LogicalLimit(input, limit.Limit, limit.Offset, limit.WithTies);
            }

            case LogicalFilter or LogicalProject or LogicalSort or LogicalWindow:
                return LogicalTools.MapInputs(plan, input => Apply(input, locks));
            case LogicalJoin { Kind: JoinKind.Semi or JoinKind.Anti } join:
            {
                LogicalOperator left = Apply(join.Left, locks);
                LogicalOperator right = Alone(join.Right);
                return ReferenceEquals(left, join.Left) && ReferenceEquals(right, join.Right) ? join : new LogicalJoin(join.Kind, left, right, join.Condition, join.IsLateral);
            }

            case LogicalJoin:
                return LogicalTools.MapInputs(plan, input => Apply(input, locks));
            case LogicalWith with:
            {
                LogicalOperator body = Apply(with.Body, locks);
                return ReferenceEquals(body, with.Body) ? with : new LogicalWith(with.Definitions, body);
            }

            default:
                return LogicalTools.MapInputs(plan, Alone);
        }
    }

    private static LogicalOperator Alone(LogicalOperator plan)
    {
        List<RowLock> own = [];
        LogicalOperator lifted = Apply(plan, own);
        return own.Count == 0 ? lifted : new LogicalLockRows(lifted, own, null, null);
    }
}
