using System.ComponentModel;
using BareMetal.Data.EntityFrameworkCore.Diagnostics;
using BareMetal.Data.EntityFrameworkCore.Infrastructure;
using BareMetal.Data.EntityFrameworkCore.Metadata;
using BareMetal.Data.EntityFrameworkCore.Metadata.Conventions;
using BareMetal.Data.EntityFrameworkCore.Migrations;
using BareMetal.Data.EntityFrameworkCore.Query;
using BareMetal.Data.EntityFrameworkCore.Query.Translators;
using BareMetal.Data.EntityFrameworkCore.Storage;
using BareMetal.Data.EntityFrameworkCore.Update;
using BareMetal.Data.EntityFrameworkCore.ValueGeneration;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Metadata.Conventions.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Query;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.Update;
using Microsoft.EntityFrameworkCore.ValueGeneration;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers contexts that use BareMetal.Data, and the services behind them.</summary>
public static class BareMetalServiceCollectionExtensions
{
    /// <summary>Registers a context that uses BareMetal.Data.</summary>
    /// <typeparam name="TContext">The type of the context.</typeparam>
    /// <param name="serviceCollection">The services.</param>
    /// <param name="connectionString">The connection string, for example <c>Data Source=shop.bmdb</c>.</param>
    /// <param name="bareMetalOptionsAction">Further configuration of the provider, or null.</param>
    /// <param name="optionsAction">Further configuration of the context, or null.</param>
    /// <returns>The same services.</returns>
    public static IServiceCollection AddBareMetal<TContext>(
        this IServiceCollection serviceCollection,
        string? connectionString,
        Action<BareMetalDbContextOptionsBuilder>? bareMetalOptionsAction = null,
        Action<DbContextOptionsBuilder>? optionsAction = null)
        where TContext : DbContext
    {
        ArgumentNullException.ThrowIfNull(serviceCollection);
        return serviceCollection.AddDbContext<TContext>(
            (_, options) =>
            {
                optionsAction?.Invoke(options);
                options.UseBareMetal(connectionString, bareMetalOptionsAction);
            });
    }

    /// <summary>Registers the services of the provider, for applications that build EF Core's internal services themselves.</summary>
    /// <param name="serviceCollection">The services.</param>
    /// <returns>The same services.</returns>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public static IServiceCollection AddEntityFrameworkBareMetal(this IServiceCollection serviceCollection)
    {
        ArgumentNullException.ThrowIfNull(serviceCollection);
        new EntityFrameworkRelationalServicesBuilder(serviceCollection)
            .TryAdd<LoggingDefinitions, BareMetalLoggingDefinitions>()
            .TryAdd<IDatabaseProvider, DatabaseProvider<BareMetalOptionsExtension>>()
            .TryAdd<IRelationalTypeMappingSource, BareMetalTypeMappingSource>()
            .TryAdd<ISqlGenerationHelper, BareMetalSqlGenerationHelper>()
            .TryAdd<IRelationalAnnotationProvider, BareMetalAnnotationProvider>()
            .TryAdd<IMigrationsAnnotationProvider, BareMetalMigrationsAnnotationProvider>()
            .TryAdd<IModelValidator, BareMetalModelValidator>()
            .TryAdd<IProviderConventionSetBuilder, BareMetalConventionSetBuilder>()
            .TryAdd<IUpdateSqlGenerator, BareMetalUpdateSqlGenerator>()
            .TryAdd<IModificationCommandFactory, BareMetalModificationCommandFactory>()
            .TryAdd<IModificationCommandBatchFactory, BareMetalModificationCommandBatchFactory>()
            .TryAdd<IValueGeneratorSelector, BareMetalValueGeneratorSelector>()
            .TryAdd<IValueGeneratorCache>(p => p.GetRequiredService<IBareMetalValueGeneratorCache>())
            .TryAdd<IRelationalConnection>(p => p.GetRequiredService<IBareMetalRelationalConnection>())
            .TryAdd<IMigrationsSqlGenerator, BareMetalMigrationsSqlGenerator>()
            .TryAdd<IRelationalDatabaseCreator, BareMetalDatabaseCreator>()
            .TryAdd<IHistoryRepository, BareMetalHistoryRepository>()
            .TryAdd<IExecutionStrategyFactory, BareMetalExecutionStrategyFactory>()
            .TryAdd<IEvaluatableExpressionFilter, BareMetalEvaluatableExpressionFilter>()
            .TryAdd<ICompiledQueryCacheKeyGenerator, BareMetalCompiledQueryCacheKeyGenerator>()
            .TryAdd<IQueryCompilationContextFactory, BareMetalQueryCompilationContextFactory>()
            .TryAdd<IMethodCallTranslatorProvider, BareMetalMethodCallTranslatorProvider>()
            .TryAdd<IAggregateMethodCallTranslatorProvider, BareMetalAggregateMethodCallTranslatorProvider>()
            .TryAdd<IMemberTranslatorProvider, BareMetalMemberTranslatorProvider>()
            .TryAdd<IQuerySqlGeneratorFactory, BareMetalQuerySqlGeneratorFactory>()
            .TryAdd<IQueryableMethodTranslatingExpressionVisitorFactory, BareMetalQueryableMethodTranslatingExpressionVisitorFactory>()
            .TryAdd<IRelationalSqlTranslatingExpressionVisitorFactory, BareMetalSqlTranslatingExpressionVisitorFactory>()
            .TryAdd<IQueryTranslationPostprocessorFactory, BareMetalQueryTranslationPostprocessorFactory>()
            .TryAdd<IRelationalParameterBasedSqlProcessorFactory, BareMetalParameterBasedSqlProcessorFactory>()
            .TryAdd<ISqlExpressionFactory, BareMetalSqlExpressionFactory>()
            .TryAddProviderSpecificServices(
                services => services
                    .TryAddSingleton<BareMetalDataSourceManager, BareMetalDataSourceManager>()
                    .TryAddSingleton<IBareMetalValueGeneratorCache, BareMetalValueGeneratorCache>()
                    .TryAddScoped<IBareMetalRelationalConnection, BareMetalRelationalConnection>())
            .TryAddCoreServices();
        return serviceCollection;
    }
}
