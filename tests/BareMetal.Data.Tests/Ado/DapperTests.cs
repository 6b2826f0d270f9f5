using Dapper;
using Xunit;

namespace BareMetal.Data.Tests.Ado;

public sealed class DapperTests : AdoTestBase
{
    public DapperTests() => Run("""
        CREATE TABLE customers (id integer PRIMARY KEY, name text NOT NULL, born date, score decimal, tag uuid, at timestamp, grade smallint, wait timespan, open time, seen datetimeoffset, data bytea, active boolean);
        CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer NOT NULL, total decimal NOT NULL);
        """);

    private enum Grade : short
    {
        Low = 1,
        High = 5,
    }

    private sealed class Customer
    {
        public int Id { get; set; }
        public string Name { get; set; } = "";
        public decimal? Score { get; set; }
        public Guid? Tag { get; set; }
        public DateTime? At { get; set; }
        public Grade? Grade { get; set; }
        public TimeSpan? Wait { get; set; }
        public DateTimeOffset? Seen { get; set; }
        public byte[]? Data { get; set; }
        public bool? Active { get; set; }
        public List<Order> Orders { get; } = [];
    }

    private sealed class Order
    {
        public int Id { get; set; }
        public int CustomerId { get; set; }
        public decimal Total { get; set; }
    }

    [Fact]
    public void Rows_go_in_and_come_out_as_objects()
    {
        Customer ada = new()
        {
            Id = 1, Name = "Ada", Score = 1.50m, Tag = Guid.NewGuid(), At = new DateTime(2024, 2, 29, 1, 2, 3), Grade = Grade.High,
            Wait = TimeSpan.FromMinutes(90), Seen = new DateTimeOffset(2024, 1, 1, 0, 0, 0, TimeSpan.FromHours(3)), Data = [1, 2], Active = true,
        };
        const string Insert = "INSERT INTO customers (id, name, score, tag, at, grade, wait, seen, data, active) VALUES (@Id, @Name, @Score, @Tag, @At, @Grade, @Wait, @Seen, @Data, @Active)";
        Assert.Equal(1, Connection.Execute(Insert, ada));
        Assert.Equal(1, Connection.Execute(Insert, new Customer { Id = 2, Name = "Nemo" }));
        Customer back = Connection.QuerySingle<Customer>("SELECT * FROM customers WHERE id = @id", new { id = 1 });
        Assert.Equal((ada.Name, ada.Score, ada.Tag, ada.At, ada.Grade, ada.Wait, ada.Seen, ada.Active), (back.Name, back.Score, back.Tag, back.At, back.Grade, back.Wait, back.Seen, back.Active));
        Assert.Equal(ada.Data, back.Data);
        Customer nemo = Connection.QueryFirst<Customer>("SELECT * FROM customers WHERE id = @id", new { id = 2 });
        Assert.Equal((null, null, null, null, null), (nemo.Score, nemo.Tag, nemo.At, nemo.Grade, nemo.Data));
        Assert.Null(Connection.QueryFirstOrDefault<Customer>("SELECT * FROM customers WHERE id = @id", new { id = 3 }));
    }

    [Fact]
    public void One_text_runs_for_many_objects()
    {
        int rows = Connection.Execute("INSERT INTO orders VALUES (@Id, @CustomerId, @Total)", Enumerable.Range(1, 50).Select(i => new Order { Id = i, CustomerId = i % 3, Total = i / 2m }));
        Assert.Equal(50, rows);
        Assert.Equal(637.5m, Connection.ExecuteScalar<decimal>("SELECT sum(total) FROM orders"));
        Assert.Equal(50, Connection.ExecuteScalar<int>("SELECT count(*) FROM orders"));
    }

    [Fact]
    public async Task Lists_expand_and_may_be_empty()
    {
        Connection.Execute("INSERT INTO orders SELECT x, x % 5, x FROM generate_series(1, 20) AS g(x)");
        Assert.Equal([3, 5, 7], (await Connection.QueryAsync<int>("SELECT id FROM orders WHERE id IN @ids ORDER BY id", new { ids = new[] { 7, 5, 3, 99 } })));
        Assert.Empty(await Connection.QueryAsync<int>("SELECT id FROM orders WHERE id IN @ids", new { ids = Array.Empty<int>() }));
        Assert.Equal(20, (await Connection.QueryAsync<int>("SELECT id FROM orders WHERE id NOT IN @ids", new { ids = Array.Empty<int>() })).Count());
    }

    [Fact]
    public void Rows_map_to_several_objects()
    {
        Connection.Execute("INSERT INTO customers (id, name) VALUES (1, 'Ada'), (2, 'Bob')");
        Connection.Execute("INSERT INTO orders VALUES (1, 1, 10), (2, 1, 20), (3, 2, 30)");
        List<Order> orders = Connection.Query<Order, Customer, Order>(
            "SELECT o.id, o.customer_id AS CustomerId, o.total, c.id, c.name FROM orders o JOIN customers c ON c.id = o.customer_id ORDER BY o.id",
            (order, customer) =>
            {
                customer.Orders.Add(order);
                Assert.Equal(order.CustomerId, customer.Id);
                return order;
            }).ToList();
        Assert.Equal([10, 20, 30], orders.Select(o => o.Total));
    }

    [Fact]
    public void Several_results_are_read_in_turn()
    {
        Connection.Execute("INSERT INTO customers (id, name) VALUES (1, 'Ada')");
        using SqlMapper.GridReader grid = Connection.QueryMultiple("SELECT name FROM customers WHERE id = @id; SELECT count(*) FROM orders; SELECT @id + 1", new { id = 1 });
        Assert.Equal("Ada", grid.ReadSingle<string>());
        Assert.Equal(0L, grid.ReadSingle<long>());
        Assert.Equal(2, grid.ReadSingle<int>());
        Assert.True(grid.IsConsumed);
    }

    [Fact]
    public async Task Transactions_and_unbuffered_reading_work()
    {
        await using (BareMetalTransaction transaction = await Connection.BeginTransactionAsync())
        {
            await Connection.ExecuteAsync("INSERT INTO orders VALUES (1, 1, 1)", transaction: transaction);
            await transaction.RollbackAsync();
        }

        Assert.Equal(0, await Connection.ExecuteScalarAsync<int>("SELECT count(*) FROM orders"));
        int sum = 0;
        await foreach (int x in Connection.QueryUnbufferedAsync<int>("SELECT x FROM generate_series(1, 100) AS g(x)"))
            sum += x;
        Assert.Equal(5050, sum);
        dynamic row = Connection.QuerySingle("SELECT 5 AS number, 'x' AS text, CAST(NULL AS integer) AS nothing");
        Assert.Equal(5, (int)row.number);
        Assert.Null(row.nothing);
    }
}
