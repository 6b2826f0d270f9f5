using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using BareMetal.Data.Sessions;

namespace BareMetal.Data.Simulation.Tests.Sql;

/// <summary>What a session does to its tables, drawn against what its model holds.</summary>
internal sealed partial class SqlWorkload
{
    private void Share(SqlActor actor, SplitMix random)
    {
        // What the statement sees of others, which is all that is committed, and the own changes.
        ImmutableSortedDictionary<long, string> rows = actor.ApplyTo(Committed.Shared!);
        long id = random.Next(30);
        List<(long, string?)> changes = [];
        string sql;
        if (random.Chance(70))
        {
            string value = Word(random);
            sql = $"INSERT INTO shared VALUES ({id}, '{value}') ON CONFLICT (id) DO UPDATE SET v = excluded.v";
            changes.Add((id, value));
        }
        else
        {
            sql = $"DELETE FROM shared WHERE id > {id}";
            foreach (long gone in rows.Keys.Where(k => k > id))
                changes.Add((gone, null));
        }

        if (!actor.Session.InTransaction)
        {
            SqlState next = new(Committed.Model, Committed.Shared!.RemoveRange(changes.Where(c => c.Item2 is null).Select(c => c.Item1)).SetItems(
                changes.Where(c => c.Item2 is not null).Select(c => KeyValuePair.Create(c.Item1, c.Item2!))));
            _pending = _ => next;
        }

        if (!TryRun(actor, sql))
            return;
        foreach ((long changed, string? value) in changes)
            actor.Change(changed, value);
    }

    private void CreateTable(SqlActor actor, SplitMix random)
    {
        if (actor.Model.Tables.Count >= 4)
            return;
        string name = actor.Prefix + "t" + _names++;
        List<ColumnModel> columns = [new("id", "bigint", true, null)];
        string? parent = AnyTable(actor, random);
        if (parent is not null && random.Chance(40))
            columns.Add(new("p", "bigint", false, null));
        else
            parent = null;
        for (int i = 1 + random.Next(3); i >= 0; i--)
            columns.Add(NewColumn(random, required: false, withDefault: random.Chance(30)));
        TableModel table = new(
            [.. columns],
            ImmutableSortedDictionary<long, ImmutableList<string?>>.Empty,
            ImmutableSortedDictionary.Create<string, IndexModel>(StringComparer.Ordinal),
            parent,
            0);
        StringBuilder sql = new($"CREATE TABLE {name} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY");
        foreach (ColumnModel column in columns.Skip(1))
        {
            sql.Append(", ").Append(Definition(column));
            if (column.Name == "p")
            {
                sql.Append(CultureInfo.InvariantCulture, $" REFERENCES {parent} ON DELETE CASCADE");
            }
            else if (column.Type != "text" && column.DefaultSql is null && random.Chance(30))
            {
                sql.Append(" UNIQUE");
                table = table with { Indexes = table.Indexes.Add($"{name}_{column.Name}_key", new IndexModel(column.Name, true)) };
            }
        }

        RunTo(actor, sql.Append(')').ToString(), actor.Model.With(name, table));
    }

    private void Define(SqlActor actor, SplitMix random)
    {
        if (AnyTable(actor, random) is not { } name)
        {
            CreateTable(actor, random);
            return;
        }

        SqlModel model = actor.Model;
        TableModel table = model.Tables[name];
        ColumnModel column = table.Columns[1 + random.Next(table.Columns.Count - 1)];
        bool indexed = table.Indexes.Values.Any(i => i.Column == column.Name);
        bool isParent = model.Tables.Values.Any(t => t.Parent == name);
        if (random.Chance(12))
        {
            DefineFunction(actor, random);
            return;
        }

        switch (random.Next(15))
        {
            case 0 when !isParent:
                RunTo(actor, $"DROP TABLE {name}", model.WithTables(model.Tables.Remove(name)));
                break;
            case < 4 when table.Columns.Count < 9:
                ColumnModel added = NewColumn(random, required: random.Chance(40), withDefault: true);
                RunTo(actor, $"ALTER TABLE {name} ADD COLUMN {Definition(added)}", model.With(name, table with
                {
                    Columns = table.Columns.Add(added),
                    Rows = table.Rows.ToImmutableSortedDictionary(r => r.Key, r => r.Value.Add(added.Default)),
                }));
                break;
            case 4 when !indexed && column.Name != "p" && table.Columns.Count > 3:
                int at = table.Find(column.Name);
                RunTo(actor, $"ALTER TABLE {name} DROP COLUMN {column.Name}", model.With(name, table with
                {
                    Columns = table.Columns.RemoveAt(at),
                    Rows = table.Rows.ToImmutableSortedDictionary(r => r.Key, r => r.Value.RemoveAt(at)),
                }));
                break;
            case 5 when column.Name != "p":
                string literal = Literal(random, column.Type);
                RunTo(actor, $"ALTER TABLE {name} ALTER COLUMN {column.Name} SET DEFAULT {literal}", Replace(model, name, column, column with { DefaultSql = literal }));
                break;
            case 6 when column.DefaultSql is not null && !column.IsRequired:
                RunTo(actor, $"ALTER TABLE {name} ALTER COLUMN {column.Name} DROP DEFAULT", Replace(model, name, column, column with { DefaultSql = null }));
                break;
            case 7 when column.Type == "integer":
                RunTo(actor, $"ALTER TABLE {name} ALTER COLUMN {column.Name} TYPE bigint", Replace(model, name, column, column with { Type = "bigint" }));
                break;
            case < 10 when column.Type != "text" || table.Rows.Values.All(r => (r[table.Find(column.Name)]?.Length ?? 0) < 300):
                string index = actor.Prefix + "i" + _names++;
                bool unique = !column.IsRequired && random.Chance(35);
                RunTo(
                    actor,
                    $"CREATE {(unique ? "UNIQUE " : "")}INDEX {index} ON {name} ({column.Name}{(random.Chance(20) ? " DESC" : "")})",
                    model.With(name, table with { Indexes = table.Indexes.Add(index, new IndexModel(column.Name, unique)) }));
                break;
            case 10 when table.Indexes.Keys.FirstOrDefault(i => i.StartsWith(actor.Prefix + "i", StringComparison.Ordinal)) is { } dropped:
                RunTo(actor, $"DROP INDEX {dropped}", model.With(name, table with { Indexes = table.Indexes.Remove(dropped) }));
                break;
            case 11 when column.Name != "p":
                RenameColumn(actor, name, column);
                break;
            case 12:
                string renamed = actor.Prefix + "t" + _names++;
                RunTo(actor, $"ALTER TABLE {name} RENAME TO {renamed}", model.WithTables(model.Tables.ToImmutableSortedDictionary(
                    t => t.Key == name ? renamed : t.Key, t => t.Value.Parent == name ? t.Value with { Parent = renamed } : t.Value, StringComparer.Ordinal)));
                break;
            case 13 when !isParent && random.Chance(40):
                RunTo(actor, $"TRUNCATE {name}", model.With(name, table with { Rows = table.Rows.Clear() }));
                break;
            case 13:
                RunTo(actor, $"REINDEX TABLE {name}", model);
                break;
            default:
                DefineSequence(actor);
                break;
        }
    }

    private void RenameColumn(SqlActor actor, string name, ColumnModel column)
    {
        TableModel table = actor.Model.Tables[name];
        string renamed = "c" + _names++;
        RunTo(actor, $"ALTER TABLE {name} RENAME COLUMN {column.Name} TO {renamed}", actor.Model.With(name, table with
        {
            Columns = table.Columns.Replace(column, column with { Name = renamed }),
            Indexes = table.Indexes.ToImmutableSortedDictionary(
                i => i.Key, i => i.Value.Column == column.Name ? i.Value with { Column = renamed } : i.Value, StringComparer.Ordinal),
        }));
    }

    private void DefineFunction(SqlActor actor, SplitMix random)
    {
        ImmutableSortedDictionary<string, string> functions = actor.Model.Functions;
        string value = random.Next(1000).ToString(CultureInfo.InvariantCulture);
        Counts.Add("SQL: functions defined");
        if (functions.Count < 2)
        {
            string name = actor.Prefix + "f" + _names++;
            RunTo(actor, $"CREATE FUNCTION {name}() RETURNS int {(random.Chance(50) ? $"RETURN {value}" : $"LANGUAGE SQL AS $$ SELECT {value} $$")}", actor.Model.WithFunctions(functions.Add(name, value)));
            return;
        }

        string known = functions.Keys.First();
        if (random.Chance(60))
            RunTo(actor, $"CREATE OR REPLACE FUNCTION {known}() RETURNS int RETURN {value}", actor.Model.WithFunctions(functions.SetItem(known, value)));
        else
            RunTo(actor, $"DROP FUNCTION {known}", actor.Model.WithFunctions(functions.Remove(known)));
    }

    private void DefineSequence(SqlActor actor)
    {
        if (actor.Model.Sequences.Count < 2)
        {
            string sequence = actor.Prefix + "q" + _names++;
            RunTo(actor, $"CREATE SEQUENCE {sequence}", actor.Model.WithSequences(actor.Model.Sequences.Add(sequence, 0)));
        }
        else
        {
            string sequence = actor.Model.Sequences.Keys.First();
            RunTo(actor, $"DROP SEQUENCE {sequence}", actor.Model.WithSequences(actor.Model.Sequences.Remove(sequence)));
        }
    }

    /// <summary>What a commit took from a sequence it keeps, if it wrote something as well.</summary>
    private void TakeNext(SqlActor actor, SplitMix random)
    {
        if (!actor.Session.InTransaction || actor.Model.Sequences.Count == 0)
            return;
        (string sequence, long taken) = actor.Model.Sequences.ElementAt(random.Next(actor.Model.Sequences.Count));
        if (!TryRun(actor, $"SELECT nextval('{sequence}')", out List<string> rows))
            return;
        long value = long.Parse(rows[0], CultureInfo.InvariantCulture);
        if (value <= taken)
            throw Fail($"{sequence} gave {value} again, {taken} had been given");
        actor.Model = actor.Model.WithSequences(actor.Model.Sequences.SetItem(sequence, value));
    }

    private void Insert(SqlActor actor, SplitMix random)
    {
        if (AnyTable(actor, random) is not { } name)
        {
            CreateTable(actor, random);
            return;
        }

        TableModel table = actor.Model.Tables[name];
        ColumnModel[] columns = [.. table.Columns.Skip(1).Where(c => random.Chance(70))];
        int count = random.Next(10) switch { 0 => 20 + random.Next(60), < 4 => 1, _ => 1 + random.Next(5) };
        List<ImmutableList<string?>> rows = [];
        StringBuilder sql = new($"INSERT INTO {name} ");
        if (columns.Length == 0)
        {
            sql.Append("DEFAULT VALUES");
            rows.Add([.. table.Columns.Select(c => c.Default)]);
        }
        else
        {
            sql.Append('(').AppendJoin(", ", columns.Select(c => c.Name)).Append(") VALUES ");
            for (int i = 0; i < count; i++)
            {
                ImmutableList<string?>.Builder row = ImmutableList.CreateBuilder<string?>();
                row.AddRange(table.Columns.Select(c => c.Default));
                sql.Append(i > 0 ? ", (" : "(");
                for (int c = 0; c < columns.Length; c++)
                {
                    string literal = ValueFor(actor, table, columns[c], count, random);
                    row[table.Find(columns[c].Name)] = literal == "NULL" ? null : literal.Trim('\'');
                    sql.Append(c > 0 ? ", " : "").Append(literal);
                }

                sql.Append(')');
                rows.Add(row.ToImmutable());
            }
        }

        InsertRows(actor, name, rows, sql.ToString());
    }

    /// <summary>Many rows from one query.</summary>
    private void InsertMany(SqlActor actor, SplitMix random, int count)
    {
        if (AnyTable(actor, random) is not { } name)
        {
            CreateTable(actor, random);
            return;
        }

        TableModel table = actor.Model.Tables[name];
        ColumnModel column = table.Columns[1 + random.Next(table.Columns.Count - 1)];
        string literal = ValueFor(actor, table, column, 100, random);
        ImmutableList<string?> row = [.. table.Columns.Select(c => c == column ? (literal == "NULL" ? null : literal.Trim('\'')) : c.Default)];
        Counts.Add("SQL: bulk inserts");
        InsertRows(actor, name, [.. Enumerable.Repeat(row, count)], $"INSERT INTO {name} ({column.Name}) SELECT {literal} FROM generate_series(1, {count})");
    }

    private void InsertRows(SqlActor actor, string name, List<ImmutableList<string?>> rows, string sql)
    {
        TableModel table = actor.Model.Tables[name];
        SqlModel model = actor.Model;

        // The check needs keys, which only the database knows: any will do, since the identity is in no constraint of the model.
        SqlModel Next(Func<int, long> id)
        {
            ImmutableSortedDictionary<long, ImmutableList<string?>>.Builder all = table.Rows.ToBuilder();
            for (int i = 0; i < rows.Count; i++)
                all.Add(id(i), rows[i].SetItem(0, id(i).ToString(CultureInfo.InvariantCulture)));
            return model.With(name, table with { Rows = all.ToImmutable(), LargestId = id(rows.Count - 1) });
        }

        sql += " RETURNING id";
        if (!Next(i => long.MaxValue - 1_000_000 + i).IsValid())
        {
            Refuse(actor, sql);
            return;
        }

        if (!actor.Session.InTransaction)
        {
            _pending = session =>
            {
                // Were the rows committed, and the answer lost? Then the database knows their keys.
                if (session.Catalog.Find("public", name) is null)
                    return null;
                long[] found = Ids(session.Rows($"SELECT id FROM {name} WHERE id > {table.LargestId}"));
                if (found.Length != rows.Count)
                    return null;
                SqlModel before = actor.Model;
                actor.Model = Next(i => found[i]);
                SqlState state = Committed.After(actor);
                actor.Model = before;
                return state;
            };
        }

        if (!TryRun(actor, sql, out List<string> answer))
            return;
        long[] ids = Ids(answer);
        if (ids.Length != rows.Count || ids[0] <= table.LargestId)
            throw Fail($"{name} gave the identities {string.Join(", ", ids)} after {table.LargestId}");
        actor.Model = Next(i => ids[i]);
    }

    private void Update(SqlActor actor, SplitMix random)
    {
        if (AnyTable(actor, random) is not { } name)
            return;
        TableModel table = actor.Model.Tables[name];
        ColumnModel column = table.Columns[1 + random.Next(table.Columns.Count - 1)];
        int at = table.Find(column.Name), modulus = 1 + random.Next(6), rest = random.Next(modulus);
        string literal;
        Func<string?, string?> change;
        if (column.Type != "text" && column.Name != "p" && random.Chance(60))
        {
            literal = $"{column.Name} + 1";
            change = v => v is null ? null : (long.Parse(v, CultureInfo.InvariantCulture) + 1).ToString(CultureInfo.InvariantCulture);
        }
        else
        {
            literal = ValueFor(actor, table, column, 1, random);
            change = _ => literal == "NULL" ? null : literal.Trim('\'');
        }

        RunTo(actor, $"UPDATE {name} SET {column.Name} = {literal} WHERE id % {modulus} = {rest}", actor.Model.With(name, table with
        {
            Rows = table.Rows.ToImmutableSortedDictionary(r => r.Key, r => r.Key % modulus == rest ? r.Value.SetItem(at, change(r.Value[at])) : r.Value),
        }));
    }

    private void Delete(SqlActor actor, SplitMix random)
    {
        if (AnyTable(actor, random) is not { } name)
            return;
        int modulus = 2 + random.Next(6), rest = random.Next(modulus);
        RunTo(actor, $"DELETE FROM {name} WHERE id % {modulus} = {rest}", actor.Model.Delete(name, id => id % modulus == rest));
    }

    private static long[] Ids(List<string> rows) => [.. rows.Select(r => long.Parse(r, CultureInfo.InvariantCulture)).Order()];

    private static string? AnyTable(SqlActor actor, SplitMix random) =>
        actor.Model.Tables.Count == 0 ? null : actor.Model.Tables.Keys.ElementAt(random.Next(actor.Model.Tables.Count));

    private ColumnModel NewColumn(SplitMix random, bool required, bool withDefault)
    {
        string type = random.Next(5) switch { < 2 => "integer", 2 => "bigint", _ => "text" };
        return new ColumnModel("c" + _names++, type, required, required || withDefault ? Literal(random, type) : null);
    }

    private static string Definition(ColumnModel c) =>
        $"{c.Name} {c.Type}{(c.IsRequired ? " NOT NULL" : "")}{(c.DefaultSql is null ? "" : " DEFAULT " + c.DefaultSql)}";

    private static string Literal(SplitMix random, string type) => type == "text" ? $"'{Word(random)}'" : random.Next(1000).ToString(CultureInfo.InvariantCulture);

    private static string ValueFor(SqlActor actor, TableModel table, ColumnModel column, int count, SplitMix random)
    {
        if (column.Name == "p")
        {
            ImmutableSortedDictionary<long, ImmutableList<string?>> parents = actor.Model.Tables[table.Parent!].Rows;
            return random.Chance(20) || parents.Count == 0 ? "NULL"
                : random.Chance(5) ? "987654" : parents.Keys.ElementAt(random.Next(parents.Count)).ToString(CultureInfo.InvariantCulture);
        }

        if (!column.IsRequired && random.Chance(15))
            return "NULL";
        if (column.Type != "text")
            return random.Next(100_000).ToString(CultureInfo.InvariantCulture);
        bool large = count < 6 && random.Chance(12) && !table.Indexes.Values.Any(i => i.Column == column.Name);
        return large ? $"'{new string((char)('a' + random.Next(26)), 1000 + random.Next(9000))}{Word(random)}'" : $"'{Word(random)}'";
    }

    private static string Word(SplitMix random) => $"w{random.Next(100_000)}";

    private static SqlModel Replace(SqlModel model, string name, ColumnModel old, ColumnModel column)
    {
        TableModel table = model.Tables[name];
        return model.With(name, table with { Columns = table.Columns.Replace(old, column) });
    }
}
