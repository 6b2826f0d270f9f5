using System.Text;
using BareMetal.Data.Sessions;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Simulation.Tests.Sql;

/// <summary>Commands as text, their rows as text.</summary>
internal static class SqlText
{
    /// <summary>Runs a command; the rows of its last result, values with a bar between.</summary>
    public static List<string> Rows(this Session session, string sql)
    {
        List<string> rows = [];
        using CommandExecution execution = session.Execute(session.Prepare(sql, []), []);
        while (execution.NextResult())
        {
            if (execution.HasRows)
                rows.Clear();
            while (execution.NextBatch())
            {
                for (int row = 0; row < execution.Current.Count; row++)
                    rows.Add(Row(execution.Current, row));
            }
        }

        return rows;
    }

    /// <summary>A value as SQL shows it.</summary>
    public static string Show(Value value, SqlType type) =>
        value.IsNull ? "null" : Encoding.UTF8.GetString(Casts.Convert(value, type, SqlType.Text).As<ByteSlice>().Span);

    private static string Row(Batch batch, int row)
    {
        StringBuilder text = new();
        for (int i = 0; i < batch.Columns.Length; i++)
            text.Append(i > 0 ? "|" : string.Empty).Append(Show(batch.Columns[i].GetValue(row), batch.Columns[i].Type));
        return text.ToString();
    }
}
