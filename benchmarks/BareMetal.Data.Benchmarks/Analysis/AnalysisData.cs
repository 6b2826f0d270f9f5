using System.Data.Common;
using System.Globalization;
using BareMetal.Data.Benchmarks.Peers;

namespace BareMetal.Data.Benchmarks.Analysis;

/// <summary>
/// A shop's tables in the shape of TPC-H's (nations, suppliers, parts, customers, orders, lines), filled from a fixed seed: two lines per order.
/// Money is decimal here and REAL in SQLite, dates are dates here and ISO text there: what each has that is fastest.
/// </summary>
internal static class AnalysisData
{
    private static readonly string[] Regions = ["AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST"];
    private static readonly string[] Segments = ["AUTOMOBILE", "BUILDING", "FURNITURE", "HOUSEHOLD", "MACHINERY"];
    private static readonly string[] Priorities = ["1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW"];
    private static readonly string[] Modes = ["AIR", "FOB", "MAIL", "RAIL", "REG AIR", "SHIP", "TRUCK"];
    private static readonly string[] Materials = ["BRASS", "COPPER", "NICKEL", "STEEL", "TIN"];
    private static readonly string[] Finishes = ["ANODIZED", "BRUSHED", "BURNISHED", "PLATED", "POLISHED"];
    private static readonly string[] Sizes = ["ECONOMY", "LARGE", "MEDIUM", "PROMO", "SMALL", "STANDARD"];
    private static readonly string[] Colours = ["almond", "azure", "beige", "black", "blue", "brown", "coral", "cream", "cyan", "forest", "green", "indigo", "ivory", "khaki", "lime", "linen"];
    private static readonly string[] Words = ["carefully", "pending", "special", "deposits", "requests", "furiously", "ironic", "accounts", "quick", "packages", "regular", "bold", "final", "express", "silent"];
    private static readonly DateOnly FirstDay = new(2019, 1, 1);

    /// <summary>Creates and fills the tables, makes the indexes and gathers statistics.</summary>
    public static void Fill(Peer peer, int orders)
    {
        bool ours = peer is BareMetalPeer;
        using DbConnection connection = peer.Connect();
        connection.Open();
        string money = ours ? "decimal(15,2)" : "REAL", date = ours ? "date" : "TEXT";
        Execute(connection, "CREATE TABLE nations (id integer PRIMARY KEY, name text NOT NULL, region text NOT NULL)");
        Execute(connection, "CREATE TABLE suppliers (id integer PRIMARY KEY, name text NOT NULL, nation_id integer NOT NULL, complaint text NOT NULL)");
        Execute(connection, "CREATE TABLE parts (id integer PRIMARY KEY, name text NOT NULL, brand text NOT NULL, type text NOT NULL, size integer NOT NULL)");
        Execute(connection, $"CREATE TABLE customers (id integer PRIMARY KEY, name text NOT NULL, nation_id integer NOT NULL, segment text NOT NULL, balance {money} NOT NULL, referred_by integer)");
        Execute(connection, $"CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer NOT NULL, status text NOT NULL, total {money} NOT NULL, placed {date} NOT NULL, priority text NOT NULL, comment text NOT NULL)");
        Execute(connection, $"CREATE TABLE lines (order_id integer NOT NULL, line_no integer NOT NULL, part_id integer NOT NULL, supplier_id integer NOT NULL, quantity integer NOT NULL, price {money} NOT NULL, discount {money} NOT NULL, tax {money} NOT NULL, returned text NOT NULL, shipped {date} NOT NULL, promised {date} NOT NULL, received {date} NOT NULL, mode text NOT NULL, PRIMARY KEY (order_id, line_no)){(ours ? "" : " WITHOUT ROWID")}");

        Random random = new(7);
        int customers = Math.Max(orders / 10, 10), parts = Math.Max(orders / 10, 10), suppliers = Math.Max(orders / 100, 10);
        object Money(int cents) => ours ? cents / 100m : cents / 100.0;
        object Day(DateOnly day) => ours ? day : day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        string Pick(string[] from) => from[random.Next(from.Length)];

        Insert(connection, "nations", 3, 25, i => [i, $"NATION {i:00}", Regions[i % 5]]);
        Insert(connection, "suppliers", 4, suppliers, i => [i, $"Supplier {i:000000}", random.Next(1, 26), random.Next(200) == 0 ? "Customer Complaints" : "none"]);
        Insert(connection, "parts", 5, parts, i => [i, $"{Pick(Colours)} {Pick(Colours)} {Pick(Colours)}", $"Brand#{random.Next(1, 6)}{random.Next(1, 6)}", $"{Pick(Sizes)} {Pick(Finishes)} {Pick(Materials)}", random.Next(1, 51)]);
        Insert(connection, "customers", 6, customers, i => [i, $"Customer {i:000000}", random.Next(1, 26), Pick(Segments), Money(random.Next(-99_999, 999_999)), i == 1 ? DBNull.Value : Math.Max(1, i / random.Next(2, 5))]);
        Insert(connection, "orders", 7, orders, i => [i, random.Next(1, customers + 1), Pick(["F", "O", "P"]), Money(random.Next(10_000, 50_000_000)), Day(FirstDay.AddDays(random.Next(0, 2400))), Pick(Priorities), $"{Pick(Words)} {Pick(Words)} {Pick(Words)} {Pick(Words)}"]);
        Insert(connection, "lines", 13, orders * 2, i =>
        {
            DateOnly shipped = FirstDay.AddDays(random.Next(0, 2500));
            return
            [
                ((i - 1) / 2) + 1, ((i - 1) % 2) + 1, random.Next(1, parts + 1), random.Next(1, suppliers + 1), random.Next(1, 51), Money(random.Next(90_000, 10_000_000)), Money(random.Next(0, 11)), Money(random.Next(0, 9)),
                Pick(["A", "N", "R"]), Day(shipped), Day(shipped.AddDays(random.Next(-30, 60))), Day(shipped.AddDays(random.Next(1, 31))), Pick(Modes),
            ];
        });
        foreach (string index in new[] { "orders (customer_id)", "orders (placed)", "lines (part_id)", "lines (supplier_id)", "customers (nation_id)", "customers (referred_by)" })
            Execute(connection, $"CREATE INDEX {index.Replace(" (", "_", StringComparison.Ordinal).TrimEnd(')')} ON {index}");
        Execute(connection, "ANALYZE");
    }

    private static void Insert(DbConnection connection, string table, int columns, int count, Func<int, object[]> row)
    {
        const int Chunk = 100_000;
        using DbCommand command = connection.CreateCommand();
        command.CommandText = $"INSERT INTO {table} VALUES ({string.Join(", ", Enumerable.Range(0, columns).Select(i => $"@p{i}"))})";
        for (int i = 0; i < columns; i++)
        {
            DbParameter parameter = command.CreateParameter();
            parameter.ParameterName = $"@p{i}";
            command.Parameters.Add(parameter);
        }

        for (int first = 1; first <= count; first += Chunk)
        {
            using DbTransaction transaction = connection.BeginTransaction();
            command.Transaction = transaction;
            for (int i = first; i < Math.Min(first + Chunk, count + 1); i++)
            {
                object[] values = row(i);
                for (int c = 0; c < columns; c++)
                    command.Parameters[c].Value = values[c];
                command.ExecuteNonQuery();
            }

            transaction.Commit();
        }
    }

    private static void Execute(DbConnection connection, string text)
    {
        using DbCommand command = connection.CreateCommand();
        command.CommandText = text;
        command.CommandTimeout = 0;
        command.ExecuteNonQuery();
    }
}
