using System.Diagnostics;
using System.Globalization;

namespace BareMetal.Data.Benchmarks.Planner;

/// <summary>
/// What the planner's constants stand for: processor time per row, entry, seek and so on, with all pages in memory. Time of the processor, not of the clock, so that a busy machine
/// gives about the same numbers.
/// </summary>
internal static class PlannerCosts
{
    public static void Run(int rows, int rounds)
    {
        using BareMetalConnection connection = new("Data Source=:memory:;Analyze Threshold=0;Cache Size=1GB");
        connection.Open();
        Execute("CREATE TABLE t (id int PRIMARY KEY, r int NOT NULL, v int NOT NULL, w bigint NOT NULL, s text NOT NULL)");
        Execute($"INSERT INTO t SELECT i, (i::bigint * 48271 % {rows})::int, i % 1000, i, 'text ' || i FROM generate_series(1, {rows}) AS g(i)");
        Execute("CREATE INDEX t_r ON t (r)");
        Execute("CREATE TABLE k (id int NOT NULL)");
        Execute($"INSERT INTO k SELECT i * 3 FROM generate_series(1, {rows / 10}) AS g(i)");
        Execute("ANALYZE");
        double scan = Measure("SELECT sum(w) FROM t WHERE v >= 0", rows);
        Show("a row of the table", scan);
        Show("an entry of a covering index", Measure($"SELECT count(*) FROM t WHERE r >= 0 AND r < {rows}", rows));
        int some = rows / 50;
        Show("a row fetched through an index", Measure($"SELECT sum(w) FROM t WHERE r >= 10 AND r < {some + 10}", some));
        string list = string.Join(", ", Enumerable.Range(0, 1000).Select(i => (i * (rows / 1001)) + 1));
        Show("a seek", Measure($"SELECT sum(w) FROM t WHERE id IN ({list})", 1000));
        double probe = Measure("SELECT count(*) FROM t JOIN k ON k.id = t.v", rows) - scan;
        Show("a row looked up in a hash table", probe);
        Show("a row sorted, by its logarithm", (Measure("SELECT count(*) FROM (SELECT id FROM t ORDER BY v, w DESC OFFSET 1) q", rows) - scan) / Math.Log2(rows));

        void Execute(string sql)
        {
            using BareMetalCommand command = connection.CreateCommand();
            command.CommandText = sql;
            command.CommandTimeout = 0;
            command.ExecuteNonQuery();
        }

        double Measure(string sql, double units)
        {
            double best = double.MaxValue;
            Process process = Process.GetCurrentProcess();
            for (int round = 0; round < rounds + 2; round++)
            {
                process.Refresh();
                TimeSpan before = process.TotalProcessorTime;
                int times = Math.Max(1, (int)(2_000_000 / units));
                for (int i = 0; i < times; i++)
                    Execute(sql);
                process.Refresh();
                best = Math.Min(best, (process.TotalProcessorTime - before).TotalMicroseconds / units / times);
            }

            return best;
        }

        static void Show(string what, double microseconds) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{microseconds,8:0.000} us  {what}"));
    }
}
