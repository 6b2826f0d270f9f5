using BareMetal.Data.Binding;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Execution.Operators;
using BareMetal.Data.Planning;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution;

/// <summary>
/// Makes the operators and evaluators of one plan instance. Columns that an operator's input does not have are outer references: they
/// read a constant vector that the enclosing apply operator sets for each of its rows.
/// </summary>
internal sealed class OperatorBuilder(PhysicalPlanner? planner = null, bool isAnalyzing = false)
{
    private readonly Dictionary<PlanColumn, Vector> _outer = [];
    private readonly Dictionary<CteDefinition, CteBuffer> _ctes = [];

    /// <summary>Definitions whose recursive term is being built: references to them read the last round's rows.</summary>
    public HashSet<CteDefinition> RecursiveTerms { get; } = [];

    /// <summary>Operators and evaluators to be told when a run ends.</summary>
    public List<IRunScoped> RunScoped { get; } = [];

    public PhysicalPlanner Planner { get; } = planner ?? new PhysicalPlanner(new PlannerOptions());

    /// <summary>Whether operators are wrapped to count rows and time.</summary>
    public bool IsAnalyzing { get; } = isAnalyzing;

    /// <summary>The counters of each node's operator when <see cref="IsAnalyzing"/>.</summary>
    public Dictionary<PlanNode, OperatorCounters> Counters { get; } = [];

    /// <summary>Compiles an expression over batches that have these columns in this order.</summary>
    public Evaluator Compile(BoundExpression expression, IReadOnlyList<PlanColumn> input) => ExpressionCompiler.Compile(expression, input, this);

    public Evaluator[] CompileAll(IReadOnlyList<BoundExpression> expressions, IReadOnlyList<PlanColumn> input) => ExpressionCompiler.CompileAll(expressions, input, this);

    /// <summary>The vector through which an outer column is read; made at first use.</summary>
    public Vector OuterVector(PlanColumn column)
    {
        if (!_outer.TryGetValue(column, out Vector? vector))
        {
            _outer.Add(column, vector = Vector.Create(column.Type, 1));
            vector.IsConstant = true;
        }

        return vector;
    }

    /// <summary>Where the rows of a common table expression are kept within the instance.</summary>
    public CteBuffer Cte(CteDefinition definition)
    {
        if (!_ctes.TryGetValue(definition, out CteBuffer? buffer))
            _ctes.Add(definition, buffer = new CteBuffer());
        return buffer;
    }
}
