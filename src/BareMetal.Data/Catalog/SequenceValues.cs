using BareMetal.Data.Storage;

namespace BareMetal.Data.Catalog;

/// <summary>The arithmetic between a storage counter's numbers (0, 1, 2 …) and the values of a sequence.</summary>
internal static class SequenceValues
{
    /// <summary>The value that the counter's number stands for; false beyond the end of a sequence that does not cycle.</summary>
    public static bool TryGet(Sequence s, ulong number, out long value)
    {
        Int128 v = s.BaseValue + (Int128)number * s.Increment;
        if (v >= s.MinValue && v <= s.MaxValue)
        {
            value = (long)v;
            return true;
        }

        value = 0;
        if (!s.IsCycle)
            return false;
        // After the first run, from the base to the end, whole runs from one end to the other follow.
        Int128 first = Int128.Abs((s.Increment > 0 ? (Int128)s.MaxValue : s.MinValue) - s.BaseValue) / Int128.Abs(s.Increment) + 1;
        Int128 run = ((Int128)s.MaxValue - s.MinValue) / Int128.Abs(s.Increment) + 1;
        Int128 at = ((Int128)number - first) % run;
        value = (long)((s.Increment > 0 ? (Int128)s.MinValue : s.MaxValue) + at * s.Increment);
        return true;
    }

    public static bool TryAdd(long a, long b, out long sum)
    {
        Int128 s = (Int128)a + b;
        sum = (long)s;
        return s >= long.MinValue && s <= long.MaxValue;
    }

    /// <summary>Takes the next value.</summary>
    /// <exception cref="BareMetalException">2200H: the sequence is used up.</exception>
    public static long Next(Sequence s, StorageEngine engine)
    {
        // One that is used up stays where it is: what failed must not be missing after MAXVALUE is raised.
        if (TryGet(s, engine.PeekSequence(s.StorageSequence), out _) && TryGet(s, engine.ReserveSequence(s.StorageSequence, 1), out long value))
            return value;
        throw new BareMetalException("2200H", $"The sequence \"{s.Name}\" has reached its {(s.Increment > 0 ? "maximum" : "minimum")} value ({(s.Increment > 0 ? s.MaxValue : s.MinValue)}).")
        {
            Hint = "ALTER SEQUENCE … MAXVALUE, CYCLE or RESTART.",
        };
    }

    /// <summary>Moves the counter so that later values lie beyond one that was given by hand; never back.</summary>
    public static void MoveBeyond(Sequence s, long value, StorageEngine engine)
    {
        Int128 distance = (Int128)value - s.BaseValue;
        if (s.Increment < 0)
            distance = -distance;
        if (distance < 0 || value < s.MinValue || value > s.MaxValue)
            return;
        engine.AdvanceSequence(s.StorageSequence, (ulong)(distance / Int128.Abs(s.Increment)) + 1);
    }
}
