using BareMetal.Data.Binding;
using BareMetal.Data.Catalog;
using BareMetal.Data.Catalog.Statistics;
using BareMetal.Data.Execution.Operators;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Rows;

namespace BareMetal.Data.Planning;

/// <summary>
/// Finds the ways to read a table: its own tree or an index, whole, by seeks on leading key parts, by several seeks for alternatives (OR, row comparisons),
/// or skipping over a leading part of few values that no condition fixes.
/// </summary>
internal sealed class AccessPaths(PlannerOptions options, Cardinality cardinality)
{
    /// <summary>Alternatives that are sought one by one at most.</summary>
    private const int MaxAlternatives = 64;

    /// <summary>Values of a leading part that are skipped over at most; from the operator's own limit on it reads the whole range.</summary>
    private const double MaxSkips = SeekRanges.MaxSkipped / 4;

    private readonly SeekMatching _matching = new(options);

    /// <summary>All paths that make sense; the first is the scan of the whole table.</summary>
    /// <param name="scan">The scan.</param>
    /// <param name="terms">Conditions over the scan's columns and outer ones.</param>
    public List<AccessPath> Find(LogicalScan scan, IReadOnlyList<BoundExpression> terms)
    {
        // The row's key is no column of the table: the scan gives it after the others.
        if (scan.RowKey is not null && scan.Columns.Contains(scan.RowKey))
            scan = new LogicalScan(scan.Table, [.. scan.Columns.Where(c => !ReferenceEquals(c, scan.RowKey))], scan.Alias) { Lock = scan.Lock, LockWait = scan.LockWait, RowKey = scan.RowKey };
        double tableRows = cardinality.TableRows(scan.Table);
        double outRows = Math.Max(cardinality.FilteredRows(scan, terms, tableRows), 0.01);
        List<AccessPath> paths = [];
        KeyPart[] primary = PrimaryParts(scan);
        AddPaths(paths, new Source(scan, null, primary, primary, tableRows, tableRows, outRows), terms, terms);
        TableRowBinding? binding = null;
        foreach (TableIndex index in scan.Table.Indexes)
        {
            double rows = tableRows;
            IReadOnlyList<BoundExpression> open = terms;
            bool needsBinding = index.FilterSql is not null || index.Keys.Any(k => k.ExpressionSql is not null);
            if (needsBinding)
            {
                binding ??= options.BindTable?.Invoke(scan.Table);
                List<BoundExpression> rest = [.. terms];
                if (binding is null || !IsImplied(scan, index, binding, terms, rest))
                    continue;
                open = rest;
                if (index.FilterSql is not null && options.EntryCount(index) is >= 0 and long entries)
                    rows = Math.Max(1, Math.Min(entries, tableRows));
            }

            if (IndexParts(scan, index, binding) is { } parts)
                AddPaths(paths, new Source(scan, index, parts, primary, rows, tableRows, outRows), terms, open);
        }

        return paths;
    }

    /// <summary>A tree to read: the table's own or that of an index.</summary>
    private sealed record Source(LogicalScan Scan, TableIndex? Index, KeyPart[] Parts, KeyPart[] Primary, double Entries, double TableRows, double OutRows)
    {
        public bool IsUnique => Index is null ? Parts.Length > 0 : Index.IsUnique;
    }

    private void AddPaths(List<AccessPath> paths, Source source, IReadOnlyList<BoundExpression> all, IReadOnlyList<BoundExpression> open)
    {
        paths.Add(Make(source, null, [.. open], source.Entries, 0, []));
        if (source.Parts.Length == 0)
            return;
        Seek? seek = FindSeek(source, open, null);
        if (seek is not null)
            paths.Add(Make(source, [seek.Spec], seek.Residual, seek.Rows, seek.Count, [seek]));
        if (FindAlternatives(source, open, out double found) is { } alternatives)
            paths.Add(Make(source, [.. alternatives.Select(a => a.Spec)], [.. open], Math.Min(found, source.Entries), alternatives.Sum(a => a.Count), alternatives));
        if (source.Parts.Length > 1 && FindSkip(source, open, seek) is { } skip)
            paths.Add(Make(source, [skip.Spec], [.. open], skip.Rows, skip.Count, []));
    }

    /// <summary>Seeks of one specification: what it uses, what it leaves.</summary>
    private sealed record Seek(SeekSpec Spec, List<BoundExpression> Used, List<BoundExpression> Residual, double Count, double Rows);

    private Seek? FindSeek(Source source, IReadOnlyList<BoundExpression> terms, int[]? skipped)
    {
        LogicalScan scan = source.Scan;
        List<BoundExpression> residual = [.. terms];
        List<BoundExpression> used = [];
        List<SeekPart> equals = [];
        double seeks = 1;
        int p = 0;
        for (; p < source.Parts.Length; p++)
        {
            KeyPart part = source.Parts[p];
            BoundExpression? term = null;
            SeekPart? found = part.Expression is null ? null : _matching.FindEquality(scan, part, residual, out term);
            if (found is null)
            {
                if (skipped is null || !skipped.Contains(p))
                    break;
                equals.Add(new SeekPart(SeekPartKind.Skip, []));
                continue;
            }

            residual.Remove(term!);
            used.Add(term!);
            equals.Add(found);
            seeks *= found.Kind switch
            {
                SeekPartKind.List => found.Values.Count,
                SeekPartKind.Array => 10,
                _ => 1,
            };
        }

        SeekSpec spec = new(equals);
        if (p < source.Parts.Length && source.Parts[p].Expression is not null)
            spec = _matching.FindBounds(scan, spec, source.Parts[p], residual, used);
        while (!spec.HasBounds && spec.Parts.Count > 0 && spec.Parts[^1].Kind == SeekPartKind.Skip)
            spec = new SeekSpec([.. spec.Parts.Take(spec.Parts.Count - 1)]);
        if (spec.Parts.Count == 0 && !spec.HasBounds)
            return null;
        double rows = source.Entries * cardinality.Selectivity(used, scan, source.TableRows);
        if (source.Index?.FilterSql is not null)
            rows = Math.Min(source.Entries, Math.Max(rows, source.OutRows));
        bool isWhole = p == source.Parts.Length && source.IsUnique && equals.All(e => e.Kind is not (SeekPartKind.IsNull or SeekPartKind.Skip));
        if (isWhole)
            rows = Math.Min(rows, seeks);
        if (source.Index is { FilterSql: not null } filtered && !spec.HasBounds && equals.TrueForAll(e => e.Kind == SeekPartKind.Value)
            && options.Statistics(scan.Table)?.FindPrefixes(filtered.Id) is { } prefixes && prefixes.Distinct.Count >= equals.Count && prefixes.Entries > 0)
        {
            // What the index says of its own entries is nearer than what the table's columns say.
            rows = source.Entries / Math.Max(prefixes.Distinct[equals.Count - 1], 1);
        }

        return new Seek(spec, used, residual, seeks, Math.Max(rows, Math.Min(0.5, source.Entries)));
    }

    /// <summary>Seeks for each alternative of an OR: <c>a = 1 OR a = 2 AND b &gt; 3</c>, <c>(a, b) &gt; (1, 2)</c>.</summary>
    private List<Seek>? FindAlternatives(Source source, IReadOnlyList<BoundExpression> terms, out double rows)
    {
        rows = 0;
        foreach (BoundExpression term in terms)
        {
            IReadOnlyList<BoundExpression>? choices = term switch
            {
                BoundLogical { IsAnd: false } either when either.Terms.Count <= MaxAlternatives => either.Terms,

                // Not equal is below or above.
                BoundCall { Function.Name: "<>" } other when Comparisons.With(other, "<") is { } below && Comparisons.With(other, ">") is { } above => [below, above],
                _ => null,
            };
            if (choices is null)
                continue;
            List<BoundExpression> others = [.. terms.Where(t => !ReferenceEquals(t, term))];
            List<Seek> seeks = [];
            foreach (BoundExpression alternative in choices)
            {
                List<BoundExpression> own = ExpressionTools.SplitConjuncts(alternative);
                Seek? seek = FindSeek(source, [.. own, .. others], null);
                if (seek is null || !seek.Used.Exists(own.Contains))
                    break;
                seeks.Add(seek);
            }

            if (seeks.Count != choices.Count)
                continue;
            rows = seeks.Sum(s => s.Rows);

            // Where little is known, two open ranges look smaller than all but one value.
            if (term is BoundCall)
                rows = Math.Max(rows, source.Entries * cardinality.Selectivity([term, .. others.Where(o => seeks.TrueForAll(s => s.Used.Contains(o)))], source.Scan, source.TableRows));
            return seeks;
        }

        return null;
    }

    /// <summary>A seek that goes through the values of leading parts which no condition fixes, when statistics say that they are few.</summary>
    private Seek? FindSkip(Source source, IReadOnlyList<BoundExpression> terms, Seek? plain)
    {
        if (source.Index?.FilterSql is not null || options.Statistics(source.Scan.Table)?.FindPrefixes(source.Index?.Id ?? 0) is not { } prefixes)
            return null;
        int fixedParts = plain?.Spec.Parts.Count ?? 0;
        if (plain?.Spec.HasBounds == true)
            return null;
        for (int gap = 1; gap <= 2 && fixedParts + gap < source.Parts.Length; gap++)
        {
            double values = prefixes.Distinct[fixedParts + gap - 1];
            if (fixedParts > 0)
                values /= Math.Max(1, prefixes.Distinct[fixedParts - 1]);
            if (values > MaxSkips)
                return null;
            int[] skipped = [.. Enumerable.Range(fixedParts, gap)];
            if (FindSeek(source, terms, skipped) is { } seek && (seek.Spec.Parts.Count > fixedParts + gap || (seek.Spec.HasBounds && seek.Spec.Parts.Count == fixedParts + gap)))
                return seek with { Count = Math.Max(values, 1) * 2 * seek.Count };
        }

        return null;
    }

    private static KeyPart[] PrimaryParts(LogicalScan scan)
    {
        if (scan.Table.PrimaryKey is not { } key)
            return [];
        KeyPart[] parts = new KeyPart[key.ColumnIds.Count];
        for (int i = 0; i < parts.Length; i++)
        {
            Column column = KeyCodec.FindColumn(scan.Table, key.ColumnIds[i]);
            parts[i] = new KeyPart(ColumnOf(scan, column.Id), column.Type, false, true, false, column.Name);
        }

        return parts;
    }

    private static BoundColumn? ColumnOf(LogicalScan scan, int columnId)
    {
        foreach (PlanColumn c in scan.Columns)
        {
            if (c.Origin?.Id == columnId)
                return new BoundColumn(c);
        }

        return null;
    }

    private static KeyPart[]? IndexParts(LogicalScan scan, TableIndex index, TableRowBinding? binding)
    {
        KeyPart[] parts = new KeyPart[index.Keys.Count];
        for (int i = 0; i < parts.Length; i++)
        {
            IndexKeyPart key = index.Keys[i];
            if (key.ExpressionSql is null)
            {
                Column column = KeyCodec.FindColumn(scan.Table, key.ColumnId);
                BoundColumn? bound = ColumnOf(scan, key.ColumnId);
                if (bound is not null && bound.Type.Collation != key.Type.Collation)
                    bound = null;
                parts[i] = new KeyPart(bound, key.Type, key.Descending, key.NullsFirst, column.IsNullable, column.Name);
                continue;
            }

            if (binding is null || !binding.IndexExpressions.TryGetValue((index, i), out BoundExpression? expression))
                return null;
            parts[i] = new KeyPart(Rebase(expression, scan, binding), key.Type, key.Descending, key.NullsFirst, true, key.ExpressionSql);
        }

        return parts;
    }

    /// <summary>An expression over the table binding's columns as one over the scan's; null when the scan does not read one of them.</summary>
    internal static BoundExpression? Rebase(BoundExpression expression, LogicalScan scan, TableRowBinding binding)
    {
        Dictionary<PlanColumn, BoundExpression> map = [];
        foreach (PlanColumn column in ExpressionTools.Columns(expression))
        {
            int ordinal = -1;
            for (int i = 0; i < binding.Columns.Count; i++)
            {
                if (ReferenceEquals(binding.Columns[i], column))
                    ordinal = i;
            }

            if (ordinal < 0 || ColumnOf(scan, scan.Table.Columns[ordinal].Id) is not { } own)
                return null;
            map[column] = own;
        }

        return ExpressionTools.Substitute(expression, map);
    }

    /// <summary>Whether the conditions guarantee the predicate of a filtered index; conditions that its entries fulfil by themselves leave <paramref name="rest"/>.</summary>
    private static bool IsImplied(LogicalScan scan, TableIndex index, TableRowBinding binding, IReadOnlyList<BoundExpression> terms, List<BoundExpression> rest)
    {
        if (index.FilterSql is null)
            return true;
        if (!binding.IndexFilters.TryGetValue(index, out BoundExpression? filter))
            return false;
        foreach (BoundExpression part in ExpressionTools.SplitConjuncts(filter))
        {
            if (Rebase(part, scan, binding) is not { } own || !Implication.Proves(terms, own))
                return false;
            rest.RemoveAll(t => Implication.Proves([own], t));
        }

        return true;
    }

    private AccessPath Make(Source source, IReadOnlyList<SeekSpec>? specs, List<BoundExpression> residual, double seekedRows, double seeks, IReadOnlyList<Seek> alternatives)
    {
        LogicalScan scan = source.Scan;
        KeyPart[] parts = source.Parts;

        // What all alternatives fix to the same value.
        HashSet<PlanColumn> fixedColumns = [];
        int fixedParts = 0;
        if (alternatives.Count > 0)
        {
            IReadOnlyList<SeekPart> first = alternatives[0].Spec.Parts;
            for (; fixedParts < first.Count && first[fixedParts].Kind is SeekPartKind.Value or SeekPartKind.IsNull; fixedParts++)
            {
                int at = fixedParts;
                if (!alternatives.All(a => a.Spec.Parts.Count > at && AreSame(a.Spec.Parts[at], first[at])))
                    break;
                if (parts[at].Expression is BoundColumn fixedColumn)
                    fixedColumns.Add(fixedColumn.Column);
            }
        }

        List<OrderItem> ordering = [];
        bool isOrderKnown = true;
        for (int i = 0; i < parts.Length && isOrderKnown; i++)
        {
            if (parts[i].Expression is BoundColumn column)
                ordering.Add(new OrderItem(column.Column, parts[i].Descending, parts[i].NullsFirst));
            else if (i >= fixedParts && parts[i].Expression is { } expression && expression.Type.Collation == parts[i].Type.Collation)
                ordering.Add(OrderItem.Of(expression, parts[i].Descending, parts[i].NullsFirst));
            else
                isOrderKnown = i < fixedParts;
        }

        if (isOrderKnown && source.Index is { IsUnique: false })
        {
            foreach (KeyPart part in source.Primary)
            {
                if (part.Expression is not BoundColumn column)
                    break;
                ordering.Add(new OrderItem(column.Column, false, true));
            }
        }

        bool covering = source.Index is not null && IsCovering(scan, source.Index);
        double rowCost = source.Index is null ? PlanCost.Row : covering ? PlanCost.Entry : FetchCost(source);
        SeekSpec? only = specs is [var one] ? one : null;
        return new AccessPath
        {
            Settings = new ScanSettings(scan.Table, scan.Columns)
            {
                Index = source.Index,
                IsCovering = covering,
                Seeks = specs,
                Lock = scan.Lock,
                LockWait = scan.LockWait,
                RowKey = scan.RowKey,
            },
            KeyNames = [.. parts.Select(k => k.Name)],
            Residual = residual,
            SeekCount = seeks,
            ScannedRows = seekedRows,
            Rows = source.Index?.FilterSql is not null && residual.Count == 0 ? Math.Max(seekedRows, 0.01) : Math.Min(source.OutRows, Math.Max(seekedRows, 0.01)),
            Cost = (specs is null ? PlanCost.Open : seeks * PlanCost.Seek) + (seekedRows * rowCost) + (seekedRows * residual.Count * PlanCost.Condition),
            Ordering = ordering,
            Fixed = fixedColumns,
            IsPoint = only is { HasBounds: false } && source.IsUnique && only.Parts.Count == parts.Length && only.Parts.All(e => e.Kind == SeekPartKind.Value),
        };
    }

    /// <summary>Rows that lie in the order of the index are found on the page of the row before.</summary>
    private double FetchCost(Source source)
    {
        double correlation = 0;
        if (source.Parts[0].Expression is BoundColumn { Column: { Origin: { } origin } } && options.Statistics(source.Scan.Table)?.Find(origin) is { } known)
            correlation = Math.Abs(known.Correlation);
        double rows = options.RowCount(source.Scan.Table);
        return (PlanCost.Fetch * 0.5 * correlation) + (PlanCost.FetchFrom(rows) * (1 - correlation));
    }

    private static bool AreSame(SeekPart a, SeekPart b) =>
        a.Kind == b.Kind && (a.Kind == SeekPartKind.IsNull || (a.Values.Count == 1 && b.Values.Count == 1 && ExpressionTools.AreSame(a.Values[0], b.Values[0])));

    private static bool IsCovering(LogicalScan scan, TableIndex index)
    {
        IndexEntryCodec codec = IndexEntryCodec.For(scan.Table, index);
        foreach (PlanColumn column in scan.Columns)
        {
            if (codec.FindSlot(column.Origin!.Id) < 0)
                return false;
        }

        return true;
    }
}
