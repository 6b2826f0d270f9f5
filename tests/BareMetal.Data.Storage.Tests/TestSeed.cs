namespace BareMetal.Data.Storage.Tests;

/// <summary>Seeds of random tests: BAREMETAL_SEED replays one.</summary>
internal static class TestSeed
{
    public static int Of(int seed)
        => int.TryParse(Environment.GetEnvironmentVariable("BAREMETAL_SEED"), out int given) ? given : seed;
}
