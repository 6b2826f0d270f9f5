using BareMetal.Data.Rows;
using BareMetal.Data.Tests.Values;
using BareMetal.Data.Types;
using BareMetal.Data.Values;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Tests.Rows;

public sealed class KeyEncoderTests(ITestOutputHelper output)
{
    public static TheoryData<int, bool, bool> Orders()
    {
        TheoryData<int, bool, bool> data = [];
        for (int i = 0; i < RandomValues.Types.Length; i++)
        {
            foreach (bool descending in new[] { false, true })
            {
                foreach (bool nullsFirst in new[] { false, true })
                    data.Add(i, descending, nullsFirst);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Orders))]
    public void Keys_sort_as_their_values_do(int typeIndex, bool descending, bool nullsFirst)
    {
        SqlType type = RandomValues.Types[typeIndex];
        Random random = Start();
        KeyEncoder encoder = KeyEncoder.Create(type, descending, nullsFirst);
        Value[] values = [.. Enumerable.Range(0, 150).Select(_ => RandomValues.Next(random, type, 0.05))];
        byte[][] keys = [.. values.Select(v => Encode(encoder, v))];
        for (int i = 0; i < values.Length; i++)
        {
            for (int j = 0; j < values.Length; j++)
            {
                int actual = Math.Sign(keys[i].AsSpan().SequenceCompareTo(keys[j]));
                Assert.Equal(Expected(type, values[i], values[j], descending, nullsFirst), actual);
                if (actual != 0)
                    Assert.False(keys[j].AsSpan().StartsWith(keys[i]), "one key is a prefix of another");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Orders))]
    public void Parts_are_skipped_and_read_back_whatever_follows(int typeIndex, bool descending, bool nullsFirst)
    {
        SqlType type = RandomValues.Types[typeIndex];
        Random random = Start();
        foreach (bool nullable in new[] { true, false })
        {
            KeyEncoder encoder = KeyEncoder.Create(type, descending, nullsFirst, nullable);
            for (int i = 0; i < 200; i++)
            {
                Value value = RandomValues.Next(random, type, nullable ? 0.1 : 0);
                RowBuffer buffer = new();
                buffer.AppendByte(7);
                encoder.Append(buffer, value);
                int end = buffer.Length;
                buffer.Append([0, 0, 255, 255, 1]);
                Assert.Equal(end, encoder.Skip(buffer.Span, 1));
                Assert.Equal(value.IsNull, encoder.IsNull(buffer.Span, 1));
                if (!encoder.IsInvertible)
                    continue;
                int at = 1;
                Value back = encoder.Read(buffer.Span, ref at);
                Assert.Equal(end, at);
                Assert.True(RandomValues.Identical(type, value, back));
            }
        }
    }

    [Fact]
    public void Vector_rows_and_scalars_give_the_same_key()
    {
        Random random = Start();
        foreach (SqlType type in RandomValues.Types)
        {
            KeyEncoder encoder = KeyEncoder.Create(type, descending: true);
            Vector vector = Vector.Create(type, 20);
            for (int i = 0; i < 20; i++)
                vector.SetValue(i, RandomValues.Next(random, type, 0.2));
            for (int i = 0; i < 20; i++)
            {
                RowBuffer fromVector = new();
                encoder.Append(fromVector, vector, i);
                Assert.Equal(Encode(encoder, vector.GetValue(i)), fromVector.ToArray());
            }
        }
    }

    [Fact]
    public void Equal_values_of_different_spelling_have_one_key()
    {
        Same(SqlType.Decimal, Value.From(SqlTypeKind.Decimal, 1.0m), Value.From(SqlTypeKind.Decimal, 1.000m));
        Same(SqlType.Decimal, Value.From(SqlTypeKind.Decimal, 0m), Value.From(SqlTypeKind.Decimal, -0.00m));
        Same(SqlType.Double, Value.From(SqlTypeKind.Double, 0d), Value.From(SqlTypeKind.Double, -0d));
        Same(SqlType.Real, Value.From(SqlTypeKind.Real, float.NaN), Value.From(SqlTypeKind.Real, BitConverter.Int32BitsToSingle(0x7FC00001)));
        Same(SqlType.DateTimeOffset, Value.From(SqlTypeKind.DateTimeOffset, new OffsetInstant(5, 60)), Value.From(SqlTypeKind.DateTimeOffset, new OffsetInstant(5, -60)));
        SqlType ignoreCase = SqlType.Text with { Collation = "ordinal_ci" };
        Same(ignoreCase, RandomValues.Text("Straße ÄÖ"), RandomValues.Text("sTRAßE äö"));
        Assert.NotEqual(Encode(KeyEncoder.Create(ignoreCase), RandomValues.Text("ı")), Encode(KeyEncoder.Create(ignoreCase), RandomValues.Text("i")));
    }

    [Fact]
    public void A_culture_collation_orders_as_its_culture()
    {
        SqlType type = SqlType.Text with { Collation = "de-DE" };
        KeyEncoder encoder = KeyEncoder.Create(type);
        string[] words = ["zebra", "Äpfel", "apfel", "Zebra", "äpfel", "Öl", "ol"];
        string[] byKey = [.. words.OrderBy(w => Convert.ToHexString(Encode(encoder, RandomValues.Text(w))), StringComparer.Ordinal)];
        string[] byCulture = [.. words.OrderBy(w => w, StringComparer.Create(new System.Globalization.CultureInfo("de-DE"), false))];
        Assert.Equal(byCulture, byKey);
    }

    [Fact]
    public void A_text_prefix_and_its_end_enclose_exactly_the_texts_that_begin_with_it()
    {
        Random random = Start();
        foreach (bool descending in new[] { false, true })
        {
            KeyEncoder encoder = KeyEncoder.Create(SqlType.Text, descending);
            for (int i = 0; i < 500; i++)
            {
                Value prefix = RandomValues.Next(random, SqlType.Text), text = RandomValues.Next(random, SqlType.Text);
                RowBuffer start = new(), end = new();
                KeyRanges.AppendTextPrefix(encoder, prefix.As<ByteSlice>().Span, start);
                end.Append(start.Span);
                bool bounded = KeyRanges.TryMakeEnd(end);
                byte[] key = Encode(encoder, text);
                bool inRange = key.AsSpan().SequenceCompareTo(start.Span) >= 0 && (!bounded || key.AsSpan().SequenceCompareTo(end.Span) < 0);
                Assert.Equal(text.As<ByteSlice>().Span.StartsWith(prefix.As<ByteSlice>().Span), inRange);
            }
        }
    }

    [Fact]
    public void Damaged_keys_are_reported_as_corruption()
    {
        foreach (SqlType type in RandomValues.Types)
        {
            KeyEncoder encoder = KeyEncoder.Create(type);
            byte[] key = Encode(encoder, RandomValues.Next(new Random(5), type));
            for (int length = 0; length < key.Length; length++)
            {
                BareMetalException error = Assert.Throws<BareMetalException>(() => encoder.Skip(key.AsSpan(0, length), 0));
                Assert.Equal(SqlStates.DataCorrupted, error.SqlState);
            }
        }
    }

    private static int Expected(SqlType type, Value a, Value b, bool descending, bool nullsFirst)
    {
        if (a.IsNull || b.IsNull)
            return a.IsNull == b.IsNull ? 0 : a.IsNull == nullsFirst ? -1 : 1;
        int order = type.Kind is SqlTypeKind.Json or SqlTypeKind.Jsonb
            ? JsonOrderOracle.Compare(RandomValues.TextOf(a), RandomValues.TextOf(b))
            : RandomValues.Compare(type, a, b);
        return descending ? -Math.Sign(order) : Math.Sign(order);
    }

    private static void Same(SqlType type, Value a, Value b)
    {
        KeyEncoder encoder = KeyEncoder.Create(type);
        Assert.Equal(Encode(encoder, a), Encode(encoder, b));
    }

    private static byte[] Encode(KeyEncoder encoder, Value value)
    {
        RowBuffer buffer = new();
        encoder.Append(buffer, value);
        return buffer.ToArray();
    }

    private Random Start()
    {
        output.WriteLine($"BAREMETAL_SEED={RandomValues.Seed}");
        return new Random(RandomValues.Seed);
    }
}
