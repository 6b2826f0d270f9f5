using System.Globalization;
using BareMetal.Data.Differential.Grammar;

namespace BareMetal.Data.Differential.Compare;

/// <summary>Our side: a database in memory, one connection.</summary>
internal sealed class EngineLink : IDisposable
{
    private readonly BareMetalDataSource _source;
    private readonly BareMetalConnection _connection;

    public EngineLink()
    {
        _source = BareMetalDataSource.Create("Data Source=:memory:");
        _connection = _source.OpenConnection();
        using BareMetalCommand command = _connection.CreateCommand();
        command.CommandText = "SET TIME ZONE 'UTC'";
        command.ExecuteNonQuery();
    }

    /// <summary>Runs one statement.</summary>
    public Outcome Run(string sql, List<(Node Part, object Value)>? parameters = null)
    {
        try
        {
            using BareMetalCommand command = _connection.CreateCommand();
            command.CommandText = sql;
            command.CommandTimeout = Outcome.MaxSeconds;
            for (int i = 0; i < parameters?.Count; i++)
                command.Parameters.AddWithValue("@p" + i.ToString(CultureInfo.InvariantCulture), parameters[i].Value);
            using BareMetalDataReader reader = command.ExecuteReader();
            string[] names = new string[reader.FieldCount];
            string[] types = new string[names.Length];
            for (int i = 0; i < names.Length; i++)
            {
                names[i] = reader.GetName(i);
                types[i] = Canonical.TypeOf(reader.GetDataTypeName(i));
            }

            List<string?[]> rows = [];
            while (reader.Read())
            {
                if (rows.Count == Outcome.MaxRows)
                    return new Outcome { Error = Outcome.TooLarge };
                string?[] row = new string?[names.Length];
                for (int i = 0; i < row.Length; i++)
                    row[i] = reader.IsDBNull(i) ? null : Canonical.Of(types[i] == "integer[]" ? reader.GetFieldValue<int?[]>(i) : reader.GetValue(i), types[i]);
                rows.Add(row);
            }

            reader.Close();
            return new Outcome { Names = names, Types = types, Rows = rows, Affected = reader.RecordsAffected };
        }
        catch (BareMetalException e)
        {
            return new Outcome { Error = e.SqlState ?? "XXXXX", Message = e.SqlState is null or "XX000" ? e.ToString() : e.Message };
        }
#pragma warning disable CA1031 // Whatever else comes out of the engine is the finding.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return new Outcome { Error = "XXXXX", Message = e.ToString() };
        }
    }

    public void Dispose()
    {
        _connection.Dispose();
        _source.Dispose();
    }
}
