using BareMetal.Data.Simulation.Scripts;
using BareMetal.Data.Simulation.Storage;
using BareMetal.Data.Simulation.Tests.Sql;

namespace BareMetal.Data.Simulation.Tests;

/// <summary>Runs scripts by the seed until enough crash points were tried.</summary>
internal static class Campaign
{
    /// <summary>Makes the workload that reads a script.</summary>
    public static CrashWorkload WorkloadFor(Script script, CrashCounts counts) => script.Kind switch
    {
        "storage" => new StorageWorkload(script, counts),
        "sql" => new SqlWorkload(script, counts),
        _ => throw new FormatException($"There is no workload \"{script.Kind}\"."),
    };

    /// <summary>Draws the script of a seed.</summary>
    public static Script Draw(string kind, ulong seed) => kind switch
    {
        "storage" => StorageGenerator.Draw(seed, seed % 7 == 0 ? 200 : 50 + (int)(seed % 5 * 10)),
        "sql" => SqlGenerator.Draw(seed, seed % 5 == 0 ? 200 : 60),
        _ => throw new FormatException($"There is no workload \"{kind}\"."),
    };

    /// <summary>Runs one script.</summary>
    /// <returns>The disk's trace.</returns>
    /// <exception cref="ScriptFailureException">The database was in a wrong state.</exception>
    public static ulong Run(Script script, CrashOptions options, CrashCounts counts)
    {
        using CrashScriptRun run = new(script, WorkloadFor(script, counts), options, counts);
        run.Run();
        counts.Add("scripts");
        return run.Trace;
    }

    /// <summary>Runs scripts of one seed after the other.</summary>
    /// <param name="kind">Which workload.</param>
    /// <param name="seed">The first seed.</param>
    /// <param name="points">How many crash points at least.</param>
    /// <param name="options">Which points of each script.</param>
    /// <param name="counts">Where to count.</param>
    /// <param name="progress">Told after every script.</param>
    /// <exception cref="ScriptFailureException">With the shrunk script in its message.</exception>
    public static ulong RunUntil(string kind, ulong seed, long points, CrashOptions options, CrashCounts counts, Action<ulong>? progress = null)
    {
        while (counts.Points < points)
        {
            try
            {
                Run(Draw(kind, seed), options, counts);
            }
            catch (ScriptFailureException e)
            {
                throw Explain(e, seed);
            }

            progress?.Invoke(seed);
            seed++;
        }

        return seed - 1;
    }

    /// <summary>Shrinks the script of a failure and puts it into the message.</summary>
    public static ScriptFailureException Explain(ScriptFailureException e, ulong seed)
    {
        Console.Error.WriteLine($"Seed {seed} failed, its script of {e.Script!.Steps.Count} steps is being shrunk. Unshrunk it is:\n{e.Script}");
        Shrinker shrinker = new(WorkloadFor);
        (Script script, string message) = shrinker.Shrink(e.Script!, e.Message);
        return new ScriptFailureException(
            $"Seed {seed}: {e.Message}\nShrunk in {shrinker.Runs} runs to the script between the lines (run it with scripts/crash.sh --script file):\n--------\n{script}--------\nwhich ends with: {message}",
            e)
        {
            Script = script,
        };
    }
}
