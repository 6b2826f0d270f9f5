using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Query;
using Microsoft.EntityFrameworkCore.Query.SqlExpressions;

namespace BareMetal.Data.EntityFrameworkCore.Query.Translators;

/// <summary>Translates <see cref="Convert" /> and the Parse methods to casts.</summary>
internal sealed class ConvertTranslator(BareMetalSqlExpressionFactory factory) : IMethodCallTranslator
{
    private static readonly Dictionary<string, Type> Targets = new(StringComparer.Ordinal)
    {
        [nameof(Convert.ToBoolean)] = typeof(bool),
        [nameof(Convert.ToByte)] = typeof(byte),
        [nameof(Convert.ToSByte)] = typeof(sbyte),
        [nameof(Convert.ToInt16)] = typeof(short),
        [nameof(Convert.ToUInt16)] = typeof(ushort),
        [nameof(Convert.ToInt32)] = typeof(int),
        [nameof(Convert.ToUInt32)] = typeof(uint),
        [nameof(Convert.ToInt64)] = typeof(long),
        [nameof(Convert.ToUInt64)] = typeof(ulong),
        [nameof(Convert.ToSingle)] = typeof(float),
        [nameof(Convert.ToDouble)] = typeof(double),
        [nameof(Convert.ToDecimal)] = typeof(decimal),
        [nameof(Convert.ToString)] = typeof(string),
    };

    private static readonly HashSet<Type> Sources =
    [
        typeof(bool), typeof(byte), typeof(sbyte), typeof(short), typeof(ushort), typeof(int), typeof(uint), typeof(long),
        typeof(ulong), typeof(float), typeof(double), typeof(decimal), typeof(string), typeof(object), typeof(char),
    ];

    private static readonly HashSet<Type> Parsed =
    [
        typeof(bool), typeof(byte), typeof(sbyte), typeof(short), typeof(ushort), typeof(int), typeof(uint), typeof(long),
        typeof(ulong), typeof(float), typeof(double), typeof(decimal), typeof(Guid), typeof(DateTime), typeof(DateTimeOffset),
        typeof(DateOnly), typeof(TimeOnly), typeof(TimeSpan),
    ];

    public SqlExpression? Translate(
        SqlExpression? instance,
        MethodInfo method,
        IReadOnlyList<SqlExpression> arguments,
        IDiagnosticsLogger<DbLoggerCategory.Query> logger)
    {
        if (arguments.Count != 1 || !method.IsStatic)
            return null;

        if (method.DeclaringType == typeof(Convert) && Targets.TryGetValue(method.Name, out var target))
        {
            var parameterType = method.GetParameters()[0].ParameterType;
            if (!Sources.Contains(parameterType) && !(target == typeof(string) && Parsed.Contains(parameterType)))
                return null;

            // A double has no time of rounding of its own: SQL's cast rounds half to even, as Convert does.
            var source = factory.ApplyDefaultTypeMapping(arguments[0]);
            if (target == typeof(string) && source.Type.UnwrapNullable() == typeof(bool))
                return ToStringTranslator.BooleanText(factory, source);
            return factory.Convert(source, target);
        }

        return method.Name == "Parse" && method.DeclaringType is not null && Parsed.Contains(method.DeclaringType)
            && arguments[0].Type == typeof(string)
                ? factory.Convert(factory.ApplyDefaultTypeMapping(arguments[0]), method.DeclaringType)
                : null;
    }
}
