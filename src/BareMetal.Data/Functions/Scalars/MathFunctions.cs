using System.Numerics;
using BareMetal.Data.Functions.Kernels;
using BareMetal.Data.Types;

namespace BareMetal.Data.Functions.Scalars;

/// <summary>Functions over numbers: .NET's results, so NaN and infinities instead of errors for floats.</summary>
internal static class MathFunctions
{
    public static void Define(Definitions define)
    {
        Absolute<int>(define, SqlType.Integer);
        Absolute<long>(define, SqlType.BigInt);
        Absolute<short>(define, SqlType.SmallInt);
        Absolute<sbyte>(define, SqlType.TinyInt);
        Absolute<decimal>(define, SqlType.Decimal);
        Absolute<double>(define, SqlType.Double);
        Absolute<float>(define, SqlType.Real);
        foreach (SqlType type in new[] { SqlType.UTinyInt, SqlType.USmallInt, SqlType.UInteger, SqlType.UBigInt })
            define.Add("abs", type, CopyKernel.Instance, type);
        Sign<byte>(define, SqlType.UTinyInt);
        Sign<ushort>(define, SqlType.USmallInt);
        Sign<uint>(define, SqlType.UInteger);
        Sign<ulong>(define, SqlType.UBigInt);
        foreach (SqlType type in new[] { SqlType.Integer, SqlType.BigInt, SqlType.SmallInt, SqlType.TinyInt, SqlType.UTinyInt, SqlType.USmallInt, SqlType.UInteger, SqlType.UBigInt })
            define.Add(["ceiling", "ceil", "floor", "trunc", "truncate", "round", "round_even", "round_away"], type, CopyKernel.Instance, type);

        Rounding(define, ["ceiling", "ceil"], Math.Ceiling, Math.Ceiling);
        Rounding(define, ["floor"], Math.Floor, Math.Floor);
        Rounding(define, ["trunc", "truncate"], Math.Truncate, Math.Truncate);
        Rounding(define, ["round_even"], x => Math.Round(x, MidpointRounding.ToEven), x => Math.Round(x, MidpointRounding.ToEven));
        Rounding(define, ["round"], x => Math.Round(x, MidpointRounding.AwayFromZero), x => Math.Round(x, MidpointRounding.ToEven));
        Rounding(define, ["round_away"], x => Math.Round(x, MidpointRounding.AwayFromZero), x => Math.Round(x, MidpointRounding.AwayFromZero));
        Digits(define, "round_even", MidpointRounding.ToEven, MidpointRounding.ToEven);
        Digits(define, "round", MidpointRounding.AwayFromZero, MidpointRounding.ToEven);
        Digits(define, "round_away", MidpointRounding.AwayFromZero, MidpointRounding.AwayFromZero);
        Digits(define, "trunc", MidpointRounding.ToZero, MidpointRounding.ToZero);

        Float(define, "sqrt", Math.Sqrt);
        Float(define, "cbrt", Math.Cbrt);
        Float(define, "exp", Math.Exp);
        Float(define, "ln", x => Math.Log(x));
        Float(define, "log10", Math.Log10);
        Float(define, "log", Math.Log10);
        Float(define, "log2", Math.Log2);
        Float(define, "sin", Math.Sin);
        Float(define, "cos", Math.Cos);
        Float(define, "tan", Math.Tan);
        Float(define, "cot", x => 1 / Math.Tan(x));
        Float(define, "asin", Math.Asin);
        Float(define, "acos", Math.Acos);
        Float(define, "atan", Math.Atan);
        Float(define, "sinh", Math.Sinh);
        Float(define, "cosh", Math.Cosh);
        Float(define, "tanh", Math.Tanh);
        Float(define, "asinh", Math.Asinh);
        Float(define, "acosh", Math.Acosh);
        Float(define, "atanh", Math.Atanh);
        Float(define, "degrees", double.RadiansToDegrees);
        Float(define, "radians", double.DegreesToRadians);
        Float(define, "power", Math.Pow);
        Float(define, "pow", Math.Pow);
        Float(define, "^", Math.Pow);
        Float(define, "log", (b, x) => Math.Log(x, b));
        Float(define, "atan2", Math.Atan2);
        Test(define, "is_nan", double.IsNaN);
        Test(define, "is_infinity", double.IsInfinity);
        Test(define, "is_finite", double.IsFinite);
        Test(define, "is_positive_infinity", double.IsPositiveInfinity);
        Test(define, "is_negative_infinity", double.IsNegativeInfinity);
        define.Add("pi", SqlType.Double, Kernel.Values((_, _) => Values.Value.From(SqlTypeKind.Double, Math.PI)));
        define.AddValues("random", SqlType.Double, (_, context) => Values.Value.From(SqlTypeKind.Double, context.Random.NextDouble()), [], volatility: Volatility.Volatile);

        Whole<int>(define, SqlType.Integer);
        Whole<long>(define, SqlType.BigInt);
        define.Add("div", SqlType.Decimal, Kernel.Of<decimal, decimal, decimal>((a, b) => decimal.Truncate(a / b)), SqlType.Decimal, SqlType.Decimal);
        define.Add("scale", SqlType.Integer, Kernel.Of<decimal, int>(x => x.Scale), SqlType.Decimal);
        define.Add("min_scale", SqlType.Integer, Kernel.Of<decimal, int>(x => TrimScale(x).Scale), SqlType.Decimal);
        define.Add("gcd", SqlType.Decimal, Kernel.Of<decimal, decimal, decimal>(Gcd), SqlType.Decimal, SqlType.Decimal);
        define.Add("lcm", SqlType.Decimal, Kernel.Of<decimal, decimal, decimal>((a, b) => a == 0 || b == 0 ? 0 : Math.Abs(decimal.Truncate(a / Gcd(a, b)) * b)), SqlType.Decimal, SqlType.Decimal);
        define.Add("trim_scale", SqlType.Decimal, Kernel.Of<decimal, decimal>(TrimScale), SqlType.Decimal);
        define.Add("factorial", SqlType.Decimal, Kernel.Of<long, decimal>(Factorial), SqlType.BigInt);
        define.AddValues("width_bucket", SqlType.Integer, (v, _) => Values.Value.From(SqlTypeKind.Integer, WidthBucket(v[0].As<double>(), v[1].As<double>(), v[2].As<double>(), v[3].As<int>())), [SqlType.Double, SqlType.Double, SqlType.Double, SqlType.Integer]);
    }

    private static void Absolute<T>(Definitions define, SqlType type)
        where T : struct, INumber<T>
    {
        define.Add("abs", type, new UnaryKernel<T, T, AbsoluteValue<T>>(), type);
        Sign<T>(define, type);
    }

    private static void Sign<T>(Definitions define, SqlType type)
        where T : struct, INumber<T> =>
        define.Add("sign", type, Kernel.Of<T, T>(x => T.IsNaN(x) ? x : x == T.Zero ? T.Zero : T.IsNegative(x) ? -T.One : T.One), type);

    private static void Rounding(Definitions define, string[] names, Func<decimal, decimal> ofDecimal, Func<double, double> ofDouble)
    {
        define.Add(names, SqlType.Decimal, Kernel.Of(ofDecimal), SqlType.Decimal);
        define.Add(names, SqlType.Double, Kernel.Of(ofDouble), SqlType.Double);
        define.Add(names, SqlType.Real, Kernel.Of<float, float>(x => (float)ofDouble(x)), SqlType.Real);
    }

    private static void Digits(Definitions define, string name, MidpointRounding ofDecimal, MidpointRounding ofDouble)
    {
        define.Add(name, SqlType.Decimal, Kernel.Of<decimal, int, decimal>((x, digits) => RoundTo(x, digits, ofDecimal)), SqlType.Decimal, SqlType.Integer);
        define.Add(name, SqlType.Double, Kernel.Of<double, int, double>((x, digits) => RoundTo(x, digits, ofDouble)), SqlType.Double, SqlType.Integer);
        define.Add(name, SqlType.Real, Kernel.Of<float, int, float>((x, digits) => (float)RoundTo(x, digits, ofDouble)), SqlType.Real, SqlType.Integer);
    }

    private static void Float(Definitions define, string name, Func<double, double> function)
    {
        define.Add(name, SqlType.Double, Kernel.Of(function), SqlType.Double);
        define.Add(name, SqlType.Real, Kernel.Of<float, float>(x => (float)function(x)), SqlType.Real);
    }

    private static void Float(Definitions define, string name, Func<double, double, double> function)
    {
        define.Add(name, SqlType.Double, Kernel.Of(function), SqlType.Double, SqlType.Double);
        define.Add(name, SqlType.Real, Kernel.Of<float, float, float>((x, y) => (float)function(x, y)), SqlType.Real, SqlType.Real);
    }

    private static void Test(Definitions define, string name, Func<double, bool> test)
    {
        define.Add(name, SqlType.Boolean, Kernel.Of(test), SqlType.Double);
        define.Add(name, SqlType.Boolean, Kernel.Of<float, bool>(x => test(x)), SqlType.Real);
    }

    private static void Whole<T>(Definitions define, SqlType type)
        where T : struct, IBinaryInteger<T>
    {
        define.Add("gcd", type, Kernel.Of<T, T, T>(Gcd), type, type);
        define.Add("lcm", type, Kernel.Of<T, T, T>((a, b) => a == T.Zero || b == T.Zero ? T.Zero : checked(T.Abs(a / Gcd(a, b) * b))), type, type);
        define.Add("div", type, Kernel.Of<T, T, T>((a, b) => a / b), type, type);
    }

    private static T Gcd<T>(T a, T b)
        where T : struct, IBinaryInteger<T>
    {
        while (b != T.Zero)
            (a, b) = (b, b == -T.One ? T.Zero : a % b);
        return T.Abs(a);
    }

    private static decimal RoundTo(decimal value, int digits, MidpointRounding mode)
    {
        if (digits >= 0)
            return digits >= value.Scale ? value : Math.Round(value, digits, mode);
        if (digits < -28)
            return 0;
        decimal unit = 1;
        for (int i = digits; i < 0; i++)
            unit *= 10;
        return Math.Round(value / unit, mode) * unit;
    }

    private static double RoundTo(double value, int digits, MidpointRounding mode)
    {
        if (digits is >= 0 and <= 15)
            return Math.Round(value, digits, mode);
        if (digits > 15 || !double.IsFinite(value))
            return value;
        double unit = Math.Pow(10, -digits);
        return double.IsInfinity(unit) ? 0 : Math.Round(value / unit, mode) * unit;
    }

    private static decimal Gcd(decimal a, decimal b)
    {
        while (b != 0)
            (a, b) = (b, a % b);
        return Math.Abs(a);
    }

    private static decimal TrimScale(decimal value)
    {
        // Division by one with 28 zeros behind its point leaves no zeros behind the result's.
        return value / 1.0000000000000000000000000000m;
    }

    private static decimal Factorial(long n)
    {
        if (n < 0)
            throw new BareMetalException(SqlStates.NumericOutOfRange, "The factorial of a negative number is not defined.");
        decimal result = 1;
        for (long i = 2; i <= n; i++)
            result *= i;
        return result;
    }

    private static int WidthBucket(double operand, double low, double high, int count)
    {
        if (count <= 0 || low == high || double.IsNaN(operand))
            throw new BareMetalException(SqlStates.InvalidParameterValue, "width_bucket needs a positive count, different bounds and an operand that is a number.");
        bool ascending = low < high;
        if (ascending ? operand < low : operand > low)
            return 0;
        if (ascending ? operand >= high : operand <= high)
            return count + 1;
        return Math.Min((int)(count * (operand - low) / (high - low)), count - 1) + 1;
    }

    private readonly struct AbsoluteValue<T> : IUnaryOperation<T, T>
        where T : struct, INumber<T>
    {
        public static T Apply(T value) => T.Abs(value);
    }
}
