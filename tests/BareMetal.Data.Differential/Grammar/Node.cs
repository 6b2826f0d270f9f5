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

    public string Ours() => Render(false);

    public string Theirs() => Render(true);

    private string Render(bool theirs)
    {
        StringBuilder text = new();
        Write(text, theirs);
        return text.ToString();
    }

    private void Write(StringBuilder text, bool theirs)
    {
        bool first = true;
        foreach (object part in Parts)
        {
            if (!first && Separator.Length > 0)
                text.Append(Separator);
            first = false;
            switch (part)
            {
                case Node node:
                    node.Write(text, theirs);
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

    public override string ToString() => Ours();
}
