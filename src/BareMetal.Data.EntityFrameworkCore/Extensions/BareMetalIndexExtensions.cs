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

    /// <summary>Whether nulls differ from one another in the index, so that many rows of a unique one may have them.</summary>
    /// <param name="index">The index.</param>
    /// <returns>False when two nulls are a duplicate; null when the model does not say: then they differ.</returns>
    public static bool? GetAreNullsDistinct(this IReadOnlyIndex index)
        => (bool?)index[BareMetalAnnotationNames.NullsDistinct];

    /// <summary>Says whether nulls differ from one another in a unique index (<c>NULLS NOT DISTINCT</c> when not).</summary>
    /// <param name="indexBuilder">The builder of the index.</param>
    /// <param name="areNullsDistinct">False: two nulls are a duplicate. They differ by default.</param>
    /// <returns>The same builder.</returns>
    public static IndexBuilder AreNullsDistinct(this IndexBuilder indexBuilder, bool areNullsDistinct = true)
    {
        ArgumentNullException.ThrowIfNull(indexBuilder);
        indexBuilder.Metadata.SetOrRemoveAnnotation(BareMetalAnnotationNames.NullsDistinct, areNullsDistinct ? null : false);
        return indexBuilder;
    }

    /// <summary>Says whether nulls differ from one another in a unique index (<c>NULLS NOT DISTINCT</c> when not).</summary>
    /// <typeparam name="TEntity">The entity type.</typeparam>
    /// <param name="indexBuilder">The builder of the index.</param>
    /// <param name="areNullsDistinct">False: two nulls are a duplicate. They differ by default.</param>
    /// <returns>The same builder.</returns>
    public static IndexBuilder<TEntity> AreNullsDistinct<TEntity>(this IndexBuilder<TEntity> indexBuilder, bool areNullsDistinct = true)
        => (IndexBuilder<TEntity>)AreNullsDistinct((IndexBuilder)indexBuilder, areNullsDistinct);

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
