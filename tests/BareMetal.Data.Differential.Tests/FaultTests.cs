using System.Globalization;
using BareMetal.Data.Differential.Compare;
using BareMetal.Data.Differential.Grammar;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Differential.Tests;

/// <summary>The comparison finds each of the faults within a fraction of what scripts/differential.sh runs by default.</summary>
[Collection("PostgreSQL")]
public sealed class FaultTests(PostgresFixture server, ITestOutputHelper output)
{
    /// <summary>The default of scripts/differential.sh is 100,000.</summary>
    private const int Budget = 20_000;

    /// <summary>What PostgreSQL gives for each round: the same for every fault.</summary>
    private readonly List<(List<Statement> Statements, Outcome[] Outcomes)> _rounds = [];

    [PostgresFact]
    public void Every_seeded_fault_is_found()
    {
        List<string> missed = [];
        using Arena arena = new(server.ConnectionString, "faults");
        try
        {
            foreach ((string name, Action set) in Faults.All)
            {
                Faults.Clear();
                set();
                (int comparisons, string? found) = Find(arena);
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {(found is null ? "NOT FOUND" : $"after {comparisons} comparisons, {found}")}"));
                if (found is null)
                    missed.Add(name);
            }
        }
        finally
        {
            Faults.Clear();
        }

        Assert.True(Faults.All.Count >= 20);
        Assert.Equal([], missed);
    }

    private (int Comparisons, string? Found) Find(Arena arena)
    {
        int comparisons = 0;
        for (int round = 0; comparisons < Budget; round++)
        {
            if (round == _rounds.Count)
                _rounds.Add(Ask(arena, (ulong)(round + 1)));
            (List<Statement> statements, Outcome[] theirs) = _rounds[round];
            using EngineLink engine = new();
            for (int i = 0; i < statements.Count; i++, comparisons++)
            {
                Outcome ours = engine.Run(statements[i].Root.Ours());
                if (ours.IsSetAside || theirs[i].IsSetAside)
                    continue;
                if (Comparer.Difference(statements[i], ours, theirs[i]) is { } what)
                {
                    // It must be the fault that is found, and not a difference that is there without it.
                    Faults.Clear();
                    Assert.Null(Replay(statements, i, theirs[i]));
                    return (comparisons, $"round {round + 1}, {what}: {statements[i].Root.Ours()}");
                }
            }
        }

        return (comparisons, null);
    }

    private static string? Replay(List<Statement> statements, int index, Outcome theirs)
    {
        using EngineLink engine = new();
        for (int i = 0; i < index; i++)
            engine.Run(statements[i].Root.Ours());
        Outcome ours = engine.Run(statements[index].Root.Ours());
        return ours.IsSetAside ? null : Comparer.Difference(statements[index], ours, theirs);
    }

    private static (List<Statement> Statements, Outcome[] Outcomes) Ask(Arena arena, ulong seed)
    {
        List<Statement> statements = new Generator(seed).Generate(150);
        arena.Clear();
        return (statements, [.. statements.Select(s => arena.RunTheirs(s.Root))]);
    }
}
