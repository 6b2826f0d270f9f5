namespace BareMetal.Data.Simulation.Scripts;

/// <summary>Makes a failing script short: leaves out steps, makes numbers smaller, and runs it again each time.</summary>
/// <param name="workload">Makes the workload that reads a script.</param>
internal sealed class Shrinker(Func<Script, CrashCounts, CrashWorkload> workload)
{
    /// <summary>Runs after which it is content with what it has.</summary>
    public int MostRuns { get; init; } = 250;

    /// <summary>Runs so far.</summary>
    public int Runs { get; private set; }

    /// <summary>Shrinks a script.</summary>
    /// <param name="script">A script that fails.</param>
    /// <param name="message">With what.</param>
    /// <returns>The shortest failing script that was found, and what it fails with. The same script when it does not fail again.</returns>
    public (Script Script, string Message) Shrink(Script script, string message)
    {
        Best best = new(script, message);
        if (!Fails(script, ref best, scan: false) && !Fails(script, ref best, scan: true))
            return (script, message);
        DropSteps(ref best);
        DropStops(ref best);
        ReduceNumbers(ref best);
        DropSteps(ref best);
        return (best.Script, best.Message);
    }

    private void DropSteps(ref Best best)
    {
        for (int size = Math.Max(best.Script.Steps.Count / 2, 1); ; size /= 2)
        {
            bool any;
            do
            {
                any = false;

                // From the end: what comes late depends on what came early, and not the other way round.
                for (int at = best.Script.Steps.Count - size; at > -size && Runs < MostRuns; at -= size)
                {
                    int from = Math.Max(at, 0), count = Math.Min(size, best.Script.Steps.Count - from);
                    if (count <= 0)
                        continue;
                    List<ScriptStep> steps = [.. best.Script.Steps];
                    steps.RemoveRange(from, count);
                    any |= Fails(best.Script.With(steps), ref best);
                }
            }
            while (any && size > 1 && Runs < MostRuns);
            if (size <= 1)
                return;
        }
    }

    /// <summary>Fewer stops in a row.</summary>
    private void DropStops(ref Best best)
    {
        for (int i = 0; i < best.Script.Steps.Count && Runs < MostRuns; i++)
        {
            ScriptStep step = best.Script.Steps[i];
            while (step.Verb == CrashScriptRun.CrashVerb && step.Numbers.Length > 2)
            {
                step = step with { Numbers = step.Numbers[..^2] };
                if (!Fails(Replace(best.Script, i, step), ref best, scan: false))
                    break;
            }
        }
    }

    private void ReduceNumbers(ref Best best)
    {
        for (int i = 0; i < best.Script.Steps.Count; i++)
        {
            for (int n = 0; i < best.Script.Steps.Count && n < best.Script.Steps[i].Numbers.Length; n++)
            {
                ulong number = best.Script.Steps[i][n];
                foreach (ulong smaller in (ulong[])[0, 1, number / 16, number / 4, number / 2])
                {
                    if (Runs >= MostRuns || smaller >= number || best.Script.Steps[i].Verb == CrashScriptRun.CrashVerb)
                        break;
                    ulong[] numbers = [.. best.Script.Steps[i].Numbers];
                    numbers[n] = smaller;
                    if (Fails(Replace(best.Script, i, best.Script.Steps[i] with { Numbers = numbers }), ref best))
                        break;
                }
            }
        }
    }

    private static Script Replace(Script script, int index, ScriptStep step)
    {
        List<ScriptStep> steps = [.. script.Steps];
        steps[index] = step;
        return script.With(steps);
    }

    private bool Fails(Script script, ref Best best) => Fails(script, ref best, scan: false) || Fails(script, ref best, scan: true);

    /// <summary>Runs a script: as it is, or with its last crash tried at every operation from where it stands on.</summary>
    private bool Fails(Script script, ref Best best, bool scan)
    {
        CrashOptions options = CrashOptions.None;
        if (scan)
        {
            int crash = script.Steps.FindLastIndex(s => s.Verb == CrashScriptRun.CrashVerb);
            if (crash < 0)
                return false;
            ScriptStep step = script.Steps[crash];
            List<ScriptStep> steps = [.. script.Steps];
            steps.RemoveAt(crash);
            script = script.With(steps);
            CrashPlan plan = CrashPlan.Of(step);
            options = new CrashOptions
            {
                FromStep = Math.Max(0, crash - 1),
                EnumerateRecoveryEvery = 0,
                Plans = [plan, plan with { Fate = 1 }, plan with { Fate = 2 }, plan with { Fate = 3 }],
            };
        }

        Runs++;
        CrashCounts counts = new();
        using CrashScriptRun run = new(script, workload(script, counts), options, counts);
        try
        {
            run.Run();
            return false;
        }
        catch (ScriptFailureException e)
        {
            if (e.Script!.Steps.Count > best.Script.Steps.Count)
                return false;
            best = new Best(e.Script, e.Message);
            return true;
        }
    }

    private readonly record struct Best(Script Script, string Message);
}
