using Xunit;

namespace BareMetal.Data.Analyzers.Tests.Entities;

public sealed class EntitySetTests : IDisposable
{
    private readonly BareMetalDatabase _database = BareMetalDatabase.Open("Data Source=:memory:");

    public void Dispose() => _database.Dispose();

    internal static Customer Make(int i) => new()
    {
        Name = "Customer " + i,
        City = i % 3 == 0 ? null : i % 3 == 1 ? "Oslo" : "Bergen",
        Code = Guid.NewGuid(),
        Balance = i / 4m,
        Created = new DateTime(2024, 1, 1).AddHours(i),
        Born = i % 2 == 0 ? new DateOnly(2000, 1, 1).AddDays(i) : null,
        Seen = new DateTimeOffset(2024, 1, 1, 0, 0, 0, TimeSpan.FromHours(i % 5)),
        Wait = TimeSpan.FromSeconds(i),
        Opens = i % 2 == 0 ? null : new TimeOnly(8, i % 60),
        Level = i % 2 == 0 ? Level.High : Level.Low,
        Former = i % 4 == 0 ? Level.Low : null,
        Active = i % 2 == 0,
        Photo = i % 5 == 0 ? null : [1, (byte)i],
        Score = i * 1.5,
        Weight = i % 2 == 0 ? null : i,
        Points = (ushort)i,
        Home = i % 7 == 0 ? null : new Address { Street = "Gata \"" + i + "\"", City = i % 2 == 0 ? null : "Øst", Number = i, Rent = i % 2 == 0 ? 2.50m : null, Level = Level.High, Since = new DateTime(2020, 2, 29, 1, 2, 3) },
        Size = new Size { Width = i / 2.0, Height = i % 2 == 0 ? i : null },
    };

    internal static void AssertSame(Customer expected, Customer? actual)
    {
        Assert.NotNull(actual);
        Assert.Equal(
            (expected.Id, expected.Name, expected.City, expected.Code, expected.Balance, expected.Created, expected.Born),
            (actual.Id, actual.Name, actual.City, actual.Code, actual.Balance, actual.Created, actual.Born));
        Assert.Equal(
            (expected.Wait, expected.Opens, expected.Level, expected.Former, expected.Active, expected.Score, expected.Weight),
            (actual.Wait, actual.Opens, actual.Level, actual.Former, actual.Active, actual.Score, actual.Weight));
        Assert.Equal((expected.Seen, expected.Seen.Offset, expected.Points), (actual.Seen, actual.Seen.Offset, actual.Points));
        Assert.Equal(expected.Photo, actual.Photo);
        Assert.Equal(
            (expected.Home?.Street, expected.Home?.City, expected.Home?.Number, expected.Home?.Rent, expected.Home?.Level, expected.Home?.Since),
            (actual.Home?.Street, actual.Home?.City, actual.Home?.Number, actual.Home?.Rent, actual.Home?.Level, actual.Home?.Since));
        Assert.Equal((expected.Size.Width, expected.Size.Height), (actual.Size.Width, actual.Size.Height));
    }

    [Fact]
    public async Task Entities_go_in_change_and_go_out()
    {
        EntitySet<Customer> customers = _database.Set<Customer>();
        Customer one = Make(1);
        customers.Insert(one);
        Assert.Equal(1, one.Id);
        Customer two = Make(2);
        await customers.InsertAsync(two);
        Assert.Equal(2, two.Id);
        Customer numbered = Make(14);
        numbered.Id = 100;
        customers.Insert(numbered);
        AssertSame(one, customers.Find(1L));
        AssertSame(two, await customers.FindAsync(2L));
        AssertSame(numbered, customers.Find(100));
        Assert.Null(customers.Find(3L));

        two.City = "Bodø";
        two.Home = null;
        two.Size = new Size { Width = 3 };
        Assert.True(customers.Update(two));
        AssertSame(two, customers.Find(2L));
        one.Score = -1;
        Assert.True(await customers.UpdateAsync(one));
        AssertSame(one, customers.Find(1L));
        Customer none = Make(3);
        none.Id = 55;
        Assert.False(customers.Update(none));
        Assert.False(customers.Delete(none));
        Assert.True(customers.Delete(one));
        Assert.True(await customers.DeleteAsync(two));
        Assert.Equal(1, customers.Count());
        Customer next = Make(4);
        customers.Insert(next);
        Assert.Equal(101, next.Id);
    }

    [Fact]
    public void Keys_may_be_composite_or_made_by_the_client()
    {
        EntitySet<Line> lines = _database.Set<Line>();
        Guid order = Guid.NewGuid();
        lines.InsertRange(Enumerable.Range(1, 5).Select(i => new Line { Order = order, Position = i, Text = "line " + i }));
        Assert.Equal("line 4", lines.Find(order, 4)!.Text);
        Assert.Equal("line 5", lines.FindByKey(order, 5)!.Text);
        Assert.Throws<ArgumentException>(() => lines.Find(order));
        Assert.Equal("23505", Assert.Throws<BareMetalException>(() => lines.Insert(new Line { Order = order, Position = 1 })).SqlState);

        EntitySet<Ticket> tickets = _database.Set<Ticket>();
        Ticket ticket = new() { Title = "first" };
        tickets.Insert(ticket);
        Assert.Equal(7, ticket.Id.Version);
        Assert.Equal("first", tickets.Find(ticket.Id)!.Title);
    }

    [Fact]
    public void A_range_goes_in_whole_or_not_at_all()
    {
        EntitySet<Line> lines = _database.Set<Line>();
        Guid order = Guid.NewGuid();
        Assert.Throws<BareMetalException>(() => lines.InsertRange([new Line { Order = order, Position = 1 }, new Line { Order = order, Position = 2 }, new Line { Order = order, Position = 1 }]));
        Assert.Equal(0, lines.Count());
    }

    [Fact]
    public async Task A_transaction_joins_sets_and_sql()
    {
        await using (EntityTransaction transaction = _database.BeginTransaction())
        {
            transaction.Set<Ticket>().Insert(new Ticket { Title = "a" });
            Assert.Equal(1, transaction.Set<Ticket>().Count());
            Assert.Equal(0, _database.Set<Ticket>().Count());
            transaction.Rollback();
            Assert.Throws<InvalidOperationException>(() => transaction.Set<Ticket>().Count());
        }

        await using (EntityTransaction transaction = _database.BeginTransaction())
        {
            transaction.Set<Ticket>().Insert(new Ticket { Title = "b" });
            await using BareMetalCommand command = transaction.Connection.CreateCommand();
            command.CommandText = "UPDATE \"Ticket\" SET \"Title\" = 'changed'";
            Assert.Equal(1, command.ExecuteNonQuery());
            await transaction.CommitAsync();
        }

        Assert.Equal("changed", Assert.Single(_database.Set<Ticket>().Query(new QueryDefinition())).Title);
    }

    [Fact]
    public void Definitions_give_what_LINQ_gives()
    {
        EntitySet<Customer> set = _database.Set<Customer>();
        List<Customer> all = Enumerable.Range(1, 200).Select(Make).ToList();
        set.InsertRange(all);
        Check("""{"where": {"field": "City", "op": "eq", "value": "Oslo"}}""", c => c.City == "Oslo");
        Check("""{"where": {"field": "City", "op": "ne", "value": "Oslo"}}""", c => c.City != "Oslo");
        Check("""{"where": {"not": true, "and": [{"field": "City", "op": "eq", "value": "Oslo"}]}}""", c => c.City != "Oslo");
        Check("""{"where": {"not": true, "and": [{"field": "City", "op": "startsWith", "value": "O"}]}}""", c => !(c.City?.StartsWith('O') ?? false));
        Check("""{"where": {"field": "City", "op": "in", "value": ["Oslo", null]}}""", c => c.City is "Oslo" or null);
        Check("""{"where": {"field": "City", "op": "notIn", "value": ["Oslo"]}}""", c => c.City != "Oslo");
        Check("""{"where": {"field": "City", "op": "notIn", "value": ["Oslo", null]}}""", c => c.City is not ("Oslo" or null));
        Check("""{"where": {"field": "City", "op": "isNull"}}""", c => c.City is null);
        Check("""{"where": {"field": "Born", "op": "ge", "value": "2000-04-01"}}""", c => c.Born >= new DateOnly(2000, 4, 1));
        Check("""{"where": {"not": true, "or": [{"field": "Born", "op": "ge", "value": "2000-04-01"}]}}""", c => !(c.Born >= new DateOnly(2000, 4, 1)));
        Check("""{"where": {"field": "Balance", "op": "between", "value": [10, 12.5]}}""", c => c.Balance is >= 10 and <= 12.5m);
        Check("""{"where": {"field": "Level", "op": "eq", "value": "High"}}""", c => c.Level == Level.High);
        Check("""{"where": {"field": "Former", "op": "ne", "value": 0}}""", c => c.Former != Level.Low);
        Check("""{"where": {"field": "Name", "op": "contains", "value": "er 1"}}""", c => c.Name.Contains("er 1"));
        Check("""{"where": {"field": "Name", "op": "endsWith", "value": "7"}}""", c => c.Name.EndsWith('7'));
        Check("""{"where": {"field": "Home.Number", "op": "gt", "value": 150}}""", c => c.Home?.Number > 150);
        Check("""{"where": {"field": "Home.City", "op": "eq", "value": "Øst"}}""", c => c.Home?.City == "Øst");
        Check("""{"where": {"field": "Home", "op": "isNull"}}""", c => c.Home is null);
        Check("""{"where": {"field": "Size.Height", "op": "le", "value": 20}}""", c => c.Size.Height <= 20);
        Check("""{"where": {"field": "Active", "op": "eq", "value": true}}""", c => c.Active);
        Check("""{"where": {"field": "Seen", "op": "lt", "value": "2024-01-01T00:00:00+02:30"}}""", c => c.Seen < new DateTimeOffset(2024, 1, 1, 0, 0, 0, TimeSpan.FromHours(2.5)));
        Check("""{"where": {"or": [{"and": [{"field": "City", "op": "eq", "value": "Oslo"}, {"field": "Score", "op": "gt", "value": 200}]}, {"field": "Id", "op": "in", "value": [1, 2, 3]}]}}""",
            c => (c.City == "Oslo" && c.Score > 200) || c.Id is 1 or 2 or 3);
        Check("""{"where": {"and": []}}""", _ => true);
        Check("""{"where": {"or": []}}""", _ => false);

        Assert.Equal(
            all.OrderBy(c => c.City, StringComparer.Ordinal).ThenByDescending(c => c.Id).Skip(10).Take(15).Select(c => c.Id),
            set.Query(QueryDefinition.FromJson("""{"sort": ["City", {"field": "Id", "desc": true}], "skip": 10, "take": 15}""")).Select(c => c.Id));
        Assert.Equal(all.Take(3).Select(c => c.Id), set.Query(new QueryDefinition { Take = 3 }).Select(c => c.Id));

        void Check(string json, Func<Customer, bool> predicate)
        {
            QueryDefinition definition = QueryDefinition.FromJson(json);
            List<long> expected = all.Where(predicate).Select(c => c.Id).Order().ToList();
            List<Customer> found = set.Query(definition).OrderBy(c => c.Id).ToList();
            Assert.True(expected.SequenceEqual(found.Select(c => c.Id)), json);
            Assert.Equal(expected.Count, set.Count(definition));
            foreach (Customer c in found.Take(3))
                AssertSame(all[(int)c.Id - 1], c);
        }
    }

    [Fact]
    public async Task A_definition_on_an_indexed_field_seeks_and_streams()
    {
        EntitySet<Customer> set = _database.Set<Customer>();
        set.InsertRange(Enumerable.Range(1, 3000).Select(Make));
        QueryDefinition definition = new() { Where = QueryNode.And(QueryNode.Field("City", QueryOperator.Equal, "Oslo"), QueryNode.Field("Name", QueryOperator.GreaterOrEqual, "Customer 29")), Take = 5 };
        string plan = set.Explain(definition);
        Assert.Contains("Index Seek", plan);
        Assert.Contains("IX_customers_City_Name", plan);
        int count = 0;
        await foreach (Customer customer in set.QueryAsync(definition))
        {
            Assert.Equal("Oslo", customer.City);
            count++;
        }

        Assert.Equal(5, count);
        QueryDefinitionException error = Assert.Throws<QueryDefinitionException>(() => set.Query(QueryDefinition.FromJson("""{"where": {"field": "Town", "op": "eq", "value": 1}, "sort": ["Nope"]}""")));
        Assert.Equal(["where.field", "sort[0].field"], error.Problems.Select(p => p.Path));
    }

    [Fact]
    public void A_later_version_brings_the_table_up_and_reads_earlier_rows()
    {
        using (BareMetalDatabase first = BareMetalDatabase.Open(_database.DataSource))
        {
            EntitySet<Versions.Thing1> things = first.Set<Versions.Thing1>();
            things.InsertRange(Enumerable.Range(1, 10).Select(i => new Versions.Thing1 { Name = "thing " + i, Count = i, Old = "old" }));
        }

        using (BareMetalDatabase second = BareMetalDatabase.Open(_database.DataSource))
        {
            EntitySet<Versions.Thing2> things = second.Set<Versions.Thing2>();
            Versions.Thing2 old = things.Find(4)!;
            Assert.Equal(("thing 4", 4L, 0m, null, Level.Low), (old.Name, old.Count, old.Price, old.Note, old.Level));
            old.Price = 2.5m;
            old.Count = 1L << 40;
            old.Level = Level.High;
            Assert.True(things.Update(old));
            Versions.Thing2 added = new() { Name = "new", Count = 1, Price = 3 };
            things.Insert(added);
            Assert.Equal(11, added.Id);
            Assert.Equal((1L << 40, 2.5m, Level.High), (things.Find(4)!.Count, things.Find(4)!.Price, things.Find(4)!.Level));
            Assert.Equal(2, things.Count(QueryDefinition.FromJson("""{"where": {"field": "Price", "op": "gt", "value": 0}}""")));
        }

        using BareMetalDatabase third = BareMetalDatabase.Open(_database.DataSource);
        Assert.Contains("newer", Assert.Throws<InvalidOperationException>(() => third.Set<Versions.Thing1>()).Message);
        Assert.Contains("Version = 3", Assert.Throws<InvalidOperationException>(() => third.Set<Versions.Thing2Changed>()).Message);
        using BareMetalCommand command = new("SELECT count(*) FROM things WHERE \"Old\" = 'old'", third.DataSource.OpenConnection());
        Assert.Equal(10L, command.ExecuteScalar());
        command.Connection!.Dispose();
    }

    [Fact]
    public void A_table_of_someone_else_is_checked_and_not_altered()
    {
        using BareMetalConnection connection = _database.DataSource.OpenConnection();
        using BareMetalCommand command = new("CREATE TABLE \"Ticket\" (\"Id\" uuid PRIMARY KEY, \"Title\" integer, \"Owner\" text NOT NULL)", connection);
        command.ExecuteNonQuery();
        string message = Assert.Throws<InvalidOperationException>(() => _database.Set<Ticket>()).Message;
        Assert.Contains("'Title' is integer", message);
        Assert.Contains("'Owner' needs a value", message);
        command.CommandText = "DROP TABLE \"Ticket\"; CREATE TABLE \"Ticket\" (\"Id\" uuid PRIMARY KEY, \"Title\" text NOT NULL, \"More\" text)";
        command.ExecuteNonQuery();
        _database.Set<Ticket>().Insert(new Ticket { Title = "fits" });
        command.CommandText = "DROP TABLE \"Ticket\"; CREATE TABLE \"Ticket\" (\"Id\" uuid, \"Title\" text NOT NULL PRIMARY KEY)";
        command.ExecuteNonQuery();
        using BareMetalDatabase other = BareMetalDatabase.Open(_database.DataSource);
        Assert.Contains("primary key", Assert.Throws<InvalidOperationException>(() => other.Set<Ticket>()).Message);
    }

    [Fact]
    public void Several_threads_share_a_database()
    {
        Parallel.For(0, 8, worker =>
        {
            EntitySet<Ticket> tickets = _database.Set<Ticket>();
            for (int i = 0; i < 50; i++)
            {
                Ticket ticket = new() { Title = $"{worker}/{i}" };
                tickets.Insert(ticket);
                Assert.Equal(ticket.Title, tickets.Find(ticket.Id)!.Title);
            }
        });
        Assert.Equal(400, _database.Set<Ticket>().Count());
    }
}
