using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Conformance;

/// <summary>Puts the sets of a context in the places that stand for them.</summary>
internal sealed class SetQueryRewriter(DbContext context) : ExpressionVisitor
{
    protected override Expression VisitParameter(ParameterExpression node)
    {
        if (!QueryGenerator.Roots.ContainsValue(node))
            return node;
        IQueryable set = node.Type.GetGenericArguments()[0].Name switch
        {
            nameof(Party) => context.Set<Party>(),
            nameof(Project) => context.Set<Project>(),
            nameof(Item) => context.Set<Item>(),
            _ => context.Set<Label>(),
        };
        return set.Expression;
    }
}
