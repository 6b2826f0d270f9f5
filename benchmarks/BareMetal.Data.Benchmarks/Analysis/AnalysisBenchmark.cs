using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using BareMetal.Data.Benchmarks.Peers;

namespace BareMetal.Data.Benchmarks.Analysis;

/// <summary>
/// Sixteen analytical queries on both peers in turn, round by round; the ratio of a query is the median over neighbouring rounds, and the answers
/// are compared.
/// </summary>
internal static class AnalysisBenchmark
{
    private const double MeanBar = 0.33;

    /// <summary>Measures.</summary>
    /// <param name="directory">Where the databases are made.</param>
    /// <param name="orders">Orders; there are twice as many lines.</param>
    /// <param name="rounds">Measured rounds per query and peer.</param>
    /// <param name="filter">Part of a query's name, or null; with it, plans are printed too.</param>
    public static void Run(string directory, int orders, int rounds, string? filter)
    {
        Peer ours = new BareMetalPeer(directory), theirs = new SqlitePeer(directory);
        foreach (Peer peer in new[] { ours, theirs })
        {
            Stopwatch watch = Stopwatch.StartNew();
            AnalysisData.Fill(peer, orders);
            Console.WriteLine($"filled {peer.Name} with {orders:N0} orders and {orders * 2:N0} lines in {watch.Elapsed.TotalSeconds:0.0} s, {peer.FileBytes() / 1048576.0:0.0} MiB");
        }

        using DbConnection mine = ours.Connect(), other = theirs.Connect();
        mine.Open();
        other.Open();
        Console.WriteLine();
        Console.WriteLine("| query | what | BareMetal.Data | SQLite | ratio | |");
        Console.WriteLine("|---|---|---|---|---|---|");
        double product = 0;
        int counted = 0;
        double worst = 0;
        foreach (AnalysisQueries.Query query in AnalysisQueries.All.Append(AnalysisQueries.FullScan))
        {
            if (filter is not null && !query.Name.Contains(filter, StringComparison.Ordinal))
                continue;
            (List<object[]> a, _) = Execute(mine, query.Text);
            if (filter is not null)
            {
                foreach (object[] line in Execute(mine, "EXPLAIN ANALYZE " + query.Text).Rows)
                    Console.WriteLine(line[0]);
            }

            (List<object[]> b, _) = Execute(other, query.Text);
            string? difference = Difference(a, b);
            List<double> ratios = [], mines = [], others = [];
            for (int round = 0; round < rounds; round++)
            {
                double x = Execute(mine, query.Text).Milliseconds, y = Execute(other, query.Text).Milliseconds;
                mines.Add(x);
                others.Add(y);
                ratios.Add(x / y);
            }

            double ratio = Median(ratios);
            if (query != AnalysisQueries.FullScan)
            {
                product += Math.Log(ratio);
                counted++;
                worst = Math.Max(worst, ratio);
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {query.Name} | {query.Kind} | {Median(mines):0.0} ms | {Median(others):0.0} ms | {ratio:0.00} | {(difference is null ? "" : "ANSWERS DIFFER: " + difference)} |"));
        }

        if (counted > 0)
        {
            double mean = Math.Exp(product / counted);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\ngeometric mean of {counted}: {mean:0.000} (bar {MeanBar:0.00}: {(mean <= MeanBar ? "met" : "missed")}), worst {worst:0.00} (bar 1.00: {(worst <= 1 ? "met" : "missed")})"));
        }
    }

    private static (List<object[]> Rows, double Milliseconds) Execute(DbConnection connection, string text)
    {
        using DbCommand command = connection.CreateCommand();
        command.CommandText = text;
        command.CommandTimeout = 0;
        long start = Stopwatch.GetTimestamp();
        List<object[]> rows = [];
        using (DbDataReader reader = command.ExecuteReader())
        {
            while (reader.Read())
            {
                object[] row = new object[reader.FieldCount];
                reader.GetValues(row);
                rows.Add(row);
            }
        }

        return (rows, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    /// <summary>What differs between two answers, numbers within a millionth part (SQLite adds in binary floating point).</summary>
    private static string? Difference(List<object[]> a, List<object[]> b)
    {
        if (a.Count != b.Count)
            return $"{a.Count} and {b.Count} rows";
        for (int row = 0; row < a.Count; row++)
        {
            for (int column = 0; column < a[row].Length; column++)
            {
                object x = a[row][column], y = b[row][column];
                bool same = x is string or DateOnly || y is string
                    ? Text(x) == Text(y)
                    : x is DBNull || y is DBNull ? x is DBNull && y is DBNull : Near(Convert.ToDouble(x, CultureInfo.InvariantCulture), Convert.ToDouble(y, CultureInfo.InvariantCulture));
                if (!same)
                    return $"row {row + 1}, column {column + 1}: {Text(x)} and {Text(y)}";
            }
        }

        return null;
    }

    private static bool Near(double x, double y) => Math.Abs(x - y) <= 1e-6 * Math.Max(1, Math.Max(Math.Abs(x), Math.Abs(y)));

    private static string Text(object value) => value is DateOnly day ? day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) : Convert.ToString(value, CultureInfo.InvariantCulture)!;

    private static double Median(List<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}
