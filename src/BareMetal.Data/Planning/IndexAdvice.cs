using System.Text;
using BareMetal.Data.Binding;
using BareMetal.Data.Catalog;
using BareMetal.Data.Catalog.Ddl;
using BareMetal.Data.Execution.Operators;
using BareMetal.Data.Types;

namespace BareMetal.Data.Planning;

/// <summary>Says which index would spare a scan from reading rows that its filter refuses.</summary>
internal static class IndexAdvice
{
    /// <summary>A CREATE INDEX statement over the filter's columns: those compared for equality, then one compared for a range. Null when none would help.</summary>
    public static string? For(ScanSettings scan)
    {
        if (scan.Filter is null)
            return null;
        List<Column> equal = [];
        List<Column> ranges = [];
        foreach (BoundExpression term in ExpressionTools.SplitConjuncts(scan.Filter))
        {
            if (EqualityOf(term, scan) is { } fixedColumn)
                Add(equal, fixedColumn);
            else if (RangeOf(term, scan) is { } range)
                Add(ranges, range);
        }

        List<Column> keys = [.. equal];
        foreach (Column range in ranges)
        {
            if (keys.Count == equal.Count && !equal.Contains(range))
                keys.Add(range);
        }

        return keys.Count == 0 || Exists(scan.Table, keys) ? null : Statement(scan.Table, keys);
    }

    private static void Add(List<Column> columns, Column column)
    {
        if (!columns.Contains(column) && column.Type.Kind is not (SqlTypeKind.Json or SqlTypeKind.Jsonb))
            columns.Add(column);
    }

    private static Column? EqualityOf(BoundExpression term, ScanSettings scan)
    {
        switch (term)
        {
            case BoundCall { Function.Name: "=" } call:
                return Compared(call, scan);
            case BoundInList { IsNegated: false } list when list.Items.All(i => IsOutside(i, scan)):
                return Own(list.Operand, scan);
            case BoundQuantifiedArray { IsAll: false, Comparison.Name: "=" } any when IsOutside(any.Array, scan):
                return Own(any.Operand, scan);
            case BoundIsNull { IsNegated: false } isNull:
                return Own(isNull.Operand, scan);
            case BoundLogical { IsAnd: false } or:
            {
                // One column in all of the alternatives.
                Column? common = null;
                foreach (BoundExpression alternative in or.Terms)
                {
                    if (EqualityOf(alternative, scan) is not { } column || (common is not null && column != common))
                        return null;
                    common = column;
                }

                return common;
            }

            default:
                return null;
        }
    }

    private static Column? RangeOf(BoundExpression term, ScanSettings scan) => term switch
    {
        BoundCall { Function.Name: "<" or "<=" or ">" or ">=" } call => Compared(call, scan),
        BoundCall { Function.Name: "starts_with" } call when IsOutside(call.Arguments[1], scan) => Own(call.Arguments[0], scan),
        _ => null,
    };

    private static Column? Compared(BoundCall call, ScanSettings scan)
    {
        if (Own(call.Arguments[0], scan) is { } left && IsOutside(call.Arguments[1], scan))
            return left;
        return Own(call.Arguments[1], scan) is { } right && IsOutside(call.Arguments[0], scan) ? right : null;
    }

    private static Column? Own(BoundExpression expression, ScanSettings scan)
    {
        if (expression is BoundCast cast)
            expression = cast.Operand;
        return expression is BoundColumn column && scan.Columns.Contains(column.Column) ? column.Column.Origin : null;
    }

    private static bool IsOutside(BoundExpression expression, ScanSettings scan)
    {
        foreach (PlanColumn column in ExpressionTools.Columns(expression))
        {
            if (scan.Columns.Contains(column))
                return false;
        }

        return true;
    }

    /// <summary>Whether an index begins with these columns already, so that the planner knew it and did not want it.</summary>
    private static bool Exists(Table table, List<Column> keys)
    {
        if (table.PrimaryKey is { } primary && Begins(primary.ColumnIds, keys))
            return true;
        foreach (TableIndex index in table.Indexes)
        {
            if (index.FilterSql is null && Begins([.. index.Keys.Select(k => k.ExpressionSql is null ? k.ColumnId : 0)], keys))
                return true;
        }

        return false;
    }

    private static bool Begins(IReadOnlyList<int> ids, List<Column> keys)
    {
        if (ids.Count < keys.Count)
            return false;
        HashSet<int> first = [.. ids.Take(keys.Count)];
        return keys.All(k => first.Contains(k.Id));
    }

    private static string Statement(Table table, List<Column> keys)
    {
        StringBuilder text = new();
        text.Append("CREATE INDEX ON ").Append(TableName(table)).Append(" (");
        for (int i = 0; i < keys.Count; i++)
            text.Append(i == 0 ? "" : ", ").Append(SqlText.Quote(keys[i].Name));
        return text.Append(')').ToString();
    }

    private static string TableName(Table table) => string.Equals(table.Schema, CatalogSnapshot.DefaultSchema, StringComparison.OrdinalIgnoreCase)
        ? SqlText.Quote(table.Name)
        : SqlText.Quote(table.Schema!, table.Name);
}
