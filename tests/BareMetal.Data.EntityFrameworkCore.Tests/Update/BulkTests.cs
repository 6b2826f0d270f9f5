using Microsoft.EntityFrameworkCore;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Update;

public sealed class BulkTests : IDisposable
{
    private readonly BareMetalDataSource _source = BareMetalDataSource.Create("Data Source=:memory:");

    public BulkTests()
    {
        using Db db = Make();
        db.Database.EnsureCreated();
    }

    public void Dispose() => _source.Dispose();

    public enum Kind
    {
        Plain,
        Special,
    }

    [Fact]
    public void What_is_inserted_in_bulk_reads_as_what_SaveChanges_wrote()
    {
        using (Db db = Make())
        {
            db.Parts.AddRange(Parts(1, 50, "saved"));
            db.SaveChanges();
        }

        List<Part> bulk = [.. Parts(1, 50, "bulk")];
        using (Db db = Make())
        {
            Assert.Equal(50, db.Parts.BulkInsert(bulk, new BareMetalBulkOptions { BatchSize = 7 }));
            Assert.Empty(db.ChangeTracker.Entries());
        }

        using (Db db = Make())
        {
            List<Part> saved = [.. db.Parts.Where(p => p.Batch == "saved").OrderBy(p => p.Number)];
            List<Part> read = [.. db.Parts.Where(p => p.Batch == "bulk").OrderBy(p => p.Number)];
            Assert.Equal(saved.Select(Shown), read.Select(Shown));
            Assert.Equal(bulk.Select(p => p.Id), read.Select(p => p.Id));
            Assert.Equal(bulk.Select(p => p.Version), read.Select(p => p.Version));
            Assert.All(bulk, p => Assert.Equal(p.Number * 2, p.Double));
            Assert.Contains(read, p => p is BoughtPart { Supplier: "s3" });
        }
    }

    [Fact]
    public async Task Keys_given_and_made_go_together_in_order()
    {
        await using Db db = Make();
        Part[] parts = [.. Parts(1, 6, "x")];
        parts[2].Id = 1000;
        parts[3].Id = 1001;
        Assert.Equal(6, await db.Parts.BulkInsertAsync(Arriving(parts)));
        Assert.Equal(1000, parts[2].Id);
        Assert.True(parts[4].Id > 1001);
        Assert.Equal([1, 2, 3, 4, 5, 6], await db.Parts.OrderBy(p => p.Id).Select(p => p.Number).ToListAsync());

        Tag[] tags = [new() { Name = "a" }, new() { Name = "b" }];
        await db.Tags.BulkInsertAsync(tags);
        Assert.All(tags, t => Assert.NotEqual(Guid.Empty, t.Id));
        Assert.Equal("a", (await db.Tags.SingleAsync(t => t.Id == tags[0].Id)).Name);

        static async IAsyncEnumerable<Part> Arriving(Part[] parts)
        {
            foreach (Part part in parts)
            {
                await Task.Yield();
                yield return part;
            }
        }
    }

    [Fact]
    public void An_upsert_updates_what_is_there_and_inserts_the_rest()
    {
        using Db db = Make();
        Part[] parts = [.. Parts(1, 4, "old")];
        db.Parts.BulkInsert(parts);
        byte[] before = parts[0].Version;
        foreach (Part part in parts)
            part.Batch = "new";
        Part[] all = [.. parts, .. Parts(5, 2, "new")];
        Assert.Equal(6, db.Parts.Upsert(all));
        Assert.Equal(6, db.Parts.Count(p => p.Batch == "new"));
        Assert.NotEqual(before, parts[0].Version);
        Assert.All(all, p => Assert.True(p.Id > 0));

        db.Tags.Upsert([new Tag { Name = "n", Weight = 1 }], new BareMetalBulkOptions { KeyProperties = ["Name"] });
        db.Tags.Upsert([new Tag { Name = "n", Weight = 2 }, new Tag { Name = "m", Weight = 3 }], new BareMetalBulkOptions { KeyProperties = ["Name"] });
        Assert.Equal([3, 2], db.Tags.OrderBy(t => t.Name).Select(t => t.Weight));
    }

    [Fact]
    public void A_failure_leaves_nothing_and_a_transaction_holds_all()
    {
        using Db db = Make();
        Assert.Equal("23505", Assert.Throws<BareMetalException>(() => db.Tags.BulkInsert([new Tag { Name = "a" }, new Tag { Name = "b" }, new Tag { Name = "a" }], new BareMetalBulkOptions { BatchSize = 1 })).SqlState);
        Assert.Equal(0, db.Tags.Count());
        using (var transaction = db.Database.BeginTransaction())
        {
            db.Tags.BulkInsert([new Tag { Name = "c" }]);
            Assert.Equal(1, db.Tags.Count());
            transaction.Rollback();
        }

        Assert.Equal(0, db.Tags.Count());
        Assert.Contains("2 tables", Assert.Throws<InvalidOperationException>(() => db.Set<Wheel>().BulkInsert([new BigWheel()])).Message);
    }

    [Fact]
    public void Thousands_of_rows_take_a_statement_per_batch()
    {
        using Db db = Make();
        List<long> told = [];
        Assert.Equal(10_000, db.Parts.BulkInsert(Parts(1, 10_000, "many"), new BareMetalBulkOptions { Progress = new Told(told.Add), ReadGeneratedValues = false }));
        Assert.Equal(10_000, told[^1]);
        Assert.Equal(10_000, db.Parts.Count());
    }

    private static string Shown(Part p)
        => $"{p.Number} {p.Price} {p.Kind} {p.Double} {p.Size?.Width}x{p.Size?.Unit.Name} {p.Place.City} {p.Notes.Count}:{string.Join(",", p.Notes.Select(n => n.Text + n.At))} {string.Join(",", p.Codes)} {p.Stamp} {(p as BoughtPart)?.Supplier}";

    private static IEnumerable<Part> Parts(int from, int count, string batch)
    {
        for (int i = from; i < from + count; i++)
        {
            Part part = i % 3 == 0 ? new BoughtPart { Supplier = $"s{i}" } : new Part();
            part.Number = i;
            part.Batch = batch;
            part.Price = i % 4 == 0 ? null : i + 0.25m;
            part.Kind = i % 2 == 0 ? Kind.Special : Kind.Plain;
            part.Size = i % 5 == 0 ? null : new Size { Width = i, Unit = new Unit { Name = $"u{i}" } };
            part.Place = new Place { City = $"city {i}" };
            part.Notes = [.. Enumerable.Range(0, i % 3).Select(n => new Note { Text = $"\"{n}\"", At = new DateTime(2026, 1, 1 + n) })];
            part.Codes = [i, i + 1];
            part.Stamp = new DateTimeOffset(2026, 1, 1, 0, i % 60, 0, TimeSpan.FromHours(2));
            yield return part;
        }
    }

    private Db Make() => new(new DbContextOptionsBuilder<Db>().UseBareMetal(_source).Options);

    private sealed class Told(Action<long> told) : IProgress<long>
    {
        public void Report(long value) => told(value);
    }

    public class Part
    {
        public int Id { get; set; }
        public int Number { get; set; }
        public string Batch { get; set; } = "";
        public decimal? Price { get; set; }
        public Kind Kind { get; set; }
        public int Double { get; set; }
        public Size? Size { get; set; }
        public Place Place { get; set; } = new();
        public List<Note> Notes { get; set; } = [];
        public int[] Codes { get; set; } = [];
        public DateTimeOffset Stamp { get; set; }
        public byte[] Version { get; set; } = [];
    }

    public sealed class BoughtPart : Part
    {
        public string Supplier { get; set; } = "";
    }

    public sealed class Size
    {
        public int Width { get; set; }
        public Unit Unit { get; set; } = new();
    }

    public sealed class Unit
    {
        public string Name { get; set; } = "";
    }

    public sealed class Place
    {
        public string City { get; set; } = "";
    }

    public sealed class Note
    {
        public string Text { get; set; } = "";
        public DateTime At { get; set; }
    }

    public sealed class Tag
    {
        public Guid Id { get; set; }
        public string Name { get; set; } = "";
        public int Weight { get; set; }
    }

    public class Wheel
    {
        public int Id { get; set; }
    }

    public sealed class BigWheel : Wheel
    {
        public int Spokes { get; set; }
    }

    private sealed class Db(DbContextOptions<Db> options) : DbContext(options)
    {
        public DbSet<Part> Parts => Set<Part>();

        public DbSet<Tag> Tags => Set<Tag>();

        protected override void OnModelCreating(ModelBuilder modelBuilder)
        {
            modelBuilder.Entity<Part>(part =>
            {
                part.Property(p => p.Kind).HasConversion<string>();
                part.Property(p => p.Double).HasComputedColumnSql("\"Number\" * 2", stored: true);
                part.Property(p => p.Version).IsRowVersion();
                part.OwnsOne(p => p.Size, size => size.OwnsOne(s => s.Unit));
                part.ComplexProperty(p => p.Place);
                part.OwnsMany(p => p.Notes, notes => notes.ToJson());
            });
            modelBuilder.Entity<BoughtPart>();
            modelBuilder.Entity<Tag>().HasIndex(t => t.Name).IsUnique();
            modelBuilder.Entity<Wheel>().UseTptMappingStrategy();
            modelBuilder.Entity<BigWheel>();
        }
    }
}
