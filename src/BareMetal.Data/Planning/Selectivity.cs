using BareMetal.Data.Binding;
using BareMetal.Data.Catalog;
using BareMetal.Data.Catalog.Statistics;
using BareMetal.Data.Execution;
using BareMetal.Data.Functions;
using BareMetal.Data.Rows;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Planning;

/// <summary>
/// The share of rows for which conditions are true. With statistics: common values by their frequencies, ranges by the histogram, and any condition on one
/// column by trying it on the values that the statistics keep. Without: rules of thumb.
/// </summary>
internal sealed class Selectivity(PlannerOptions options)
{
    private const double UnknownRange = 0.3;
    private const double Tiny = 1e-9;

    /// <summary>Conditions from the third on count less: they are seldom independent of all the others.</summary>
    private const double Backoff = 0.5;

    private readonly Dictionary<BoundExpression, (double Share, bool WasMet)?> _tried = new(ReferenceEqualityComparer.Instance);

    public ColumnStatistics? StatisticsOf(PlanColumn column) =>
        column.OriginTable is { } table && column.Origin is { } origin ? options.Statistics(table)?.Find(origin) : null;

    /// <summary>The share of rows for which all conditions are true.</summary>
    /// <param name="terms">The conditions.</param>
    /// <param name="distinct">How many values an expression has.</param>
    public double Of(IReadOnlyList<BoundExpression> terms, Func<BoundExpression, double> distinct)
    {
        if (terms.Count == 1)
            return Of(terms[0], distinct);
        List<BoundExpression> rest = [.. terms];
        List<double> shares = [];
        TakeRanges(rest, shares);
        List<(PlanColumn Column, double Share)> equals = [];
        foreach (BoundExpression term in rest)
        {
            double share = Of(term, distinct);
            if (EqualColumn(term) is { } column)
                equals.Add((column, share));
            else
                shares.Add(share);
        }

        if (equals.Count > 0)
            shares.AddRange(Together(equals));
        shares.Sort();
        double product = 1;
        double weight = 1;
        for (int i = 0; i < shares.Count; i++)
        {
            if (i >= 2)
                weight *= Backoff;
            product *= Math.Pow(Math.Max(shares[i], Tiny), weight);
        }

        return Math.Min(product, 1);
    }

    /// <summary>Lower and upper bounds of one column belong together.</summary>
    private void TakeRanges(List<BoundExpression> terms, List<double> shares)
    {
        for (int i = 0; i < terms.Count; i++)
        {
            if (BoundOf(terms[i]) is not { } first || Known(first.Column) is not { } statistics)
                continue;
            for (int j = i + 1; j < terms.Count; j++)
            {
                if (BoundOf(terms[j]) is not { } second || !ReferenceEquals(second.Column, first.Column) || second.IsLow == first.IsLow)
                    continue;
                (var low, var high) = first.IsLow ? (first, second) : (second, first);
                double? below = Below(statistics, high.Column, high.Value, high.Inclusive);
                double? under = Below(statistics, low.Column, low.Value, !low.Inclusive);
                if (below is null || under is null)
                    break;
                double share = below.Value - under.Value;

                // Within one range of the histogram at least as many as equal one value.
                shares.Add(Math.Max(share, Math.Min(statistics.EqualToUnknown, statistics.RestFraction / Math.Max(1, statistics.Histogram.Count))));
                terms.RemoveAt(j);
                terms.RemoveAt(i--);
                break;
            }
        }
    }

    private ColumnStatistics? Known(PlanColumn column) => StatisticsOf(column);

    private static PlanColumn? EqualColumn(BoundExpression term) => term switch
    {
        BoundCall { Function.Name: "=", Arguments: [var a, var b] } => ColumnOf(a) is { } x && ColumnOf(b) is null ? x : ColumnOf(b) is { } y && ColumnOf(a) is null ? y : null,
        BoundIsNull { IsNegated: false, Operand: BoundColumn c } => c.Column,
        _ => null,
    };

    private static PlanColumn? ColumnOf(BoundExpression e) => e is BoundColumn c ? c.Column : e is BoundCast { Operand: BoundColumn inner } ? inner.Column : null;

    /// <summary>Equalities on columns of which an index knows how many combinations there are.</summary>
    private List<double> Together(List<(PlanColumn Column, double Share)> equals)
    {
        List<double> shares = [];
        while (equals.Count > 0)
        {
            Table? table = equals[0].Column.OriginTable;
            List<BoundExpression> columns = [.. equals.Where(e => ReferenceEquals(e.Column.OriginTable, table)).Select(e => (BoundExpression)new BoundColumn(e.Column))];
            int before = columns.Count;
            if (before > 1 && TakePrefix(columns, out double distinct, out List<PlanColumn> taken))
            {
                double product = 1, smallest = 1, independent = 1;
                foreach (PlanColumn column in taken)
                {
                    int at = equals.FindIndex(e => ReferenceEquals(e.Column, column));
                    product *= equals[at].Share;
                    smallest = Math.Min(smallest, equals[at].Share);
                    independent *= Math.Max(1, StatisticsOf(column)?.Distinct ?? 1);
                    equals.RemoveAt(at);
                }

                shares.Add(Math.Min(smallest, product * Math.Max(1, independent / Math.Max(distinct, 1))));
                continue;
            }

            shares.Add(equals[0].Share);
            equals.RemoveAt(0);
        }

        return shares;
    }

    /// <summary>Takes out of a list the columns that make up the leading parts of an index, most of them at once.</summary>
    /// <param name="keys">Expressions; those taken go.</param>
    /// <param name="distinct">How many combinations of them there are.</param>
    public bool TakePrefix(List<BoundExpression> keys, out double distinct) => TakePrefix(keys, out distinct, out _);

    private bool TakePrefix(List<BoundExpression> keys, out double distinct, out List<PlanColumn> taken)
    {
        distinct = 0;
        taken = [];
        HashSet<Table> tables = [];
        foreach (BoundExpression key in keys)
        {
            if (key is BoundColumn { Column.OriginTable: { } table })
                tables.Add(table);
        }

        foreach (Table table in tables)
        {
            if (options.Statistics(table) is not { } statistics)
                continue;
            foreach (PrefixStatistics prefix in statistics.Prefixes)
            {
                IReadOnlyList<int>? ids = prefix.IndexId == 0 ? table.PrimaryKey?.ColumnIds : IdsOf(table, prefix.IndexId);
                if (ids is null)
                    continue;
                List<PlanColumn> found = [];
                for (int p = 0; p < ids.Count && p < prefix.Distinct.Count; p++)
                {
                    PlanColumn? column = null;
                    foreach (BoundExpression key in keys)
                    {
                        if (key is BoundColumn c && ReferenceEquals(c.Column.OriginTable, table) && c.Column.Origin?.Id == ids[p])
                            column = c.Column;
                    }

                    // The order of the parts does not matter, so long as a prefix is complete.
                    if (column is null || found.Contains(column))
                        break;
                    found.Add(column);
                    if (found.Count > taken.Count && found.Count > 1)
                    {
                        taken = [.. found];
                        distinct = prefix.Distinct[p];
                    }
                }
            }

            if (taken.Count > 1)
            {
                List<PlanColumn> gone = taken;
                keys.RemoveAll(k => k is BoundColumn c && gone.Contains(c.Column));
                return true;
            }
        }

        return false;
    }

    private static List<int>? IdsOf(Table table, long indexId)
    {
        foreach (TableIndex index in table.Indexes)
        {
            if (index.Id == indexId)
                return index.FilterSql is null ? [.. index.Keys.Select(k => k.ExpressionSql is null ? k.ColumnId : -1)] : null;
        }

        return null;
    }

    /// <summary>The share of rows for which a condition is true.</summary>
    public double Of(BoundExpression term, Func<BoundExpression, double> distinct)
    {
        switch (term)
        {
            case BoundConstant:
                return ConstantTools.IsTrue(term) ? 1 : 0;
            case BoundLogical { IsAnd: true } and:
                return Of(and.Terms, distinct);
            case BoundLogical or:
                return OfOr(or, distinct);
            case BoundNot { Operand: BoundColumn { Column: var flag } } when StatisticsOf(flag) is { } s:
                return Clamp(1 - s.NullFraction - EqualsTrue(s));
            case BoundNot not:
                return Clamp(1 - Of(not.Operand, distinct) - NullShare(not.Operand));
            case BoundIsNull { Operand: BoundColumn column } isNull when StatisticsOf(column.Column) is { } s:
                return Clamp(isNull.IsNegated ? 1 - s.NullFraction : s.NullFraction);
            case BoundIsNull isNull:
                return isNull.IsNegated ? 0.95 : 0.05;
            case BoundInList inList:
            {
                double sum = 0;
                foreach (BoundExpression item in inList.Items)
                    sum += Equal(inList.Operand, item, distinct);
                sum = Math.Min(1, sum);
                return inList.IsNegated ? Clamp(1 - sum - NullShare(inList.Operand)) : Clamp(sum);
            }

            case BoundQuantifiedArray { Comparison.Name: "=", IsAll: false } any:
                return OfAny(any, distinct);
            case BoundCall { Function.Name: "=", Arguments: [not BoundColumn, not BoundColumn] } call when TryMet(call) is { WasMet: true } tried:
                return tried.Share;
            case BoundCall { Function.Name: "=" } call:
                return Equal(call.Arguments[0], call.Arguments[1], distinct);
            case BoundCall { Function.Name: "<>" or "!=" } call:
                return Clamp(1 - Equal(call.Arguments[0], call.Arguments[1], distinct) - NullShare(call.Arguments[0]) - NullShare(call.Arguments[1]));
            case BoundCall { Function.Name: "<" or "<=" or ">" or ">=" } call:
                return OfRange(call) ?? Try(call) ?? UnknownRange;
            case BoundColumn column:
                return StatisticsOf(column.Column) is { } stats ? Clamp(EqualsTrue(stats)) : 0.5;
            case BoundCall { Function.Name: "starts_with" or "like" } prefix:
                return OfPrefix(prefix) ?? Try(prefix) ?? (prefix.Function.Name == "like" ? 0.1 : 0.02);
            case BoundCall { Function.Name: "ilike" or "contains" or "ends_with" } call:
                return Try(call) ?? 0.1;
            default:
                return Try(term) ?? 0.3;
        }
    }

    private static double Clamp(double share) => Math.Clamp(share, Tiny, 1);

    private static double EqualsTrue(ColumnStatistics statistics)
    {
        foreach (CommonValue c in statistics.MostCommon)
        {
            if (c.Value.Value.Kind == SqlTypeKind.Boolean && c.Value.Value.As<bool>())
                return c.Frequency;
        }

        return Tiny;
    }

    private double NullShare(BoundExpression expression)
    {
        double share = 0;
        foreach (PlanColumn column in ExpressionTools.Columns(expression))
            share = Math.Max(share, StatisticsOf(column)?.NullFraction ?? 0);
        return share;
    }

    private double OfOr(BoundLogical or, Func<BoundExpression, double> distinct)
    {
        // Alternatives on one column exclude each other; others are taken as independent.
        HashSet<PlanColumn> columns = [];
        double sum = 0, none = 1;
        foreach (BoundExpression term in or.Terms)
        {
            double s = Of(term, distinct);
            sum += s;
            none *= 1 - Math.Min(s, 1);
            columns.UnionWith(ExpressionTools.Columns(term));
        }

        return Clamp(columns.Count == 1 ? Math.Min(sum, 1) : 1 - none);
    }

    private double OfAny(BoundQuantifiedArray any, Func<BoundExpression, double> distinct)
    {
        if (options.TryGetValue(any.Array, out Value array) && !array.IsNull && array.Kind == SqlTypeKind.Array)
        {
            options.Guard(any.Array, "elements", v => v.IsNull ? -1 : PlanGuard.ClassOfRows(v.As<ArrayValue>().Items.Length));
            double sum = 0;
            foreach (Value item in array.As<ArrayValue>().Items)
            {
                if (!item.IsNull)
                    sum += Equal(any.Operand, new BoundConstant(item, any.Array.Type.Element ?? new SqlType(item.Kind)), distinct);
            }

            return Clamp(sum);
        }

        return Clamp(any.Array is BoundArray { Items: var items } ? items.Sum(i => Equal(any.Operand, i, distinct)) : 10 * Equal(any.Operand, any.Array, distinct));
    }

    private double Equal(BoundExpression a, BoundExpression b, Func<BoundExpression, double> distinct)
    {
        if (ColumnOf(a) is null && ColumnOf(b) is not null)
            (a, b) = (b, a);
        if (ColumnOf(a) is { } column && StatisticsOf(column) is { } s)
        {
            if (ColumnOf(b) is not null)
                return Clamp((1 - s.NullFraction) / Math.Max(distinct(a), distinct(b)));
            if (options.TryGetValue(b, out Value value))
            {
                if (value.IsNull)
                    return Tiny;
                double rows = Rows(column);
                if (s.MostCommon.Count > 0)
                    options.Guard(b, (column.OriginTable, column.Origin, "="), v => v.IsNull ? -1 : PlanGuard.ClassOfRows(rows * EqualTo(s, b.Type, v)));
                return Clamp(EqualTo(s, b.Type, value));
            }

            return Clamp(s.EqualToUnknown);
        }

        if (ColumnOf(a) is null && ColumnOf(b) is null && ExpressionTools.Columns(a).Count + ExpressionTools.Columns(b).Count == 1)
        {
            BoundExpression computed = ExpressionTools.Columns(a).Count == 1 ? a : b;
            if (DistinctOfExpression(computed) is { } values)
                return Clamp(1 / values);
        }

        return Clamp(1 / Math.Max(Math.Max(distinct(a), distinct(b)), 1));
    }

    private double Rows(PlanColumn column) => Math.Max(1, column.OriginTable is { } t ? options.RowCount(t) : 1000);

    private static double EqualTo(ColumnStatistics s, SqlType type, Value value)
    {
        if (KeyOf(s, type, value) is not { } key)
            return s.EqualToUnknown;
        return s.EqualTo(key);
    }

    /// <summary>The key of a value in the column's order; null when it can't be one of the column's.</summary>
    private static byte[]? KeyOf(ColumnStatistics s, SqlType type, Value value)
    {
        if (KeyedValue.EncoderOf(s.Type) is not { } encoder || value.IsNull)
            return null;
        if (value.Kind != s.Type.Kind)
        {
            try
            {
                value = Casts.Convert(value, type.Kind == value.Kind ? type : new SqlType(value.Kind), s.Type);
            }
            catch (BareMetalException)
            {
                // A value that the column can't have: what is said of unknown values holds.
                return null;
            }
        }

        RowBuffer buffer = new(32);
        encoder.Append(buffer, value);
        return buffer.ToArray();
    }

    private (PlanColumn Column, BoundExpression Value, bool IsLow, bool Inclusive)? BoundOf(BoundExpression term)
    {
        if (term is not BoundCall { Function.Name: "<" or "<=" or ">" or ">=", Arguments: [var a, var b] } call)
            return null;
        string op = call.Function.Name;
        bool mirrored = ColumnOf(a) is null;
        if (mirrored)
            (a, b) = (b, a);
        return ColumnOf(a) is { } column && ColumnOf(b) is null ? (column, b, (op[0] == '>') != mirrored, op.Length == 2) : null;
    }

    private double? OfRange(BoundCall call)
    {
        if (BoundOf(call) is not { } bound || StatisticsOf(bound.Column) is not { } s)
            return null;
        if (Below(s, bound.Column, bound.Value, bound.IsLow ? !bound.Inclusive : bound.Inclusive) is not { } below)
            return null;
        return Clamp(Math.Max(bound.IsLow ? 1 - s.NullFraction - below : below, 1 / (Rows(bound.Column) + 1)));
    }

    private double? Below(ColumnStatistics s, PlanColumn column, BoundExpression expression, bool inclusive)
    {
        if (!options.TryGetValue(expression, out Value value))
            return null;
        if (value.IsNull)
            return 0;
        double rows = Rows(column);
        options.Guard(expression, (column.OriginTable, column.Origin, "<"), v =>
        {
            // Few rows on either side make a difference; in between all are alike.
            if (v.IsNull || KeyOf(s, expression.Type, v) is not { } k)
                return -1;
            double share = s.Below(k, false, KeyedValue.NumberOf(v));
            return share < 0.5 ? PlanGuard.ClassOfRows(share * rows) : 1000 - PlanGuard.ClassOfRows((1 - share) * rows);
        });
        return KeyOf(s, expression.Type, value) is { } key ? s.Below(key, inclusive, KeyedValue.NumberOf(value)) : null;
    }

    /// <summary>The share of texts that begin with what a pattern begins with.</summary>
    private double? OfPrefix(BoundCall call)
    {
        if (call.Arguments is not [BoundColumn { Column: var column }, var pattern] || StatisticsOf(column) is not { } s || s.Type.Kind != SqlTypeKind.Text)
            return null;
        if (!options.TryGetValue(pattern, out Value value) || value.IsNull || value.Kind != SqlTypeKind.Text)
            return null;
        bool isLike = call.Function.Name == "like";
        double rows = Rows(column);
        options.Guard(pattern, (column.OriginTable, column.Origin, call.Function.Name), v => v.IsNull ? -1 : PlanGuard.ClassOfRows(rows * PrefixShare(s, v, isLike, out _)));
        double share = PrefixShare(s, value, isLike, out bool isWhole);
        if (isWhole)
            return Clamp(share);
        double tried = Try(Known(call, pattern, value)) ?? share;
        return Clamp(Math.Min(tried, share));
    }

    private static BoundCall Known(BoundCall call, BoundExpression pattern, Value value) =>
        call with { Arguments = [.. call.Arguments.Select(a => ReferenceEquals(a, pattern) ? new BoundConstant(value, pattern.Type) : a)] };

    private static double PrefixShare(ColumnStatistics s, Value pattern, bool isLike, out bool isWhole)
    {
        ReadOnlySpan<byte> text = pattern.As<ByteSlice>().Span;
        byte[] prefix = isLike ? LikePrefix.Of(text) : text.ToArray();
        isWhole = !isLike || LikePrefix.IsPrefixOnly(text);
        if (s.Type.Collation is not null || KeyedValue.EncoderOf(s.Type) is not { } encoder)
        {
            isWhole = false;
            return 1 - s.NullFraction;
        }

        if (prefix.Length == 0)
            return 1 - s.NullFraction;
        if (isLike && LikePrefix.IsExact(text))
        {
            isWhole = true;
            return s.EqualTo(KeyedValue.Of(encoder, Value.From(SqlTypeKind.Text, new ByteSlice(prefix))).Key);
        }

        RowBuffer low = new(32);
        KeyRanges.AppendTextPrefix(encoder, prefix, low);
        RowBuffer high = new(32);
        high.Append(low.Span);
        return KeyRanges.TryMakeEnd(high) ? Math.Max(s.Between(low.Span, high.Span), Math.Min(s.EqualToUnknown, 0.5 * s.RestFraction / Math.Max(1, s.Histogram.Count))) : 1 - s.NullFraction;
    }

    /// <summary>Tries a condition on the kept values of the one column that it is about.</summary>
    private double? Try(BoundExpression term) => TryMet(term)?.Share;

    private (double Share, bool WasMet)? TryMet(BoundExpression term)
    {
        if (_tried.TryGetValue(term, out (double, bool)? known))
            return known;
        return _tried[term] = ComputeTry(term);
    }

    private (double Share, bool WasMet)? ComputeTry(BoundExpression term)
    {
        if (SampleOf(term, out ColumnStatistics? s) is not { } values || s is null)
            return null;
        if (Evaluate(term, values.Column, values.Batch) is not Vector<bool> result)
            return null;
        double share = 0;
        int hits = 0;
        bool met = false;
        int common = s.MostCommon.Count;
        for (int i = 0; i < values.Batch.Count; i++)
        {
            int at = i * result.Stride;
            if (result.IsNull(i) || !result.Data[at])
                continue;
            met = true;
            if (i < common)
                share += s.MostCommon[i].Frequency;
            else
                hits++;
        }

        int rest = s.Histogram.Count;
        if (rest > 0)
            share += s.RestFraction * (hits == 0 ? 0.3 / rest : hits == rest ? 1 - (0.3 / rest) : (double)hits / rest);
        return (Clamp(share), met || s.RestFraction <= 0);
    }

    /// <summary>About how many values an expression over one column has; null when that is not known.</summary>
    public double? DistinctOfExpression(BoundExpression expression)
    {
        if (SampleOf(expression, out ColumnStatistics? s) is not { } values || s is null || (values.Batch.Count < 8 && s.RestFraction > 0))
            return null;
        if (Evaluate(expression, values.Column, values.Batch) is not { } result)
            return null;
        KeyEncoder? encoder = KeyedValue.EncoderOf(result.Type);
        if (encoder is null)
            return null;
        HashSet<string> seen = [];
        RowBuffer buffer = new(32);
        for (int i = 0; i < values.Batch.Count; i++)
        {
            buffer.Clear();
            if (!result.IsNull(i))
                encoder.Append(buffer, result, i);
            seen.Add(Convert.ToHexString(buffer.Span));
        }

        // As many results as values: each value has its own.
        double share = (double)seen.Count / values.Batch.Count;
        return Math.Max(1, share > 0.9 ? s.Distinct : share > 0.5 ? Math.Min(s.Distinct, seen.Count * 4.0) : seen.Count);
    }

    private (PlanColumn Column, Batch Batch)? SampleOf(BoundExpression expression, out ColumnStatistics? statistics)
    {
        statistics = null;
        HashSet<PlanColumn> columns = ExpressionTools.Columns(expression);
        if (columns.Count != 1 || ExpressionTools.ContainsSubquery(expression) || ExpressionTools.IsVolatile(expression) || ExpressionTools.Any(expression, e => e is BoundParameter or BoundAggregate or BoundGrouping))
            return null;
        PlanColumn column = columns.First();
        if (StatisticsOf(column) is not { } s || s.Type.Kind != column.Type.Kind)
            return null;
        int count = s.MostCommon.Count + s.Histogram.Count;
        if (count == 0)
            return null;
        Vector vector = Vector.Create(column.Type, count);
        for (int i = 0; i < count; i++)
            vector.SetValue(i, i < s.MostCommon.Count ? s.MostCommon[i].Value.Value : s.Histogram[i - s.MostCommon.Count].Value);
        statistics = s;
        return (column, new Batch([vector]) { Count = count });
    }

    private static Vector? Evaluate(BoundExpression expression, PlanColumn column, Batch batch)
    {
        try
        {
            return new OperatorBuilder().Compile(expression, [column]).Evaluate(batch, new QueryContext { Functions = Rules.FoldingContext.Instance });
        }
        catch (BareMetalException)
        {
            // A value that the expression fails on says nothing.
            return null;
        }
    }

    /// <summary>The share of pairs of rows whose values are equal: common values meet common ones, the rest is spread evenly.</summary>
    public static double OfEqualJoin(ColumnStatistics a, double distinctA, ColumnStatistics b, double distinctB)
    {
        double plain = (1 - a.NullFraction) * (1 - b.NullFraction) / Math.Max(1, Math.Max(distinctA, distinctB));
        if (a.MostCommon.Count == 0 || b.MostCommon.Count == 0 || a.Type.Kind != b.Type.Kind || a.Type.Collation != b.Type.Collation)
            return plain;
        double met = 0, metA = 0, metB = 0;
        int matches = 0;
        foreach (CommonValue x in a.MostCommon)
        {
            if (b.Find(x.Value.Key) is not { } y)
                continue;
            met += x.Frequency * y.Frequency;
            metA += x.Frequency;
            metB += y.Frequency;
            matches++;
        }

        double unmetA = Math.Max(0, a.CommonFraction - metA), unmetB = Math.Max(0, b.CommonFraction - metB);
        double othersA = Math.Max(distinctA - a.MostCommon.Count, 0), othersB = Math.Max(distinctB - b.MostCommon.Count, 0);
        double share = met;
        if (othersB > 0)
            share += unmetA * b.RestFraction / Math.Max(othersB, 1);
        if (othersA > 0)
            share += unmetB * a.RestFraction / Math.Max(othersA, 1);
        double others = Math.Max(othersA, othersB);
        if (others > 0)
            share += a.RestFraction * b.RestFraction / others;
        return Math.Max(share, Tiny);
    }
}
