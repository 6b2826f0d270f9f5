using BareMetal.Data.EntityFrameworkCore.Design;
using BareMetal.Data.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Design.Internal;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Metadata.Conventions.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Query;
using Microsoft.EntityFrameworkCore.Scaffolding;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.Update;
using Microsoft.EntityFrameworkCore.ValueGeneration;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Infrastructure;

public sealed class ProviderServicesTests
{
    public static TheoryData<Type> OwnServices => new(
        typeof(IRelationalTypeMappingSource), typeof(ISqlGenerationHelper), typeof(IRelationalAnnotationProvider),
        typeof(IProviderConventionSetBuilder), typeof(IModelValidator), typeof(IUpdateSqlGenerator), typeof(IModificationCommandFactory),
        typeof(IModificationCommandBatchFactory), typeof(IValueGeneratorSelector), typeof(IValueGeneratorCache),
        typeof(IRelationalConnection), typeof(IMigrationsSqlGenerator), typeof(IRelationalDatabaseCreator), typeof(IHistoryRepository),
        typeof(IExecutionStrategyFactory), typeof(IEvaluatableExpressionFilter), typeof(IQueryCompilationContextFactory),
        typeof(IMethodCallTranslatorProvider), typeof(IAggregateMethodCallTranslatorProvider), typeof(IMemberTranslatorProvider),
        typeof(IQuerySqlGeneratorFactory), typeof(IQueryableMethodTranslatingExpressionVisitorFactory),
        typeof(IRelationalSqlTranslatingExpressionVisitorFactory), typeof(IQueryTranslationPostprocessorFactory),
        typeof(IRelationalParameterBasedSqlProcessorFactory), typeof(ISqlExpressionFactory), typeof(IMigrationsAnnotationProvider),
        typeof(ICompiledQueryCacheKeyGenerator), typeof(LoggingDefinitions));

    [Theory]
    [MemberData(nameof(OwnServices))]
    public void The_provider_brings_its_own_implementation(Type service)
    {
        using var context = new DbContext(new DbContextOptionsBuilder().UseBareMetal().Options);
        var implementation = ((IInfrastructure<IServiceProvider>)context).Instance.GetRequiredService(service);
        Assert.Equal(typeof(BareMetalOptionsExtension).Assembly, implementation.GetType().Assembly);
    }

    [Fact]
    public void Design_time_services_are_found_through_the_assembly_attribute()
    {
        var attribute = Assert.Single(
            typeof(BareMetalOptionsExtension).Assembly
                .GetCustomAttributes(typeof(DesignTimeProviderServicesAttribute), false)
                .Cast<DesignTimeProviderServicesAttribute>());
        Assert.Equal(typeof(BareMetalDesignTimeServices).FullName, attribute.TypeName);

        var services = new ServiceCollection();
        new BareMetalDesignTimeServices().ConfigureDesignTimeServices(services);
        foreach (var service in new[]
            {
                typeof(IAnnotationCodeGenerator), typeof(ICSharpRuntimeAnnotationCodeGenerator), typeof(IDatabaseModelFactory),
                typeof(IProviderConfigurationCodeGenerator),
            })
        {
            var own = services.Last(d => d.ServiceType == service).ImplementationType!;
            Assert.Equal(typeof(BareMetalOptionsExtension).Assembly, own.Assembly);
        }
    }

    private sealed class NumbersContext(DbContextOptions options) : DbContext(options)
    {
        public DbSet<Number> Numbers
            => Set<Number>();
    }

    private sealed class Number
    {
        public int Id { get; set; }
    }

    [Fact]
    public void Contexts_that_write_collections_differently_do_not_share_compiled_queries()
    {
        int[] ids = [1, 2];
        string Sql(ParameterTranslationMode mode)
        {
            using var context = new NumbersContext(
                new DbContextOptionsBuilder().UseBareMetal("Data Source=:memory:", b => b.UseParameterizedCollectionMode(mode)).Options);
            return context.Numbers.Where(n => ids.Contains(n.Id)).ToQueryString();
        }

        Assert.Contains("ANY", Sql(ParameterTranslationMode.Parameter));
        Assert.Contains("IN (1, 2)", Sql(ParameterTranslationMode.Constant));
        Assert.Contains("@ids2", Sql(ParameterTranslationMode.MultipleParameters));
    }

    [Fact]
    public void A_context_says_that_it_is_ours()
    {
        using var context = new DbContext(new DbContextOptionsBuilder().UseBareMetal("Data Source=:memory:").Options);
        Assert.True(context.Database.IsBareMetal());
        Assert.Equal("BareMetal.Data.EntityFrameworkCore", context.Database.ProviderName);
    }

    [Fact]
    public void Options_keep_what_they_are_given_and_clone_without_a_trace_of_each_other()
    {
        var first = new BareMetalOptionsExtension();
        var second = (BareMetalOptionsExtension)first.WithConnectionString("Data Source=a").WithMaxBatchSize(7);
        Assert.Null(first.ConnectionString);
        Assert.Equal("Data Source=a", second.ConnectionString);
        Assert.Equal(7, second.MaxBatchSize);
        Assert.Equal(ParameterTranslationMode.Parameter, first.ParameterizedCollectionMode);
        Assert.Equal(
            ParameterTranslationMode.Constant,
            first.WithUseParameterizedCollectionMode(ParameterTranslationMode.Constant).ParameterizedCollectionMode);
    }

    [Fact]
    public void Every_overload_makes_the_context_ours()
    {
        using var connection = new BareMetalConnection("Data Source=:memory:");
        using var source = BareMetalDataSource.Create("Data Source=:memory:");
        DbContextOptionsBuilder[] builders =
        [
            new DbContextOptionsBuilder().UseBareMetal(),
            new DbContextOptionsBuilder().UseBareMetal("Data Source=:memory:"),
            new DbContextOptionsBuilder().UseBareMetal(connection),
            new DbContextOptionsBuilder().UseBareMetal(connection, contextOwnsConnection: false),
            new DbContextOptionsBuilder().UseBareMetal(source),
            new DbContextOptionsBuilder<DbContext>().UseBareMetal(),
            new DbContextOptionsBuilder<DbContext>().UseBareMetal("Data Source=:memory:"),
            new DbContextOptionsBuilder<DbContext>().UseBareMetal(connection),
            new DbContextOptionsBuilder<DbContext>().UseBareMetal(connection, contextOwnsConnection: false),
            new DbContextOptionsBuilder<DbContext>().UseBareMetal(source),
        ];
        foreach (var builder in builders)
        {
            using var context = new DbContext(builder.Options);
            Assert.True(context.Database.IsBareMetal());
        }

        var services = new ServiceCollection().AddBareMetal<DbContext>("Data Source=:memory:").BuildServiceProvider();
        using var scope = services.CreateScope();
        Assert.True(scope.ServiceProvider.GetRequiredService<DbContext>().Database.IsBareMetal());
    }
}
