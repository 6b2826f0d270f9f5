using System.Diagnostics.CodeAnalysis;
using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore.Query;
using Microsoft.EntityFrameworkCore.Query.SqlExpressions;
using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Query;

/// <summary>Builds SQL expressions; knows the arithmetic between moments, dates and lengths of time.</summary>
public sealed class BareMetalSqlExpressionFactory : SqlExpressionFactory
{
    private readonly IRelationalTypeMappingSource _typeMappingSource;

    /// <summary>Creates the factory.</summary>
    /// <param name="dependencies">Services that all factories share.</param>
    public BareMetalSqlExpressionFactory(SqlExpressionFactoryDependencies dependencies)
        : base(dependencies)
        => _typeMappingSource = dependencies.TypeMappingSource;

    /// <summary>A strict function of the engine: null when an argument is null.</summary>
    /// <param name="name">The name of the function.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="returnType">The CLR type of its result.</param>
    /// <param name="typeMapping">The mapping of its result; the default one of its CLR type when null.</param>
    /// <returns>The call.</returns>
    internal SqlExpression Strict(
        string name,
        IReadOnlyList<SqlExpression> arguments,
        Type returnType,
        RelationalTypeMapping? typeMapping = null)
        => Function(name, arguments, nullable: true, AllTrue(arguments.Count), returnType, typeMapping);

    private static readonly bool[][] TrueArrays = [[], [true], [true, true], [true, true, true]];

    private static bool[] AllTrue(int count)
        => count < TrueArrays.Length ? TrueArrays[count] : Enumerable.Repeat(true, count).ToArray();

    /// <inheritdoc />
    public override SqlExpression? MakeBinary(
        ExpressionType operatorType,
        SqlExpression left,
        SqlExpression right,
        RelationalTypeMapping? typeMapping,
        SqlExpression? existingExpression = null)
    {
        if (TemporalResult(operatorType, left.Type, right.Type) is not { } resultType)
            return base.MakeBinary(operatorType, left, right, typeMapping, existingExpression);

        // The two sides are of different types, so that neither says anything about the other.
        left = ApplyDefaultTypeMapping(left);
        right = ApplyDefaultTypeMapping(right);
        if (existingExpression is SqlBinaryExpression existing)
            return existing.Update(left, right);
        var resultMapping = left.Type.UnwrapNullable() == resultType ? left.TypeMapping
            : right.Type.UnwrapNullable() == resultType ? right.TypeMapping
            : _typeMappingSource.FindMapping(resultType);
        return new SqlBinaryExpression(operatorType, left, right, resultType, resultMapping);
    }

    /// <inheritdoc />
    [return: NotNullIfNotNull(nameof(sqlExpression))]
    public override SqlExpression? ApplyTypeMapping(SqlExpression? sqlExpression, RelationalTypeMapping? typeMapping)
        => sqlExpression is SqlBinaryExpression { TypeMapping: null } binary
            && TemporalResult(binary.OperatorType, binary.Left.Type, binary.Right.Type) is not null
                ? MakeBinary(binary.OperatorType, binary.Left, binary.Right, typeMapping)
                : base.ApplyTypeMapping(sqlExpression, typeMapping);

    private static Type? TemporalResult(ExpressionType operatorType, Type left, Type right)
    {
        if (operatorType is not (ExpressionType.Add or ExpressionType.Subtract or ExpressionType.Multiply or ExpressionType.Divide))
            return null;
        left = left.UnwrapNullable();
        right = right.UnwrapNullable();
        var isMoment = left == typeof(DateTime) || left == typeof(DateTimeOffset) || left == typeof(TimeOnly);
        return operatorType switch
        {
            ExpressionType.Add or ExpressionType.Subtract when isMoment && (right == typeof(TimeSpan) || right == typeof(BareMetalInterval)) => left,
            ExpressionType.Multiply when left == typeof(BareMetalInterval) && right == typeof(double) => left,
            ExpressionType.Subtract when isMoment && right == left => typeof(TimeSpan),
            ExpressionType.Multiply or ExpressionType.Divide when left == typeof(TimeSpan) && right == typeof(double) => typeof(TimeSpan),
            ExpressionType.Multiply when left == typeof(double) && right == typeof(TimeSpan) => typeof(TimeSpan),
            ExpressionType.Divide when left == typeof(TimeSpan) && right == typeof(TimeSpan) => typeof(double),
            _ => null,
        };
    }
}
