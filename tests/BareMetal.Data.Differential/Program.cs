using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using BareMetal.Data.Differential.Compare;
using BareMetal.Data.Differential.Grammar;

namespace BareMetal.Data.Differential;

/// <summary>The long run of scripts/differential.sh, and the printing of single rounds.</summary>
internal static class Program
{
    private const string Usage = "usage: differential run SEED COMPARISONS [WORKERS] | differential show SEED [STATEMENT] | differential compare FILE | differential productions";

    private static int Main(string[] args)
    {
        switch (args)
        {
            case ["productions"]:
                foreach ((string name, _) in Productions.Report())
                    Console.WriteLine(name);
                return 0;
            case ["show", string seed]:
                foreach (Statement statement in new Generator(ulong.Parse(seed, CultureInfo.InvariantCulture)).Generate(150))
                    Console.WriteLine(statement.Root.Ours() + ";");
                return 0;
            case ["show", string seed, string index]:
                return Show(ulong.Parse(seed, CultureInfo.InvariantCulture), int.Parse(index, CultureInfo.InvariantCulture));
            case ["compare", string file]:
                return Compare(File.ReadAllLines(file));
            case ["run", string seed, string count, .. string[] rest]:
                return Run(ulong.Parse(seed, CultureInfo.InvariantCulture), long.Parse(count, CultureInfo.InvariantCulture), rest.Length > 0 ? int.Parse(rest[0], CultureInfo.InvariantCulture) : 2);
            default:
                Console.Error.WriteLine(Usage);
                return 2;
        }
    }

    /// <summary>Prints what stands before a statement of a round, and the statement with both outcomes.</summary>
    private static int Show(ulong seed, int index)
    {
        List<Statement> statements = new Generator(seed).Generate(150);
        for (int i = 0; i < index; i++)
        {
            if (!statements[i].IsQuery)
                Console.WriteLine(statements[i].Root.Ours() + ";");
        }

        Console.WriteLine(statements[index].Root.Ours() + ";");
        using PostgresServer? server = PostgresServer.Find(out string reason);
        if (server is null)
        {
            Console.Error.WriteLine(reason);
            return 2;
        }

        using Arena arena = new(server.ConnectionString, "shown");
        Campaign.Prepare(arena, statements, index, out _);
        Console.WriteLine(arena.Try(statements[index], out Outcome ours, out Outcome theirs) ?? "no difference");
        Console.WriteLine($"here:       {ours}\nPostgreSQL: {theirs}");
        return 0;
    }

    /// <summary>Runs statements that are given, one on each line, and prints those that differ.</summary>
    private static int Compare(string[] lines)
    {
        using PostgresServer? server = PostgresServer.Find(out string reason);
        if (server is null)
        {
            Console.Error.WriteLine(reason);
            return 2;
        }

        using Arena arena = new(server.ConnectionString, "compared" + Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        int compared = 0, different = 0, failed = 0;
        foreach (string line in lines.Where(l => l.Length > 0 && !l.StartsWith("--", StringComparison.Ordinal)))
        {
            Node root = new("", Role.Other, [line.TrimEnd(';')]);
            string? what = arena.Try(new Statement(root), out Outcome ours, out Outcome theirs);
            compared++;
            failed += theirs.Error is null ? 0 : 1;
            if (what is null)
                continue;
            different++;
            Console.WriteLine($"{line}\n  {what}\n  here:       {ours}\n  PostgreSQL: {theirs}");
        }

        Console.WriteLine($"{compared} compared ({failed} errors), {different} differ");
        return different == 0 ? 0 : 1;
    }

    private static int Run(ulong seed, long count, int workers)
    {
        using PostgresServer? server = PostgresServer.Find(out string reason);
        if (server is null)
        {
            Console.Error.WriteLine($"Nothing was compared: {reason}.");
            return 2;
        }

        Campaign campaign = new(Console.Out);
        ulong next = seed;
        Lock gate = new();
        Stopwatch time = Stopwatch.StartNew();
        using Timer progress = new(_ => Console.WriteLine(Line(campaign, seed, Volatile.Read(ref next), time)), null, 15_000, 15_000);
        int broken = 0;
        bool isStopped = false;
        void Stop(PosixSignalContext signal)
        {
            // Rounds under way end: the server is stopped, and what was compared is told.
            signal.Cancel = true;
            Volatile.Write(ref isStopped, true);
        }

        using PosixSignalRegistration interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop), terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        Thread[] threads = new Thread[workers];
        string prefix = "d" + Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "_";
        for (int w = 0; w < workers; w++)
        {
            string schema = prefix + w.ToString(CultureInfo.InvariantCulture);
            threads[w] = new Thread(() =>
            {
                using Arena arena = new(server.ConnectionString, schema);
                while (Volatile.Read(ref campaign.Comparisons) < count && !Volatile.Read(ref isStopped))
                {
                    ulong mine;
                    lock (gate)
                        mine = next++;
                    try
                    {
                        campaign.Round(arena, mine);
                    }
#pragma warning disable CA1031 // A round that the machinery can't make or run is told and does not end those of hours.
                    catch (Exception e)
#pragma warning restore CA1031
                    {
                        Console.WriteLine($"BROKEN round of seed {mine}: {e}");
                        Interlocked.Increment(ref broken);
                    }
                }
            });
            threads[w].Start();
        }

        foreach (Thread thread in threads)
            thread.Join();
        Console.WriteLine(Line(campaign, seed, next, time));
        List<string> unused = Productions.Unused();
        Console.WriteLine($"productions: {Productions.Count - unused.Count} of {Productions.Count} used{(unused.Count == 0 ? "" : "; not used: " + string.Join(", ", unused))}");
        if (Environment.GetEnvironmentVariable("BAREMETAL_PRODUCTIONS") is { Length: > 0 } file)
            File.WriteAllLines(file, Productions.Report().Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Uses}\t{p.Name}")));
        if (isStopped)
            Console.WriteLine("stopped before the end");
        return campaign.Findings.Count > 0 || unused.Count > 0 || broken > 0 || isStopped ? 1 : 0;
    }

    private static string Line(Campaign campaign, ulong seed, ulong next, Stopwatch time) => string.Create(
        CultureInfo.InvariantCulture,
        $"seeds {seed}–{next - 1}: {campaign.Comparisons:N0} comparisons ({campaign.Errors:N0} errors, {campaign.Rows:N0} rows), {campaign.Findings.Count} differences, {campaign.SetAside} set aside, {campaign.Comparisons / Math.Max(1, time.Elapsed.TotalSeconds):N0}/s (here {campaign.TicksHere / Stopwatch.Frequency} s, there {campaign.TicksThere / Stopwatch.Frequency} s)");
}
