using BareMetal.Data.Functions.Scalars;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Aggregates;

/// <summary>
/// Aggregates with WITHIN GROUP: direct arguments come first and the values behind them; rows come in the order of WITHIN GROUP. (The
/// hypothetical-set ones, rank and its kin, are counts to the binder.)
/// </summary>
internal static class OrderedSetAggregates
{
    public static void Define(Definitions define)
    {
        Percentile(define, "percentile_cont", SqlType.Double, (s, fraction) =>
        {
            double a = s[Before(s, fraction, out double rest)].As<double>();
            return Value.From(SqlTypeKind.Double, rest == 0 ? a : a + ((s[Before(s, fraction, out _) + 1].As<double>() - a) * rest));
        });
        Percentile(define, "percentile_cont", SqlType.Interval, (s, fraction) =>
        {
            BareMetalInterval a = s[Before(s, fraction, out double rest)].As<BareMetalInterval>();
            if (rest == 0)
                return Value.From(SqlTypeKind.Interval, a);
            BareMetalInterval b = s[Before(s, fraction, out _) + 1].As<BareMetalInterval>();
            return Value.From(SqlTypeKind.Interval, IntervalFunctions.Sum(a, IntervalFunctions.Multiply(IntervalFunctions.Sum(b, IntervalFunctions.Negate(a)), rest)));
        });
        Percentile(define, "percentile_disc", SqlType.Unknown, (s, fraction) => s[Math.Max(0, (int)Math.Ceiling(fraction * s.Count) - 1)]);
        Add(define, "mode", [SqlType.Unknown], types => types[0], s => s.Longest());
    }

    /// <summary>The row that a fraction of all rows but one lie before, and how far the place is from it to the next.</summary>
    private static int Before(SortedRuns rows, double fraction, out double rest)
    {
        double at = fraction * (rows.Count - 1);
        int row = (int)Math.Floor(at);
        rest = at - row;
        return row;
    }

    /// <summary>A percentile: of one fraction, and of each of an array.</summary>
    private static void Percentile(Definitions define, string name, SqlType type, Func<SortedRuns, double, Value> compute)
    {
        Add(define, name, [SqlType.Double, type], types => type.Kind == SqlTypeKind.Unknown ? types[1] : type, s => compute(s, s.Direct.As<double>()));
        Add(define, name, [SqlType.ArrayOf(SqlType.Double), type], types => SqlType.ArrayOf(type.Kind == SqlTypeKind.Unknown ? types[1] : type), s =>
        {
            ArrayValue fractions = s.Direct.As<ArrayValue>();
            Value[] results = new Value[fractions.Items.Length];
            for (int i = 0; i < results.Length; i++)
                results[i] = fractions.Items[i].IsNull ? Value.Null(s.Type.Kind) : compute(s, fractions.Items[i].As<double>());
            return Value.From(SqlTypeKind.Array, new ArrayValue(s.Type, results));
        });
    }

    private static void Add(Definitions define, string name, SqlType[] parameters, Func<IReadOnlyList<SqlType>, SqlType> result, Func<SortedRuns, Value> compute) =>
        define.Registry.Add(new AggregateFunction
        {
            Name = name,
            Parameters = parameters,
            IsOrderedSet = true,
            ResultType = result,
            CreateAccumulator = (types, _) =>
            {
                TypeComparer comparer = TypeComparer.For(types[^1]);
                return new ObjectAccumulator<SortedRuns>(
                    (s, v) =>
                    {
                        if (s.Count == 0)
                            s.Begin(types[^1], v.Length > 1 ? CheckFractions(v[0]) : default);
                        s.Add(v[^1], 1, comparer);
                    },
                    (s, other) => s.Append(other, comparer),
                    compute,
                    s => s.Bytes,
                    isResultLarge: false);
            },
        });

    private static Value CheckFractions(in Value direct)
    {
        if (direct.Kind != SqlTypeKind.Array)
        {
            CheckFraction(direct);
            return direct;
        }

        foreach (Value item in direct.As<ArrayValue>().Items)
        {
            if (!item.IsNull)
                CheckFraction(item);
        }

        return direct;
    }

    private static void CheckFraction(in Value fraction)
    {
        if (!(fraction.As<double>() is >= 0 and <= 1))
            throw new BareMetalException(SqlStates.NumericOutOfRange, "The fraction of a percentile must be between 0 and 1.");
    }
}
