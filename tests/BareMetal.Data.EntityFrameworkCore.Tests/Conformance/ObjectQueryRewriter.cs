using System.Linq.Expressions;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Conformance;

/// <summary>
/// Makes a query over sets one over lists: what lies behind a missing entity is null, as in SQL, and text is ordered by code
/// points, as the default collation does.
/// </summary>
internal sealed class ObjectQueryRewriter(Works works) : ExpressionVisitor
{
    protected override Expression VisitParameter(ParameterExpression node)
    {
        if (!QueryGenerator.Roots.ContainsValue(node))
            return node;
        IQueryable set = node.Type.GetGenericArguments()[0].Name switch
        {
            nameof(Party) => works.Parties.AsQueryable(),
            nameof(Project) => works.Projects.AsQueryable(),
            nameof(Item) => works.Items.AsQueryable(),
            _ => works.Labels.AsQueryable(),
        };
        return Expression.Constant(set, node.Type);
    }

    protected override Expression VisitUnary(UnaryExpression node)
    {
        if (node.NodeType == ExpressionType.Convert && Nullable.GetUnderlyingType(node.Type) is not null && node.Operand is MemberExpression { Expression: { } owner } member && IsOptional(owner))
        {
            Expression visited = Visit(owner);
            return Expression.Condition(
                Expression.Equal(visited, Expression.Constant(null, visited.Type)),
                Expression.Constant(null, node.Type),
                Expression.Convert(Expression.MakeMemberAccess(visited, member.Member), node.Type));
        }

        return base.VisitUnary(node);
    }

    protected override Expression VisitMember(MemberExpression node)
    {
        if (node.Expression is { } owner && IsOptional(owner) && (!node.Type.IsValueType || Nullable.GetUnderlyingType(node.Type) is not null))
        {
            Expression visited = Visit(owner);
            return Expression.Condition(
                Expression.Equal(visited, Expression.Constant(null, visited.Type)), Expression.Constant(null, node.Type), Expression.MakeMemberAccess(visited, node.Member));
        }

        return base.VisitMember(node);
    }

    protected override Expression VisitMethodCall(MethodCallExpression node)
    {
        MethodCallExpression visited = (MethodCallExpression)base.VisitMethodCall(node);
        if (visited.Method.Name is "OrderBy" or "OrderByDescending" or "ThenBy" or "ThenByDescending" && visited.Method.GetGenericArguments()[1] == typeof(string))
        {
            return Expression.Call(
                visited.Method.DeclaringType!, visited.Method.Name, visited.Method.GetGenericArguments(),
                visited.Arguments[0], visited.Arguments[1], Expression.Constant(StringComparer.Ordinal, typeof(IComparer<string>)));
        }

        return visited;
    }

    private static bool IsOptional(Expression e) => e is MemberExpression { Member.Name: "Reviewer" or "Boss" or "Parent" };
}
