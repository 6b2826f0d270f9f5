using BareMetal.Data.Functions.Json;
using BareMetal.Data.Rows;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Aggregates;

/// <summary>The aggregate functions.</summary>
internal static class AggregateFunctions
{
    public static void Define(Definitions define)
    {
        SqlType big = SqlType.BigInt, dec = SqlType.Decimal, dbl = SqlType.Double, span = SqlType.TimeSpan, boolean = SqlType.Boolean;
        Add(define, "count", big, () => new CountAccumulator(star: true), [], star: true);
        Add(define, "count", big, () => new CountAccumulator(star: false), [SqlType.Unknown]);
        Small<int>(define, SqlType.Integer);
        Small<short>(define, SqlType.SmallInt);
        Small<sbyte>(define, SqlType.TinyInt);
        Small<byte>(define, SqlType.UTinyInt);
        Small<ushort>(define, SqlType.USmallInt);
        Small<uint>(define, SqlType.UInteger);
        Large<long>(define, SqlType.BigInt);
        Large<ulong>(define, SqlType.UBigInt);
        Add(define, "sum", dec, () => new FoldAccumulator<decimal, DecimalSum, decimal, SumOfDecimal>(), [dec]);
        Add(define, "avg", dec, () => new FoldAccumulator<decimal, DecimalSum, decimal, AverageOfDecimal>(), [dec]);
        Add(define, "sum", dbl, () => new FoldAccumulator<double, DoubleSum, double, SumOfFloat<double>>(), [dbl]);
        Add(define, "avg", dbl, () => new FoldAccumulator<double, DoubleSum, double, AverageOfFloat<double>>(), [dbl]);
        Add(define, "sum", SqlType.Real, () => new FoldAccumulator<float, DoubleSum, float, SumOfFloat<float>>(), [SqlType.Real]);
        Add(define, "avg", dbl, () => new FoldAccumulator<float, DoubleSum, double, AverageOfFloat<float>>(), [SqlType.Real]);
        Add(define, "sum", span, () => new FoldAccumulator<long, IntegerSum, long, SumOfSpan>(), [span]);
        Add(define, "avg", span, () => new FoldAccumulator<long, IntegerSum, long, AverageOfSpan>(), [span]);
        Add(define, "sum", SqlType.Interval, () => new FoldAccumulator<BareMetalInterval, IntervalSum, BareMetalInterval, SumOfInterval>(), [SqlType.Interval]);
        Add(define, "avg", SqlType.Interval, () => new FoldAccumulator<BareMetalInterval, IntervalSum, BareMetalInterval, AverageOfInterval>(), [SqlType.Interval]);
        Extreme(define, "min", -1);
        Extreme(define, "max", 1);
        Add(define, "bool_and", boolean, () => new FoldAccumulator<bool, BooleanState, bool, AllTrue>(), [boolean], duplicates: false);
        Add(define, "every", boolean, () => new FoldAccumulator<bool, BooleanState, bool, AllTrue>(), [boolean], duplicates: false);
        Add(define, "bool_or", boolean, () => new FoldAccumulator<bool, BooleanState, bool, AnyTrue>(), [boolean], duplicates: false);
        Variances(define);
        Pairs(define);
        Texts(define);
        Collections(define);
        OrderedSetAggregates.Define(define);
    }

    private static void Small<T>(Definitions define, SqlType type)
        where T : struct, System.Numerics.IBinaryInteger<T>
    {
        Add(define, "sum", SqlType.BigInt, () => new FoldAccumulator<T, LongSum, long, SumToLong<T>>(), [type]);
        Add(define, "avg", SqlType.Decimal, () => new FoldAccumulator<T, LongSum, decimal, AverageOfInteger<T>>(), [type]);
        Bits<T>(define, type);
    }

    private static void Large<T>(Definitions define, SqlType type)
        where T : struct, System.Numerics.IBinaryInteger<T>
    {
        Add(define, "sum", SqlType.Decimal, () => new FoldAccumulator<T, IntegerSum, decimal, SumToDecimal<T>>(), [type]);
        Add(define, "avg", SqlType.Decimal, () => new FoldAccumulator<T, IntegerSum, decimal, AverageOfLong<T>>(), [type]);
        Bits<T>(define, type);
    }

    private static void Bits<T>(Definitions define, SqlType type)
        where T : struct, System.Numerics.IBinaryInteger<T>
    {
        Add(define, "bit_and", type, () => new FoldAccumulator<T, BitState<T>, T, BitAnd<T>>(), [type], duplicates: false);
        Add(define, "bit_or", type, () => new FoldAccumulator<T, BitState<T>, T, BitOr<T>>(), [type], duplicates: false);
        Add(define, "bit_xor", type, () => new FoldAccumulator<T, BitState<T>, T, BitXor<T>>(), [type]);
    }

    private static void Extreme(Definitions define, string name, int sign) => define.Registry.Add(new AggregateFunction
    {
        Name = name,
        Parameters = [SqlType.Unknown],
        IsDuplicateSensitive = false,
        ResultType = types => types[0],
        CreateAccumulator = (types, _) => CreateExtreme(types[0], sign),
    });

    private static Accumulator CreateExtreme(SqlType type, int sign) => type.Kind switch
    {
        SqlTypeKind.Boolean => new ExtremeAccumulator<bool, NaturalOrder<bool>>(default, sign),
        SqlTypeKind.TinyInt => new ExtremeAccumulator<sbyte, NaturalOrder<sbyte>>(default, sign),
        SqlTypeKind.SmallInt => new ExtremeAccumulator<short, NaturalOrder<short>>(default, sign),
        SqlTypeKind.Integer or SqlTypeKind.Date => new ExtremeAccumulator<int, NaturalOrder<int>>(default, sign),
        SqlTypeKind.BigInt or SqlTypeKind.Time or SqlTypeKind.Timestamp or SqlTypeKind.TimestampTz or SqlTypeKind.TimeSpan =>
            new ExtremeAccumulator<long, NaturalOrder<long>>(default, sign),
        SqlTypeKind.UTinyInt => new ExtremeAccumulator<byte, NaturalOrder<byte>>(default, sign),
        SqlTypeKind.USmallInt => new ExtremeAccumulator<ushort, NaturalOrder<ushort>>(default, sign),
        SqlTypeKind.UInteger => new ExtremeAccumulator<uint, NaturalOrder<uint>>(default, sign),
        SqlTypeKind.UBigInt or SqlTypeKind.RowVersion => new ExtremeAccumulator<ulong, NaturalOrder<ulong>>(default, sign),
        SqlTypeKind.Real => new ExtremeAccumulator<float, FloatOrder<float>>(default, sign),
        SqlTypeKind.Double => new ExtremeAccumulator<double, FloatOrder<double>>(default, sign),
        SqlTypeKind.Decimal => new ExtremeAccumulator<decimal, NaturalOrder<decimal>>(default, sign),
        SqlTypeKind.Uuid => new ExtremeAccumulator<Guid, NaturalOrder<Guid>>(default, sign),
        SqlTypeKind.Interval => new ExtremeAccumulator<BareMetalInterval, IntervalOrder>(default, sign),
        SqlTypeKind.DateTimeOffset => new ExtremeAccumulator<OffsetInstant, InstantOrder>(default, sign),
        SqlTypeKind.Json or SqlTypeKind.Jsonb => new ExtremeAccumulator<ByteSlice, JsonOrder>(default, sign),
        SqlTypeKind.Array => new ExtremeAccumulator<ArrayValue, ArrayOrder>(new ArrayOrder(TypeComparer.For(type.Element!)), sign),
        SqlTypeKind.Text when !Collation.Get(type.Collation).IsOrdinal =>
            new ExtremeAccumulator<ByteSlice, CollationOrder>(new CollationOrder(Collation.Get(type.Collation)), sign),
        SqlTypeKind.Text or SqlTypeKind.Bytea or SqlTypeKind.Unknown => new ExtremeAccumulator<ByteSlice, BytesOrder>(default, sign),
        _ => throw new BareMetalException(SqlStates.UndefinedFunction, $"Values of type {TypeNames.Format(type)} have no order, so neither min nor max."),
    };

    private static void Variances(Definitions define)
    {
        foreach (string name in new[] { "variance", "var_samp" })
            Add(define, name, SqlType.Double, () => new FoldAccumulator<double, VarianceState, double, Variance<VarianceSample>>(), [SqlType.Double]);
        foreach (string name in new[] { "stddev", "stddev_samp" })
            Add(define, name, SqlType.Double, () => new FoldAccumulator<double, VarianceState, double, Variance<DeviationSample>>(), [SqlType.Double]);
        Add(define, "var_pop", SqlType.Double, () => new FoldAccumulator<double, VarianceState, double, Variance<VariancePopulation>>(), [SqlType.Double]);
        Add(define, "stddev_pop", SqlType.Double, () => new FoldAccumulator<double, VarianceState, double, Variance<DeviationPopulation>>(), [SqlType.Double]);
    }

    private sealed class PairState
    {
        public long Count;
        public double MeanX, MeanY, SquaresX, SquaresY, Products;

        public void Add(double y, double x)
        {
            Count++;
            double dx = x - MeanX, dy = y - MeanY;
            MeanX += dx / Count;
            MeanY += dy / Count;
            SquaresX += dx * (x - MeanX);
            SquaresY += dy * (y - MeanY);
            Products += dx * (y - MeanY);
        }

        public void Merge(PairState other)
        {
            if (other.Count == 0)
                return;
            long count = Count + other.Count;
            double dx = other.MeanX - MeanX, dy = other.MeanY - MeanY, weight = (double)Count * other.Count / count;
            SquaresX += other.SquaresX + dx * dx * weight;
            SquaresY += other.SquaresY + dy * dy * weight;
            Products += other.Products + dx * dy * weight;
            MeanX += dx * other.Count / count;
            MeanY += dy * other.Count / count;
            Count = count;
        }
    }

    private static void Pairs(Definitions define)
    {
        Pair(define, "corr", s => s.SquaresX == 0 || s.SquaresY == 0 ? null : s.Products / Math.Sqrt(s.SquaresX * s.SquaresY));
        Pair(define, "covar_pop", s => s.Products / s.Count);
        Pair(define, "covar_samp", s => s.Count < 2 ? null : s.Products / (s.Count - 1));
        Pair(define, "regr_avgx", s => s.MeanX);
        Pair(define, "regr_avgy", s => s.MeanY);
        Pair(define, "regr_sxx", s => s.SquaresX);
        Pair(define, "regr_syy", s => s.SquaresY);
        Pair(define, "regr_sxy", s => s.Products);
        Pair(define, "regr_slope", s => s.SquaresX == 0 ? null : s.Products / s.SquaresX);
        Pair(define, "regr_intercept", s => s.SquaresX == 0 ? null : s.MeanY - s.Products / s.SquaresX * s.MeanX);
        Pair(define, "regr_r2", s => s.SquaresX == 0 ? null : s.SquaresY == 0 ? 1 : s.Products * s.Products / (s.SquaresX * s.SquaresY));
        Add(define, "regr_count", SqlType.BigInt, () => new RegressionCount(), [SqlType.Double, SqlType.Double]);
    }

    private static void Pair(Definitions define, string name, Func<PairState, double?> result) =>
        Add(define, name, SqlType.Double, () => new ObjectAccumulator<PairState>(
            (s, v) => s.Add(v[0].As<double>(), v[1].As<double>()),
            (s, other) => s.Merge(other),
            s => result(s) is { } value ? Value.From(SqlTypeKind.Double, value) : Value.Null(SqlTypeKind.Double),
            _ => 72,
            grows: false), [SqlType.Double, SqlType.Double]);

    /// <summary>Counts the rows where both arguments are there.</summary>
    private sealed class RegressionCount : Accumulator
    {
        private long[] _counts = new long[1];

        public override long MemoryBytes => _counts.Length * 8L;

        public override void EnsureGroups(int count)
        {
            if (count > _counts.Length)
                Array.Resize(ref _counts, Math.Max(count, _counts.Length * 2));
        }

        public override void Add(ReadOnlySpan<Values.Vector> arguments, int count, ReadOnlySpan<int> groups, FunctionContext context)
        {
            for (int i = 0; i < count; i++)
                _counts[groups.IsEmpty ? 0 : groups[i]] += Kernels.KernelSupport.AnyNull(arguments, i) ? 0 : 1;
        }

        public override void Merge(Accumulator other, ReadOnlySpan<int> groups)
        {
            for (int i = 0; i < groups.Length; i++)
                _counts[groups[i]] += ((RegressionCount)other)._counts[i];
        }

        public override void Result(int first, int count, Values.Vector result) => _counts.AsSpan(first, count).CopyTo(((Values.Vector<long>)result).Data);

        public override void Clear()
        {
            if (_counts.Length > KeptGroups)
                _counts = new long[1];
            else
                Array.Clear(_counts);
        }
    }

    private sealed class TextState
    {
        public readonly RowBuffer Bytes = new(64);
        public bool Any;

        // The separator of the first value: it comes before that value when states are merged.
        public byte[] FirstSeparator = [];
    }

    private static void Texts(Definitions define)
    {
        foreach (SqlType type in new[] { SqlType.Text, SqlType.Bytea })
        {
            SqlTypeKind kind = type.Kind;
            Add(define, "string_agg", type, () => new ObjectAccumulator<TextState>(
                (s, v) =>
                {
                    if (v[0].IsNull)
                        return;
                    ReadOnlySpan<byte> separator = v[1].IsNull ? default : v[1].As<ByteSlice>().Span;
                    if (s.Any)
                        s.Bytes.Append(separator);
                    else
                        s.FirstSeparator = separator.ToArray();
                    s.Any = true;
                    s.Bytes.Append(v[0].As<ByteSlice>().Span);
                },
                (s, other) =>
                {
                    if (!other.Any)
                        return;
                    if (s.Any)
                        s.Bytes.Append(other.FirstSeparator);
                    else
                        s.FirstSeparator = other.FirstSeparator;
                    s.Any = true;
                    s.Bytes.Append(other.Bytes.Span);
                },
                s => s.Any ? Value.From(kind, new ByteSlice(s.Bytes.ToArray())) : Value.Null(kind),
                s => s.Bytes.Array.Length + 64,
                skipNulls: false), [type, type], ordered: true);
        }
    }

    private sealed class ListState
    {
        public readonly List<Value> Items = [];
        public long Bytes;
    }

    private static void Collections(Definitions define)
    {
        define.Registry.Add(new AggregateFunction
        {
            Name = "array_agg",
            Parameters = [SqlType.Unknown],
            IsOrderSensitive = true,
            ResultType = types => SqlType.ArrayOf(types[0]),
            CreateAccumulator = (types, _) => Listing(s => Value.From(SqlTypeKind.Array, new ArrayValue(types[0], [.. s.Items])), skipNulls: false),
        });
        define.Registry.Add(new AggregateFunction
        {
            Name = "any_value",
            Parameters = [SqlType.Unknown],
            IsDuplicateSensitive = false,
            ResultType = types => types[0],
            CreateAccumulator = (types, _) => new ObjectAccumulator<ListState>(
                (s, v) =>
                {
                    if (s.Items.Count == 0)
                        s.Items.Add(v[0]);
                },
                (s, other) =>
                {
                    if (s.Items.Count == 0)
                        s.Items.AddRange(other.Items);
                },
                s => s.Items[0],
                s => 100 + s.Items.Sum(v => Size(v)),
                grows: false),
        });
        foreach (SqlTypeKind kind in new[] { SqlTypeKind.Json, SqlTypeKind.Jsonb })
        {
            string prefix = kind == SqlTypeKind.Json ? "json" : "jsonb";
            foreach (bool strict in new[] { false, true })
            {
                define.Registry.Add(new AggregateFunction
                {
                    Name = prefix + (strict ? "_agg_strict" : "_agg"),
                    Parameters = [SqlType.Unknown],
                    IsOrderSensitive = true,
                    ResultType = _ => new SqlType(kind),
                    CreateAccumulator = (types, _) => Listing(s => ToJsonArray(kind, types[0], s.Items), skipNulls: strict),
                });
                foreach (bool unique in new[] { false, true })
                {
                    define.Registry.Add(new AggregateFunction
                    {
                        Name = prefix + "_object_agg" + (unique ? "_unique" : "") + (strict ? "_strict" : ""),
                        Parameters = [SqlType.Unknown, SqlType.Unknown],
                        ResultType = _ => new SqlType(kind),
                        CreateAccumulator = (types, _) => ObjectMembers(kind, types, strict, unique),
                    });
                }
            }
        }
    }

    /// <summary>Names and values as an object.</summary>
    /// <param name="kind">json or jsonb.</param>
    /// <param name="types">The types of name and value.</param>
    /// <param name="strict">Whether members whose value is null are left out.</param>
    /// <param name="unique">Whether a name that comes twice is an error.</param>
    private static ObjectAccumulator<ListState> ObjectMembers(SqlTypeKind kind, IReadOnlyList<SqlType> types, bool strict, bool unique) => new(
        (s, v) =>
        {
            if (v[0].IsNull)
                throw new BareMetalException(SqlStates.NullValueNotAllowed, "The name of an object's member is null.");
            if (strict && v[1].IsNull)
                return;
            s.Items.Add(v[0]);
            s.Items.Add(v[1]);
            s.Bytes += Size(v[0]) + Size(v[1]);
        },
        (s, other) =>
        {
            s.Items.AddRange(other.Items);
            s.Bytes += other.Bytes;
        },
        s =>
        {
            if (unique)
                CheckNames(types[0], s.Items);
            return ToJsonObject(kind, types, s.Items);
        },
        s => s.Bytes,
        skipNulls: false);

    private static void CheckNames(SqlType type, List<Value> items)
    {
        HashSet<string> names = new(StringComparer.Ordinal);
        RowBuffer name = new();
        for (int i = 0; i < items.Count; i += 2)
        {
            name.Clear();
            ValueText.Append(type, items[i], name);
            string text = Utf8.ToString(name.Span);
            if (!names.Add(text))
                throw new BareMetalException("22030", $"The object would have two members \"{text}\".");
        }
    }

    private static ObjectAccumulator<ListState> Listing(Func<ListState, Value> result, bool skipNulls) => new(
        (s, v) =>
        {
            s.Items.Add(v[0]);
            s.Bytes += Size(v[0]);
        },
        (s, other) =>
        {
            s.Items.AddRange(other.Items);
            s.Bytes += other.Bytes;
        },
        result,
        s => s.Bytes,
        skipNulls);

    private static long Size(in Value value) => 32 + (value.IsNull ? 0 : value.Kind switch
    {
        SqlTypeKind.Text or SqlTypeKind.Bytea or SqlTypeKind.Json or SqlTypeKind.Jsonb => value.As<ByteSlice>().Length + 24,
        SqlTypeKind.Array or SqlTypeKind.Record => value.As<ArrayValue>().Items.Length * 32L + 40,
        _ => 0,
    });

    private static Value ToJsonArray(SqlTypeKind kind, SqlType type, List<Value> items)
    {
        RowBuffer output = new(64);
        output.AppendByte((byte)'[');
        for (int i = 0; i < items.Count; i++)
        {
            if (i > 0)
                output.Append(", "u8);
            JsonWriter.Write(type, items[i], output);
        }

        output.AppendByte((byte)']');
        return JsonWriter.ToValue(kind, output);
    }

    private static Value ToJsonObject(SqlTypeKind kind, IReadOnlyList<SqlType> types, List<Value> items)
    {
        RowBuffer output = new(64), name = new();
        output.Append("{ "u8);
        for (int i = 0; i < items.Count; i += 2)
        {
            if (i > 0)
                output.Append(", "u8);
            name.Clear();
            ValueText.Append(types[0], items[i], name);
            JsonText.WriteString(name.Span, output);
            output.Append(" : "u8);
            JsonWriter.Write(types[1], items[i + 1], output);
        }

        output.Append(" }"u8);
        return JsonWriter.ToValue(kind, output);
    }

    private static void Add(Definitions define, string name, SqlType result, Func<Accumulator> create, SqlType[] parameters, bool star = false, bool duplicates = true, bool ordered = false) =>
        define.Registry.Add(new AggregateFunction
        {
            Name = name,
            Parameters = parameters,
            IsStar = star,
            IsDuplicateSensitive = duplicates,
            IsOrderSensitive = ordered,
            ResultType = _ => result,
            CreateAccumulator = (_, _) => create(),
        });
}
