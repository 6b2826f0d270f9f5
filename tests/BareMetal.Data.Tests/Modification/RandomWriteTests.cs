using BareMetal.Data.Catalog;
using BareMetal.Data.Rows;
using BareMetal.Data.Sessions;
using BareMetal.Data.Storage;
using BareMetal.Data.Tests.Sessions;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Tests.Modification;

/// <summary>
/// Random statements over two tables with a foreign key, unique, filtered, descending and covering indexes, savepoints, rollbacks, DDL and
/// restarts, against a model in memory. Afterwards every index must hold exactly the entries that follow from the rows.
/// </summary>
public sealed class RandomWriteTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void Rows_and_indexes_agree_with_a_model(int seed)
    {
        output.WriteLine($"seed {seed}");
        Random random = new(seed);
        using TestDatabase db = new();
        db.Run("""
            CREATE TABLE p (id integer PRIMARY KEY, u integer UNIQUE);
            CREATE TABLE c (id integer PRIMARY KEY, p integer REFERENCES p ON DELETE CASCADE ON UPDATE CASCADE, n integer, s text);
            CREATE INDEX c_p ON c (p DESC) INCLUDE (s);
            CREATE UNIQUE INDEX c_n ON c (n) WHERE n > 50;
            CREATE INDEX c_s ON c (lower(s), n)
            """);
        SortedDictionary<int, int?> parents = [];
        SortedDictionary<int, Child> children = [];
        SortedDictionary<int, int?>? savedParents = null;
        SortedDictionary<int, Child>? savedChildren = null;
        for (int step = 0; step < 400; step++)
        {
            int id = random.Next(40), other = random.Next(40), n = random.Next(100);
            string s = ((char)('a' + random.Next(26))).ToString();
            if (random.Next(2) == 0)
                s = s.ToUpperInvariant();
            switch (random.Next(16))
            {
                case 0 or 1:
                    Expect(db, $"INSERT INTO p VALUES ({id}, {n})", parents.ContainsKey(id) || parents.ContainsValue(n), () => parents.Add(id, n));
                    break;
                case 2 or 3 or 4:
                    {
                        int? parent = random.Next(4) == 0 ? null : other;
                        bool fails = children.ContainsKey(id) || (parent is { } k && !parents.ContainsKey(k)) || (n > 50 && children.Values.Any(c => c.N == n));
                        Expect(db, $"INSERT INTO c VALUES ({id}, {parent?.ToString() ?? "NULL"}, {n}, '{s}')", fails, () => children.Add(id, new Child(parent, n, s)));
                        break;
                    }

                case 5:
                    db.Run($"DELETE FROM p WHERE id = {id}");
                    if (parents.Remove(id))
                        RemoveWhere(children, c => c.P == id);
                    break;
                case 6:
                    db.Run($"DELETE FROM c WHERE n < {n} AND id > {id}");
                    foreach (int key in children.Where(c => c.Value.N < n && c.Key > id).Select(c => c.Key).ToList())
                        children.Remove(key);
                    break;
                case 7:
                    {
                        bool exists = parents.ContainsKey(id);
                        bool fails = exists && id != other && parents.ContainsKey(other);
                        Expect(db, $"UPDATE p SET id = {other} WHERE id = {id}", fails, () =>
                        {
                            if (!exists)
                                return;
                            int? u = parents[id];
                            parents.Remove(id);
                            parents[other] = u;
                            Update(children, c => c.P == id ? c with { P = other } : c);
                        });
                        break;
                    }

                case 8:
                    {
                        // Shifts all keys at once: only the end of the statement counts.
                        db.Run("UPDATE p SET u = 200 - u WHERE u IS NOT NULL");
                        foreach (int key in parents.Keys.ToList())
                            parents[key] = 200 - parents[key];
                        db.Run("UPDATE p SET u = 200 - u");
                        foreach (int key in parents.Keys.ToList())
                            parents[key] = 200 - parents[key];
                        break;
                    }

                case 9:
                    {
                        Dictionary<int, Child> after = children.ToDictionary(c => c.Key, c => c.Key % 3 == id % 3 ? c.Value with { N = (c.Value.N + n) % 100, S = s } : c.Value);
                        List<int> large = after.Values.Select(c => c.N).Where(v => v > 50).ToList();
                        bool fails = large.Distinct().Count() != large.Count;
                        Expect(db, $"UPDATE c SET n = (n + {n}) % 100, s = '{s}' WHERE id % 3 = {id % 3}", fails, () =>
                        {
                            foreach ((int key, Child c) in after)
                                children[key] = c;
                        });
                        break;
                    }

                case 10:
                    {
                        bool newParent = !parents.ContainsKey(id);
                        bool fails = parents.Any(p => p.Value == n && p.Key != id);
                        Expect(db, $"INSERT INTO p VALUES ({id}, {n}) ON CONFLICT (id) DO UPDATE SET u = excluded.u", fails, () => parents[id] = n);
                        _ = newParent;
                        break;
                    }

                case 11 when !db.Main.InTransaction:
                    db.Main.BeginTransaction();
                    savedParents = new(parents);
                    savedChildren = new(children);
                    break;
                case 12 when db.Main.InTransaction:
                    if (random.Next(2) == 0)
                    {
                        db.Main.Commit();
                    }
                    else
                    {
                        db.Main.Rollback();
                        (parents, children) = (savedParents!, savedChildren!);
                    }

                    break;
                case 13 when random.Next(6) == 0:
                    db.Run(random.Next(4) switch
                    {
                        0 => "ALTER TABLE c ALTER COLUMN n TYPE bigint",
                        1 => "ALTER TABLE c ALTER COLUMN n TYPE integer",
                        2 => "REINDEX TABLE c",
                        _ => $"ALTER TABLE c ADD COLUMN x{step} integer DEFAULT {step}",
                    });
                    break;
                case 14 when random.Next(8) == 0 && !db.Main.InTransaction:
                    db.Reopen();
                    break;
            }
        }

        if (db.Main.InTransaction)
            db.Main.Commit();
        Assert.Equal(parents.Select(p => $"{p.Key}|{p.Value}"), db.Rows("SELECT id, u FROM p ORDER BY id"));
        Assert.Equal(children.Select(c => $"{c.Key}|{c.Value.P?.ToString() ?? "null"}|{c.Value.N}|{c.Value.S}"), db.Rows("SELECT id, p, n, s FROM c ORDER BY id"));
        CheckIndexes(db);
        db.Reopen();
        CheckIndexes(db);
    }

    /// <summary>Every index has as many entries as rows that it covers, each leads to a row, and each row is found by its values.</summary>
    private static void CheckIndexes(TestDatabase db)
    {
        (string Table, string Index, string Covered)[] indexes = [("p", "p_u_key", "true"), ("c", "c_p", "true"), ("c", "c_n", "n > 50"), ("c", "c_s", "true")];
        foreach ((string tableName, string indexName, string covered) in indexes)
        {
            Assert.True(db.Main.Catalog.TryFindIndex("public", indexName, out Table? table, out TableIndex? index));
            Assert.Equal(tableName, table.Name);
            using StorageTransaction transaction = db.Database.Engine.Begin(TransactionIsolation.Snapshot, readOnly: true);
            IndexEntryCodec codec = IndexEntryCodec.For(table, index);
            using TreeCursor entries = transaction.OpenCursor(index.Tree);
            using TreeCursor rows = transaction.OpenCursor(table.Tree);
            HashSet<string> seen = [];
            for (bool more = entries.SeekFirst(); more; more = entries.MoveNext())
            {
                byte[] key = codec.PrimaryKey(entries.Key, entries.Value).ToArray();
                Assert.True(rows.Seek(key, SeekMode.Equal), $"{indexName} leads to a row that does not exist");
                Assert.True(seen.Add(Convert.ToHexString(key)), $"{indexName} leads to a row twice");
            }

            Assert.Equal(db.Scalar($"SELECT count(*) FROM {tableName} WHERE {covered}"), seen.Count.ToString());
        }

        foreach (string row in db.Rows("SELECT id, n, lower(s) FROM c"))
        {
            string[] parts = row.Split('|');
            Assert.Contains(parts[0], db.Rows($"SELECT id FROM c WHERE lower(s) = '{parts[2]}' AND n = {parts[1]}"));
        }
    }

    private static void Expect(TestDatabase db, string sql, bool fails, Action apply)
    {
        if (fails)
        {
            BareMetalException e = Assert.Throws<BareMetalException>(() => db.Run(sql));
            Assert.True(e.SqlState.StartsWith("23", StringComparison.Ordinal), $"{sql}: {e}");
            return;
        }

        db.Run(sql);
        apply();
    }

    private static void RemoveWhere(SortedDictionary<int, Child> children, Func<Child, bool> condition)
    {
        foreach (int key in children.Where(c => condition(c.Value)).Select(c => c.Key).ToList())
            children.Remove(key);
    }

    private static void Update(SortedDictionary<int, Child> children, Func<Child, Child> change)
    {
        foreach (int key in children.Keys.ToList())
            children[key] = change(children[key]);
    }

    private sealed record Child(int? P, int N, string S);
}
