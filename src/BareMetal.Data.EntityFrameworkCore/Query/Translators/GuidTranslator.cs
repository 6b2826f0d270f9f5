using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Query;
using Microsoft.EntityFrameworkCore.Query.SqlExpressions;

namespace BareMetal.Data.EntityFrameworkCore.Query.Translators;

/// <summary>Translates the makers of new keys.</summary>
internal sealed class GuidTranslator(BareMetalSqlExpressionFactory factory) : IMethodCallTranslator
{
    public SqlExpression? Translate(
        SqlExpression? instance,
        MethodInfo method,
        IReadOnlyList<SqlExpression> arguments,
        IDiagnosticsLogger<DbLoggerCategory.Query> logger)
    {
        if (method.DeclaringType != typeof(Guid) || arguments.Count != 0 || !method.IsStatic)
            return null;
        var name = method.Name switch
        {
            nameof(Guid.NewGuid) => "gen_random_uuid",
            nameof(Guid.CreateVersion7) => "gen_uuid_v7",
            _ => null,
        };
        return name is null ? null : factory.Function(name, [], nullable: false, argumentsPropagateNullability: [], typeof(Guid));
    }
}
