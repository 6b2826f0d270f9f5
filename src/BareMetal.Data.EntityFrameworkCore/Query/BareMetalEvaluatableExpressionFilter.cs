using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Query;

namespace BareMetal.Data.EntityFrameworkCore.Query;

/// <summary>Keeps what has a value per row, or a value in SQL only, from being evaluated on the client.</summary>
public sealed class BareMetalEvaluatableExpressionFilter : RelationalEvaluatableExpressionFilter
{
    /// <summary>Creates the filter.</summary>
    /// <param name="dependencies">Services that all filters share.</param>
    /// <param name="relationalDependencies">Services that relational filters share.</param>
    public BareMetalEvaluatableExpressionFilter(
        EvaluatableExpressionFilterDependencies dependencies,
        RelationalEvaluatableExpressionFilterDependencies relationalDependencies)
        : base(dependencies, relationalDependencies)
    {
    }

    /// <inheritdoc />
    public override bool IsEvaluatableExpression(Expression expression, IModel model)
        => !(expression is MethodCallExpression { Method: var method }
                && (method.DeclaringType == typeof(BareMetalDbFunctionsExtensions)
                    || (method.DeclaringType == typeof(Guid) && method.Name == nameof(Guid.CreateVersion7))))
            && base.IsEvaluatableExpression(expression, model);
}
