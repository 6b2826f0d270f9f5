using BareMetal.Data.Binding;
using BareMetal.Data.Execution;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Functions;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Planning.Rules;

/// <summary>Computes what is constant when the plan is made, and simplifies logic. An error stays for the run, if that ever comes to it.</summary>
internal static class ConstantFolding
{
    /// <summary>Plans are kept: what a function makes is kept with them up to this many bytes, and built in each run beyond.</summary>
    private const long LargestConstant = 1 << 20;

    private static readonly BoundConstant True = new(Value.From(SqlTypeKind.Boolean, true), SqlType.Boolean);
    private static readonly BoundConstant False = new(Value.From(SqlTypeKind.Boolean, false), SqlType.Boolean);
    private static readonly BoundConstant Null = new(Value.Null(SqlTypeKind.Boolean), SqlType.Boolean);

    public static LogicalOperator Apply(LogicalOperator plan)
    {
        LogicalOperator op = LogicalTools.MapInputs(plan, Apply);
        op = LogicalTools.MapExpressions(op, Fold);
        if (op is LogicalFilter filter)
        {
            if (ConstantTools.IsTrue(filter.Predicate))
                return filter.Input;
            if (ConstantTools.IsNeverTrue(filter.Predicate) && !LogicalTools.Any(filter.Input, o => o is LogicalScan { RowKey: not null }))
                return new LogicalValues([], filter.Output);
        }

        return op;
    }

    public static BoundExpression Fold(BoundExpression expression)
    {
        BoundExpression e = ExpressionTools.MapChildren(expression, Fold);
        switch (e)
        {
            case BoundCall { Function: { Volatility: Volatility.Immutable, IsStrict: true } } strict when strict.Arguments.Any(IsNullConstant):
                return new BoundConstant(Value.Null(strict.Type.Kind), strict.Type);
            case BoundCall { Function.Volatility: Volatility.Immutable } call when call.Arguments.All(a => a is BoundConstant):
                return Evaluate(call);
            case BoundCast { Operand: BoundConstant } cast:
                if (Casts.Find(cast.Operand.Type, cast.Type) is { Volatility: Volatility.Immutable })
                    return Evaluate(cast);
                return e;
            case BoundNot { Operand: BoundConstant constant }:
                return constant.Value.IsNull ? Null : constant.Value.As<bool>() ? False : True;
            case BoundNot { Operand: BoundNot inner }:
                return inner.Operand;
            case BoundNot { Operand: BoundCall { Function.Name: "=" or "<>" or "<" or "<=" or ">" or ">=" } compared } when Comparisons.Negate(compared) is { } negated:
                return negated;
            case BoundNot { Operand: BoundSubquery { Kind: SubqueryKind.Any, Operands.Count: 1 } }:
                return e;
            case BoundIsNull { Operand: BoundConstant constant } isNull:
                return constant.Value.IsNull != isNull.IsNegated ? True : False;
            case BoundLogical logical:
                return FoldLogical(logical);
            case BoundCase @case:
                return FoldCase(@case);
            case BoundCoalesce coalesce:
            {
                List<BoundExpression> arguments = [];
                foreach (BoundExpression argument in coalesce.Arguments)
                {
                    if (IsNullConstant(argument))
                        continue;
                    arguments.Add(argument);
                    if (argument is BoundConstant)
                        break;
                }

                return arguments.Count switch
                {
                    0 => new BoundConstant(Value.Null(coalesce.Type.Kind), coalesce.Type),
                    1 when arguments[0].Type.Equals(coalesce.Type) => arguments[0],
                    _ => arguments.Count == coalesce.Arguments.Count ? coalesce : coalesce with { Arguments = arguments },
                };
            }

            case BoundInList { Items.Count: 0 } inList:
                return inList.IsNegated ? True : False;
            case BoundArray array when array.Items.All(i => i is BoundConstant):
                return Evaluate(array);
            default:
                return e;
        }
    }

    private static bool IsNullConstant(BoundExpression e) => e is BoundConstant { Value.IsNull: true };

    private static BoundExpression FoldLogical(BoundLogical logical)
    {
        List<BoundExpression> terms = [];
        bool changed = false;
        foreach (BoundExpression term in logical.Terms)
        {
            if (term is BoundConstant { Value.IsNull: false } constant)
            {
                if (constant.Value.As<bool>() != logical.IsAnd)
                    return logical.IsAnd ? False : True;
                changed = true;
                continue;
            }

            if (term is BoundLogical nested && nested.IsAnd == logical.IsAnd)
            {
                terms.AddRange(nested.Terms);
                changed = true;
                continue;
            }

            terms.Add(term);
        }

        if (!changed)
            return logical;
        return terms.Count switch
        {
            0 => logical.IsAnd ? True : False,
            1 => terms[0],
            _ => new BoundLogical(logical.IsAnd, terms),
        };
    }

    private static BoundExpression FoldCase(BoundCase @case)
    {
        List<BoundWhen> whens = [];
        BoundExpression? otherwise = @case.Else;
        bool changed = false;
        foreach (BoundWhen when in @case.Whens)
        {
            if (ConstantTools.IsNeverTrue(when.Condition))
            {
                changed = true;
                continue;
            }

            if (ConstantTools.IsTrue(when.Condition))
            {
                otherwise = when.Result;
                changed = true;
                break;
            }

            whens.Add(when);
        }

        if (!changed)
            return @case;
        if (whens.Count > 0)
            return @case with { Whens = whens, Else = otherwise };
        if (otherwise is null || IsNullConstant(otherwise))
            return new BoundConstant(Value.Null(@case.Type.Kind), @case.Type);
        return otherwise.Type.Kind == @case.Type.Kind ? otherwise : @case with { Whens = [new BoundWhen(True, otherwise)], Else = null };
    }

    private static BoundExpression Evaluate(BoundExpression expression)
    {
        try
        {
            QueryContext context = new() { Functions = FoldingContext.Instance, Memory = new MemoryBudget(0) { Headroom = LargestConstant } };
            return new BoundConstant(ExpressionCompiler.EvaluateConstant(expression, context), expression.Type);
        }
        catch (BareMetalException)
        {
            // The error belongs to the run: the expression may never be evaluated there.
            return expression;
        }
    }
}
