using BareMetal.Data.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Microsoft.EntityFrameworkCore;

/// <summary>What BareMetal.Data adds to tables.</summary>
public static class BareMetalTableExtensions
{
    /// <summary>Whether large rows of the entity type's table are stored compressed.</summary>
    /// <param name="entityType">The entity type.</param>
    /// <returns>False unless <see cref="HasCompression(TableBuilder, bool)"/> was called.</returns>
    public static bool IsCompressed(this IReadOnlyEntityType entityType)
        => entityType[BareMetalAnnotationNames.Compression] is true;

    /// <summary>
    /// Stores rows that are too large for a page compressed by Brotli, where that saves a page: for documents and long texts. Changing it counts
    /// for rows written from then on.
    /// </summary>
    /// <param name="tableBuilder">The builder of the table.</param>
    /// <param name="compress">Whether to compress. True by default.</param>
    /// <returns>The same builder.</returns>
    public static TableBuilder HasCompression(this TableBuilder tableBuilder, bool compress = true)
    {
        ArgumentNullException.ThrowIfNull(tableBuilder);
        tableBuilder.Metadata.SetAnnotation(BareMetalAnnotationNames.Compression, compress);
        return tableBuilder;
    }

    /// <summary>
    /// Stores rows that are too large for a page compressed by Brotli, where that saves a page: for documents and long texts. Changing it counts
    /// for rows written from then on.
    /// </summary>
    /// <typeparam name="TEntity">The entity type.</typeparam>
    /// <param name="tableBuilder">The builder of the table.</param>
    /// <param name="compress">Whether to compress. True by default.</param>
    /// <returns>The same builder.</returns>
    public static TableBuilder<TEntity> HasCompression<TEntity>(this TableBuilder<TEntity> tableBuilder, bool compress = true)
        where TEntity : class
        => (TableBuilder<TEntity>)HasCompression((TableBuilder)tableBuilder, compress);
}
