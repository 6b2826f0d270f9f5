using BareMetal.Data.Tests.Sessions;
using Xunit;

namespace BareMetal.Data.Tests.Integrity;

/// <summary>Compression is an option of a table, kept in the catalog.</summary>
public sealed class CompressionTests
{
    [Fact]
    public void A_table_with_compression_takes_less_and_gives_the_same()
    {
        using TestDatabase db = new();
        db.Run("CREATE TABLE plain (id int PRIMARY KEY, doc text)");
        db.Run("CREATE TABLE small (id int PRIMARY KEY, doc text) WITH (compression = brotli)");
        const string Rows = " SELECT g, repeat('line ' || g || ' of a document; ', 1500) FROM generate_series(1, 40) g";
        long before = (long)db.Database.Engine.Store.PageCount;
        db.Run("INSERT INTO plain" + Rows);
        long plain = (long)db.Database.Engine.Store.PageCount - before;
        db.Run("INSERT INTO small" + Rows);
        long small = (long)db.Database.Engine.Store.PageCount - before - plain;
        Assert.True(small * 3 < plain, $"{plain} pages, compressed {small}");
        Assert.Equal("40", db.Scalar("SELECT count(*) FROM plain p JOIN small s ON s.id = p.id AND s.doc = p.doc"));
        db.Run("UPDATE small SET doc = doc || '!', id = id + 100 WHERE id <= 20; DELETE FROM small WHERE id = 21");
        Assert.Equal("20", db.Scalar("SELECT count(*) FROM plain p JOIN small s ON s.id = p.id + 100 AND s.doc = p.doc || '!'"));
        db.Reopen();
        Assert.Equal("39|40", db.Scalar("SELECT (SELECT count(*) FROM small), (SELECT count(*) FROM plain)"));
        Assert.Equal("19", db.Scalar("SELECT count(*) FROM plain p JOIN small s ON s.id = p.id AND s.doc = p.doc"));
        Assert.Empty(db.Rows("CHECK DATABASE"));
        db.Run("VACUUM FULL");
        Assert.Empty(db.Rows("CHECK DATABASE"));
    }

    [Fact]
    public void It_is_set_and_reset_and_counts_for_what_is_written_from_then_on()
    {
        using TestDatabase db = new();
        db.Run("CREATE TABLE t (id int PRIMARY KEY, doc text) WITH (compression = none)");
        const string Insert = "INSERT INTO t SELECT g, repeat('line ' || g || ' of a document; ', 1500) FROM generate_series(1, 20) g";
        long start = (long)db.Database.Engine.Store.PageCount;
        db.Run(Insert);
        long plain = (long)db.Database.Engine.Store.PageCount - start;
        db.Run("ALTER TABLE t SET (compression = brotli)");
        start = (long)db.Database.Engine.Store.PageCount;
        db.Run(Insert.Replace("SELECT g,", "SELECT g + 100,", StringComparison.Ordinal));
        Assert.True(((long)db.Database.Engine.Store.PageCount - start) * 3 < plain);
        db.Run("ALTER TABLE t RESET (compression)");
        start = (long)db.Database.Engine.Store.PageCount;
        db.Run(Insert.Replace("SELECT g,", "SELECT g + 200,", StringComparison.Ordinal));
        Assert.True((long)db.Database.Engine.Store.PageCount - start > plain / 2);
        Assert.Equal("40", db.Scalar("SELECT count(*) FROM t a JOIN t b ON b.id = a.id + 100 AND b.doc = a.doc"));
        Assert.Empty(db.Rows("CHECK DATABASE"));
        db.Fails("22023", "ALTER TABLE t SET (compression = zip)");
        db.Fails("22023", "CREATE TABLE u (id int) WITH (fillfactor = 70)");
    }
}
