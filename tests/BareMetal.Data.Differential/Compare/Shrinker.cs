using BareMetal.Data.Differential.Grammar;

namespace BareMetal.Data.Differential.Compare;

/// <summary>Makes a statement smaller while the two sides still differ in it.</summary>
internal static class Shrinker
{
    /// <param name="statement">A statement that differs.</param>
    /// <param name="differs">Whether a smaller one still differs in the same way.</param>
    /// <param name="budget">How many candidates are run at most.</param>
    public static Statement Shrink(Statement statement, Func<Statement, bool> differs, int budget = 500)
    {
        Statement best = statement;
        bool progress = true;
        while (progress && budget > 0)
        {
            progress = false;
            foreach (Node candidate in Candidates(best.Root).OrderBy(c => c.Count()).ToList())
            {
                if (budget-- <= 0)
                    break;
                Statement smaller = best with { Root = candidate, IsOrdered = best.IsOrdered && candidate.Production == best.Root.Production && candidate.Parts.Length == best.Root.Parts.Length };
                if (!differs(smaller))
                    continue;
                best = smaller;
                progress = true;
                break;
            }
        }

        return best;
    }

    /// <summary>The statement with one part made smaller, for each part and way.</summary>
    private static IEnumerable<Node> Candidates(Node root)
    {
        if (root.Role == Role.Query)
        {
            List<Node> inner = [];
            root.Visit(n =>
            {
                if (n != root && n.Role == Role.Query)
                    inner.Add(n);
            });
            foreach (Node query in inner)
                yield return query;
        }

        foreach (Node candidate in Within(root))
            yield return candidate;
    }

    private static IEnumerable<Node> Within(Node node)
    {
        for (int i = 0; i < node.Parts.Length; i++)
        {
            if (node.Parts[i] is not Node part)
                continue;
            if (part.Role == Role.Optional)
                yield return Without(node, i);
            if (node.Role == Role.List && node.Parts.Length > 1)
                yield return Without(node, i);
            foreach (Node replacement in Replacements(part))
                yield return Replace(node, i, replacement);
            foreach (Node smaller in Within(part))
                yield return Replace(node, i, smaller);
        }
    }

    private static IEnumerable<Node> Replacements(Node part)
    {
        if (part.Role == Role.Expression)
        {
            List<Node> same = [];
            part.Visit(n =>
            {
                if (n != part && n.Role == Role.Expression && n.Kind == part.Kind)
                    same.Add(n);
            });
            foreach (Node inner in same)
                yield return inner;
            if (part.Production is not ("literal" or "typed null" or "column") && part.Kind is { } kind)
            {
                string text = Simple(kind);
                yield return new Node("literal", Role.Expression, [text]) { Kind = kind };
            }
        }
        else if (part.Role == Role.Query)
        {
            List<Node> same = [];
            part.Visit(n =>
            {
                if (n != part && n.Role == Role.Query && n.Columns is not null && part.Columns is not null && n.Columns.AsSpan().SequenceEqual(part.Columns))
                    same.Add(n);
            });
            foreach (Node inner in same)
                yield return inner;
        }
    }

    private static string Simple(Kind kind) => kind switch
    {
        Kind.Bool => "true",
        Kind.Int4 => "1",
        Kind.Text => "'a'",
        Kind.Num => "1.5",
        _ => $"CAST(NULL AS {Kinds.Name(kind)})",
    };

    private static Node Without(Node node, int index) => node.With([.. node.Parts.Where((_, i) => i != index)]);

    private static Node Replace(Node node, int index, Node part)
    {
        object[] parts = [.. node.Parts];
        parts[index] = part;
        return node.With(parts);
    }
}
