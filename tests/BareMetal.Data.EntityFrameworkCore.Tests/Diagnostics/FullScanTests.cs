using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.Logging;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Diagnostics;

/// <summary>Scans of many rows that no index serves are a warning of EF Core's, and plans can be seen from a query.</summary>
public sealed class FullScanTests : IDisposable
{
    private readonly BareMetalDataSource _source = BareMetalDataSource.Create("Data Source=:memory:;Full Scan Rows=200");
    private readonly List<(EventId Id, LogLevel Level, string Text)> _log = [];

    public FullScanTests()
    {
        using var context = Create();
        context.Database.EnsureCreated();
        context.AddRange(Enumerable.Range(1, 500).Select(i => new Bolt { Color = i % 5 == 0 ? "red" : "grey", Size = i }));
        context.SaveChanges();
        _log.Clear();
    }

    public void Dispose()
        => _source.Dispose();

    public sealed class Bolt
    {
        public int Id { get; set; }

        public string Color { get; set; } = "";

        public int Size { get; set; }
    }

    public sealed class BoltContext(DbContextOptions options) : DbContext(options)
    {
        public DbSet<Bolt> Bolts
            => Set<Bolt>();

        protected override void OnModelCreating(ModelBuilder modelBuilder)
            => modelBuilder.Entity<Bolt>().HasIndex(b => b.Size);
    }

    private BoltContext Create(Action<DbContextOptionsBuilder>? configure = null)
    {
        var options = new DbContextOptionsBuilder().UseBareMetal(_source)
            .LogTo((id, _) => id == BareMetalEventId.FullScanWarning, data => _log.Add((data.EventId, data.LogLevel, data.ToString())));
        configure?.Invoke(options);
        return new BoltContext(options.Options);
    }

    [Fact]
    public async Task A_query_without_an_index_is_a_warning_that_names_the_index()
    {
        using var context = Create();
        var color = "red";
        Assert.Equal(100, context.Bolts.Count(b => b.Color == color));
        var (id, level, text) = Assert.Single(_log);
        Assert.Equal((BareMetalEventId.FullScanWarning, LogLevel.Warning), (id, level));
        Assert.Contains("""CREATE INDEX ON "Bolts" ("Color")""", text);

        Assert.Equal(100, (await context.Bolts.Where(b => b.Color == color).ToListAsync()).Count);
        Assert.Equal(2, _log.Count);
        Assert.Equal(300, context.Bolts.Count(b => b.Size > 200));
        Assert.Equal(500, context.Bolts.ToList().Count);
        Assert.Equal(2, _log.Count);
    }

    [Fact]
    public void It_can_be_made_an_error_or_ignored()
    {
        using (var context = Create(o => o.ConfigureWarnings(w => w.Throw(BareMetalEventId.FullScanWarning))))
        {
            Assert.Throws<InvalidOperationException>(() => context.Bolts.Where(b => b.Color == "red").ExecuteDelete());
            Assert.Throws<InvalidOperationException>(() => context.Bolts.Where(b => b.Color == "red").ToList());
            Assert.Equal(500, context.Bolts.Count());
        }

        using (var context = Create(o => o.ConfigureWarnings(w => w.Ignore(BareMetalEventId.FullScanWarning))))
            Assert.Equal(100, context.Bolts.Where(b => b.Color == "red").ToList().Count);
        Assert.Empty(_log);
    }

    [Fact]
    public void A_connection_of_the_application_is_watched_while_the_context_uses_it()
    {
        using var connection = _source.OpenConnection();
        using (var context = new BoltContext(new DbContextOptionsBuilder().UseBareMetal(connection)
            .LogTo((id, _) => id == BareMetalEventId.FullScanWarning, data => _log.Add((data.EventId, data.LogLevel, data.ToString()))).Options))
        {
            Assert.Equal(100, context.Bolts.Count(b => b.Color == "red"));
            Assert.Single(_log);
        }

        using var command = connection.CreateCommand();
        command.CommandText = """SELECT count(*) FROM "Bolts" WHERE "Color" = 'red' """;
        command.ExecuteScalar();
        Assert.Single(_log);
    }

    [Fact]
    public void The_event_carries_what_happened()
    {
        var seen = new List<FullScanEventData>();
        using var context = new BoltContext(new DbContextOptionsBuilder().UseBareMetal(_source)
            .LogTo((_, _) => true, data =>
            {
                if (data is FullScanEventData scan)
                    seen.Add(scan);
            }).Options);
        context.Bolts.Where(b => b.Color == "red").TagWith("here").ToList();
        var data = Assert.Single(seen);
        Assert.Equal(("public", "Bolts", """CREATE INDEX ON "Bolts" ("Color")"""), (data.SchemaName, data.TableName, data.SuggestedIndex));
        Assert.InRange(data.RowsRead, 200, 500);
        Assert.Contains("Color", data.Filter);
        Assert.Contains("SELECT", data.CommandText);
    }

    [Fact]
    public async Task A_query_shows_its_plan_with_its_parameters()
    {
        using var context = Create();
        var size = 7;
        var query = context.Bolts.Where(b => b.Size == size).OrderBy(b => b.Id).TagWith("plan");
        var plan = query.ToPlanString();
        Assert.Contains("IX_Bolts_Size", plan);
        Assert.DoesNotContain("actual", plan);
        Assert.Equal(plan, await query.ToPlanStringAsync());

        var analyzed = query.ToPlanString(analyze: true);
        Assert.Contains("actual rows=1 read=1", analyzed);
        using var json = System.Text.Json.JsonDocument.Parse(await query.ToPlanStringAsync(analyze: true, json: true));
        Assert.True(json.RootElement[0].GetProperty("Execution Time").GetDouble() >= 0);
        Assert.Equal(System.Data.ConnectionState.Closed, context.Database.GetDbConnection().State);
    }

    [Fact]
    public void The_plan_is_asked_for_in_the_contexts_transaction()
    {
        using var context = Create();
        using var transaction = context.Database.BeginTransaction();
        context.Database.ExecuteSql($"""CREATE INDEX "IX_new" ON "Bolts" ("Color")""");
        Assert.Contains("IX_new", context.Bolts.Where(b => b.Color == "red" && b.Size > 3).Select(b => b.Color).ToPlanString());
        transaction.Rollback();
        Assert.DoesNotContain("IX_new", context.Bolts.Where(b => b.Color == "red" && b.Size > 3).Select(b => b.Color).ToPlanString());
    }

    [Fact]
    public void What_is_no_query_of_this_provider_has_no_plan()
        => Assert.Throws<NotSupportedException>(() => new[] { 1 }.AsQueryable().ToPlanString());
}
