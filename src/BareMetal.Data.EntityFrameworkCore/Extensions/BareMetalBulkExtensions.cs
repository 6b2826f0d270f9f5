using BareMetal.Data;
using BareMetal.Data.EntityFrameworkCore.BulkCopy;
using BareMetal.Data.Sessions;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Microsoft.EntityFrameworkCore;

/// <summary>
/// Writing many entities without tracking them: a few statements that take thousands of rows each. Converters, discriminators, owned and
/// complex parts, JSON documents and generated values act as with SaveChanges; navigations to other entities, interceptors of
/// SaveChanges and concurrency checks play no part. Everything is in the current transaction, or in one of its own: all or nothing.
/// </summary>
public static class BareMetalBulkExtensions
{
    /// <summary>Inserts entities.</summary>
    /// <typeparam name="TEntity">The entity's type.</typeparam>
    /// <param name="set">The set.</param>
    /// <param name="entities">The entities; they may be of derived types that lie in one table.</param>
    /// <param name="options">Batch size, progress, generated values.</param>
    /// <returns>How many rows were inserted.</returns>
    /// <exception cref="InvalidOperationException">The entity type lies in several tables.</exception>
    /// <exception cref="BareMetalException">A row can't be written; nothing of this call remains.</exception>
    public static long BulkInsert<TEntity>(this DbSet<TEntity> set, IEnumerable<TEntity> entities, BareMetalBulkOptions? options = null)
        where TEntity : class
        => Run(set, entities, BareMetalBulkConflict.Fail, options);

    /// <inheritdoc cref="BulkInsert{TEntity}(DbSet{TEntity}, IEnumerable{TEntity}, BareMetalBulkOptions?)"/>
    public static Task<long> BulkInsertAsync<TEntity>(
        this DbSet<TEntity> set, IEnumerable<TEntity> entities, BareMetalBulkOptions? options = null, CancellationToken cancellationToken = default)
        where TEntity : class
        => RunAsync(set, Arriving(entities), BareMetalBulkConflict.Fail, options, cancellationToken);

    /// <inheritdoc cref="BulkInsert{TEntity}(DbSet{TEntity}, IEnumerable{TEntity}, BareMetalBulkOptions?)"/>
    public static Task<long> BulkInsertAsync<TEntity>(
        this DbSet<TEntity> set, IAsyncEnumerable<TEntity> entities, BareMetalBulkOptions? options = null, CancellationToken cancellationToken = default)
        where TEntity : class
        => RunAsync(set, entities, BareMetalBulkConflict.Fail, options, cancellationToken);

    /// <summary>Inserts entities, and updates the rows of those whose key is there.</summary>
    /// <typeparam name="TEntity">The entity's type.</typeparam>
    /// <param name="set">The set.</param>
    /// <param name="entities">The entities, each key once per batch; one whose generated key is unset is new.</param>
    /// <param name="options">Batch size, progress, generated values, another key than the primary one.</param>
    /// <returns>How many rows were inserted or updated.</returns>
    /// <exception cref="InvalidOperationException">The entity type lies in several tables, or has no key.</exception>
    /// <exception cref="BareMetalException">A row can't be written; nothing of this call remains.</exception>
    public static long Upsert<TEntity>(this DbSet<TEntity> set, IEnumerable<TEntity> entities, BareMetalBulkOptions? options = null)
        where TEntity : class
        => Run(set, entities, BareMetalBulkConflict.Update, options);

    /// <inheritdoc cref="Upsert{TEntity}(DbSet{TEntity}, IEnumerable{TEntity}, BareMetalBulkOptions?)"/>
    public static Task<long> UpsertAsync<TEntity>(
        this DbSet<TEntity> set, IEnumerable<TEntity> entities, BareMetalBulkOptions? options = null, CancellationToken cancellationToken = default)
        where TEntity : class
        => RunAsync(set, Arriving(entities), BareMetalBulkConflict.Update, options, cancellationToken);

    /// <inheritdoc cref="Upsert{TEntity}(DbSet{TEntity}, IEnumerable{TEntity}, BareMetalBulkOptions?)"/>
    public static Task<long> UpsertAsync<TEntity>(
        this DbSet<TEntity> set, IAsyncEnumerable<TEntity> entities, BareMetalBulkOptions? options = null, CancellationToken cancellationToken = default)
        where TEntity : class
        => RunAsync(set, entities, BareMetalBulkConflict.Update, options, cancellationToken);

    private static long Run<TEntity>(DbSet<TEntity> set, IEnumerable<TEntity> entities, BareMetalBulkConflict conflict, BareMetalBulkOptions? options)
        where TEntity : class
    {
        ArgumentNullException.ThrowIfNull(entities);
        DbContext context = ContextOf(set);
        context.Database.OpenConnection();
        try
        {
            BulkWriter writer = new(context, TypeOf(set), conflict, options ?? new BareMetalBulkOptions());
            Session session = SessionOf(context);
            bool own = Begin(session);
            try
            {
                foreach (TEntity entity in entities)
                {
                    while (!writer.TryAdd(entity))
                        writer.Flush();
                }

                writer.Flush();
                if (own)
                    session.Commit();
                return writer.Written;
            }
            finally
            {
                End(session, own);
            }
        }
        finally
        {
            context.Database.CloseConnection();
        }
    }

    private static async Task<long> RunAsync<TEntity>(
        DbSet<TEntity> set, IAsyncEnumerable<TEntity> entities, BareMetalBulkConflict conflict, BareMetalBulkOptions? options, CancellationToken cancellationToken)
        where TEntity : class
    {
        ArgumentNullException.ThrowIfNull(entities);
        DbContext context = ContextOf(set);
        await context.Database.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            BulkWriter writer = new(context, TypeOf(set), conflict, options ?? new BareMetalBulkOptions());
            Session session = SessionOf(context);
            bool own = Begin(session);
            try
            {
                await foreach (TEntity entity in entities.WithCancellation(cancellationToken).ConfigureAwait(false))
                {
                    while (!writer.TryAdd(entity))
                        await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
                }

                await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
                if (own)
                    await session.CommitAsync(cancellationToken).ConfigureAwait(false);
                return writer.Written;
            }
            finally
            {
                End(session, own);
            }
        }
        finally
        {
            await context.Database.CloseConnectionAsync().ConfigureAwait(false);
        }
    }

    private static DbContext ContextOf<TEntity>(DbSet<TEntity> set)
        where TEntity : class
    {
        ArgumentNullException.ThrowIfNull(set);
        return set.GetService<ICurrentDbContext>().Context;
    }

    private static IEntityType TypeOf<TEntity>(DbSet<TEntity> set)
        where TEntity : class
        => (IEntityType)set.EntityType;

    private static Session SessionOf(DbContext context) => ((BareMetalConnection)context.Database.GetDbConnection()).Session;

    private static bool Begin(Session session)
    {
        if (session.InTransaction)
            return false;
        session.BeginTransaction();
        return true;
    }

    private static void End(Session session, bool own)
    {
        if (own && session.InTransaction)
            session.Rollback();
    }

    /// <summary>A sequence that is there, as one that arrives.</summary>
    private static async IAsyncEnumerable<TEntity> Arriving<TEntity>(IEnumerable<TEntity> entities)
    {
        ArgumentNullException.ThrowIfNull(entities);
        foreach (TEntity entity in entities)
            yield return entity;
        await Task.CompletedTask.ConfigureAwait(false);
    }
}
