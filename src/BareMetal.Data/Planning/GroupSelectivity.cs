using BareMetal.Data.Binding;
using BareMetal.Data.Catalog.Statistics;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Values;

namespace BareMetal.Data.Planning;

/// <summary>
/// The share of groups that a condition of HAVING passes: sums, averages of independent values are taken for normally distributed (central limit), groups for
/// equally large. Mean and spread of the values come from the column's statistics.
/// </summary>
internal static class GroupSelectivity
{
    // Groups are seldom equally large, so that no tail is as thin as the normal distribution says.
    private const double Least = 0.005;

    /// <summary>The share; null when the condition is of another kind, or nothing is known of the values.</summary>
    /// <param name="term">The condition.</param>
    /// <param name="aggregate">The aggregation below it.</param>
    /// <param name="rowsPerGroup">Rows that a group has on average.</param>
    /// <param name="statisticsOf">What is known of a column.</param>
    public static double? Of(BoundExpression term, LogicalAggregate aggregate, double rowsPerGroup, Func<PlanColumn, ColumnStatistics?> statisticsOf)
    {
        if (term is not BoundCall { Function.Name: "<" or "<=" or ">" or ">=", Arguments: [var left, var right] } call)
            return null;
        bool turned = ColumnOf(left) is null;
        BoundExpression other = turned ? left : right;
        if (ColumnOf(turned ? right : left) is not { } column || (other is BoundCast cast ? cast.Operand : other) is not BoundConstant { Value: var value } || Number(value) is not { } limit)
            return null;
        BoundAggregate? found = null;
        foreach (AggregateItem item in aggregate.Aggregates)
        {
            if (ReferenceEquals(item.Column, column))
                found = item.Aggregate;
        }

        if (found is not { IsDistinct: false, Filter: null, Arguments: [var argument], Function.Name: "sum" or "avg" } || ColumnOf(argument) is not { } source || statisticsOf(source) is not { } statistics)
            return null;
        if (Moments(statistics) is not var (mean, variance))
            return null;
        double n = Math.Max(rowsPerGroup * (1 - statistics.NullFraction), 1);
        bool isSum = found.Function.Name == "sum";
        double center = isSum ? n * mean : mean, spread = Math.Sqrt(isSum ? n * variance : variance / n);
        double below = spread <= 0 ? (limit < center ? 0 : 1) : Normal((limit - center) / spread);
        bool isAbove = call.Function.Name[0] == '>' != turned;
        return Math.Clamp(isAbove ? 1 - below : below, Least, 1);
    }

    private static PlanColumn? ColumnOf(BoundExpression expression) => expression switch
    {
        BoundColumn column => column.Column,
        BoundCast { Operand: BoundColumn column } => column.Column,
        _ => null,
    };

    private static double? Number(in Value value) => value.IsNull ? null : KeyedValue.NumberOf(value) ?? value.Kind switch
    {
        Types.SqlTypeKind.SmallInt => value.As<short>(),
        Types.SqlTypeKind.Integer => value.As<int>(),
        Types.SqlTypeKind.BigInt => value.As<long>(),
        Types.SqlTypeKind.Decimal => (double)value.As<decimal>(),
        Types.SqlTypeKind.Double => value.As<double>(),
        _ => null,
    };

    /// <summary>Mean and variance of a column's values: common ones by their frequencies, the others even within the ranges of the histogram.</summary>
    private static (double Mean, double Variance)? Moments(ColumnStatistics statistics)
    {
        double weight = 0, sum = 0, squares = 0;
        foreach (CommonValue common in statistics.MostCommon)
        {
            if (Number(common.Value.Value) is not { } x)
                return null;
            Add(x, x * x, common.Frequency);
        }

        int ranges = statistics.Histogram.Count - 1;
        for (int i = 0; i < ranges; i++)
        {
            if (Number(statistics.Histogram[i].Value) is not { } low || Number(statistics.Histogram[i + 1].Value) is not { } high)
                return null;
            Add((low + high) / 2, ((low * low) + (low * high) + (high * high)) / 3, statistics.RestFraction / ranges);
        }

        if (!(weight > 0) || !double.IsFinite(squares))
            return null;
        double mean = sum / weight;
        return (mean, Math.Max((squares / weight) - (mean * mean), 0));

        void Add(double value, double square, double share)
        {
            weight += share;
            sum += value * share;
            squares += square * share;
        }
    }

    /// <summary>The normal distribution's share below z; logistic approximation, within 0.02 (Bowling et al., 2009).</summary>
    private static double Normal(double z) => 1 / (1 + Math.Exp(-((0.07056 * z * z * z) + (1.5976 * z))));
}
