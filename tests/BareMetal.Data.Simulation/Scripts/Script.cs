using System.Globalization;
using System.Text;

namespace BareMetal.Data.Simulation.Scripts;

/// <summary>
/// A workload as text that can be kept and run again: settings, the flush that is left out if one is, and steps. Lines are
/// "set name number", "skip flush", "[actor:] verb numbers", and comments that begin with #.
/// </summary>
internal sealed record Script
{
    /// <summary>Which kind of workload reads the steps.</summary>
    public string Kind { get; init; } = "storage";

    /// <summary>Numbers by name: the seed of the world, sizes.</summary>
    public SortedDictionary<string, ulong> Settings { get; init; } = new(StringComparer.Ordinal);

    /// <summary>The name of the flush that is left out; null when all are there.</summary>
    public string? SkippedFlush { get; init; }

    /// <summary>What is done.</summary>
    public List<ScriptStep> Steps { get; init; } = [];

    /// <summary>A setting, or what stands for it when the script does not say.</summary>
    public ulong Setting(string name, ulong otherwise) => Settings.GetValueOrDefault(name, otherwise);

    /// <summary>The same script with other steps.</summary>
    public Script With(IEnumerable<ScriptStep> steps) => this with { Steps = [.. steps] };

    /// <summary>Reads a script from its text.</summary>
    public static Script Parse(string text)
    {
        Script script = new();
        foreach (string raw in text.Split('\n'))
        {
            string line = raw.Trim();
            if (line.Length == 0 || line[0] == '#')
                continue;
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            switch (words)
            {
                case ["set", var name, var number]:
                    script.Settings[name] = ulong.Parse(number, CultureInfo.InvariantCulture);
                    break;
                case ["skip", var site]:
                    script = script with { SkippedFlush = site };
                    break;
                case ["workload", var kind]:
                    script = script with { Kind = kind };
                    break;
                default:
                    script.Steps.Add(ScriptStep.Parse(line));
                    break;
            }
        }

        return script;
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        StringBuilder text = new();
        text.Append("workload ").Append(Kind).Append('\n');
        foreach ((string name, ulong number) in Settings)
            text.Append(CultureInfo.InvariantCulture, $"set {name} {number}\n");
        if (SkippedFlush is not null)
            text.Append("skip ").Append(SkippedFlush).Append('\n');
        foreach (ScriptStep step in Steps)
            text.Append(step).Append('\n');
        return text.ToString();
    }
}
