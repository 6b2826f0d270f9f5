using Microsoft.EntityFrameworkCore;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Query;

/// <summary>One row of a million arrives before its scan ends: judged by the rows that scans have read when it is there.</summary>
public sealed class StreamingTests : IClassFixture<StreamingTests.Stars>
{
    private const int Few = 2000;
    private readonly Stars _stars;

    public StreamingTests(Stars stars)
        => _stars = stars;

    public sealed class Star
    {
        public int Id { get; set; }

        public int Half { get; set; }

        public string Kind { get; set; } = "";
    }

    public sealed class StarContext(BareMetalDataSource source) : DbContext
    {
        public DbSet<Star> Stars
            => Set<Star>();

        protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder)
            => optionsBuilder.UseBareMetal(source);

        protected override void OnModelCreating(ModelBuilder modelBuilder)
            => modelBuilder.Entity<Star>().Property(s => s.Id).ValueGeneratedNever();
    }

    /// <summary>A million rows, made once.</summary>
    public sealed class Stars : IDisposable
    {
        public const int Rows = 1_000_000;

        public Stars()
        {
            using var context = new StarContext(Source);
            context.Database.EnsureCreated();
            using var connection = Source.OpenConnection();
            BareMetalBulkCopy copy = new(connection) { DestinationTableName = "Stars" };
            copy.WriteToServer(Enumerable.Range(0, Rows).Select(i => new Star { Id = i, Half = i / 2, Kind = i % 3 == 0 ? "dwarf" : "giant" }));
        }

        public BareMetalDataSource Source { get; } = BareMetalDataSource.Create("Data Source=:memory:;Cache Size=512MB");

        public void Dispose()
            => Source.Dispose();
    }

    public static TheoryData<string> Queries
        => new("all", "untracked", "ordered", "backwards", "where", "projection", "skipped", "taken", "raw");

    private static IQueryable<int> Ids(StarContext context, string query)
        => query switch
        {
            "all" => context.Stars.Select(s => s.Id),
            "untracked" => context.Stars.AsNoTracking().Where(s => s.Half >= 0).Select(s => s.Id),
            "ordered" => context.Stars.OrderBy(s => s.Id).Select(s => s.Id),
            "backwards" => context.Stars.OrderByDescending(s => s.Id).Select(s => s.Id),
            "where" => context.Stars.Where(s => s.Kind == "giant" && s.Half > 100).Select(s => s.Id),
            "projection" => context.Stars.Select(s => new { Sum = s.Id + s.Half, Name = s.Kind.ToUpper() }).Where(x => x.Name == "DWARF").Select(x => x.Sum),
            "skipped" => context.Stars.OrderBy(s => s.Id).Skip(1000).Select(s => s.Id),
            "taken" => context.Stars.OrderBy(s => s.Id).Take(500_000).Select(s => s.Id),
            _ => context.Database.SqlQuery<int>($"""SELECT "Id" AS "Value" FROM "Stars" """),
        };

    [Theory]
    [MemberData(nameof(Queries))]
    public async Task The_first_row_is_there_after_few_were_read(string query)
    {
        using var context = new StarContext(_stars.Source);
        context.Database.OpenConnection();
        var connection = (BareMetalConnection)context.Database.GetDbConnection();
        var rows = 0;
        await foreach (var _ in Ids(context, query).AsAsyncEnumerable())
        {
            rows++;
            break;
        }

        Assert.Equal(1, rows);
        Assert.InRange(connection.RowsRead, 1, Few);
        var before = connection.RowsRead;
        foreach (var _ in Ids(context, query))
            break;
        Assert.InRange(connection.RowsRead - before, 1, Few);
    }

    [Fact]
    public async Task Entities_are_tracked_one_by_one()
    {
        using var context = new StarContext(_stars.Source);
        context.Database.OpenConnection();
        await foreach (var star in context.Stars.OrderBy(s => s.Id).AsAsyncEnumerable())
        {
            Assert.Equal(EntityState.Unchanged, context.Entry(star).State);
            if (star.Id == 9)
                break;
        }

        Assert.Equal(10, context.ChangeTracker.Entries().Count());
        Assert.InRange(((BareMetalConnection)context.Database.GetDbConnection()).RowsRead, 10, Few);
    }

    [Fact]
    public void An_order_that_no_index_has_reads_everything_first()
    {
        using var context = new StarContext(_stars.Source);
        context.Database.OpenConnection();
        foreach (var _ in context.Stars.OrderByDescending(s => s.Half).Select(s => s.Half))
            break;
        Assert.Equal(Stars.Rows, ((BareMetalConnection)context.Database.GetDbConnection()).RowsRead);
    }
}
