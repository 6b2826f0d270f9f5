using System.Data.Common;
using BareMetal.Data.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace Microsoft.EntityFrameworkCore;

/// <summary>Makes a context use BareMetal.Data.</summary>
public static class BareMetalDbContextOptionsBuilderExtensions
{
    /// <summary>Uses BareMetal.Data with a connection that is set later, on <c>context.Database</c>.</summary>
    /// <param name="optionsBuilder">The options that are built.</param>
    /// <param name="bareMetalOptionsAction">Further configuration, or null.</param>
    /// <returns>The same builder.</returns>
    public static DbContextOptionsBuilder UseBareMetal(
        this DbContextOptionsBuilder optionsBuilder,
        Action<BareMetalDbContextOptionsBuilder>? bareMetalOptionsAction = null)
        => Apply(optionsBuilder, GetOrCreateExtension(optionsBuilder), bareMetalOptionsAction);

    /// <summary>Uses the database that a connection string names.</summary>
    /// <param name="optionsBuilder">The options that are built.</param>
    /// <param name="connectionString">The connection string, for example <c>Data Source=shop.bmdb</c>.</param>
    /// <param name="bareMetalOptionsAction">Further configuration, or null.</param>
    /// <returns>The same builder.</returns>
    public static DbContextOptionsBuilder UseBareMetal(
        this DbContextOptionsBuilder optionsBuilder,
        string? connectionString,
        Action<BareMetalDbContextOptionsBuilder>? bareMetalOptionsAction = null)
        => Apply(
            optionsBuilder,
            (BareMetalOptionsExtension)GetOrCreateExtension(optionsBuilder).WithDataSource(null).WithConnectionString(connectionString),
            bareMetalOptionsAction);

    /// <summary>Uses a connection that the caller disposes of.</summary>
    /// <param name="optionsBuilder">The options that are built.</param>
    /// <param name="connection">The connection; EF Core opens and closes it when it is closed.</param>
    /// <param name="bareMetalOptionsAction">Further configuration, or null.</param>
    /// <returns>The same builder.</returns>
    public static DbContextOptionsBuilder UseBareMetal(
        this DbContextOptionsBuilder optionsBuilder,
        DbConnection connection,
        Action<BareMetalDbContextOptionsBuilder>? bareMetalOptionsAction = null)
        => UseBareMetal(optionsBuilder, connection, contextOwnsConnection: false, bareMetalOptionsAction);

    /// <summary>Uses a connection.</summary>
    /// <param name="optionsBuilder">The options that are built.</param>
    /// <param name="connection">The connection; EF Core opens and closes it when it is closed.</param>
    /// <param name="contextOwnsConnection">Whether the context disposes of it.</param>
    /// <param name="bareMetalOptionsAction">Further configuration, or null.</param>
    /// <returns>The same builder.</returns>
    public static DbContextOptionsBuilder UseBareMetal(
        this DbContextOptionsBuilder optionsBuilder,
        DbConnection connection,
        bool contextOwnsConnection,
        Action<BareMetalDbContextOptionsBuilder>? bareMetalOptionsAction = null)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return Apply(
            optionsBuilder,
            (BareMetalOptionsExtension)GetOrCreateExtension(optionsBuilder)
                .WithDataSource(null)
                .WithConnection(connection, contextOwnsConnection),
            bareMetalOptionsAction);
    }

    /// <summary>Uses the connections of a data source.</summary>
    /// <param name="optionsBuilder">The options that are built.</param>
    /// <param name="dataSource">The data source; the caller disposes of it.</param>
    /// <param name="bareMetalOptionsAction">Further configuration, or null.</param>
    /// <returns>The same builder.</returns>
    public static DbContextOptionsBuilder UseBareMetal(
        this DbContextOptionsBuilder optionsBuilder,
        DbDataSource dataSource,
        Action<BareMetalDbContextOptionsBuilder>? bareMetalOptionsAction = null)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        return Apply(optionsBuilder, GetOrCreateExtension(optionsBuilder).WithDataSource(dataSource), bareMetalOptionsAction);
    }

    /// <summary>Uses BareMetal.Data with a connection that is set later, on <c>context.Database</c>.</summary>
    /// <typeparam name="TContext">The type of the context.</typeparam>
    /// <param name="optionsBuilder">The options that are built.</param>
    /// <param name="bareMetalOptionsAction">Further configuration, or null.</param>
    /// <returns>The same builder.</returns>
    public static DbContextOptionsBuilder<TContext> UseBareMetal<TContext>(
        this DbContextOptionsBuilder<TContext> optionsBuilder,
        Action<BareMetalDbContextOptionsBuilder>? bareMetalOptionsAction = null)
        where TContext : DbContext
        => (DbContextOptionsBuilder<TContext>)UseBareMetal((DbContextOptionsBuilder)optionsBuilder, bareMetalOptionsAction);

    /// <summary>Uses the database that a connection string names.</summary>
    /// <typeparam name="TContext">The type of the context.</typeparam>
    /// <param name="optionsBuilder">The options that are built.</param>
    /// <param name="connectionString">The connection string, for example <c>Data Source=shop.bmdb</c>.</param>
    /// <param name="bareMetalOptionsAction">Further configuration, or null.</param>
    /// <returns>The same builder.</returns>
    public static DbContextOptionsBuilder<TContext> UseBareMetal<TContext>(
        this DbContextOptionsBuilder<TContext> optionsBuilder,
        string? connectionString,
        Action<BareMetalDbContextOptionsBuilder>? bareMetalOptionsAction = null)
        where TContext : DbContext
        => (DbContextOptionsBuilder<TContext>)UseBareMetal(
            (DbContextOptionsBuilder)optionsBuilder, connectionString, bareMetalOptionsAction);

    /// <summary>Uses a connection that the caller disposes of.</summary>
    /// <typeparam name="TContext">The type of the context.</typeparam>
    /// <param name="optionsBuilder">The options that are built.</param>
    /// <param name="connection">The connection; EF Core opens and closes it when it is closed.</param>
    /// <param name="bareMetalOptionsAction">Further configuration, or null.</param>
    /// <returns>The same builder.</returns>
    public static DbContextOptionsBuilder<TContext> UseBareMetal<TContext>(
        this DbContextOptionsBuilder<TContext> optionsBuilder,
        DbConnection connection,
        Action<BareMetalDbContextOptionsBuilder>? bareMetalOptionsAction = null)
        where TContext : DbContext
        => (DbContextOptionsBuilder<TContext>)UseBareMetal(
            (DbContextOptionsBuilder)optionsBuilder, connection, bareMetalOptionsAction);

    /// <summary>Uses a connection.</summary>
    /// <typeparam name="TContext">The type of the context.</typeparam>
    /// <param name="optionsBuilder">The options that are built.</param>
    /// <param name="connection">The connection; EF Core opens and closes it when it is closed.</param>
    /// <param name="contextOwnsConnection">Whether the context disposes of it.</param>
    /// <param name="bareMetalOptionsAction">Further configuration, or null.</param>
    /// <returns>The same builder.</returns>
    public static DbContextOptionsBuilder<TContext> UseBareMetal<TContext>(
        this DbContextOptionsBuilder<TContext> optionsBuilder,
        DbConnection connection,
        bool contextOwnsConnection,
        Action<BareMetalDbContextOptionsBuilder>? bareMetalOptionsAction = null)
        where TContext : DbContext
        => (DbContextOptionsBuilder<TContext>)UseBareMetal(
            (DbContextOptionsBuilder)optionsBuilder, connection, contextOwnsConnection, bareMetalOptionsAction);

    /// <summary>Uses the connections of a data source.</summary>
    /// <typeparam name="TContext">The type of the context.</typeparam>
    /// <param name="optionsBuilder">The options that are built.</param>
    /// <param name="dataSource">The data source; the caller disposes of it.</param>
    /// <param name="bareMetalOptionsAction">Further configuration, or null.</param>
    /// <returns>The same builder.</returns>
    public static DbContextOptionsBuilder<TContext> UseBareMetal<TContext>(
        this DbContextOptionsBuilder<TContext> optionsBuilder,
        DbDataSource dataSource,
        Action<BareMetalDbContextOptionsBuilder>? bareMetalOptionsAction = null)
        where TContext : DbContext
        => (DbContextOptionsBuilder<TContext>)UseBareMetal(
            (DbContextOptionsBuilder)optionsBuilder, dataSource, bareMetalOptionsAction);

    private static BareMetalOptionsExtension GetOrCreateExtension(DbContextOptionsBuilder optionsBuilder)
        => optionsBuilder.Options.FindExtension<BareMetalOptionsExtension>() ?? new BareMetalOptionsExtension();

    private static DbContextOptionsBuilder Apply(
        DbContextOptionsBuilder optionsBuilder,
        BareMetalOptionsExtension extension,
        Action<BareMetalDbContextOptionsBuilder>? action)
    {
        ArgumentNullException.ThrowIfNull(optionsBuilder);
        ((IDbContextOptionsBuilderInfrastructure)optionsBuilder).AddOrUpdateExtension(extension);

        // An ambient transaction is joined, so its warning is an error only where the user says so.
        var core = optionsBuilder.Options.FindExtension<CoreOptionsExtension>() ?? new CoreOptionsExtension();
        core = RelationalOptionsExtension.WithDefaultWarningConfiguration(core);
        ((IDbContextOptionsBuilderInfrastructure)optionsBuilder).AddOrUpdateExtension(core);
        action?.Invoke(new BareMetalDbContextOptionsBuilder(optionsBuilder));
        return optionsBuilder;
    }
}
