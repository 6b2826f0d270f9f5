using BigInteger = System.Numerics.BigInteger;
using BareMetal.Data.Functions;
using BareMetal.Data.Tests.Values;
using BareMetal.Data.Types;
using BareMetal.Data.Values;
using Xunit;
using Xunit.Abstractions;
using static BareMetal.Data.Tests.Functions.FunctionHarness;

namespace BareMetal.Data.Tests.Functions;

public sealed class AggregateFunctionTests(ITestOutputHelper output)
{
    [Fact]
    public void Sums_and_averages_have_postgresqls_types_and_skip_nulls()
    {
        Assert.Equal(6L, Aggregate("sum", 1, null, 5));
        Assert.Equal(3m, Aggregate("avg", 1, null, 5));
        Assert.Equal(2L * int.MaxValue, Aggregate("sum", int.MaxValue, int.MaxValue));
        Assert.Equal((decimal)long.MaxValue * 2, Aggregate("sum", long.MaxValue, long.MaxValue));
        Assert.Equal((decimal)ulong.MaxValue * 2, Aggregate("sum", ulong.MaxValue, ulong.MaxValue));
        Assert.Equal(1.5m, Aggregate("avg", 1L, 2L));
        Assert.Equal(6.5, Aggregate("sum", 1.5, 5.0));
        Assert.Equal(3.25, Aggregate("avg", 1.5f, 5.0f));
        Assert.Equal(6.5f, Aggregate("sum", 1.5f, 5.0f));
        Assert.Equal(TimeSpan.FromMinutes(90), Aggregate("sum", TimeSpan.FromMinutes(30), TimeSpan.FromHours(1)));
        Assert.Equal(TimeSpan.FromMinutes(45), Aggregate("avg", TimeSpan.FromMinutes(30), TimeSpan.FromHours(1)));
        Assert.Null(AggregateRows("sum", [[null]], [SqlType.Integer]));
        Assert.Equal(0L, AggregateRows("count", [[null]], [SqlType.Integer]));
        Assert.Equal(2L, Aggregate("count", 1, null, 5));
    }

    [Fact]
    public void Decimal_sums_are_exact_and_fail_only_on_the_result()
    {
        Assert.Equal("3.50", ((decimal)Aggregate("sum", 1.25m, 2.25m)!).ToString(System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(decimal.MaxValue, Aggregate("sum", decimal.MaxValue, decimal.MaxValue, -decimal.MaxValue));
        Assert.Equal(decimal.MaxValue, Aggregate("avg", decimal.MaxValue, decimal.MaxValue));
        Assert.Equal(0m, Aggregate("sum", 1e-28m, decimal.MaxValue, -decimal.MaxValue, -1e-28m));
        Assert.Equal(SqlStates.NumericOutOfRange, Assert.Throws<BareMetalException>(() => Aggregate("sum", decimal.MaxValue, 1m)).SqlState);
        output.WriteLine($"BAREMETAL_SEED={RandomValues.Seed}");
        Random random = new(RandomValues.Seed);
        for (int i = 0; i < 100; i++)
        {
            decimal[] values = [.. Enumerable.Range(0, random.Next(1, 30)).Select(_ => RandomValues.NextDecimal(random))];
            BigInteger exact = values.Aggregate(BigInteger.Zero, (sum, v) => sum + new BigInteger(new decimal(decimal.GetBits(v)[0], decimal.GetBits(v)[1], decimal.GetBits(v)[2], v < 0, 0)) * BigInteger.Pow(10, 28 - v.Scale));
            object? actual;
            try
            {
                actual = Aggregate("sum", [.. values.Cast<object>()]);
            }
            catch (BareMetalException e) when (e.SqlState == SqlStates.NumericOutOfRange)
            {
                Assert.True(BigInteger.Abs(exact) > (new BigInteger(decimal.MaxValue) * BigInteger.Pow(10, 28)));
                continue;
            }

            decimal sum = (decimal)actual!;
            BigInteger back = new BigInteger(new decimal(decimal.GetBits(sum)[0], decimal.GetBits(sum)[1], decimal.GetBits(sum)[2], sum < 0, 0)) * BigInteger.Pow(10, 28 - sum.Scale);
            Assert.True(BigInteger.Abs(back - exact) * 2 <= BigInteger.Pow(10, 28 - sum.Scale), $"{exact} against {back}");
        }
    }

    [Fact]
    public void Extremes_of_every_type_are_those_of_its_order()
    {
        output.WriteLine($"BAREMETAL_SEED={RandomValues.Seed}");
        Random random = new(RandomValues.Seed);
        foreach (SqlType type in RandomValues.Types)
        {
            if (type.Kind is SqlTypeKind.Json or SqlTypeKind.Jsonb)
                continue;
            Vector vector = Vector.Create(type, 40);
            for (int i = 0; i < 40; i++)
                vector.SetValue(i, RandomValues.Next(random, type, 0.1));
            foreach ((string name, int sign) in new[] { ("min", -1), ("max", 1) })
            {
                ResolvedFunction<AggregateFunction> resolved = FunctionRegistry.Default.ResolveAggregate(name, [type])!;
                Accumulator accumulator = resolved.Function.CreateAccumulator(resolved.ArgumentTypes, resolved.ResultType);
                accumulator.EnsureGroups(3);
                int[] groups = [.. Enumerable.Range(0, 40).Select(i => i % 2)];
                accumulator.Add([vector], 40, groups, Context);
                Vector result = Vector.Create(type, 3);
                accumulator.Result(0, 3, result);
                Assert.True(result.IsNull(2));
                for (int g = 0; g < 2; g++)
                {
                    foreach (int i in Enumerable.Range(0, 40).Where(i => groups[i] == g && !vector.IsNull(i)))
                        Assert.True(RandomValues.Compare(type, result.GetValue(g), vector.GetValue(i)) * sign >= 0);
                    Assert.Contains(Enumerable.Range(0, 40), i => groups[i] == g && !vector.IsNull(i) && RandomValues.Identical(type, result.GetValue(g), vector.GetValue(i)));
                }
            }
        }

        Assert.Equal(3, Aggregate("max", 1, 3, null, 2));
        Assert.Equal("a", Aggregate("min", "b", "a", "c"));
        Assert.Equal(false, Aggregate("min", true, false));
        Assert.Equal(double.NaN, Aggregate("max", 1.0, double.NaN, double.PositiveInfinity));
        Assert.Equal(1.5m, Aggregate("min", 2m, 1.5m));
    }

    [Fact]
    public void Groups_are_kept_apart()
    {
        output.WriteLine($"BAREMETAL_SEED={RandomValues.Seed}");
        Random random = new(RandomValues.Seed);
        Vector<int> vector = new(SqlType.Integer, 1000);
        int[] groups = new int[1000];
        for (int i = 0; i < 1000; i++)
        {
            vector.SetValue(i, random.Next(10) == 0 ? Value.Null(SqlTypeKind.Integer) : Value.From(SqlTypeKind.Integer, random.Next(-100, 100)));
            groups[i] = random.Next(7);
        }

        foreach ((string name, Func<IEnumerable<int>, object> expected) in new (string, Func<IEnumerable<int>, object>)[]
        {
            ("sum", v => (long)v.Sum()), ("count", v => (long)v.Count()), ("min", v => v.Min()), ("max", v => v.Max()),
            ("avg", v => v.Aggregate(0m, (s, x) => s + x) / v.Count()), ("bit_xor", v => v.Aggregate(0, (s, x) => s ^ x)),
        })
        {
            ResolvedFunction<AggregateFunction> resolved = FunctionRegistry.Default.ResolveAggregate(name, [SqlType.Integer])!;
            Accumulator accumulator = resolved.Function.CreateAccumulator(resolved.ArgumentTypes, resolved.ResultType);
            accumulator.EnsureGroups(7);
            accumulator.Add([vector], 1000, groups, Context);
            Vector result = Vector.Create(resolved.ResultType, 7);
            accumulator.Result(0, 7, result);
            for (int g = 0; g < 7; g++)
                Assert.Equal(expected(Enumerable.Range(0, 1000).Where(i => groups[i] == g && !vector.IsNull(i)).Select(i => vector.Data[i])), Clr(result.GetValue(g), resolved.ResultType));
            accumulator.Clear();
            accumulator.Result(0, 1, result);
            Assert.True(name == "count" ? (long)Clr(result.GetValue(0), resolved.ResultType)! == 0 : result.IsNull(0));
        }
    }

    [Fact]
    public void Booleans_texts_and_collections()
    {
        Assert.Equal(false, Aggregate("bool_and", true, false, null));
        Assert.Equal(true, Aggregate("bool_or", false, true));
        Assert.Equal(true, Aggregate("every", true, null));
        Assert.Equal("a,b;c", AggregateRows("string_agg", [["a", "-"], ["b", ","], [null, "?"], ["c", ";"]]));
        Assert.Equal("{1,NULL,2}", Aggregate("array_agg", 1, null, 2));
        Assert.Equal("[1, null, 2]", Aggregate("json_agg", 1, null, 2));
        Assert.Equal("{\"a\": 1, \"b\": 2}", AggregateRows("jsonb_object_agg", [["b", 2], ["a", 1]]));
        Assert.Equal(4, Aggregate("bit_and", 6, 12));
        Assert.Equal(14, Aggregate("bit_or", 6, 12));
        Assert.Equal(7, Aggregate("any_value", 7, 7));
    }

    [Fact]
    public void Statistics_agree_with_their_definitions()
    {
        double[] x = [2, 4, 4, 4, 5, 5, 7, 9];
        object[] values = [.. x.Cast<object>()];
        Assert.Equal(4.0, Aggregate("var_pop", values));
        Assert.Equal(2.0, Aggregate("stddev_pop", values));
        Assert.Equal(32.0 / 7, (double)Aggregate("var_samp", values)!, 12);
        Assert.Null(Aggregate("stddev_samp", 1.0));
        Assert.Equal(0.0, Aggregate("var_pop", 1.0));
        Assert.Equal(1.0, (double)Aggregate("var_samp", 1e9 + 1, 1e9 + 2, 1e9 + 3)!, 9);
        object?[][] line = [[2.0, 1.0], [4.0, 2.0], [6.0, 3.0], [null, 9.0]];
        Assert.Equal(1.0, (double)AggregateRows("corr", line)!, 12);
        Assert.Equal(2.0, (double)AggregateRows("regr_slope", line)!, 12);
        Assert.Equal(3L, AggregateRows("regr_count", line));
        Assert.Equal(2.0, (double)AggregateRows("covar_samp", line)!, 12);
        Assert.Equal(2.5, AggregateRows("percentile_cont", [[0.5, 1.0], [0.5, 2.0], [0.5, 3.0], [0.5, 4.0]]));
        Assert.Equal(2, AggregateRows("percentile_disc", [[0.5, 1], [0.5, 2], [0.5, 3], [0.5, 4]]));
        Assert.Equal(3, AggregateRows("mode", [[1], [3], [3], [4]]));
    }
}
