using System.Globalization;
using System.Text;

namespace BareMetal.Data.Differential.Grammar;

/// <summary>What a part of a statement is, which decides what the shrinker may put in its place.</summary>
internal enum Role
{
    Other,
    Expression,
    Query,

    /// <summary>May be left out.</summary>
    Optional,

    /// <summary>A list whose items may be left out while one remains.</summary>
    List,
}

/// <summary>The two texts of one place where the dialects differ.</summary>
/// <param name="Deviation">The topic of the deviation's row in the documentation.</param>
internal sealed record Dual(string Ours, string Theirs, string Deviation);

/// <summary>A part of a generated statement: pieces of text, other parts, and places that are written differently for the two sides.</summary>
internal sealed class Node(string production, Role role, object[] parts)
{
    public string Production { get; } = production;

    public Role Role { get; } = role;

    public object[] Parts { get; } = parts;

    /// <summary>Of an expression: its type.</summary>
    public Kind? Kind { get; init; }

    /// <summary>Of a query: the types of its columns.</summary>
    public Kind[]? Columns { get; init; }

    /// <summary>A bound of the absolute value of a number.</summary>
    public double Magnitude { get; init; }

    /// <summary>A bound of the digits behind the point.</summary>
    public int Scale { get; init; }

    /// <summary>Between the items of a list.</summary>
    public string Separator { get; init; } = "";

    /// <summary>Its last digits may differ: floats that were not computed exactly, divisions of decimals.</summary>
    public bool IsInexact { get; init; }

    public Node With(object[] parts) => new(Production, Role, parts)
    {
        Kind = Kind, Columns = Columns, Magnitude = Magnitude, Scale = Scale, Separator = Separator, IsInexact = IsInexact,
    };

    /// <summary>Calls the action for this part and everything in it.</summary>
    public void Visit(Action<Node> action)
    {
        action(this);
        foreach (object part in Parts)
        {
            if (part is Node node)
                node.Visit(action);
        }
    }

    public int Count()
    {
        int count = 0;
        Visit(_ => count++);
        return count;
    }

    public string Ours() => Render(false, null);

    /// <summary>Our text with parameters in place of plain literals, whose values are added.</summary>
    public string Ours(List<(Node Part, object Value)> parameters) => Render(false, parameters);

    public string Theirs() => Render(true, null);

    private string Render(bool theirs, List<(Node Part, object Value)>? parameters)
    {
        StringBuilder text = new();
        Write(text, theirs, parameters);
        return text.ToString();
    }

    private void Write(StringBuilder text, bool theirs, List<(Node Part, object Value)>? parameters)
    {
        if (parameters is not null && Production == "literal" && Value() is { } value)
        {
            // A part that stands in two places, as an argument and in ORDER BY, is one parameter.
            int index = parameters.FindIndex(p => ReferenceEquals(p.Part, this));
            if (index < 0)
            {
                index = parameters.Count;
                parameters.Add((this, value));
            }

            text.Append("@p").Append(index);
            return;
        }

        bool first = true;
        foreach (object part in Parts)
        {
            if (!first && Separator.Length > 0)
                text.Append(Separator);
            first = false;
            switch (part)
            {
                case Node node:
                    node.Write(text, theirs, parameters);
                    break;
                case Dual dual:
                    text.Append(theirs ? dual.Theirs : dual.Ours);
                    break;
                default:
                    text.Append(part);
                    break;
            }
        }
    }

    private object? Value() => Kind switch
    {
        Grammar.Kind.Int4 when Parts is [string text] && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) => number,
        Grammar.Kind.Num when Parts is [string text] && decimal.TryParse(text, NumberStyles.Number, CultureInfo.InvariantCulture, out decimal number) => number,
        Grammar.Kind.Text when Parts is [string text] && text.StartsWith('\'') => text[1..^1].Replace("''", "'", StringComparison.Ordinal),
        Grammar.Kind.Bool when Parts is [string text] && bool.TryParse(text, out bool truth) => truth,
        _ => null,
    };

    public override string ToString() => Ours();
}
