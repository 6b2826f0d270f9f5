using BareMetal.Data.Binding;
using BareMetal.Data.Execution;
using BareMetal.Data.Execution.Operators;

namespace BareMetal.Data.Planning;

internal sealed class ExplainNode(PhysicalPlan plan, bool analyze, bool asJson, PlanColumn column) : PlanNode([column])
{
    public override string Name => "Explain";

    protected override PhysicalOperator BuildOperator(OperatorBuilder builder) => new ExplainOperator(plan, analyze, asJson);
}
