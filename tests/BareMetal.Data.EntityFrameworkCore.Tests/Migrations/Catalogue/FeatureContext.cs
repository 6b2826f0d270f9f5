using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Migrations.Catalogue;

/// <summary>A context over a model that is given.</summary>
public sealed class FeatureContext(string name, Action<ModelBuilder> build, string connectionString) : DbContext
{
    // The cache of models is the process's: a name alone would give one test class the model of another's feature of that name.
    private readonly (string Name, Action<ModelBuilder> Build) _key = (name, build);

    protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder)
        => optionsBuilder.UseBareMetal(connectionString).ReplaceService<IModelCacheKeyFactory, ByModel>()
            .ConfigureWarnings(w => w.Ignore(CoreEventId.ManyServiceProvidersCreatedWarning));

    protected override void OnModelCreating(ModelBuilder modelBuilder)
        => _key.Build(modelBuilder);

    private sealed class ByModel : IModelCacheKeyFactory
    {
        public object Create(DbContext context, bool designTime)
            => (((FeatureContext)context)._key, designTime);
    }
}
