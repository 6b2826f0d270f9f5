using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Migrations;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Migrations;

/// <summary>Compression of a table goes from the model into its definition, and a change of it into a migration.</summary>
public sealed class CompressionTests
{
    public sealed class Doc
    {
        public int Id { get; set; }

        public string Body { get; set; } = "";
    }

    public sealed class Plain() : DbContext(new DbContextOptionsBuilder<Plain>().UseBareMetal("Data Source=:memory:").Options)
    {
        protected override void OnModelCreating(ModelBuilder modelBuilder)
            => modelBuilder.Entity<Doc>().ToTable("Docs");
    }

    public sealed class Small() : DbContext(new DbContextOptionsBuilder<Small>().UseBareMetal("Data Source=:memory:").Options)
    {
        protected override void OnModelCreating(ModelBuilder modelBuilder)
            => modelBuilder.Entity<Doc>().ToTable("Docs", t => t.HasCompression());
    }

    private static string Difference(DbContext from, DbContext to)
    {
        var operations = to.GetService<IMigrationsModelDiffer>().GetDifferences(
            from.GetService<IDesignTimeModel>().Model.GetRelationalModel(), to.GetService<IDesignTimeModel>().Model.GetRelationalModel());
        return string.Join("\n", to.GetService<IMigrationsSqlGenerator>().Generate(operations).Select(c => c.CommandText.Trim()));
    }

    [Fact]
    public void Tables_are_created_and_altered_with_it()
    {
        using var plain = new Plain();
        using var small = new Small();
        Assert.EndsWith(") WITH (compression = brotli);", small.Database.GenerateCreateScript().Trim());
        Assert.DoesNotContain("compression", plain.Database.GenerateCreateScript());
        Assert.Equal("ALTER TABLE \"Docs\" SET (compression = brotli);", Difference(plain, small));
        Assert.Equal("ALTER TABLE \"Docs\" RESET (compression);", Difference(small, plain));
        Assert.Equal("", Difference(small, small));
    }

    [Fact]
    public void Entities_come_back_as_they_were()
    {
        using var small = new Small();
        small.Database.OpenConnection();
        small.Database.EnsureCreated();
        var body = string.Concat(Enumerable.Range(0, 5000).Select(i => $"line {i}; "));
        small.Add(new Doc { Id = 1, Body = body });
        small.SaveChanges();
        small.ChangeTracker.Clear();
        Assert.Equal(body, small.Set<Doc>().Single().Body);
    }
}
