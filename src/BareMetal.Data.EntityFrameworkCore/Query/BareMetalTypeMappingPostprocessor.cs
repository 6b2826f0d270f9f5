using System.Linq.Expressions;
using BareMetal.Data.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.Query;
using Microsoft.EntityFrameworkCore.Query.SqlExpressions;

namespace BareMetal.Data.EntityFrameworkCore.Query;

/// <summary>Gives collection parameters the element type that the rest of the query implies.</summary>
public sealed class BareMetalTypeMappingPostprocessor : RelationalTypeMappingPostprocessor
{
    private readonly ISqlExpressionFactory _factory;

    /// <summary>Creates a postprocessor.</summary>
    /// <param name="dependencies">Services that all postprocessors share.</param>
    /// <param name="relationalDependencies">Services that relational postprocessors share.</param>
    /// <param name="queryCompilationContext">The query that is compiled.</param>
    public BareMetalTypeMappingPostprocessor(
        QueryTranslationPostprocessorDependencies dependencies,
        RelationalQueryTranslationPostprocessorDependencies relationalDependencies,
        RelationalQueryCompilationContext queryCompilationContext)
        : base(dependencies, relationalDependencies, queryCompilationContext)
        => _factory = relationalDependencies.SqlExpressionFactory;

    /// <inheritdoc />
    protected override Expression VisitExtension(Expression expression)
    {
        if (expression is TableValuedFunctionExpression { Name: "unnest", IsBuiltIn: true, Schema: null, Arguments: [var array] } unnest
            && array.TypeMapping is null
            && TryGetInferredTypeMapping(unnest.Alias, BareMetalQuerySqlGenerator.ValueColumn, out var elementMapping))
        {
            return unnest.Update(
                [_factory.ApplyTypeMapping(array, BareMetalTypeMappingSource.GetArrayMapping(array.Type, elementMapping))]);
        }

        return base.VisitExtension(expression);
    }
}
