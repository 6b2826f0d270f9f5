using BareMetal.Data.Binding;

namespace BareMetal.Data.Planning;

/// <summary>The physical plan of a subquery in an expression, and what it needs.</summary>
/// <param name="Root">The plan.</param>
/// <param name="Outer">Columns that it reads from outside: those of enclosing operators, and those of <paramref name="Computed"/>.</param>
/// <param name="Computed">Expressions over outer columns that are evaluated once for an outer row, and the columns that the plan reads them as.</param>
/// <param name="IsVolatile">Whether two runs for one outer row may differ.</param>
/// <param name="IsRepeatable">Whether runs for the same outer values give the same throughout the statement.</param>
/// <param name="IsRemembered">Whether what it gives may be remembered; not when the rules are off.</param>
internal sealed record SubqueryPlan(
    PlanNode Root,
    IReadOnlyList<PlanColumn> Outer,
    IReadOnlyList<(PlanColumn Column, BoundExpression Expression)> Computed,
    bool IsVolatile,
    bool IsRepeatable,
    bool IsRemembered);
