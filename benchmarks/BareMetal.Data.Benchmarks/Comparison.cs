using System.Diagnostics;
using BareMetal.Data.Benchmarks.Paths;
using BareMetal.Data.Benchmarks.Peers;

namespace BareMetal.Data.Benchmarks;

/// <summary>
/// Runs every path on both peers in turn, round by round, so that a machine whose speed drifts drifts for both, and prints the median
/// of the ratios of neighbouring rounds.
/// </summary>
public static class Comparison
{
    /// <summary>Measures.</summary>
    /// <param name="directory">Where the databases are made.</param>
    /// <param name="orders">Rows in the large table.</param>
    /// <param name="rounds">Measured rounds per path and peer.</param>
    /// <param name="filter">Part of a path's name, or null.</param>
    public static void Run(string directory, int orders, int rounds, string? filter)
    {
        Peer ours = new BareMetalPeer(directory), theirs = new SqlitePeer(directory);
        foreach (Peer peer in new[] { ours, theirs })
        {
            Stopwatch watch = Stopwatch.StartNew();
            BenchData.Fill(peer, orders);
            Console.WriteLine($"filled {peer.Name} with {orders:N0} orders in {watch.Elapsed.TotalSeconds:0.0} s, {peer.FileBytes() / 1048576.0:0.0} MiB");
        }

        Console.WriteLine();
        Console.WriteLine("| path | unit | BareMetal.Data | SQLite | ratio | bar | |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        IReadOnlyList<BenchPath> a = AllPaths.Create(), b = AllPaths.Create();
        for (int p = 0; p < a.Count; p++)
        {
            if (filter is not null && !a[p].Name.Contains(filter, StringComparison.Ordinal))
                continue;
            using BenchPath mine = a[p], other = b[p];
            mine.Prepare(ours, orders);
            other.Prepare(theirs, orders);
            Measure(mine);
            Measure(other);
            List<double> ratios = [], mines = [], others = [];
            for (int round = 0; round < rounds; round++)
            {
                double x = Measure(mine), y = Measure(other);
                mines.Add(x);
                others.Add(y);
                ratios.Add(x / y);
            }

            double ratio = Median(ratios);
            Console.WriteLine($"| {mine.Name} | {mine.Unit} | {Format(Median(mines))} | {Format(Median(others))} | {ratio:0.00} | {mine.Bar:0.00} | {(ratio <= mine.Bar ? "met" : "missed")} |");
        }
    }

    /// <summary>Microseconds per operation over one round.</summary>
    private static double Measure(BenchPath path)
    {
        Stopwatch watch = Stopwatch.StartNew();
        long operations = 0;
        do
        {
            operations += path.Run();
        }
        while (watch.Elapsed < path.Round);
        return watch.Elapsed.TotalMicroseconds / operations;
    }

    private static double Median(List<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    private static string Format(double microseconds) => microseconds >= 10_000 ? $"{microseconds / 1000:0.0} ms" : $"{microseconds:0.00} µs";
}
