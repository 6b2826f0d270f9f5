using BareMetal.Data.Catalog;
using BareMetal.Data.Tests.Sessions;
using Xunit;

namespace BareMetal.Data.Tests.Catalog;

/// <summary>The views that tools read: information_schema and pg_catalog.</summary>
public sealed class SystemViewTests : IDisposable
{
    private readonly TestDatabase _db = new();

    public SystemViewTests() => _db.Run("""
        CREATE SCHEMA s;
        CREATE TABLE s.p (a integer, b text, PRIMARY KEY (b, a));
        CREATE TABLE c (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(20) UNIQUE, amount decimal(10,2) DEFAULT 1.5 CHECK (amount > 0), tags text[],
            pa integer, pb text, CONSTRAINT fk FOREIGN KEY (pb, pa) REFERENCES s.p (b, a) ON DELETE CASCADE);
        CREATE INDEX c_i ON c (amount DESC, lower(name)) INCLUDE (pa) WHERE amount > 5;
        CREATE VIEW v AS SELECT c.name, p.a FROM c JOIN s.p p ON p.a = c.pa;
        COMMENT ON TABLE c IS 'about c';
        COMMENT ON COLUMN c.name IS 'about name'
        """);

    public void Dispose() => _db.Dispose();

    public static TheoryData<string> Views
    {
        get
        {
            TheoryData<string> names = [];
            foreach (CatalogObject o in SystemCatalog.Objects)
            {
                if (o is View)
                    names.Add(o.Schema + "." + o.Name);
            }

            return names;
        }
    }

    [Theory]
    [MemberData(nameof(Views))]
    public void Every_view_can_be_read_and_joined(string name)
    {
        _db.Rows($"SELECT * FROM {name}");
        Assert.Single(_db.Rows($"SELECT count(*) FROM {name} a, {name} b WHERE false"));
    }

    [Fact]
    public void Ids_and_names_are_one_of_each()
    {
        Assert.Equal(SystemCatalog.Objects.Count, SystemCatalog.Objects.Select(o => o.Id).Distinct().Count());
        Assert.Equal("0", _db.Scalar("SELECT count(*) FROM (SELECT oid FROM pg_class GROUP BY oid HAVING count(*) > 1) d"));
        Assert.Equal("0", _db.Scalar("SELECT count(*) FROM (SELECT oid FROM pg_type GROUP BY oid HAVING count(*) > 1) d"));
    }

    [Theory]
    [InlineData("SELECT table_schema, table_name, column_name FROM information_schema.constraint_column_usage WHERE constraint_name = 'fk' ORDER BY 3", "s|p|a;s|p|b")]
    [InlineData("SELECT table_schema, table_name FROM information_schema.constraint_table_usage WHERE constraint_name = 'fk'", "s|p")]
    [InlineData("SELECT column_name, ordinal_position, position_in_unique_constraint FROM information_schema.key_column_usage WHERE constraint_name = 'fk' ORDER BY 2", "pb|1|1;pa|2|2")]
    [InlineData("SELECT unique_constraint_schema, delete_rule FROM information_schema.referential_constraints WHERE constraint_name = 'fk'", "s|CASCADE")]
    [InlineData("SELECT table_schema, table_name FROM information_schema.view_table_usage WHERE view_name = 'v' ORDER BY 1", "public|c;s|p")]
    [InlineData("SELECT table_name, column_name FROM information_schema.view_column_usage WHERE view_name = 'v' ORDER BY 1, 2", "c|name;c|pa;p|a")]
    [InlineData("SELECT object_name, collection_type_identifier, data_type FROM information_schema.element_types", "c|4|text")]
    [InlineData("SELECT count(*) FROM information_schema.triggers", "0")]
    [InlineData("SELECT count(*) FROM information_schema.domains", "0")]
    [InlineData("SELECT catalog_name FROM information_schema.information_schema_catalog_name", "test")]
    [InlineData("SELECT schemaname, tablename, hasindexes FROM pg_tables ORDER BY 2", "public|c|true;s|p|true")]
    [InlineData("SELECT indexdef FROM pg_catalog.pg_indexes WHERE indexname = 'c_i'", "CREATE INDEX c_i ON public.c (amount DESC, (lower(name))) INCLUDE (pa) WHERE amount > 5")]
    [InlineData("SELECT indexdef FROM pg_indexes WHERE tablename = 'p'", "CREATE UNIQUE INDEX p_pkey ON s.p (b, a)")]
    [InlineData("SELECT a.attname, t.typname, a.attnotnull, a.attidentity FROM pg_attribute a JOIN pg_class k ON k.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid WHERE k.relname = 'c' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
        "id|int8|true|a;name|varchar|false|;amount|numeric|false|;tags|_text|false|;pa|int4|false|;pb|text|false|")]
    [InlineData("SELECT k.relname, k.relkind, n.nspname FROM pg_class k JOIN pg_namespace n ON n.oid = k.relnamespace WHERE k.relkind IN ('r', 'v') ORDER BY 1", "c|r|public;p|r|s;v|v|public")]
    [InlineData("SELECT i.relname, x.indisprimary, x.indisunique, x.indkey FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid WHERE t.relname = 'c' ORDER BY 1",
        "c_i|false|false|{3,0,5};c_name_key|false|true|{2};c_pkey|true|true|{1}")]
    [InlineData("SELECT conname, contype, confdeltype, conkey, confkey FROM pg_constraint x JOIN pg_class t ON t.oid = x.conrelid WHERE t.relname = 'c' ORDER BY 2, 1",
        "c_amount_check|c| |{}|null;fk|f|c|{6,5}|{2,1};c_pkey|p| |{1}|null;c_name_key|u| |{2}|null")]
    [InlineData("SELECT k.relname, d.objsubid, d.description FROM pg_description d JOIN pg_class k ON k.oid = d.objoid ORDER BY 2", "c|0|about c;c|2|about name")]
    [InlineData("SELECT datname FROM pg_database", "test")]
    [InlineData("SELECT schema_name FROM information_schema.schemata ORDER BY 1", "bm_catalog;information_schema;pg_catalog;public;s")]
    public void The_views_say_what_is_there(string sql, string rows) => Assert.Equal(rows, string.Join(';', _db.Rows(sql)));

    [Fact]
    public void The_definitions_of_indexes_can_be_run()
    {
        List<string> definitions = _db.Rows("SELECT indexdef FROM pg_indexes WHERE indexname = 'c_i'");
        _db.Run("DROP INDEX c_i");
        _db.Run(definitions[0]);
        Assert.Equal(definitions, _db.Rows("SELECT indexdef FROM pg_indexes WHERE indexname = 'c_i'"));
    }

    [Fact]
    public void Tables_of_ones_own_may_begin_with_the_same_letters()
    {
        _db.Run("CREATE TABLE pg_notes (a integer); INSERT INTO pg_notes VALUES (1)");
        Assert.Equal("1", _db.Scalar("SELECT a FROM pg_notes"));
        _db.Fails(SqlStates.WrongObjectType, "INSERT INTO pg_class VALUES (1)");
    }
}
