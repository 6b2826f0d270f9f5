using System.Text;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Tests.Values;

/// <summary>Random values of every type, with many special and near-equal ones, and their order as .NET defines it.</summary>
internal static class RandomValues
{
    public static readonly SqlType[] Types =
    [
        SqlType.Boolean, SqlType.TinyInt, SqlType.SmallInt, SqlType.Integer, SqlType.BigInt, SqlType.UTinyInt, SqlType.USmallInt,
        SqlType.UInteger, SqlType.UBigInt, SqlType.Real, SqlType.Double, SqlType.Decimal, SqlType.Text, SqlType.Bytea, SqlType.Uuid,
        SqlType.Date, SqlType.Time, SqlType.Timestamp, SqlType.TimestampTz, SqlType.DateTimeOffset, SqlType.TimeSpan, SqlType.Interval, SqlType.Json,
        SqlType.Jsonb, SqlType.RowVersion, SqlType.Text with { Collation = "ordinal_ci" }, SqlType.ArrayOf(SqlType.Integer),
        SqlType.ArrayOf(SqlType.Text), SqlType.ArrayOf(SqlType.ArrayOf(SqlType.Decimal)),
    ];

    /// <summary>The seed of this run: BAREMETAL_SEED when set, so that a failure can be repeated.</summary>
    public static int Seed { get; } = int.TryParse(Environment.GetEnvironmentVariable("BAREMETAL_SEED"), out int seed) ? seed : Environment.TickCount;

    public static Value Next(Random random, SqlType type, double nullShare = 0) =>
        nullShare > 0 && random.NextDouble() < nullShare ? Value.Null(type.Kind) : type.Kind switch
        {
            SqlTypeKind.Boolean => Value.From(type.Kind, random.Next(2) == 0),
            SqlTypeKind.TinyInt => Value.From(type.Kind, Pick(random, sbyte.MinValue, sbyte.MaxValue, (sbyte)0, (sbyte)random.Next(-128, 128))),
            SqlTypeKind.SmallInt => Value.From(type.Kind, Pick(random, short.MinValue, short.MaxValue, (short)0, (short)random.Next(-300, 300))),
            SqlTypeKind.Integer => Value.From(type.Kind, Pick(random, int.MinValue, int.MaxValue, 0, random.Next(-5, 5), random.Next())),
            SqlTypeKind.Date => Value.From(type.Kind, random.Next(0, DateOnly.MaxValue.DayNumber + 1)),
            SqlTypeKind.BigInt => Value.From(type.Kind, Pick(random, long.MinValue, long.MaxValue, 0L, random.Next(-5, 5), random.NextInt64())),
            SqlTypeKind.TimeSpan => Value.From(type.Kind, Pick(random, long.MinValue, long.MaxValue, 0L, random.Next(-5, 5), random.NextInt64())),
            SqlTypeKind.Interval => Value.From(type.Kind, new BareMetalInterval(Pick(random, 0, int.MinValue, int.MaxValue, random.Next(-30, 30)), Pick(random, 0, 30, -30, int.MaxValue, random.Next(-99, 99)), Pick(random, 0, TimeSpan.TicksPerDay, long.MinValue, long.MaxValue, random.NextInt64()))),
            SqlTypeKind.Time => Value.From(type.Kind, random.NextInt64(TimeSpan.TicksPerDay)),
            SqlTypeKind.Timestamp or SqlTypeKind.TimestampTz =>
                Value.From(type.Kind, Pick(random, 0L, DateTime.MaxValue.Ticks, random.NextInt64(DateTime.MaxValue.Ticks))),
            SqlTypeKind.UTinyInt => Value.From(type.Kind, (byte)random.Next(256)),
            SqlTypeKind.USmallInt => Value.From(type.Kind, (ushort)random.Next(65536)),
            SqlTypeKind.UInteger => Value.From(type.Kind, Pick(random, 0u, uint.MaxValue, (uint)random.Next())),
            SqlTypeKind.UBigInt or SqlTypeKind.RowVersion => Value.From(type.Kind, Pick(random, 0ul, ulong.MaxValue, (ulong)random.NextInt64())),
            SqlTypeKind.Real => Value.From(type.Kind, Pick(random, 0f, -0f, float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.Epsilon, -float.Epsilon, (float)(random.NextDouble() - 0.5) * 1000)),
            SqlTypeKind.Double => Value.From(type.Kind, Pick(random, 0d, -0d, double.NaN, double.PositiveInfinity, double.NegativeInfinity, double.Epsilon, -double.Epsilon, (random.NextDouble() - 0.5) * 1e10, double.MaxValue)),
            SqlTypeKind.Decimal => Value.From(type.Kind, NextDecimal(random)),
            SqlTypeKind.Uuid => Value.From(type.Kind, NextGuid(random)),
            SqlTypeKind.DateTimeOffset => Value.From(type.Kind, new OffsetInstant(random.NextInt64(TimeSpan.TicksPerDay, DateTime.MaxValue.Ticks - TimeSpan.TicksPerDay) / (random.Next(2) == 0 ? 1 : 1_000_000_000_000) + TimeSpan.TicksPerDay, (short)random.Next(-840, 841))),
            SqlTypeKind.Text => Text(NextText(random)),
            SqlTypeKind.Bytea => Value.From(type.Kind, new ByteSlice(NextBytes(random))),
            SqlTypeKind.Json or SqlTypeKind.Jsonb => Value.From(type.Kind, new ByteSlice(Encoding.UTF8.GetBytes(NextJson(random, 3)))),
            SqlTypeKind.Array => Value.From(type.Kind, NextArray(random, type.Element!)),
            _ => throw new ArgumentException(type.Kind.ToString()),
        };

    public static Value Text(string text) => Value.From(SqlTypeKind.Text, new ByteSlice(Encoding.UTF8.GetBytes(text)));

    public static string TextOf(Value value) => Encoding.UTF8.GetString(value.As<ByteSlice>().Span);

    public static decimal NextDecimal(Random random) => random.Next(5) switch
    {
        0 => Pick(random, 0m, 0.00m, 1m, 1.0m, 1.000m, -1m, -1.00m, decimal.MaxValue, decimal.MinValue, 1e-28m, -1e-28m, 79228162514264337593543950.335m),
        1 => random.Next(-20, 20) * (decimal)Math.Pow(10, random.Next(-3, 4)),
        2 => new decimal(random.Next(), random.Next(), random.Next(), random.Next(2) == 0, (byte)random.Next(29)),
        3 => new decimal(random.Next(), 0, 0, random.Next(2) == 0, (byte)random.Next(29)),
        _ => new decimal(random.Next(-100000, 100000)) / 100m,
    };

    /// <summary>The order that .NET gives two values of a type, neither null.</summary>
    public static int Compare(SqlType type, Value a, Value b)
    {
        switch (type.Kind)
        {
            case SqlTypeKind.Boolean: return a.As<bool>().CompareTo(b.As<bool>());
            case SqlTypeKind.TinyInt: return a.As<sbyte>().CompareTo(b.As<sbyte>());
            case SqlTypeKind.SmallInt: return a.As<short>().CompareTo(b.As<short>());
            case SqlTypeKind.Integer or SqlTypeKind.Date: return a.As<int>().CompareTo(b.As<int>());
            case SqlTypeKind.UTinyInt: return a.As<byte>().CompareTo(b.As<byte>());
            case SqlTypeKind.USmallInt: return a.As<ushort>().CompareTo(b.As<ushort>());
            case SqlTypeKind.UInteger: return a.As<uint>().CompareTo(b.As<uint>());
            case SqlTypeKind.UBigInt or SqlTypeKind.RowVersion: return a.As<ulong>().CompareTo(b.As<ulong>());
            case SqlTypeKind.Real: return Floats(a.As<float>(), b.As<float>());
            case SqlTypeKind.Double: return Floats(a.As<double>(), b.As<double>());
            case SqlTypeKind.Decimal: return a.As<decimal>().CompareTo(b.As<decimal>());
            case SqlTypeKind.Uuid: return a.As<Guid>().CompareTo(b.As<Guid>());
            case SqlTypeKind.Interval: return Length(a.As<BareMetalInterval>()).CompareTo(Length(b.As<BareMetalInterval>()));
            case SqlTypeKind.DateTimeOffset: return a.As<OffsetInstant>().UtcTicks.CompareTo(b.As<OffsetInstant>().UtcTicks);
            case SqlTypeKind.Text when type.Collation == "ordinal_ci":
                return CodePoints(TextOf(a).ToUpperInvariant(), TextOf(b).ToUpperInvariant());
            case SqlTypeKind.Text: return CodePoints(TextOf(a), TextOf(b));
            case SqlTypeKind.Bytea: return a.As<ByteSlice>().Span.SequenceCompareTo(b.As<ByteSlice>().Span);
            case SqlTypeKind.Array:
                Value[] x = a.As<ArrayValue>().Items, y = b.As<ArrayValue>().Items;
                for (int i = 0; i < Math.Min(x.Length, y.Length); i++)
                {
                    if (x[i].IsNull || y[i].IsNull)
                    {
                        if (x[i].IsNull != y[i].IsNull)
                            return x[i].IsNull ? 1 : -1;
                        continue;
                    }

                    int order = Compare(type.Element!, x[i], y[i]);
                    if (order != 0)
                        return order;
                }

                return x.Length.CompareTo(y.Length);
            default: return a.As<long>().CompareTo(b.As<long>());
        }
    }

    /// <summary>Whether two values are the same to the last bit: scale, offset, sign of zero and spelling included.</summary>
    public static bool Identical(SqlType type, Value a, Value b)
    {
        if (a.IsNull || b.IsNull)
            return a.IsNull == b.IsNull && a.Kind == b.Kind;
        switch (type.Kind)
        {
            case SqlTypeKind.Real: return BitConverter.SingleToInt32Bits(a.As<float>()) == BitConverter.SingleToInt32Bits(b.As<float>());
            case SqlTypeKind.Double: return BitConverter.DoubleToInt64Bits(a.As<double>()) == BitConverter.DoubleToInt64Bits(b.As<double>());
            case SqlTypeKind.Decimal: return decimal.GetBits(a.As<decimal>()).AsSpan().SequenceEqual(decimal.GetBits(b.As<decimal>()));
            case SqlTypeKind.Interval: return a.As<BareMetalInterval>() == b.As<BareMetalInterval>();
            case SqlTypeKind.DateTimeOffset: return a.As<OffsetInstant>() == b.As<OffsetInstant>();
            case SqlTypeKind.Text or SqlTypeKind.Bytea or SqlTypeKind.Json or SqlTypeKind.Jsonb:
                return a.As<ByteSlice>().Span.SequenceEqual(b.As<ByteSlice>().Span);
            case SqlTypeKind.Array:
                Value[] x = a.As<ArrayValue>().Items, y = b.As<ArrayValue>().Items;
                if (x.Length != y.Length)
                    return false;
                for (int i = 0; i < x.Length; i++)
                {
                    if (!Identical(type.Element!, x[i], y[i]))
                        return false;
                }

                return true;
            default: return Compare(type, a, b) == 0;
        }
    }

    public static string NextJson(Random random, int depth) => random.Next(depth > 0 ? 9 : 6) switch
    {
        0 => "null",
        1 => random.Next(2) == 0 ? "true" : "false",
        2 => random.Next(-3, 4).ToString(System.Globalization.CultureInfo.InvariantCulture),
        3 => Pick(random, "1.0", "1e0", "10e-1", "100", "1e2", "-0", "0.0", "-2.50", "12345678901234567890123456789012345678901.5", "1e-400"),
        4 => Pick(random, "\"a\"", "\"\\u0061\"", "\"\"", "\"ä\\n\\\"\"", "\"b\"", "\"aa\"", "\"\\ud83d\\ude00\""),
        5 => "  " + random.Next(3) + " ",
        6 or 7 => "[" + string.Join(random.Next(2) == 0 ? "," : " , ", Enumerable.Range(0, random.Next(4)).Select(_ => NextJson(random, depth - 1))) + "]",
        _ => "{" + string.Join(", ", Enumerable.Range(0, random.Next(4)).Select(_ => Pick(random, "\"a\"", "\"b\" ", "\"bb\"", "\"\\u0061\"") + ":" + NextJson(random, depth - 1))) + "}",
    };

    private static System.Numerics.BigInteger Length(BareMetalInterval value) =>
        (((System.Numerics.BigInteger)value.Months * 30) + value.Days) * TimeSpan.TicksPerDay + value.Ticks;

    private static int Floats(double a, double b) =>
        double.IsNaN(a) ? (double.IsNaN(b) ? 0 : 1) : double.IsNaN(b) ? -1 : a.CompareTo(b) is var order && a == b ? 0 : order;

    private static int CodePoints(string a, string b)
    {
        int[] x = [.. a.EnumerateRunes().Select(r => r.Value)], y = [.. b.EnumerateRunes().Select(r => r.Value)];
        return x.AsSpan().SequenceCompareTo(y);
    }

    private static ArrayValue NextArray(Random random, SqlType element) =>
        new(element, [.. Enumerable.Range(0, random.Next(4)).Select(_ => Next(random, element, 0.2))]);

    private static Guid NextGuid(Random random)
    {
        byte[] bytes = new byte[16];
        random.NextBytes(bytes);
        if (random.Next(2) == 0)
            Array.Clear(bytes, 0, 12);
        return random.Next(8) == 0 ? Guid.Empty : new Guid(bytes);
    }

    private static byte[] NextBytes(Random random)
    {
        byte[] bytes = new byte[random.Next(6)];
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] = Pick<byte>(random, 0, 0, 1, 0xFE, 0xFF, (byte)random.Next(256));
        return bytes;
    }

    private static string NextText(Random random)
    {
        StringBuilder text = new();
        for (int i = random.Next(5); i > 0; i--)
            text.Append(Pick(random, "\0", "\u0001", "a", "A", "b", "B", "z", "_", " ", "ä", "Ä", "é", "ß", "\uFFFD", "\uE000", "😀", "𐐀", "𐐨", "я", "Я"));
        return text.ToString();
    }

    private static T Pick<T>(Random random, params T[] options) => options[random.Next(options.Length)];
}
