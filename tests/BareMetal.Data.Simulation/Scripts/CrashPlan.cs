namespace BareMetal.Data.Simulation.Scripts;

/// <summary>
/// How a machine stops: the fate of what was not flushed (see <see cref="SimulatedDisk.Stop"/>), then further stops, each at a disk
/// operation of the recovery that follows the one before.
/// </summary>
/// <param name="Fate">The first stop's fate.</param>
/// <param name="Again">Operations of the recovery after which it stops again, and that stop's fate.</param>
internal sealed record CrashPlan(ulong Fate, IReadOnlyList<(ulong Operation, ulong Fate)> Again)
{
    /// <summary>The most stops in a row.</summary>
    public const int MostInARow = 4;

    /// <summary>Draws a plan.</summary>
    public static CrashPlan Draw(SplitMix random)
    {
        ulong fate = DrawFate(random);
        List<(ulong, ulong)> again = [];
        for (int chance = 35; again.Count < MostInARow - 1 && random.Chance(chance); chance = 50)
            again.Add((1 + (ulong)random.Next(random.Chance(80) ? 25 : 120), DrawFate(random)));
        return new CrashPlan(fate, again);
    }

    /// <summary>A power loss mostly, sometimes a killed process.</summary>
    public static ulong DrawFate(SplitMix random) => random.Chance(22) ? 0 : 1 + (ulong)random.Next(1_000_000);

    /// <summary>Reads the plan of a step "crash offset fate (operation fate)*".</summary>
    public static CrashPlan Of(ScriptStep step)
    {
        List<(ulong, ulong)> again = [];
        for (int i = 2; i + 1 < step.Numbers.Length; i += 2)
            again.Add((Math.Max(step[i], 1), step[i + 1]));
        return new CrashPlan(step[1], again);
    }

    /// <summary>The step that crashes like this a number of operations on.</summary>
    public ScriptStep ToStep(long operations)
    {
        List<ulong> numbers = [(ulong)operations, Fate];
        foreach ((ulong operation, ulong fate) in Again)
        {
            numbers.Add(operation);
            numbers.Add(fate);
        }

        return ScriptStep.OfMachine(CrashScriptRun.CrashVerb, [.. numbers]);
    }
}
