using System.Diagnostics.CodeAnalysis;
using System.Linq.Expressions;
using System.Reflection;
using BareMetal.Data.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Query;
using Microsoft.EntityFrameworkCore.Query.SqlExpressions;
using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Query;

/// <summary>
/// Translates LINQ operators. Collections become rows of value and ordinality: parameters through <c>unnest</c>, JSON columns and
/// members through <c>json_array_elements</c>.
/// </summary>
public sealed class BareMetalQueryableMethodTranslatingExpressionVisitor : RelationalQueryableMethodTranslatingExpressionVisitor
{
    private readonly IRelationalTypeMappingSource _typeMappingSource;
    private readonly BareMetalSqlExpressionFactory _factory;
    private readonly SqlAliasManager _aliasManager;

    /// <summary>Creates a translator.</summary>
    /// <param name="dependencies">Services that all translators share.</param>
    /// <param name="relationalDependencies">Services that relational translators share.</param>
    /// <param name="queryCompilationContext">The query that is compiled.</param>
    public BareMetalQueryableMethodTranslatingExpressionVisitor(
        QueryableMethodTranslatingExpressionVisitorDependencies dependencies,
        RelationalQueryableMethodTranslatingExpressionVisitorDependencies relationalDependencies,
        RelationalQueryCompilationContext queryCompilationContext)
        : base(dependencies, relationalDependencies, queryCompilationContext)
    {
        _typeMappingSource = relationalDependencies.TypeMappingSource;
        _factory = (BareMetalSqlExpressionFactory)relationalDependencies.SqlExpressionFactory;
        _aliasManager = queryCompilationContext.SqlAliasManager;
    }

    private BareMetalQueryableMethodTranslatingExpressionVisitor(BareMetalQueryableMethodTranslatingExpressionVisitor parent)
        : base(parent)
    {
        _typeMappingSource = parent._typeMappingSource;
        _factory = parent._factory;
        _aliasManager = parent._aliasManager;
    }

    /// <inheritdoc />
    protected override QueryableMethodTranslatingExpressionVisitor CreateSubqueryVisitor()
        => new BareMetalQueryableMethodTranslatingExpressionVisitor(this);

    private RelationalTypeMapping OrdinalityMapping
        => _typeMappingSource.FindMapping(typeof(long))!;

    /// <inheritdoc />
    protected override ShapedQueryExpression? TranslatePrimitiveCollection(
        SqlExpression sqlExpression,
        IProperty? property,
        string tableAlias)
    {
        var elementType = GetElementType(sqlExpression.Type);
        var elementMapping = (RelationalTypeMapping?)sqlExpression.TypeMapping?.ElementTypeMapping;
        var elementNullable = property?.GetElementType() is { } element
            ? element.IsNullable
            : !elementType.IsValueType || Nullable.GetUnderlyingType(elementType) is not null;

        var isJson = sqlExpression.TypeMapping is not (null or BareMetalArrayTypeMapping);
        TableExpressionBase table;
        SqlExpression value;
        if (!isJson)
        {
            table = new TableValuedFunctionExpression(tableAlias, "unnest", [sqlExpression]);
            value = new ColumnExpression(
                BareMetalQuerySqlGenerator.ValueColumn, tableAlias, elementType.UnwrapNullable(), elementMapping, elementNullable);
        }
        else
        {
            var prefix = IsJsonb(sqlExpression) ? "jsonb" : "json";
            var collection = sqlExpression.TypeMapping!.StoreType is "json" or "jsonb"
                ? sqlExpression
                : _factory.Convert(sqlExpression, sqlExpression.Type, BareMetalStringTypeMapping.Json);
            table = new TableValuedFunctionExpression(tableAlias, prefix + "_array_elements_text", [collection]);
            value = ElementFromText(
                new ColumnExpression(
                    BareMetalQuerySqlGenerator.ValueColumn,
                    tableAlias,
                    typeof(string),
                    BareMetalStringTypeMapping.Default,
                    elementNullable),
                elementType.UnwrapNullable(),
                elementMapping!);
        }

        var ordinality = new ColumnExpression(
            BareMetalQuerySqlGenerator.OrdinalityColumn, tableAlias, typeof(long), OrdinalityMapping, nullable: false);
        var select = new SelectExpression([table], value, [(ordinality, OrdinalityMapping.Comparer)], _aliasManager);
        select.AppendOrdering(new OrderingExpression(ordinality, ascending: true));

        var nullableType = elementType.IsValueType ? typeof(Nullable<>).MakeGenericType(elementType.UnwrapNullable()) : elementType;
        Expression shaper = new ProjectionBindingExpression(select, new ProjectionMember(), nullableType);
        if (shaper.Type != elementType)
            shaper = Expression.Convert(shaper, elementType);
        return new ShapedQueryExpression(select, shaper);
    }

    // A member has the type of its document, whatever its property would have in a column of its own.
    private static bool IsJsonb(SqlExpression expression)
        => expression is JsonScalarExpression { Json: var document } ? IsJsonb(document) : expression.TypeMapping?.StoreType == "jsonb";

    // The elements of a JSON array come out as text, in the form in which EF Core's JSON writers wrote them.
    private SqlExpression ElementFromText(ColumnExpression text, Type elementType, RelationalTypeMapping mapping)
        => mapping switch
        {
            BareMetalStringTypeMapping { StoreType: "text" } when elementType == typeof(string) => text,
            BareMetalByteArrayTypeMapping => _factory.Strict(
                "decode", [text, _factory.Constant("base64")], elementType, mapping),
            _ => _factory.Convert(text, elementType, mapping),
        };

    private static Type GetElementType(Type collectionType)
    {
        if (collectionType.IsArray)
            return collectionType.GetElementType()!;
        if (collectionType.IsGenericType && collectionType.GetGenericTypeDefinition() == typeof(IEnumerable<>))
            return collectionType.GetGenericArguments()[0];
        foreach (var candidate in collectionType.GetInterfaces())
        {
            if (candidate.IsGenericType && candidate.GetGenericTypeDefinition() == typeof(IEnumerable<>))
                return candidate.GetGenericArguments()[0];
        }

        throw new InvalidOperationException($"The type {collectionType} is not a collection.");
    }

    /// <inheritdoc />
    // SELECT value -> 'A' AS "A", … FROM json_array_elements(document) in a subquery, over which the rest of the query is built.
    [SuppressMessage("Usage", "EF1001", Justification = "EF Core offers the construction of JSON selects to providers here.")]
    protected override ShapedQueryExpression TransformJsonQueryToTable(JsonQueryExpression jsonQueryExpression)
    {
        var structuralType = jsonQueryExpression.StructuralType;
        var lastName = jsonQueryExpression.Path.LastOrDefault(segment => segment.PropertyName is not null).PropertyName;
        var alias = _aliasManager.GenerateTableAlias(lastName ?? jsonQueryExpression.JsonColumn.Name);
        var columnMapping = jsonQueryExpression.JsonColumn.TypeMapping
            ?? throw new InvalidOperationException("A JSON column has no type mapping.");
        var documentMapping = columnMapping.StoreType == "jsonb" ? BareMetalJsonTypeMapping.Jsonb : BareMetalJsonTypeMapping.Default;

        var document = new JsonScalarExpression(
            jsonQueryExpression.JsonColumn, jsonQueryExpression.Path, typeof(string), documentMapping, jsonQueryExpression.IsNullable);
        var table = new TableValuedFunctionExpression(alias, documentMapping.StoreType + "_array_elements", [document]);

        var select = CreateSelect(
            jsonQueryExpression, table, BareMetalQuerySqlGenerator.OrdinalityColumn, typeof(long), OrdinalityMapping);
        var ordinality = new ColumnExpression(
            BareMetalQuerySqlGenerator.OrdinalityColumn, alias, typeof(long), OrdinalityMapping, nullable: false);
        select.AppendOrdering(new OrderingExpression(ordinality, ascending: true));

        var element = new ColumnExpression(
            BareMetalQuerySqlGenerator.ValueColumn, alias, typeof(string), documentMapping, nullable: false);
        var members = new Dictionary<ProjectionMember, Expression>();
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);

        foreach (var property in structuralType.GetProperties())
        {
            if (property.GetJsonPropertyName() is { } name)
                AddMember(name, property.ClrType.UnwrapNullable(), property.GetRelationalTypeMapping(), property.IsNullable);
        }

        if (structuralType is IEntityType entityType)
        {
            foreach (var navigation in entityType.GetNavigations())
            {
                if (navigation.ForeignKey.IsOwnership
                    && navigation.TargetEntityType.IsMappedToJson()
                    && navigation.ForeignKey.PrincipalToDependent == navigation
                    && navigation.TargetEntityType.GetJsonPropertyName() is { } name)
                    AddMember(name, typeof(string), documentMapping, !navigation.ForeignKey.IsRequiredDependent);
            }
        }

        foreach (var complexProperty in structuralType.GetComplexProperties())
        {
            if (complexProperty.ComplexType.GetJsonPropertyName() is { } name)
                AddMember(name, typeof(string), documentMapping, jsonQueryExpression.IsNullable || complexProperty.IsNullable);
        }

        select.ReplaceProjection(members);
        select.PushdownIntoSubquery();
        var subquery = select.Tables[0];
        var outer = CreateSelect(
            jsonQueryExpression, subquery, BareMetalQuerySqlGenerator.OrdinalityColumn, typeof(long), OrdinalityMapping);
        outer.AppendOrdering(
            new OrderingExpression(
                new ColumnExpression(
                    BareMetalQuerySqlGenerator.OrdinalityColumn, subquery.Alias!, typeof(long), OrdinalityMapping, nullable: false),
                ascending: true));

        return new ShapedQueryExpression(
            outer,
            new RelationalStructuralTypeShaperExpression(
                structuralType,
                new ProjectionBindingExpression(outer, new ProjectionMember(), typeof(ValueBuffer)),
                false));

        void AddMember(string name, Type type, RelationalTypeMapping mapping, bool nullable)
        {
            // The members become columns, whose names do not regard capitals.
            if (!names.Add(name))
            {
                throw new InvalidOperationException(
                    $"The JSON members '{names.First(n => n.Equals(name, StringComparison.OrdinalIgnoreCase))}' and '{name}' of "
                    + $"'{structuralType.DisplayName()}' differ in capitals only, so that queries can't go into a collection of them. "
                    + "Give one of them another name with HasJsonPropertyName.");
            }

            SqlExpression member = new JsonScalarExpression(element, [new PathSegment(name)], type, mapping, nullable);

            // A collection in jsonb becomes a column of its property's type, by which what uses it will go.
            if (mapping.StoreType == "json" && documentMapping.StoreType == "jsonb")
                member = _factory.Convert(member, type, mapping);
            members[new ProjectionMember().Append(new JsonMember(name))] = member;
        }
    }

    /// <inheritdoc />
    protected override ShapedQueryExpression? TranslateAny(ShapedQueryExpression source, LambdaExpression? predicate)
        => predicate is null && TryGetBareCollection(source, out var length)
            ? source.UpdateQueryExpression(
                new SelectExpression(_factory.GreaterThan(length, _factory.Constant(0)), _aliasManager))
            : base.TranslateAny(source, predicate);

    /// <inheritdoc />
    protected override ShapedQueryExpression? TranslateCount(ShapedQueryExpression source, LambdaExpression? predicate)
        => predicate is null && TryGetBareCollection(source, out var length)
            ? source.UpdateQueryExpression(new SelectExpression(length, _aliasManager))
            : base.TranslateCount(source, predicate);

    /// <inheritdoc />
    // Distinct elements are told apart by their value, which has to be a column for that and not the conversion of one.
    protected override ShapedQueryExpression TranslateDistinct(ShapedQueryExpression source)
    {
        if (source.QueryExpression is SelectExpression
            {
                Tables: [TableValuedFunctionExpression { IsBuiltIn: true, Name: "json_array_elements_text" or "jsonb_array_elements_text" }],
                Limit: null,
                Offset: null,
            } select
            && GetProjection(source, select) is not ColumnExpression)
            select.PushdownIntoSubquery();
        return base.TranslateDistinct(source);
    }

    /// <inheritdoc />
    protected override ShapedQueryExpression? TranslateOrderBy(ShapedQueryExpression source, LambdaExpression keySelector, bool ascending)
    {
        CloseDistinct(source);
        return base.TranslateOrderBy(source, keySelector, ascending);
    }

    /// <inheritdoc />
    protected override ShapedQueryExpression? TranslateJoin(
        ShapedQueryExpression outer,
        ShapedQueryExpression inner,
        LambdaExpression outerKeySelector,
        LambdaExpression innerKeySelector,
        LambdaExpression resultSelector)
    {
        CloseDistinct(outer);
        CloseDistinct(inner);
        return base.TranslateJoin(outer, inner, outerKeySelector, innerKeySelector, resultSelector);
    }

    /// <inheritdoc />
    protected override ShapedQueryExpression? TranslateLeftJoin(
        ShapedQueryExpression outer,
        ShapedQueryExpression inner,
        LambdaExpression outerKeySelector,
        LambdaExpression innerKeySelector,
        LambdaExpression resultSelector)
    {
        CloseDistinct(outer);
        CloseDistinct(inner);
        return base.TranslateLeftJoin(outer, inner, outerKeySelector, innerKeySelector, resultSelector);
    }

    /// <summary>
    /// Makes DISTINCT a subquery before a key over it is translated. Otherwise the key is translated inside and then moved out; where it
    /// was simplified on the way its columns are added to those that are made distinct, which gives more rows.
    /// </summary>
    private static void CloseDistinct(ShapedQueryExpression source)
    {
        if (source.QueryExpression is SelectExpression { IsDistinct: true } select)
            select.PushdownIntoSubquery();
    }

    /// <inheritdoc />
    // The rows of the inner side stay whatever the outer side's condition says, so that it has to be tested before the join.
    protected override ShapedQueryExpression? TranslateRightJoin(
        ShapedQueryExpression outer,
        ShapedQueryExpression inner,
        LambdaExpression outerKeySelector,
        LambdaExpression innerKeySelector,
        LambdaExpression resultSelector)
    {
        CloseDistinct(outer);
        CloseDistinct(inner);
        if (outer.QueryExpression is SelectExpression { Predicate: not null } select)
            select.PushdownIntoSubquery();
        return base.TranslateRightJoin(outer, inner, outerKeySelector, innerKeySelector, resultSelector);
    }

    /// <inheritdoc />
    // An element of a whole JSON array is reached by its path.
    protected override ShapedQueryExpression? TranslateElementAtOrDefault(
        ShapedQueryExpression source,
        Expression index,
        bool returnDefault)
    {
        if (!returnDefault
            && source.QueryExpression is SelectExpression
            {
                Tables: [TableValuedFunctionExpression
                {
                    IsBuiltIn: true,
                    Schema: null,
                    Name: "json_array_elements_text" or "jsonb_array_elements_text",
                    Arguments: [var array],
                } table],
                Predicate: null,
                GroupBy: [],
                Having: null,
                IsDistinct: false,
                Limit: null,
                Offset: null,
                Orderings: [{ Expression: ColumnExpression { Name: BareMetalQuerySqlGenerator.OrdinalityColumn }, IsAscending: true }],
            } select
            && GetProjection(source, select) is { TypeMapping: { } mapping } projection
            && IsElementOf(projection, table.Alias)
            && TranslateExpression(index) is { } position)
        {
            var (json, path) = array is JsonScalarExpression inner
                ? (inner.Json, inner.Path.Append(new PathSegment(position)).ToArray())
                : (array, [new PathSegment(position)]);
            return source.UpdateQueryExpression(
                new SelectExpression(new JsonScalarExpression(json, path, projection.Type, mapping, nullable: true), _aliasManager));
        }

        return base.TranslateElementAtOrDefault(source, index, returnDefault);
    }

    private static SqlExpression? GetProjection(ShapedQueryExpression source, SelectExpression select)
    {
        var shaper = source.ShaperExpression;
        while (shaper is UnaryExpression { NodeType: ExpressionType.Convert } convert)
            shaper = convert.Operand;
        return shaper is ProjectionBindingExpression binding ? select.GetProjection(binding) as SqlExpression : null;
    }

    private static bool IsElementOf(SqlExpression projection, string alias)
        => projection switch
        {
            ColumnExpression column => column.TableAlias == alias && column.Name == BareMetalQuerySqlGenerator.ValueColumn,
            SqlUnaryExpression { OperatorType: ExpressionType.Convert, Operand: ColumnExpression column } => IsElementOf(column, alias),
            SqlFunctionExpression { Name: "decode", Arguments: [ColumnExpression column, ..] } => IsElementOf(column, alias),
            _ => false,
        };

    // The length of a whole JSON array is known without unfolding it. Parameters have no type yet and go the general way.
    private bool TryGetBareCollection(ShapedQueryExpression source, [NotNullWhen(true)] out SqlExpression? length)
    {
        length = source.QueryExpression is SelectExpression
            {
                Tables: [TableValuedFunctionExpression { IsBuiltIn: true, Schema: null, Arguments: [var array] } function],
                Predicate: null,
                GroupBy: [],
                Having: null,
                IsDistinct: false,
                Limit: null,
                Offset: null,
            }
            && function.Name is "json_array_elements_text" or "jsonb_array_elements_text"
                ? _factory.Strict(
                    function.Name.StartsWith("jsonb", StringComparison.Ordinal) ? "jsonb_array_length" : "json_array_length",
                    [array],
                    typeof(int))
                : null;
        return length is not null;
    }

    /// <inheritdoc />
    protected override bool IsNaturallyOrdered(SelectExpression selectExpression)
    {
        return selectExpression is
            {
                Tables: [var main, ..],
                Orderings: [{ Expression: ColumnExpression { Name: BareMetalQuerySqlGenerator.OrdinalityColumn } column, IsAscending: true }],
            }
            && column.TableAlias == main.Alias
            && IsOrdinality(selectExpression, column);

        static bool IsOrdinality(SelectExpression select, ColumnExpression column)
        {
            var table = select.Tables.FirstOrDefault(t => t.Alias == column.TableAlias);
            table = (table as JoinExpressionBase)?.Table ?? table;
            return table is not null
                && (BareMetalQuerySqlGenerator.IsCollectionFunction(table)
                    || (table is SelectExpression subquery
                        && subquery.Projection.FirstOrDefault(p => p.Alias == column.Name)?.Expression is ColumnExpression inner
                        && IsOrdinality(subquery, inner)));
        }
    }

    /// <inheritdoc />
    // What is only known by the engine is written as JSON by the engine, in the form that EF Core's readers accept.
    [Experimental("EF9002")]
    protected override bool TrySerializeScalarToJson(
        JsonScalarExpression target,
        SqlExpression value,
        [NotNullWhen(true)] out SqlExpression? jsonValue)
    {
        if (!base.TrySerializeScalarToJson(target, value, out jsonValue))
            jsonValue = value;
        return true;
    }

    /// <inheritdoc />
    protected override SqlExpression? GenerateJsonPartialUpdateSetter(
        Expression target,
        SqlExpression value,
        ref SqlExpression? existingSetterValue)
    {
        var (column, path, isScalar) = target switch
        {
            JsonScalarExpression scalar => ((ColumnExpression)scalar.Json, scalar.Path, scalar.TypeMapping?.ElementTypeMapping is null),
            JsonQueryExpression query => (query.JsonColumn, query.Path, false),
            _ => throw new InvalidOperationException($"A JSON setter's target is of the unexpected kind {target.GetType().Name}."),
        };
        var isJsonb = column.TypeMapping?.StoreType == "jsonb";
        var documentMapping = isJsonb ? BareMetalJsonTypeMapping.Jsonb : BareMetalJsonTypeMapping.Default;
        var isText = column.TypeMapping is { StoreType: not ("json" or "jsonb") };

        // A null in a column is a null in the document, not a document that is null.
        var newValue = isScalar
            ? _factory.Coalesce(
                _factory.Strict(isJsonb ? "to_jsonb" : "to_json", [value], typeof(string), documentMapping),
                _factory.Convert(_factory.Constant("null", BareMetalStringTypeMapping.Default), typeof(string), documentMapping),
                documentMapping)
            : value.TypeMapping?.StoreType == documentMapping.StoreType && value is not SqlParameterExpression
                ? value
                : _factory.Convert(value, typeof(string), documentMapping);

        // The path is an array literal: its names are known now, its indexes may be expressions.
        var steps = new List<SqlExpression>(path.Count);
        foreach (var segment in path)
        {
            steps.Add(
                segment.PropertyName is { } name
                    ? _factory.Constant(name, BareMetalStringTypeMapping.Default)
                    : _factory.Convert(segment.ArrayIndex!, typeof(string), BareMetalStringTypeMapping.Default));
        }

        var pathText = _factory.Function(
            BareMetalQuerySqlGenerator.JsonPathFunction,
            steps,
            nullable: true,
            argumentsPropagateNullability: steps.Select(_ => true),
            typeof(string[]),
            BareMetalTypeMappingSource.GetArrayMapping(typeof(string[]), BareMetalStringTypeMapping.Default));

        // A document in a column of text is read as JSON and written as text again; further setters go inside.
        var document = existingSetterValue is SqlUnaryExpression { OperatorType: ExpressionType.Convert } written && isText
            ? written.Operand
            : existingSetterValue ?? (isText ? _factory.Convert(column, typeof(string), documentMapping) : column);
        SqlExpression setter = _factory.Function(
            isJsonb ? "jsonb_set" : "json_set",
            [document, pathText, newValue],
            nullable: true,
            argumentsPropagateNullability: [true, true, true],
            typeof(string),
            isText ? documentMapping : column.TypeMapping);
        if (isText)
            setter = _factory.Convert(setter, typeof(string), column.TypeMapping);
        if (existingSetterValue is null)
            return setter;
        existingSetterValue = setter;
        return null;
    }

    // Projections are named after members; a JSON member has a name and nothing else.
    private sealed class JsonMember(string name) : MemberInfo
    {
        public override string Name { get; } = name;

        public override Type? DeclaringType
            => null;

        public override MemberTypes MemberType
            => MemberTypes.Custom;

        public override Type? ReflectedType
            => null;

        public override object[] GetCustomAttributes(bool inherit)
            => [];

        public override object[] GetCustomAttributes(Type attributeType, bool inherit)
            => [];

        public override bool IsDefined(Type attributeType, bool inherit)
            => false;

        public override bool Equals(object? obj)
            => obj is JsonMember other && other.Name == Name;

        public override int GetHashCode()
            => Name.GetHashCode(StringComparison.Ordinal);
    }
}
