namespace BareMetal.Data.Binding;

/// <summary>The parameters and variables that names within a routine's body may mean.</summary>
/// <param name="routine">The routine's name, by which parameters may be qualified; empty for a DO block.</param>
/// <param name="names">The names; null for parameters that are known by number only.</param>
/// <param name="values">What each stands for.</param>
/// <param name="inputs">The places of the parameters that $1, $2, … mean.</param>
/// <param name="isBlock">Whether a name that is a column's, too, is an error; otherwise it means the column.</param>
internal sealed class VariableScope(string routine, IReadOnlyList<string?> names, IReadOnlyList<BoundExpression> values, IReadOnlyList<int> inputs, bool isBlock)
{
    public string Routine { get; } = routine;

    public IReadOnlyList<string?> Names { get; } = names;

    public bool IsBlock { get; } = isBlock;

    /// <summary>The variable of a name, −1 when there is none. One that is spelled exactly so goes before others.</summary>
    public int Find(string name)
    {
        int found = -1;
        for (int i = 0; i < Names.Count; i++)
        {
            if (Names[i] is not { } other)
                continue;
            if (other == name)
                return i;
            if (found < 0 && string.Equals(other, name, StringComparison.OrdinalIgnoreCase))
                found = i;
        }

        return found;
    }

    public BoundExpression ValueOf(int index) => values[index];

    /// <summary>What $n means, from 0; null when there is no such parameter.</summary>
    public BoundExpression? ByOrdinal(int ordinal) => ordinal < inputs.Count ? values[inputs[ordinal]] : null;
}
