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
        Percentile(define, "percentile_cont", SqlType.Double, (a, b, rest) =>
            Value.From(SqlTypeKind.Double, a.As<double>() + ((b.As<double>() - a.As<double>()) * rest)));
        Percentile(define, "percentile_cont", SqlType.Interval, (a, b, rest) =>
        {
            BareMetalInterval from = a.As<BareMetalInterval>();
            BareMetalInterval way = IntervalFunctions.Sum(b.As<BareMetalInterval>(), IntervalFunctions.Negate(from));
            return Value.From(SqlTypeKind.Interval, IntervalFunctions.Sum(from, IntervalFunctions.Multiply(way, rest)));
        });
        Percentile(define, "percentile_disc", SqlType.Unknown, null);
        Add(define, "mode", [SqlType.Unknown], types => types[0], types =>
        {
            TypeComparer comparer = TypeComparer.For(types[0]);
            return new ObjectAccumulator<ModeState>(
                (s, v) => s.Add(v[0], comparer), (_, _) => throw new NotSupportedException("Rows in order come to one state."), s => s.Best, s => s.Bytes, isResultLarge: false);
        });
    }

    /// <summary>A percentile: of one fraction, and of each of an array.</summary>
    private static void Percentile(Definitions define, string name, SqlType type, Func<Value, Value, double, Value>? between)
    {
        foreach (bool isArray in new[] { false, true })
        {
            SqlType fraction = isArray ? SqlType.ArrayOf(SqlType.Double) : SqlType.Double;
            Add(
                define,
                name,
                [fraction, type],
                types => isArray ? SqlType.ArrayOf(ValueType(types)) : ValueType(types),
                types => new PercentileAccumulator(ValueType(types), isArray, between));
        }

        SqlType ValueType(IReadOnlyList<SqlType> types) => type.Kind == SqlTypeKind.Unknown ? types[1] : type;
    }

    private static void Add(Definitions define, string name, SqlType[] parameters, Func<IReadOnlyList<SqlType>, SqlType> result, Func<IReadOnlyList<SqlType>, Accumulator> create) =>
        define.Registry.Add(new AggregateFunction
        {
            Name = name,
            Parameters = parameters,
            IsOrderedSet = true,
            ResultType = result,
            CreateAccumulator = (types, _) => create(types),
        });

    /// <summary>The value of most rows so far, the first of several, and the one that is being counted.</summary>
    private sealed class ModeState
    {
        private Value _current;
        private long _rows;
        private long _most;

        public Value Best { get; private set; }

        public long Bytes => 120 + Size(_current) + Size(Best);

        public void Add(in Value value, TypeComparer comparer)
        {
            if (_rows == 0 || !comparer.Equals(_current, value))
                (_current, _rows) = (value, 0);
            if (++_rows > _most)
                (Best, _most) = (_current, _rows);
        }

        private static long Size(in Value value) => value.IsNull || value.Kind is not (SqlTypeKind.Text or SqlTypeKind.Bytea or SqlTypeKind.Json or SqlTypeKind.Jsonb) ? 0 : value.As<ByteSlice>().Length;
    }
}
