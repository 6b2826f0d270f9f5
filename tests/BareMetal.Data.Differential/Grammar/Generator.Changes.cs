namespace BareMetal.Data.Differential.Grammar;

internal sealed partial class Generator
{
    private static Node Command(string production, Sql sql) => Make(production, sql);

    /// <summary>A statement that changes rows, and sometimes what the table then holds.</summary>
    private List<Statement> Change()
    {
        List<Statement> statements = [];
        Table table = Tables(t => !t.IsView && t.Key.Count > 0)!;
        if (table.IsNumbered)
        {
            statements.Add(new Statement(InsertNumbered(table)));
        }
        else
        {
            statements.Add(new Statement(_dice.Next(100) switch
            {
                < 34 => Insert(table),
                < 64 => Update(table),
                < 82 => Delete(table),
                < 90 => Merge(table),
                < 98 => WriteInWith(table),
                _ => Command("truncate", $"TRUNCATE {table.Name} CASCADE"),
            }));
            if (statements[0].Root.Production == "truncate")
            {
                // Everything that refers to it is empty, too: in a transaction that does not last.
                statements.Insert(0, new Statement(Make("begin", $"BEGIN")));
                statements.Add(new Statement(Make("table query", Role.Query, $"TABLE {table.Name}")));
                statements.Add(new Statement(Make("rollback", $"ROLLBACK")));
            }
        }

        if (_dice.Chance(0.3))
            statements.Add(AllRows(table));
        return statements;
    }

    private Node InsertNumbered(Table table)
    {
        string value = table.Columns[2].Name;
        return _dice.Next(4) switch
        {
            0 => Command("insert default values", $"INSERT INTO {table.Name} DEFAULT VALUES RETURNING *"),
            1 => Command("insert default", $"INSERT INTO {table.Name} (name, {value}) VALUES (DEFAULT, {Literal(table.Columns[2].Kind)}), ('y', DEFAULT) RETURNING id"),
            2 => Command("insert default", $"INSERT INTO {table.Name} VALUES (DEFAULT, {Literal(Kind.Text)}, {Literal(table.Columns[2].Kind)})"),
            _ => Command("overriding system value", $"INSERT INTO {table.Name} (id, name) OVERRIDING SYSTEM VALUE VALUES (-{_dice.Range(1, 1900)}, 'o') ON CONFLICT DO NOTHING"),
        };
    }

    private string NewKey() => Number(0, 90);

    private Node NewValue(TableColumn column) => column.IsKey ? Raw(NewKey()) : Value(column, 0);

    private Node? Returning(Table table, Scope scope)
    {
        int choice = _dice.Next(10);
        return choice switch
        {
            < 4 => null,
            < 6 => Optional("returning *", $" RETURNING *"),
            _ => Optional("returning", $" RETURNING {table.Columns[0].Name}, {NoSubquery(() => Expr(_dice.Pick<Kind>(Kinds.Common), scope, 1))} AS x"),
        };
    }

    private Node NoSubquery(Func<Node> make)
    {
        _noSubquery++;
        Node node = make();
        _noSubquery--;
        return node;
    }

    private Node Insert(Table table)
    {
        TableColumn[] columns = [.. table.Writable];
        string names = string.Join(", ", columns.Select(c => c.Name));
        Scope own = new([SourceOf(table, table.Name)], null);
        Node source;
        string production;
        switch (_dice.Next(10))
        {
            case < 4:
                production = "insert values";
                source = Make("", $"VALUES ({Join(", ", columns.Select(NewValue))})");
                break;
            case < 6:
                production = "insert many";
                source = Make("", $"VALUES {List(", ", Enumerable.Range(0, _dice.Range(2, 4)).Select(_ => Make("", $"({Join(", ", columns.Select(NewValue))})")))}");
                break;
            case < 7:
                production = "insert with";
                source = Make("", $"WITH w AS (SELECT 1 AS one) SELECT {Join(", ", columns.Select(NewValue))} FROM w");
                return Command(production, $"INSERT INTO {table.Name} ({names}) {source}{Conflict(table, columns)}{Returning(table, own)}");
            default:
                production = "insert select";
                {
                    // Keys beyond those that are there, so that most of these succeed.
                    string alias = Name("q");
                    Scope scope = new([SourceOf(table, alias)], null);
                    int shift = _dice.Range(100, 900);
                    Node items = Join(", ", columns.Select(c => c.IsKey ? Make("", $"{alias}.{c.Name} + {shift}") : c.References is not null ? Raw($"{alias}.{c.Name}") : NoSubquery(() => Stored(c, scope))));
                    source = Make("", $"SELECT {items} FROM {table.Name} AS {alias} WHERE {alias}.{table.Key[0]} < 6{Optional("and", $" AND {Condition(scope, 1)}")}");
                }

                break;
        }

        return Command(production, $"INSERT INTO {table.Name} ({names}) {source}{Conflict(table, columns)}{Returning(table, own)}");
    }

    private Node? Conflict(Table table, TableColumn[] columns)
    {
        string key = string.Join(", ", table.Key);
        TableColumn? free = columns.FirstOrDefault(c => !c.IsKey && c.References is null && !c.IsGenerated);
        switch (_dice.Next(6))
        {
            case 0:
                return Make("on conflict do nothing", $" ON CONFLICT DO NOTHING");
            case 1:
                return Make("on conflict do nothing", $" ON CONFLICT ({key}) DO NOTHING");
            case 2 when free is not null:
                return Make("on conflict do update", $" ON CONFLICT ({key}) DO UPDATE SET {free.Name} = excluded.{free.Name}");
            case 3 when free is not null:
                return Make("on conflict where", $" ON CONFLICT ({key}) DO UPDATE SET {free.Name} = excluded.{free.Name} WHERE {table.Name}.{table.Key[0]} % 2 = 0");
            default:
                return null;
        }
    }

    /// <summary>A value that the column can hold.</summary>
    private Node Stored(TableColumn column, Scope scope)
    {
        Node value = Expr(column.Kind, scope, 2);
        if (column.Kind == Kind.Text && value.Production is not ("column" or "literal"))
            return Expression("substr", Kind.Text, $"substr({value}, 1, 30)");
        if (Kinds.IsNumber(column.Kind) && value.Magnitude > column.Magnitude)
            return NotNullLiteral(column.Kind);
        return value;
    }

    private Node Update(Table table)
    {
        string alias = Name("q");
        Scope scope = new([SourceOf(table, alias)], null);
        List<TableColumn> free = [.. table.Writable.Where(c => !c.IsKey)];
        TableColumn a = _dice.Pick(free), b = _dice.Pick(free);
        Node NewFor(TableColumn c, Scope s) => c.References is not null ? Raw(_dice.Chance(0.2) ? "NULL" : Number(0, 9)) : Stored(c, s);
        Node where = Where(scope, 1);
        switch (_dice.Next(8))
        {
            case 0:
                {
                    Table? other = Tables(t => t.Key.Count == 1 && t != table);
                    if (other is null)
                        goto default;
                    string from = Name("q");
                    Scope both = new([SourceOf(table, alias), SourceOf(other, from)], null);
                    return Command("update from", $"UPDATE {table.Name} AS {alias} SET {a.Name} = {NewFor(a, both)} FROM {other.Name} AS {from} WHERE {from}.{other.Key[0]} = {alias}.{table.Columns.Find(c => c.Name is "ref" or "n" or "k" or "id")!.Name}{Optional("and", $" AND {Condition(both, 1)}")}");
                }

            case 1 when a != b:
                return Command("update row", $"UPDATE {table.Name} AS {alias} SET ({a.Name}, {b.Name}) = ({NewFor(a, scope)}, {NewFor(b, scope)}){where}");
            case 2:
                return a.References is not null || a.Kind is Kind.Jsonb
                    ? Command("update", $"UPDATE {table.Name} AS {alias} SET {a.Name} = {NewFor(a, scope)}{where}")
                    : Command("update subquery", $"UPDATE {table.Name} AS {alias} SET {a.Name} = {Small(a, ScalarSubquery(a.Kind, scope, 1))}{where}{ReturningFrom(alias, table, scope)}");
            case 3:
                return Command("update default", $"UPDATE {table.Name} SET {(a.IsNotNull || a.References is not null ? free.Find(c => !c.IsNotNull && c.References is null)?.Name ?? a.Name : a.Name)} = DEFAULT WHERE {table.Key[0]} < 3");
            case 4 when table.Key.Count == 1:
                return Command("update key", $"UPDATE {table.Name} SET {table.Key[0]} = {table.Key[0]} + 1000 WHERE {table.Key[0]} BETWEEN {Number(0, 20)} AND {Number(5, 25)} AND {table.Key[0]} < 900");
            default:
                return Command("update", $"UPDATE {table.Name} AS {alias} SET {a.Name} = {NewFor(a, scope)}{(a == b ? Raw("") : Make("", $", {b.Name} = {NewFor(b, scope)}"))}{where}{ReturningFrom(alias, table, scope)}");
        }
    }

    private Node Small(TableColumn column, Node value) => column.Kind == Kind.Text ? Expression("substr", Kind.Text, $"substr({value}, 1, 30)") : Kinds.IsNumber(column.Kind) && value.Magnitude > column.Magnitude ? NotNullLiteral(column.Kind) : value;

    private Node? ReturningFrom(string alias, Table table, Scope scope) =>
        _dice.Chance(0.5) ? null : Optional("returning", $" RETURNING {alias}.{table.Columns[0].Name}, {NoSubquery(() => Expr(_dice.Pick<Kind>(Kinds.Common), scope, 1))} AS x");

    private Node Delete(Table table)
    {
        string alias = Name("q");
        Scope scope = new([SourceOf(table, alias)], null);
        Node narrow = Make("", $"{alias}.{table.Key[0]} {_dice.Pick("=", "=", ">")} {Number(0, 40)}");
        switch (_dice.Next(5))
        {
            case 0:
                {
                    Table other = _dice.Pick(_tables);
                    string from = Name("q");
                    Scope both = new([SourceOf(table, alias), SourceOf(other, from)], null);
                    return Command("delete using", $"DELETE FROM {table.Name} AS {alias} USING {other.Name} AS {from} WHERE {narrow} AND {Condition(both, 1)}");
                }

            case 1:
                return Command("delete with", $"WITH w AS (SELECT {_dice.Range(0, 20)} AS x) DELETE FROM {table.Name} AS {alias} WHERE {alias}.{table.Key[0]} IN (SELECT x FROM w){Optional("and", $" AND {Condition(scope, 1)}")}");
            default:
                return Command("delete", $"DELETE FROM {table.Name} AS {alias} WHERE {narrow} AND {Condition(scope, 2)}{ReturningFrom(alias, table, scope)}");
        }
    }

    private Node Merge(Table table)
    {
        string target = Name("q"), source = Name("q");
        string key = table.Key[0];
        int shift = _dice.Pick(0, 0, 3, 100);
        // Each target row meets one source row at most.
        Scope both = new([SourceOf(table, target)], null);
        TableColumn[] columns = [.. table.Writable];
        TableColumn? free = columns.FirstOrDefault(c => !c.IsKey && c.References is null);
        List<Node> clauses = [];
        if (free is not null)
            clauses.Add(Make("merge update", $" WHEN MATCHED{Optional("merge condition", $" AND {NoSubquery(() => Condition(both, 1))}")} THEN UPDATE SET {free.Name} = {NoSubquery(() => Stored(free, both))}"));
        if (_dice.Chance(0.3))
            clauses.Add(_dice.Chance(0.5) ? Make("merge do nothing", $" WHEN MATCHED THEN DO NOTHING") : Make("merge delete", $" WHEN MATCHED AND {target}.{key} > 15 THEN DELETE"));
        if (_dice.Chance(0.6) || clauses.Count == 0)
            clauses.Add(Make("merge insert", $" WHEN NOT MATCHED THEN INSERT ({string.Join(", ", columns.Select(c => c.Name))}) VALUES ({Join(", ", columns.Select(c => c.Name == key ? Raw($"{source}.k") : c.IsKey ? Raw($"{source}.k + 2000") : Value(c, 0)))})"));
        string on = table.Key.Count == 1 ? "" : $" AND {target}.{table.Key[1]} = 0";
        return Command("merge", $"MERGE INTO {table.Name} AS {target} USING (SELECT g + {shift} AS k FROM generate_series(0, {_dice.Range(2, 9)}) AS s (g)) AS {source} ON {target}.{key} = {source}.k{on}{Join("", clauses)}");
    }

    private Node WriteInWith(Table table)
    {
        string key = table.Key[0], name = Name("w");
        Scope scope = new([SourceOf(table, table.Name)], null);
        TableColumn[] columns = [.. table.Writable];
        TableColumn free = columns.FirstOrDefault(c => !c.IsKey && c.References is null) ?? columns[^1];
        Node definition = _dice.Next(3) switch
        {
            0 => Make("write in with", $"DELETE FROM {table.Name} WHERE {table.Name}.{key} = {NewKey()}{Optional("and", $" AND {NoSubquery(() => Condition(scope, 1))}")} RETURNING {key}"),
            1 => Make("write in with", $"UPDATE {table.Name} SET {free.Name} = {(free.References is null && !free.IsKey ? NotNullLiteral(free.Kind) : Raw(free.Name))} WHERE {key} < {NewKey()} RETURNING {key}"),
            _ => Make("write in with", $"INSERT INTO {table.Name} ({string.Join(", ", columns.Select(c => c.Name))}) VALUES ({Join(", ", columns.Select(NewValue))}) ON CONFLICT DO NOTHING RETURNING {key}"),
        };
        return _dice.Chance(0.5)
            ? Command("write in with", $"WITH {name} AS ({definition}) SELECT count(*) AS n, min({key}) AS low, (SELECT count(*) FROM {table.Name}) AS before FROM {name}")
            : Command("write in with", $"WITH {name} AS ({definition}) SELECT {key} FROM {name}");
    }

    /// <summary>A transaction with changes, queries, savepoints and errors in the middle.</summary>
    private void Transaction(List<Statement> statements)
    {
        string level = _dice.Pick("", "", " ISOLATION LEVEL REPEATABLE READ", " ISOLATION LEVEL SERIALIZABLE", " ISOLATION LEVEL READ COMMITTED");
        statements.Add(new Statement(level.Length == 0 ? Make("begin", $"{_dice.Pick("BEGIN", "START TRANSACTION")}") : Make("isolation level", $"BEGIN{level}")));
        List<string> savepoints = [];
        for (int i = _dice.Range(2, 7); i > 0; i--)
        {
            int choice = _dice.Next(10);
            if (choice < 4)
            {
                statements.Add(new Statement(Change()[0] is var change && change.Root.Production == "begin" ? Delete(Tables(t => !t.IsView && t.Key.Count > 0 && !t.IsNumbered)!) : change.Root));
            }
            else if (choice < 6)
            {
                statements.Add(AllRows(_dice.Pick(_tables)));
            }
            else if (choice < 7)
            {
                statements.Add(Error(inTransaction: true));
                statements.Add(new Statement(Make("error in transaction", Role.Query, $"SELECT 1 AS after_error")));
            }
            else if (choice < 8 || savepoints.Count == 0)
            {
                string name = Name("sp");
                savepoints.Add(name);
                statements.Add(new Statement(Make("savepoint", $"SAVEPOINT {name}")));
            }
            else if (choice < 9)
            {
                int at = _dice.Next(savepoints.Count);
                statements.Add(new Statement(Make("rollback to", $"ROLLBACK TO {_dice.Pick("", "SAVEPOINT ")}{savepoints[at]}")));
                savepoints.RemoveRange(at + 1, savepoints.Count - at - 1);
            }
            else
            {
                int at = _dice.Next(savepoints.Count);
                statements.Add(new Statement(Make("release", $"RELEASE {_dice.Pick("", "SAVEPOINT ")}{savepoints[at]}")));
                savepoints.RemoveRange(at, savepoints.Count - at);
            }
        }

        statements.Add(new Statement(_dice.Chance(0.5) ? Make("commit", $"COMMIT") : Make("rollback", $"ROLLBACK")));
        statements.Add(AllRows(_dice.Pick(_tables)));
    }

    /// <summary>A statement that must fail, and how.</summary>
    private Statement Error(bool inTransaction = false)
    {
        Table table = Tables(t => !t.IsView && t.Key.Count == 1 && !t.IsNumbered) ?? Tables(t => !t.IsView && t.Key.Count > 0 && !t.IsNumbered) ?? _tables[0];
        string t = table.Name, key = table.Key.Count > 0 ? table.Key[0] : table.Columns[0].Name;
        TableColumn? notNull = table.Columns.Find(c => c.IsNotNull && !c.IsKey);
        TableColumn? reference = table.Columns.Find(c => c.References is not null);
        TableColumn? shortText = table.Columns.Find(c => c.Type == "varchar(40)");
        Node node = _dice.Next(28) switch
        {
            0 => Make("error division by zero", Role.Query, $"SELECT {_dice.Range(1, 9)} / ({_dice.Range(1, 9)} * 0) AS x"),
            1 => Make("error overflow", Role.Query, $"SELECT 2147483647 + {_dice.Range(1, 99)} AS x"),
            2 => Make("error bad text", Role.Query, $"SELECT CAST({TextLiteral(_dice.Pick("abc", "", "1x", "--1"))} AS {_dice.Pick("integer", "numeric", "date", "uuid", "boolean", "timestamp", "bigint")}) AS x"),
            3 => Make("error unknown column", Role.Query, $"SELECT nothing FROM {t}"),
            4 => Make("error unknown table", Role.Query, $"SELECT * FROM nowhere"),
            5 => Make("error unknown function", Role.Query, $"SELECT no_such_function({key}) FROM {t}"),
            6 => Make("error ambiguous column", Role.Query, $"SELECT {key} FROM {t} AS a CROSS JOIN {t} AS b"),
            7 => Make("error types", Role.Query, $"SELECT {_dice.Pick("true + 1", "DATE '2020-01-01' * 2", "length(5)", "NOT 5", "1 || 2", "upper(true)")} AS x"),
            8 => Make("error ungrouped column", Role.Query, $"SELECT ref, count(*) FROM {t} GROUP BY {_dice.Pick("ref + 1", "ref * 2", "()")}"),
            9 => Make("error aggregate in where", Role.Query, $"SELECT {key} FROM {t} WHERE count(*) > 1"),
            10 => Make("error window in where", Role.Query, $"SELECT {key} FROM {t} WHERE row_number() OVER () > 1"),
            11 => Make("error duplicate alias", Role.Query, $"SELECT 1 FROM {t} AS a, {t} AS a"),
            12 when notNull is not null => Make("error not null", $"UPDATE {t} SET {notNull.Name} = NULL"),
            13 => Make("error unique", $"INSERT INTO {t} ({string.Join(", ", table.Writable.Select(c => c.Name))}) SELECT {string.Join(", ", table.Writable.Select(c => c.Name))} FROM {t}"),
            14 when reference is not null => Make("error foreign key", $"UPDATE {t} SET {reference.Name} = 77777"),
            15 when table.Columns.Exists(c => c.Kind == Kind.Int4 && !c.IsKey && c.Name != "ref") => Make("error check", $"UPDATE {t} SET {table.Columns.Find(c => c.Kind == Kind.Int4 && !c.IsKey && c.Name != "ref")!.Name} = -1000 WHERE false"),
            16 when shortText is not null => Make("error too long", $"UPDATE {t} SET {shortText.Name} = repeat('abc', 20)"),
            17 => Make("error syntax", Role.Query, $"{_dice.Pick("SELEC 1", "SELECT FROM WHERE", "SELECT (1", "SELECT 1 +", "SELECT * FROM t1 WHERE", "INSERT t1", "SELECT 1 1 1", "UPDATE t1 WHERE id = 1", "SELECT CASE END")}"),
            18 => Make("error more than one row", Role.Query, $"SELECT (SELECT x FROM (VALUES (1), (2)) AS v (x)) AS x"),
            19 when table.Columns.Exists(c => c.Name == "made") => Make("error generated column", $"UPDATE {t} SET made = 5"),
            20 => Make("error duplicate table", $"CREATE TABLE {t} (id integer)"),
            21 => Make("error column count", $"INSERT INTO {t} ({key}) VALUES (1, 2)"),
            22 => Make("error subquery columns", Role.Query, $"SELECT (SELECT 1, 2) AS x"),
            23 => Make("error set columns", Role.Query, $"SELECT 1 UNION SELECT 1, 2"),
            24 => Make("error negative limit", Role.Query, $"SELECT {key} FROM {t} LIMIT -1"),
            26 when !inTransaction => Make("error missing savepoint", $"{_dice.Pick("ROLLBACK TO nowhere", "RELEASE nowhere", "SAVEPOINT here")}"),
            25 => Make("error numeric range", Role.Query, $"SELECT CAST(12345.6 AS numeric(4,1)) AS x"),
            _ => Make("error division by zero", Role.Query, $"SELECT {key} / ({key} - {key}) AS x FROM {t} WHERE {key} = {key}"),
        };
        return new Statement(node);
    }
}
