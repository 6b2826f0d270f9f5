namespace BareMetal.Data.Planning;

/// <summary>
/// What things cost: processor time with pages in memory, in units of which reading a row takes 0.1. Only ratios matter.
/// "benchmarks planner" measures what each stands for; decision 0013 has the numbers.
/// </summary>
internal static class PlanCost
{
    /// <summary>A row of the table's own tree, decoded.</summary>
    public const double Row = 0.1;

    /// <summary>An entry of an index that holds all columns that are asked for.</summary>
    public const double Entry = 0.12;

    /// <summary>A row found through an index entry, by its key.</summary>
    public const double Fetch = 0.9;

    /// <summary>
    /// A row found through an index entry in a table of so many rows: what does not fit the processor's caches is waited for, three times as long
    /// at two million rows as at two hundred thousand, while a scan reads ahead.
    /// </summary>
    public static double FetchFrom(double tableRows) => Fetch * (1 + (2 * Math.Clamp(Math.Log10(Math.Max(tableRows, 1) / 200_000), 0, 2)));

    /// <summary>Going to a place in a tree.</summary>
    public const double Seek = 1.2;

    /// <summary>Beginning to read a tree from its start.</summary>
    public const double Open = 1;

    /// <summary>Opening the inner side of a join for another outer row.</summary>
    public const double Reopen = 0.7;

    /// <summary>The rows of an inner side looked for among those that are remembered.</summary>
    public const double Remembered = 0.35;

    /// <summary>A condition evaluated for a row.</summary>
    public const double Condition = 0.01;

    /// <summary>A row put into a hash table.</summary>
    public const double HashBuild = 0.15;

    /// <summary>A row looked up in a hash table.</summary>
    public const double HashProbe = 0.06;

    /// <summary>A row given to the operator above by a join.</summary>
    public const double Output = 0.05;

    /// <summary>A row's key sorted or made distinct.</summary>
    public const double Key = 0.12;

    /// <summary>Sorting rows.</summary>
    public static double Sort(double rows) => rows < 2 ? 0.5 : rows * 0.03 * Math.Log2(rows);
}
