using System.Globalization;
using System.Text;

namespace BareMetal.Data.Simulation.Scripts;

/// <summary>What runs have covered, by kind.</summary>
internal sealed class CrashCounts
{
    private readonly SortedDictionary<string, long> counts = new(StringComparer.Ordinal);

    /// <summary>Crash points tried: states of the disk from which the database was opened again and compared.</summary>
    public long Points { get; private set; }

    /// <summary>Of those, the ones where recovery itself was stopped.</summary>
    public long RecoveryPoints => this["recovery stopped"];

    /// <summary>A counter; 0 when nothing was counted.</summary>
    public long this[string name] => counts.GetValueOrDefault(name);

    /// <summary>All counters.</summary>
    public IEnumerable<KeyValuePair<string, long>> All => counts;

    /// <summary>Counts a crash point of a kind.</summary>
    public void AddPoint(string kind)
    {
        Points++;
        Add(kind);
    }

    /// <summary>Counts something.</summary>
    public void Add(string name, long count = 1)
    {
        if (count != 0)
            counts[name] = counts.GetValueOrDefault(name) + count;
    }

    /// <summary>Adds what others counted.</summary>
    public void Add(CrashCounts others)
    {
        Points += others.Points;
        foreach ((string name, long count) in others.counts)
            Add(name, count);
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{Points:N0} crash points\n");
        foreach ((string name, long count) in counts)
            text.Append(CultureInfo.InvariantCulture, $"  {name}: {count:N0}\n");
        return text.ToString();
    }
}
