using BareMetal.Data.Catalog.Ddl;
using BareMetal.Data.Functions.Custom;
using BareMetal.Data.Sessions;
using BareMetal.Data.Storage;
using BareMetal.Data.Tests.Sessions;
using BareMetal.Data.Values;
using Xunit;

namespace BareMetal.Data.Tests.Spilling;

/// <summary>
/// Statements that are cancelled, or whose temporary files find no room, in the middle of each operator: they stop within a bounded amount of
/// work, say what happened, undo what they did and leave no file behind. Work is counted, not timed; scripts/cancel.sh times it.
/// </summary>
public sealed class InterruptTests
{
    private const int Rows = 5003;
    private const int Budget = 64 * 1024;

    /// <summary>Operations on temporary files that may follow a cancellation: what is left of one batch, dealt out to all files of a split.</summary>
    private const int OperationsAfter = 150;

    /// <summary>Rows that may be computed after a cancellation: what is left of the batches under way.</summary>
    private const int RowsAfter = 3 * 1024;

    public static TheoryData<string> Names() => [.. SpillCase.All.Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_statement_stops_amid_its_temporary_files_and_leaves_none(string name)
    {
        SpillCase test = SpillCase.All.Single(c => c.Name == name);
        ObservedStorageProvider substrate = new(new MemoryStorageProvider());
        using TestDatabase database = new(substrate);
        database.Run("CREATE TABLE target (id int PRIMARY KEY, k int, t text)");
        database.Run($"SET work_mem = '{Budget}B'");
        string[] statements = test.Statements(test.Widest > 0 ? Rows + 3000 : Rows);
        foreach (string sql in statements[..^1])
            database.Run(sql);
        string before = State();
        substrate.Reset();
        long writes = 0;
        substrate.Observer = (operation, _) => writes += operation == TemporaryOperation.Write ? 1 : 0;
        database.Run("BEGIN");
        Read(database.Main, statements[^1], CancellationToken.None);
        database.Run("ROLLBACK");
        long total = substrate.Count;
        if (total == 0)
            return;
        foreach (double part in new[] { 0.3, 0.95 })
        {
            if (statements[^1].StartsWith("INSERT", StringComparison.Ordinal))
            {
                database.Run("DELETE FROM target");
                before = State();
            }

            long at = Math.Max(1, (long)(total * part));
            using CancellationTokenSource source = new();
            substrate.Reset((_, number) =>
            {
                if (number == at)
                    source.Cancel();
            });
            Exception? error = Record(() => Read(database.Main, statements[^1], source.Token));

            // Within the last batch it may end before it looks.
            Assert.True(error is OperationCanceledException or null, $"cancelled at operation {at} of {total}: {error}");
            Assert.True(substrate.Count - at <= OperationsAfter, $"{substrate.Count - at} operations followed a cancellation at {at} of {total}");
            if (error is null)
                before = State();
            AssertClean();
        }

        foreach (long at in new[] { 1, Math.Max(1, writes / 2) })
        {
            if (statements[^1].StartsWith("INSERT", StringComparison.Ordinal))
            {
                database.Run("DELETE FROM target");
                before = State();
            }

            long seen = 0;
            substrate.Reset((operation, _) =>
            {
                if (operation == TemporaryOperation.Write && ++seen == at)
                    throw new StorageException(StorageErrorCode.DiskFull, "no space is left") { File = "temporary" };
            });
            Exception? error = Record(() => Read(database.Main, statements[^1], CancellationToken.None));
            Assert.True(error is BareMetalException { SqlState: "53100" }, $"full at write {at} of {writes}: {error?.ToString() ?? "no error"}");
            AssertClean();
        }

        void AssertClean()
        {
            substrate.Reset();
            Assert.DoesNotContain(substrate.List(), f => f.Contains(ObservedStorageProvider.Part, StringComparison.Ordinal));
            Assert.Equal(before, State());
        }

        string State() => database.Scalar("SELECT count(*) || ' ' || coalesce(sum(k), 0) || ' ' || coalesce(min(t), '') || ' ' || coalesce(max(t), '') FROM target");
    }

    public static TheoryData<string, string> Statements() => new()
    {
        { "projection", "SELECT tick(i) FROM generate_series(1, 100000) AS g(i)" },
        { "filter that rejects all", "SELECT i FROM generate_series(1, 100000) AS g(i) WHERE tick(i) < 0" },
        { "index scan whose filter rejects all", "SELECT id FROM target WHERE id > 10 AND tick(id) < 0" },
        { "backward scan", "SELECT id FROM target WHERE tick(id) < 0 ORDER BY id DESC" },
        { "aggregate on one group", "SELECT sum(tick(i)) FROM generate_series(1, 100000) AS g(i)" },
        { "aggregate on a table", "SELECT count(*) FROM target WHERE tick(k) > 0" },
        { "aggregate on many groups", "SELECT k, count(*) FROM (SELECT tick(i) AS k FROM generate_series(1, 100000) AS g(i)) AS s GROUP BY k" },
        { "results of groups", "SELECT tick(s.k) FROM (SELECT i AS k, count(*) FROM generate_series(1, 50000) AS g(i) GROUP BY i) AS s" },
        { "distinct", "SELECT DISTINCT tick(i) FROM generate_series(1, 100000) AS g(i)" },
        { "sort", "SELECT i FROM generate_series(1, 100000) AS g(i) ORDER BY tick(i)" },
        { "results of a sort", "SELECT tick(s.i) FROM (SELECT i FROM generate_series(1, 50000) AS g(i) ORDER BY -i OFFSET 0) AS s" },
        { "top", "SELECT i FROM generate_series(1, 100000) AS g(i) ORDER BY tick(i) LIMIT 5" },
        { "nested loop without output", "SELECT 1 FROM generate_series(1, 3000) AS a(i) JOIN generate_series(1, 3000) AS b(j) ON tick(a.i + b.j) < 0" },
        { "hash join, build", "SELECT count(*) FROM generate_series(1, 200000) AS a(i) LEFT JOIN (SELECT tick(i) AS k FROM generate_series(1, 100000) AS g(i)) AS b ON a.i = b.k" },
        { "hash join, probe without output", "SELECT count(*) FROM (SELECT tick(i) AS k FROM generate_series(1, 100000) AS g(i)) AS a JOIN generate_series(-2000, -1) AS b(j) ON a.k = b.j" },
        { "semi join", "SELECT i FROM generate_series(1, 100000) AS a(i) WHERE EXISTS (SELECT 1 FROM generate_series(1, 1000) AS b(j) WHERE b.j = a.i AND tick(a.i) < 0) OR tick(i) < 0" },
        { "except", "SELECT tick(i) FROM generate_series(1, 100000) AS g(i) EXCEPT ALL SELECT 0" },
        { "window", "SELECT sum(s.k) OVER (ORDER BY s.k) FROM (SELECT tick(i) AS k FROM generate_series(1, 100000) AS g(i)) AS s" },
        { "results of a window", "SELECT tick(s.n::int) FROM (SELECT row_number() OVER (ORDER BY -i) AS n FROM generate_series(1, 50000) AS g(i)) AS s" },
        { "recursion of small rounds", "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT tick(n + 1) FROM r WHERE n < 1000000) SELECT count(*) FROM r" },
        { "recursion of large rounds", "WITH RECURSIVE r(n) AS (SELECT i FROM generate_series(1, 20000) AS g(i) UNION SELECT tick(n + 20000) FROM r WHERE n < 1000000) SELECT count(*) FROM r" },
        { "lateral", "SELECT count(*) FROM generate_series(1, 100000) AS a(i), LATERAL (SELECT tick(a.i + j) AS x FROM generate_series(1, 3) AS b(j) ORDER BY x LIMIT 1) AS s" },
        { "subquery for each row", "SELECT i FROM generate_series(1, 100000) AS a(i) WHERE (SELECT max(tick(a.i + j)) FROM generate_series(1, 2) AS b(j)) < 0" },
        { "insert", "INSERT INTO target SELECT 1000000 + tick(i), i, 'new' FROM generate_series(1, 100000) AS g(i)" },
        { "update", "UPDATE target SET k = tick(k), t = 'new'" },
        { "delete", "DELETE FROM target WHERE tick(k) >= 0" },
        { "text functions", "SELECT length(repeat('x', tick(1000))) FROM generate_series(1, 100000)" },
    };

    [Theory]
    [MemberData(nameof(Statements))]
    public void A_cancelled_statement_computes_few_more_rows(string name, string sql)
    {
        foreach (int cancelAt in new[] { 1, 1500, 9000 })
        {
            using CancellationTokenSource source = new();
            int ticks = 0;
            BareMetalFunctions functions = new();
            functions.AddScalar<int, int>("tick", i =>
            {
                if (++ticks == cancelAt)
                    source.Cancel();
                return i;
            });
            using TestDatabase database = new();
            database.Run("CREATE TABLE target (id int PRIMARY KEY, k int, t text)");
            database.Run("INSERT INTO target SELECT i, i, 'old' FROM generate_series(1, 20000) AS g(i)");
            using Session session = database.Database.CreateSession(new SessionOptions { Functions = functions.Registry, MaxParallelism = 1 });
            Exception? error = Record(() => Read(session, sql, source.Token));
            Assert.True(error is OperationCanceledException, $"{name}, cancelled at row {cancelAt}: {error?.ToString() ?? "no error"}");
            Assert.True(ticks - cancelAt <= RowsAfter, $"{name}: {ticks - cancelAt} rows were computed after the cancellation at row {cancelAt}");
            Assert.Equal("20000|200010000|old", database.Scalar("SELECT count(*), sum(k), max(t) FROM target"));
        }
    }

    [Fact]
    public void A_cancelled_sort_of_index_entries_ends()
    {
        List<(byte[] Key, byte[] Value)> entries = [];
        for (int i = 0; i < 50_000; i++)
            entries.Add((BitConverter.GetBytes(i * 7919), []));
        TableData.Sort(entries, CancellationToken.None);
        for (int i = 1; i < entries.Count; i++)
            Assert.True(entries[i - 1].Key.AsSpan().SequenceCompareTo(entries[i].Key) < 0);
        Assert.Throws<OperationCanceledException>(() => TableData.Sort(entries, new CancellationToken(canceled: true)));
    }

    [Fact]
    public void A_cancelled_match_of_a_regular_expression_is_not_waited_for()
    {
        using TestDatabase database = new();
        using CancellationTokenSource source = new(TimeSpan.FromMilliseconds(300));
        Exception? error = Record(() => Read(database.Main, "SELECT (repeat('a', 60) || '!') ~ '^(a|aa)+$'", source.Token));
        Assert.True(error is OperationCanceledException, error?.ToString() ?? "no error");
    }

    internal static void Read(Session session, string sql, CancellationToken token)
    {
        using CommandExecution execution = session.Execute(session.Prepare(sql, []), [], default, token);
        while (execution.NextResult())
        {
            while (execution.NextBatch())
            {
                // Reading a value makes sure that it is there.
                foreach (Vector column in execution.Current.Columns)
                    _ = column.GetValue(execution.Current.Count - 1);
            }
        }
    }

    private static Exception? Record(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (Exception e) when (e is BareMetalException or OperationCanceledException)
        {
            return e;
        }
    }
}
