using Microsoft.EntityFrameworkCore;
using Xunit;

namespace BareMetal.Data.Analyzers.Tests.Entities;

public sealed class EntityFrameworkTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("bm-entities-").FullName;

    private string ConnectionString => $"Data Source={Path.Combine(_directory, "shared.bmdb")}";

    public void Dispose()
    {
        BareMetalConnection.ClearAllPools();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void What_a_typed_set_wrote_EF_Core_and_SQL_read()
    {
        Customer[] written = Enumerable.Range(1, 20).Select(EntitySetTests.Make).ToArray();
        using (BareMetalDatabase database = BareMetalDatabase.Open(ConnectionString))
            database.Set<Customer>().InsertRange(written);
        using Context context = new(ConnectionString);
        List<Customer> read = context.Customers.AsNoTracking().OrderBy(c => c.Id).ToList();
        Assert.Equal(20, read.Count);
        for (int i = 0; i < 20; i++)
            EntitySetTests.AssertSame(written[i], read[i]);
        Assert.Equal(
            written.Where(c => c.Home?.Number > 5 && c.Size.Width > 4).Select(c => c.Id),
            context.Customers.Where(c => c.Home!.Number > 5 && c.Size.Width > 4).OrderBy(c => c.Id).Select(c => c.Id));
        using BareMetalConnection connection = new(ConnectionString);
        connection.Open();
        using BareMetalCommand command = new("SELECT sum(balance) FROM customers WHERE \"City\" = 'Oslo'", connection);
        Assert.Equal(written.Where(c => c.City == "Oslo").Sum(c => c.Balance), command.ExecuteScalar());
    }

    [Fact]
    public void What_EF_Core_wrote_a_typed_set_reads_and_changes()
    {
        Customer[] written = Enumerable.Range(1, 20).Select(EntitySetTests.Make).ToArray();
        using (Context context = new(ConnectionString))
        {
            context.Database.EnsureCreated();
            context.Customers.AddRange(written);
            context.Lines.Add(new Line { Order = Guid.NewGuid(), Position = 1, Text = "x" });
            context.SaveChanges();
        }

        using BareMetalDatabase database = BareMetalDatabase.Open(ConnectionString);
        EntitySet<Customer> customers = database.Set<Customer>();
        foreach (Customer customer in written)
            EntitySetTests.AssertSame(customer, customers.Find(customer.Id));
        Customer added = EntitySetTests.Make(33);
        customers.Insert(added);
        Assert.Equal(21, added.Id);
        Assert.Equal(1, database.Set<Line>().Count());
        using (Context context = new(ConnectionString))
            EntitySetTests.AssertSame(added, context.Customers.Single(c => c.Id == 21));
    }

    [Fact]
    public void A_definition_applies_to_a_DbSet()
    {
        Customer[] written = Enumerable.Range(1, 60).Select(EntitySetTests.Make).ToArray();
        using BareMetalDatabase database = BareMetalDatabase.Open(ConnectionString);
        EntitySet<Customer> set = database.Set<Customer>();
        set.InsertRange(written);
        using Context context = new(ConnectionString);
        foreach (string json in new[]
        {
            """{"where": {"field": "City", "op": "ne", "value": "Oslo"}, "sort": ["Id"]}""",
            """{"where": {"not": true, "or": [{"field": "Born", "op": "ge", "value": "2000-02-01"}, {"field": "Level", "op": "eq", "value": "Low"}]}, "sort": ["Id"]}""",
            """{"where": {"and": [{"field": "Name", "op": "startsWith", "value": "Customer 1"}, {"field": "Balance", "op": "between", "value": [1, 4.5]}]}, "sort": [{"field": "Balance", "desc": true}], "skip": 2, "take": 5}""",
            """{"where": {"field": "City", "op": "in", "value": ["Bergen", null]}, "sort": ["Name"]}""",
            """{"where": {"field": "Name", "op": "gt", "value": "Customer 4"}, "sort": ["Size.Width"]}""",
            """{"where": {"field": "Code", "op": "isNotNull"}, "sort": ["Id"], "take": 3}""",
        })
        {
            QueryDefinition definition = QueryDefinition.FromJson(json);
            long[] expected = set.Query(definition).Select(c => c.Id).ToArray();
            Assert.NotEmpty(expected);
            Assert.Equal(expected, context.Customers.Where(definition).Select(c => c.Id));
        }

        QueryDefinition parameterised = QueryDefinition.FromJson("""{"where": {"field": "City", "op": "eq", "value": "Oslo"}}""");
        Assert.Contains("@", context.Customers.Where(parameterised).ToQueryString());
        QueryDefinitionException error = Assert.Throws<QueryDefinitionException>(
            () => context.Customers.Where(QueryDefinition.FromJson("""{"where": {"and": [{"field": "Town", "op": "eq", "value": 1}, {"field": "Id", "op": "eq", "value": "x"}]}, "sort": ["Nope"]}""")));
        Assert.Equal(["where.and[0].field", "where.and[1].value", "sort[0].field"], error.Problems.Select(p => p.Path));
    }

    private sealed class Context(string connectionString) : DbContext
    {
        public DbSet<Customer> Customers => Set<Customer>();

        public DbSet<Line> Lines => Set<Line>();

        protected override void OnConfiguring(DbContextOptionsBuilder options) => options.UseBareMetal(connectionString);

        protected override void OnModelCreating(ModelBuilder model)
        {
            model.ApplyGeneratedEntities();
            // Versions of one table can't stand in one model.
            model.Ignore<Versions.Thing1>();
            model.Ignore<Versions.Thing2>();
            model.Ignore<Versions.Thing2Changed>();
        }
    }
}
