using System.Globalization;

namespace BareMetal.Data.Simulation.Scripts;

/// <summary>
/// One step of a workload: who does what, with numbers that are read against the state that the step meets ("the 17th tree, counted
/// round"), so that a script of which steps were left out is still a script.
/// </summary>
internal sealed record ScriptStep(string Actor, string Verb, params ulong[] Numbers)
{
    /// <summary>The actor of steps that concern the whole machine.</summary>
    public const string Machine = "";

    /// <summary>A number of the step; 0 when it has not so many.</summary>
    public ulong this[int index] => index < Numbers.Length ? Numbers[index] : 0;

    /// <summary>A number of the step that counts something.</summary>
    public int Int(int index) => (int)Math.Min(this[index], 1_000_000);

    /// <summary>A step for the whole machine.</summary>
    public static ScriptStep OfMachine(string verb, params ulong[] numbers) => new(Machine, verb, numbers);

    /// <summary>Reads a step from its text.</summary>
    public static ScriptStep Parse(string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        bool hasActor = words[0][^1] == ':';
        int verb = hasActor ? 1 : 0;
        if (verb >= words.Length)
            throw new FormatException($"The step \"{line}\" has no verb.");
        ulong[] numbers = new ulong[words.Length - verb - 1];
        for (int i = 0; i < numbers.Length; i++)
        {
            if (!ulong.TryParse(words[verb + 1 + i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]))
                throw new FormatException($"\"{words[verb + 1 + i]}\" in the step \"{line}\" is not a number.");
        }

        return new ScriptStep(hasActor ? words[0][..^1] : Machine, words[verb], numbers);
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        string text = Actor == Machine ? Verb : Actor + ": " + Verb;
        foreach (ulong number in Numbers)
            text += " " + number.ToString(CultureInfo.InvariantCulture);
        return text;
    }
}
