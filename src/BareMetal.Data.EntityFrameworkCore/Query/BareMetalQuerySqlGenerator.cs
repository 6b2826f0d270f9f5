using System.Linq.Expressions;
using BareMetal.Data.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Query;
using Microsoft.EntityFrameworkCore.Query.SqlExpressions;
using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Query;

/// <summary>Writes query expressions in the engine's dialect.</summary>
public sealed class BareMetalQuerySqlGenerator : QuerySqlGenerator
{
    /// <summary>The column of a collection's elements.</summary>
    internal const string ValueColumn = "value";

    /// <summary>The column of the elements' positions, from 1.</summary>
    internal const string OrdinalityColumn = "ordinality";

    /// <summary>Operators that EF Core's binary expressions do not know; functions of two arguments that are written between them.</summary>
    internal const string ShiftLeftOperator = "<<";

    /// <summary>See <see cref="ShiftLeftOperator" />.</summary>
    internal const string ShiftRightOperator = ">>";

    /// <summary>Stands for the array of a JSON path's steps; written as an array literal.</summary>
    internal const string JsonPathFunction = "json_path";

    private readonly ISqlGenerationHelper _helper;

    /// <summary>Creates a generator.</summary>
    /// <param name="dependencies">Services that all generators share.</param>
    public BareMetalQuerySqlGenerator(QuerySqlGeneratorDependencies dependencies)
        : base(dependencies)
        => _helper = dependencies.SqlGenerationHelper;

    /// <summary>Whether a table function of the engine turns a collection into rows of value and ordinality.</summary>
    internal static bool IsCollectionFunction(TableExpressionBase table)
        => table is TableValuedFunctionExpression
        {
            IsBuiltIn: true,
            Schema: null,
            Name: "unnest" or "json_array_elements" or "json_array_elements_text" or "jsonb_array_elements"
                or "jsonb_array_elements_text",
        };

    /// <inheritdoc />
    protected override Expression VisitTableValuedFunction(TableValuedFunctionExpression tableValuedFunctionExpression)
    {
        if (!IsCollectionFunction(tableValuedFunctionExpression))
            return base.VisitTableValuedFunction(tableValuedFunctionExpression);

        Sql.Append(tableValuedFunctionExpression.Name).Append("(");
        Visit(tableValuedFunctionExpression.Arguments[0]);
        Sql.Append(") WITH ORDINALITY AS ")
            .Append(_helper.DelimitIdentifier(tableValuedFunctionExpression.Alias))
            .Append("(\"" + ValueColumn + "\", \"" + OrdinalityColumn + "\")");
        return tableValuedFunctionExpression;
    }

    /// <inheritdoc />
    protected override void GenerateIn(InExpression inExpression, bool negated)
    {
        // The planner takes an array as a list of seeks, so a bare parameter collection is written as one.
        if (inExpression.Subquery is
            {
                Tables: [TableValuedFunctionExpression { Name: "unnest", IsBuiltIn: true, Schema: null, Arguments: [var array] } table],
                Predicate: null,
                GroupBy: [],
                Having: null,
                IsDistinct: false,
                Limit: null,
                Offset: null,
                Projection: [{ Expression: ColumnExpression { Name: ValueColumn } column }],
            }
            && column.TableAlias == table.Alias)
        {
            var parentheses = RequiresParentheses(inExpression, inExpression.Item);
            if (parentheses)
                Sql.Append("(");
            Visit(inExpression.Item);
            if (parentheses)
                Sql.Append(")");
            Sql.Append(negated ? " <> ALL (" : " = ANY (");
            Visit(array);
            Sql.Append(")");
            return;
        }

        base.GenerateIn(inExpression, negated);
    }

    /// <inheritdoc />
    // Without a third argument EF.Functions.Like has no escape character, while the dialect's default is the backslash.
    protected override void GenerateLike(LikeExpression likeExpression, bool negated)
    {
        base.GenerateLike(likeExpression, negated);
        if (likeExpression.EscapeChar is null)
            Sql.Append(" ESCAPE ''");
    }

    /// <inheritdoc />
    // A bare NULL is text to whatever reads the column from outside.
    protected override Expression VisitProjection(ProjectionExpression projectionExpression)
    {
        if (projectionExpression.Expression is not SqlConstantExpression { Value: null, TypeMapping: { } mapping })
            return base.VisitProjection(projectionExpression);
        Sql.Append("CAST(NULL AS ").Append(mapping.StoreType).Append(")");
        if (projectionExpression.Alias.Length > 0)
            Sql.Append(AliasSeparator).Append(_helper.DelimitIdentifier(projectionExpression.Alias));
        return projectionExpression;
    }

    /// <inheritdoc />
    protected override Expression VisitCrossApply(CrossApplyExpression crossApplyExpression)
    {
        // A table by itself sees nothing of what stands before it, and the grammar has no LATERAL for it.
        Sql.Append(crossApplyExpression.Table is TableExpression ? "CROSS JOIN " : "CROSS JOIN LATERAL ");
        Visit(crossApplyExpression.Table);
        return crossApplyExpression;
    }

    /// <inheritdoc />
    protected override Expression VisitOuterApply(OuterApplyExpression outerApplyExpression)
    {
        Sql.Append(outerApplyExpression.Table is TableExpression ? "LEFT JOIN " : "LEFT JOIN LATERAL ");
        Visit(outerApplyExpression.Table);
        Sql.Append(" ON TRUE");
        return outerApplyExpression;
    }

    /// <inheritdoc />
    protected override void GenerateLimitOffset(SelectExpression selectExpression)
    {
        if (selectExpression.Limit is not null)
        {
            Sql.AppendLine().Append("LIMIT ");
            Visit(selectExpression.Limit);
        }

        if (selectExpression.Offset is not null)
        {
            if (selectExpression.Limit is null)
                Sql.AppendLine();
            else
                Sql.Append(" ");
            Sql.Append("OFFSET ");
            Visit(selectExpression.Offset);
        }
    }

    /// <inheritdoc />
    // An operand's own ordering and limit bind to the operand only inside parentheses.
    protected override void GenerateSetOperationOperand(SetOperationBase setOperation, SelectExpression operand)
    {
        if (operand is { Orderings.Count: > 0 } or { Limit: not null } or { Offset: not null })
        {
            Sql.AppendLine("(");
            using (Sql.Indent())
                Visit(operand);
            Sql.AppendLine().Append(")");
            return;
        }

        base.GenerateSetOperationOperand(setOperation, operand);
    }

    /// <inheritdoc />
    protected override bool TryGenerateWithoutWrappingSelect(SelectExpression selectExpression)
        => selectExpression.Tables is not [ValuesExpression] && base.TryGenerateWithoutWrappingSelect(selectExpression);

    /// <inheritdoc />
    protected override Expression VisitValues(ValuesExpression valuesExpression)
    {
        Sql.Append("(");
        GenerateValues(valuesExpression);
        Sql.Append(") AS ").Append(_helper.DelimitIdentifier(valuesExpression.Alias)).Append("(");
        for (var i = 0; i < valuesExpression.ColumnNames.Count; i++)
        {
            if (i > 0)
                Sql.Append(", ");
            Sql.Append(_helper.DelimitIdentifier(valuesExpression.ColumnNames[i]));
        }

        Sql.Append(")");
        return valuesExpression;
    }

    /// <inheritdoc />
    protected override void GenerateValues(ValuesExpression valuesExpression)
    {
        var rows = valuesExpression.RowValues
            ?? throw new InvalidOperationException("The parameter of a VALUES list was not expanded before SQL was written.");
        if (rows.Count == 0)
            throw new InvalidOperationException(RelationalStrings.EmptyCollectionNotSupportedAsInlineQueryRoot);
        Sql.Append("VALUES ");
        for (var i = 0; i < rows.Count; i++)
        {
            if (i > 0)
                Sql.Append(", ");
            Visit(rows[i]);
        }
    }

    /// <inheritdoc />
    protected override Expression VisitSqlFunction(SqlFunctionExpression sqlFunctionExpression)
    {
        if (sqlFunctionExpression is { IsBuiltIn: true, Name: "string_agg", Arguments: { Count: > 2 } parts })
        {
            Sql.Append("string_agg(");
            Visit(parts[0]);
            Sql.Append(", ");
            Visit(parts[1]);
            for (var i = 2; i < parts.Count; i += 2)
            {
                Sql.Append(i == 2 ? " ORDER BY " : ", ");
                Visit(parts[i]);
                if (parts[i + 1] is SqlConstantExpression { Value: false })
                    Sql.Append(" DESC");
            }

            Sql.Append(")");
            return sqlFunctionExpression;
        }

        if (sqlFunctionExpression is { IsBuiltIn: true, Name: ShiftLeftOperator or ShiftRightOperator, Arguments: [var shifted, var count] })
        {
            Sql.Append("((");
            Visit(shifted);
            Sql.Append(") ").Append(sqlFunctionExpression.Name).Append(" (");
            Visit(count);
            Sql.Append("))");
            return sqlFunctionExpression;
        }

        if (sqlFunctionExpression is not { IsBuiltIn: true, Name: JsonPathFunction, Arguments: { } steps })
            return base.VisitSqlFunction(sqlFunctionExpression);

        Sql.Append("ARRAY[");
        for (var i = 0; i < steps.Count; i++)
        {
            if (i > 0)
                Sql.Append(", ");
            Visit(steps[i]);
        }

        Sql.Append("]");
        return sqlFunctionExpression;
    }

    /// <inheritdoc />
    protected override string GetOperator(SqlBinaryExpression binaryExpression)
        => binaryExpression.OperatorType switch
        {
            ExpressionType.Add when binaryExpression.Type == typeof(string)
                || binaryExpression.Left.TypeMapping?.ClrType == typeof(string)
                || binaryExpression.Type == typeof(byte[]) => " || ",
            ExpressionType.ExclusiveOr => binaryExpression.Type == typeof(bool) ? " <> " : " # ",
            ExpressionType.And when binaryExpression.Type == typeof(bool) => " AND ",
            ExpressionType.Or when binaryExpression.Type == typeof(bool) => " OR ",
            _ => base.GetOperator(binaryExpression),
        };

    /// <inheritdoc />
    // A whole number in the text is an integer; the other types say what they are, since a reader takes a column's own type only.
    protected override Expression VisitSqlConstant(SqlConstantExpression sqlConstantExpression)
    {
        if (sqlConstantExpression is not
            {
                Value: not null,
                TypeMapping: SByteTypeMapping or ShortTypeMapping or LongTypeMapping or ByteTypeMapping or UShortTypeMapping
                    or UIntTypeMapping or ULongTypeMapping,
            })
            return base.VisitSqlConstant(sqlConstantExpression);

        Sql.Append("CAST(");
        base.VisitSqlConstant(sqlConstantExpression);
        Sql.Append(" AS ").Append(sqlConstantExpression.TypeMapping.StoreType).Append(")");
        return sqlConstantExpression;
    }

    /// <inheritdoc />
    protected override Expression VisitSqlUnary(SqlUnaryExpression sqlUnaryExpression)
    {
        switch (sqlUnaryExpression)
        {
            // A document's null member is a JSON null for ->, and the SQL null only for ->>.
            case { OperatorType: ExpressionType.Equal or ExpressionType.NotEqual, Operand: JsonScalarExpression json }:
                Sql.Append("(");
                GenerateJsonPath(json, asText: true);
                Sql.Append(sqlUnaryExpression.OperatorType == ExpressionType.Equal ? ") IS NULL" : ") IS NOT NULL");
                return sqlUnaryExpression;

            // Two minus signs in a row begin a comment.
            case { OperatorType: ExpressionType.Negate }:
                Sql.Append("-(");
                Visit(sqlUnaryExpression.Operand);
                Sql.Append(")");
                return sqlUnaryExpression;

            case { OperatorType: ExpressionType.Convert, TypeMapping.StoreType: { } storeType }
                when sqlUnaryExpression.Operand.TypeMapping?.StoreType == storeType
                && sqlUnaryExpression.Operand is ColumnExpression:
                Visit(sqlUnaryExpression.Operand);
                return sqlUnaryExpression;

            // C# neither rounds a number nor limits a text when it converts; a column's facets must not do so either.
            case { OperatorType: ExpressionType.Convert, TypeMapping: BareMetalDecimalTypeMapping or BareMetalStringTypeMapping { Size: not null } }:
                Sql.Append("CAST(");
                Visit(sqlUnaryExpression.Operand);
                Sql.Append(sqlUnaryExpression.TypeMapping is BareMetalDecimalTypeMapping ? " AS decimal)" : " AS text)");
                return sqlUnaryExpression;
        }

        return base.VisitSqlUnary(sqlUnaryExpression);
    }

    /// <inheritdoc />
    // A part of a document in a column of text is JSON, what it is compared with is text: both are compared as JSON, by value.
    protected override Expression VisitSqlBinary(SqlBinaryExpression sqlBinaryExpression)
    {
        if (sqlBinaryExpression.OperatorType is not (ExpressionType.Equal or ExpressionType.NotEqual)
            || !(IsTextDocument(sqlBinaryExpression.Left) || IsTextDocument(sqlBinaryExpression.Right)))
            return base.VisitSqlBinary(sqlBinaryExpression);

        VisitAsJson(sqlBinaryExpression.Left);
        Sql.Append(sqlBinaryExpression.OperatorType == ExpressionType.Equal ? " = " : " <> ");
        VisitAsJson(sqlBinaryExpression.Right);
        return sqlBinaryExpression;

        void VisitAsJson(SqlExpression operand)
        {
            Sql.Append("CAST(");
            Visit(operand);
            Sql.Append(" AS json)");
        }
    }

    private static bool IsTextDocument(SqlExpression expression)
        => expression.TypeMapping is BareMetalJsonTypeMapping { StoreType: not ("json" or "jsonb") };

    /// <inheritdoc />
    protected override Expression VisitJsonScalar(JsonScalarExpression jsonScalarExpression)
    {
        var mapping = jsonScalarExpression.TypeMapping;
        if (jsonScalarExpression.Path.Count == 0)
        {
            // A document in a column of text has to be read before it is JSON.
            var isText = mapping?.StoreType is "json" or "jsonb"
                && jsonScalarExpression.Json.TypeMapping is { StoreType: not ("json" or "jsonb") };
            if (isText)
                Sql.Append("CAST(");
            Visit(jsonScalarExpression.Json);
            if (isText)
                Sql.Append(" AS json)");
            return jsonScalarExpression;
        }

        switch (mapping)
        {
            case null:
                throw new InvalidOperationException("A JSON member has no type mapping.");

            // Documents and collections stay JSON.
            case JsonTypeMapping or { ElementTypeMapping: not null } or { StoreType: "json" or "jsonb" }:
                Sql.Append("(");
                GenerateJsonPath(jsonScalarExpression, asText: false);
                Sql.Append(")");
                break;

            case BareMetalStringTypeMapping:
                Sql.Append("(");
                GenerateJsonPath(jsonScalarExpression, asText: true);
                Sql.Append(")");
                break;

            case BareMetalByteArrayTypeMapping:
                Sql.Append("decode(");
                GenerateJsonPath(jsonScalarExpression, asText: true);
                Sql.Append(", 'base64')");
                break;

            default:
                Sql.Append("CAST(");
                GenerateJsonPath(jsonScalarExpression, asText: true);
                Sql.Append(" AS ").Append(mapping.StoreType).Append(")");
                break;
        }

        return jsonScalarExpression;
    }

    private void GenerateJsonPath(JsonScalarExpression json, bool asText)
    {
        // A parameter, a function result or a column of text is not JSON by itself.
        var document = json.Json;
        if (document is ColumnExpression { TypeMapping: null } or JsonScalarExpression || document.TypeMapping?.StoreType is "json" or "jsonb")
        {
            Visit(document);
        }
        else
        {
            Sql.Append("CAST(");
            Visit(document);
            Sql.Append(" AS json)");
        }

        var path = json.Path;
        for (var i = 0; i < path.Count; i++)
        {
            Sql.Append(asText && i == path.Count - 1 ? " ->> " : " -> ");
            switch (path[i])
            {
                case { PropertyName: { } name }:
                    Sql.Append("'").Append(name.Replace("'", "''")).Append("'");
                    break;
                case { ArrayIndex: SqlConstantExpression { Value: int } index }:
                    Visit(index);
                    break;
                case { ArrayIndex: { } index }:
                    Sql.Append("(");
                    Visit(index);
                    Sql.Append(")");
                    break;
            }
        }
    }

    /// <inheritdoc />
    protected override bool TryGetOperatorInfo(SqlExpression expression, out int precedence, out bool isAssociative)
    {
        // Higher binds tighter; the order is PostgreSQL's.
        (precedence, isAssociative) = expression switch
        {
            SqlUnaryExpression { OperatorType: ExpressionType.Convert } => (1300, false),
            SqlUnaryExpression { OperatorType: ExpressionType.Negate } => (1100, false),
            CollateExpression => (1000, false),
            SqlUnaryExpression { OperatorType: ExpressionType.OnesComplement } => (750, false),
            SqlUnaryExpression { OperatorType: ExpressionType.Not } unary => (unary.Type == typeof(bool) ? 300 : 750, false),
            SqlUnaryExpression { OperatorType: ExpressionType.Equal or ExpressionType.NotEqual } => (500, false),
            SqlBinaryExpression binary => binary.OperatorType switch
            {
                ExpressionType.Multiply => (900, true),
                ExpressionType.Divide or ExpressionType.Modulo => (900, false),
                ExpressionType.Add when binary.Type == typeof(string) || binary.Type == typeof(byte[]) => (700, true),
                ExpressionType.Add => (800, true),
                ExpressionType.Subtract => (800, false),
                ExpressionType.And or ExpressionType.Or => binary.Type == typeof(bool)
                    ? (binary.OperatorType == ExpressionType.And ? 200 : 100, true)
                    : (700, false),
                ExpressionType.ExclusiveOr => (binary.Type == typeof(bool) ? 500 : 700, false),
                ExpressionType.LessThan or ExpressionType.LessThanOrEqual or ExpressionType.GreaterThan
                    or ExpressionType.GreaterThanOrEqual or ExpressionType.Equal or ExpressionType.NotEqual => (500, false),
                ExpressionType.AndAlso => (200, true),
                ExpressionType.OrElse => (100, true),
                _ => default,
            },
            LikeExpression or InExpression => (600, false),
            // Always written in parentheses or as a function.
            JsonScalarExpression => (1300, false),
            _ => default,
        };
        return precedence != 0;
    }

    /// <inheritdoc />
    // IN is written as = ANY (…) for arrays, and comparisons do not chain.
    protected override bool RequiresParentheses(SqlExpression outerExpression, SqlExpression innerExpression)
        => innerExpression is InExpression && TryGetOperatorInfo(outerExpression, out var outer, out _) && TryGetOperatorInfo(innerExpression, out var inner, out _)
            ? outer >= Math.Min(inner, 500)
            : base.RequiresParentheses(outerExpression, innerExpression);

    /// <inheritdoc />
    protected override void CheckComposableSqlTrimmed(ReadOnlySpan<char> sql)
    {
        if (sql.StartsWith("VALUES", StringComparison.OrdinalIgnoreCase) || sql.StartsWith("TABLE", StringComparison.OrdinalIgnoreCase))
            return;
        base.CheckComposableSqlTrimmed(sql);
    }
}
