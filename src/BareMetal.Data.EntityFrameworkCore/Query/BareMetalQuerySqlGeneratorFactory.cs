using Microsoft.EntityFrameworkCore.Query;

namespace BareMetal.Data.EntityFrameworkCore.Query;

/// <summary>Creates the generators of SQL text.</summary>
public sealed class BareMetalQuerySqlGeneratorFactory : IQuerySqlGeneratorFactory
{
    private readonly QuerySqlGeneratorDependencies _dependencies;

    /// <summary>Creates the factory.</summary>
    /// <param name="dependencies">Services that all generators share.</param>
    public BareMetalQuerySqlGeneratorFactory(QuerySqlGeneratorDependencies dependencies)
        => _dependencies = dependencies;

    /// <inheritdoc />
    public QuerySqlGenerator Create()
        => new BareMetalQuerySqlGenerator(_dependencies);
}
