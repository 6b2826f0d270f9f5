using BareMetal.Data.Functions;
using BareMetal.Data.Tests.Values;
using BareMetal.Data.Types;
using BareMetal.Data.Values;
using Xunit;
using Xunit.Abstractions;
using static BareMetal.Data.Tests.Functions.FunctionHarness;

namespace BareMetal.Data.Tests.Functions;

public sealed class OperatorTests(ITestOutputHelper output)
{
    [Fact]
    public void Arithmetic_promotes_to_the_type_that_holds_both()
    {
        Assert.Equal(3, Call("+", 1, 2));
        Assert.Equal(3L, Call("+", 1, 2L));
        Assert.Equal(3L, Call("+", 1, 2u));
        Assert.Equal(3m, Call("+", 1L, 2ul));
        Assert.Equal((short)3, Call("+", (sbyte)1, (byte)2));
        Assert.Equal(3, Call("+", (short)1, (ushort)2));
        Assert.Equal((short)3, Call("+", (short)1, (sbyte)2));
        Assert.Equal(3.5, Call("+", 1, 2.5));
        Assert.Equal(3.5m, Call("+", 1, 2.5m));
        Assert.Equal(3.5, Call("+", 1m, 2.5f));
        Assert.Equal(3.5f, Call("+", 1f, 2.5f));
        Assert.Null(Call("+", 1, null));
        Assert.Equal((short)-5, Call("-", (byte)5));
        Assert.Equal(-5m, Call("-", 5ul));
    }

    [Fact]
    public void Division_truncates_and_errors_have_their_states()
    {
        Assert.Equal(-2, Call("/", -7, 3));
        Assert.Equal(-1, Call("%", -7, 3));
        Assert.Equal(0, Call("%", int.MinValue, -1));
        Assert.Equal(0L, Call("%", long.MinValue, -1L));
        Assert.Equal(1.0m / 3, Call("/", 1.0m, 3));
        Assert.Equal(double.PositiveInfinity, Call("/", 1.0, 0));
        Assert.Equal(double.NaN, Call("%", 1.0, 0.0));
        Fails(SqlStates.NumericOutOfRange, "+", int.MaxValue, 1);
        Fails(SqlStates.NumericOutOfRange, "*", long.MaxValue, 2L);
        Fails(SqlStates.NumericOutOfRange, "-", byte.MinValue, (byte)1);
        Fails(SqlStates.NumericOutOfRange, "+", short.MaxValue, (short)1);
        Fails(SqlStates.NumericOutOfRange, "/", int.MinValue, -1);
        Fails(SqlStates.NumericOutOfRange, "/", short.MinValue, (short)-1);
        Fails(SqlStates.NumericOutOfRange, "/", sbyte.MinValue, (sbyte)-1);
        Fails(SqlStates.NumericOutOfRange, "-", int.MinValue);
        Fails(SqlStates.NumericOutOfRange, "abs", long.MinValue);
        Fails(SqlStates.NumericOutOfRange, "*", decimal.MaxValue, 10m);
        Fails(SqlStates.DivisionByZero, "/", 1, 0);
        Fails(SqlStates.DivisionByZero, "%", 1m, 0m);
        Fails(SqlStates.DivisionByZero, "div", 1L, 0L);
    }

    [Fact]
    public void Bits_of_integers_and_booleans()
    {
        Assert.Equal(4, Call("&", 6, 12));
        Assert.Equal(14L, Call("|", 6L, 12));
        Assert.Equal(10, Call("#", 6, 12));
        Assert.Equal(-7, Call("~", 6));
        Assert.Equal((byte)24, Call("<<", (byte)6, 2));
        Assert.Equal(-2L, Call(">>", -7L, 2));
        Assert.Equal(true, Call("#", true, false));
        Assert.Equal(false, Call("&", true, false));
    }

    [Fact]
    public void Nulls_hold_garbage_that_never_raises_an_error()
    {
        // The rows behind nulls would overflow and divide by zero.
        ResolvedFunction<ScalarFunction> divide = FunctionRegistry.Default.ResolveScalar("/", [SqlType.Integer, SqlType.Integer])!;
        Vector<int> left = new(SqlType.Integer, 2), right = new(SqlType.Integer, 2), result = new(SqlType.Integer, 2);
        left.Data[0] = 8;
        right.Data[0] = 2;
        right.SetNull(1);
        divide.Function.CreateKernel(divide.ArgumentTypes, divide.ResultType).Evaluate([left, right], 2, result, Context);
        Assert.Equal(4, result.Data[0]);
        Assert.True(result.IsNull(1));
    }

    [Fact]
    public void Comparison_operators_agree_with_the_order_of_values()
    {
        output.WriteLine($"BAREMETAL_SEED={RandomValues.Seed}");
        Random random = new(RandomValues.Seed);
        foreach (SqlType type in RandomValues.Types)
        {
            TypeComparer comparer = TypeComparer.For(type);
            const int count = 60;
            Vector a = Vector.Create(type, count), b = Vector.Create(type, count);
            for (int i = 0; i < count; i++)
            {
                a.SetValue(i, RandomValues.Next(random, type, 0.1));
                b.SetValue(i, random.Next(3) == 0 ? a.GetValue(i) : RandomValues.Next(random, type, 0.1));
            }

            foreach ((string name, Func<int, bool> test) in new (string, Func<int, bool>)[]
            {
                ("=", o => o == 0), ("<>", o => o != 0), ("<", o => o < 0), ("<=", o => o <= 0), (">", o => o > 0), (">=", o => o >= 0),
            })
            {
                ResolvedFunction<ScalarFunction> resolved = FunctionRegistry.Default.ResolveScalar(name, [type, type])!;
                Vector<bool> result = new(SqlType.Boolean, count);
                resolved.Function.CreateKernel(resolved.ArgumentTypes, SqlType.Boolean).Evaluate([a, b], count, result, Context);
                for (int i = 0; i < count; i++)
                {
                    if (a.IsNull(i) || b.IsNull(i))
                    {
                        Assert.True(result.IsNull(i));
                        continue;
                    }

                    Value x = a.GetValue(i), y = b.GetValue(i);
                    int order = type.Kind is SqlTypeKind.Json or SqlTypeKind.Jsonb
                        ? Rows.JsonOrderOracle.Compare(RandomValues.TextOf(x), RandomValues.TextOf(y))
                        : RandomValues.Compare(type, x, y);
                    Assert.Equal(test(order), result.Data[i]);
                    Assert.Equal(Math.Sign(order), Math.Sign(comparer.Compare(x, y)));
                    Assert.Equal(order == 0, comparer.Equals(x, y));
                    if (order == 0)
                        Assert.Equal(comparer.Hash(x), comparer.Hash(y));
                }
            }
        }
    }

    [Fact]
    public void Hashes_of_vectors_and_scalars_agree_and_differ_between_values()
    {
        Random random = new(RandomValues.Seed);
        foreach (SqlType type in RandomValues.Types)
        {
            TypeComparer comparer = TypeComparer.For(type);
            Vector vector = Vector.Create(type, 50);
            for (int i = 0; i < 50; i++)
                vector.SetValue(i, RandomValues.Next(random, type, 0.1));
            ulong[] hashes = new ulong[50], combined = new ulong[50];
            comparer.Hash(vector, 50, hashes, combine: false);
            comparer.Hash(vector, 50, combined, combine: true);
            for (int i = 0; i < 50; i++)
            {
                Assert.Equal(vector.IsNull(i) ? Hashing.NullHash : comparer.Hash(vector.GetValue(i)), hashes[i]);
                for (int j = 0; j < 50; j++)
                {
                    if (comparer.Same(vector, i, vector, j))
                        Assert.Equal(combined[i], combined[j]);
                    else
                        Assert.True(hashes[i] != hashes[j], $"{TypeNames.Format(type)}: {vector.GetValue(i).IsNull} {vector.GetValue(j).IsNull}");
                }
            }

            bool[] same = [.. Enumerable.Repeat(true, 50)];
            int[] rows = [.. Enumerable.Range(0, 50)];
            comparer.AndSame(vector, rows, vector, [.. rows.Reverse()], same);
            for (int i = 0; i < 50; i++)
                Assert.Equal(comparer.Same(vector, i, vector, 49 - i), same[i]);
        }
    }

    [Fact]
    public void Distinctness_greatest_least_and_nullif_treat_nulls_as_values()
    {
        Assert.Equal(false, Call("is_distinct_from", null, null));
        Assert.Equal(true, Call("is_distinct_from", 1, null));
        Assert.Equal(true, Call("is_not_distinct_from", 1L, 1));
        Assert.Equal(3, Call("greatest", 1, null, 3));
        Assert.Equal(1m, Call("least", 2m, 1, 1.5m));
        Assert.Null(Call("greatest", T(null, "integer"), null));
        Assert.Null(Call("nullif", 1, 1L));
        Assert.Equal("a", Call("nullif", "a", "b"));
        Assert.Null(Call("nullif", null, "b"));
    }

    [Fact]
    public void A_case_insensitive_collation_compares_without_case()
    {
        (Value a, _) = FunctionHarness.Sql("Straße");
        (Value b, _) = FunctionHarness.Sql("sTRASSE");
        (Value c, _) = FunctionHarness.Sql("STRAßE");
        SqlType type = SqlType.Text with { Collation = "ordinal_ci" };
        Assert.False(TypeComparer.For(type).Equals(a, b));
        Assert.True(TypeComparer.For(type).Equals(a, c));
        Assert.Equal(SqlStates.UndefinedObject, Assert.Throws<BareMetalException>(() => TypeComparer.For(SqlType.Text with { Collation = "no-such-culture-x" })).SqlState);
    }

    [Fact]
    public void Concatenation_takes_text_other_scalars_arrays_and_bytes()
    {
        Assert.Equal("ab", Call("||", "a", "b"));
        Assert.Equal("a1", Call("||", "a", 1));
        Assert.Equal("1.50b", Call("||", 1.50m, "b"));
        Assert.Equal("{1,2,3}", Call("||", T("{1,2}", "int[]"), 3));
        Assert.Equal("{0,1,2}", Call("||", 0, T("{1,2}", "int[]")));
        Assert.Equal("{1,2,3}", Call("||", T("{1,2}", "int[]"), T("{3}", "bigint[]")));
        Assert.Equal("{a,b,c}", Call("||", T("{a,b}", "text[]"), "c"));
        Assert.Equal("\\x0102", Call("||", new byte[] { 1 }, new byte[] { 2 }));
        Assert.Equal("{\"a\": 1, \"b\": 2}", Call("||", T("{\"a\":0}", "jsonb"), T("{\"b\":2,\"a\":1}", "jsonb")));
    }
}
