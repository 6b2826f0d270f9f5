using BareMetal.Data.Simulation.Scripts;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Simulation.Tests;

public sealed class StorageCrashTests(ITestOutputHelper output)
{
    private const int Points = 20_000;

    [Fact]
    public void Whatever_was_acknowledged_survives_a_crash_at_any_operation()
    {
        ulong seed = ulong.TryParse(Environment.GetEnvironmentVariable("BAREMETAL_SEED"), out ulong given) ? given : 1;
        CrashCounts counts = new();
        ulong last = Campaign.RunUntil("storage", seed, Points, new CrashOptions(), counts);
        output.WriteLine($"Seeds {seed} to {last}: {counts}");

        // That all of it was there: crashes of every kind, and each way in which pages leave a cache that is too small.
        Assert.True(counts.Points >= Points);
        string[] kinds =
        [
            "log write", "log flush", "log create", "log rename", "data write", "data flush", "checkpoint write", "checkpoint flush", "folder flushdirectory",
            "spill write", "recovery stopped", "recovery, operation by operation", "stops in a row: 4", "of the machine itself", "clean close",
            "spilled pages of transactions", "spilled changed pages", "spilled old versions", "asynchronous commits", "commits in groups",
            "backup write", "backup flush", "full backups", "incremental backups", "backups restored", "vacuums", "old snapshots compared", "indexes built", "trees dropped", "statements undone",
        ];
        Assert.All(kinds, kind => Assert.True(counts[kind] > 0, kind));
    }

    [Fact]
    public void Equal_seeds_give_equal_runs_to_the_byte()
    {
        foreach (ulong seed in (ulong[])[3, 4, 5, 7, 12, 14])
        {
            Script script = Campaign.Draw("storage", seed);
            ulong first = Campaign.Run(script, CrashOptions.None, new CrashCounts());
            Assert.Equal(first, Campaign.Run(Campaign.Draw("storage", seed), CrashOptions.None, new CrashCounts()));

            // Neither copies of the machine that crash meanwhile nor the way through text make a difference.
            Assert.Equal(first, Campaign.Run(script, new CrashOptions { Every = 20, EnumerateRecoveryEvery = 0 }, new CrashCounts()));
            Assert.Equal(first, Campaign.Run(Script.Parse(script.ToString()), CrashOptions.None, new CrashCounts()));
        }
    }

    [Theory]
    [InlineData("LogGroup", 10)]
    [InlineData("CheckpointApplied", 10)]
    public void A_missing_flush_shrinks_to_a_few_lines_that_fail_with_it_and_pass_without(string flush, int lines)
    {
        ScriptFailureException failure = Failures.WithoutFlush("storage", flush);
        output.WriteLine(failure.Message);
        string text = failure.Script!.ToString();
        List<ScriptStep> steps = Script.Parse(text).Steps;
        Assert.InRange(steps.Count, 1, lines);
        Assert.Contains(steps, s => s.Verb == CrashScriptRun.CrashVerb);

        // As anyone would who has only the text.
        Assert.Throws<ScriptFailureException>(() => Campaign.Run(Script.Parse(text), CrashOptions.None, new CrashCounts()));
        Campaign.Run(Script.Parse(text) with { SkippedFlush = null }, CrashOptions.None, new CrashCounts());
    }

    public static TheoryData<string> Found => [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Found"), "*.txt").Select(f => Path.GetFileNameWithoutExtension(f)).Order()];

    /// <summary>Scripts that failed once; each says in its first line what was wrong.</summary>
    [Theory]
    [MemberData(nameof(Found))]
    public void What_was_found_once_stays_mended(string name)
    {
        Script script = Script.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Found", name + ".txt")));
        Campaign.Run(script, new CrashOptions { Every = 4, EnumerateRecoveryEvery = 0 }, new CrashCounts());
    }

    [Fact]
    public void A_script_that_is_no_script_says_which_line()
    {
        Assert.Contains("a: write x", Assert.Throws<FormatException>(() => Script.Parse("set seed 3\na: write x")).Message, StringComparison.Ordinal);
        ScriptFailureException unknown = Assert.Throws<ScriptFailureException>(() => Campaign.Run(Script.Parse("a: fly 3"), CrashOptions.None, new CrashCounts()));
        Assert.Contains("fly", unknown.Message, StringComparison.Ordinal);
    }
}
