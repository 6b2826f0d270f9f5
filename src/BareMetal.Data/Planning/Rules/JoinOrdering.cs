using System.Numerics;
using BareMetal.Data.Binding;
using BareMetal.Data.Planning.Logical;

namespace BareMetal.Data.Planning.Rules;

/// <summary>
/// Orders groups of inner joins by expected sizes: all bushy trees for up to ten relations, greedily beyond. A join costs what a hash join does, or
/// look-ups by an index where the condition has one. Outer and lateral joins are relations as wholes.
/// </summary>
internal static class JoinOrdering
{
    private const int MaxExhaustive = 10;
    private const int MaxRelations = 30;

    public static LogicalOperator Apply(LogicalOperator plan, Cardinality cardinality)
    {
        if (plan is LogicalJoin { Kind: JoinKind.Inner, IsLateral: false } join)
        {
            List<LogicalOperator> relations = [];
            List<BoundExpression> conditions = [];
            Flatten(join, relations, conditions);
            for (int i = 0; i < relations.Count; i++)
                relations[i] = Apply(relations[i], cardinality);
            if (relations.Count > 2 && relations.Count <= MaxRelations)
                return Order(relations, conditions, cardinality);
        }

        return LogicalTools.MapInputs(plan, input => Apply(input, cardinality));
    }

    private static void Flatten(LogicalOperator op, List<LogicalOperator> relations, List<BoundExpression> conditions)
    {
        if (op is LogicalJoin { Kind: JoinKind.Inner, IsLateral: false } join)
        {
            Flatten(join.Left, relations, conditions);
            Flatten(join.Right, relations, conditions);
            ExpressionTools.SplitConjuncts(join.Condition, conditions);
            return;
        }

        relations.Add(op);
    }

    private sealed record Entry(LogicalOperator? Relation, int Left, int Right, double Rows, double Cost);

    private static LogicalOperator Order(List<LogicalOperator> relations, List<BoundExpression> conditions, Cardinality cardinality)
    {
        int n = relations.Count;
        Dictionary<PlanColumn, int> owner = [];
        for (int i = 0; i < n; i++)
        {
            foreach (PlanColumn column in relations[i].Output)
                owner[column] = i;
        }

        int[] uses = new int[conditions.Count];
        double[] selectivities = new double[conditions.Count];
        for (int c = 0; c < conditions.Count; c++)
        {
            foreach (PlanColumn column in ExpressionTools.Columns(conditions[c]))
            {
                if (owner.TryGetValue(column, out int relation))
                    uses[c] |= 1 << relation;
            }

            selectivities[c] = SelectivityOf(conditions[c], uses[c], relations, cardinality);
        }

        Dictionary<int, Entry> best = [];
        double[] lookups = new double[conditions.Count * n];
        for (int i = 0; i < n; i++)
        {
            double rows = cardinality.Estimate(relations[i]);
            best[1 << i] = new Entry(relations[i], 0, 0, rows, ReadCost(relations[i], rows, cardinality));
            for (int c = 0; c < conditions.Count; c++)
                lookups[(c * n) + i] = (uses[c] & (1 << i)) != 0 && BitOperations.PopCount((uint)uses[c]) == 2 ? MatchesByIndex(relations[i], conditions[c], selectivities[c], cardinality) : -1;
        }

        int all = (1 << n) - 1;
        Search search = new(best, uses, selectivities, lookups, n);
        if (n <= MaxExhaustive)
            Exhaustive(all, search);
        else
            Greedy(n, search);
        HashSet<int> placed = [];
        return Build(all, best, conditions, uses, placed);
    }

    private static double SelectivityOf(BoundExpression condition, int use, List<LogicalOperator> relations, Cardinality cardinality)
    {
        int first = BitOperations.TrailingZeroCount(use);
        if (use == 0)
            return 1;
        LogicalOperator a = relations[first];
        int rest = use & (use - 1);
        LogicalOperator b = rest == 0 ? a : relations[BitOperations.TrailingZeroCount(rest)];
        return cardinality.JoinSelectivity(condition, a, cardinality.Estimate(a), b, cardinality.Estimate(b));
    }

    /// <summary>What is known while orders are tried.</summary>
    /// <param name="Best">The best plan of each set of relations.</param>
    /// <param name="Uses">The relations that each condition is about.</param>
    /// <param name="Selectivities">The share of pairs for which each condition is true.</param>
    /// <param name="Lookups">By condition and relation: rows that one look-up by an index of the relation reads; −1 without such an index.</param>
    /// <param name="Count">Relations.</param>
    private sealed record Search(Dictionary<int, Entry> Best, int[] Uses, double[] Selectivities, double[] Lookups, int Count);

    /// <summary>Reading a relation by itself: a table whole or, where its conditions leave few rows, by an index most likely.</summary>
    private static double ReadCost(LogicalOperator relation, double rows, Cardinality cardinality) =>
        ScanOf(relation) is { } scan ? Math.Min(cardinality.TableRows(scan.Table) * PlanCost.Row, PlanCost.Seek + (rows * 2 * PlanCost.Fetch)) : rows * PlanCost.Row;

    private static LogicalScan? ScanOf(LogicalOperator op)
    {
        while (true)
        {
            switch (op)
            {
                case LogicalScan scan:
                    return scan;
                case LogicalFilter filter:
                    op = filter.Input;
                    continue;
                case LogicalProject project:
                    op = project.Input;
                    continue;
                default:
                    return null;
            }
        }
    }

    /// <summary>Rows that a look-up by an equality reads, when an index or the primary key begins with its column; −1 otherwise.</summary>
    private static double MatchesByIndex(LogicalOperator relation, BoundExpression condition, double selectivity, Cardinality cardinality)
    {
        if (condition is not BoundCall { Function.Name: "=", Arguments: [var a, var b] } || ScanOf(relation) is not { } scan)
            return -1;
        foreach (BoundExpression side in (BoundExpression[])[a, b])
        {
            BoundExpression inner = side is BoundCast cast ? cast.Operand : side;
            if (inner is not BoundColumn { Column: { Origin: { } origin } column } || !scan.Columns.Contains(column))
                continue;
            bool leads = scan.Table.PrimaryKey is { } key && key.ColumnIds[0] == origin.Id;
            foreach (Catalog.TableIndex index in scan.Table.Indexes)
                leads |= index.FilterSql is null && index.Keys[0].ExpressionSql is null && index.Keys[0].ColumnId == origin.Id;
            if (leads)
                return cardinality.TableRows(scan.Table) * selectivity;
        }

        return -1;
    }

    private static Entry? Combine(int left, int right, Search search, bool allowCross)
    {
        if (!search.Best.TryGetValue(left, out Entry? a) || !search.Best.TryGetValue(right, out Entry? b))
            return null;
        int both = left | right;
        double rows = a.Rows * b.Rows;
        bool connected = false;
        double intoLeft = -1, intoRight = -1;
        int leftOnly = BitOperations.IsPow2(left) ? BitOperations.TrailingZeroCount(left) : -1;
        int rightOnly = BitOperations.IsPow2(right) ? BitOperations.TrailingZeroCount(right) : -1;
        for (int c = 0; c < search.Uses.Length; c++)
        {
            int use = search.Uses[c];
            if ((use & ~both) != 0 || (use & left) == 0 || (use & right) == 0)
                continue;
            rows *= search.Selectivities[c];
            connected = true;
            if (rightOnly >= 0)
                intoRight = Fewer(intoRight, search.Lookups[(c * search.Count) + rightOnly]);
            if (leftOnly >= 0)
                intoLeft = Fewer(intoLeft, search.Lookups[(c * search.Count) + leftOnly]);
        }

        if (!connected && !allowCross)
            return null;
        rows = Math.Max(rows, 0.1);

        // The larger side streams, the smaller is kept; or each row of one side is looked up in the other.
        double cost = a.Cost + b.Cost + (Math.Min(a.Rows, b.Rows) * PlanCost.HashBuild) + (Math.Max(a.Rows, b.Rows) * PlanCost.HashProbe) + (connected ? 0 : rows * 0.5);
        if (intoRight >= 0)
            cost = Math.Min(cost, a.Cost + (a.Rows * (PlanCost.Seek + PlanCost.Reopen + (intoRight * PlanCost.Fetch))));
        if (intoLeft >= 0)
            cost = Math.Min(cost, b.Cost + (b.Rows * (PlanCost.Seek + PlanCost.Reopen + (intoLeft * PlanCost.Fetch))));
        return new Entry(null, left, right, rows, cost + (rows * PlanCost.Output));
    }

    private static double Fewer(double a, double b) => a < 0 ? b : b < 0 ? a : Math.Min(a, b);

    private static void Exhaustive(int all, Search search)
    {
        for (int set = 1; set <= all; set++)
        {
            if (BitOperations.PopCount((uint)set) < 2)
                continue;
            Entry? chosen = null;
            for (int pass = 0; pass < 2 && chosen is null; pass++)
            {
                // Each pair of parts once: which side is which is settled later.
                for (int left = (set - 1) & set; left > 0; left = (left - 1) & set)
                {
                    int right = set & ~left;
                    if (left < right)
                        break;
                    Entry? entry = Combine(left, right, search, allowCross: pass == 1);
                    if (entry is not null && (chosen is null || entry.Cost < chosen.Cost))
                        chosen = entry;
                }
            }

            if (chosen is not null)
                search.Best[set] = chosen;
        }
    }

    private static void Greedy(int n, Search search)
    {
        List<int> parts = [];
        for (int i = 0; i < n; i++)
            parts.Add(1 << i);
        while (parts.Count > 1)
        {
            Entry? chosen = null;
            for (int pass = 0; pass < 2 && chosen is null; pass++)
            {
                for (int i = 0; i < parts.Count; i++)
                {
                    for (int j = i + 1; j < parts.Count; j++)
                    {
                        Entry? entry = Combine(parts[i], parts[j], search, allowCross: pass == 1);
                        if (entry is not null && (chosen is null || entry.Rows < chosen.Rows || (entry.Rows <= chosen.Rows && entry.Cost < chosen.Cost)))
                            chosen = entry;
                    }
                }
            }

            parts.Remove(chosen!.Left);
            parts.Remove(chosen.Right);
            parts.Add(chosen.Left | chosen.Right);
            search.Best[chosen.Left | chosen.Right] = chosen;
        }
    }

    private static LogicalOperator Build(int set, Dictionary<int, Entry> best, List<BoundExpression> conditions, int[] uses, HashSet<int> placed)
    {
        Entry entry = best[set];
        if (entry.Relation is not null)
            return entry.Relation;
        LogicalOperator left = Build(entry.Left, best, conditions, uses, placed);
        LogicalOperator right = Build(entry.Right, best, conditions, uses, placed);
        List<BoundExpression> here = [];
        for (int c = 0; c < conditions.Count; c++)
        {
            if ((uses[c] & ~set) == 0 && placed.Add(c))
                here.Add(conditions[c]);
        }

        return new LogicalJoin(JoinKind.Inner, left, right, ExpressionTools.Combine(here));
    }
}
