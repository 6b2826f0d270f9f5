using System.Data.Common;
using System.Diagnostics;
using System.Text;
using BareMetal.Data.Benchmarks.Peers;

namespace BareMetal.Data.Benchmarks;

/// <summary>Paths into JSON documents of several sizes, side by side with SQLite's json_extract over text: reading one member of each row, and changing one.</summary>
public static class JsonBenchmark
{
    private static readonly int[] Sizes = [200, 1_000, 8_000, 64_000];

    /// <summary>Runs it and prints a table.</summary>
    /// <param name="directory">Where the databases are made.</param>
    /// <param name="mebibytes">How much text for each size.</param>
    /// <param name="rounds">Rounds of both in turn; the best of each counts.</param>
    public static void Run(string directory, int mebibytes, int rounds)
    {
        Console.WriteLine("| bytes of a document | statement over all rows | BareMetal.Data, µs a row | SQLite, µs a row | ratio |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (int size in Sizes)
        {
            string place = Directory.CreateDirectory(Path.Combine(directory, size.ToString(System.Globalization.CultureInfo.InvariantCulture))).FullName;
            int rows = mebibytes * 1024 * 1024 / size;
            string text = Document(size, out int members);
            using DbConnection ours = new BareMetalPeer(place).Connect();
            using DbConnection sqlite = new SqlitePeer(place).Connect();
            Fill(ours, "json", text, rows);
            Fill(sqlite, "text", text, rows);
            string middle = "member" + (members / 2), last = "items";
            (string Name, string Ours, string Sqlite)[] statements =
            [
                ("a member in the middle", $"SELECT count(*) FROM d WHERE doc ->> '{middle}' = 'x'", $"SELECT count(*) FROM d WHERE json_extract(doc, '$.{middle}') = 'x'"),
                ("an element's member at the end", $"SELECT count(*) FROM d WHERE doc -> '{last}' -> 2 ->> 'k' = 'x'", $"SELECT count(*) FROM d WHERE json_extract(doc, '$.{last}[2].k') = 'x'"),
                ("three members", $"SELECT max(doc ->> 'member0'), max(doc ->> '{middle}'), max(doc -> '{last}' -> 0 ->> 'k') FROM d", $"SELECT max(json_extract(doc, '$.member0')), max(json_extract(doc, '$.{middle}')), max(json_extract(doc, '$.{last}[0].k')) FROM d"),
                ("setting a member of each", $"UPDATE d SET doc = json_set(doc, ARRAY['{middle}'], '\"changed\"')", $"UPDATE d SET doc = json_set(doc, '$.{middle}', 'changed')"),
            ];
            foreach ((string name, string mine, string theirs) in statements)
            {
                // The best round of each: whatever else runs on the machine only adds.
                double our = double.MaxValue, their = double.MaxValue;
                for (int i = 0; i < rounds; i++)
                {
                    our = Math.Min(our, Time(ours, mine, rows));
                    their = Math.Min(their, Time(sqlite, theirs, rows));
                }

                Console.WriteLine($"| {text.Length:N0} | {name} | {our:0.00} | {their:0.00} | {our / their:0.00} |");
            }
        }
    }

    private static string Document(int size, out int members)
    {
        StringBuilder json = new("{");
        for (members = 0; json.Length < size - 60; members++)
            json.Append($"\"member{members}\": \"value of {members}\", ");
        return json.Append("\"items\": [{\"k\": \"a\"}, {\"k\": \"b\"}, {\"k\": \"c\"}]}").ToString();
    }

    private static void Fill(DbConnection connection, string type, string text, int rows)
    {
        connection.Open();
        using DbCommand command = connection.CreateCommand();
        command.CommandText = $"CREATE TABLE d (id integer PRIMARY KEY, doc {type})";
        command.ExecuteNonQuery();
        using DbTransaction transaction = connection.BeginTransaction();
        command.Transaction = transaction;
        command.CommandText = "INSERT INTO d (id, doc) VALUES (@id, @doc)";
        DbParameter id = command.CreateParameter(), doc = command.CreateParameter();
        (id.ParameterName, doc.ParameterName, doc.Value) = ("@id", "@doc", text);
        command.Parameters.Add(id);
        command.Parameters.Add(doc);
        for (int i = 0; i < rows; i++)
        {
            // Each row's text is its own: SQLite keeps what it has parsed of the text before.
            id.Value = i;
            doc.Value = text.Replace("value of 0", $"value {i:D6}", StringComparison.Ordinal);
            command.ExecuteNonQuery();
        }

        transaction.Commit();
    }

    private static double Time(DbConnection connection, string sql, int rows)
    {
        using DbCommand command = connection.CreateCommand();
        command.CommandText = sql;
        Stopwatch watch = Stopwatch.StartNew();
        using DbDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
        }

        return watch.Elapsed.TotalMicroseconds / rows;
    }
}
