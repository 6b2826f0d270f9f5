using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Query;
using Microsoft.EntityFrameworkCore.Query.SqlExpressions;

namespace BareMetal.Data.EntityFrameworkCore.Query.Translators;

/// <summary>Translates Contains, First and ElementAt over bytes.</summary>
internal sealed class ByteArrayMethodTranslator(BareMetalSqlExpressionFactory factory) : IMethodCallTranslator
{
    public SqlExpression? Translate(
        SqlExpression? instance,
        MethodInfo method,
        IReadOnlyList<SqlExpression> arguments,
        IDiagnosticsLogger<DbLoggerCategory.Query> logger)
    {
        if (!method.IsGenericMethod
            || (method.DeclaringType != typeof(Enumerable) && method.DeclaringType != typeof(MemoryExtensions))
            || arguments.Count == 0
            || arguments[0].Type != typeof(byte[]))
            return null;

        return method.Name switch
        {
            nameof(Enumerable.Contains) when arguments.Count == 2 && arguments[1].Type == typeof(byte)
                => factory.Strict(
                    "contains",
                    [
                        arguments[0],
                        // A number in the text would be an integer.
                        arguments[1] is SqlConstantExpression { Value: byte value }
                            ? factory.ApplyDefaultTypeMapping(factory.Constant(new[] { value }))
                            : factory.ApplyDefaultTypeMapping(arguments[1]),
                    ],
                    typeof(bool)),
            nameof(Enumerable.First) when arguments.Count == 1
                => factory.Convert(factory.Strict("get_byte", [arguments[0], factory.Constant(0)], typeof(int)), typeof(byte)),
            nameof(Enumerable.ElementAt) when arguments.Count == 2 && arguments[1].Type == typeof(int)
                => factory.Convert(
                    factory.Strict("get_byte", [arguments[0], factory.ApplyDefaultTypeMapping(arguments[1])], typeof(int)), typeof(byte)),
            _ => null,
        };
    }
}
