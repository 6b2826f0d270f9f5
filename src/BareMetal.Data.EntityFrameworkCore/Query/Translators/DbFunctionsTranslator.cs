using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Query;
using Microsoft.EntityFrameworkCore.Query.SqlExpressions;

namespace BareMetal.Data.EntityFrameworkCore.Query.Translators;

/// <summary>Translates the methods of <see cref="DbFunctions" /> whose SQL is the engine's own.</summary>
internal sealed class DbFunctionsTranslator(BareMetalSqlExpressionFactory factory) : IMethodCallTranslator
{
    public SqlExpression? Translate(
        SqlExpression? instance,
        MethodInfo method,
        IReadOnlyList<SqlExpression> arguments,
        IDiagnosticsLogger<DbLoggerCategory.Query> logger)
    {
        if (method.DeclaringType == typeof(DbFunctionsExtensions) && method.Name == nameof(DbFunctionsExtensions.Random))
            return factory.Function("random", [], nullable: false, argumentsPropagateNullability: [], typeof(double));

        if (method.DeclaringType != typeof(BareMetalDbFunctionsExtensions) || method.Name != nameof(BareMetalDbFunctionsExtensions.DateDiff))
            return null;
        var mapping = ExpressionExtensions.InferTypeMapping(arguments[2], arguments[3]);
        return factory.Strict(
            "date_diff",
            [arguments[1], factory.ApplyTypeMapping(arguments[2], mapping), factory.ApplyTypeMapping(arguments[3], mapping)],
            typeof(long));
    }
}
