using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Query;
using Microsoft.EntityFrameworkCore.Query.SqlExpressions;

namespace BareMetal.Data.EntityFrameworkCore.Query.Translators;

/// <summary>Translates the length of a string or of bytes.</summary>
internal sealed class StringMemberTranslator(BareMetalSqlExpressionFactory factory) : IMemberTranslator
{
    public SqlExpression? Translate(
        SqlExpression? instance,
        MemberInfo member,
        Type returnType,
        IDiagnosticsLogger<DbLoggerCategory.Query> logger)
        => instance is not null && member.Name == "Length"
            && (member.DeclaringType == typeof(string)
                || (member.DeclaringType == typeof(Array) && instance.Type == typeof(byte[])))
                ? factory.Strict("length", [instance], returnType)
                : null;
}
