using BareMetal.Data.Binding;
using BareMetal.Data.Functions;
using BareMetal.Data.Functions.Scalars;
using BareMetal.Data.Planning;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Expressions;

/// <summary>Turns bound expressions into evaluators.</summary>
internal static class ExpressionCompiler
{
    public static Evaluator Compile(BoundExpression expression, IReadOnlyList<PlanColumn> input, OperatorBuilder builder)
    {
        switch (expression)
        {
            case BoundColumn column:
                for (int i = 0; i < input.Count; i++)
                {
                    if (ReferenceEquals(input[i], column.Column))
                        return new ColumnEvaluator(i, column.Type);
                }

                return new FixedEvaluator(builder.OuterVector(column.Column));
            case BoundConstant constant:
                return new FixedEvaluator(ConstantTools.ToVector(constant));
            case BoundParameter parameter:
                return new ParameterEvaluator(parameter.Index, parameter.Type);
            case BoundCall call when JsonGetKernel.TryChain(call, out JsonGetKernel? get, out IReadOnlyList<BoundExpression>? chain):
                return new CallEvaluator(CompileAll(chain, input, builder), get, false, call.Type);
            case BoundCall call:
            {
                Evaluator[] arguments = CompileAll(call.Arguments, input, builder);
                ScalarKernel kernel = call.Function.CreateKernel([.. call.Arguments.Select(a => a.Type)], call.Type);
                return new CallEvaluator(arguments, kernel, call.Function.Volatility == Volatility.Volatile, call.Type);
            }

            case BoundCast cast:
            {
                if (cast.Operand is BoundConstant { Value.IsNull: true })
                    return new FixedEvaluator(ConstantTools.ToVector(new BoundConstant(Value.Null(cast.Type.Kind), cast.Type)));
                Evaluator operand = Compile(cast.Operand, input, builder);
                ScalarKernel? kernel = CastTools.CreateKernel(cast.Operand.Type, cast.Type);
                return kernel is null ? operand : new CallEvaluator([operand], kernel, false, cast.Type);
            }

            case BoundLogical logical:
                return new LogicalEvaluator(
                    logical.IsAnd,
                    CompileAll(logical.Terms, input, builder),
                    [.. logical.Terms.Select(t => new SubBatch([t], input))]);
            case BoundNot not:
                return new NotEvaluator(Compile(not.Operand, input, builder));
            case BoundIsNull isNull:
                return new IsNullEvaluator(Compile(isNull.Operand, input, builder), isNull.IsNegated);
            case BoundCase @case:
                return CompileCase(@case, input, builder);
            case BoundCoalesce coalesce:
                return new CoalesceEvaluator(
                    [.. coalesce.Arguments.Select(a => CompileAs(a, coalesce.Type, input, builder))],
                    [.. coalesce.Arguments.Select(a => new SubBatch([a], input))],
                    coalesce.Type);
            case BoundInList inList:
            {
                Evaluator operand = Compile(inList.Operand, input, builder);
                Evaluator[] items = [.. inList.Items.Select(i => CompileAs(i, inList.Operand.Type, input, builder))];
                return inList.Items.All(IsFixed) ? new InSetEvaluator(operand, items, inList.IsNegated) : new InListEvaluator(operand, items, inList.IsNegated);
            }

            case BoundQuantifiedArray quantified:
                return CompileQuantified(quantified, input, builder);
            case BoundArray array:
                return new ArrayEvaluator(CompileAll(array.Items, input, builder), array.Type);
            case NarrowedInteger narrowed:
                return new NarrowEvaluator(Compile(narrowed.Operand, input, builder), narrowed.Type);
            case BoundSubquery subquery:
                return CompileSubquery(subquery, input, builder);
            default:
                throw new BareMetalException(SqlStates.InternalError, $"{expression.GetType().Name} stands where it cannot be evaluated.");
        }
    }

    public static Evaluator[] CompileAll(IReadOnlyList<BoundExpression> expressions, IReadOnlyList<PlanColumn> input, OperatorBuilder builder)
    {
        Evaluator[] result = new Evaluator[expressions.Count];
        for (int i = 0; i < result.Length; i++)
            result[i] = Compile(expressions[i], input, builder);
        return result;
    }

    /// <summary>Evaluates an expression without columns to one value.</summary>
    public static Value EvaluateConstant(BoundExpression expression, QueryContext context)
    {
        OperatorBuilder builder = new(new PhysicalPlanner(new PlannerOptions()));
        context.RunNumber++;
        return builder.Compile(expression, []).Evaluate(new Batch([]) { Count = 1 }, context).GetValue(0);
    }

    /// <summary>Whether it is the same for the whole run of a statement: no columns, outer ones included, no subqueries, nothing volatile.</summary>
    public static bool IsFixed(BoundExpression expression) => !ExpressionTools.Any(expression, e =>
        e is BoundColumn or BoundSubquery || (e is BoundCall call && call.Function.Volatility == Volatility.Volatile));

    /// <summary>An untyped null takes the type of its surroundings.</summary>
    private static Evaluator CompileAs(BoundExpression expression, SqlType type, IReadOnlyList<PlanColumn> input, OperatorBuilder builder)
    {
        if (expression is BoundConstant { Value.IsNull: true })
            return new FixedEvaluator(ConstantTools.ToVector(new BoundConstant(Value.Null(type.Kind), type)));
        return Compile(expression, input, builder);
    }

    private static CaseEvaluator CompileCase(BoundCase @case, IReadOnlyList<PlanColumn> input, OperatorBuilder builder)
    {
        List<BoundExpression> results = [.. @case.Whens.Select(w => w.Result)];
        if (@case.Else is not null)
            results.Add(@case.Else);
        return new CaseEvaluator(
            [.. @case.Whens.Select(w => Compile(w.Condition, input, builder))],
            [.. @case.Whens.Select(w => new SubBatch([w.Condition], input))],
            [.. results.Select(r => CompileAs(r, @case.Type, input, builder))],
            [.. results.Select(r => new SubBatch([r], input))],
            @case.Type);
    }

    private static Evaluator CompileQuantified(BoundQuantifiedArray quantified, IReadOnlyList<PlanColumn> input, OperatorBuilder builder)
    {
        Evaluator operand = Compile(quantified.Operand, input, builder);
        Evaluator array = Compile(quantified.Array, input, builder);
        SqlType element = quantified.Array.Type.Element ?? quantified.Operand.Type;
        string name = quantified.Comparison.Name;
        bool isSet = (name == "=" && !quantified.IsAll) || (name is "<>" or "!=" && quantified.IsAll);
        if (isSet && IsFixed(quantified.Array) && element.Kind == quantified.Operand.Type.Kind)
            return new ArraySetEvaluator(operand, array, quantified.IsAll);
        ScalarKernel kernel = quantified.Comparison.CreateKernel([quantified.Operand.Type, element], SqlType.Boolean);
        return new QuantifiedArrayEvaluator(operand, array, kernel, element, quantified.IsAll);
    }

    private static SubqueryEvaluator CompileSubquery(BoundSubquery subquery, IReadOnlyList<PlanColumn> input, OperatorBuilder builder)
    {
        SubqueryPlan plan = builder.Planner.PlanSubquery(subquery);
        List<(Evaluator, Vector)> bindings = [];
        List<Vector> outer = [];
        foreach (PlanColumn column in plan.Outer)
        {
            Vector vector = builder.OuterVector(column);
            outer.Add(vector);
            BoundExpression? source = input.Contains(column) ? new BoundColumn(column) : null;
            foreach ((PlanColumn computed, BoundExpression expression) in plan.Computed)
            {
                if (ReferenceEquals(computed, column))
                    source = expression;
            }

            if (source is not null)
                bindings.Add((Compile(source, input, builder), vector));
        }

        ScalarKernel[] comparisons = new ScalarKernel[subquery.Comparisons.Count];
        for (int i = 0; i < comparisons.Length; i++)
            comparisons[i] = subquery.Comparisons[i].CreateKernel([subquery.Operands[i].Type, subquery.Plan.Output[i].Type], SqlType.Boolean);
        SubqueryEvaluator evaluator = new(
            subquery,
            plan,
            plan.Root.Build(builder),
            CompileAll(subquery.Operands, input, builder),
            comparisons,
            [.. bindings],
            [.. outer]);
        builder.RunScoped.Add(evaluator);
        return evaluator;
    }
}
