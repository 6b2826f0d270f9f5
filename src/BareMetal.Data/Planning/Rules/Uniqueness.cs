using BareMetal.Data.Binding;
using BareMetal.Data.Catalog;
using BareMetal.Data.Planning.Logical;

namespace BareMetal.Data.Planning.Rules;

/// <summary>What keys say about joins.</summary>
internal static class Uniqueness
{
    /// <summary>Whether no left row can have more than one match: the condition fixes all columns of a key of the right side.</summary>
    public static bool MatchesAtMostOnce(LogicalJoin join)
    {
        if (join.Condition is null || ExpressionTools.IsVolatile(join.Condition) || LogicalTools.IsVolatile(join.Right))
            return false;
        HashSet<PlanColumn> right = [.. join.Right.Output];
        HashSet<PlanColumn> fixedColumns = [];
        foreach (BoundExpression term in ExpressionTools.SplitConjuncts(join.Condition))
        {
            if (term is not BoundCall { Function.Name: "=", Arguments: [var a, var b] })
                continue;
            if (a is BoundColumn x && right.Contains(x.Column) && !ExpressionTools.Columns(b).Overlaps(right))
                fixedColumns.Add(x.Column);
            else if (b is BoundColumn y && right.Contains(y.Column) && !ExpressionTools.Columns(a).Overlaps(right))
                fixedColumns.Add(y.Column);
        }

        return fixedColumns.Count > 0 && IsKey(join.Right, fixedColumns);
    }

    /// <summary>Whether each row of one side has exactly one match: a foreign key that is never null leads to all of the other side, and that is all of the condition.</summary>
    public static bool HasParent(LogicalOperator child, LogicalOperator parent, BoundExpression? condition)
    {
        while (parent is LogicalProject project && project.Items.All(i => i.Expression is BoundColumn c && ReferenceEquals(c.Column, i.Column)))
            parent = project.Input;
        if (parent is not LogicalScan { Lock: RowLockMode.None, RowKey: null } scan || condition is null)
            return false;
        List<(PlanColumn Child, PlanColumn Parent)> pairs = [];
        foreach (BoundExpression term in ExpressionTools.SplitConjuncts(condition))
        {
            if (term is not BoundCall { Function.Name: "=", Arguments: [BoundColumn a, BoundColumn b] })
                return false;
            (PlanColumn own, PlanColumn other) = scan.Columns.Contains(b.Column) ? (a.Column, b.Column) : (b.Column, a.Column);
            if (!scan.Columns.Contains(other) || own.Origin is not { IsNullable: false } || own.OriginTable is null || !ReferenceEquals(own.OriginTable, pairs.Count == 0 ? own.OriginTable : pairs[0].Child.OriginTable)
                || Nullability.MayBeNull(own, child))
                return false;
            pairs.Add((own, other));
        }

        if (!LogicalTools.Any(child, o => o is LogicalScan s && pairs.TrueForAll(p => s.Columns.Contains(p.Child))))
            return false;
        foreach (ForeignKey key in pairs[0].Child.OriginTable!.ForeignKeys)
        {
            if (key.ReferencedTableId != scan.Table.Id || key.ColumnIds.Count != pairs.Count)
                continue;
            bool all = true;
            for (int i = 0; i < key.ColumnIds.Count && all; i++)
                all = pairs.Exists(p => p.Child.Origin!.Id == key.ColumnIds[i] && p.Parent.Origin!.Id == key.ReferencedColumnIds[i]);
            if (all)
                return true;
        }

        return false;
    }

    private static bool IsKey(LogicalOperator op, HashSet<PlanColumn> columns)
    {
        switch (op)
        {
            case LogicalFilter filter:
                return IsKey(filter.Input, columns);
            case LogicalSort sort:
                return IsKey(sort.Input, columns);
            case LogicalProject project:
                return IsKey(project.Input, [.. project.Items.Where(i => i.Expression is BoundColumn && columns.Contains(i.Column)).Select(i => ((BoundColumn)i.Expression).Column)]);
            case LogicalAggregate { GroupingSets: null } aggregate:
                return aggregate.Keys.All(k => columns.Contains(k.Column));
            case LogicalScan { Lock: RowLockMode.None, RowKey: null } scan:
            {
                HashSet<int> ids = [.. columns.Where(c => c.Origin is not null && scan.Columns.Contains(c)).Select(c => c.Origin!.Id)];
                if (scan.Table.PrimaryKey is { } key && key.ColumnIds.All(ids.Contains))
                    return true;
                foreach (TableIndex index in scan.Table.Indexes)
                {
                    if (index.IsUnique && index.FilterSql is null && index.Keys.All(k => k.ExpressionSql is null && ids.Contains(k.ColumnId)))
                        return true;
                }

                return false;
            }

            default:
                return false;
        }
    }
}
