using BareMetal.Data.Catalog;
using BareMetal.Data.Rows;
using BareMetal.Data.Storage;
using BareMetal.Data.Storage.Pages;
using BareMetal.Data.Storage.Trees;
using BareMetal.Data.Tests.Sessions;
using BareMetal.Data.Types;
using BareMetal.Data.Values;
using Xunit;

namespace BareMetal.Data.Tests.Integrity;

/// <summary>Every kind of damage is named with its place; what follows from other data is put right by a repair.</summary>
public sealed class CheckTests
{
    private const string Check = "CHECK DATABASE";

    private static TestDatabase Filled()
    {
        TestDatabase db = new();
        db.Run("""
            CREATE TABLE parent (id int PRIMARY KEY, name text NOT NULL);
            CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL CHECK (a < 1000), b text, c int REFERENCES parent (id), d int GENERATED ALWAYS AS (a * 2) VIRTUAL);
            CREATE INDEX t_a ON t (a);
            CREATE UNIQUE INDEX t_b ON t (b);
            CREATE INDEX t_part ON t (a DESC) WHERE a >= 50;
            CREATE INDEX t_expr ON t ((a + 1)) INCLUDE (b);
            CREATE TABLE heap (v text);
            CREATE SEQUENCE s;
            CREATE VIEW w AS SELECT id, a FROM t WHERE a > 3;
            INSERT INTO parent SELECT g, 'p' || g FROM generate_series(1, 10) g;
            INSERT INTO t (id, a, b, c) SELECT g, g % 100, 'b' || g, g % 10 + 1 FROM generate_series(1, 2000) g;
            INSERT INTO heap SELECT repeat(chr(97 + g % 20), g * 300) FROM generate_series(1, 60) g;
            """);
        Assert.Empty(db.Rows(Check));
        return db;
    }

    private static byte[] RowKey(Table table, int id)
    {
        RowBuffer key = new(16);
        KeyCodec.For(table).EncodeKey([Value.From(SqlTypeKind.Integer, id)], key);
        return key.ToArray();
    }

    /// <summary>Changes trees behind the back of the engine's upper half.</summary>
    private static void Write(TestDatabase db, Action<StorageTransaction> change)
    {
        using StorageTransaction transaction = db.Database.Engine.Begin();
        transaction.BeginStatement();
        change(transaction);
        transaction.Commit();
    }

    private static List<(byte[] Key, byte[] Value)> Entries(TestDatabase db, TreeId tree)
    {
        List<(byte[], byte[])> entries = [];
        using StorageTransaction transaction = db.Database.Engine.Begin(TransactionIsolation.Snapshot, readOnly: true);
        using TreeCursor cursor = transaction.OpenCursor(tree);
        for (bool more = cursor.SeekFirst(); more; more = cursor.MoveNext())
            entries.Add((cursor.Key.ToArray(), cursor.Value.ToArray()));
        return entries;
    }

    private static string Single(TestDatabase db, string sql = Check)
    {
        List<string> rows = db.Rows(sql);
        Assert.True(rows.Count == 1, string.Join('\n', rows));
        return rows[0];
    }

    private static void RepairAndCheck(TestDatabase db)
    {
        List<string> repaired = db.Rows("CHECK DATABASE REPAIR");
        Assert.Contains(repaired, r => r.StartsWith("repaired|", StringComparison.Ordinal));
        Assert.DoesNotContain(repaired, r => r.StartsWith("not repaired|", StringComparison.Ordinal));
        Assert.Empty(db.Rows(Check));
        db.Reopen();
        Assert.Empty(db.Rows(Check));
    }

    [Fact]
    public void A_sound_database_gives_no_rows_and_the_pragma_says_ok()
    {
        using TestDatabase db = Filled();
        Assert.Equal("ok", db.Scalar("PRAGMA integrity_check"));
        Assert.Empty(db.Rows("CHECK TABLE t"));
        db.Reopen();
        Assert.Empty(db.Rows(Check));
        Assert.Empty(db.Rows("CHECK DATABASE REPAIR"));
        db.Fails("42P01", "CHECK TABLE nowhere");
        db.Run("BEGIN");
        Assert.Empty(db.Rows(Check));
        db.Fails("25001", "CHECK DATABASE REPAIR");
        db.Run("ROLLBACK");
        db.Fails("0A000", "PRAGMA page_size");
    }

    [Theory]
    [InlineData("t_a")]
    [InlineData("t_b")]
    [InlineData("t_part")]
    [InlineData("t_expr")]
    public void A_row_without_its_index_entry_is_named_and_repaired(string name)
    {
        using TestDatabase db = Filled();
        TreeId tree = db.Database.Index("t", name).Tree;
        Write(db, t => t.Delete(tree, Entries(db, tree)[5].Key));
        Assert.StartsWith($"index entry missing|public|t|{name}|null|null|null|(id)=(", Single(db));
        Assert.StartsWith($"index entry missing|public|t|{name}|", Single(db, "CHECK TABLE t"));
        RepairAndCheck(db);
    }

    [Theory]
    [InlineData("t_a")]
    [InlineData("t_b")]
    [InlineData("t_part")]
    [InlineData("t_expr")]
    public void An_index_entry_without_its_row_is_named_and_repaired(string name)
    {
        using TestDatabase db = Filled();
        TreeId tree = db.Database.Index("t", name).Tree;
        (byte[] key, byte[] value) = Entries(db, tree)[7];
        key[^3] ^= 0x40; // another key part or another row
        Write(db, t => t.Put(tree, key, value));
        Assert.StartsWith($"index entry extra|public|t|{name}|null|null|null|{Convert.ToHexString(key)}|", Single(db));
        RepairAndCheck(db);
    }

    [Fact]
    public void An_index_entry_with_another_included_value_is_named_and_repaired()
    {
        using TestDatabase db = Filled();
        TreeId tree = db.Database.Index("t", "t_expr").Tree;
        (byte[] key, byte[] value) = Entries(db, tree)[7];
        value[^1] ^= 1;
        Write(db, t => t.Put(tree, key, value));
        List<string> rows = db.Rows(Check);
        Assert.Contains(rows, r => r.StartsWith("index entry wrong|public|t|t_expr|", StringComparison.Ordinal));
        RepairAndCheck(db);
    }

    [Fact]
    public void Rows_that_break_constraints_are_named_one_by_one_and_stay()
    {
        using TestDatabase db = Filled();
        Table table = db.Database.Table("t");
        RowCodec rows = RowCodec.For(table);
        Write(db, t =>
        {
            RowBuffer row = new(64);
            Value Int(int? v) => v is { } i ? Value.From(SqlTypeKind.Integer, i) : Value.Null(SqlTypeKind.Integer);
            Value Text(string v) => Value.From(SqlTypeKind.Text, new ByteSlice(System.Text.Encoding.UTF8.GetBytes(v)));
            rows.Encode([Int(9001), Int(null), Text("n"), Int(1), Int(null)], row);
            t.Put(table.Tree, RowKey(table, 9001), row.Span);
            row.Clear();
            rows.Encode([Int(9002), Int(5000), Text("c"), Int(1), Int(null)], row);
            t.Put(table.Tree, RowKey(table, 9002), row.Span);
            row.Clear();
            rows.Encode([Int(9003), Int(7), Text("b3"), Int(77), Int(null)], row);
            t.Put(table.Tree, RowKey(table, 9003), row.Span);
            row.Clear();
            rows.Encode([Int(1), Int(7), Text("x"), Int(1), Int(null)], row);
            t.Put(table.Tree, RowKey(table, 9004), row.Span);
        });
        List<string> found = db.Rows(Check);
        Assert.Contains(found, r => r.StartsWith("not null|public|t|null|null|null|null|(id)=(9001)|", StringComparison.Ordinal));
        Assert.Contains(found, r => r.StartsWith("check|public|t|null|", StringComparison.Ordinal) && r.Contains("(id)=(9002)"));
        Assert.Contains(found, r => r.StartsWith("foreign key|public|t|null|", StringComparison.Ordinal) && r.Contains("(id)=(9003)"));
        Assert.Contains(found, r => r.StartsWith("unique|public|t|t_b|", StringComparison.Ordinal) && r.Contains("(id)=(9003)") && r.Contains("(id)=(3)"));
        Assert.Contains(found, r => r.StartsWith("row|public|t|null|", StringComparison.Ordinal) && r.Contains("(id)=(9004)"));
        Assert.Contains(found, r => r.StartsWith("index entry missing|public|t|t_a|", StringComparison.Ordinal) && r.Contains("(id)=(9002)"));

        // The rows can't be derived from anything: they stay, and what makes an index impossible is said.
        List<string> repair = db.Rows("CHECK DATABASE REPAIR");
        Assert.Contains(repair, r => r.StartsWith("repaired|public|t|t_a|", StringComparison.Ordinal));
        Assert.Contains(repair, r => r.StartsWith("not repaired|public|t|t_b|", StringComparison.Ordinal));
        Assert.Equal("4", db.Scalar("SELECT count(*) FROM t WHERE id > 9000 OR id IS NULL OR (id = 1 AND b = 'x')"));
    }

    [Fact]
    public void A_row_that_does_not_fit_its_schema_version_is_named()
    {
        using TestDatabase db = Filled();
        Table table = db.Database.Table("parent");
        Write(db, t => t.Put(table.Tree, RowKey(table, 5), [200, 1, 3]));
        List<string> found = db.Rows(Check);
        Assert.Contains(found, r => r.StartsWith("row|public|parent|null|null|null|null|(id)=(5)|", StringComparison.Ordinal));
        Assert.All(found, r => Assert.True(r.StartsWith("row|public|parent", StringComparison.Ordinal), r));
    }

    [Fact]
    public void A_counter_that_would_give_a_row_id_again_is_named_and_moved()
    {
        using TestDatabase db = Filled();
        Table table = db.Database.Table("heap");
        (byte[] key, byte[] value) = Entries(db, table.Tree)[0];
        key[3] = 1;
        Write(db, t => t.Put(table.Tree, key, value));
        Assert.StartsWith("counter|public|heap|", Single(db));
        RepairAndCheck(db);
    }

    [Fact]
    public void Catalog_entries_that_name_what_does_not_exist_or_cannot_be_decoded_are_named()
    {
        using TestDatabase db = Filled();
        Table heap = db.Database.Table("heap");
        Write(db, t =>
        {
            t.DropTree(heap.Tree);
            t.CreateTree();
            t.Put(CatalogStore.Tree, CatalogCodec.EncodeKey(4_000), [1, 77]);
        });
        List<string> found = db.Rows(Check);
        Assert.Contains(found, r => r.StartsWith("catalog|public|heap|", StringComparison.Ordinal) && r.Contains("does not exist"));
        Assert.Contains(found, r => r.StartsWith("catalog|null|null|", StringComparison.Ordinal) && r.Contains("belongs to no table"));
        Assert.Contains(found, r => r.StartsWith("catalog|null|null|", StringComparison.Ordinal) && r.Contains("can't be decoded"));
    }

    [Fact]
    public void A_flipped_bit_in_a_table_costs_its_page_and_the_rest_is_checked()
    {
        using TestDatabase db = Filled();
        List<ulong> leaves = db.Database.Nodes(db.Database.Table("t").Tree, 0);
        db.FlipBit("test", ((long)leaves[2] * 8192) + 500);
        List<string> found = db.Rows(Check);
        Assert.Contains(found, r => r.StartsWith("page|public|t|null|null|null|" + leaves[2] + "|", StringComparison.Ordinal));
        Assert.All(found, r => Assert.StartsWith("page|", r));
        db.Rows("CHECK DATABASE REPAIR");
        Assert.Equal(found, db.Rows(Check));
    }

    [Fact]
    public void A_flipped_bit_in_an_index_is_repaired_from_the_rows()
    {
        using TestDatabase db = Filled();
        List<ulong> leaves = db.Database.Nodes(db.Database.Index("t", "t_b").Tree, 0);
        db.FlipBit("test", ((long)leaves[1] * 8192) + 900);
        Assert.Contains(db.Rows(Check), r => r.StartsWith("page|public|t|t_b|null|null|" + leaves[1] + "|", StringComparison.Ordinal));
        RepairAndCheck(db);
        Assert.Equal("1", db.Scalar("SELECT count(*) FROM t WHERE b = 'b1234'"));
    }

    [Fact]
    public unsafe void Entries_out_of_order_and_outside_their_range_are_named()
    {
        using TestDatabase db = Filled();
        List<ulong> leaves = db.Database.Nodes(db.Database.Index("t", "t_b").Tree, 0);
        db.Damage(leaves[1], (page, size) => Node.Remove(page, size, 0));
        Assert.StartsWith("index entry missing|public|t|t_b|", Single(db));
        db.Damage(leaves[1], (page, size) =>
        {
            Node.GetRaw(page, size, 3, out RawEntry entry);
            entry.Suffix[1] ^= 0x7F;
        });
        Assert.Contains(db.Rows(Check), r => r.StartsWith("tree|public|t|t_b|null|null|" + leaves[1] + "|", StringComparison.Ordinal));
        RepairAndCheck(db);

        leaves = db.Database.Nodes(db.Database.Index("t", "t_a").Tree, 0);
        db.Reopen(() =>
        {
            // Two leaves exchange their content.
            byte[] first = new byte[8192], second = new byte[8192];
            DamagedFile.Change(db.Substrate, "test", leaves[0], (page, size) => new Span<byte>(page, size).CopyTo(first));
            DamagedFile.Change(db.Substrate, "test", leaves[1], (page, size) =>
            {
                new Span<byte>(page, size).CopyTo(second);
                first.AsSpan(8).CopyTo(new Span<byte>(page + 8, size - 8));
            });
            DamagedFile.Change(db.Substrate, "test", leaves[0], (page, size) => second.AsSpan(8).CopyTo(new Span<byte>(page + 8, size - 8)));
        });
        Assert.Contains(db.Rows(Check), r => r.StartsWith("tree|public|t|t_a|", StringComparison.Ordinal) && r.Contains("outside the leaf's range"));
        RepairAndCheck(db);
    }

    [Fact]
    public unsafe void A_tree_out_of_balance_is_named()
    {
        using TestDatabase db = Filled();
        TableIndex index = db.Database.Index("t", "t_b");
        ulong root = db.Database.Root(index.Tree);
        db.Damage(root, (page, _) => page[PageFormat.LevelOffset] = 2);
        Assert.Contains(db.Rows(Check), r => r.StartsWith("tree|public|t|t_b|", StringComparison.Ordinal) && r.Contains("not balanced"));
        RepairAndCheck(db);
    }

    [Fact]
    public unsafe void Leaked_pages_and_used_pages_that_count_as_free_are_named_and_put_right()
    {
        using TestDatabase db = Filled();
        ulong leaf = db.Database.Nodes(db.Database.Table("t").Tree, 0)[1];
        ulong map = PageFormat.FirstMapPage(8192);
        db.Run("DROP VIEW w; DROP TABLE heap");
        var engine = db.Database.Engine.Database;
        while (engine.Store.HasGarbage)
            engine.Pipeline.RunExclusive(() => engine.Pipeline.ApplyUnlogged(lsn => engine.Target.Batch.ReclaimDropped(lsn, 256)));
        ulong free = 0;
        db.Damage(map, (page, _) =>
        {
            ulong i = leaf - map;
            page[PageFormat.BodyOffset + (int)(i >> 3)] &= (byte)~(1 << (int)(i & 7));
            for (free = 1; free == i || PageAllocator.GetBit(page, free); free++)
            {
            }

            page[PageFormat.BodyOffset + (int)(free >> 3)] |= (byte)(1 << (int)(free & 7));
        });
        List<string> found = db.Rows(Check);
        Assert.True(found.Count > 0, db.Database.Engine.OpenReport);
        Assert.Contains(found, r => r.StartsWith($"allocation|null|null|null|null|null|{leaf}|", StringComparison.Ordinal) && r.Contains("says free"));
        Assert.Contains(found, r => r.StartsWith($"allocation|null|null|null|null|null|{map + free}|", StringComparison.Ordinal) && r.Contains("nothing refers"));
        RepairAndCheck(db);
        db.Run("INSERT INTO t (id, a, b) SELECT g, 1, 'n' || g FROM generate_series(10001, 14000) g");
        Assert.Empty(db.Rows(Check));
    }

    [Fact]
    public void A_damaged_allocation_map_lets_the_database_open_and_is_made_anew()
    {
        using TestDatabase db = Filled();
        db.FlipBit("test", ((long)PageFormat.FirstMapPage(8192) * 8192) + 40);
        Assert.Equal("2000", db.Scalar("SELECT count(*) FROM t"));
        Assert.StartsWith("allocation|", Single(db));
        Assert.Equal("XX001", Assert.Throws<BareMetalException>(() => db.Run("INSERT INTO heap SELECT repeat('x', 100000)")).SqlState);
        RepairAndCheck(db);
        db.Run("INSERT INTO heap SELECT repeat('x', 100000)");
        Assert.Empty(db.Rows(Check));
    }

    [Fact]
    public unsafe void A_page_in_two_trees_is_named_in_both_and_the_index_gives_it_up()
    {
        using TestDatabase db = Filled();
        ulong leaf = db.Database.Nodes(db.Database.Table("t").Tree, 0)[1];
        ulong root = db.Database.Root(db.Database.Index("t", "t_b").Tree);
        db.Damage(root, (page, _) => Node.SetChild(page, 0, leaf));
        List<string> found = db.Rows(Check);
        Assert.Contains(found, r => r.StartsWith($"shared page|public|t|t_b|null|null|{leaf}|", StringComparison.Ordinal));
        Assert.Contains(found, r => r.StartsWith($"shared page|public|t|null|null|null|{leaf}|", StringComparison.Ordinal));
        RepairAndCheck(db);
        Assert.Equal("2000", db.Scalar("SELECT count(*) FROM t"));
    }

    [Fact]
    public unsafe void Large_values_with_wrong_parts_are_named()
    {
        using TestDatabase db = Filled();
        List<ulong> leaves = db.Database.Nodes(db.Database.Table("heap").Tree, 0);
        ulong top = db.Database.FirstLargeValue(leaves[^1]);
        db.Damage(top, (page, _) =>
        {
            if (PageFormat.Kind(page) == PageKind.OverflowIndex)
                *(ulong*)(page + PageFormat.BodyOffset) = 3_000_000;
            else
                *(uint*)(page + Node.CountOffset) += 1;
        });
        Assert.Contains(db.Rows(Check), r => r.StartsWith("page|public|heap|", StringComparison.Ordinal) || r.StartsWith("large value|public|heap|", StringComparison.Ordinal));
    }

    [Fact]
    public unsafe void An_lsn_after_the_checkpoint_is_named()
    {
        using TestDatabase db = Filled();
        ulong leaf = db.Database.Nodes(db.Database.Table("parent").Tree, 0)[0];
        db.Damage(leaf, (page, _) => PageFormat.SetLsn(page, PageFormat.Lsn(page) + (1000UL << 16)));
        List<string> found = db.Rows(Check);
        Assert.True(found.Exists(r => r.StartsWith($"page|public|parent|null|null|null|{leaf}|", StringComparison.Ordinal)), string.Join('\n', found));
        Assert.Contains(found, r => r.Contains("LSN") || r.Contains("checkpoint"));
    }

    [Fact]
    public void A_page_that_is_damaged_on_storage_is_named_although_memory_has_it()
    {
        using TestDatabase db = Filled();
        db.Run("CHECKPOINT");
        ulong leaf = db.Database.Nodes(db.Database.Table("t").Tree, 0)[1];
        DamagedFile.Flip(db.Substrate, "test", ((long)leaf * 8192) + 77);
        Assert.StartsWith($"page|null|null|null|null|test|{leaf}|", Single(db));
    }

    [Fact]
    public void A_damaged_copy_of_the_header_and_a_broken_log_chain_are_named()
    {
        using TestDatabase db = Filled();
        db.Run("CHECKPOINT; INSERT INTO heap VALUES ('1'); CHECKPOINT; INSERT INTO heap VALUES ('2')");
        int copy = (int)(db.Database.Engine.Database.Data.Header.Generation & 1) ^ 1;
        DamagedFile.Flip(db.Substrate, "test", (copy * 4096) + 60);
        Assert.StartsWith("header|null|null|null|null|test|null|null|copy " + copy, Single(db));
        DamagedFile.Flip(db.Substrate, "test", (copy * 4096) + 60);
        LogPosition at = db.Database.Engine.Database.Log.DurablePoint.Position;
        DamagedFile.Flip(db.Substrate, "test-log-" + at.Extent.ToString("x16"), at.Offset + 80);
        Assert.StartsWith("log|null|null|null|null|test-log-", Single(db));
    }

    [Fact]
    public async Task The_api_streams_findings_and_reports_a_database_that_does_not_open()
    {
        MemoryStorageProvider files = new();
        List<BareMetalIntegrityProblem> found = [];
        string log;
        using (BareMetalDataSource source = new("Data Source=test", files, null, isImplicit: false))
        {
            using (BareMetalConnection connection = source.OpenConnection())
            {
                using BareMetalCommand command = connection.CreateCommand();
                command.CommandText = "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT g, repeat('v', 50) FROM generate_series(1, 3000) g";
                command.ExecuteNonQuery();
            }

            await foreach (BareMetalIntegrityProblem p in source.CheckIntegrityAsync())
                found.Add(p);
            Assert.Empty(found);
            BareMetalException missing = await Assert.ThrowsAsync<BareMetalException>(async () =>
            {
                await foreach (BareMetalIntegrityProblem _ in source.CheckIntegrityAsync(new BareMetalIntegrityOptions { Table = "nowhere" }))
                {
                }
            });
            Assert.Equal("42P01", missing.SqlState);
            using CancellationTokenSource stop = new();
            stop.Cancel();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                await foreach (BareMetalIntegrityProblem _ in source.CheckIntegrityAsync(cancellationToken: stop.Token))
                {
                }
            });
            log = files.List().First(f => f.StartsWith("test-log-0", StringComparison.Ordinal));
        }

        // The catalog's only leaf, and a page of the table.
        ulong first = PageFormat.FirstMapPage(8192);
        for (ulong page = first + 1; page < first + 8; page++)
            DamagedFile.Flip(files, "test", ((long)page * 8192) + 100);
        using BareMetalDataSource damaged = new("Data Source=test", files, null, isImplicit: false);
        await foreach (BareMetalIntegrityProblem p in damaged.CheckIntegrityAsync())
            found.Add(p);
        Assert.Equal(BareMetalIntegrityProblemKind.Open, found[0].Kind);
        for (ulong page = first + 1; page < first + 8; page++)
            Assert.Contains(found, p => p.Kind == BareMetalIntegrityProblemKind.Page && p.Page == (long)page && p.File == "test");
        Assert.NotEmpty(log);
    }
}
