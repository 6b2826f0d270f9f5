using Microsoft.EntityFrameworkCore;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Storage;

/// <summary>Native array columns behind lists and interfaces.</summary>
public sealed class ArrayColumnTests : IDisposable
{
    private readonly BareMetalDataSource _source = BareMetalDataSource.Create("Data Source=:memory:");

    public ArrayColumnTests()
    {
        using var context = Create();
        context.Database.EnsureCreated();
        context.Add(new Row { Array = [1, 2], List = [3, 4], Sequence = ["a", null], Nullable = [1, null] });
        context.SaveChanges();
    }

    public void Dispose()
        => _source.Dispose();

    private RowContext Create()
        => new(new DbContextOptionsBuilder<RowContext>().UseBareMetal(_source).Options);

    public sealed class Row
    {
        public int Id { get; set; }

        public int[] Array { get; set; } = [];

        public List<int> List { get; set; } = [];

        public IList<string?> Sequence { get; set; } = [];

        public List<int?> Nullable { get; set; } = [];
    }

    private sealed class RowContext(DbContextOptions<RowContext> options) : DbContext(options)
    {
        protected override void OnModelCreating(ModelBuilder modelBuilder)
            => modelBuilder.Entity<Row>(
                row =>
                {
                    row.Property(r => r.Array).HasColumnType("integer[]");
                    row.Property(r => r.List).HasColumnType("integer[]");
                    row.Property(r => r.Sequence).HasColumnType("text[]");
                    row.Property(r => r.Nullable).HasColumnType("integer[]");
                });
    }

    [Fact]
    public void They_come_back_as_what_the_properties_are()
    {
        using var context = Create();
        var row = context.Set<Row>().Single();

        Assert.Equal([1, 2], row.Array);
        Assert.Equal([3, 4], row.List);
        Assert.Equal(["a", null], row.Sequence);
        Assert.Equal([1, null], row.Nullable);
    }

    [Fact]
    public void A_list_that_is_changed_in_place_is_saved()
    {
        using (var context = Create())
        {
            var row = context.Set<Row>().Single();
            row.List.Add(5);
            row.Nullable[1] = 7;
            Assert.Equal(1, context.SaveChanges());
        }

        using (var context = Create())
        {
            var row = context.Set<Row>().Single();
            Assert.Equal([3, 4, 5], row.List);
            Assert.Equal([1, 7], row.Nullable);
        }
    }

    [Fact]
    public void Their_elements_are_queried()
    {
        using var context = Create();
        Assert.Equal(1, context.Set<Row>().Count(r => r.List.Contains(4) && r.Array.Length == 2 && r.Sequence.Any(s => s == null)));
        Assert.Equal([4, 3], context.Set<Row>().Select(r => r.List.OrderByDescending(n => n).ToList()).Single());
    }
}
