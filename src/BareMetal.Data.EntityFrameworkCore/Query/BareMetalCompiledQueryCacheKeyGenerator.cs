using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Query;

namespace BareMetal.Data.EntityFrameworkCore.Query;

/// <summary>
/// Makes the keys under which compiled queries are kept. How collections in parameters are written is compiled into a query, so that
/// contexts that differ in it must not share one; contexts of all databases share their services, and with them the cache.
/// </summary>
public sealed class BareMetalCompiledQueryCacheKeyGenerator : RelationalCompiledQueryCacheKeyGenerator
{
    /// <summary>Creates the generator.</summary>
    /// <param name="dependencies">Services that all generators share.</param>
    /// <param name="relationalDependencies">Services that relational generators share.</param>
    public BareMetalCompiledQueryCacheKeyGenerator(
        CompiledQueryCacheKeyGeneratorDependencies dependencies,
        RelationalCompiledQueryCacheKeyGeneratorDependencies relationalDependencies)
        : base(dependencies, relationalDependencies)
    {
    }

    /// <inheritdoc />
    public override object GenerateCacheKey(Expression query, bool async)
        => new Key(
            GenerateCacheKeyCore(query, async),
            RelationalOptionsExtension.Extract(RelationalDependencies.ContextOptions).ParameterizedCollectionMode);

    private readonly record struct Key(RelationalCompiledQueryCacheKey Query, ParameterTranslationMode CollectionMode);
}
