namespace BareMetal.Data.Differential.Grammar;

internal sealed partial class Generator
{
    private void CreateSchema(List<Statement> statements)
    {
        void SetUp(Node node) => statements.Add(new Statement(node, IsSetUp: true));

        for (int i = 0; i < 3; i++)
            CreateTable(SetUp, "t" + (i + 1));
        CreateNumbered(SetUp);
        SetUp(Make("sequence", $"CREATE SEQUENCE s1 START 5 INCREMENT 3"));
        SetUp(QueryNode("nextval", [Kind.Int8], $"SELECT nextval('s1') AS x", []));
        foreach (Table table in _tables.ToArray())
            Fill(SetUp, table);
        SetUp(Make("create function", $"CREATE FUNCTION twice_and(a integer, b integer) RETURNS integer LANGUAGE sql {_dice.Pick("IMMUTABLE", "STABLE", "")} AS $$ SELECT a * 2 + b $$"));
        SetUp(Make("create function", $"CREATE FUNCTION rows_below(x integer) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM {_tables[0].Name} AS r WHERE r.ref < x'"));
        SetUp(Make("create function strict", $"CREATE FUNCTION wrapped(x text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $f$ SELECT '<' || x || '>' $f$"));
        foreach (Table table in _tables.ToArray())
        {
            for (int i = table.IsLarge ? 5 : _dice.Range(0, 3); i > 0; i--)
                CreateIndex(SetUp, table);
        }

        for (int i = _dice.Range(0, 3); i > 0; i--)
            Alter(SetUp, _dice.Pick(_tables));
        if (_dice.Chance(0.6))
            CreateView(SetUp);
        if (_dice.Chance(0.3))
        {
            // Without a name it would read all of the other side's catalogue too, which the rounds let grow.
            foreach (Table table in _tables.Where(t => !t.IsView))
                SetUp(Make("analyze", $"ANALYZE {table.Name}"));
        }

        if (_dice.Chance(0.15))
        {
            Table source = _dice.Pick(_tables);
            Table copy = new() { Name = Name("copy") };
            copy.IsLarge = source.IsLarge;
            copy.Columns.AddRange(source.Columns.Select(c => c with { IsGenerated = false, IsNotNull = false, References = null }));
            SetUp(_dice.Chance(0.6)
                ? Make("create table as", $"CREATE TABLE {copy.Name} AS SELECT * FROM {source.Name}")
                : Make("select into", $"SELECT * INTO {copy.Name} FROM {source.Name}"));
            _tables.Add(copy);
        }
    }

    private TableColumn RandomColumn(int number)
    {
        Kind kind = _dice.Chance(0.75) ? _dice.Pick<Kind>(Kinds.Common) : _dice.Pick<Kind>(Kinds.All);
        string name = (kind == Kind.IntArray ? "ints" : kind == Kind.TextArray ? "texts" : kind.ToString().ToLowerInvariant()) + number.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return new TableColumn(name, kind, kind switch
        {
            Kind.Num => "numeric(12,2)",
            Kind.Text => _dice.Pick("text", "text", "varchar(40)", "varchar"),
            _ => Kinds.Name(kind),
        })
        {
            Magnitude = kind == Kind.Int8 ? 1e10 : 1000,
            Scale = kind == Kind.Num ? 2 : 0,
            IsNotNull = _dice.Chance(0.2),
        };
    }

    private void CreateTable(Action<Node> add, string name)
    {
        Table table = new() { Name = name };
        List<Node> parts = [];
        int form = _dice.Next(10);
        if (form < 7)
        {
            table.Columns.Add(new TableColumn("id", Kind.Int4, "integer") { Magnitude = 2000, IsNotNull = true, IsKey = true });
            table.Key.Add("id");
            parts.Add(Make("primary key", $"id integer PRIMARY KEY"));
        }
        else if (form < 9)
        {
            table.Columns.Add(new TableColumn("k", Kind.Int4, "integer") { Magnitude = 2000, IsNotNull = true, IsKey = true });
            table.Columns.Add(new TableColumn("g", Kind.Int4, "integer") { Magnitude = 2000, IsNotNull = true, IsKey = true });
            table.Key.AddRange(["k", "g"]);
            parts.Add(Make("column type", $"k integer"));
            parts.Add(Make("column not null", $"g integer NOT NULL"));
        }
        else
        {
            table.Columns.Add(new TableColumn("n", Kind.Int4, "integer") { Magnitude = 2000 });
            parts.Add(Make("no primary key", $"n integer"));
        }

        Table? target = Tables(t => t.Key.Count == 1 && !t.IsNumbered);
        if (target is not null && _dice.Chance(0.7))
        {
            string action = _dice.Pick("CASCADE", "SET NULL", "RESTRICT", "NO ACTION");
            table.Columns.Add(new TableColumn("ref", Kind.Int4, "integer") { Magnitude = 2000, References = target.Name });
            Node clause = Make("on delete " + action.ToLowerInvariant(), $" ON DELETE {action}");
            Node? update = _dice.Chance(0.3) ? Raw(" ON UPDATE CASCADE") : null;
            parts.Add(Make("foreign key", $"ref integer REFERENCES {target.Name} (id){clause}{update}"));
        }
        else
        {
            table.Columns.Add(new TableColumn("ref", Kind.Int4, "integer") { Magnitude = 2000 });
            parts.Add(Make("column type", $"ref integer"));
        }

        for (int i = _dice.Range(2, 5); i > 0; i--)
        {
            TableColumn column = RandomColumn(table.Columns.Count);
            Node type = column.Kind switch
            {
                Kind.Num => Make("column numeric(p,s)", $"{column.Type}"),
                Kind.Text when column.Type.StartsWith("varchar(", StringComparison.Ordinal) => Make("column varchar(n)", $"{column.Type}"),
                _ => Make("column type", $"{column.Type}"),
            };
            Node? notNull = column.IsNotNull ? Make("column not null", $" NOT NULL") : null;
            Node? byDefault = column.IsNotNull || _dice.Chance(0.2) ? Make("column default", $" DEFAULT {NotNullLiteral(column.Kind)}") : null;
            Node? check = column.Kind == Kind.Int4 && _dice.Chance(0.3) ? Make("check", $" CHECK ({column.Name} > -900)") : null;
            table.Columns.Add(column);
            parts.Add(Make("", $"{column.Name} {type}{notNull}{byDefault}{check}"));
        }

        if (_dice.Chance(0.3))
        {
            table.Columns.Add(new TableColumn("made", Kind.Int4, "integer") { IsGenerated = true, Magnitude = 5000 });
            parts.Add(Make("column generated", $"made integer GENERATED ALWAYS AS (COALESCE(ref, 0) * 2 + 1) STORED"));
        }

        if (_dice.Chance(0.3))
        {
            table.Columns.Add(new TableColumn("u", Kind.Int4, "integer") { Magnitude = 2000, IsKey = true });
            parts.Add(Make("unique", $"u integer UNIQUE"));
        }

        if (table.Key.Count == 2)
            parts.Add(Make("primary key of two", $"PRIMARY KEY (k, g)"));
        add(Make("create table", $"CREATE TABLE {name} ({Join(", ", parts)})"));
        _tables.Add(table);
    }

    private void CreateNumbered(Action<Node> add)
    {
        Table table = new() { Name = "numbered", IsNumbered = true };
        table.Columns.Add(new TableColumn("id", Kind.Int4, "integer") { IsGenerated = true, IsNotNull = true, Magnitude = 2000 });
        table.Key.Add("id");
        TableColumn text = new("name", Kind.Text, "text");
        TableColumn value = RandomColumn(2) with { IsNotNull = false };
        table.Columns.Add(text);
        table.Columns.Add(value);
        string always = _dice.Pick("ALWAYS", "BY DEFAULT");
        add(Make("create table", $"CREATE TABLE numbered ({Make("column identity", $"id integer GENERATED {always} AS IDENTITY PRIMARY KEY")}, name text DEFAULT 'x', {value.Name} {value.Type})"));
        _tables.Add(table);
    }

    private Node NotNullLiteral(Kind kind)
    {
        (string text, double magnitude, int scale) = LiteralText(kind);
        return Expression("literal", kind, $"{text}", magnitude, scale);
    }

    private Node Value(TableColumn column, int row)
    {
        if (column.References is not null)
            return _dice.Chance(0.2) ? Raw("NULL") : Raw(Number(0, 9));
        if (column.IsKey)
            return Raw(row.ToString(System.Globalization.CultureInfo.InvariantCulture));
        if (!column.IsNotNull && _dice.Chance(0.15))
            return Raw("NULL");
        return column.Name == "ref" || column.Kind == Kind.Int4 && _dice.Chance(0.5) ? Raw(Number(-3, 15)) : NotNullLiteral(column.Kind);
    }

    private void Fill(Action<Node> add, Table table)
    {
        int rows = _dice.Range(10, 30);
        if (table.Name == "t3" && _dice.Chance(0.15))
        {
            table.IsLarge = true;
            rows = _dice.Range(200, 700);
        }

        TableColumn[] columns = [.. table.Writable];
        List<Node> values = [];
        for (int r = 0; r < rows; r++)
        {
            int row = r;
            values.Add(Make("", $"({Join(", ", columns.Select(c => c.Name == "g" && c.IsKey ? Raw((row % 3).ToString(System.Globalization.CultureInfo.InvariantCulture)) : c.Name == "k" && c.IsKey ? Raw((row / 3).ToString(System.Globalization.CultureInfo.InvariantCulture)) : Value(c, row)))})"));
        }

        add(Make("insert many", $"INSERT INTO {table.Name} ({string.Join(", ", columns.Select(c => c.Name))}) VALUES {Join(", ", values)}"));
    }

    private void CreateIndex(Action<Node> add, Table table)
    {
        List<TableColumn> columns = [.. table.Columns.Where(c => c.Kind is not (Kind.Jsonb or Kind.IntArray or Kind.TextArray))];
        TableColumn a = _dice.Pick(columns), b = _dice.Pick(columns);
        string name = Name("i");
        string second = a == b || _dice.Chance(0.5) ? "" : ", " + b.Name;
        add(_dice.Next(7) switch
        {
            0 => Make("partial index", $"CREATE INDEX {name} ON {table.Name} ({a.Name}{second}) WHERE {b.Name} IS NOT NULL"),
            1 => Make("expression index", $"CREATE INDEX {name} ON {table.Name} ({(a.Kind == Kind.Text ? $"lower({a.Name})" : Kinds.IsNumber(a.Kind) ? $"({a.Name} + 1)" : a.Name)})"),
            2 => Make("descending index", $"CREATE INDEX {name} ON {table.Name} ({a.Name} DESC{second})"),
            3 => Make("covering index", $"CREATE INDEX {name} ON {table.Name} ({a.Name}) INCLUDE ({(a == b ? columns[0].Name : b.Name)})"),
            4 when table.Key.Count == 1 && !table.IsNumbered => Make("unique index", $"CREATE UNIQUE INDEX {name} ON {table.Name} ({a.Name}, {table.Key[0]})"),
            _ => Make("index", $"CREATE INDEX {name} ON {table.Name} ({a.Name}{second})"),
        });
    }

    private void Alter(Action<Node> add, Table table)
    {
        switch (_dice.Next(9))
        {
            case 0:
                {
                    TableColumn column = RandomColumn(table.Columns.Count + 10) with { IsNotNull = false };
                    table.Columns.Add(column);
                    add(Make("alter add column", $"ALTER TABLE {table.Name} ADD COLUMN {column.Name} {column.Type} DEFAULT {NotNullLiteral(column.Kind)}"));
                    break;
                }

            case 1:
                {
                    TableColumn? column = table.Columns.Find(c => char.IsDigit(c.Name[^1]) && c.Kind != Kind.Int4);
                    if (column is null || table.IsNumbered)
                        break;
                    table.Columns.Remove(column);
                    add(Make("alter drop column", $"ALTER TABLE {table.Name} DROP COLUMN {column.Name} CASCADE"));
                    break;
                }

            case 2:
                {
                    int at = table.Columns.FindIndex(c => char.IsDigit(c.Name[^1]));
                    if (at < 0)
                        break;
                    string name = Name("renamed");
                    add(Make("alter rename column", $"ALTER TABLE {table.Name} RENAME COLUMN {table.Columns[at].Name} TO {name}"));
                    table.Columns[at] = table.Columns[at] with { Name = name };
                    break;
                }

            case 3:
                {
                    int at = table.Columns.FindIndex(c => char.IsDigit(c.Name[^1]) && c.Kind == Kind.Int2);
                    if (at < 0)
                        break;
                    add(Make("alter column type", $"ALTER TABLE {table.Name} ALTER COLUMN {table.Columns[at].Name} TYPE integer"));
                    table.Columns[at] = table.Columns[at] with { Kind = Kind.Int4, Type = "integer" };
                    break;
                }

            case 4:
                {
                    int at = table.Columns.FindIndex(c => char.IsDigit(c.Name[^1]) && c.IsNotNull);
                    if (at >= 0)
                        add(Make("alter set not null", $"ALTER TABLE {table.Name} ALTER COLUMN {table.Columns[at].Name} SET NOT NULL"));
                    break;
                }

            case 5:
                add(Make("alter add check", $"ALTER TABLE {table.Name} ADD CONSTRAINT {Name("ck")} CHECK ({table.Columns[0].Name} < 100000)"));
                break;
            case 6:
                {
                    TableColumn? column = table.Columns.Find(c => char.IsDigit(c.Name[^1]));
                    if (column is not null)
                        add(Make("alter set default", $"ALTER TABLE {table.Name} ALTER COLUMN {column.Name} SET DEFAULT {NotNullLiteral(column.Kind)}"));
                    break;
                }

            case 7 when table.Name == "t3":
                add(Make("alter rename table", $"ALTER TABLE {table.Name} RENAME TO t3b"));
                table.Name = "t3b";
                break;
            default:
                {
                    string index = Name("i");
                    add(Make("index", $"CREATE INDEX {index} ON {table.Name} ({table.Columns[0].Name})"));
                    add(Make("drop index", $"DROP INDEX {index}"));
                    break;
                }
        }
    }

    private void CreateView(Action<Node> add)
    {
        Kind[] kinds = Some(2, 4);
        Node query = Query(kinds, null, 1);
        string[] names = [.. kinds.Select(_ => Name("v"))];
        Table view = new() { Name = Name("view"), IsView = true };
        for (int i = 0; i < names.Length; i++)
            view.Columns.Add(new TableColumn(names[i], kinds[i], Kinds.Name(kinds[i])) { Magnitude = query.Magnitude, Scale = query.Scale, IsGenerated = true });
        if (_dice.Chance(0.3))
        {
            add(Make("view", $"CREATE VIEW {view.Name} (x) AS SELECT 1"));
            add(Make("drop view", $"DROP VIEW IF EXISTS {view.Name}"));
        }

        add(Make("view", $"CREATE OR REPLACE VIEW {view.Name} ({string.Join(", ", names)}) AS {query}"));
        _tables.Add(view);
    }
}
