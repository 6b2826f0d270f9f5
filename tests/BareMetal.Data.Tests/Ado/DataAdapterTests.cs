using System.Data;
using System.Data.Common;
using Xunit;

namespace BareMetal.Data.Tests.Ado;

public sealed class DataAdapterTests : AdoTestBase
{
    public DataAdapterTests() => Run("""
        CREATE TABLE products (id integer PRIMARY KEY, "Unit Price" decimal(10,2), name text NOT NULL, tag uuid, since date);
        INSERT INTO products VALUES (1, 1.50, 'one', NULL, '2026-01-02'), (2, NULL, 'two', NULL, NULL), (3, 3.00, 'three', NULL, NULL);
        """);

    [Fact]
    public void A_table_is_filled_with_types_and_key()
    {
        using BareMetalDataAdapter adapter = new("SELECT * FROM products ORDER BY id", Connection) { MissingSchemaAction = MissingSchemaAction.AddWithKey };
        using DataTable table = new();
        Assert.Equal(3, adapter.Fill(table));
        Assert.Equal(typeof(decimal), table.Columns["Unit Price"]!.DataType);
        Assert.Equal(typeof(DateOnly), table.Columns["since"]!.DataType);
        Assert.Equal(["id"], table.PrimaryKey.Select(c => c.ColumnName));
        Assert.False(table.Columns["name"]!.AllowDBNull);
        Assert.Equal(DBNull.Value, table.Rows[1]["Unit Price"]);
    }

    [Fact]
    public void Several_results_fill_several_tables()
    {
        using BareMetalDataAdapter adapter = new("SELECT id FROM products; SELECT count(*) AS n FROM products", Connection);
        using DataSet set = new();
        adapter.Fill(set);
        Assert.Equal(2, set.Tables.Count);
        Assert.Equal(3L, set.Tables[1].Rows[0]["n"]);
    }

    [Fact]
    public void Changes_are_written_back_by_generated_commands()
    {
        using BareMetalDataAdapter adapter = new("SELECT id, \"Unit Price\", name, since FROM products ORDER BY id", Connection);
        using BareMetalCommandBuilder builder = new(adapter);
        List<StatementType> seen = [];
        adapter.RowUpdated += (_, e) => seen.Add(e.StatementType);
        using DataTable table = new();
        adapter.Fill(table);
        table.Rows[0]["name"] = "uno";
        table.Rows[1].Delete();
        table.Rows.Add(4, 4.25m, "four", new DateOnly(2026, 3, 4));
        Assert.Equal(3, adapter.Update(table));
        Assert.Equal([StatementType.Update, StatementType.Delete, StatementType.Insert], seen);
        Assert.Equal("1:uno,3:three,4:four", Scalar("SELECT string_agg(id || ':' || name, ',' ORDER BY id) FROM products"));
        Assert.Equal(new DateOnly(2026, 3, 4), Scalar("SELECT since FROM products WHERE id = 4"));
        Assert.Contains("\"Unit Price\"", builder.GetUpdateCommand(true).CommandText);
    }

    [Fact]
    public void A_row_that_changed_meanwhile_is_a_concurrency_error()
    {
        using BareMetalDataAdapter adapter = new("SELECT id, name FROM products ORDER BY id", Connection);
        using BareMetalCommandBuilder builder = new(adapter);
        using DataTable table = new();
        adapter.Fill(table);
        Run("UPDATE products SET name = 'other' WHERE id = 1");
        table.Rows[0]["name"] = "mine";
        Assert.Throws<DBConcurrencyException>(() => adapter.Update(table));
        Assert.Equal("other", Scalar("SELECT name FROM products WHERE id = 1"));
        builder.ConflictOption = ConflictOption.OverwriteChanges;
        Assert.Equal(1, adapter.Update(table));
        Assert.Equal("mine", Scalar("SELECT name FROM products WHERE id = 1"));
    }

    [Fact]
    public void The_factory_makes_both_and_names_are_quoted()
    {
        Assert.IsType<BareMetalDataAdapter>(BareMetalFactory.Instance.CreateDataAdapter());
        DbCommandBuilder builder = BareMetalFactory.Instance.CreateCommandBuilder()!;
        Assert.Equal("\"a\"\"b\"", builder.QuoteIdentifier("a\"b"));
        Assert.Equal("a\"b", builder.UnquoteIdentifier("\"a\"\"b\""));
        Assert.Throws<ArgumentException>(() => builder.QuotePrefix = "[");
    }
}
