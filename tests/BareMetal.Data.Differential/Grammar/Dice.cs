namespace BareMetal.Data.Differential.Grammar;

/// <summary>The random choices of one round: the same seed gives the same on every machine (SplitMix64).</summary>
internal sealed class Dice(ulong seed)
{
    // Mixed first: seeds side by side would otherwise give the same numbers, shifted.
    private ulong _state = Mix(seed + 0x1234567);

    public ulong Next64()
    {
        _state += 0x9E3779B97F4A7C15;
        return Mix(_state);
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>From 0 up to but without the bound.</summary>
    public int Next(int bound) => (int)(Next64() % (ulong)bound);

    /// <summary>Both ends included.</summary>
    public int Range(int low, int high) => low + Next(high - low + 1);

    public bool Chance(double probability) => (Next64() >> 11) * (1.0 / (1UL << 53)) < probability;

    public T Pick<T>(params ReadOnlySpan<T> items) => items[Next(items.Length)];

    public T Pick<T>(List<T> items) => items[Next(items.Count)];
}
