using System.Globalization;
using System.Text.RegularExpressions;
using BareMetal.Data.Sessions;
using BareMetal.Data.Storage;
using BareMetal.Data.Values;
using Xunit;

namespace BareMetal.Data.Planning.Tests;

/// <summary>Tests that share the shop.</summary>
[CollectionDefinition(Name)]
public sealed class ShopCollection : ICollectionFixture<ShopFixture>
{
    public const string Name = "shop";
}

/// <summary>
/// A shop of a million rows in memory, built once for the suite: 20,000 customers, 2,000 products, 200,000 orders and 777,778 lines, with skewed, correlated,
/// sparse and unique columns.
/// </summary>
public sealed class ShopFixture : IDisposable
{
    private static readonly string[] Schema =
    [
        """
        CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, city int NOT NULL, country text NOT NULL, segment int NOT NULL, email text NOT NULL,
            vip boolean NOT NULL, joined date NOT NULL, balance numeric(12,2) NOT NULL, referrer int, CHECK (segment >= 0))
        """,
        "CREATE TABLE products (id int PRIMARY KEY, category int NOT NULL, name text NOT NULL, price numeric(10,2) NOT NULL, active boolean NOT NULL, sku text NOT NULL UNIQUE)",
        """
        CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers (id), status text NOT NULL, placed date NOT NULL, shipped date,
            total numeric(12,2) NOT NULL, priority smallint NOT NULL, code text NOT NULL, region int NOT NULL, store int NOT NULL, note text)
        """,
        """
        CREATE TABLE lines (order_id int NOT NULL, line int NOT NULL, product_id int NOT NULL, quantity int NOT NULL, price numeric(10,2) NOT NULL, discount double precision,
            PRIMARY KEY (order_id, line))
        """,
        """
        INSERT INTO customers SELECT i, 'Customer ' || lpad(i::text, 7, '0'), (i * 31 % 97) * (i * 17 % 5) % 50, CASE WHEN i % 10 < 6 THEN 'DE' WHEN i % 10 < 8 THEN 'FR' ELSE 'C' || (i % 200) END,
            i % 6, 'user' || i || CASE WHEN i % 3 = 0 THEN '@mail.example' ELSE '@post.example' END, i % 50 = 0, date '2015-01-01' + (i % 3000), ((i::bigint * 7919) % 100000) / 10.0,
            CASE WHEN i % 4 = 0 THEN i / 4 END FROM generate_series(1, @customers) AS g(i)
        """,
        "INSERT INTO products SELECT i, i % 20, CASE WHEN i % 7 = 0 THEN 'Red ' WHEN i % 7 = 1 THEN 'Blue ' ELSE 'Plain ' END || 'thing ' || i, (i % 500) + 0.99, i % 10 <> 0, 'SKU-' || lpad((i * 37 % 2003)::text, 5, '0') FROM generate_series(1, 2000) AS g(i)",
        """
        INSERT INTO orders SELECT i, 1 + (i::bigint * 7919 % @customers)::int, CASE WHEN i % 100 < 90 THEN 'done' WHEN i % 100 < 95 THEN 'open' WHEN i % 100 < 98 THEN 'sent' WHEN i % 1000 < 999 THEN 'back' ELSE 'lost' END,
            date '2020-01-01' + (i * 1000::bigint / @orders)::int, CASE WHEN i % 10 < 7 THEN date '2020-01-03' + (i * 1000::bigint / @orders)::int END, (i::bigint * 104729 % 1000000) / 100.0, (i % 3)::smallint,
            'ORD-' || lpad((i::bigint * 7907 % 1000003)::text, 7, '0'), i % 8, (i % 8) * 100 + i % 100 % 10, CASE WHEN i % 500 = 0 THEN 'call back at ' || i END FROM generate_series(1, @orders) AS g(i)
        """,
        """
        INSERT INTO lines SELECT o, n, CASE WHEN (o::bigint * 48271 + n::bigint * 69621) % 2147483647 % 4 = 0 THEN 1 + ((o::bigint * 16807 + n::bigint * 630360016) % 2147483647 % 20)::int
                ELSE 1 + ((o::bigint * 742938285 + n::bigint * 950706376) % 2147483647 % 2000)::int END,
            1 + ((o::bigint * 1226874159 + n::bigint * 62089911) % 2147483647 % 12)::int, ((o * 7 + n) % 10000) / 10.0, CASE WHEN o % 5 = 0 THEN (o % 20) / 100.0 END
            FROM generate_series(1, @orders) AS g(o), generate_series(1, 6) AS h(n) WHERE n <= 3 + o % 3 - CASE WHEN o % 9 = 0 THEN 1 ELSE 0 END
        """,
        "CREATE INDEX customers_city ON customers (city)",
        "CREATE INDEX customers_country ON customers (country, segment)",
        "CREATE UNIQUE INDEX customers_email ON customers (email)",
        "CREATE INDEX customers_lower ON customers (lower(name))",
        "CREATE INDEX customers_vip ON customers (joined) WHERE vip",
        "CREATE INDEX customers_referrer ON customers (referrer)",
        "CREATE INDEX products_category ON products (category, price)",
        "CREATE INDEX orders_customer ON orders (customer_id, placed)",
        "CREATE INDEX orders_status ON orders (status, placed)",
        "CREATE INDEX orders_placed ON orders (placed) INCLUDE (total)",
        "CREATE UNIQUE INDEX orders_code ON orders (code)",
        "CREATE INDEX orders_total ON orders (total)",
        "CREATE INDEX orders_store ON orders (region, store, priority)",
        "CREATE INDEX orders_shipped ON orders (shipped)",
        "CREATE INDEX orders_big ON orders (customer_id) WHERE total > 9000",
        "CREATE INDEX orders_note ON orders (note) WHERE note IS NOT NULL",
        "CREATE INDEX lines_product ON lines (product_id, quantity)",
        "ANALYZE",
    ];

    private static readonly Regex Read = new(@" read=(\d+)", RegexOptions.CultureInvariant);
    private static readonly Regex Root = new(@"\(rows=(\d+) cost=[^)]*\) \(actual rows=(\d+)", RegexOptions.CultureInvariant);

    private readonly Database _database;
    private readonly Session _session;

    public ShopFixture()
    {
        _database = Database.Acquire(new DatabaseOptions { Path = "planner suite", InMemory = true, AnalyzeThreshold = 0, CheckpointSize = 1L << 30, CacheSize = 1L << 30 });
        _session = _database.CreateSession(new SessionOptions { Durability = Durability.Off });
        foreach (string sql in Schema)
            Run(sql.Replace("@customers", "20000", StringComparison.Ordinal).Replace("@orders", "200000", StringComparison.Ordinal));
    }

    public void Dispose()
    {
        _session.Dispose();
        _database.Release();
    }

    /// <summary>Rows of a statement as text, parameters given in the order of their numbers.</summary>
    internal List<string> Run(string sql, params (string Name, BareMetal.Data.Types.SqlType Type, Value Value)[] parameters)
    {
        List<string> rows = [];
        PreparedCommand command = _session.Prepare(sql, [.. parameters.Select(p => new ParameterDeclaration(p.Name, p.Type))]);
        using CommandExecution execution = _session.Execute(command, [.. parameters.Select(p => p.Value)]);
        while (execution.NextResult())
        {
            while (execution.NextBatch())
            {
                for (int i = 0; i < execution.Current.Count; i++)
                    rows.Add(string.Join('|', execution.Current.Columns.Select(c => c.IsNull(i) ? "null" : ValueText.Format(c.Type, c.GetValue(i)))));
            }
        }

        return rows;
    }

    /// <summary>How many plans are kept for a statement.</summary>
    internal int Variants(string sql, (string Name, BareMetal.Data.Types.SqlType Type, Value Value)[] parameters) =>
        _session.Prepare(sql, [.. parameters.Select(p => new ParameterDeclaration(p.Name, p.Type))]).Statements[0].Cached.Variants;

    /// <summary>Runs a query under EXPLAIN ANALYZE: the plan, the rows that scans read, and rows expected and had at the plan's root.</summary>
    internal (string Plan, long Read, double Expected, double Actual) Analyze(string sql, params (string Name, BareMetal.Data.Types.SqlType Type, Value Value)[] parameters)
    {
        List<string> lines = Run("EXPLAIN ANALYZE " + sql, parameters);
        string plan = string.Join('\n', lines);
        long read = Read.Matches(plan).Sum(m => long.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture));
        Match root = Root.Match(lines[0]);
        return (plan, read, root.Success ? double.Parse(root.Groups[1].Value, CultureInfo.InvariantCulture) : 0, root.Success ? double.Parse(root.Groups[2].Value, CultureInfo.InvariantCulture) : 0);
    }
}
