using BareMetal.Data.Simulation.Scripts;

namespace BareMetal.Data.Simulation.Storage;

/// <summary>Draws scripts for <see cref="StorageWorkload"/> from a seed.</summary>
internal static class StorageGenerator
{
    private static readonly string[] Names = ["a", "b", "c", "d"];

    /// <summary>Draws a script.</summary>
    /// <param name="seed">Decides everything.</param>
    /// <param name="steps">How many steps.</param>
    public static Script Draw(ulong seed, int steps)
    {
        SplitMix random = new(seed * 7919);
        Script script = new() { Kind = "storage" };
        script.Settings["seed"] = seed;
        script.Settings["sector"] = random.Chance(50) ? 512u : 4096u;

        // A third of the runs has a cache so small, and checkpoints so rare, that pages of all kinds must leave it.
        bool tiny = random.Chance(33);
        if (tiny)
        {
            script.Settings["cache"] = (ulong)(20 + random.Next(30)) * 4096;
            if (random.Chance(60))
                script.Settings["checkpoint"] = 1 << 20;
        }
        else if (random.Chance(20))
        {
            script.Settings["page"] = 8192;
        }

        if (random.Chance(25))
            script.Settings["dirty"] = (ulong)(16 + random.Next(64)) << 12; // writers are held back until a checkpoint has ended
        if (random.Chance(30))
            script.Settings["extent"] = 32 << 10;
        int actors = 1 + random.Next(Names.Length);
        for (int i = 0; i < steps; i++)
            script.Steps.Add(random.Chance(tiny ? 18 : 22) ? MachineStep(random) : ActorStep(random, Names[random.Next(actors)], tiny));
        for (int crashes = random.Next(4); crashes > 0; crashes--)
            script.Steps.Insert(random.Next(script.Steps.Count), CrashPlan.Draw(random).ToStep(1 + random.Next(random.Chance(50) ? 12 : 200)));
        return script;
    }

    private static ScriptStep MachineStep(SplitMix random) => random.Next(140) switch
    {
        >= 134 => ScriptStep.OfMachine("vacuum", (ulong)random.Next(2), (ulong)(random.Chance(60) ? 0 : random.Next(30))),
        >= 131 => ScriptStep.OfMachine("restore", (ulong)random.Next(4)),
        >= 112 => ScriptStep.OfMachine("copy", 2 + (ulong)random.Next(12)),
        >= 100 => ScriptStep.OfMachine("backup", (ulong)random.Next(2)),
        < 18 => ScriptStep.OfMachine("idle"),
        < 28 => ScriptStep.OfMachine("step", 1 + (ulong)random.Next(3)),
        < 38 => ScriptStep.OfMachine("clock", (ulong)random.Next(40)),
        < 50 => ScriptStep.OfMachine("checkpoint"),
        < 56 => ScriptStep.OfMachine("reclaim", (ulong)random.Next(20)),
        < 72 => ScriptStep.OfMachine("group", (ulong)(random.Chance(60) ? 0 : random.Next(3))),
        < 84 => ScriptStep.OfMachine("snapshot"),
        < 90 => ScriptStep.OfMachine("look", (ulong)random.Next(3)),
        < 93 => ScriptStep.OfMachine("forget", (ulong)random.Next(3)),
        < 96 => ScriptStep.OfMachine("compare"),
        _ => ScriptStep.OfMachine("reopen"),
    };

    private static ScriptStep ActorStep(SplitMix random, string name, bool tiny)
    {
        ulong seed = (ulong)random.Next(100_000);
        return random.Next(100) switch
        {
            < 6 => new(name, "begin", (ulong)random.Next(3)),
            < 30 => new(name, "commit", (ulong)(random.Chance(65) ? 0 : random.Next(3)), random.Chance(35) ? 1u : 0u),
            < 33 => new(name, "rollback"),
            < 38 => new(name, "save"),
            < 42 => new(name, "back", (ulong)random.Next(5)),
            < 44 => new(name, "release", (ulong)random.Next(5)),
            < 47 => new(name, "take", (ulong)random.Next(3), (ulong)random.Next(100)),
            < 51 => new(name, "create", seed),
            < 54 => new(name, "index", seed),
            < 56 => new(name, "drop", seed),
            < 61 => new(name, "scan", seed),
            < 69 => new(name, "add", seed),
            < 75 => new(name, "bulk", seed, (ulong)(20 + random.Next(tiny ? 220 : 120)), (ulong)random.Next(tiny ? 900 : 200)),
            < 79 => new(name, "write", seed, (ulong)random.Next(2), (ulong)(3000 + random.Next(random.Chance(10) ? 60_000 : 9000))),
            _ => new(name, "write", seed, (ulong)(random.Chance(75) ? random.Next(4) : random.Next(25)), (ulong)random.Next(600)),
        };
    }
}
