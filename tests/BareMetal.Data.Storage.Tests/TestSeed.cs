namespace BareMetal.Data.Storage.Tests;

/// <summary>Seeds of random tests: BAREMETAL_SEED replays one.</summary>
internal static class TestSeed
{
    public static int Of(int seed)
        => int.TryParse(Environment.GetEnvironmentVariable("BAREMETAL_SEED"), out int given) ? given : seed;

    /// <summary>A number of runs, times BAREMETAL_FACTOR for full-size runs.</summary>
    public static int Scaled(int count)
        => int.TryParse(Environment.GetEnvironmentVariable("BAREMETAL_FACTOR"), out int factor) ? count * factor : count;
}
