using BareMetal.Data.Binding;

namespace BareMetal.Data.Planning;

/// <summary>Whether a condition can only be true when a column is not null.</summary>
internal static class NullRejection
{
    public static bool Rejects(BoundExpression condition, PlanColumn column) => Rejects(condition, c => ReferenceEquals(c, column));

    /// <summary>Whether the condition is not true when all these columns are null.</summary>
    public static bool Rejects(BoundExpression condition, Func<PlanColumn, bool> isNull) => condition switch
    {
        BoundLogical { IsAnd: true } and => Any(and.Terms, t => Rejects(t, isNull)),
        BoundLogical or => All(or.Terms, t => Rejects(t, isNull)),
        BoundNot not => GivesNull(not.Operand, isNull),
        BoundIsNull { IsNegated: true } notNull => GivesNull(notNull.Operand, isNull),
        BoundQuantifiedArray { IsAll: false } any => GivesNull(any.Operand, isNull),
        _ => GivesNull(condition, isNull),
    };

    /// <summary>Whether the expression is null when the columns are.</summary>
    public static bool GivesNull(BoundExpression expression, Func<PlanColumn, bool> isNull) => expression switch
    {
        BoundColumn column => isNull(column.Column),
        BoundConstant constant => constant.Value.IsNull,
        BoundCall call => call.Function.IsStrict && Any(call.Arguments, a => GivesNull(a, isNull)),
        BoundCast cast => GivesNull(cast.Operand, isNull),
        BoundNot not => GivesNull(not.Operand, isNull),
        BoundInList inList => GivesNull(inList.Operand, isNull),
        BoundCoalesce coalesce => All(coalesce.Arguments, a => GivesNull(a, isNull)),
        BoundLogical { IsAnd: true } and => All(and.Terms, t => GivesNull(t, isNull)),
        BoundLogical or => All(or.Terms, t => GivesNull(t, isNull)),
        _ => false,
    };

    private static bool Any(IReadOnlyList<BoundExpression> expressions, Func<BoundExpression, bool> condition)
    {
        foreach (BoundExpression e in expressions)
        {
            if (condition(e))
                return true;
        }

        return false;
    }

    private static bool All(IReadOnlyList<BoundExpression> expressions, Func<BoundExpression, bool> condition)
    {
        foreach (BoundExpression e in expressions)
        {
            if (!condition(e))
                return false;
        }

        return true;
    }
}
