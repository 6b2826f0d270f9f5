using System.Diagnostics;
using BareMetal.Data.Sessions;
using BareMetal.Data.Tests.Sessions;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Tests.Spilling;

/// <summary>
/// How long after a cancellation in the middle of each operator the statement is back. By default over few rows, and nothing is asked of the
/// time; scripts/cancel.sh asks for less than a second over 10 M rows.
/// </summary>
public sealed class CancelTimeTests(ITestOutputHelper output)
{
    private const string State =
        "SELECT (SELECT count(*) || ' ' || sum(k) || ' ' || min(t) FROM big) || ' ' || (SELECT count(*) || ' ' || sum(k) FROM other) || ' ' || (SELECT count(*) FROM child)";

    private const string Rows = "generate_series(1, {N})";

    private static int Count { get; } = Number("BAREMETAL_CANCEL_ROWS", 20_000);

    /// <summary>Milliseconds that a statement may take to stop; 0 asks nothing.</summary>
    private static int Limit { get; } = Number("BAREMETAL_CANCEL_LIMIT", 0);

    public static TheoryData<string, string> Statements() => new()
    {
        { "scan", "SELECT k FROM big WHERE k < 0" },
        { "index scan that rejects all", "SELECT id FROM big WHERE k > 0 AND t LIKE '%nothing%'" },
        { "count of a table", "SELECT count(*) FROM big AS a, big AS b WHERE a.k < b.k" },
        { "parallel aggregate", "SELECT sum(a.k + b.v) FROM big AS a, generate_series(1, 1000) AS b(v)" },
        { "aggregate on one group", $"SELECT sum(i), max(i) FROM {Rows} AS g(i)" },
        { "aggregate on many groups", $"SELECT count(*) FROM (SELECT i / 2 AS k, count(*) FROM {Rows} AS g(i) GROUP BY k) AS s" },
        { "distinct aggregate", $"SELECT count(DISTINCT i) FROM {Rows} AS g(i)" },
        { "grouping sets", $"SELECT count(*) FROM (SELECT i / 3 AS a, i % 1000 AS b, count(*) FROM {Rows} AS g(i) GROUP BY CUBE (i / 3, i % 1000)) AS s" },
        { "ordered set", $"SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY -i) FROM {Rows} AS g(i)" },
        { "text that grows", $"SELECT length(string_agg('value ' || i, ',')) FROM {Rows} AS g(i)" },
        { "sort", $"SELECT sum(x) FROM (SELECT i AS x FROM {Rows} AS g(i) ORDER BY (i * 7919::bigint) % 1000003 OFFSET 5) AS s" },
        { "sort of texts", $"SELECT count(*) FROM (SELECT i FROM {Rows} AS g(i) ORDER BY md5(i::text) OFFSET 5) AS s" },
        { "distinct", $"SELECT count(*) FROM (SELECT DISTINCT i FROM {Rows} AS g(i)) AS s" },
        { "hash join", $"SELECT count(*) FROM {Rows} AS a(i) JOIN {Rows} AS b(j) ON a.i = b.j" },
        { "hash join on one key", $"SELECT count(*) FROM {Rows} AS a(i) JOIN (SELECT j, 1 AS k FROM {Rows} AS g(j)) AS b ON a.i % 2 = b.k" },
        { "full join", $"SELECT count(*) FROM {Rows} AS a(i) FULL JOIN {Rows} AS b(j) ON a.i = b.j * 2" },
        { "anti join", $"SELECT count(*) FROM {Rows} AS a(i) WHERE NOT EXISTS (SELECT 1 FROM {Rows} AS b(j) WHERE b.j = a.i * 2)" },
        { "nested loop without output", $"SELECT count(*) FROM {Rows} AS a(i) JOIN generate_series(1, 100000) AS b(j) ON a.i + b.j < 0" },
        { "except", $"SELECT count(*) FROM (SELECT i FROM {Rows} AS g(i) EXCEPT ALL SELECT i * 2 FROM {Rows} AS g(i)) AS s" },
        { "window", $"SELECT sum(n) FROM (SELECT row_number() OVER (ORDER BY -i) AS n FROM {Rows} AS g(i)) AS s" },
        { "window whose frames are the whole partition", "SELECT sum(n) FROM (SELECT max(i) OVER (ORDER BY i ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS n FROM generate_series(1, 200000) AS g(i)) AS s" },
        { "recursion", "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < {N}) SELECT count(*) FROM r" },
        { "recursion without duplicates", "WITH RECURSIVE r(n) AS (SELECT 1 UNION SELECT n + 1 FROM r WHERE n < {N}) SELECT count(*) FROM r" },
        { "common table expression", $"WITH c AS MATERIALIZED (SELECT i FROM {Rows} AS g(i)) SELECT count(*) FROM c AS a JOIN c AS b ON a.i = b.i" },
        { "lateral", $"SELECT count(*) FROM {Rows} AS a(i), LATERAL (SELECT j FROM generate_series(1, 5) AS b(j) WHERE j > a.i ORDER BY j LIMIT 1) AS s" },
        { "subquery for each row", $"SELECT count(*) FROM {Rows} AS a(i) WHERE (SELECT max(a.i + j) FROM generate_series(1, 3) AS b(j)) < 0" },
        { "like with many wildcards", "SELECT count(*) FROM generate_series(1, 1000) AS g(i) WHERE repeat('ab', 500000) LIKE repeat('%a_b', 500) || i || 'c%'" },
        { "regular expression", "SELECT count(*) FROM generate_series(1, 1000) AS g(i) WHERE (repeat('a', 50 + i) || '!') ~ '^(a|aa)+$'" },
        { "long texts", "SELECT sum(length(repeat('x', 30000000 + i))) FROM generate_series(1, 1000) AS g(i)" },
        { "padded texts", "SELECT sum(length(lpad(i::text, 20000000, 'xy'))) FROM generate_series(1, 1000) AS g(i)" },
        { "insert", $"INSERT INTO other SELECT i, i, 'text ' || i FROM {Rows} AS g(i)" },
        { "insert with an index", $"INSERT INTO indexed SELECT i, -i FROM {Rows} AS g(i)" },
        { "update", "UPDATE big SET k = k + 1" },
        { "delete", "DELETE FROM big" },
        { "index build", "CREATE INDEX big_t ON big (t, k)" },
        { "check of a constraint", "ALTER TABLE big ADD CONSTRAINT c CHECK (length(repeat(t, 50)) > 0)" },
        { "foreign key", "ALTER TABLE big ADD FOREIGN KEY (k) REFERENCES big (id)" },
        { "analyze", "ANALYZE big" },
        { "update of the key", "UPDATE big SET id = -id" },
        { "update of a unique value", "UPDATE big SET u = u + 1" },
        { "update from a join", "UPDATE big SET t = o.t || '.' FROM big AS o WHERE o.id = big.k" },
        { "delete that cascades", "DELETE FROM parent" },
        { "delete of one row that cascades to many", "DELETE FROM parent WHERE id = 0" },
        { "delete of most rows that cascades", "DELETE FROM parent WHERE id > 0" },
        { "on conflict", $"INSERT INTO big SELECT i, i, 'new ' || i FROM {Rows} AS g(i) ON CONFLICT (id) DO UPDATE SET t = excluded.t" },
        { "merge", $"MERGE INTO big AS b USING (SELECT i FROM {Rows} AS g(i)) AS s ON b.id = s.i * 2 WHEN MATCHED AND b.k % 3 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET t = 'merged' WHEN NOT MATCHED THEN INSERT (id, k, t) VALUES (s.i + 20000000, s.i, 'new')" },
        { "insert with a foreign key", $"INSERT INTO child SELECT i + 20000000, i % 1000 FROM {Rows} AS g(i)" },
        { "insert with rows returned", $"INSERT INTO other SELECT i, i, 'text ' || i FROM {Rows} AS g(i) RETURNING id, t" },
        { "write in a definition", "WITH d AS (DELETE FROM big RETURNING id, k, t) INSERT INTO other SELECT id, k, t FROM d" },
        { "unique index", "CREATE UNIQUE INDEX big_u2 ON big (t, id)" },
        { "index of an expression", "CREATE INDEX big_e ON big (md5(t))" },
        { "new type", "ALTER TABLE big ALTER COLUMN k TYPE text USING k::text" },
        { "new column", "ALTER TABLE big ADD COLUMN r float DEFAULT random()" },
        { "not null", "ALTER TABLE big ALTER COLUMN t SET NOT NULL" },
        { "unique constraint", "ALTER TABLE big ADD UNIQUE (k, t)" },
        { "truncate", "TRUNCATE big" },
        { "table from a query", $"CREATE TABLE made AS SELECT i, 'text ' || i AS t FROM {Rows} AS g(i)" },
    };

    /// <summary>The part of statements whose names it has in them; all by default.</summary>
    private static string[] Only { get; } = Environment.GetEnvironmentVariable("BAREMETAL_CANCEL_ONLY")?.Split(',') ?? [""];

    /// <summary>After how many milliseconds it is cancelled.</summary>
    private static int[] Moments { get; } = Environment.GetEnvironmentVariable("BAREMETAL_CANCEL_AFTER") is { } after
        ? [.. after.Split(',').Select(int.Parse)]
        : Limit == 0 ? [5] : [50, 300, 1000, 2500, 4000];

    private static bool Writes(string sql) =>
        !sql.StartsWith("SELECT", StringComparison.Ordinal) && !sql.StartsWith("WITH RECURSIVE", StringComparison.Ordinal) && !sql.StartsWith("WITH c", StringComparison.Ordinal) && sql != "ANALYZE big";

    [Fact]
    public void A_cancelled_statement_is_soon_back() => Run(isAfterChanges: false);

    /// <summary>Then the statement alone is undone; what the transaction changed before it stays.</summary>
    [Fact]
    public void A_cancelled_write_in_a_transaction_with_changes_is_soon_back() => Run(isAfterChanges: true);

    private void Run(bool isAfterChanges)
    {
        using TestDatabase database = new();
        database.Run("CREATE TABLE big (id int PRIMARY KEY, k int, t text, u int UNIQUE)");
        database.Run("CREATE TABLE parent (id int PRIMARY KEY)");
        database.Run("CREATE TABLE child (id int PRIMARY KEY, p int REFERENCES parent ON DELETE CASCADE)");
        database.Run("CREATE INDEX child_p ON child (p)");
        database.Run("CREATE TABLE other (id int PRIMARY KEY, k int, t text)");
        database.Run("CREATE TABLE indexed (id int PRIMARY KEY, k int UNIQUE)");
        database.Run("CREATE INDEX big_k ON big (k)");
        int stored = Math.Min(Count, 1_000_000);
        database.Run($"INSERT INTO big SELECT i, i, 'text ' || i, i FROM generate_series(1, {stored}) AS g(i)");
        database.Run($"INSERT INTO parent SELECT i FROM generate_series(0, {stored / 2}) AS g(i)");
        database.Run($"INSERT INTO child SELECT i, greatest(i - {stored / 2}, 0) FROM generate_series(1, {stored}) AS g(i)");
        List<string> slow = [];
        foreach (object[] row in Statements())
        {
            (string name, string sql) = ((string)row[0], ((string)row[1]).Replace("{N}", Count.ToString()));
            if (!Only.Any(name.Contains) || (isAfterChanges && !Writes(sql)))
                continue;

            // A value that is built counts: large ones need room for themselves.
            
            // A value that can't be divided needs the memory that it takes.
            database.Run($"SET work_mem = '{(name is "long texts" or "padded texts" ? 64 : name is "text that grows" ? 1024 : 4)}MB'");
            double worst = 0;
            int cancelled = 0;
            foreach (int after in Moments)
            {
                database.Run("BEGIN");
                string before = "";
                if (isAfterChanges)
                {
                    database.Run("UPDATE big SET k = k / 2 + 1 WHERE id % 20 = 0");
                    database.Run("INSERT INTO other SELECT -i, i, 'before' FROM generate_series(1, 1000) AS g(i)");
                    before = database.Scalar(State);
                    database.Run("SAVEPOINT before");
                }

                (double delay, bool wasCancelled) = Measure(database.Main, sql, after);
                if (isAfterChanges && wasCancelled)
                {
                    database.Run("ROLLBACK TO before");
                    Assert.Equal(before, database.Scalar(State));
                }

                database.Run("ROLLBACK");
                cancelled += wasCancelled ? 1 : 0;
                worst = Math.Max(worst, delay);
            }

            output.WriteLine($"{(isAfterChanges ? "after changes: " : "")}{name}: cancelled {cancelled} times, worst delay {worst:0} ms");
            if (Limit > 0 && worst > Limit)
                slow.Add($"{name}: {worst:0} ms");
        }

        Assert.True(slow.Count == 0, "slower than the limit: " + string.Join("; ", slow));
    }

    private static (double Delay, bool WasCancelled) Measure(Session session, string sql, int after)
    {
        using CancellationTokenSource source = new();
        long at = 0;
        using Timer timer = new(
            _ =>
            {
                Volatile.Write(ref at, Stopwatch.GetTimestamp());
                source.Cancel();
            },
            null,
            after,
            Timeout.Infinite);
        try
        {
            InterruptTests.Read(session, sql, source.Token);
            return (0, false);
        }
        catch (OperationCanceledException)
        {
            return (Stopwatch.GetElapsedTime(Volatile.Read(ref at)).TotalMilliseconds, true);
        }
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), out int value) && value > 0 ? value : otherwise;
}
