namespace BareMetal.Data.Differential.Grammar;

/// <summary>Short series of statements about objects of their own, which are gone at the end: definitions, and changes that depend on them.</summary>
internal sealed partial class Generator
{
    private List<Statement> _script = [];

    /// <summary>One series. What it defines has names of its own, so that nothing else of the round meets it.</summary>
    private void Script(List<Statement> statements)
    {
        _script = statements;
        switch (_dice.Next(16))
        {
            case 0:
                TemporaryTables();
                break;
            case 1 or 2:
                UpdatableViews();
                break;
            case 3:
                OtherViews();
                break;
            case 4:
                TablesOfQueries();
                break;
            case 5 or 6:
                AlteredTables();
                break;
            case 7:
                Identities();
                break;
            case 8:
                Sequences();
                break;
            case 9:
                IndexesInBetween();
                break;
            case 10:
                Functions();
                break;
            case 11:
                CharacterTypes();
                break;
            default:
                Forms();
                break;
        }
    }

    private void Do(string production, Sql sql) => _script.Add(new Statement(Make(production, sql)));

    private void Ask(string production, Sql sql) => _script.Add(new Statement(Make(production, Role.Query, sql)));

    private void Look(string table) => Ask("table query", $"TABLE {table}");

    /// <summary>A table with a key, a number and a text, some of them null.</summary>
    private Table Small(string kind, int rows)
    {
        string name = Name("own");
        Table table = new() { Name = name };
        table.Columns.Add(new TableColumn("id", Kind.Int4, "integer") { IsNotNull = true, IsKey = true });
        table.Columns.Add(new TableColumn("n", Kind.Int4, "integer") { Magnitude = 50 });
        table.Columns.Add(new TableColumn("s", Kind.Text, "text"));
        table.Key.Add("id");
        Do("create table", $"CREATE {kind}TABLE {name} (id integer PRIMARY KEY, n integer DEFAULT 7, s text)");
        Do("insert many", $"INSERT INTO {name} VALUES {Join(", ", Enumerable.Range(1, rows).Select(r => Make("", $"({r}, {(_dice.Chance(0.2) ? "NULL" : Number(0, 9))}, {Literal(Kind.Text)})")))}");
        return table;
    }

    private Node Test(Table table, string alias) => NoSubquery(() => Condition(new Scope([SourceOf(table, alias)], null), 1));

    private void TemporaryTables()
    {
        switch (_dice.Next(4))
        {
            case 0:
                {
                    // It hides a table of the round.
                    Table hidden = Tables(t => !t.IsView)!;
                    Do("temporary table", $"CREATE {_dice.Pick("TEMP", "TEMPORARY", "LOCAL TEMPORARY")} TABLE {hidden.Name} (a integer PRIMARY KEY, b text DEFAULT 'q')");
                    Do("temporary table hides", $"INSERT INTO {hidden.Name} (a) VALUES ({Number(0, 9)}), ({Number(10, 19)})");
                    Ask("temporary table hides", $"SELECT a, b FROM {hidden.Name}");
                    Do("temporary table hides", $"DROP TABLE {hidden.Name}");
                    Look(hidden.Name);
                    break;
                }

            case 1:
                {
                    Table table = Small("TEMP ", 6);
                    Table other = Tables(t => !t.IsView && t.Key.Count > 0)!;
                    Ask("temporary table joined", $"SELECT a.id, a.s, b.{other.Key[0]} FROM {table.Name} AS a {_dice.Pick("", "LEFT ", "FULL ")}JOIN {other.Name} AS b ON b.{other.Key[0]} = a.id");
                    Do("temporary table", $"UPDATE {table.Name} SET n = id WHERE {Test(table, table.Name)}");
                    Do("temporary table", $"INSERT INTO {table.Name} VALUES ({Number(4, 9)}, 1, 'x')");
                    Look(table.Name);
                    Do("temporary table", $"DROP TABLE {table.Name}");
                    Look(table.Name);
                    break;
                }

            case 2:
                {
                    string name = Name("own"), rows = _dice.Pick("DELETE ROWS", "PRESERVE ROWS", "DROP");
                    Do("begin", $"BEGIN");
                    Do("temporary table on commit", $"CREATE TEMP TABLE {name} (a integer, b text) ON COMMIT {rows}");
                    Do("temporary table on commit", $"INSERT INTO {name} VALUES (1, 'x'), (2, NULL)");
                    Look(name);
                    if (_dice.Chance(0.8))
                        Do("commit", $"COMMIT");
                    else
                        Do("rollback", $"ROLLBACK");
                    Look(name);
                    Do("temporary table on commit", $"INSERT INTO {name} VALUES (3, 'y')");
                    Look(name);
                    Do("temporary table", $"DROP TABLE IF EXISTS {name}");
                    break;
                }

            default:
                {
                    string name = Name("own");
                    Kind[] kinds = Some(1, 3);
                    string[] names = [.. kinds.Select(_ => Name("c"))];
                    Do("temporary table as", $"CREATE TEMP TABLE {name} ({string.Join(", ", names)}) {_dice.Pick("", "ON COMMIT PRESERVE ROWS ")}AS {Query(kinds, null, 1)}");
                    Look(name);
                    Do("temporary table", $"DROP TABLE {name}");
                    break;
                }
        }
    }

    private void UpdatableViews()
    {
        Table table = Small("", 6);
        string view = Name("view"), over = Name("view");
        string check = _dice.Pick("", "", " WITH CHECK OPTION", " WITH LOCAL CHECK OPTION", " WITH CASCADED CHECK OPTION");
        string list = _dice.Pick("id, n, s", "*", "id, s, n, n + 1 AS m", "n, id, s");
        Do("updatable view", $"CREATE VIEW {view} AS SELECT {list} FROM {table.Name} WHERE {Test(table, table.Name)}{(_dice.Chance(0.3) ? Make("check option", $" WITH CHECK OPTION") : null)}");
        Do("updatable view", $"CREATE VIEW {over} AS SELECT id, n, s AS t FROM {view} WHERE id < {Number(3, 40)}{(check.Length > 0 ? Make("check option", $"{check}") : null)}");
        Table shown = new() { Name = over, IsView = true };
        shown.Columns.AddRange([table.Columns[0], table.Columns[1], table.Columns[2] with { Name = "t" }]);
        shown.Key.Add("id");
        // No key is met by chance: a row that breaks a key and a CHECK OPTION at once is refused for either.
        for (int i = _dice.Range(2, 5); i > 0; i--)
        {
            switch (_dice.Next(7))
            {
                case 0 or 1:
                    Do("insert into view", $"INSERT INTO {over} (id, n) VALUES ({6 + i + _dice.Pick(0, 0, 300)}, {Number(0, 9)}) RETURNING *");
                    break;
                case 2:
                    Do("insert into view", $"INSERT INTO {over} (id, n) VALUES ({Number(1, 6)}, 8) ON CONFLICT {_dice.Pick("DO NOTHING", "(id) DO UPDATE SET n = excluded.n + 1")}");
                    break;
                case 3:
                    Do("update view", $"UPDATE {over} SET n = {_dice.Pick("n + 1", "NULL", "id", "5")} WHERE {Test(shown, over)} RETURNING id, n");
                    break;
                case 4:
                    Do("update view", $"UPDATE {_dice.Pick(view, over)} AS v SET id = id + {20 + (10 * i)} WHERE id = {Number(1, 6)}");
                    break;
                case 5:
                    Do("delete from view", $"DELETE FROM {over} WHERE {Test(shown, over)} RETURNING t");
                    break;
                default:
                    Do("update view", $"UPDATE {view} SET m = 1");
                    break;
            }
        }

        Look(over);
        Look(table.Name);
        Do("drop view", $"DROP VIEW {view}");
        Do("drop view", $"DROP VIEW {over}");
        Do("drop view", $"DROP VIEW {view}");
        Do("drop table", $"DROP TABLE {table.Name}");
    }

    /// <summary>Views that can't be written, and why.</summary>
    private void OtherViews()
    {
        Table table = Small("", 3);
        string view = Name("view"), t = table.Name;
        Do("view not updatable", $"CREATE VIEW {view} AS {_dice.Pick($"SELECT DISTINCT id FROM {t}", $"SELECT n AS id, count(*) AS c FROM {t} GROUP BY n", $"SELECT a.id FROM {t} AS a JOIN {t} AS b ON a.id = b.n", $"SELECT id FROM {t} UNION SELECT n FROM {t}", $"SELECT id FROM {t} LIMIT 2", $"SELECT id, row_number() OVER () AS r FROM {t}", $"SELECT max(id) AS id FROM {t}", $"WITH w AS (SELECT id FROM {t}) SELECT id FROM w", "SELECT 1 AS id", $"SELECT id FROM {t} OFFSET 1", $"SELECT generate_series(1, 2) AS id FROM {t}")}");
        Do("view not updatable", $"INSERT INTO {view} VALUES (9)");
        Do("view not updatable", $"UPDATE {view} SET id = 3");
        Do("view not updatable", $"DELETE FROM {view}");
        Do("view not updatable", $"CREATE VIEW {Name("view")} AS SELECT DISTINCT id FROM {t} WITH CHECK OPTION");
        Do("view not updatable", $"TRUNCATE {view}");
        Do("drop table", $"DROP TABLE {t}");
        Do("drop table", $"DROP TABLE {t} CASCADE");
    }

    private void TablesOfQueries()
    {
        string name = Name("own");
        Kind[] kinds = Some(1, 4);
        string[] names = [.. kinds.Select(_ => Name("c"))];
        string alias = Name("q");
        Node query = Wrap("query in parentheses", Query(kinds, null, 2) is var inner ? inner : inner, $"SELECT * FROM ({inner}) AS {alias} ({string.Join(", ", names)})");
        switch (_dice.Next(4))
        {
            case 0:
                Do("select into query", $"SELECT {string.Join(", ", names)} INTO {_dice.Pick("", "TABLE ", "TEMP ")}{name} FROM ({query}) AS {Name("q")}");
                break;
            case 1:
                Do("create table as no data", $"CREATE TABLE {name} AS {query} WITH {_dice.Pick("NO DATA", "DATA")}");
                break;
            case 2:
                Do("create table as query", $"CREATE TABLE IF NOT EXISTS {name} AS {query}");
                Do("create table as query", $"CREATE TABLE {_dice.Pick("", "IF NOT EXISTS ")}{name} AS {query}");
                break;
            default:
                Do("create table as query", $"CREATE TABLE {name} ({string.Join(", ", names.Take(_dice.Range(1, names.Length)))}) AS {query}");
                break;
        }

        Look(name);
        Do("drop table", $"DROP TABLE {_dice.Pick("", "IF EXISTS ")}{name}");
    }

    private void AlteredTables()
    {
        Table table = Small("", 5);
        string t = table.Name, number = "n", text = "s";
        for (int i = _dice.Range(3, 7); i > 0; i--)
        {
            switch (_dice.Next(16))
            {
                case 0:
                    Do("alter add column again", $"ALTER TABLE {t} ADD COLUMN {_dice.Pick("", "IF NOT EXISTS ")}{_dice.Pick("x", "y", "n")} {_dice.Pick("integer", "text", "numeric(8,2)", "date")}{_dice.Pick("", " NOT NULL", " UNIQUE", " CHECK (id > 0)")}");
                    break;
                case 1:
                    Do("alter add column default", $"ALTER TABLE {t} ADD {_dice.Pick("x", "y", "z")} {_dice.Pick("integer DEFAULT 5 NOT NULL", "text DEFAULT 'abc'", "numeric DEFAULT 1.5", "boolean DEFAULT true NOT NULL", "integer DEFAULT 3 REFERENCES " + t + " (id)", "integer GENERATED ALWAYS AS (id * 2) STORED", "integer DEFAULT 4 CHECK (x > 3)")}");
                    break;
                case 2:
                    Do("alter drop column again", $"ALTER TABLE {t} DROP COLUMN {_dice.Pick("", "IF EXISTS ")}{_dice.Pick("x", "y", "z", "n")}");
                    break;
                case 3:
                    Do("alter type using", $"ALTER TABLE {t} ALTER COLUMN {number} TYPE {_dice.Pick("text USING 'v' || " + number, "numeric(8,2) USING " + number + " * 1.5", "bigint USING length(CAST(" + number + " AS text))", "integer USING length(CAST(" + number + " AS text))", "boolean USING " + number + " IS NULL", "smallint USING CAST(id AS smallint)")}");
                    break;
                case 4:
                    Do("alter set not null again", $"ALTER TABLE {t} ALTER {_dice.Pick(number, text, "x")} SET NOT NULL");
                    break;
                case 5:
                    Do("alter drop not null", $"ALTER TABLE {t} ALTER {_dice.Pick(number, text, "id")} DROP NOT NULL");
                    break;
                case 6:
                    Do("alter set default again", $"ALTER TABLE {t} ALTER {text} SET DEFAULT {TextLiteral(_dice.Pick("d", "", "e"))}");
                    break;
                case 7:
                    Do("alter drop default", $"ALTER TABLE {t} ALTER COLUMN {_dice.Pick(number, text)} DROP DEFAULT");
                    break;
                case 8:
                    {
                        string next = Name("r");
                        Do("alter rename column again", $"ALTER TABLE {t} RENAME {_dice.Pick("", "COLUMN ")}{text} TO {next}");
                        text = next;
                        break;
                    }

                case 9:
                    Do("alter add constraint", $"ALTER TABLE {t} ADD CONSTRAINT ck{_dice.Next(3)} CHECK ({_dice.Pick("id < 4", "id > 0", "id < 100", "id <> 60")})");
                    break;
                case 10:
                    Do("alter drop constraint", $"ALTER TABLE {t} DROP CONSTRAINT {_dice.Pick("", "IF EXISTS ")}ck{_dice.Next(3)}");
                    break;
                case 11:
                    Do("alter add unique", $"ALTER TABLE {t} ADD CONSTRAINT un{_dice.Next(2)} UNIQUE ({_dice.Pick("id", number, text, "id, " + number)})");
                    break;
                case 12:
                    Do("alter add foreign key", $"ALTER TABLE {t} ADD CONSTRAINT fk{_dice.Next(2)} FOREIGN KEY ({_dice.Pick("id", text)}) REFERENCES {t} (id)");
                    break;
                case 13:
                    {
                        string next = Name("own");
                        Do("alter rename table again", $"ALTER TABLE {_dice.Pick("", "IF EXISTS ")}{t} RENAME TO {next}");
                        t = next;
                        break;
                    }

                default:
                    Do("insert default", $"INSERT INTO {t} (id) VALUES ({Number(5, 60)}) RETURNING *");
                    break;
            }

            if (_dice.Chance(0.4))
                Look(t);
        }

        Look(t);
        Do("drop table", $"DROP TABLE {t}");
    }

    private void Identities()
    {
        string t = Name("own");
        bool always = _dice.Chance(0.5);
        Do("identity", $"CREATE TABLE {t} (id integer GENERATED {(always ? "ALWAYS" : "BY DEFAULT")} AS IDENTITY{_dice.Pick("", " (START 10 INCREMENT 5)", " (START WITH 3)")}, v text)");
        for (int i = _dice.Range(4, 8); i > 0; i--)
        {
            switch (_dice.Next(11))
            {
                case 0 when always:
                    Do("identity value", $"INSERT INTO {t} (id, v) VALUES ({Number(1, 9)}, 'given')");
                    break;
                case 1:
                    Do("identity default", $"INSERT INTO {t} (id, v) VALUES (DEFAULT, 'd'), (DEFAULT, 'e') RETURNING *");
                    break;
                case 2:
                    Do("overriding system value", $"INSERT INTO {t} (id, v) OVERRIDING SYSTEM VALUE VALUES (-{_dice.Range(1000, 2000)}, 's') RETURNING *");
                    break;
                case 3:
                    Do("overriding user value", $"INSERT INTO {t} (id, v) OVERRIDING USER VALUE VALUES ({Number(1, 9)}, 'u') RETURNING *");
                    break;
                case 4 when always:
                    Do("identity update", $"UPDATE {t} SET id = {_dice.Pick("5", "DEFAULT")} WHERE v = {TextLiteral(_dice.Pick("d", "u", "s"))} RETURNING *");
                    break;
                case 5:
                    Do("truncate restart identity", $"TRUNCATE TABLE {t} {_dice.Pick("RESTART IDENTITY", "CONTINUE IDENTITY", "RESTART IDENTITY CASCADE", "")}");
                    break;
                case 6:
                    Do("identity restart", $"ALTER TABLE {t} ALTER COLUMN id RESTART WITH {Number(100, 500)}");
                    break;
                case 7:
                    always = _dice.Chance(0.5);
                    Do("identity set generated", $"ALTER TABLE {t} ALTER id SET GENERATED {(always ? "ALWAYS" : "BY DEFAULT")}");
                    break;
                default:
                    Do("insert default", $"INSERT INTO {t} (v) VALUES ('p'), ('q') RETURNING id");
                    break;
            }
        }

        Look(t);
        if (_dice.Chance(0.5))
        {
            Do("identity dropped", $"ALTER TABLE {t} ALTER id DROP IDENTITY");
            Do("identity dropped", $"ALTER TABLE {t} ALTER id DROP IDENTITY{_dice.Pick("", " IF EXISTS")}");
            Do("identity dropped", $"INSERT INTO {t} (v) VALUES ('none')");
        }

        Do("drop table", $"DROP TABLE {t}");
    }

    private void Sequences()
    {
        string q = Name("seq"), t = Name("own");
        if (_dice.Chance(0.3))
            Do("sequence options", $"CREATE SEQUENCE {Name("seq")}{_dice.Pick(" START 0", " MINVALUE 10 MAXVALUE 3", " INCREMENT 0", " START 5 MAXVALUE 4", " AS text", " CACHE 0")}");
        Do("sequence options", $"CREATE SEQUENCE {_dice.Pick("", "IF NOT EXISTS ")}{q}{_dice.Pick("", " START 3 INCREMENT 2 MAXVALUE 4000", " INCREMENT -1", " AS smallint", " MINVALUE 5 MAXVALUE 7 CYCLE", " CACHE 1 NO CYCLE")}");
        for (int i = _dice.Range(3, 7); i > 0; i--)
        {
            switch (_dice.Next(5))
            {
                case 0:
                    Do("sequence restart", $"ALTER SEQUENCE {q} RESTART{_dice.Pick("", " WITH 6", " WITH -1")}");
                    break;
                case 1:
                    _script.Add(new Statement(QueryNode("currval", [Kind.Int8], $"SELECT currval({TextLiteral(q)}) AS x", [])));
                    break;
                default:
                    _script.Add(new Statement(QueryNode("nextval", [Kind.Int8], $"SELECT nextval({TextLiteral(q)}) AS x", [])));
                    break;
            }
        }

        Do("sequence default", $"CREATE TABLE {t} (id bigint DEFAULT nextval({TextLiteral(q)}), v integer)");
        Do("sequence default", $"INSERT INTO {t} (v) VALUES (1), (2) RETURNING *");
        bool owned = _dice.Chance(0.5);
        if (owned)
            Do("sequence owned", $"ALTER SEQUENCE {q} OWNED BY {t}.{_dice.Pick("id", "v")}");
        Do("drop sequence", $"DROP SEQUENCE {q}");
        Do("drop table", $"DROP TABLE {t}");
        Do("drop sequence", $"DROP SEQUENCE {_dice.Pick("", "IF EXISTS ")}{q}");
    }

    private void IndexesInBetween()
    {
        Table table = Small("", _dice.Range(4, 12));
        string t = table.Name, index = Name("i");
        for (int i = _dice.Range(2, 5); i > 0; i--)
        {
            switch (_dice.Next(6))
            {
                case 0:
                    Do("unique index over data", $"CREATE UNIQUE INDEX {Name("i")} ON {t} ({_dice.Pick("n", "s", "n, s", "lower(s)", "(n % 3)", "id, n")})");
                    break;
                case 1:
                    Do("unique partial index over data", $"CREATE UNIQUE INDEX {Name("i")} ON {t} ({_dice.Pick("n", "s")}) WHERE {_dice.Pick("n > 5", "id < 3", "s IS NOT NULL")}");
                    break;
                case 2:
                    Do("index again", $"CREATE INDEX {_dice.Pick("", "IF NOT EXISTS ")}{index} ON {t} ({_dice.Pick("n", "s DESC", "(n + id)", "n) INCLUDE (s", "upper(s)")})");
                    break;
                case 3:
                    Do("drop index again", $"DROP INDEX {_dice.Pick("", "IF EXISTS ")}{index}");
                    break;
                default:
                    {
                        Do("insert many", $"INSERT INTO {t} VALUES ({_dice.Range(20, 90)}, {Number(0, 9)}, {Literal(Kind.Text)}) ON CONFLICT DO NOTHING");
                        string alias = Name("q");
                        Ask("query between indexes", $"SELECT id, n, s FROM {t} AS {alias} WHERE {Test(table, alias)}");
                        break;
                    }
            }
        }

        // Arbiters that are partial, and expressions.
        string upsert = Name("own");
        Do("create table", $"CREATE TABLE {upsert} (k integer, s text, n integer DEFAULT 0)");
        Do("unique index", $"CREATE UNIQUE INDEX {Name("i")} ON {upsert} {_dice.Pick("(k) WHERE n >= 0", "(lower(s))", "(k, lower(s))")}");
        for (int i = _dice.Range(2, 4); i > 0; i--)
        {
            string arbiter = _dice.Pick("(k) WHERE n >= 0", "(lower(s))", "(k, lower(s))", "(k) WHERE n > 3", "(k)");
            Do("on conflict arbiter", $"INSERT INTO {upsert} (k, s, n) VALUES ({_dice.Range(1, 2)}, {TextLiteral(_dice.Pick("a", "A", "b"))}, {Number(-1, 5)}) ON CONFLICT {arbiter} DO {_dice.Pick("NOTHING", $"UPDATE SET n = {upsert}.n + excluded.n + 1", $"UPDATE SET s = excluded.s || 'u' WHERE {upsert}.n < 3")} RETURNING *, n * 2 AS twice");
        }

        Look(upsert);
        Do("drop table", $"DROP TABLE {t}, {upsert}");
    }

    private void Functions()
    {
        Table table = Small("", 6);
        string f = Name("fn"), t = table.Name;
        switch (_dice.Next(5))
        {
            case 0:
                Do("function with defaults", $"CREATE FUNCTION {f}(a integer, b integer DEFAULT 10, c text DEFAULT 'c') RETURNS text LANGUAGE sql {_dice.Pick("IMMUTABLE", "STABLE", "")} AS $$ SELECT a + b || c $$");
                for (int i = 0; i < 3; i++)
                    Ask("named arguments", $"SELECT id, {f}({_dice.Pick("n", "id, n", "n, c => s", "a => n, c => 'z'", "b => 1, a => id", "c => 'only'", "n, 2, s, 4", "a => 1, a => 2", "d => 1, a => 2", "b => 1, 3")}) AS x FROM {t}");
                break;
            case 1:
                Do("function of rows", $"CREATE FUNCTION {f}(low integer) RETURNS SETOF {_dice.Pick("integer", "bigint")} LANGUAGE sql STABLE AS $$ SELECT {Raw("id")} FROM {t} WHERE n >= low $$");
                Ask("function of rows", $"SELECT * FROM {f}({Number(0, 9)}) AS q (x)");
                Ask("function of rows", $"SELECT a.id, q.x FROM {t} AS a {_dice.Pick("CROSS JOIN LATERAL", ", LATERAL")} {f}(a.n) AS q (x)");
                break;
            case 2:
                Do("function of a table", $"CREATE FUNCTION {f}(low integer) RETURNS TABLE (k integer, v text) LANGUAGE sql STABLE AS $$ SELECT id, s FROM {t} WHERE n >= low $$");
                Ask("function of a table", $"SELECT q.k, q.v, a.n FROM {t} AS a JOIN {f}({Number(0, 5)}) AS q ON q.k = a.id");
                Ask("function of a table", $"SELECT k, count(*) AS c FROM {f}({_dice.Pick("1", "NULL", "low => 2")}) GROUP BY k");
                break;
            case 3:
                Do("function that writes", $"CREATE FUNCTION {f}(x integer) RETURNS integer LANGUAGE sql VOLATILE AS $$ UPDATE {t} SET n = COALESCE(n, 0) + x WHERE id = x RETURNING n $$");
                Do("function that writes", $"SELECT {f}({Number(1, 8)}) AS x");
                Do("function that writes", $"INSERT INTO {t} (id, n) SELECT 50 + g, {f}(g) FROM generate_series(1, 2) AS s (g)");
                Look(t);
                break;
            default:
                Do("function overloads", $"CREATE FUNCTION {f}(a integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'integer' $$");
                Do("function overloads", $"CREATE FUNCTION {f}(a text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'text' $$");
                Ask("function overloads", $"SELECT {f}({_dice.Pick("1", "'a'", "n", "s", "CAST(n AS bigint)", "NULL", "id")}) AS x FROM {t}");
                Do("function overloads", $"DROP FUNCTION {f}{_dice.Pick("", "(text)", "(bigint)")}");
                Do("function overloads", $"CREATE {_dice.Pick("", "OR REPLACE ")}FUNCTION {f}(a integer) RETURNS {_dice.Pick("text", "integer")} LANGUAGE sql AS 'SELECT NULL'");
                break;
        }

        Do("drop table", $"DROP TABLE {t} CASCADE");
    }

    private void CharacterTypes()
    {
        // What char(n) does with blanks at the end is not the same, so that its values are as long as it is.
        string t = Name("own");
        string Full() => TextLiteral(_dice.Pick("abc", "abd", "xyz", "ABC", "a c", "日本語"));
        Do("column char(n)", $"CREATE TABLE {t} (id integer, c char(3), v varchar(4), o char DEFAULT 'd')");
        Do("column char(n)", $"INSERT INTO {t} VALUES (1, {Full()}, 'ab', 'x'), (2, {Full()}, '', NULL), (3, NULL, 'abcd', 'y'), (4, {Full()}, 'abc', 'x')");
        for (int i = _dice.Range(2, 4); i > 0; i--)
        {
            switch (_dice.Next(6))
            {
                case 0:
                    Ask("char(n) compared", $"SELECT id, c, c {_dice.Pick("=", "<", ">=", "<>")} {Full()} AS x, c || v AS y, length(c) AS l FROM {t} WHERE {_dice.Pick("c", "v")} {_dice.Pick("LIKE 'ab%'", "LIKE '%c'", "= 'abc'", "> 'abb'", "IN ('abc', 'xyz')", "ILIKE 'ABC'", "IS NOT NULL")}");
                    break;
                case 1:
                    Ask("char(n) grouped", $"SELECT {_dice.Pick("c", "o", "v")} AS g, count(*) AS n, min(c) AS low, max(v) AS high, string_agg(c, ',' ORDER BY id) AS all_of FROM {t} GROUP BY 1");
                    break;
                case 2:
                    Do("varchar(n) overflow", $"INSERT INTO {t} (id, v) VALUES (9, {TextLiteral(_dice.Pick("abcde", "toolong", "日本語日本", "fits"))}) RETURNING *");
                    break;
                case 3:
                    Do("char(n) overflow", $"UPDATE {t} SET c = {TextLiteral(_dice.Pick("abcd", "abc", "日本語x"))} WHERE id = {Number(1, 4)} RETURNING c");
                    break;
                case 4:
                    Ask("char(n) cast", $"SELECT CAST(v AS varchar(4)) AS a, c::text AS b, CAST(c AS varchar(3)) AS d, upper(c) AS u, CAST(id AS varchar(5)) AS i FROM {t}");
                    break;
                default:
                    Ask("char(n) joined", $"SELECT a.id, b.v FROM {t} AS a {_dice.Pick("", "LEFT ")}JOIN {t} AS b ON a.c = b.{_dice.Pick("c", "v")}");
                    break;
            }
        }

        Do("drop table", $"DROP TABLE {t}");
    }
}
