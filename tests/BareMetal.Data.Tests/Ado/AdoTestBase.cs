using System.Data.Common;

namespace BareMetal.Data.Tests.Ado;

/// <summary>A database in memory of its own for each test, and an open connection to it.</summary>
public abstract class AdoTestBase : IDisposable
{
    protected AdoTestBase()
    {
        Source = BareMetalDataSource.Create("Data Source=:memory:");
        Connection = Source.OpenConnection();
    }

    protected BareMetalDataSource Source { get; }

    protected BareMetalConnection Connection { get; }

    public void Dispose()
    {
        Connection.Dispose();
        Source.Dispose();
        GC.SuppressFinalize(this);
    }

    protected int Run(string sql, params object?[] positional) => Run(Connection, sql, positional);

    protected static int Run(BareMetalConnection connection, string sql, params object?[] positional)
    {
        using BareMetalCommand command = Command(connection, sql, positional);
        return command.ExecuteNonQuery();
    }

    protected object? Scalar(string sql, params object?[] positional)
    {
        using BareMetalCommand command = Command(Connection, sql, positional);
        return command.ExecuteScalar();
    }

    protected static BareMetalCommand Command(BareMetalConnection connection, string sql, params object?[] positional)
    {
        BareMetalCommand command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (object? value in positional)
            command.Parameters.AddWithValue(value);
        return command;
    }

    protected static List<object?[]> Rows(DbDataReader reader)
    {
        List<object?[]> rows = [];
        while (reader.Read())
        {
            object[] row = new object[reader.FieldCount];
            reader.GetValues(row);
            rows.Add(row);
        }

        return rows;
    }
}
