using Microsoft.EntityFrameworkCore.Query;
using Microsoft.EntityFrameworkCore.Query.SqlExpressions;

namespace BareMetal.Data.EntityFrameworkCore.Query.Translators;

internal static class Aggregate
{
    internal static readonly bool[] NoPropagation = [false];

    /// <summary>Folds a source's predicate and its DISTINCT into the argument of an aggregate.</summary>
    internal static SqlExpression Argument(BareMetalSqlExpressionFactory factory, EnumerableExpression source, SqlExpression argument)
    {
        if (source.Predicate is not null)
        {
            if (argument is SqlFragmentExpression)
                argument = factory.Constant(1);
            argument = factory.Case([new CaseWhenClause(source.Predicate, argument)], elseResult: null);
        }

        return source.IsDistinct ? new DistinctExpression(argument) : argument;
    }
}
