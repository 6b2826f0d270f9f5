using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Migrations.Catalogue;

/// <summary>A context over a model that is given.</summary>
public sealed class FeatureContext(string name, Action<ModelBuilder> build, string connectionString) : DbContext
{
    public string Name { get; } = name;

    protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder)
        => optionsBuilder.UseBareMetal(connectionString).ReplaceService<IModelCacheKeyFactory, ByName>()
            .ConfigureWarnings(w => w.Ignore(CoreEventId.ManyServiceProvidersCreatedWarning));

    protected override void OnModelCreating(ModelBuilder modelBuilder)
        => build(modelBuilder);

    private sealed class ByName : IModelCacheKeyFactory
    {
        public object Create(DbContext context, bool designTime)
            => (((FeatureContext)context).Name, designTime);
    }
}
