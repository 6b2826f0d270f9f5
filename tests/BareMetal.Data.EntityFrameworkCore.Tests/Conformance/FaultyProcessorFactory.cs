using System.Linq.Expressions;
using BareMetal.Data.EntityFrameworkCore.Query;
using Microsoft.EntityFrameworkCore.Query;
using Microsoft.EntityFrameworkCore.Query.SqlExpressions;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Conformance;

/// <summary>The provider's last step before SQL is written, with one fault in it.</summary>
internal sealed class FaultyProcessorFactory(RelationalParameterBasedSqlProcessorDependencies dependencies) : IRelationalParameterBasedSqlProcessorFactory
{
    private static readonly Dictionary<string, Func<Expression, Expression>> s_faults = new()
    {
        ["less becomes less or equal"] = e => Binary(e, ExpressionType.LessThan, ExpressionType.LessThanOrEqual),
        ["greater or equal becomes greater"] = e => Binary(e, ExpressionType.GreaterThanOrEqual, ExpressionType.GreaterThan),
        ["unequal becomes equal"] = e => Binary(e, ExpressionType.NotEqual, ExpressionType.Equal),
        ["and becomes or"] = e => Binary(e, ExpressionType.AndAlso, ExpressionType.OrElse),
        ["or becomes and"] = e => Binary(e, ExpressionType.OrElse, ExpressionType.AndAlso),
        ["plus becomes minus"] = e => e is SqlBinaryExpression { OperatorType: ExpressionType.Add } b && b.Type != typeof(string) ? Binary(e, ExpressionType.Add, ExpressionType.Subtract) : e,
        ["modulo becomes division"] = e => Binary(e, ExpressionType.Modulo, ExpressionType.Divide),
        ["a missing value is there"] = e => e is SqlUnaryExpression { OperatorType: ExpressionType.Equal } u
            ? new SqlUnaryExpression(ExpressionType.NotEqual, u.Operand, u.Type, u.TypeMapping)
            : e,
        ["NOT is lost"] = e => e is SqlUnaryExpression { OperatorType: ExpressionType.Not } u && u.Type == typeof(bool) ? u.Operand : e,
        ["coalesce keeps null"] = e => e is SqlFunctionExpression { Name: "COALESCE", Arguments: { } a } ? a[0] : e,
        ["a function takes its first argument"] = e => e is SqlFunctionExpression { Name: "greatest" or "least" or "replace" or "lpad" or "rpad", Arguments: { } a } ? a[0] : e,
        ["CASE takes its second branch"] = e => e is CaseExpression { ElseResult: { } other, WhenClauses: [var when, ..] } c && c.Operand is null
            ? new CaseExpression([new CaseWhenClause(when.Test, other)], when.Result)
            : e,
        ["EXISTS becomes true"] = e => e is ExistsExpression x ? new SqlConstantExpression(true, x.TypeMapping) : e,
        ["a left join becomes an inner one"] = e => e is LeftJoinExpression j ? new InnerJoinExpression(j.Table, j.JoinPredicate) : e,
        ["an outer apply becomes a cross apply"] = e => e is OuterApplyExpression a ? new CrossApplyExpression(a.Table) : e,
        ["UNION keeps duplicates"] = e => e is UnionExpression u ? new UnionExpression(u.Alias, u.Source1, u.Source2, distinct: false) : e,
        ["EXCEPT becomes INTERSECT"] = e => e is ExceptExpression x ? new IntersectExpression(x.Alias, x.Source1, x.Source2, x.IsDistinct) : e,
        ["an order is turned round"] = e => e is OrderingExpression o ? new OrderingExpression(o.Expression, !o.IsAscending) : e,
        ["WHERE is lost"] = e => e is SelectExpression { Predicate: not null } s ? Update(s, predicate: null, having: s.Having, offset: s.Offset, limit: s.Limit) : e,
        ["HAVING is lost"] = e => e is SelectExpression { Having: not null } s ? Update(s, s.Predicate, having: null, s.Offset, s.Limit) : e,
        ["OFFSET is lost"] = e => e is SelectExpression { Offset: not null } s ? Update(s, s.Predicate, s.Having, offset: null, s.Limit) : e,
        ["LIMIT is lost"] = e => e is SelectExpression { Limit: not null, Offset: null } s ? Update(s, s.Predicate, s.Having, s.Offset, limit: null) : e,
        ["the least is the greatest"] = e => e is SqlFunctionExpression { Name: "MIN" or "min", Arguments: { } a } f
            ? new SqlFunctionExpression("max", a, true, [true], f.Type, f.TypeMapping)
            : e,
        ["a number is one off"] = e => e is SqlConstantExpression { Value: int n } c && c.Type == typeof(int) ? new SqlConstantExpression(n + 1, c.TypeMapping) : e,
    };

    /// <summary>No fault: the mutation alone changes nothing.</summary>
    public const string None = "";

    /// <summary>The fault that the contexts made here have.</summary>
    public static AsyncLocal<string?> Fault { get; } = new();

    public static IEnumerable<string> Names => s_faults.Keys;

    public RelationalParameterBasedSqlProcessor Create(RelationalParameterBasedSqlProcessorParameters parameters)
        => new Processor(new BareMetalParameterBasedSqlProcessorFactory(dependencies).Create(parameters), dependencies, parameters, Fault.Value == None ? e => e : s_faults[Fault.Value!]);

    private static Expression Binary(Expression e, ExpressionType from, ExpressionType to)
        => e is SqlBinaryExpression b && b.OperatorType == from ? new SqlBinaryExpression(to, b.Left, b.Right, b.Type, b.TypeMapping) : e;

    private static SelectExpression Update(SelectExpression s, SqlExpression? predicate, SqlExpression? having, SqlExpression? offset, SqlExpression? limit)
        => s.Update(s.Tables, predicate, s.GroupBy, having, s.Projection, s.Orderings, offset, limit);

    private sealed class Processor(
        RelationalParameterBasedSqlProcessor inner,
        RelationalParameterBasedSqlProcessorDependencies dependencies,
        RelationalParameterBasedSqlProcessorParameters parameters,
        Func<Expression, Expression> fault) : RelationalParameterBasedSqlProcessor(dependencies, parameters)
    {
        public override Expression Process(Expression queryExpression, ParametersCacheDecorator parametersDecorator)
            => new Mutation(fault).Visit(inner.Process(queryExpression, parametersDecorator));
    }

    private sealed class Mutation(Func<Expression, Expression> fault) : ExpressionVisitor
    {
        protected override Expression VisitExtension(Expression node) => fault(base.VisitExtension(node));
    }
}
