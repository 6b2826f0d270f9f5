using System.Diagnostics.CodeAnalysis;
using System.Linq.Expressions;
using BareMetal.Data.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.Query;
using Microsoft.EntityFrameworkCore.Query.SqlExpressions;
using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Query;

/// <summary>Gives collection parameters and inline collections the element type that the rest of the query implies.</summary>
public sealed class BareMetalTypeMappingPostprocessor : RelationalTypeMappingPostprocessor
{
    private readonly ISqlExpressionFactory _factory;
    private IReadOnlySet<(string Alias, string Column)> _widened = EmptyColumns;

    private static readonly IReadOnlySet<(string Alias, string Column)> EmptyColumns = new HashSet<(string Alias, string Column)>();

    /// <summary>Creates a postprocessor.</summary>
    /// <param name="dependencies">Services that all postprocessors share.</param>
    /// <param name="relationalDependencies">Services that relational postprocessors share.</param>
    /// <param name="queryCompilationContext">The query that is compiled.</param>
    public BareMetalTypeMappingPostprocessor(
        QueryTranslationPostprocessorDependencies dependencies,
        RelationalQueryTranslationPostprocessorDependencies relationalDependencies,
        RelationalQueryCompilationContext queryCompilationContext)
        : base(dependencies, relationalDependencies, queryCompilationContext)
        => _factory = relationalDependencies.SqlExpressionFactory;

    /// <inheritdoc />
    public override Expression Process(Expression expression)
    {
        var scanner = new TextUseScanner();
        scanner.Visit(expression);
        _widened = scanner.FindWidened();
        return base.Process(expression);
    }

    /// <inheritdoc />
    protected override bool TryGetInferredTypeMapping(
        string tableAlias,
        string columnName,
        [NotNullWhen(true)] out RelationalTypeMapping? inferredTypeMapping)
    {
        if (_widened.Contains((tableAlias, columnName)))
        {
            inferredTypeMapping = BareMetalStringTypeMapping.Default;
            return true;
        }

        return base.TryGetInferredTypeMapping(tableAlias, columnName, out inferredTypeMapping);
    }

    /// <inheritdoc />
    protected override Expression VisitExtension(Expression expression)
    {
        if (expression is TableValuedFunctionExpression { Name: "unnest", IsBuiltIn: true, Schema: null, Arguments: [var array] } unnest
            && array.TypeMapping is null
            && TryGetInferredTypeMapping(unnest.Alias, BareMetalQuerySqlGenerator.ValueColumn, out var elementMapping))
        {
            return unnest.Update(
                [_factory.ApplyTypeMapping(array, BareMetalTypeMappingSource.GetArrayMapping(array.Type, elementMapping))]);
        }

        return base.VisitExtension(expression);
    }

    // Finds collections of strings that are compared with columns of different lengths: with a varchar(5) and a text, say. Lengths are
    // limits of what a column stores and never change a comparison, so that such a collection can be text. EF Core refuses it.
    private sealed class TextUseScanner : ExpressionVisitor
    {
        private readonly HashSet<string> _collections = [];
        private readonly Dictionary<(string Alias, string Column), HashSet<string>?> _storeTypes = [];

        public IReadOnlySet<(string Alias, string Column)> FindWidened()
        {
            HashSet<(string Alias, string Column)>? widened = null;
            foreach (var (column, storeTypes) in _storeTypes)
            {
                if (storeTypes is { Count: > 1 } && _collections.Contains(column.Alias))
                    (widened ??= []).Add(column);
            }

            return widened ?? EmptyColumns;
        }

        protected override Expression VisitExtension(Expression node)
        {
            switch (node)
            {
                case ShapedQueryExpression shaped:
                    Visit(shaped.QueryExpression);
                    return shaped;

                case ValuesExpression values:
                    _collections.Add(values.Alias);
                    break;

                case TableValuedFunctionExpression { Name: "unnest", IsBuiltIn: true, Schema: null } unnest:
                    _collections.Add(unnest.Alias);
                    break;

                case ColumnExpression { TypeMapping: { } mapping } column:
                    Record(column, mapping);
                    break;

                case InExpression
                {
                    Item.TypeMapping: { } mapping, Subquery.Projection: [{ Expression: ColumnExpression { TypeMapping: null } column }],
                }:
                    Record(column, mapping);
                    break;

                case ScalarSubqueryExpression
                {
                    TypeMapping: { } mapping, Subquery.Projection: [{ Expression: ColumnExpression { TypeMapping: null } column }],
                }:
                    Record(column, mapping);
                    break;
            }

            return base.VisitExtension(node);
        }

        // Null marks a column with another use than one as text of some length: that conflict is EF Core's to report.
        private void Record(ColumnExpression column, RelationalTypeMapping mapping)
        {
            var key = (column.TableAlias, column.Name);
            if (mapping is not BareMetalStringTypeMapping { IsFixedLength: false, StoreTypeNameBase: "text" or "varchar", Converter: null })
                _storeTypes[key] = null;
            else if (!_storeTypes.TryGetValue(key, out var storeTypes))
                _storeTypes.Add(key, [mapping.StoreType]);
            else
                storeTypes?.Add(mapping.StoreType);
        }
    }
}
