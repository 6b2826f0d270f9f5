using System.Reflection;
using BareMetal.Data.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Query;
using Microsoft.EntityFrameworkCore.Query.SqlExpressions;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace BareMetal.Data.EntityFrameworkCore.Query.Translators;

/// <summary>Translates ToString() without arguments to a cast to text.</summary>
internal sealed class ToStringTranslator(BareMetalSqlExpressionFactory factory) : IMethodCallTranslator
{
    private static readonly HashSet<Type> Supported =
    [
        typeof(byte), typeof(sbyte), typeof(short), typeof(ushort), typeof(int), typeof(uint), typeof(long), typeof(ulong),
        typeof(float), typeof(double), typeof(decimal), typeof(Guid), typeof(DateTime), typeof(DateTimeOffset), typeof(DateOnly),
        typeof(TimeOnly), typeof(TimeSpan), typeof(char), typeof(byte[]),
    ];

    public SqlExpression? Translate(
        SqlExpression? instance,
        MethodInfo method,
        IReadOnlyList<SqlExpression> arguments,
        IDiagnosticsLogger<DbLoggerCategory.Query> logger)
    {
        if (instance is null || method.Name != nameof(ToString) || arguments.Count != 0 || method.ReturnType != typeof(string))
            return null;

        // A column with a converter holds another value than the one that C# would print.
        if (instance.TypeMapping?.ClrType is { } mapped && mapped.UnwrapNullable() != instance.Type.UnwrapNullable())
            return null;
        if (instance.TypeMapping?.Converter is { } converter)
        {
            if (AsPrinted(instance, converter) is not { } number)
                return null;
            instance = number;
        }

        var type = instance.Type.UnwrapNullable();
        if (type == typeof(string))
            return factory.Coalesce(instance, factory.Constant(string.Empty));
        if (type == typeof(bool))
            return BooleanText(factory, instance);
        if (!Supported.Contains(type) || type == typeof(byte[]))
            return null;

        return factory.Coalesce(
            factory.Convert(factory.ApplyDefaultTypeMapping(instance), typeof(string), BareMetalStringTypeMapping.Default),
            factory.Constant(string.Empty));
    }

    // An unsigned number in a signed column of the same width is printed as the unsigned one.
    private SqlExpression? AsPrinted(SqlExpression instance, ValueConverter converter)
    {
        if (!converter.GetType().IsGenericType || converter.GetType().GetGenericTypeDefinition() != typeof(CastingConverter<,>))
            return null;
        long mask;
        if (converter.ModelClrType == typeof(uint) && converter.ProviderClrType == typeof(int))
            mask = uint.MaxValue;
        else if (converter.ModelClrType == typeof(ushort) && converter.ProviderClrType == typeof(short))
            mask = ushort.MaxValue;
        else
            return null;
        return factory.And(factory.Convert(instance, typeof(long)), factory.Constant(mask));
    }

    internal static SqlExpression BooleanText(BareMetalSqlExpressionFactory factory, SqlExpression instance)
        => factory.Case(
            [
                new CaseWhenClause(factory.Equal(instance, factory.Constant(true)), factory.Constant("True")),
                new CaseWhenClause(factory.Equal(instance, factory.Constant(false)), factory.Constant("False")),
            ],
            factory.Constant(string.Empty));
}
