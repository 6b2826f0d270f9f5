using BareMetal.Data.Tests.Sessions;
using Xunit;

namespace BareMetal.Data.Tests.Binding;

/// <summary>What is wrong, where it stands, and what to do about it.</summary>
public sealed class BindingErrorTests : IDisposable
{
    private readonly TestDatabase _db = new();

    public BindingErrorTests()
    {
        _db.Run("CREATE TABLE customers (id integer PRIMARY KEY, name text NOT NULL, city text, age smallint, created timestamp)");
        _db.Run("CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer NOT NULL, total decimal(10,2), note text COLLATE ordinal_ci)");
        _db.Run("CREATE TABLE computed (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a integer, twice integer GENERATED ALWAYS AS (a * 2) STORED)");
        _db.Run("CREATE SEQUENCE numbers");
        _db.Run("CREATE VIEW names AS SELECT id, name FROM customers");
    }

    public void Dispose() => _db.Dispose();

    [Theory]
    [InlineData("SELECT * FROM custmers", "42P01", 15, "customers")]
    [InlineData("SELECT * FROM nowhere.customers", "42P01", 15, "schema")]
    [InlineData("SELECT nme FROM customers", "42703", 8, "name")]
    [InlineData("SELECT c.nme FROM customers c", "42703", 8, "c.name")]
    [InlineData("SELECT x.name FROM customers c", "42P01", 8, null)]
    [InlineData("SELECT customers.name FROM customers c", "42P01", 8, "alias")]
    [InlineData("SELECT id FROM customers, orders", "42702", 8, "table.column")]
    [InlineData("SELECT * FROM customers, customers", "42712", 26, "alias")]
    [InlineData("SELECT lowr(name) FROM customers", "42883", 8, "lower")]
    [InlineData("SELECT lower(id) FROM customers", "42883", 8, "lower(text)")]
    [InlineData("SELECT name + 1 FROM customers", "42883", 13, null)]
    [InlineData("SELECT * FROM customers WHERE name = 1", "42883", 36, "CAST")]
    [InlineData("SELECT * FROM customers WHERE id", "42804", 31, "x <> 0")]
    [InlineData("SELECT CASE WHEN id = 1 THEN 1 ELSE name END FROM customers", "42804", 37, "CAST")]
    [InlineData("SELECT id FROM customers UNION SELECT name FROM customers", "42804", null, "CAST")]
    [InlineData("SELECT id FROM customers UNION SELECT id, name FROM customers", "42601", null, "same number")]
    [InlineData("SELECT city, count(*) FROM customers", "42803", 8, "GROUP BY")]
    [InlineData("SELECT city, name FROM customers GROUP BY city", "42803", 14, "min")]
    [InlineData("SELECT count(*) FROM customers GROUP BY city HAVING name = 'x'", "42803", 53, null)]
    [InlineData("SELECT city FROM customers GROUP BY city ORDER BY name", "42803", 51, null)]
    [InlineData("SELECT * FROM customers WHERE count(*) > 1", "42803", 31, "HAVING")]
    [InlineData("SELECT 1 FROM customers c JOIN orders o ON (SELECT max(c.id) FROM orders) = 1", "42803", 52, "subquery")]
    [InlineData("SELECT sum(count(*)) FROM customers", "42803", 12, null)]
    [InlineData("SELECT * FROM customers WHERE row_number() OVER () = 1", "42P20", 31, "subquery")]
    [InlineData("SELECT row_number() FROM customers", "42P20", 8, "OVER")]
    [InlineData("SELECT lower('x') OVER () FROM customers", "42809", 8, null)]
    [InlineData("SELECT sum(id) OVER wide FROM customers WINDOW w AS ()", "42704", 21, null)]
    [InlineData("SELECT name FROM customers ORDER BY 2", "42P10", 37, "1 column")]
    [InlineData("SELECT DISTINCT name FROM customers ORDER BY id", "42P10", 46, null)]
    [InlineData("SELECT DISTINCT ON (name) id FROM customers ORDER BY id", "42P10", 54, null)]
    [InlineData("SELECT (SELECT id, name FROM customers)", "42601", 8, "one column")]
    [InlineData("SELECT id IN (SELECT id, name FROM customers) FROM customers", "42601", 11, null)]
    [InlineData("SELECT * FROM customers c JOIN orders o USING (customer_id)", "42703", 48, null)]
    [InlineData("SELECT * FROM customers c, (SELECT * FROM orders o WHERE o.customer_id = c.id) x", "42P01", 74, "LATERAL")]
    [InlineData("SELECT * FROM customers c RIGHT JOIN LATERAL (SELECT c.id) x ON true", "42P10", 27, "LEFT")]
    [InlineData("SELECT * FROM numbers", "42809", 15, "nextval")]
    [InlineData("SELECT * FROM customers AS c (a, b, c, d, e, f)", "42P10", 46, null)]
    [InlineData("WITH a AS (SELECT 1), a AS (SELECT 2) SELECT 1", "42712", 23, null)]
    [InlineData("WITH RECURSIVE r AS (SELECT n FROM r) SELECT * FROM r", "42P19", 16, "UNION")]
    [InlineData("SELECT name COLLATE nonsense_xx FROM customers", "42704", null, null)]
    [InlineData("SELECT * FROM orders WHERE note COLLATE \"de-DE\" = note", "42P21", null, "COLLATE")]
    [InlineData("SELECT DATE 'yesterday'", "22007", 8, null)]
    [InlineData("SELECT * FROM customers WHERE id = 'x'", "22P02", 36, null)]
    [InlineData("SELECT CAST(name AS nonsense) FROM customers", "42704", 21, "Types are")]
    [InlineData("SELECT CAST(created AS integer) FROM customers", "42846", 8, null)]
    [InlineData("SELECT DEFAULT", "42601", 8, "INSERT")]
    [InlineData("SELECT ARRAY[]", "42P18", 8, "ARRAY[]::integer[]")]
    [InlineData("SELECT name[1] FROM customers", "42804", 12, "substr")]
    [InlineData("SELECT 1 WHERE unnest(ARRAY[1]) = 1", "0A000", 16, "FROM unnest")]
    [InlineData("SELECT *", "42601", 8, null)]
    [InlineData("SELECT (1, 2) = (1, 2, 3)", "42601", 15, null)]
    [InlineData("INSERT INTO customers (id, nme) VALUES (1, 'x')", "42703", 28, "name")]
    [InlineData("INSERT INTO customers (id, id) VALUES (1, 2)", "42701", 28, null)]
    [InlineData("INSERT INTO customers (id) VALUES (1, 2)", "42601", 39, null)]
    [InlineData("INSERT INTO customers (id, name) VALUES (1)", "42601", 28, null)]
    [InlineData("INSERT INTO customers (id, created) VALUES (1, 2)", "42804", 48, null)]
    [InlineData("INSERT INTO computed (twice) VALUES (1)", "428C9", 38, null)]
    [InlineData("INSERT INTO computed (id) VALUES (1)", "428C9", 35, "OVERRIDING")]
    [InlineData("INSERT INTO names (wholly_other) VALUES ('x')", "42703", 20, null)]
    [InlineData("INSERT INTO customers (id, name) VALUES (1, 'x') ON CONFLICT (name) DO NOTHING", "42P10", 63, "unique")]
    [InlineData("INSERT INTO customers (id, name) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET name = name || 'x'", "42702", 88, "table.column")]
    [InlineData("UPDATE customers SET nme = 'x'", "42703", 22, "name")]
    [InlineData("UPDATE customers SET name = 'x', name = 'y'", "42701", 34, null)]
    [InlineData("UPDATE customers SET age = 'x'", "22P02", 28, null)]
    [InlineData("UPDATE computed SET twice = 1", "428C9", 21, null)]
    [InlineData("DELETE FROM customers WHERE orders.id = 1", "42P01", 29, null)]
    [InlineData("SELECT * FROM customers FOR UPDATE OF orders", "42P01", 39, null)]
    [InlineData("SELECT city FROM customers GROUP BY city FOR UPDATE", "0A000", 42, null)]
    public void Says_what_where_and_how(string sql, string state, int? position, string? hint)
    {
        BareMetalException error = _db.Fails(state, sql);
        if (position is { } p)
            Assert.True(p == error.Position, $"{error.Position}: {error.Message}");
        Assert.InRange(error.Position, 1, sql.Length + 1);
        if (hint is not null)
            Assert.Contains(hint, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_parameters_without_types_do_not_add_up()
    {
        BareMetalException error = _db.Fails(SqlStates.AmbiguousFunction, "SELECT $1 + $2", null, null);
        Assert.Equal(11, error.Position);
    }

    [Fact]
    public void The_place_is_that_of_the_whole_command()
    {
        BareMetalException error = _db.Fails(SqlStates.UndefinedColumn, "SELECT 1;\nSELECT $1,\n  nme FROM customers", 1);
        Assert.Equal((3, 3), (error.Line, error.Column));
    }

    [Fact]
    public void A_view_that_lost_its_column_says_so_where_it_is_used()
    {
        _db.Run("CREATE TABLE source (a integer PRIMARY KEY, b integer)");
        _db.Run("CREATE VIEW reader AS SELECT a, b FROM source");
        Assert.Equal([], _db.Rows("SELECT * FROM reader"));
        _db.Fails(SqlStates.DependentObjectsStillExist, "ALTER TABLE source DROP COLUMN b");
    }
}
