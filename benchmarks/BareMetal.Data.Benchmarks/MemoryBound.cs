using System.Data.Common;
using System.Diagnostics;

namespace BareMetal.Data.Benchmarks;

/// <summary>Builds a database ten times larger than its cache, updates it in one statement, scans it, and prints the peak of memory.</summary>
public static class MemoryBound
{
    /// <summary>Runs it.</summary>
    /// <param name="directory">Where the database is made.</param>
    /// <param name="cacheMiB">The cache in MiB.</param>
    public static void Run(string directory, int cacheMiB)
    {
        string path = Path.Combine(directory, "memory.bmdb");
        using BareMetalConnection connection = new($"Data Source={path};Cache Size={cacheMiB}MB");
        connection.Open();
        Execute(connection, "CREATE TABLE filler (id bigint PRIMARY KEY, counter integer NOT NULL, content text NOT NULL)");
        Report("empty", path);

        const int RowBytes = 1000;
        long rows = cacheMiB * 10L * 1024 * 1024 / RowBytes;
        string content = new('x', RowBytes - 50);
        for (long first = 0; first < rows; first += 20_000)
        {
            using DbTransaction transaction = connection.BeginTransaction();
            using DbCommand insert = connection.CreateCommand();
            insert.Transaction = transaction;
            insert.CommandText = "INSERT INTO filler (id, counter, content) VALUES (@id, 0, @content)";
            DbParameter id = Add(insert, "@id", 0L);
            Add(insert, "@content", content);
            for (long i = first; i < Math.Min(first + 20_000, rows); i++)
            {
                id.Value = i;
                insert.ExecuteNonQuery();
            }

            transaction.Commit();
        }

        Report($"built {rows:N0} rows", path);
        Execute(connection, "UPDATE filler SET counter = counter + 1");
        Report("updated in one statement", path);
        using DbCommand scan = connection.CreateCommand();
        scan.CommandText = "SELECT count(*), sum(counter), sum(length(content)) FROM filler";
        using DbDataReader reader = scan.ExecuteReader();
        reader.Read();
        if (reader.GetInt64(0) != rows || reader.GetInt64(1) != rows)
            throw new InvalidOperationException($"{reader.GetInt64(0)} rows with a sum of {reader.GetInt64(1)} were read instead of {rows}.");
        Report("scanned", path);
    }

    private static void Execute(DbConnection connection, string text)
    {
        using DbCommand command = connection.CreateCommand();
        command.CommandText = text;
        command.CommandTimeout = 0;
        command.ExecuteNonQuery();
    }

    private static DbParameter Add(DbCommand command, string name, object value)
    {
        DbParameter parameter = command.CreateParameter();
        parameter.ParameterName = name;
        parameter.Value = value;
        command.Parameters.Add(parameter);
        return parameter;
    }

    private static void Report(string what, string path)
    {
        using Process process = Process.GetCurrentProcess();
        Console.WriteLine($"{what}: data file {new FileInfo(path).Length / 1048576.0:0} MiB, peak resident memory {process.PeakWorkingSet64 / 1048576.0:0} MiB, managed heap {GC.GetTotalMemory(false) / 1048576.0:0} MiB");
    }
}
