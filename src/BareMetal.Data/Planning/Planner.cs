using BareMetal.Data.Execution;
using BareMetal.Data.Planning.Logical;

namespace BareMetal.Data.Planning;

/// <summary>Turns a bound statement into a physical plan: rewrite rules, access paths, join order, operators.</summary>
internal static class Planner
{
    /// <exception cref="BareMetalException">The statement asks for something that cannot be run.</exception>
    public static PhysicalPlan Plan(LogicalOperator statement, PlannerOptions options)
    {
        if (PlanFaults.Bound is { } fault)
            statement = fault(statement);
        PlanResultColumn[] columns = new PlanResultColumn[statement.Output.Count];
        for (int i = 0; i < columns.Length; i++)
        {
            Binding.PlanColumn c = statement.Output[i];
            columns[i] = new PlanResultColumn(c.Name, c.Type, c.IsNullable, c.Origin, c.OriginTable);
        }

        bool isModification = LogicalTools.Writes(statement);
        PhysicalPlanner planner = new(options);
        LogicalOperator optimized = options.Optimize
            ? LogicalOptimizer.Optimize(Rules.ParameterFolding.Apply(statement, options), planner.Cardinality)
            : statement;
        PlanNode root = planner.PlanStatement(optimized);
        if (!isModification)
            root = PhysicalPlanner.Arrange(root, statement.Output);
        return new PhysicalPlan(columns, isModification, root, planner);
    }

    /// <summary>A plan that gives the statement's plan as text: one column, a row for each line, or one row of JSON.</summary>
    /// <param name="statement">The statement to explain.</param>
    /// <param name="options">As for planning it.</param>
    /// <param name="analyze">Whether to run it and show what happened; a modification then modifies.</param>
    /// <param name="asJson">JSON rather than lines of text.</param>
    public static PhysicalPlan Explain(LogicalOperator statement, PlannerOptions options, bool analyze, bool asJson)
    {
        PhysicalPlan explained = Plan(statement, options);
        Types.SqlType type = asJson ? Types.SqlType.Json : Types.SqlType.Text;
        Binding.PlanColumn column = new(0, "QUERY PLAN", type, false);
        return new PhysicalPlan(
            [new PlanResultColumn(column.Name, type, false, null, null)],
            analyze && explained.IsModification,
            new ExplainNode(explained, analyze, asJson, column),
            explained.Planner);
    }
}
