using BareMetal.Data.Simulation.Scripts;

namespace BareMetal.Data.Simulation.Tests.Sql;

/// <summary>Draws scripts for <see cref="SqlWorkload"/> from a seed.</summary>
internal static class SqlGenerator
{
    private static readonly string[] Names = ["a", "b", "c"];

    /// <summary>Draws a script.</summary>
    /// <param name="seed">Decides everything.</param>
    /// <param name="steps">How many steps.</param>
    public static Script Draw(ulong seed, int steps)
    {
        SplitMix random = new(seed * 104729);
        Script script = new() { Kind = "sql" };
        script.Settings["seed"] = seed;
        script.Settings["sector"] = random.Chance(50) ? 512u : 4096u;
        if (random.Chance(30))
        {
            script.Settings["cache"] = (ulong)(40 + random.Next(30)) * 4096;
            script.Settings["checkpoint"] = 1 << 20;
        }

        int actors = 1 + random.Next(Names.Length);
        for (int i = 0; i < steps; i++)
            script.Steps.Add(random.Chance(14) ? MachineStep(random) : ActorStep(random, Names[random.Next(actors)]));
        for (int crashes = random.Next(3); crashes > 0; crashes--)
            script.Steps.Insert(random.Next(script.Steps.Count), CrashPlan.Draw(random).ToStep(1 + random.Next(random.Chance(50) ? 12 : 200)));
        return script;
    }

    private static ScriptStep MachineStep(SplitMix random) => random.Next(100) switch
    {
        < 25 => ScriptStep.OfMachine("idle"),
        < 35 => ScriptStep.OfMachine("step", 1 + (ulong)random.Next(3)),
        < 48 => ScriptStep.OfMachine("clock", (ulong)random.Next(40)),
        < 65 => ScriptStep.OfMachine("checkpoint"),
        < 78 => ScriptStep.OfMachine("snapshot"),
        < 88 => ScriptStep.OfMachine("look", (ulong)random.Next(2)),
        < 90 => ScriptStep.OfMachine("vacuum"),
        < 94 => ScriptStep.OfMachine("forget", (ulong)random.Next(2)),
        _ => ScriptStep.OfMachine("reopen"),
    };

    private static ScriptStep ActorStep(SplitMix random, string name)
    {
        ulong seed = (ulong)random.Next(1_000_000);
        return random.Next(100) switch
        {
            < 8 => new(name, "begin"),
            < 20 => new(name, "commit", 0, random.Chance(35) ? 1u : 0u),
            < 22 => new(name, "rollback"),
            < 26 => new(name, "save"),
            < 29 => new(name, "back", (ulong)random.Next(5)),
            < 30 => new(name, "release", (ulong)random.Next(5)),
            < 35 => new(name, "create", seed),
            < 50 => new(name, "define", seed),
            < 68 => new(name, "insert", seed),
            < 71 => new(name, "bulk", seed, (ulong)(30 + random.Next(250))),
            < 80 => new(name, "update", seed),
            < 85 => new(name, "delete", seed),
            < 87 => new(name, "next", seed),
            _ => new(name, "share", seed),
        };
    }
}
