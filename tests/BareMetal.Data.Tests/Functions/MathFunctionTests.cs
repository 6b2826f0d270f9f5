using BareMetal.Data.Functions;
using BareMetal.Data.Tests.Values;
using BareMetal.Data.Types;
using Xunit;
using Xunit.Abstractions;
using static BareMetal.Data.Tests.Functions.FunctionHarness;

namespace BareMetal.Data.Tests.Functions;

public sealed class MathFunctionTests(ITestOutputHelper output)
{
    [Fact]
    public void Decimal_arithmetic_is_dotnets()
    {
        output.WriteLine($"BAREMETAL_SEED={RandomValues.Seed}");
        Random random = new(RandomValues.Seed);
        for (int i = 0; i < 1000; i++)
        {
            decimal a = RandomValues.NextDecimal(random), b = RandomValues.NextDecimal(random);
            Same(() => a + b, "+", a, b);
            Same(() => a - b, "-", a, b);
            Same(() => a * b, "*", a, b);
            Same(() => a / b, "/", a, b);
            Same(() => a % b, "%", a, b);
            int digits = random.Next(0, 10);
            Same(() => Math.Round(a, digits, MidpointRounding.AwayFromZero), "round", a, digits);
            Same(() => Math.Round(a, digits, MidpointRounding.ToEven), "round_even", a, digits);
            Same(() => Math.Truncate(a), "trunc", a);
            Same(() => Math.Floor(a), "floor", a);
            Same(() => Math.Ceiling(a), "ceiling", a);
        }
    }

    [Fact]
    public void Double_functions_are_dotnets()
    {
        Random random = new(RandomValues.Seed);
        for (int i = 0; i < 200; i++)
        {
            double x = (random.NextDouble() - 0.5) * 20, y = random.NextDouble() * 5;
            Assert.Equal(Math.Sqrt(x), Call("sqrt", x));
            Assert.Equal(Math.Pow(x, y), Call("power", x, y));
            Assert.Equal(Math.Log(y, 3), Call("log", 3.0, y));
            Assert.Equal(Math.Log(x), Call("ln", x));
            Assert.Equal(Math.Atan2(x, y), Call("atan2", x, y));
            Assert.Equal(Math.Tanh(x), Call("tanh", x));
            Assert.Equal(Math.Round(x, 2), Call("round", x, 2));
            Assert.Equal(Math.Round(x, 2, MidpointRounding.AwayFromZero), Call("round_away", x, 2));
            Assert.Equal((float)Math.Sqrt((float)y), Call("sqrt", (float)y));
        }
    }

    [Fact]
    public void Rounding_signs_and_whole_numbers()
    {
        Assert.Equal(3m, Call("round", 2.5m));
        Assert.Equal(2.0, Call("round", 2.5));
        Assert.Equal(-3.0, Call("round_away", -2.5));
        Assert.Equal(1200m, Call("round", 1234m, -2));
        Assert.Equal(5, Call("floor", 5));
        Assert.Equal(-1, Call("sign", -5));
        Assert.Equal(0m, Call("sign", 0.00m));
        Assert.Equal(5, Call("abs", -5));
        Assert.Equal(6, Call("gcd", 12, -18));
        Assert.Equal(36L, Call("lcm", 12L, 18L));
        Assert.Equal(Math.Sqrt(2), Call("sqrt", 2));
        Assert.Equal(true, Call("is_nan", double.NaN));
        Assert.Equal(false, Call("is_finite", float.PositiveInfinity));
        Assert.Equal("1.5", ((decimal)Call("trim_scale", 1.5000m)!).ToString(System.Globalization.CultureInfo.InvariantCulture));
        Assert.InRange((double)Call("random")!, 0, 1);
    }

    [Fact]
    public void Every_function_makes_its_kernel()
    {
        // Made once with plain argument types, so that a mistake in a rarely used definition does not wait for its first user.
        FunctionRegistry registry = FunctionRegistry.Default;
        int count = 0;
        foreach (string name in registry.Names.Distinct())
        {
            foreach (ScalarFunction function in registry.FindScalar(name))
            {
                SqlType[] types = [.. function.Parameters.Select(p => p.Kind == SqlTypeKind.Unknown ? SqlType.Integer : p.Kind == SqlTypeKind.Array && p.Element!.Kind == SqlTypeKind.Unknown ? SqlType.ArrayOf(SqlType.Integer) : p)];
                SqlType result = function.ResultType(types);
                Assert.NotEqual(SqlTypeKind.Unknown, result.Kind);
                Assert.NotNull(function.CreateKernel(types, result));
                count++;
            }

            foreach (AggregateFunction function in registry.FindAggregate(name))
            {
                SqlType[] types = [.. function.Parameters.Select(p => p.Kind == SqlTypeKind.Unknown ? SqlType.Integer : p)];
                Accumulator accumulator = function.CreateAccumulator(types, function.ResultType(types));
                accumulator.EnsureGroups(10);
                accumulator.Clear();
                Assert.True(accumulator.MemoryBytes >= 0);
                count++;
            }
        }

        Assert.True(count > 600, $"{count} functions");
    }

    private static void Same(Func<decimal> dotnet, string name, params object?[] arguments)
    {
        try
        {
            decimal expected = dotnet();
            decimal actual = (decimal)Call(name, arguments)!;
            Assert.Equal(decimal.GetBits(expected), decimal.GetBits(actual));
        }
        catch (OverflowException)
        {
            Fails(SqlStates.NumericOutOfRange, name, arguments);
        }
        catch (DivideByZeroException)
        {
            Fails(SqlStates.DivisionByZero, name, arguments);
        }
    }
}
