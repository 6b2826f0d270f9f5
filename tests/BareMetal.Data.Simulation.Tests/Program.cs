using System.Diagnostics;
using System.Globalization;
using BareMetal.Data.Simulation.Scripts;

namespace BareMetal.Data.Simulation.Tests;

/// <summary>
/// The long run: "seed points [storage|sql|all]", "--draw kind seed" to see a seed's script, or "--script file" to run a script again. Exits with 1 when the database was found in a
/// wrong state, and prints the shrunk script.
/// </summary>
internal static class Program
{
    public static int Main(string[] arguments)
    {
        try
        {
            if (arguments is ["--script", var file])
            {
                CrashCounts once = new();
                Campaign.Run(Script.Parse(File.ReadAllText(file)), CrashOptions.None, once);
                Console.WriteLine("The script ran to its end.");
                return 0;
            }

            if (arguments is ["--draw", var which, var number])
            {
                Console.Write(Campaign.Draw(which, ulong.Parse(number, CultureInfo.InvariantCulture)));
                return 0;
            }

            ulong seed = arguments.Length > 0 ? ulong.Parse(arguments[0], CultureInfo.InvariantCulture) : 1;
            long points = arguments.Length > 1 ? long.Parse(arguments[1], CultureInfo.InvariantCulture) : 1_000_000;
            string kinds = arguments.Length > 2 ? arguments[2] : "all";
            CrashCounts total = new();
            Stopwatch time = Stopwatch.StartNew();
            foreach ((string kind, int percent) in (kinds == "all" ? new[] { ("storage", 90), ("sql", 10) } : [(kinds, 100)]))
                Run(kind, seed, points * percent / 100, total, time);
            Console.WriteLine($"No loss. Seed {seed}, {time.Elapsed.TotalMinutes:F1} minutes, in all:");
            Console.Write(total);
            return 0;
        }
        catch (ScriptFailureException e)
        {
            Console.WriteLine(e.Message);
            return 1;
        }
    }

    private static void Run(string kind, ulong seed, long points, CrashCounts total, Stopwatch time)
    {
        CrashCounts counts = new();
        TimeSpan next = time.Elapsed + TimeSpan.FromSeconds(30);
        ulong last = Campaign.RunUntil(kind, seed, points, new CrashOptions(), counts, now =>
        {
            if (time.Elapsed < next)
                return;
            next = time.Elapsed + TimeSpan.FromSeconds(30);
            Console.WriteLine($"{time.Elapsed:hh\\:mm\\:ss} {kind}: {counts.Points:N0} of {points:N0} crash points, seed {now}");
        });
        Console.WriteLine($"{kind}, seeds {seed} to {last}: {counts}");
        total.Add(counts);
    }
}
