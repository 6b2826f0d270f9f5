using Microsoft.EntityFrameworkCore;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Update;

/// <summary>Many changes go in one command; when one fails, the error names that one.</summary>
public sealed class FailedRowTests : IDisposable
{
    private readonly BareMetalDataSource _source = BareMetalDataSource.Create("Data Source=:memory:");

    public FailedRowTests()
    {
        using var context = Create();
        context.Database.EnsureCreated();
    }

    public void Dispose()
        => _source.Dispose();

    private PlaceContext Create()
        => new(new DbContextOptionsBuilder<PlaceContext>().UseBareMetal(_source).Options);

    public sealed class Place
    {
        public int Id { get; set; }

        public string Name { get; set; } = "";

        public int Size { get; set; }

        public int? ParentId { get; set; }
    }

    private sealed class PlaceContext(DbContextOptions<PlaceContext> options) : DbContext(options)
    {
        protected override void OnModelCreating(ModelBuilder modelBuilder)
            => modelBuilder.Entity<Place>(
                place =>
                {
                    place.HasIndex(p => p.Name).IsUnique();
                    place.ToTable(t => t.HasCheckConstraint("CK_Size", "\"Size\" >= 0"));
                    place.HasOne<Place>().WithMany().HasForeignKey(p => p.ParentId);
                });
    }

    [Theory]
    [InlineData("unique")]
    [InlineData("check")]
    [InlineData("parent")]
    public void An_insert_that_fails_is_the_one_entry_of_the_exception(string what)
    {
        using var context = Create();
        context.Add(new Place { Name = "there" });
        context.SaveChanges();

        for (var i = 0; i < 300; i++)
            context.Add(new Place { Name = $"place {i}" });
        var bad = new Place { Name = "bad" };
        switch (what)
        {
            case "unique":
                bad.Name = "there";
                break;
            case "check":
                bad.Size = -1;
                break;
            default:
                bad.ParentId = 77_777;
                break;
        }

        context.Add(bad);
        for (var i = 300; i < 400; i++)
            context.Add(new Place { Name = $"place {i}" });

        var exception = Assert.Throws<DbUpdateException>(() => context.SaveChanges());

        Assert.Same(bad, Assert.Single(exception.Entries).Entity);
        Assert.Equal(1, Create().Set<Place>().Count());
    }

    [Fact]
    public async Task An_update_that_fails_is_the_one_entry_of_the_exception()
    {
        await using var context = Create();
        for (var i = 0; i < 20; i++)
            context.Add(new Place { Name = $"place {i}" });
        await context.SaveChangesAsync();

        foreach (var place in context.ChangeTracker.Entries<Place>().ToList())
            place.Entity.Size = place.Entity.Name == "place 13" ? -5 : 5;

        var exception = await Assert.ThrowsAsync<DbUpdateException>(() => context.SaveChangesAsync());

        Assert.Equal("place 13", ((Place)Assert.Single(exception.Entries).Entity).Name);
    }

    [Theory]
    [InlineData(AutoTransactionBehavior.Never, 2)]
    [InlineData(AutoTransactionBehavior.WhenNeeded, 0)]
    public void Without_a_transaction_what_came_before_the_failure_stays(AutoTransactionBehavior behavior, int left)
    {
        using var context = Create();
        context.Database.AutoTransactionBehavior = behavior;
        foreach (var (name, size) in new[] { ("a", 1), ("b", 2), ("c", -1), ("d", 3) })
            context.Add(new Place { Name = name, Size = size });

        Assert.Throws<DbUpdateException>(() => context.SaveChanges());

        Assert.Equal(left, Create().Set<Place>().Count());
    }
}
