using BareMetal.Data;
using Xunit;

namespace BareMetal.Data.Tests.Ado;

public sealed class ErrorPlaceTests : IDisposable
{
    private readonly BareMetalDataSource _source = BareMetalDataSource.Create("Data Source=:memory:");

    public void Dispose() => _source.Dispose();

    [Theory]
    [InlineData("INSERT INTO t VALUES (1, 1, null), (2, 2, null), (1, 3, null)", 1, 3)]
    [InlineData("INSERT INTO t VALUES (1, 1, null); INSERT INTO t VALUES (2, 2, null), (3, 1, null)", 2, 2)]
    [InlineData("INSERT INTO t VALUES (1, 1, null), (2, null, null)", 1, 2)]
    [InlineData("INSERT INTO t VALUES (1, 1, null), (2, 2, 1), (3, 3, 9), (4, 4, 8)", 1, 3)]
    [InlineData("INSERT INTO t VALUES (1, 1, null); UPDATE t SET v = -1; SELECT 1", 2, 0)]
    [InlineData("SELECT 1; SELECT 1 / 0", 2, 0)]
    public void An_error_says_which_statement_and_which_row_it_was(string sql, int statement, int row)
    {
        using BareMetalConnection connection = _source.OpenConnection();
        using BareMetalCommand command = connection.CreateCommand();
        command.CommandText = "CREATE TABLE t (id integer PRIMARY KEY, v integer NOT NULL UNIQUE CHECK (v >= 0), parent integer REFERENCES t (id))";
        command.ExecuteNonQuery();
        command.CommandText = sql;
        BareMetalException error = Assert.Throws<BareMetalException>(() => command.ExecuteNonQuery());
        Assert.Equal((statement, row), (error.Statement, error.Row));
    }
}
