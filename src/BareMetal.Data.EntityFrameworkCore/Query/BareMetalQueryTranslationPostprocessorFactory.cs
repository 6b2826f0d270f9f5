using Microsoft.EntityFrameworkCore.Query;

namespace BareMetal.Data.EntityFrameworkCore.Query;

/// <summary>Creates the postprocessors of translated queries.</summary>
public sealed class BareMetalQueryTranslationPostprocessorFactory : IQueryTranslationPostprocessorFactory
{
    private readonly QueryTranslationPostprocessorDependencies _dependencies;
    private readonly RelationalQueryTranslationPostprocessorDependencies _relationalDependencies;

    /// <summary>Creates the factory.</summary>
    /// <param name="dependencies">Services that all postprocessors share.</param>
    /// <param name="relationalDependencies">Services that relational postprocessors share.</param>
    public BareMetalQueryTranslationPostprocessorFactory(
        QueryTranslationPostprocessorDependencies dependencies,
        RelationalQueryTranslationPostprocessorDependencies relationalDependencies)
    {
        _dependencies = dependencies;
        _relationalDependencies = relationalDependencies;
    }

    /// <inheritdoc />
    public QueryTranslationPostprocessor Create(QueryCompilationContext queryCompilationContext)
        => new BareMetalQueryTranslationPostprocessor(
            _dependencies, _relationalDependencies, (RelationalQueryCompilationContext)queryCompilationContext);
}
