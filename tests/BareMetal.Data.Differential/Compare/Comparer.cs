using System.Globalization;
using BareMetal.Data.Differential.Grammar;

namespace BareMetal.Data.Differential.Compare;

/// <summary>Whether two outcomes are the same. Rows are compared as multisets, in order where the statement's ORDER BY is total.</summary>
internal static class Comparer
{
    /// <summary>How far inexact numbers may lie apart, relative to their size.</summary>
    public const double Tolerance = 1e-11;

    /// <summary>Null when they agree; otherwise what differs.</summary>
    public static string? Difference(Statement statement, Outcome ours, Outcome theirs)
    {
        if (ours.IsCrash || theirs.IsCrash)
            return "a crash";
        if (ours.Error is not null || theirs.Error is not null)
        {
            if (ours.Error is null && theirs.Error == "42803" && theirs.Message.StartsWith("subquery uses ungrouped column", StringComparison.Ordinal))
                return null; // Deviation "grouped expressions in subqueries".
            if (ours.Error is null || theirs.Error is null)
                return "one failed";
            return ours.Error.AsSpan(0, 2).SequenceEqual(theirs.Error.AsSpan(0, 2)) ? null : "the error's class";
        }

        if (ours.Affected != theirs.Affected)
            return "rows affected";
        bool isRewritten = statement.IsQuery && HasDuals(statement.Root);
        if (ours.Names.Length != theirs.Names.Length)
            return "the number of columns";
        for (int i = 0; i < ours.Names.Length; i++)
        {
            if (!string.Equals(ours.Names[i], theirs.Names[i], StringComparison.OrdinalIgnoreCase) && !isRewritten)
                return "a column's name";
            if (ours.Types[i] != theirs.Types[i])
                return "a column's type";
        }

        if (ours.Rows.Count != theirs.Rows.Count)
            return "the number of rows";
        bool inexact = false;
        statement.Root.Visit(n => inexact |= n.IsInexact);
        List<string?[]> a = ours.Rows, b = theirs.Rows;
        if (!statement.IsOrdered)
        {
            int[] columns = [.. Enumerable.Range(0, ours.Names.Length).OrderBy(i => ours.Types[i] is "double precision" or "numeric")];
            Comparison<string?[]> order = (x, y) => Compare(x, y, columns, ours.Types);
            a = [.. a];
            b = [.. b];
            a.Sort(order);
            b.Sort(order);
        }

        for (int r = 0; r < a.Count; r++)
        {
            for (int c = 0; c < ours.Names.Length; c++)
            {
                if (!Same(a[r][c], b[r][c], ours.Types[c], inexact))
                    return statement.IsOrdered ? "a value or the order" : "a value";
            }
        }

        return null;
    }

    /// <summary>Whether an expression is written with another function for the other side, which then names the column.</summary>
    private static bool HasDuals(Node node)
    {
        bool has = false;
        node.Visit(n => has |= n.Parts.Any(p => p is Dual { Deviation: not "null order" }));
        return has;
    }

    private static int Compare(string?[] x, string?[] y, int[] columns, string[] types)
    {
        foreach (int column in columns)
        {
            string? a = x[column], b = y[column];
            int order = a is not null && b is not null && types[column] is "double precision" or "numeric" && a != b && a is not null && b is not null
                ? double.Parse(a, CultureInfo.InvariantCulture).CompareTo(double.Parse(b, CultureInfo.InvariantCulture))
                : string.CompareOrdinal(a, b);
            if (order != 0)
                return order;
        }

        return 0;
    }

    private static bool Same(string? a, string? b, string type, bool inexact)
    {
        if (a == b)
            return true;
        if (a is null || b is null || !inexact || type is not ("double precision" or "numeric"))
            return false;
        double x = double.Parse(a, CultureInfo.InvariantCulture), y = double.Parse(b, CultureInfo.InvariantCulture);
        return Math.Abs(x - y) <= Tolerance * Math.Max(1, Math.Max(Math.Abs(x), Math.Abs(y)));
    }
}
