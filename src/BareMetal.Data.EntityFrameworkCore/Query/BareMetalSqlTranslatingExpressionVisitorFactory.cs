using Microsoft.EntityFrameworkCore.Query;

namespace BareMetal.Data.EntityFrameworkCore.Query;

/// <summary>Creates the translators of scalar expressions.</summary>
public sealed class BareMetalSqlTranslatingExpressionVisitorFactory : IRelationalSqlTranslatingExpressionVisitorFactory
{
    private readonly RelationalSqlTranslatingExpressionVisitorDependencies _dependencies;

    /// <summary>Creates the factory.</summary>
    /// <param name="dependencies">Services that all translators share.</param>
    public BareMetalSqlTranslatingExpressionVisitorFactory(RelationalSqlTranslatingExpressionVisitorDependencies dependencies)
        => _dependencies = dependencies;

    /// <inheritdoc />
    public RelationalSqlTranslatingExpressionVisitor Create(
        QueryCompilationContext queryCompilationContext,
        QueryableMethodTranslatingExpressionVisitor queryableMethodTranslatingExpressionVisitor)
        => new BareMetalSqlTranslatingExpressionVisitor(
            _dependencies, queryCompilationContext, queryableMethodTranslatingExpressionVisitor);
}
