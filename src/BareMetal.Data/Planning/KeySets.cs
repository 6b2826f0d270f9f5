using BareMetal.Data.Binding;
using BareMetal.Data.Execution.Operators;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Types;

namespace BareMetal.Data.Planning;

/// <summary>
/// Several indexes of one table together: keys of rows from each, united for OR and intersected for AND, then the rows themselves in the order of their
/// keys. Only operators that spill hold the keys.
/// </summary>
internal sealed class KeySets(AccessPaths paths, Cardinality cardinality)
{
    private const int MaxAlternatives = 16;

    private static int s_number;

    /// <summary>The cheapest such plan; null when there is none.</summary>
    public RowLookupNode? Find(LogicalScan scan, IReadOnlyList<BoundExpression> terms)
    {
        if (scan.Lock != RowLockMode.None || terms.Count == 0)
            return null;
        RowLookupNode? union = null;
        foreach (BoundExpression term in terms)
        {
            if (term is BoundLogical { IsAnd: false } or && or.Terms.Count <= MaxAlternatives && Unite(scan, terms, or) is { } node && (union is null || node.Cost < union.Cost))
                union = node;
        }

        RowLookupNode? intersection = terms.Count > 1 ? Intersect(scan, terms) : null;
        return union is null || (intersection is not null && intersection.Cost < union.Cost) ? intersection : union;
    }

    private RowLookupNode? Unite(LogicalScan scan, IReadOnlyList<BoundExpression> terms, BoundLogical or)
    {
        PlanColumn key = NewKey();
        List<PlanNode> branches = [];
        foreach (BoundExpression alternative in or.Terms)
        {
            List<BoundExpression> own = ExpressionTools.SplitConjuncts(alternative);
            if (own.Exists(ExpressionTools.ContainsSubquery) || Cheapest(scan, own) is not { } path)
                return null;
            branches.Add(Keys(path, key));
        }

        double found = branches.Sum(b => b.Rows);
        ConcatNode all = new(branches, [key]) { Rows = found, Cost = branches.Sum(b => b.Cost) };
        double tableRows = cardinality.TableRows(scan.Table);
        return Lookup(scan, terms, Ordered(all, key), Math.Min(found, Math.Max(1, cardinality.FilteredRows(scan, [or], tableRows))));
    }

    private RowLookupNode? Intersect(LogicalScan scan, IReadOnlyList<BoundExpression> terms)
    {
        List<AccessPath> seeks = [.. paths.Find(scan, terms).Where(p => p.Settings is { Seeks: not null, Index: not null } && p.Residual.Count < terms.Count && !p.IsPoint)];
        double tableRows = cardinality.TableRows(scan.Table);
        RowLookupNode? best = null;
        for (int i = 0; i < seeks.Count; i++)
        {
            for (int j = 0; j < seeks.Count; j++)
            {
                // The smaller set is held; each index has to contribute a condition of its own.
                if (i == j || seeks[i].ScannedRows < seeks[j].ScannedRows || ReferenceEquals(seeks[i].Settings.Index, seeks[j].Settings.Index))
                    continue;
                List<BoundExpression> left = Used(seeks[i], terms), right = Used(seeks[j], terms);
                if (left.All(right.Contains) || right.All(left.Contains))
                    continue;
                PlanColumn leftKey = NewKey(), rightKey = NewKey();
                ScanNode probe = Keys(seeks[i], leftKey), build = Keys(seeks[j], rightKey);
                double rows = Math.Max(0.01, cardinality.FilteredRows(scan, [.. left.Union(right)], tableRows));
                double cost = probe.Cost + build.Cost + (build.Rows * PlanCost.HashBuild) + (probe.Rows * PlanCost.HashProbe);
                HashJoinNode both = new(probe, build, [new JoinKey(new BoundColumn(leftKey), new BoundColumn(rightKey), false)], null, HashJoinMode.ProbeSemi, [leftKey]) { Rows = rows, Cost = cost };
                RowLookupNode node = Lookup(scan, terms, Ordered(both, leftKey), rows);
                if (best is null || node.Cost < best.Cost)
                    best = node;
            }
        }

        return best;
    }

    private static List<BoundExpression> Used(AccessPath path, IReadOnlyList<BoundExpression> terms) => [.. terms.Where(t => !path.Residual.Contains(t))];

    private AccessPath? Cheapest(LogicalScan scan, List<BoundExpression> terms)
    {
        AccessPath? best = null;
        double bestCost = double.MaxValue;
        foreach (AccessPath path in paths.Find(scan, terms))
        {
            if (!path.IsSeek)
                continue;
            double cost = KeyCost(path);
            if (cost < bestCost)
                (best, bestCost) = (path, cost);
        }

        return best;
    }

    private static double KeyCost(AccessPath path) => (path.SeekCount * PlanCost.Seek) + (path.ScannedRows * PlanCost.Entry);

    private static ScanNode Keys(AccessPath path, PlanColumn key)
    {
        ScanSettings settings = path.Settings with { Columns = [], RowKey = key, IsCovering = path.Settings.Index is not null, Filter = null };
        return new ScanNode(settings, path.KeyNames) { Rows = path.ScannedRows, Cost = KeyCost(path) };
    }

    /// <summary>Each key once, in order: neighbours lie on the same page.</summary>
    private static DistinctNode Ordered(PlanNode keys, PlanColumn key)
    {
        SortNode sorted = new(keys, [new SortKey(new BoundColumn(key), false, true)]) { Rows = keys.Rows, Cost = keys.Cost + PlanCost.Sort(keys.Rows) };
        return new DistinctNode(sorted, [new BoundColumn(key)], true) { Rows = keys.Rows, Cost = sorted.Cost + (keys.Rows * 0.02) };
    }

    private RowLookupNode Lookup(LogicalScan scan, IReadOnlyList<BoundExpression> terms, PlanNode keys, double fetched)
    {
        double tableRows = cardinality.TableRows(scan.Table);
        PlanColumn[] columns = [.. scan.Columns.Where(c => !ReferenceEquals(c, scan.RowKey))];
        ScanSettings settings = new(scan.Table, columns) { Filter = ExpressionTools.Combine(terms), RowKey = scan.RowKey };
        return new RowLookupNode(keys, settings)
        {
            Rows = Math.Min(fetched, Math.Max(0.01, cardinality.FilteredRows(scan, terms, tableRows))),
            Cost = keys.Cost + (fetched * PlanCost.Fetch * 0.8) + PlanCost.Seek,
        };
    }

    private static PlanColumn NewKey() => new(int.MinValue + (Interlocked.Increment(ref s_number) & 0xFFFFFF), "row key", SqlType.Bytea, false);
}
