using System.Linq.Expressions;
using BareMetal.Data.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Microsoft.EntityFrameworkCore;

/// <summary>Indexes on members of JSON documents, and on expressions.</summary>
public static class BareMetalJsonIndexExtensions
{
    /// <summary>
    /// Makes an index on a member inside a JSON column (a complex property or owned type mapped by <c>ToJson</c>): for conditions and orders on the
    /// member, <c>o => o.Details.Address.City == city</c>. Collections on the way are not indexed.
    /// </summary>
    /// <typeparam name="TEntity">The entity type.</typeparam>
    /// <param name="entityTypeBuilder">The builder of the entity type.</param>
    /// <param name="path">The member: <c>o => o.Details.Address.City</c>, or several: <c>o => new { o.Details.City, o.Details.Street }</c>.</param>
    /// <param name="name">The name of the index; by default IX, the table and the members, with underscores.</param>
    /// <param name="unique">Whether no two rows may have the same value. False by default.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentException">The expression is no path of members.</exception>
    public static EntityTypeBuilder<TEntity> HasJsonIndex<TEntity>(
        this EntityTypeBuilder<TEntity> entityTypeBuilder,
        Expression<Func<TEntity, object?>> path,
        string? name = null,
        bool unique = false)
        where TEntity : class
    {
        ArgumentNullException.ThrowIfNull(entityTypeBuilder);
        ArgumentNullException.ThrowIfNull(path);
        var body = path.Body is UnaryExpression { NodeType: ExpressionType.Convert } convert ? convert.Operand : path.Body;
        IReadOnlyList<Expression> members = body is NewExpression { Arguments.Count: > 0 } several ? several.Arguments : [body];
        HasJsonIndex(entityTypeBuilder, members.Select(m => Path(m, path.Parameters[0])).ToArray(), name, unique);
        return entityTypeBuilder;
    }

    /// <summary>Makes an index on members inside JSON columns.</summary>
    /// <param name="entityTypeBuilder">The builder of the entity type.</param>
    /// <param name="paths">The members by the names of the properties, with dots: <c>Details.Address.City</c>.</param>
    /// <param name="name">The name of the index; by default IX, the table and the members, with underscores.</param>
    /// <param name="unique">Whether no two rows may have the same value. False by default.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentException">There are no paths.</exception>
    public static EntityTypeBuilder HasJsonIndex(this EntityTypeBuilder entityTypeBuilder, string[] paths, string? name = null, bool unique = false)
    {
        ArgumentNullException.ThrowIfNull(entityTypeBuilder);
        ArgumentNullException.ThrowIfNull(paths);
        if (paths.Length == 0 || paths.Any(string.IsNullOrEmpty))
            throw new ArgumentException("An index on JSON members needs at least one path.", nameof(paths));
        entityTypeBuilder.Metadata.SetAnnotation(
            BareMetalAnnotationNames.JsonIndex + string.Join(",", paths), (unique ? ExpressionIndexes.Unique : "") + name);
        return entityTypeBuilder;
    }

    /// <summary>Makes an index on expressions over the columns of the entity type's table.</summary>
    /// <param name="entityTypeBuilder">The builder of the entity type.</param>
    /// <param name="name">The name of the index.</param>
    /// <param name="sql">The expressions as SQL, with commas between them: <c>lower("Name")</c>, <c>("Details" ->> 'City') DESC</c>.</param>
    /// <param name="unique">Whether no two rows may have the same values. False by default.</param>
    /// <returns>The same builder.</returns>
    public static EntityTypeBuilder HasExpressionIndex(this EntityTypeBuilder entityTypeBuilder, string name, string sql, bool unique = false)
    {
        ArgumentNullException.ThrowIfNull(entityTypeBuilder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentException.ThrowIfNullOrEmpty(sql);
        entityTypeBuilder.Metadata.SetAnnotation(BareMetalAnnotationNames.ExpressionIndex + name, (unique ? ExpressionIndexes.Unique : "") + sql);
        return entityTypeBuilder;
    }

    private static string Path(Expression expression, ParameterExpression root)
    {
        var names = new List<string>();
        var at = expression;
        while (at is UnaryExpression { NodeType: ExpressionType.Convert } convert)
            at = convert.Operand;
        while (at is MemberExpression { Expression: not null } member)
        {
            // The value of a nullable is the member itself.
            if (!(member.Member.Name == "Value" && Nullable.GetUnderlyingType(member.Expression.Type) is not null))
                names.Insert(0, member.Member.Name);
            at = member.Expression;
            while (at is UnaryExpression { NodeType: ExpressionType.Convert } inner)
                at = inner.Operand;
        }

        if (at != root || names.Count == 0)
            throw new ArgumentException($"'{expression}' is not a path of members, such as o => o.Details.City.");
        return string.Join(".", names);
    }
}
