using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore.Query;
using Microsoft.EntityFrameworkCore.Query.SqlExpressions;
using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Query;

/// <summary>Translates scalar expressions: operators, conversions, constructors.</summary>
public sealed class BareMetalSqlTranslatingExpressionVisitor : RelationalSqlTranslatingExpressionVisitor
{
    private readonly BareMetalSqlExpressionFactory _factory;
    private readonly IRelationalTypeMappingSource _typeMappingSource;

    /// <summary>Creates a translator.</summary>
    /// <param name="dependencies">Services that all translators share.</param>
    /// <param name="queryCompilationContext">The query that is compiled.</param>
    /// <param name="queryableMethodTranslatingExpressionVisitor">The translator of the operators around it.</param>
    public BareMetalSqlTranslatingExpressionVisitor(
        RelationalSqlTranslatingExpressionVisitorDependencies dependencies,
        QueryCompilationContext queryCompilationContext,
        QueryableMethodTranslatingExpressionVisitor queryableMethodTranslatingExpressionVisitor)
        : base(dependencies, queryCompilationContext, queryableMethodTranslatingExpressionVisitor)
    {
        _factory = (BareMetalSqlExpressionFactory)dependencies.SqlExpressionFactory;
        _typeMappingSource = dependencies.TypeMappingSource;
    }

    /// <inheritdoc />
    protected override Expression VisitUnary(UnaryExpression unaryExpression)
    {
        switch (unaryExpression.NodeType)
        {
            case ExpressionType.ArrayLength when unaryExpression.Operand.Type == typeof(byte[]):
                return Visit(unaryExpression.Operand) is SqlExpression bytes
                    ? _factory.Strict("length", [bytes], typeof(int))
                    : QueryCompilationContext.NotTranslatedExpression;

            // C# cuts the fraction off, SQL's cast rounds.
            case ExpressionType.Convert or ExpressionType.ConvertChecked
                when unaryExpression.Type.IsInteger() && unaryExpression.Operand.Type.IsFractional():
            {
                if (Visit(unaryExpression.Operand) is not SqlExpression number)
                    return QueryCompilationContext.NotTranslatedExpression;
                number = _factory.ApplyDefaultTypeMapping(number);
                return _factory.Convert(
                    _factory.Strict("trunc", [number], number.Type, number.TypeMapping),
                    unaryExpression.Type,
                    _typeMappingSource.FindMapping(unaryExpression.Type.UnwrapNullable()));
            }

            default:
                return base.VisitUnary(unaryExpression);
        }
    }

    /// <inheritdoc />
    protected override Expression VisitBinary(BinaryExpression binaryExpression)
    {
        switch (binaryExpression.NodeType)
        {
            case ExpressionType.ArrayIndex when binaryExpression.Left.Type == typeof(byte[]):
                return Visit(binaryExpression.Left) is SqlExpression bytes && Visit(binaryExpression.Right) is SqlExpression index
                    ? _factory.Convert(
                        _factory.Strict("get_byte", [bytes, _factory.ApplyDefaultTypeMapping(index)], typeof(int)),
                        typeof(byte),
                        _typeMappingSource.FindMapping(typeof(byte)))
                    : QueryCompilationContext.NotTranslatedExpression;

            case ExpressionType.LeftShift or ExpressionType.RightShift:
            {
                if (Visit(binaryExpression.Left) is not SqlExpression number || Visit(binaryExpression.Right) is not SqlExpression count)
                    return QueryCompilationContext.NotTranslatedExpression;
                number = _factory.ApplyDefaultTypeMapping(number);
                return _factory.Strict(
                    binaryExpression.NodeType == ExpressionType.LeftShift
                        ? BareMetalQuerySqlGenerator.ShiftLeftOperator
                        : BareMetalQuerySqlGenerator.ShiftRightOperator,
                    [number, _factory.ApplyDefaultTypeMapping(count)],
                    number.Type,
                    number.TypeMapping);
            }

            default:
            {
                var translated = base.VisitBinary(binaryExpression);
                return translated is SqlBinaryExpression comparison ? WithoutNaN(comparison) : translated;
            }
        }
    }

    // In C# nothing is less or greater than NaN; in the engine it is the greatest number, so that it can be sorted. What a function
    // may make of numbers outside of its domain must not pass for great.
    private SqlExpression WithoutNaN(SqlBinaryExpression comparison)
        => comparison.OperatorType switch
        {
            ExpressionType.GreaterThan or ExpressionType.GreaterThanOrEqual when MayBeNaN(comparison.Left)
                => comparison.Update(NaNToNull(comparison.Left), comparison.Right),
            ExpressionType.LessThan or ExpressionType.LessThanOrEqual when MayBeNaN(comparison.Right)
                => comparison.Update(comparison.Left, NaNToNull(comparison.Right)),
            _ => comparison,
        };

    private static bool MayBeNaN(SqlExpression expression)
        => expression switch
        {
            SqlFunctionExpression { IsBuiltIn: true, Name: "acosh" or "atanh" } => true,
            SqlFunctionExpression { IsBuiltIn: true, Arguments: { } arguments } function
                when function.Type.IsFractional() => arguments.Any(MayBeNaN),
            SqlUnaryExpression unary => MayBeNaN(unary.Operand),
            SqlBinaryExpression binary => MayBeNaN(binary.Left) || MayBeNaN(binary.Right),
            _ => false,
        };

    private SqlExpression NaNToNull(SqlExpression number)
        => _factory.Function(
            "nullif",
            [number, _factory.Constant(number.Type.UnwrapNullable() == typeof(float) ? float.NaN : double.NaN, number.TypeMapping)],
            nullable: true,
            argumentsPropagateNullability: [false, false],
            number.Type,
            number.TypeMapping);

    /// <inheritdoc />
    protected override Expression VisitMethodCall(MethodCallExpression methodCallExpression)
    {
        // string.Join(separator, a, b, …): nulls count as empty texts.
        if (methodCallExpression.Method.DeclaringType == typeof(string)
            && methodCallExpression.Method.Name == nameof(string.Join)
            && methodCallExpression.Arguments is [var separator, NewArrayExpression { NodeType: ExpressionType.NewArrayInit } array]
            && separator.Type == typeof(string))
        {
            var arguments = new List<SqlExpression>(array.Expressions.Count + 1);
            if (!TryAddText(separator))
                return QueryCompilationContext.NotTranslatedExpression;
            foreach (var element in array.Expressions)
            {
                if (!TryAddText(element))
                    return QueryCompilationContext.NotTranslatedExpression;
            }

            return _factory.Function(
                "concat_ws", arguments, nullable: false, argumentsPropagateNullability: arguments.Select(_ => false), typeof(string));

            bool TryAddText(Expression element)
            {
                while (element is UnaryExpression { NodeType: ExpressionType.Convert } convert && convert.Type == typeof(object))
                    element = convert.Operand;
                if (Visit(element) is not SqlExpression text)
                    return false;
                if (text.Type != typeof(string))
                    text = _factory.Convert(_factory.ApplyDefaultTypeMapping(text), typeof(string));
                arguments.Add(
                    text is SqlConstantExpression { Value: string }
                        ? _factory.ApplyDefaultTypeMapping(text)
                        : _factory.Coalesce(text, _factory.Constant(string.Empty)));
                return true;
            }
        }

        return base.VisitMethodCall(methodCallExpression);
    }

    /// <inheritdoc />
    protected override Expression VisitNew(NewExpression newExpression)
    {
        var translated = base.VisitNew(newExpression);
        if (translated != QueryCompilationContext.NotTranslatedExpression || newExpression.Constructor is null)
            return translated;

        var name = newExpression.Type == typeof(DateTime) ? "make_timestamp"
            : newExpression.Type == typeof(DateOnly) ? "make_date"
            : newExpression.Type == typeof(TimeOnly) ? "make_time"
            : newExpression.Type == typeof(TimeSpan) ? "make_timespan"
            : null;
        if (name is null || newExpression.Arguments.Any(a => a.Type != typeof(int)))
            return translated;

        var arguments = new List<SqlExpression>(7);
        foreach (var argument in newExpression.Arguments)
        {
            if (Visit(argument) is not SqlExpression sql)
                return translated;
            arguments.Add(_factory.ApplyDefaultTypeMapping(sql));
        }

        switch (name, arguments.Count)
        {
            case ("make_date", 3):
                break;
            case ("make_timestamp", 3 or 6 or 7):
                FillTime(3);
                break;
            case ("make_time", 2 or 3 or 4):
                FillTime(0);
                break;
            case ("make_timespan", 3):
                arguments.Insert(0, _factory.Constant(0));
                arguments.Add(_factory.Constant(0));
                break;
            case ("make_timespan", 4):
                arguments.Add(_factory.Constant(0));
                break;
            case ("make_timespan", 5):
                break;
            default:
                return translated;
        }

        return _factory.Strict(name, arguments, newExpression.Type);

        // Hours, minutes and seconds, where the seconds are a double that carries the milliseconds.
        void FillTime(int start)
        {
            while (arguments.Count < start + 3)
                arguments.Add(_factory.Constant(0));
            var seconds = _factory.Convert(arguments[start + 2], typeof(double));
            if (arguments.Count == start + 4)
            {
                seconds = _factory.Add(
                    seconds,
                    _factory.Divide(_factory.Convert(arguments[start + 3], typeof(double)), _factory.Constant(1000.0)));
                arguments.RemoveAt(start + 3);
            }

            arguments[start + 2] = _factory.ApplyDefaultTypeMapping(seconds);
        }
    }

    /// <inheritdoc />
    public override SqlExpression GenerateGreatest(IReadOnlyList<SqlExpression> expressions, Type resultType)
        => Extreme("greatest", expressions, resultType);

    /// <inheritdoc />
    public override SqlExpression GenerateLeast(IReadOnlyList<SqlExpression> expressions, Type resultType)
        => Extreme("least", expressions, resultType);

    // Nulls are ignored, so that an argument's null does not make the result null.
    private SqlExpression Extreme(string name, IReadOnlyList<SqlExpression> expressions, Type resultType)
        => _factory.Function(
            name,
            expressions,
            nullable: true,
            argumentsPropagateNullability: Enumerable.Repeat(false, expressions.Count),
            resultType,
            ExpressionExtensions.InferTypeMapping(expressions));
}
