using System.Diagnostics;
using System.Numerics;

namespace BareMetal.Data.Benchmarks.Durable;

/// <summary>How long things took: counts in buckets of about 3 % width, and the exact maximum. One thread at a time.</summary>
public sealed class LatencyHistogram
{
    private const int SubBits = 5;

    private readonly long[] _counts = new long[64 << SubBits];

    /// <summary>How many were added.</summary>
    public long Count { get; private set; }

    /// <summary>The longest, in nanoseconds.</summary>
    public long Max { get; private set; }

    /// <summary>Adds what passed between two time stamps.</summary>
    public void Add(long from, long to)
    {
        long nanoseconds = (long)((to - from) * (1e9 / Stopwatch.Frequency));
        _counts[Bucket(nanoseconds)]++;
        Count++;
        if (nanoseconds > Max)
            Max = nanoseconds;
    }

    /// <summary>Adds everything of another.</summary>
    public void Add(LatencyHistogram other)
    {
        for (int i = 0; i < _counts.Length; i++)
            _counts[i] += other._counts[i];
        Count += other.Count;
        Max = Math.Max(Max, other.Max);
    }

    /// <summary>The time that a share of all stayed below, in nanoseconds.</summary>
    /// <param name="share">From 0 to 1.</param>
    public long Percentile(double share)
    {
        long rank = (long)(Count * share);
        for (int i = 0; i < _counts.Length; i++)
        {
            rank -= _counts[i];
            if (rank < 0)
                return Math.Min(UpperEnd(i), Max);
        }

        return Max;
    }

    private static int Bucket(long value)
    {
        if (value < 1 << SubBits)
            return (int)Math.Max(value, 0);
        int exponent = BitOperations.Log2((ulong)value) - SubBits;
        return ((exponent + 1) << SubBits) + (int)((value >> exponent) - (1 << SubBits));
    }

    private static long UpperEnd(int bucket)
    {
        if (bucket < 1 << SubBits)
            return bucket;
        int exponent = (bucket >> SubBits) - 1;
        return (((long)(bucket & ((1 << SubBits) - 1)) + (1 << SubBits) + 1) << exponent) - 1;
    }
}
