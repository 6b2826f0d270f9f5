using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Query;

/// <summary>Indexes on members of JSON documents serve the queries that EF Core writes for those members.</summary>
public sealed class JsonIndexTests : IDisposable
{
    private readonly BareMetalDataSource _source = BareMetalDataSource.Create("Data Source=:memory:");
    private readonly PlacesContext _context;

    public JsonIndexTests()
    {
        _context = new PlacesContext(_source);
        _context.Database.EnsureCreated();
        for (var i = 1; i <= 500; i++)
        {
            _context.Add(
                new Site
                {
                    Id = i,
                    Details = new Details
                    {
                        City = "c" + i,
                        Rank = 500 - i,
                        Opened = new DateOnly(2000, 1, 1).AddDays(i),
                        Kind = (SiteKind)(i % 3),
                        Inner = new Inner { Code = i % 7 == 0 ? null : "x" + i },
                    },
                    Owner = new Owner { Name = "o" + i },
                });
        }

        _context.SaveChanges();
        _context.ChangeTracker.Clear();
    }

    public void Dispose()
    {
        _context.Dispose();
        _source.Dispose();
    }

    private string Plan(IQueryable query)
    {
        _context.Database.OpenConnection();
        using var command = query.CreateDbCommand();
        command.CommandText = "EXPLAIN " + command.CommandText;
        var lines = new List<string>();
        using var reader = command.ExecuteReader();
        while (reader.Read())
            lines.Add(reader.GetString(0));
        return string.Join("\n", lines);
    }

    private void Seeks(IQueryable<Site> query, string index, params int[] ids)
    {
        var plan = Plan(query);
        Assert.Contains("Index Seek on Sites", plan);
        Assert.Contains("using " + index, plan);
        Assert.Equal(ids, query.Select(s => s.Id).ToList());
    }

    [Fact]
    public void Conditions_on_members_seek()
    {
        Seeks(_context.Sites.Where(s => s.Details.City == "c17"), "IX_Sites_Details_City", 17);
        Seeks(_context.Sites.Where(s => s.Details.Rank == 3), "by_rank", 497);
        Seeks(_context.Sites.Where(s => s.Details.Rank > 495 && s.Details.Rank < 500).OrderBy(s => s.Details.Rank), "by_rank", 4, 3, 2, 1);
        Seeks(_context.Sites.Where(s => s.Details.Inner.Code == "x9"), "IX_Sites_Details_Inner_Code", 9);
        Seeks(_context.Sites.Where(s => s.Details.Inner.Code == null), "IX_Sites_Details_Inner_Code", [.. Enumerable.Range(1, 71).Select(i => i * 7)]);
        Seeks(_context.Sites.Where(s => s.Owner.Name == "o3"), "IX_Sites_Owner_Name", 3);
        Seeks(_context.Sites.Where(s => s.Details.Opened == new DateOnly(2000, 1, 3)), "IX_Sites_Details_Opened_Details_Kind", 2);
    }

    [Fact]
    public void An_order_by_a_member_reads_the_index()
    {
        var query = _context.Sites.OrderBy(s => s.Details.Rank).Take(3);
        var plan = Plan(query);
        Assert.Contains("using by_rank", plan);
        Assert.DoesNotContain("-> Top", plan);
        Assert.Equal([500, 499, 498], query.Select(s => s.Id).ToList());
    }

    [Fact]
    public void A_parameter_seeks_as_a_constant_does()
    {
        var city = "c44";
        var reads = _context.Sites.Where(s => s.Details.City == city);
        Assert.Contains("Index Seek on Sites", Plan(reads));
        Assert.Equal(44, reads.Single().Id);
    }

    [Fact]
    public void A_partial_update_keeps_the_index_right()
    {
        var site = _context.Sites.Single(s => s.Id == 30);
        site.Details.City = "moved";
        _context.SaveChanges();
        _context.Sites.Where(s => s.Id == 31).ExecuteUpdate(u => u.SetProperty(s => s.Details.City, "gone"));
        _context.ChangeTracker.Clear();
        Seeks(_context.Sites.Where(s => s.Details.City == "moved"), "IX_Sites_Details_City", 30);
        Seeks(_context.Sites.Where(s => s.Details.City == "gone"), "IX_Sites_Details_City", 31);
        Assert.False(_context.Sites.Any(s => s.Details.City == "c30"));
    }

    [Fact]
    public void A_unique_one_refuses_a_second_value()
    {
        _context.Add(new Site { Id = 1000, Details = new Details { Rank = 7, City = "x", Inner = new Inner() }, Owner = new Owner() });
        var error = Assert.Throws<DbUpdateException>(() => _context.SaveChanges());
        Assert.Equal("23505", Assert.IsType<BareMetalException>(error.InnerException).SqlState);
    }

    [Theory]
    [InlineData("Details.None", "'None' is no property")]
    [InlineData("Id", "use HasIndex")]
    [InlineData("Nothing.City", "'Nothing' is no complex property")]
    public void What_is_no_member_of_a_document_is_refused(string path, string message)
    {
        using var context = new WrongContext(path);
        var error = Assert.Throws<InvalidOperationException>(() => context.Database.GenerateCreateScript());
        Assert.Contains(message, error.Message);
    }

    public sealed class PlacesContext(BareMetalDataSource source) : DbContext(new DbContextOptionsBuilder<PlacesContext>().UseBareMetal(source).Options)
    {
        public DbSet<Site> Sites
            => Set<Site>();

        protected override void OnModelCreating(ModelBuilder modelBuilder)
            => modelBuilder.Entity<Site>(
                e =>
                {
                    e.Property(s => s.Id).ValueGeneratedNever();
                    e.ComplexProperty(s => s.Details, d => d.ToJson());
                    e.OwnsOne(s => s.Owner, o => o.ToJson("owner_doc"));
                    e.HasJsonIndex(s => s.Details.City);
                    e.HasJsonIndex(s => s.Details.Rank, "by_rank", unique: true);
                    e.HasJsonIndex(s => s.Details.Inner.Code);
                    e.HasJsonIndex(s => new { s.Details.Opened, s.Details.Kind });
                    e.HasJsonIndex(s => s.Owner.Name);
                });
    }

    public sealed class WrongContext(string path) : DbContext(new DbContextOptionsBuilder<WrongContext>().UseBareMetal("Data Source=:memory:").ReplaceService<IModelCacheKeyFactory, Always>().Options)
    {
        protected override void OnModelCreating(ModelBuilder modelBuilder)
            => modelBuilder.Entity<Site>(
                e =>
                {
                    e.ComplexProperty(s => s.Details, d => d.ToJson());
                    e.OwnsOne(s => s.Owner, o => o.ToJson());
                    e.HasJsonIndex([path]);
                });
    }

    public sealed class Always : IModelCacheKeyFactory
    {
        public object Create(DbContext context, bool designTime)
            => new();
    }

    public enum SiteKind
    {
        Shop,
        Store,
        Office,
    }

    public sealed class Site
    {
        public int Id { get; set; }

        public Details Details { get; set; } = new();

        public Owner Owner { get; set; } = new();
    }

    public sealed class Details
    {
        public string City { get; set; } = "";

        public int? Rank { get; set; }

        public DateOnly Opened { get; set; }

        public SiteKind Kind { get; set; }

        public Inner Inner { get; set; } = new();
    }

    public sealed class Inner
    {
        public string? Code { get; set; }
    }

    public sealed class Owner
    {
        public string? Name { get; set; }
    }
}
