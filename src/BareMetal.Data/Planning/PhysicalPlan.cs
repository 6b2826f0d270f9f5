using BareMetal.Data.Execution;

namespace BareMetal.Data.Planning;

/// <summary>
/// A compiled statement: immutable, shared by sessions, cached. Running it takes a <see cref="PlanInstance"/>, which is pooled here so
/// that a repeated statement builds no operators.
/// </summary>
internal sealed class PhysicalPlan(IReadOnlyList<PlanResultColumn> columns, bool isModification, PlanNode root, PhysicalPlanner planner)
{
    private const int MaxPooled = 16;

    private readonly Stack<PlanInstance> _pool = new();
    private PlanInstance? _last;

    /// <summary>Result columns; empty when the statement gives no rows.</summary>
    public IReadOnlyList<PlanResultColumn> Columns { get; } = columns;

    /// <summary>Whether it is INSERT, UPDATE or DELETE: then <see cref="PlanInstance.RowsAffected"/> counts.</summary>
    public bool IsModification { get; } = isModification;

    /// <summary>The plan's root, for EXPLAIN.</summary>
    public PlanNode Root { get; } = root;

    /// <summary>Knows the plans of subqueries in expressions.</summary>
    public PhysicalPlanner Planner { get; } = planner;

    /// <summary>Takes an instance to run the plan with. Give it back with <see cref="Return"/>.</summary>
    public PlanInstance Rent()
    {
        PlanInstance? instance = Interlocked.Exchange(ref _last, null);
        if (instance is not null)
            return instance;
        lock (_pool)
        {
            if (_pool.TryPop(out instance))
                return instance;
        }

        return CreateInstance(isAnalyzing: false);
    }

    /// <summary>Makes an instance outside of the pool, for EXPLAIN ANALYZE.</summary>
    public PlanInstance CreateInstance(bool isAnalyzing)
    {
        OperatorBuilder builder = new(Planner, isAnalyzing);
        PhysicalOperator op = Root.Build(builder);
        return new PlanInstance(op, [.. builder.RunScoped], builder.Counters);
    }

    /// <summary>Closes an instance and keeps it for the next run.</summary>
    public void Return(PlanInstance instance)
    {
        instance.Close();
        if (Interlocked.CompareExchange(ref _last, instance, null) is null)
            return;
        lock (_pool)
        {
            if (_pool.Count < MaxPooled)
                _pool.Push(instance);
        }
    }
}
