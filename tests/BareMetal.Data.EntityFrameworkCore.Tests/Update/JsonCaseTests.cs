using Microsoft.EntityFrameworkCore;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Update;

/// <summary>Members of JSON documents are told apart by capitals, though columns are not.</summary>
public sealed class JsonCaseTests
{
    private sealed class Owner
    {
        public int Id { get; set; }

        public List<Pair> Pairs { get; set; } = [];
    }

    private sealed class Pair
    {
        public int Small { get; set; }

        public int Large { get; set; }
    }

    private sealed class PairContext(DbContextOptions options) : DbContext(options)
    {
        public DbSet<Owner> Owners
            => Set<Owner>();

        protected override void OnModelCreating(ModelBuilder modelBuilder)
            => modelBuilder.Entity<Owner>().OwnsMany(
                o => o.Pairs,
                pair =>
                {
                    pair.ToJson();
                    pair.Property(p => p.Small).HasJsonPropertyName("x");
                    pair.Property(p => p.Large).HasJsonPropertyName("X");
                });
    }

    [Fact]
    public void Members_that_differ_in_capitals_are_kept_apart_or_refused()
    {
        using var source = BareMetalDataSource.Create("Data Source=:memory:");
        var options = new DbContextOptionsBuilder().UseBareMetal(source).Options;
        using (var context = new PairContext(options))
        {
            context.Database.EnsureCreated();
            context.Add(new Owner { Pairs = [new Pair { Small = 1, Large = 2 }, new Pair { Small = 3, Large = 4 }] });
            context.SaveChanges();
        }

        using (var context = new PairContext(options))
        {
            var refused = Assert.Throws<InvalidOperationException>(() => context.Owners.Where(o => o.Pairs.Any(p => p.Large == 4)).ToList());
            Assert.Contains("'X' and 'x'", refused.Message);
            Assert.Equal((3, 4), context.Owners.Select(o => ValueTuple.Create(o.Pairs[1].Small, o.Pairs[1].Large)).Single());
            context.Owners.Single().Pairs[1].Large = 40;
            context.SaveChanges();
        }

        using (var context = new PairContext(options))
            Assert.Equal((3, 40), (context.Owners.Single().Pairs[1].Small, context.Owners.Single().Pairs[1].Large));
    }
}
