using BareMetal.Data.Tests.Sessions;
using Xunit;

namespace BareMetal.Data.Tests.Binding;

/// <summary>What queries mean, told by their rows.</summary>
public sealed class QueryBindingTests : IClassFixture<QueryBindingTests.Shop>
{
    private readonly TestDatabase _db;

    public QueryBindingTests(Shop shop) => _db = shop.Database;

    public sealed class Shop : IDisposable
    {
        public Shop()
        {
            Database.Run("CREATE TABLE customers (id integer PRIMARY KEY, \"Name\" text NOT NULL, city text, age smallint)");
            Database.Run("INSERT INTO customers VALUES (1, 'Ada', 'London', 36), (2, 'Bob', 'Paris', NULL), (3, 'Cy', 'London', 20), (4, 'Dan', NULL, 50)");
            Database.Run("CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer, total decimal(10,2), tags text[])");
            Database.Run("INSERT INTO orders VALUES (10, 1, 5.50, ARRAY['a','b']), (11, 1, 2.25, NULL), (12, 2, 7.00, ARRAY['b']), (13, NULL, 1.00, NULL)");
            Database.Run("CREATE VIEW londoners (key, called) AS SELECT id, \"Name\" FROM customers WHERE city = 'London'");
            Database.Run("CREATE TABLE boxes (w integer, h integer, area integer GENERATED ALWAYS AS (w * h))");
            Database.Run("INSERT INTO boxes VALUES (2, 3), (4, 5)");
        }

        internal TestDatabase Database { get; } = new();

        public void Dispose() => Database.Dispose();
    }

    [Theory]
    [InlineData("SELECT NAME, c.\"name\" FROM customers c WHERE ID = 1", "Ada|Ada")]
    [InlineData("SELECT public.customers.id FROM customers WHERE id = 2", "2")]
    [InlineData("SELECT x.* FROM customers AS x (a, b) WHERE a = 1 AND b = 'Ada'", "1|Ada|London|36")]
    [InlineData("SELECT a + 1 AS b FROM (SELECT 1 AS a) s", "2")]
    [InlineData("SELECT * FROM (VALUES (1, 'x'), (2, NULL)) AS v(n, t) ORDER BY n", "1|x;2|null")]
    [InlineData("SELECT column1 FROM (VALUES (1), (2.5), (NULL)) v ORDER BY 1", "null;1;2.5")]
    [InlineData("SELECT count(*) FROM customers c JOIN orders o ON o.customer_id = c.id", "3")]
    [InlineData("SELECT c.id, o.id FROM customers c LEFT JOIN orders o ON o.customer_id = c.id ORDER BY 1, 2", "1|10;1|11;2|12;3|null;4|null")]
    [InlineData("SELECT c.id, o.id FROM customers c RIGHT JOIN orders o ON o.customer_id = c.id ORDER BY o.id", "1|10;1|11;2|12;null|13")]
    [InlineData("SELECT count(*) FROM customers c FULL JOIN orders o ON o.customer_id = c.id", "6")]
    [InlineData("SELECT * FROM (SELECT 1 AS a, 2 AS b) x JOIN (SELECT 1 AS a, 3 AS c) y USING (a)", "1|2|3")]
    [InlineData("SELECT * FROM (SELECT 1 AS a, 2 AS b) x NATURAL JOIN (SELECT 3 AS c, 1 AS a) y", "1|2|3")]
    [InlineData("SELECT a, x.a, y.a FROM (SELECT 1 AS a) x FULL JOIN (SELECT 2 AS a) y USING (a) ORDER BY 1", "1|1|null;2|null|2")]
    [InlineData("SELECT c.id, l.total FROM customers c, LATERAL (SELECT total FROM orders o WHERE o.customer_id = c.id ORDER BY total DESC LIMIT 1) l ORDER BY 1", "1|5.50;2|7.00")]
    [InlineData("SELECT c.id, l.n FROM customers c LEFT JOIN LATERAL (SELECT count(*) AS n FROM orders o WHERE o.customer_id = c.id) l ON true ORDER BY 1", "1|2;2|1;3|0;4|0")]
    [InlineData("SELECT c.id, l.id, l.x FROM customers c, LATERAL (SELECT c.id, o.id AS x FROM orders o WHERE o.customer_id = c.id) l ORDER BY 3", "1|1|10;1|1|11;2|2|12")]
    [InlineData("SELECT o.id, t FROM orders o, unnest(o.tags) AS t ORDER BY 1, 2", "10|a;10|b;12|b")]
    [InlineData("SELECT t.\"value\", t.\"ordinality\" FROM unnest(ARRAY['x','y']) WITH ORDINALITY AS t(\"value\", \"ordinality\") ORDER BY 2 DESC", "y|2;x|1")]
    [InlineData("SELECT * FROM londoners ORDER BY key", "1|Ada;3|Cy")]
    [InlineData("SELECT l.called FROM londoners l JOIN orders o ON o.customer_id = l.key ORDER BY o.id", "Ada;Ada")]
    [InlineData("SELECT area, w FROM boxes WHERE area > 6", "20|4")]
    [InlineData("SELECT * FROM boxes ORDER BY area DESC", "4|5|20;2|3|6")]
    public void From(string sql, string rows) => Check(sql, rows);

    [Theory]
    [InlineData("SELECT city, count(*) FROM customers GROUP BY city ORDER BY city", "null|1;London|2;Paris|1")]
    [InlineData("SELECT city AS c, count(*) FROM customers GROUP BY c ORDER BY 2 DESC, 1 LIMIT 1", "London|2")]
    [InlineData("SELECT upper(city), max(age) FROM customers GROUP BY upper(city) HAVING count(*) > 1", "LONDON|36")]
    [InlineData("SELECT upper(city) || '!', count(*) FROM customers GROUP BY 1 ORDER BY 1", "null|1;LONDON!|2;PARIS!|1")]
    [InlineData("SELECT upper(city) || '!' FROM customers WHERE city IS NOT NULL GROUP BY upper(city) ORDER BY upper(city)", "LONDON!;PARIS!")]
    [InlineData("SELECT count(*), count(age), sum(age), avg(age), min(\"Name\") FROM customers", "4|3|106|35.333333333333333333333333333|Ada")]
    [InlineData("SELECT count(*) FROM customers WHERE false", "0")]
    [InlineData("SELECT sum(age) FROM customers WHERE false", "null")]
    [InlineData("SELECT count(DISTINCT city), count(*) FILTER (WHERE age > 30) FROM customers", "2|2")]
    [InlineData("SELECT 1 FROM customers HAVING count(*) > 3", "1")]
    [InlineData("SELECT string_agg(\"Name\", ',' ORDER BY id DESC) FROM customers", "Dan,Cy,Bob,Ada")]
    [InlineData("SELECT string_agg(DISTINCT \"Name\", ',') FROM (SELECT \"Name\" FROM customers UNION ALL SELECT \"Name\" FROM customers ORDER BY 1 DESC) d", "Ada,Bob,Cy,Dan")]
    [InlineData("SELECT array_agg(DISTINCT v)::text FROM (VALUES (3), (1), (NULL), (2), (3)) AS d(v)", "{NULL,1,2,3}")]
    [InlineData("SELECT array_agg(DISTINCT v ORDER BY v DESC)::text FROM (VALUES (3), (1), (2), (3)) AS d(v)", "{3,2,1}")]
    [InlineData("SELECT c.id, c.\"Name\", count(o.id) FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id ORDER BY 1", "1|Ada|2;2|Bob|1;3|Cy|0;4|Dan|0")]
    [InlineData("SELECT city, (SELECT count(*) FROM customers x WHERE x.city = c.city) FROM customers c GROUP BY city ORDER BY 1", "null|0;London|2;Paris|1")]
    [InlineData("SELECT city, GROUPING(city), count(*) FROM customers GROUP BY ROLLUP (city) ORDER BY 2, 1", "null|0|1;London|0|2;Paris|0|1;null|1|4")]
    [InlineData("SELECT (SELECT c.city FROM customers c WHERE c.id = o.customer_id) AS k, count(*) FROM orders o GROUP BY (SELECT c.city FROM customers c WHERE c.id = o.customer_id) ORDER BY 2, 1", "null|1;Paris|1;London|2")]
    [InlineData("SELECT sum(count(*)) OVER () FROM customers GROUP BY city LIMIT 1", "4")]
    [InlineData("SELECT (SELECT sum(c.age) FROM orders LIMIT 1) FROM customers c", "106")]
    public void Groups(string sql, string rows) => Check(sql, rows);

    [Theory]
    [InlineData("SELECT id, row_number() OVER (ORDER BY id DESC) FROM customers ORDER BY id", "1|4;2|3;3|2;4|1")]
    [InlineData("SELECT id, rank() OVER (PARTITION BY city ORDER BY age) FROM customers WHERE city = 'London' ORDER BY id", "1|2;3|1")]
    [InlineData("SELECT id, sum(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM customers ORDER BY id", "1|1;2|3;3|5;4|7")]
    [InlineData("SELECT id, lag(id, 1, 0) OVER w, lead(id) OVER w FROM customers WINDOW w AS (ORDER BY id) ORDER BY id", "1|0|2;2|1|3;3|2|4;4|3|null")]
    [InlineData("SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY customer_id ORDER BY total DESC) AS n FROM orders) s WHERE n = 1 ORDER BY id", "10;12;13")]
    public void Windows(string sql, string rows) => Check(sql, rows);

    [Theory]
    [InlineData("SELECT id FROM customers WHERE id IN (SELECT customer_id FROM orders) ORDER BY id", "1;2")]
    [InlineData("SELECT id FROM customers WHERE id NOT IN (SELECT customer_id FROM orders)", "")]
    [InlineData("SELECT id FROM customers WHERE id NOT IN (SELECT customer_id FROM orders WHERE customer_id IS NOT NULL) ORDER BY id", "3;4")]
    [InlineData("SELECT id FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id AND o.total > 6)", "2")]
    [InlineData("SELECT id FROM customers c WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id) ORDER BY 1", "3;4")]
    [InlineData("SELECT \"Name\", (SELECT max(total) FROM orders o WHERE o.customer_id = c.id) FROM customers c ORDER BY id", "Ada|5.50;Bob|7.00;Cy|null;Dan|null")]
    [InlineData("SELECT id FROM orders WHERE total > ALL (SELECT total FROM orders WHERE customer_id = 1)", "12")]
    [InlineData("SELECT id FROM orders WHERE (customer_id, total) IN ((1, 2.25), (2, 7))  ORDER BY id", "11;12")]
    [InlineData("SELECT id FROM orders WHERE (customer_id, total) IN (SELECT customer_id, max(total) FROM orders GROUP BY customer_id) ORDER BY id", "10;12")]
    [InlineData("SELECT id FROM orders WHERE (customer_id, id) > (1, 10) ORDER BY id", "11;12")]
    [InlineData("SELECT id FROM customers WHERE id = ANY (ARRAY[1, 3]) ORDER BY id", "1;3")]
    [InlineData("SELECT id FROM customers WHERE id <> ALL (ARRAY[1, 3]) ORDER BY id", "2;4")]
    [InlineData("SELECT ARRAY(SELECT id FROM customers ORDER BY id DESC)", "{4,3,2,1}")]
    public void Subqueries(string sql, string rows) => Check(sql, rows);

    [Theory]
    [InlineData("SELECT 1 UNION SELECT 2 UNION ALL SELECT 2 ORDER BY 1", "1;2;2")]
    [InlineData("SELECT NULL UNION ALL SELECT NULL UNION ALL SELECT 3 ORDER BY 1", "null;null;3")]
    [InlineData("SELECT 'x' UNION ALL SELECT id FROM (SELECT 1 AS id) s WHERE false", "fails")]
    [InlineData("SELECT 1 UNION ALL SELECT 2.5 ORDER BY 1 DESC", "2.5;1")]
    [InlineData("SELECT id FROM customers EXCEPT SELECT customer_id FROM orders ORDER BY id", "3;4")]
    [InlineData("SELECT id FROM customers INTERSECT SELECT customer_id FROM orders ORDER BY 1 DESC", "2;1")]
    [InlineData("SELECT id AS k FROM customers WHERE id < 3 UNION SELECT 9 ORDER BY -k", "9;2;1")]
    [InlineData("(SELECT id FROM customers ORDER BY id DESC LIMIT 1) UNION ALL (SELECT id FROM customers ORDER BY id LIMIT 1)", "4;1")]
    public void Set_operations(string sql, string rows)
    {
        if (rows == "fails")
            _db.Fails(SqlStates.InvalidTextRepresentation, sql);
        else
            Check(sql, rows);
    }

    [Theory]
    [InlineData("WITH a AS (SELECT id FROM customers WHERE id < 3), b (k) AS (SELECT id + 10 FROM a) SELECT a.id, b.k FROM a JOIN b ON b.k = a.id + 10 ORDER BY 1", "1|11;2|12")]
    [InlineData("WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT sum(n) FROM r", "15")]
    [InlineData("WITH RECURSIVE r AS (SELECT 1 AS n, NULL AS p UNION ALL SELECT n + 1, 'x' FROM r WHERE n < 3) SELECT * FROM r ORDER BY n", "1|null;2|x;3|x")]
    [InlineData("WITH a AS (SELECT 1 AS x) SELECT * FROM (WITH a AS (SELECT 2 AS x) SELECT * FROM a) i, a", "2|1")]
    [InlineData("SELECT (WITH a AS (SELECT max(id) AS m FROM customers) SELECT m FROM a)", "4")]
    public void With(string sql, string rows) => Check(sql, rows);

    [Theory]
    [InlineData("SELECT DISTINCT city FROM customers ORDER BY city", "null;London;Paris")]
    [InlineData("SELECT DISTINCT ON (city) city, id FROM customers ORDER BY city, id DESC", "null|4;London|3;Paris|2")]
    [InlineData("SELECT \"Name\" FROM customers ORDER BY age DESC NULLS LAST, id", "Dan;Ada;Cy;Bob")]
    [InlineData("SELECT \"Name\" FROM customers ORDER BY age", "Bob;Cy;Ada;Dan")]
    [InlineData("SELECT id * -1 AS id FROM customers ORDER BY id", "-4;-3;-2;-1")]
    [InlineData("SELECT id FROM customers ORDER BY customers.id DESC LIMIT 2 OFFSET 1", "3;2")]
    [InlineData("SELECT id FROM customers ORDER BY id FETCH FIRST 2 ROWS ONLY", "1;2")]
    [InlineData("SELECT id FROM customers ORDER BY lower(\"Name\") DESC LIMIT 1", "4")]
    [InlineData("SELECT city FROM customers WHERE city IS NOT NULL ORDER BY city FETCH FIRST 1 ROW WITH TIES", "London;London")]
    public void Order(string sql, string rows) => Check(sql, rows);

    [Theory]
    [InlineData("SELECT 7 / 2, -7 / 2, 7 % -3, 7 / 2.0", "3|-3|1|3.5")]
    [InlineData("SELECT 1 + NULL, NULL || 'x', 'a' || 1 || true", "null|null|a1true")]
    [InlineData("SELECT NULL = NULL, NULL IS NULL, 1 IS NOT NULL, NULL IS UNKNOWN", "null|true|true|true")]
    [InlineData("SELECT 1 IS DISTINCT FROM NULL, NULL IS DISTINCT FROM NULL, 1 IS NOT DISTINCT FROM 1, 1 IS DISTINCT FROM 2", "true|false|true|true")]
    [InlineData("SELECT (NULL::integer = 1) IS TRUE, (NULL::integer = 1) IS NOT TRUE, (1 = 1) IS NOT FALSE", "false|true|true")]
    [InlineData("SELECT NOT (NULL::boolean AND false), NULL::boolean OR true", "true|true")]
    [InlineData("SELECT 2 IN (1, NULL), 1 IN (1, NULL), 2 NOT IN (1, 3), 2 NOT IN (1, NULL)", "null|true|true|null")]
    [InlineData("SELECT 2 BETWEEN 1 AND 3, 2 NOT BETWEEN 1 AND 3, 2 BETWEEN SYMMETRIC 3 AND 1", "true|false|true")]
    [InlineData("SELECT 'abc' LIKE 'a%', 'abc' NOT LIKE '_b_', 'a%c' LIKE 'a!%c' ESCAPE '!', 'ABC' ILIKE 'abc'", "true|false|true|true")]
    [InlineData("SELECT CASE 2 WHEN 1 THEN 'x' WHEN 2 THEN 'y' END, CASE WHEN NULL THEN 1 ELSE 2 END", "y|2")]
    [InlineData("SELECT COALESCE(NULL, NULL, 3), NULLIF(1, 1), NULLIF(1, 2), GREATEST(1, NULL, 3), LEAST(2, 1.5)", "3|null|1|3|1.5")]
    [InlineData("SELECT CAST('12' AS integer) + 1, '3'::smallint, 5::text || 'x', true::integer", "13|3|5x|1")]
    [InlineData("SELECT ARRAY[1, 2][2], (ARRAY[1, 2, 3])[2:3], ARRAY[]::text[]", "2|{2,3}|{}")]
    [InlineData("SELECT (1, 2) = (1, 2), (1, NULL) = (1, 2), (1, 3) > (1, 2), (1, 2) IS NOT NULL, ROW(1, NULL) IS NULL", "true|null|true|true|false")]
    [InlineData("SELECT (1, 2) IN ((1, 2), (3, 4)), (1, NULL) IS DISTINCT FROM (1, NULL)", "true|false")]
    [InlineData("SELECT SUBSTRING('hello' FROM 2 FOR 3), POSITION('l' IN 'hello'), TRIM(BOTH 'x' FROM 'xax')", "ell|3|a")]
    [InlineData("SELECT DATE '2024-02-29' * 2 IS NOT NULL", "fails")]
    [InlineData("SELECT EXTRACT(year FROM DATE '2024-02-29')", "2024")]
    [InlineData("SELECT id FROM customers WHERE age = 36 OR age > 40 AND NOT id = 1 ORDER BY id", "1;4")]
    [InlineData("SELECT '{\"a\":{\"b\":[1,2]}}'::json -> 'a' -> 'b' ->> 1", "2")]
    public void Expressions(string sql, string rows)
    {
        if (rows == "fails")
            _db.Fails(SqlStates.UndefinedFunction, sql);
        else
            Check(sql, rows);
    }

    [Fact]
    public void Parameters_take_the_type_of_what_they_meet()
    {
        Assert.Equal(["1"], _db.Rows("SELECT id FROM customers WHERE id = $1", 1L));
        _db.Fails(SqlStates.UndefinedFunction, "SELECT id FROM customers WHERE id = $1", "1");
        Assert.Equal(["2"], _db.Rows("SELECT id FROM customers WHERE \"Name\" = $1", "Bob"));
        Assert.Equal(["3"], _db.Rows("SELECT id FROM customers WHERE age < $1 ORDER BY id LIMIT $2", 30, 1));
        Assert.Equal(["x"], _db.Rows("SELECT COALESCE($1, 'x')", new object?[] { null }));
        Assert.Equal(["1", "3"], _db.Rows("SELECT id FROM customers WHERE ($1 IS NULL OR city = $1) ORDER BY id", "London"));
        Assert.Equal(4, _db.Rows("SELECT id FROM customers WHERE ($1 IS NULL OR city = $1) ORDER BY id", new object?[] { null }).Count);
    }

    private void Check(string sql, string rows) =>
        Assert.Equal(rows.Length == 0 ? [] : rows.Split(';'), _db.Rows(sql));
}
