using System.Diagnostics.CodeAnalysis;
using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore.Query;
using Microsoft.EntityFrameworkCore.Query.SqlExpressions;

namespace BareMetal.Data.EntityFrameworkCore.Query;

/// <summary>Gives C#'s two-valued logic to SQL's three-valued one.</summary>
public sealed class BareMetalSqlNullabilityProcessor : SqlNullabilityProcessor
{
    private readonly ISqlExpressionFactory _factory;

    /// <summary>Creates a processor.</summary>
    /// <param name="dependencies">Services that all processors share.</param>
    /// <param name="parameters">How nulls and collections are treated.</param>
    public BareMetalSqlNullabilityProcessor(
        RelationalParameterBasedSqlProcessorDependencies dependencies,
        RelationalParameterBasedSqlProcessorParameters parameters)
        : base(dependencies, parameters)
        => _factory = dependencies.SqlExpressionFactory;

    /// <inheritdoc />
    // A test of the engine is null for null; in C# it is false wherever the difference shows.
    protected override SqlExpression VisitSqlFunction(
        SqlFunctionExpression sqlFunctionExpression,
        bool allowOptimizedExpansion,
        out bool nullable)
    {
        var visited = base.VisitSqlFunction(sqlFunctionExpression, allowOptimizedExpansion, out nullable);
        if (nullable
            && !allowOptimizedExpansion
            && !UseRelationalNulls
            && visited is SqlFunctionExpression
            {
                IsBuiltIn: true,
                Name: "starts_with" or "ends_with" or "contains" or "regex_is_match" or "time_is_between" or "is_nan" or "is_infinity"
                    or "is_finite" or "is_positive_infinity" or "is_negative_infinity",
            })
        {
            nullable = false;
            return _factory.Coalesce(visited, _factory.Constant(false));
        }

        return visited;
    }

    /// <inheritdoc />
    protected override bool PreferExistsToInWithCoalesce
        => false;

    /// <inheritdoc />
    [SuppressMessage("Usage", "EF1001", Justification = "A provider's hook.")]
    protected override bool IsCollectionTable(TableExpressionBase table, [NotNullWhen(true)] out Expression? collection)
    {
        if (table is TableValuedFunctionExpression { Name: "unnest", IsBuiltIn: true, Schema: null, Arguments: [var argument] })
        {
            collection = argument;
            return true;
        }

        return base.IsCollectionTable(table, out collection);
    }

    /// <inheritdoc />
    [SuppressMessage("Usage", "EF1001", Justification = "A provider's hook.")]
    protected override TableExpressionBase UpdateParameterCollection(
        TableExpressionBase table,
        SqlParameterExpression newCollectionParameter)
        => table is TableValuedFunctionExpression { Name: "unnest", IsBuiltIn: true, Schema: null } unnest
            ? unnest.Update([newCollectionParameter])
            : base.UpdateParameterCollection(table, newCollectionParameter);
}
