using System.Numerics;
using BareMetal.Data.Binding;
using BareMetal.Data.Planning.Logical;

namespace BareMetal.Data.Planning.Rules;

/// <summary>
/// Orders groups of inner joins by expected sizes: all bushy trees for up to eight relations, greedily beyond. Outer and lateral joins
/// are relations as wholes.
/// </summary>
internal static class JoinOrdering
{
    private const int MaxExhaustive = 8;
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
        for (int i = 0; i < n; i++)
        {
            double rows = cardinality.Estimate(relations[i]);
            best[1 << i] = new Entry(relations[i], 0, 0, rows, rows * 0.1);
        }

        int all = (1 << n) - 1;
        if (n <= MaxExhaustive)
            Exhaustive(all, best, uses, selectivities);
        else
            Greedy(n, best, uses, selectivities);
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

    private static Entry? Combine(int left, int right, Dictionary<int, Entry> best, int[] uses, double[] selectivities, bool allowCross)
    {
        if (!best.TryGetValue(left, out Entry? a) || !best.TryGetValue(right, out Entry? b))
            return null;
        int both = left | right;
        double rows = a.Rows * b.Rows;
        bool connected = false;
        for (int c = 0; c < uses.Length; c++)
        {
            if ((uses[c] & ~both) != 0 || (uses[c] & left) == 0 || (uses[c] & right) == 0)
                continue;
            rows *= selectivities[c];
            connected = true;
        }

        if (!connected && !allowCross)
            return null;
        rows = Math.Max(rows, 0.1);

        // The larger side streams, the smaller is kept; a single small outer row set over an indexed relation is found by the physical planner.
        double cost = a.Cost + b.Cost + (Math.Min(a.Rows, b.Rows) * 0.15) + (Math.Max(a.Rows, b.Rows) * 0.06) + (rows * 0.05) + (connected ? 0 : rows * 0.5);
        return new Entry(null, left, right, rows, cost);
    }

    private static void Exhaustive(int all, Dictionary<int, Entry> best, int[] uses, double[] selectivities)
    {
        for (int set = 1; set <= all; set++)
        {
            if (BitOperations.PopCount((uint)set) < 2)
                continue;
            Entry? chosen = null;
            for (int pass = 0; pass < 2 && chosen is null; pass++)
            {
                for (int left = (set - 1) & set; left > 0; left = (left - 1) & set)
                {
                    int right = set & ~left;
                    Entry? entry = Combine(left, right, best, uses, selectivities, allowCross: pass == 1);
                    if (entry is not null && (chosen is null || entry.Cost < chosen.Cost))
                        chosen = entry;
                }
            }

            if (chosen is not null)
                best[set] = chosen;
        }
    }

    private static void Greedy(int n, Dictionary<int, Entry> best, int[] uses, double[] selectivities)
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
                        Entry? entry = Combine(parts[i], parts[j], best, uses, selectivities, allowCross: pass == 1);
                        if (entry is not null && (chosen is null || entry.Rows < chosen.Rows))
                            chosen = entry;
                    }
                }
            }

            parts.Remove(chosen!.Left);
            parts.Remove(chosen.Right);
            parts.Add(chosen.Left | chosen.Right);
            best[chosen.Left | chosen.Right] = chosen;
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
