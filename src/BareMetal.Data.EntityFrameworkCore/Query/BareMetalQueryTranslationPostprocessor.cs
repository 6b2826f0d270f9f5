using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore.Query;

namespace BareMetal.Data.EntityFrameworkCore.Query;

/// <summary>Prepares a translated query for SQL generation.</summary>
public sealed class BareMetalQueryTranslationPostprocessor : RelationalQueryTranslationPostprocessor
{
    /// <summary>Creates a postprocessor.</summary>
    /// <param name="dependencies">Services that all postprocessors share.</param>
    /// <param name="relationalDependencies">Services that relational postprocessors share.</param>
    /// <param name="queryCompilationContext">The query that is compiled.</param>
    public BareMetalQueryTranslationPostprocessor(
        QueryTranslationPostprocessorDependencies dependencies,
        RelationalQueryTranslationPostprocessorDependencies relationalDependencies,
        RelationalQueryCompilationContext queryCompilationContext)
        : base(dependencies, relationalDependencies, queryCompilationContext)
    {
    }

    /// <inheritdoc />
    protected override Expression ProcessTypeMappings(Expression expression)
        => new BareMetalTypeMappingPostprocessor(Dependencies, RelationalDependencies, RelationalQueryCompilationContext)
            .Process(expression);
}
