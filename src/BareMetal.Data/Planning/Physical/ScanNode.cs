using BareMetal.Data.Binding;
using BareMetal.Data.Execution;
using BareMetal.Data.Execution.Operators;
using BareMetal.Data.Planning.Logical;

namespace BareMetal.Data.Planning;

internal sealed class ScanNode(ScanSettings settings, IReadOnlyList<string> keyNames)
    : PlanNode(settings.RowKey is null ? settings.Columns : [.. settings.Columns, settings.RowKey])
{
    public ScanSettings Settings { get; } = settings;

    /// <summary>Rows that the table is expected to have.</summary>
    public double TableRows { get; init; }

    public override ScanNode? Divisible =>
        Settings is { Seeks: null, IsBackward: false, Lock: RowLockMode.None, RowKey: null, RowGoal: 0 } && (Settings.Index is null || Settings.IsCovering) ? this : null;

    public override string Name
    {
        get
        {
            string kind = Settings.Seeks is null ? "Scan" : "Seek";
            if (Settings.Index is null)
                return Settings.Seeks is null ? "Table Scan" : "Primary Key Seek";
            return (Settings.IsCovering ? "Covering Index " : "Index ") + kind;
        }
    }

    public override void Describe(ExplainProperties properties)
    {
        properties.Add("Table", Settings.Table.Name);
        if (Settings.Index is not null)
            properties.Add("Index", Settings.Index.Name);
        if (Settings.Seeks is not null)
        {
            properties.Add("Seek", string.Join(" OR ", Settings.Seeks.Select(FormatSeek)));
        }

        if (Settings.DistinctParts > 0)
            properties.Add("Distinct", string.Join(", ", keyNames.Take(Settings.DistinctParts)));
        if (Settings.IsBackward)
            properties.Add("Direction", "backward");
        properties.Add("Filter", Settings.Filter);
        if (Settings.Lock != RowLockMode.None)
            properties.Add("Lock", Settings.Lock.ToString().ToLowerInvariant());
    }

    private string FormatSeek(SeekSpec seek)
    {
        List<string> parts = [];
        for (int i = 0; i < seek.Parts.Count; i++)
        {
            SeekPart part = seek.Parts[i];
            string name = keyNames[i];
            parts.Add(part.Kind switch
            {
                SeekPartKind.IsNull => $"{name} IS NULL",
                SeekPartKind.Skip => $"each {name}",
                SeekPartKind.Array => $"{name} = ANY ({ExpressionText.Format(part.Values[0])})",
                SeekPartKind.List => $"{name} IN ({string.Join(", ", part.Values.Take(20).Select(ExpressionText.Format))})",
                _ => $"{name} = {ExpressionText.Format(part.Values[0])}",
            });
        }

        if (seek.HasBounds)
        {
            string name = keyNames[seek.Parts.Count];
            if (seek.TextPrefix is not null)
                parts.Add($"{name} starts with {ExpressionText.Format(seek.TextPrefix)}");
            if (seek.Low is not null)
                parts.Add($"{name} {(seek.LowInclusive ? ">=" : ">")} {ExpressionText.Format(seek.Low)}");
            if (seek.High is not null)
                parts.Add($"{name} {(seek.HighInclusive ? "<=" : "<")} {ExpressionText.Format(seek.High)}");
            if (seek.IsNotNull && seek.Low is null && seek.High is null && seek.TextPrefix is null)
                parts.Add($"{name} IS NOT NULL");
        }

        return parts.Count == 1 ? parts[0] : $"({string.Join(" AND ", parts)})";
    }

    protected override PhysicalOperator BuildOperator(OperatorBuilder builder) => new ScanOperator(Settings, builder);
}
