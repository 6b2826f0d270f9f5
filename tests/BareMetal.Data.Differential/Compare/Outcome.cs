using System.Text;

namespace BareMetal.Data.Differential.Compare;

/// <summary>What a statement did on one side: rows with their columns, or an error.</summary>
internal sealed class Outcome
{
    /// <summary>The SQLSTATE; null when it succeeded.</summary>
    public string? Error { get; init; }

    public string Message { get; init; } = "";

    public string[] Names { get; init; } = [];

    public string[] Types { get; init; } = [];

    /// <summary>Values as canonical text, null for null.</summary>
    public List<string?[]> Rows { get; init; } = [];

    /// <summary>Rows that were written; −1 when it does not say.</summary>
    public long Affected { get; init; } = -1;

    /// <summary>Rows beyond which an outcome is set aside.</summary>
    public const int MaxRows = 20_000;

    /// <summary>Seconds after which an outcome is set aside.</summary>
    public const int MaxSeconds = 1;

    /// <summary>The error of a result with more than <see cref="MaxRows"/> rows, which neither side gives.</summary>
    public const string TooLarge = "large";

    /// <summary>It took more time or memory or gave more rows than a statement may have here: nothing is compared.</summary>
    public bool IsSetAside => Error is "57014" or "53200" or TooLarge;

    /// <summary>A defect of the machinery rather than an answer.</summary>
    public bool IsCrash => Error is "XXXXX";

    public override string ToString()
    {
        if (Error is not null)
            return $"error {Error} {Message}";
        StringBuilder text = new();
        text.Append(string.Join(" | ", Names.Zip(Types, (n, t) => n + " " + t)));
        if (Affected >= 0)
            text.Append(" (").Append(Affected).Append(" affected)");
        text.Append(' ').Append(Rows.Count).Append(" rows");
        foreach (string?[] row in Rows.Take(5))
            text.Append("\n    ").Append(string.Join(" | ", row.Select(v => v ?? "NULL")));
        if (Rows.Count > 5)
            text.Append("\n    …");
        return text.ToString();
    }
}
