using Microsoft.EntityFrameworkCore.Query;

namespace BareMetal.Data.EntityFrameworkCore.Query;

/// <summary>Creates the translators of LINQ operators.</summary>
public sealed class BareMetalQueryableMethodTranslatingExpressionVisitorFactory : IQueryableMethodTranslatingExpressionVisitorFactory
{
    private readonly QueryableMethodTranslatingExpressionVisitorDependencies _dependencies;
    private readonly RelationalQueryableMethodTranslatingExpressionVisitorDependencies _relationalDependencies;

    /// <summary>Creates the factory.</summary>
    /// <param name="dependencies">Services that all translators share.</param>
    /// <param name="relationalDependencies">Services that relational translators share.</param>
    public BareMetalQueryableMethodTranslatingExpressionVisitorFactory(
        QueryableMethodTranslatingExpressionVisitorDependencies dependencies,
        RelationalQueryableMethodTranslatingExpressionVisitorDependencies relationalDependencies)
    {
        _dependencies = dependencies;
        _relationalDependencies = relationalDependencies;
    }

    /// <inheritdoc />
    public QueryableMethodTranslatingExpressionVisitor Create(QueryCompilationContext queryCompilationContext)
        => new BareMetalQueryableMethodTranslatingExpressionVisitor(
            _dependencies, _relationalDependencies, (RelationalQueryCompilationContext)queryCompilationContext);
}
