using BareMetal.Data.Storage;
using BareMetal.Data.Tests.Sessions;
using Xunit;

namespace BareMetal.Data.Tests.Integrity;

/// <summary>Space that rows, index entries and large values leave serves again, and VACUUM gives it back.</summary>
public sealed class SpaceTests
{
    private static long Pages(TestDatabase db) => (long)db.Database.Engine.Store.PageCount;

    private static long FileBytes(TestDatabase db) => db.Database.Engine.Database.Data.Length;

    private static void Settle(TestDatabase db)
    {
        var engine = db.Database.Engine.Database;
        while (engine.Store.HasSparse)
            engine.Pipeline.RunExclusive(() => engine.Pipeline.ApplyUnlogged(lsn => engine.Target.Batch.JoinSparse(lsn, 64)));
        while (engine.Store.HasGarbage)
            engine.Pipeline.RunExclusive(() => engine.Pipeline.ApplyUnlogged(lsn => engine.Target.Batch.ReclaimDropped(lsn, 256)));
    }

    [Fact]
    public void Deleting_and_inserting_a_tables_rows_a_hundred_times_does_not_grow_the_file()
    {
        using TestDatabase db = new();
        db.Run("""
            CREATE TABLE t (id int PRIMARY KEY, k int, name text, doc text);
            CREATE INDEX t_k ON t (k);
            CREATE UNIQUE INDEX t_name ON t (name DESC) INCLUDE (k);
            """);
        long first = 0;
        for (int round = 0; round < 100; round++)
        {
            // Keys of the indexes come in another order in each round; every fiftieth row has a large value.
            db.Run($"INSERT INTO t SELECT g, (g * {7919 + round}) % 10007, md5((g * {round + 1})::text) || g, CASE WHEN g % 50 = 0 THEN repeat(chr(97 + g % 20), 12000) ELSE 'x' END FROM generate_series(1, 600) g");
            db.Run("DELETE FROM t");
            Settle(db);
            if (round == 4)
                first = Pages(db);
        }

        Assert.True(Pages(db) <= first + (first / 5), $"{first} pages became {Pages(db)}");
        Assert.Empty(db.Rows("CHECK DATABASE"));
        db.Run("VACUUM");
        Assert.True(Pages(db) < 40, $"{Pages(db)} pages are left");
        Assert.Empty(db.Rows("CHECK DATABASE"));
    }

    [Fact]
    public void A_queue_that_moves_through_its_keys_does_not_grow_the_file()
    {
        using TestDatabase db = new();
        db.Run("CREATE TABLE q (id bigint PRIMARY KEY, at int, body text); CREATE INDEX q_at ON q (at)");
        db.Run("INSERT INTO q SELECT g, g, repeat('b', 200) FROM generate_series(1, 500) g");
        long first = 0;
        for (int round = 0; round < 60; round++)
        {
            int from = 1 + (round * 100);
            db.Run($"INSERT INTO q SELECT g, g, repeat('b', 200) FROM generate_series({from + 500}, {from + 599}) g");
            db.Run($"DELETE FROM q WHERE id < {from + 100}");
            db.Run($"UPDATE q SET at = at + 100 WHERE id % 7 = 0");
            Settle(db);
            if (round == 9)
                first = Pages(db);
        }

        Assert.True(Pages(db) <= first + (first / 4) + 4, $"{first} pages became {Pages(db)}");
        Assert.Empty(db.Rows("CHECK DATABASE"));
    }

    [Fact]
    public void Dropped_and_truncated_tables_give_their_pages_to_others()
    {
        using TestDatabase db = new();
        long first = 0;
        for (int round = 0; round < 12; round++)
        {
            db.Run("CREATE TABLE t (id int PRIMARY KEY, v text); CREATE INDEX t_v ON t (v)");
            db.Run("INSERT INTO t SELECT g, repeat('v', 100) || g FROM generate_series(1, 1500) g");
            db.Run("TRUNCATE t");
            Settle(db);
            db.Run("INSERT INTO t SELECT g, repeat('w', 100) || g FROM generate_series(1, 1500) g");
            db.Run("DROP TABLE t");
            Settle(db);
            if (round == 1)
                first = Pages(db);
        }

        Assert.True(Pages(db) <= first + (first / 10), $"{first} pages became {Pages(db)}");
        db.Run("VACUUM");
        Assert.True(Pages(db) < 30, $"{Pages(db)} pages are left");
        Assert.Empty(db.Rows("CHECK DATABASE"));
    }

    [Fact]
    public void Work_that_is_rolled_back_takes_no_pages()
    {
        using TestDatabase db = new();
        db.Run("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (0, '')");
        long before = Pages(db);
        for (int round = 0; round < 10; round++)
            db.Run("BEGIN; INSERT INTO t SELECT g, repeat('v', 5000) FROM generate_series(1, 200) g; ROLLBACK");
        Assert.Equal(before, Pages(db));
    }

    [Fact]
    public void Vacuum_by_its_spellings_shrinks_the_file_and_keeps_the_rows()
    {
        using TestDatabase db = new();
        db.Run("""
            CREATE TABLE t (id int PRIMARY KEY, k int, doc text); CREATE INDEX t_k ON t (k);
            CREATE TABLE u (id int PRIMARY KEY, doc text);
            CREATE VIEW w AS SELECT * FROM t;
            INSERT INTO t SELECT g, g % 977, repeat('d', CASE WHEN g % 100 = 0 THEN 20000 ELSE 80 END) FROM generate_series(1, 4000) g;
            INSERT INTO u SELECT g, repeat('u', 80) FROM generate_series(1, 4000) g;
            """);
        db.Run("CHECKPOINT");
        db.Run("""
            DELETE FROM t WHERE id % 10 <> 1;
            DELETE FROM u WHERE id % 10 <> 1;
            """);
        long full = FileBytes(db);
        string sums = db.Scalar("SELECT count(*), sum(id), sum(k), sum(length(doc)) FROM t");
        db.Run("VACUUM t");
        long one = FileBytes(db);
        Assert.True(one < full, $"{full} became {one}");
        db.Run("VACUUM");
        long all = FileBytes(db);
        Assert.True(all < one, $"{one} became {all}");
        Assert.Equal(all, Pages(db) * 8192);
        List<string> notices = [];
        db.Main.Notice = (severity, text) => notices.Add(severity + ": " + text);
        db.Run("VACUUM (FULL, VERBOSE) t, u");
        Assert.True(FileBytes(db) <= all);
        Assert.StartsWith("INFO: ", Assert.Single(notices));
        Assert.Equal(sums, db.Scalar("SELECT count(*), sum(id), sum(k), sum(length(doc)) FROM t"));
        Assert.Equal("1", db.Scalar("SELECT count(*) FROM t WHERE k = 1 AND id < 4000"));
        Assert.Empty(db.Rows("CHECK DATABASE"));
        db.Reopen();
        Assert.Equal(sums, db.Scalar("SELECT count(*), sum(id), sum(k), sum(length(doc)) FROM t"));
        Assert.Empty(db.Rows("CHECK DATABASE"));
        db.Run("VACUUM ANALYZE");
        Assert.NotEmpty(db.Rows("SELECT * FROM bm_catalog.statistics"));
        db.Run("BEGIN");
        db.Fails("25001", "VACUUM");
        db.Run("ROLLBACK");
        db.Fails("42P01", "VACUUM nowhere");
        db.Fails("42809", "VACUUM w");
        db.Fails("42601", "VACUUM (QUICKLY)");
    }

    [Fact]
    public async Task The_api_reports_progress_takes_a_budget_and_can_be_cancelled()
    {
        using BareMetalDataSource source = new("Data Source=test", new MemoryStorageProvider(), null, isImplicit: false);
        using BareMetalConnection connection = source.OpenConnection();
        using BareMetalCommand command = connection.CreateCommand();
        command.CommandText = "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT g, repeat('v', 300) FROM generate_series(1, 4000) g";
        command.ExecuteNonQuery();
        command.CommandText = "DELETE FROM t WHERE id % 5 <> 0";
        command.ExecuteNonQuery();
        BareMetalVacuumProgress some = await source.VacuumAsync(new BareMetalVacuumOptions { Table = "t", MaxPages = 10 });
        Assert.True(some.IsCompleted);
        Assert.InRange(some.PagesMoved + some.LeavesJoined, 1, 60);
        using CancellationTokenSource stop = new();
        stop.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => source.VacuumAsync(cancellationToken: stop.Token));
        Steps steps = new();
        BareMetalVacuumProgress done = await source.VacuumAsync(new BareMetalVacuumOptions { Full = true }, steps);
        Assert.True(steps.Seen.Count > 1 && steps.Seen[^1] == done && done.PagesNow < done.PagesBefore, done.ToString());
        Assert.Equal("42P01", (await Assert.ThrowsAsync<BareMetalException>(() => source.VacuumAsync(new BareMetalVacuumOptions { Table = "x.y" }))).SqlState);
    }

    private sealed class Steps : IProgress<BareMetalVacuumProgress>
    {
        public List<BareMetalVacuumProgress> Seen { get; } = [];

        public void Report(BareMetalVacuumProgress value) => Seen.Add(value);
    }
}
