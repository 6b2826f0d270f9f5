using BareMetal.Data.Execution;
using BareMetal.Data.Execution.Operators;

namespace BareMetal.Data.Planning;

/// <summary>Reads the rows whose keys its input gives.</summary>
internal sealed class RowLookupNode(PlanNode keys, ScanSettings settings) : PlanNode(settings.RowKey is null ? settings.Columns : [.. settings.Columns, settings.RowKey])
{
    public override string Name => "Row Lookup";

    public override IReadOnlyList<PlanNode> Inputs => [keys];

    public override void Describe(ExplainProperties properties)
    {
        properties.Add("Table", settings.Table.Name);
        properties.Add("Filter", settings.Filter);
    }

    protected override PhysicalOperator BuildOperator(OperatorBuilder builder) => new RowLookupOperator(keys.Build(builder), settings, builder);
}
