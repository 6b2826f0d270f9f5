using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using BareMetal.Data.Catalog;
using BareMetal.Data.Rows;
using BareMetal.Data.Sessions;
using BareMetal.Data.Simulation.Scripts;
using BareMetal.Data.Storage;
using BareMetal.Data.Storage.Trees;
using BareMetal.Data.Types;
using Database = BareMetal.Data.Sessions.Database;

namespace BareMetal.Data.Simulation.Tests.Sql;

/// <summary>The comparison with the model.</summary>
internal sealed partial class SqlWorkload
{
    /// <summary>Compares an opened database with the states that it may be in.</summary>
    /// <returns>The number of the state that it is in; one beyond the last for that of a statement that was on its way.</returns>
    private int Compare(Database database, int must, string how)
    {
        using Session session = database.CreateSession();
        string found = Describe(session);

        // The oldest that matches: of what was used up since, nothing is certain.
        for (int i = must; i < _history.Count; i++)
        {
            if (_history[i].Text != found)
                continue;
            CheckTrees(database, _history[i], how);
            return i;
        }

        if (_pending?.Invoke(session) is { } pending && pending.Text == found)
        {
            CheckTrees(database, pending, how);
            if (ReferenceEquals(database, _database))
                Append(pending, Durability.Full);
            return _history.Count - (ReferenceEquals(database, _database) ? 1 : 0);
        }

        int at = _history.FindLastIndex(h => h.Text == found);
        string lost = at >= 0 ? $"state {at} of {_history.Count - 1} came back, {must} was promised; " : "";
        throw Fail($"{how}: {lost}against what was promised: {Difference(_history[Math.Min(must, _history.Count - 1)].Text, found)}");
    }

    /// <summary>Life goes on: every table gives a new identity, every index takes the row, and the next crash keeps it.</summary>
    private void GoOn(SimulatedWorld world, ref Database database, SqlState? state)
    {
        if (state?.Shared is null)
            return;
        Counts.Add("SQL: went on after a crash");
        SqlModel model = state.Model;
        using (Session session = database.CreateSession())
        {
            foreach ((string name, TableModel table) in state.Model.Tables)
            {
                ImmutableList<string?> row = [.. table.Columns.Select(c => c.IsRequired ? c.Default : null)];
                string values = string.Join(", ", table.Columns.Skip(1).Select(c => c.IsRequired ? "DEFAULT" : "NULL"));
                long id = Number(session, $"INSERT INTO {name} ({string.Join(", ", table.Columns.Skip(1).Select(c => c.Name))}) VALUES ({values}) RETURNING id");
                if (id <= table.LargestId)
                    throw Fail($"{name} gave the identity {id} again, {table.LargestId} had been given");
                model = model.With(name, table with { Rows = table.Rows.Add(id, row.SetItem(0, id.ToString(CultureInfo.InvariantCulture))), LargestId = id });
            }

            foreach ((string sequence, long taken) in model.Sequences)
            {
                long next = Number(session, $"SELECT nextval('{sequence}')");
                if (next <= taken)
                    throw Fail($"{sequence} gave {next} again, {taken} had been given");
            }
        }

        world.Disk.LosePower(1 + _seed);
        Abandon(database);
        database = OpenDatabase(new SimulatedWorld(_seed, world.Disk));
        SqlState expected = new(model, state.Shared);
        string found;
        using (Session again = database.CreateSession())
            found = Describe(again);
        if (found != expected.Text)
            throw Fail($"rows added after a crash, power lost: {Difference(expected.Text, found)}");
        CheckTrees(database, expected, "rows added after a crash, power lost");
    }

    private void CheckTrees(Database database, SqlState state, string how)
    {
        foreach (IntegrityProblem problem in IntegrityChecker.Check(database.Engine.Store))
            throw Fail($"{how}: {problem}");
        using StorageTransaction transaction = database.Engine.Begin(TransactionIsolation.Snapshot, readOnly: true);
        foreach ((string name, TableModel model) in state.Model.Tables)
        {
            Table table = (Table)database.Catalog.Newest.Find("public", name)!;
            foreach (TableIndex index in table.Indexes)
            {
                IndexEntryCodec codec = IndexEntryCodec.For(table, index);
                int slot = codec.FindSlot(index.Keys[0].ColumnId), id = codec.FindSlot(table.Columns[0].Id);
                int column = model.Find(table.FindColumn(index.Keys[0].ColumnId)!.Name);
                SqlType type = table.FindColumn(index.Keys[0].ColumnId)!.Type;
                SortedSet<string> expected = new(model.Rows.Values.Select(r => $"{r[0]}|{SqlModel.Shorten(r[column])}"), StringComparer.Ordinal);
                using TreeCursor entries = transaction.OpenCursor(index.Tree);
                using TreeCursor rows = transaction.OpenCursor(table.Tree);
                int count = 0;
                for (bool more = entries.SeekFirst(); more; more = entries.MoveNext())
                {
                    count++;
                    if (!rows.Seek(codec.PrimaryKey(entries.Key, entries.Value), SeekMode.Equal))
                        throw Fail($"{how}: index {index.Name} leads to a row that does not exist");
                    string entry = SqlText.Show(codec.GetValue(entries.Key, entries.Value, id), SqlType.BigInt) + "|" +
                        SqlModel.Shorten(NullIfNone(SqlText.Show(codec.GetValue(entries.Key, entries.Value, slot), type)));
                    if (!expected.Remove(entry))
                        throw Fail($"{how}: index {index.Name} has the entry {entry} that no row has");
                }

                if (expected.Count > 0)
                    throw Fail($"{how}: index {index.Name} lacks {string.Join(", ", expected.Take(5))}; it has {count} entries");
            }
        }
    }

    /// <summary>What a database says of itself.</summary>
    private static string Describe(Session session)
    {
        CatalogSnapshot catalog = session.Catalog;
        StringBuilder text = new();
        foreach (Table table in catalog.Objects.OfType<Table>().Where(t => t.Schema == "public" && t.Name != "shared").OrderBy(t => t.Name, StringComparer.Ordinal))
        {
            text.Append("table ").Append(table.Name).Append('\n');
            foreach (Column column in table.Columns)
                text.Append(CultureInfo.InvariantCulture, $" column {column.Name} {column.Type.Kind.ToString().ToLowerInvariant()}{(column.IsNullable ? "" : " required")} default {column.DefaultSql ?? "none"}\n");
            foreach (TableIndex index in table.Indexes.OrderBy(i => i.Name, StringComparer.Ordinal))
                text.Append(CultureInfo.InvariantCulture, $" index {index.Name} on {table.FindColumn(index.Keys[0].ColumnId)?.Name}{(index.IsUnique ? " unique" : "")}\n");
            foreach (ForeignKey key in table.ForeignKeys)
                text.Append(CultureInfo.InvariantCulture, $" references {catalog.Find<Table>(key.ReferencedTableId)?.Name}\n");
            foreach (string row in session.Rows($"SELECT * FROM {table.Name} ORDER BY id"))
                text.Append(" row ").AppendJoin('|', row.Split('|').Select(SqlModel.Shorten)).Append('\n');
        }

        foreach (Sequence sequence in catalog.Objects.OfType<Sequence>().Where(s => s.OwnedBy is null).OrderBy(s => s.Name, StringComparer.Ordinal))
            text.Append("sequence ").Append(sequence.Name).Append('\n');
        foreach (Routine routine in catalog.Objects.OfType<Routine>().OrderBy(r => r.Name, StringComparer.Ordinal))
            text.Append(CultureInfo.InvariantCulture, $"function {routine.Name} gives {session.Rows($"SELECT {routine.Name}()")[0]}\n");
        if (catalog.Find("public", "shared") is not null)
            text.Append("shared ").AppendJoin(' ', session.Rows("SELECT id, v FROM shared ORDER BY id")).Append('\n');
        return text.ToString();
    }

    private static long Number(Session session, string sql) => long.Parse(session.Rows(sql)[0], CultureInfo.InvariantCulture);

    private static string? NullIfNone(string value) => value == "null" ? null : value;

    private static string Difference(string expected, string found)
    {
        string[] a = expected.Split('\n'), b = found.Split('\n');
        int i = 0;
        while (i < Math.Min(a.Length, b.Length) && a[i] == b[i])
            i++;
        return $"line {i}: expected\n  {string.Join("\n  ", a.Skip(Math.Max(0, i - 2)).Take(8))}\nfound\n  {string.Join("\n  ", b.Skip(Math.Max(0, i - 2)).Take(8))}";
    }
}
