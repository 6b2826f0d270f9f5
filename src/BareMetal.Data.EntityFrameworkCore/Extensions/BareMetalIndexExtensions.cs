using System.Linq.Expressions;
using BareMetal.Data.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Microsoft.EntityFrameworkCore;

/// <summary>What BareMetal.Data adds to indexes.</summary>
public static class BareMetalIndexExtensions
{
    /// <summary>The properties that the index carries without being ordered by them.</summary>
    /// <param name="index">The index.</param>
    /// <returns>The names of the properties, or null when there are none.</returns>
    public static IReadOnlyList<string>? GetIncludeProperties(this IReadOnlyIndex index)
        => (string[]?)index[BareMetalAnnotationNames.IndexInclude];

    /// <summary>Makes the index carry further properties, so that queries on them need not read the row.</summary>
    /// <param name="indexBuilder">The builder of the index.</param>
    /// <param name="propertyNames">The names of the properties.</param>
    /// <returns>The same builder.</returns>
    public static IndexBuilder IncludeProperties(this IndexBuilder indexBuilder, params string[] propertyNames)
    {
        ArgumentNullException.ThrowIfNull(propertyNames);
        indexBuilder.Metadata.SetOrRemoveAnnotation(BareMetalAnnotationNames.IndexInclude, propertyNames.Length == 0 ? null : propertyNames);
        return indexBuilder;
    }

    /// <summary>Makes the index carry further properties, so that queries on them need not read the row.</summary>
    /// <typeparam name="TEntity">The entity type.</typeparam>
    /// <param name="indexBuilder">The builder of the index.</param>
    /// <param name="propertyNames">The names of the properties.</param>
    /// <returns>The same builder.</returns>
    public static IndexBuilder<TEntity> IncludeProperties<TEntity>(
        this IndexBuilder<TEntity> indexBuilder,
        params string[] propertyNames)
        => (IndexBuilder<TEntity>)IncludeProperties((IndexBuilder)indexBuilder, propertyNames);

    /// <summary>Makes the index carry further properties, so that queries on them need not read the row.</summary>
    /// <typeparam name="TEntity">The entity type.</typeparam>
    /// <param name="indexBuilder">The builder of the index.</param>
    /// <param name="includeExpression">The properties: <c>e => e.Name</c> or <c>e => new { e.Name, e.City }</c>.</param>
    /// <returns>The same builder.</returns>
    public static IndexBuilder<TEntity> IncludeProperties<TEntity>(
        this IndexBuilder<TEntity> indexBuilder,
        Expression<Func<TEntity, object?>> includeExpression)
    {
        ArgumentNullException.ThrowIfNull(includeExpression);
        var members = includeExpression.GetMemberAccessList();
        var names = new string[members.Count];
        for (var i = 0; i < names.Length; i++)
            names[i] = members[i].Name;
        return IncludeProperties(indexBuilder, names);
    }
}
