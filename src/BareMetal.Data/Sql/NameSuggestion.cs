namespace BareMetal.Data.Sql;

/// <summary>Finds the name that was probably meant, for hints.</summary>
internal static class NameSuggestion
{
    /// <summary>
    /// The candidate nearest to the name by edits (a swap of neighbours counts as one), if it is near enough: a third of the
    /// length, at least one edit, never every letter; the first of equals. Case does not count.
    /// </summary>
    public static string? Nearest(string name, IEnumerable<string> candidates)
    {
        if (name.Length is 0 or > 64)
            return null;
        string? best = null;
        int bestDistance = Math.Min(Math.Max(1, name.Length / 3) + 1, name.Length);
        foreach (string candidate in candidates)
        {
            if (candidate.Length > 64 || Math.Abs(candidate.Length - name.Length) >= bestDistance)
                continue;
            int distance = Distance(name, candidate);
            if (distance < bestDistance)
            {
                best = candidate;
                bestDistance = distance;
            }
        }
        return best;
    }

    private static int Distance(string a, string b)
    {
        Span<int> beforeLast = stackalloc int[b.Length + 1];
        Span<int> last = stackalloc int[b.Length + 1];
        Span<int> current = stackalloc int[b.Length + 1];
        for (int j = 0; j <= b.Length; j++)
            last[j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            current[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int change = Same(a[i - 1], b[j - 1]) ? 0 : 1;
                int cost = Math.Min(Math.Min(current[j - 1], last[j]) + 1, last[j - 1] + change);
                if (i > 1 && j > 1 && Same(a[i - 1], b[j - 2]) && Same(a[i - 2], b[j - 1]))
                    cost = Math.Min(cost, beforeLast[j - 2] + 1);
                current[j] = cost;
            }
            Span<int> free = beforeLast;
            beforeLast = last;
            last = current;
            current = free;
        }
        return last[b.Length];
    }

    private static bool Same(char a, char b) => char.ToUpperInvariant(a) == char.ToUpperInvariant(b);
}
