using BareMetal.Data;
using BareMetal.Data.EntityFrameworkCore.QueryDefinitions;

// ReSharper disable once CheckNamespace : users find the extension where EF Core's own are.
namespace Microsoft.EntityFrameworkCore;

/// <summary>Query definitions over EF Core queries.</summary>
public static class BareMetalQueryDefinitionExtensions
{
    /// <summary>
    /// Applies a definition: its conditions, its order, and the part of the result that it asks for. Fields name properties, also of
    /// nested objects, without regard to case. Values become parameters, so that definitions of one shape share a compiled query.
    /// </summary>
    /// <exception cref="QueryDefinitionException">The definition does not fit the type; every problem is listed.</exception>
    public static IQueryable<T> Where<T>(this IQueryable<T> source, QueryDefinition definition)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(definition);
        return new QueryDefinitionExpressionBuilder(typeof(T)).Apply(source, definition);
    }
}
