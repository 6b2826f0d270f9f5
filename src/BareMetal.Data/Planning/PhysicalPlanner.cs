using BareMetal.Data.Execution;
using BareMetal.Data.Planning.Logical;

namespace BareMetal.Data.Planning;

internal static class PhysicalPlanner
{
    public static PhysicalOperator Build(LogicalOperator statement, PlannerOptions options) =>
        throw new BareMetalException(SqlStates.FeatureNotSupported, $"{statement.GetType().Name} cannot be planned.");
}
