namespace BareMetal.Data.Simulation.Scripts;

/// <summary>Which crash points a run tries, besides the crashes that its script spells out.</summary>
internal sealed record CrashOptions
{
    /// <summary>No other crashes.</summary>
    public static CrashOptions None { get; } = new() { Every = 0 };

    /// <summary>One operation of the disk in so many is a crash point: 1 tries operation 1, 2, 3 …, 0 none.</summary>
    public int Every { get; init; } = 1;

    /// <summary>At one crash point in so many, recovery is stopped at its operation 1, 2, 3 … until it comes through; 0 never.</summary>
    public int EnumerateRecoveryEvery { get; init; } = 150;

    /// <summary>The first step whose operations are crash points.</summary>
    public int FromStep { get; init; }

    /// <summary>Further ways to stop at each point; for shrinking, where the one that was drawn may have become another.</summary>
    public IReadOnlyList<CrashPlan> Plans { get; init; } = [];

    /// <summary>Crash points of one step at most: a long step is thinned out.</summary>
    public int MostPerStep { get; init; } = 400;
}
