using Microsoft.EntityFrameworkCore;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Storage;

/// <summary>Collections of collections of primitive values: in columns of their own and inside documents.</summary>
public sealed class NestedCollectionTests
{
    private sealed class Grid
    {
        public int Id { get; set; }

        public int[][] Numbers { get; set; } = [];

        public List<List<string>> Words { get; set; } = [];

        public Sheet Sheet { get; set; } = new();
    }

    private sealed class Sheet
    {
        public string Name { get; set; } = "";

        public List<int?[]> Cells { get; set; } = [];
    }

    private sealed class GridContext(DbContextOptions options) : DbContext(options)
    {
        public DbSet<Grid> Grids
            => Set<Grid>();

        protected override void OnModelCreating(ModelBuilder modelBuilder)
            => modelBuilder.Entity<Grid>().OwnsOne(g => g.Sheet, sheet => sheet.ToJson());
    }

    private static DbContextOptions Seeded(BareMetalDataSource source)
    {
        var options = new DbContextOptionsBuilder().UseBareMetal(source).Options;
        using var context = new GridContext(options);
        context.Database.EnsureCreated();
        context.Add(
            new Grid
            {
                Id = 1, Numbers = [[1, 2], [], [3]], Words = [["a", "b'\"c"], []], Sheet = new Sheet { Name = "s", Cells = [[1, null], [2]] },
            });
        context.Add(new Grid { Id = 2, Numbers = [[9]], Words = [["z"]] });
        context.SaveChanges();
        return options;
    }

    [Fact]
    public void Values_come_back_as_they_went_in_and_changes_inside_are_seen()
    {
        using var source = BareMetalDataSource.Create("Data Source=:memory:");
        var options = Seeded(source);
        using (var context = new GridContext(options))
        {
            var grid = context.Grids.Single(g => g.Id == 1);
            Assert.Equal([[1, 2], [], [3]], grid.Numbers);
            Assert.Equal([["a", "b'\"c"], []], grid.Words);
            Assert.Equal([[1, null], [2]], grid.Sheet.Cells);
            grid.Numbers[2][0] = 30;
            grid.Words[1].Add("new");
            grid.Sheet.Cells.Add([]);
            Assert.Equal(1, context.SaveChanges());
        }

        using (var context = new GridContext(options))
        {
            var grid = context.Grids.Single(g => g.Id == 1);
            Assert.Equal([[1, 2], [], [30]], grid.Numbers);
            Assert.Equal([["a", "b'\"c"], ["new"]], grid.Words);
            Assert.Equal([[1, null], [2], []], grid.Sheet.Cells);
            Assert.Equal("s", grid.Sheet.Name);
            Assert.Equal(0, context.SaveChanges());
        }
    }

    [Fact]
    public void Queries_count_and_index_the_outer_collection()
    {
        using var source = BareMetalDataSource.Create("Data Source=:memory:");
        using var context = new GridContext(Seeded(source));
        Assert.Equal([1], context.Grids.Where(g => g.Numbers.Length == 3).Select(g => g.Id).ToList());
        Assert.Equal([1, 2, 9], context.Grids.OrderBy(g => g.Id).Select(g => g.Numbers[0]).AsEnumerable().SelectMany(row => row));
        Assert.Equal([2], context.Grids.Where(g => g.Words.Count() < 2).Select(g => g.Id).ToList());
        Assert.Equal([1], context.Grids.Where(g => g.Sheet.Cells.Count == 2).Select(g => g.Id).ToList());
    }
}
