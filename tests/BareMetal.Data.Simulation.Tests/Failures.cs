using BareMetal.Data.Simulation.Scripts;

namespace BareMetal.Data.Simulation.Tests;

/// <summary>Failures on purpose, to show that the runs find them.</summary>
internal static class Failures
{
    /// <summary>Leaves out a flush, runs seed after seed until it is noticed, and shrinks what noticed it.</summary>
    public static ScriptFailureException WithoutFlush(string kind, string flush)
    {
        for (ulong seed = 1; seed < 60; seed++)
        {
            try
            {
                Campaign.Run(Campaign.Draw(kind, seed) with { SkippedFlush = flush }, new CrashOptions { EnumerateRecoveryEvery = 0 }, new CrashCounts());
            }
            catch (ScriptFailureException e)
            {
                return Campaign.Explain(e, seed);
            }
        }

        throw new InvalidOperationException($"No crash point shows that the flush {flush} is missing.");
    }
}
