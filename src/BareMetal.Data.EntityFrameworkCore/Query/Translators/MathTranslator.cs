using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Query;
using Microsoft.EntityFrameworkCore.Query.SqlExpressions;

namespace BareMetal.Data.EntityFrameworkCore.Query.Translators;

/// <summary>Translates <see cref="Math" />, <see cref="MathF" /> and the static methods of the number types.</summary>
internal sealed class MathTranslator(BareMetalSqlExpressionFactory factory) : IMethodCallTranslator
{
    private static readonly HashSet<Type> DeclaringTypes =
    [
        typeof(Math), typeof(MathF), typeof(double), typeof(float), typeof(decimal), typeof(int), typeof(long), typeof(short),
        typeof(sbyte), typeof(byte), typeof(uint), typeof(ulong), typeof(ushort), typeof(TimeSpan),
    ];

    // Functions whose arguments and result are of one type.
    private static readonly Dictionary<string, string> Unary = new(StringComparer.Ordinal)
    {
        ["Abs"] = "abs",
        ["Ceiling"] = "ceiling",
        ["Floor"] = "floor",
        ["Truncate"] = "trunc",
        ["Exp"] = "exp",
        ["Log10"] = "log10",
        ["Log2"] = "log2",
        ["Sqrt"] = "sqrt",
        ["Cbrt"] = "cbrt",
        ["Sin"] = "sin",
        ["Cos"] = "cos",
        ["Tan"] = "tan",
        ["Asin"] = "asin",
        ["Acos"] = "acos",
        ["Atan"] = "atan",
        ["Sinh"] = "sinh",
        ["Cosh"] = "cosh",
        ["Tanh"] = "tanh",
        ["Asinh"] = "asinh",
        ["Acosh"] = "acosh",
        ["Atanh"] = "atanh",
        ["RadiansToDegrees"] = "degrees",
        ["DegreesToRadians"] = "radians",
    };

    private static readonly Dictionary<string, string> Tests = new(StringComparer.Ordinal)
    {
        ["IsNaN"] = "is_nan",
        ["IsInfinity"] = "is_infinity",
        ["IsFinite"] = "is_finite",
        ["IsPositiveInfinity"] = "is_positive_infinity",
        ["IsNegativeInfinity"] = "is_negative_infinity",
    };

    public SqlExpression? Translate(
        SqlExpression? instance,
        MethodInfo method,
        IReadOnlyList<SqlExpression> arguments,
        IDiagnosticsLogger<DbLoggerCategory.Query> logger)
    {
        if (instance is not null || method.DeclaringType is null || !DeclaringTypes.Contains(method.DeclaringType))
            return null;

        var name = method.Name;
        switch (arguments.Count)
        {
            case 1 when method.DeclaringType == typeof(TimeSpan):
                return null;
            case 1 when Unary.TryGetValue(name, out var function):
                return Same(function, arguments[0]);
            case 1 when Tests.TryGetValue(name, out var test):
                return factory.Strict(test, [arguments[0]], typeof(bool));
            case 1 when name == "Log":
                return Same("ln", arguments[0]);
            case 1 when name == "Sign":
                return factory.Convert(Same("sign", arguments[0]), typeof(int));
            case 1 when name == "Round":
                return Same("round_even", arguments[0]);

            case 2 when name == "Round" && arguments[1] is SqlConstantExpression { Value: MidpointRounding mode }:
                return RoundingFunction(mode) is { } rounding ? Same(rounding, arguments[0]) : null;
            case 2 when name == "Round" && arguments[1].Type == typeof(int):
                return Rounded("round_even", arguments[0], arguments[1]);
            case 3 when name == "Round" && arguments[2] is SqlConstantExpression { Value: MidpointRounding mode }:
                return mode switch
                {
                    MidpointRounding.ToEven => Rounded("round_even", arguments[0], arguments[1]),
                    MidpointRounding.AwayFromZero => Rounded("round_away", arguments[0], arguments[1]),
                    _ => null,
                };

            case 2 when name == "Pow":
                return Pair("power", arguments[0], arguments[1]);
            case 2 when name == "Log":
                return Pair("log", arguments[1], arguments[0]);
            case 2 when name == "Atan2":
                return Pair("atan2", arguments[0], arguments[1]);
            case 2 when name == "Max":
                return Pair("greatest", arguments[0], arguments[1]);
            case 2 when name == "Min":
                return Pair("least", arguments[0], arguments[1]);
            default:
                return null;
        }
    }

    private static string? RoundingFunction(MidpointRounding mode)
        => mode switch
        {
            MidpointRounding.ToEven => "round_even",
            MidpointRounding.AwayFromZero => "round_away",
            MidpointRounding.ToZero => "trunc",
            MidpointRounding.ToNegativeInfinity => "floor",
            MidpointRounding.ToPositiveInfinity => "ceiling",
            _ => null,
        };

    private SqlExpression Same(string function, SqlExpression argument)
        => factory.Strict(function, [argument], argument.Type, argument.TypeMapping);

    private SqlExpression Rounded(string function, SqlExpression argument, SqlExpression digits)
        => factory.Strict(function, [argument, digits], argument.Type, argument.TypeMapping);

    private SqlExpression Pair(string function, SqlExpression first, SqlExpression second)
    {
        var mapping = ExpressionExtensions.InferTypeMapping(first, second);
        return factory.Strict(
            function, [factory.ApplyTypeMapping(first, mapping), factory.ApplyTypeMapping(second, mapping)], first.Type, mapping);
    }
}
