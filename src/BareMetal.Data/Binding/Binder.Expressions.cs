using BareMetal.Data.Functions;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Sql;
using BareMetal.Data.Types;
using BareMetal.Data.Values;
using Ast = BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Binding;

// Scalar expressions and subqueries.
internal sealed partial class Binder
{
    /// <summary>Binds a condition: boolean, or null.</summary>
    private BoundExpression BindCondition(Ast.Expression expression, Scope scope)
    {
        BoundExpression bound = Bind(expression, scope);
        if (bound.Type.Kind == SqlTypeKind.Boolean)
            return bound;
        if (bound.Type.Kind == SqlTypeKind.Unknown)
            return Coerce(bound, SqlType.Boolean, CastContext.Implicit, expression.Position);
        throw SqlErrors.At(
            expression.Position, SqlStates.DatatypeMismatch, $"A condition is boolean, but this is of type {TypeNames.Format(bound.Type)}.",
            TypeRules.IsNumeric(bound.Type.Kind) ? "Compare it: x <> 0." : null);
    }

    private BoundExpression Bind(Ast.Expression expression, Scope scope)
    {
        switch (expression)
        {
            case Ast.LiteralExpression literal:
                return BindLiteral(literal);
            case Ast.ColumnExpression column:
                return BindColumn(column, scope);
            case Ast.ParameterExpression parameter:
                return BindParameter(parameter);
            case Ast.BinaryExpression binary:
                return BindBinary(binary, scope);
            case Ast.UnaryExpression unary:
                return BindUnary(unary, scope);
            case Ast.CallExpression call:
                return BindCall(call, scope);
            case Ast.JsonQueryExpression query:
                return BindJsonQuery(query, scope);
            case Ast.JsonConstructorExpression constructor:
                return BindJsonConstructor(constructor, scope);
            case Ast.CastExpression cast:
                return BindCast(cast, scope);
            case Ast.TypedLiteralExpression literal:
                return BindTypedLiteral(literal);
            case Ast.IsExpression test:
                return BindIs(test, scope);
            case Ast.CaseExpression conditional:
                return BindCase(conditional, scope);
            case Ast.InListExpression list:
                return BindInList(list, scope);
            case Ast.InQueryExpression query:
                return BindInQuery(query, scope);
            case Ast.BetweenExpression between:
                return BindBetween(between, scope);
            case Ast.LikeExpression like:
                return BindLike(like, scope);
            case Ast.DistinctFromExpression distinct:
                return BindDistinctFrom(distinct, scope);
            case Ast.QuantifiedExpression quantified:
                return BindQuantified(quantified, scope);
            case Ast.ExistsExpression exists:
                return new BoundSubquery(SubqueryKind.Exists, BindQuery(exists.Query, scope, QueryUse.Top), [], [], SqlType.Boolean);
            case Ast.SubqueryExpression subquery:
                return BindScalarSubquery(subquery, scope);
            case Ast.CollateExpression collate:
                return BindCollate(collate, scope);
            case Ast.AtTimeZoneExpression zone:
                return BindAtTimeZone(zone, scope);
            case Ast.ArrayExpression array:
                return BindArray(array, scope);
            case Ast.ArrayQueryExpression array:
            {
                LogicalOperator plan = BindQuery(array.Query, scope, QueryUse.Top);
                SingleColumn(plan, array.Position);
                RefuseArrayOfRows(plan.Output[0].Type, array.Position);
                return new BoundSubquery(SubqueryKind.Array, plan, [], [], SqlType.ArrayOf(plan.Output[0].Type));
            }

            case Ast.SubscriptExpression subscript:
                return BindSubscript(subscript, scope);
            case Ast.RowExpression row:
                return BindLoneRow(row, scope);
            case Ast.StarExpression star:
                throw SqlErrors.Syntax(star.Position, "* stands in a select list, in RETURNING, or in count(*).");
            case Ast.FieldExpression field:
                return BindField(field, scope);
            case Ast.DefaultExpression:
                throw SqlErrors.Syntax(expression.Position, "DEFAULT stands for a value of its own in INSERT … VALUES and UPDATE … SET only.");
            default:
                throw new InvalidOperationException(expression.GetType().Name);
        }
    }

    private static BoundConstant BindLiteral(Ast.LiteralExpression literal) => literal.Kind switch
    {
        Ast.LiteralKind.Null => Null(SqlType.Unknown),
        Ast.LiteralKind.Boolean => Boolean((bool)literal.Value!),
        Ast.LiteralKind.String => Text((string)literal.Value!, SqlType.Unknown),
        Ast.LiteralKind.Bytes => new BoundConstant(Value.From(SqlTypeKind.Bytea, new ByteSlice((byte[])literal.Value!)), SqlType.Bytea),
        _ => literal.Value switch
        {
            int value => new BoundConstant(Value.From(SqlTypeKind.Integer, value), SqlType.Integer),
            long value => new BoundConstant(Value.From(SqlTypeKind.BigInt, value), SqlType.BigInt),
            decimal value => new BoundConstant(Value.From(SqlTypeKind.Decimal, value), SqlType.Decimal),
            double value => new BoundConstant(Value.From(SqlTypeKind.Double, value), SqlType.Double),
            _ => throw new InvalidOperationException("A literal without a value."),
        },
    };

    private BoundExpression BindParameter(Ast.ParameterExpression parameter)
    {
        if (_variables is not null)
        {
            return _variables.ByOrdinal(parameter.Index)
                ?? throw SqlErrors.At(parameter.Position, SqlStates.UndefinedParameter, $"The routine has no parameter ${parameter.Index + 1}.");
        }

        if (_restricted is not null)
            throw SqlErrors.Syntax(parameter.Position, $"A parameter cannot stand in {_restricted}.");
        if (parameter.Index >= _parameterTypes.Length)
        {
            int before = _parameterTypes.Length;
            Array.Resize(ref _parameterTypes, parameter.Index + 1);
            _parameterTypes.AsSpan(before).Fill(SqlType.Unknown);
        }
        return new BoundParameter(parameter.Index, _parameterTypes[parameter.Index]);
    }

    private BoundExpression BindUnary(Ast.UnaryExpression unary, Scope scope)
    {
        if (unary.Operator == Ast.UnaryOperator.Not)
            return Not(BindCondition(unary.Operand, scope));
        BoundExpression operand = Bind(unary.Operand, scope);
        string name = unary.Operator switch { Ast.UnaryOperator.Minus => "-", Ast.UnaryOperator.Plus => "+", _ => "~" };
        if (operand.Type.Kind == SqlTypeKind.Unknown)
            operand = Coerce(operand, unary.Operator == Ast.UnaryOperator.BitwiseNot ? SqlType.Integer : SqlType.Double, CastContext.Implicit, unary.Position);
        if (unary.Operator == Ast.UnaryOperator.Plus && (TypeRules.IsNumeric(operand.Type.Kind) || operand.Type.Kind is SqlTypeKind.TimeSpan or SqlTypeKind.Interval))
            return operand;
        return Operator(name, [operand], [unary.Operand.Position], unary.Position);
    }

    private static BoundExpression Not(BoundExpression operand) => operand switch
    {
        BoundNot not => not.Operand,
        BoundIsNull test => test with { IsNegated = !test.IsNegated },
        BoundConstant { Value.IsNull: false } constant => Boolean(!constant.Value.As<bool>()),
        BoundInList list => list with { IsNegated = !list.IsNegated },
        _ => new BoundNot(operand),
    };

    private BoundExpression BindBinary(Ast.BinaryExpression binary, Scope scope)
    {
        if (binary.Operator is Ast.BinaryOperator.And or Ast.BinaryOperator.Or)
            return BindLogical(binary, scope);
        EnsureStack(binary.Position);
        if (IsComparison(binary.Operator))
        {
            if (Elements(binary.Left) is { } leftRow)
                return BindRowComparison(binary.Operator, leftRow, binary.Left, binary.Right, scope, binary.Position);
            if (Elements(binary.Right) is { } rightRow)
                return BindRowComparison(Mirror(binary.Operator), rightRow, binary.Right, binary.Left, scope, binary.Position);
        }

        BoundExpression left = Bind(binary.Left, scope);
        BoundExpression right = Bind(binary.Right, scope);
        if (IsComparison(binary.Operator))
            return Compare(binary.Operator, left, right, binary.Position, binary.Left.Position, binary.Right.Position);
        string symbol = Symbol(binary.Operator);
        if (binary.Operator == Ast.BinaryOperator.Concat)
            (left, right) = PrepareConcat(left, right, binary);
        return Operator(symbol, [left, right], [binary.Left.Position, binary.Right.Position], binary.Position);
    }

    /// <summary>AND and OR: chains become one list, whatever their length, without recursion.</summary>
    private BoundLogical BindLogical(Ast.BinaryExpression binary, Scope scope)
    {
        var operands = new List<Ast.Expression>();
        Ast.Expression left = binary;
        while (left is Ast.BinaryExpression chain && chain.Operator == binary.Operator)
        {
            operands.Add(chain.Right);
            left = chain.Left;
        }

        operands.Add(left);
        var terms = new List<BoundExpression>(operands.Count);
        bool isAnd = binary.Operator == Ast.BinaryOperator.And;
        for (int i = operands.Count - 1; i >= 0; i--)
        {
            BoundExpression term = BindCondition(operands[i], scope);
            if (term is BoundLogical inner && inner.IsAnd == isAnd)
                terms.AddRange(inner.Terms);
            else
                terms.Add(term);
        }
        return new BoundLogical(isAnd, terms);
    }

    /// <summary>Text joined with anything takes the other as text.</summary>
    private (BoundExpression Left, BoundExpression Right) PrepareConcat(BoundExpression left, BoundExpression right, Ast.BinaryExpression binary)
    {
        SqlTypeKind l = left.Type.Kind;
        SqlTypeKind r = right.Type.Kind;
        if (l == SqlTypeKind.Unknown && r == SqlTypeKind.Unknown)
            return (Known(left, binary.Left.Position), Known(right, binary.Right.Position));
        if (l == SqlTypeKind.Text && IsScalar(r))
            right = Coerce(right, SqlType.Text, CastContext.Explicit, binary.Right.Position);
        else if (r == SqlTypeKind.Text && IsScalar(l))
            left = Coerce(left, SqlType.Text, CastContext.Explicit, binary.Left.Position);
        else if (l == SqlTypeKind.Unknown && IsScalar(r))
            (left, right) = (Known(left, binary.Left.Position), Coerce(right, SqlType.Text, CastContext.Explicit, binary.Right.Position));
        else if (r == SqlTypeKind.Unknown && IsScalar(l))
            (left, right) = (Coerce(left, SqlType.Text, CastContext.Explicit, binary.Left.Position), Known(right, binary.Right.Position));
        return (left, right);

        static bool IsScalar(SqlTypeKind kind) => kind is not (SqlTypeKind.Text or SqlTypeKind.Unknown or SqlTypeKind.Bytea or SqlTypeKind.Array
            or SqlTypeKind.Json or SqlTypeKind.Jsonb or SqlTypeKind.Record);
    }

    private BoundExpression BindCast(Ast.CastExpression cast, Scope scope)
    {
        if (cast.Try)
            throw SqlErrors.NotSupported(cast.Position, "TRY_CAST is not supported.");
        SqlType type = TypeNames.Resolve(cast.Type);
        if (cast.Operand is Ast.ArrayExpression { Items.Length: 0 } && type.Kind == SqlTypeKind.Array)
            return new BoundArray([], type);
        BoundExpression operand = Bind(cast.Operand, scope);
        if (operand is BoundParameter { Type.Kind: SqlTypeKind.Unknown })
            return CoerceUnknown(operand, type, cast.Operand.Position);
        return Coerce(operand, type, CastContext.Explicit, cast.Position);
    }

    private BoundExpression BindTypedLiteral(Ast.TypedLiteralExpression literal)
    {
        SqlType type = TypeNames.Resolve(literal.Type);
        if (literal.Fields is null)
            return CoerceUnknown(Text(literal.Text, SqlType.Unknown), type, literal.Position);
        string text = IntervalText.Read(literal.Text, literal.Fields, out BareMetalInterval value) == IntervalText.Outcome.Read ? value.ToString() : literal.Text;
        return CoerceUnknown(Text(text, SqlType.Unknown), type, literal.Position);
    }

    private BoundExpression BindIs(Ast.IsExpression test, Scope scope)
    {
        if (test.Test == Ast.IsTest.Null && Elements(test.Operand) is { } elements)
        {
            // A row IS NULL when all its fields are, IS NOT NULL when none is.
            var terms = new List<BoundExpression>();
            foreach (Ast.Expression element in elements)
                terms.Add(new BoundIsNull(Bind(element, scope), test.Negated));
            return terms.Count == 1 ? terms[0] : new BoundLogical(true, terms);
        }

        if (test.Test == Ast.IsTest.Null)
        {
            BoundExpression value = Bind(test.Operand, scope);
            if (value is BoundConstant constant)
                return Boolean(constant.Value.IsNull != test.Negated);
            if (value.Type is { Kind: SqlTypeKind.Record, Fields: not null })
                return RowNullTest(value, test.Negated);
            return new BoundIsNull(Known(value, test.Operand.Position), test.Negated);
        }

        BoundExpression operand = BindCondition(test.Operand, scope);
        BoundExpression result = test.Test switch
        {
            Ast.IsTest.True => new BoundCoalesce([operand, Boolean(false)], SqlType.Boolean),
            Ast.IsTest.False => new BoundCoalesce([Not(operand), Boolean(false)], SqlType.Boolean),
            _ => new BoundIsNull(operand, false),
        };
        return test.Negated ? Not(result) : result;
    }

    private BoundCase BindCase(Ast.CaseExpression expression, Scope scope)
    {
        int sets = scope.Select?.SetUses ?? 0;
        BoundExpression? operand = expression.Operand is null ? null : Bind(expression.Operand, scope);
        var conditions = new BoundExpression[expression.Whens.Length];
        int count = expression.Whens.Length + (expression.Else is null ? 0 : 1);
        var results = new BoundExpression[count];
        var positions = new SourcePosition[count];
        for (int i = 0; i < conditions.Length; i++)
        {
            Ast.CaseWhen when = expression.Whens[i];
            conditions[i] = operand is null
                ? BindCondition(when.Condition, scope)
                : Compare(Ast.BinaryOperator.Equal, operand, Bind(when.Condition, scope), when.Position, expression.Operand!.Position, when.Condition.Position);
            results[i] = Bind(when.Result, scope);
            positions[i] = when.Result.Position;
        }

        if (expression.Else is not null)
        {
            results[^1] = Bind(expression.Else, scope);
            positions[^1] = expression.Else.Position;
        }

        RefuseSets(scope, sets, "CASE", expression.Position);
        SqlType type = Unify(results, positions, "CASE");
        var whens = new BoundWhen[conditions.Length];
        for (int i = 0; i < whens.Length; i++)
            whens[i] = new BoundWhen(conditions[i], results[i]);
        return new BoundCase(whens, expression.Else is null ? null : results[^1], type);
    }

    private BoundCoalesce Coalesce(BoundExpression[] arguments, SourcePosition[] positions)
    {
        SqlType type = Unify(arguments, positions, "COALESCE");
        return new BoundCoalesce(arguments, type);
    }

    private BoundExpression BindCollate(Ast.CollateExpression collate, Scope scope)
    {
        BoundExpression operand = Known(Bind(collate.Operand, scope), collate.Position);
        if (operand.Type.Kind != SqlTypeKind.Text)
            throw SqlErrors.At(collate.Position, SqlStates.DatatypeMismatch, $"COLLATE goes with text, but this is of type {TypeNames.Format(operand.Type)}.");
        string name = CollationName(collate.Collation);
        SqlType type = operand.Type with { Collation = name };
        return operand is BoundConstant constant ? constant with { Type = type } : new BoundCast(operand, type, true);
    }

    /// <summary>A collation's name as types keep it; 42704 when there is none of the name.</summary>
    internal static string CollationName(Ast.ObjectName name)
    {
        try
        {
            return Collation.Get(name.Name).Name;
        }
        catch (BareMetalException e)
        {
            throw e.WithPosition(name.Position.Offset + 1, name.Position.Line, name.Position.Column);
        }
    }

    private BoundExpression BindAtTimeZone(Ast.AtTimeZoneExpression expression, Scope scope)
    {
        BoundExpression operand = Bind(expression.Operand, scope);
        BoundExpression zone = expression.Zone is null
            ? Operator("current_time_zone", [], [], expression.Position)
            : Bind(expression.Zone, scope);
        if (operand.Type.Kind == SqlTypeKind.Unknown)
            operand = Coerce(operand, SqlType.TimestampTz, CastContext.Implicit, expression.Operand.Position);
        return Operator("timezone", [zone, operand], [expression.Zone?.Position ?? expression.Position, expression.Operand.Position], expression.Position);
    }

    private BoundArray BindArray(Ast.ArrayExpression array, Scope scope)
    {
        if (array.Items.Length == 0)
        {
            throw SqlErrors.At(
                array.Position, SqlStates.IndeterminateDatatype, "The type of an empty array cannot be told.", "Say it: ARRAY[]::integer[].");
        }

        var items = new BoundExpression[array.Items.Length];
        var positions = new SourcePosition[items.Length];
        for (int i = 0; i < items.Length; i++)
        {
            items[i] = Bind(array.Items[i], scope);
            positions[i] = array.Items[i].Position;
        }

        SqlType element = Unify(items, positions, "ARRAY");
        RefuseArrayOfRows(element, array.Position);
        return new BoundArray(items, SqlType.ArrayOf(element));
    }

    private BoundExpression BindSubscript(Ast.SubscriptExpression subscript, Scope scope)
    {
        BoundExpression operand = Bind(subscript.Operand, scope);
        if (operand.Type.Kind is SqlTypeKind.Json or SqlTypeKind.Jsonb && !subscript.IsSlice)
        {
            BoundExpression step = Known(Bind(subscript.Lower!, scope), subscript.Lower!.Position);

            // A text is a member's name, and in an array an element's number.
            string name = step.Type.Kind != SqlTypeKind.Text ? "->" : operand.Type.Kind == SqlTypeKind.Jsonb ? "jsonb_extract_path" : "json_extract_path";
            return Operator(name, [operand, step], [subscript.Operand.Position, subscript.Lower!.Position], subscript.Position);
        }
        if (operand.Type.Kind != SqlTypeKind.Array)
        {
            throw SqlErrors.At(
                subscript.Position, SqlStates.DatatypeMismatch, $"A value of type {TypeNames.Format(operand.Type)} has no elements.",
                operand.Type.Kind == SqlTypeKind.Text ? "Use substr." : null);
        }

        BoundExpression lower = subscript.Lower is null
            ? new BoundConstant(Value.From(SqlTypeKind.Integer, 1), SqlType.Integer)
            : Coerce(Bind(subscript.Lower, scope), SqlType.Integer, CastContext.Assignment, subscript.Lower.Position);
        SourcePosition at = subscript.Lower?.Position ?? subscript.Position;
        if (!subscript.IsSlice)
            return Operator("subscript", [operand, lower], [subscript.Operand.Position, at], subscript.Position);
        BoundExpression upper = subscript.Upper is null
            ? new BoundConstant(Value.From(SqlTypeKind.Integer, int.MaxValue), SqlType.Integer)
            : Coerce(Bind(subscript.Upper, scope), SqlType.Integer, CastContext.Assignment, subscript.Upper.Position);
        return Operator("slice", [operand, lower, upper], [subscript.Operand.Position, at, subscript.Upper?.Position ?? subscript.Position], subscript.Position);
    }

    // ---- subqueries

    private static void SingleColumn(LogicalOperator plan, SourcePosition position)
    {
        if (plan.Output.Count != 1)
            throw SqlErrors.Syntax(position, $"A subquery as a value has one column, but this one has {plan.Output.Count}.");
    }

    private BoundSubquery BindScalarSubquery(Ast.SubqueryExpression subquery, Scope scope)
    {
        LogicalOperator plan = BindQuery(subquery.Query, scope, QueryUse.Top);
        SingleColumn(plan, subquery.Position);
        return new BoundSubquery(SubqueryKind.Scalar, plan, [], [], plan.Output[0].Type);
    }

    private BoundExpression BindInQuery(Ast.InQueryExpression expression, Scope scope)
    {
        Ast.Expression[] operands = Elements(expression.Operand) ?? [expression.Operand];
        return BindQuantifiedQuery(
            operands, expression.Negated ? Ast.BinaryOperator.NotEqual : Ast.BinaryOperator.Equal, expression.Negated, expression.Query, scope, expression.Position);
    }

    private BoundExpression BindQuantifiedQuery(
        Ast.Expression[] operands, Ast.BinaryOperator op, bool all, Ast.Query query, Scope scope, SourcePosition position)
    {
        // NOT IN over rows is not row by row: (a, b) <> (c, d) is an OR.
        bool negate = operands.Length > 1 && op == Ast.BinaryOperator.NotEqual && all;
        if (operands.Length > 1 && !negate && !(op == Ast.BinaryOperator.Equal && !all))
            throw SqlErrors.NotSupported(position, "Rows are compared with a subquery by IN, NOT IN, = ANY and <> ALL only.");
        var left = new BoundExpression[operands.Length];
        var expected = new SqlType[operands.Length];
        for (int i = 0; i < left.Length; i++)
        {
            left[i] = Bind(operands[i], scope);
            expected[i] = left[i].Type;
        }

        LogicalOperator plan = BindQuery(query, scope, new QueryUse(expected, false));
        if (plan.Output.Count != left.Length)
            throw SqlErrors.Syntax(position, $"The subquery has {plan.Output.Count} columns, but is compared with {left.Length} value{(left.Length == 1 ? "" : "s")}.");
        Ast.BinaryOperator comparison = negate ? Ast.BinaryOperator.Equal : op;
        var functions = new ScalarFunction[left.Length];
        var types = new SqlType[left.Length];
        for (int i = 0; i < left.Length; i++)
        {
            BoundExpression column = new BoundColumn(plan.Output[i]);
            (functions[i], SqlType[] argumentTypes) = ResolveComparison(comparison, ref left[i], ref column, position, operands[i].Position, position);
            left[i] = Coerce(left[i], argumentTypes[0], CastContext.Implicit, operands[i].Position);
            types[i] = argumentTypes[1];
        }

        plan = CoerceOutput(plan, types, position, "the subquery", CastContext.Implicit);
        SubqueryKind kind = all && !negate ? SubqueryKind.All : SubqueryKind.Any;
        BoundExpression bound = new BoundSubquery(kind, plan, left, functions, SqlType.Boolean);
        return negate ? new BoundNot(bound) : bound;
    }

    private BoundExpression BindQuantified(Ast.QuantifiedExpression expression, Scope scope)
    {
        if (expression.Query is not null)
        {
            if (expression.Like is not null)
                throw SqlErrors.NotSupported(expression.Position, "LIKE ANY over a subquery is not supported.", "Use EXISTS with LIKE.");
            return BindQuantifiedQuery(Elements(expression.Left) ?? [expression.Left], expression.Operator, expression.All, expression.Query, scope, expression.Position);
        }

        BoundExpression operand = Bind(expression.Left, scope);
        BoundExpression array = expression.Array is Ast.ArrayExpression { Items.Length: 0 }
            ? new BoundArray([], SqlType.ArrayOf(operand.Type.Kind == SqlTypeKind.Unknown ? SqlType.Text : Plain(operand.Type)))
            : Bind(expression.Array!, scope);
        if (array.Type.Kind == SqlTypeKind.Unknown)
        {
            operand = Known(operand, expression.Left.Position);
            array = Coerce(array, SqlType.ArrayOf(Plain(operand.Type)), CastContext.Implicit, expression.Array!.Position);
        }

        if (array.Type.Kind != SqlTypeKind.Array)
        {
            throw SqlErrors.At(
                expression.Array!.Position, SqlStates.WrongObjectType, $"ANY and ALL take an array or a subquery, but this is of type {TypeNames.Format(array.Type)}.");
        }

        SqlType element = array.Type.Element!;
        if (expression.Like is { } like)
        {
            string name = like == Ast.LikeKind.ILike ? "ilike" : "like";
            operand = Coerce(operand, SqlType.Text, CastContext.Implicit, expression.Left.Position);
            ResolvedFunction<ScalarFunction> match = _options.Functions.ResolveScalar(name, [operand.Type, element])
                ?? throw SqlErrors.At(expression.Position, SqlStates.UndefinedFunction, $"{name} does not take {TypeNames.Format(element)}.");
            // NOT LIKE ANY is: one of the patterns does not match, which is NOT (LIKE ALL).
            BoundExpression matched = new BoundQuantifiedArray(operand, match.Function, array, expression.All != expression.Negated);
            return expression.Negated ? Not(matched) : matched;
        }

        // The operand and the elements, as if they were compared one by one.
        BoundExpression probe = new BoundColumn(new PlanColumn(-1, "element", element, true));
        (ScalarFunction comparison, SqlType[] types) = ResolveComparison(
            expression.Operator, ref operand, ref probe, expression.Position, expression.Left.Position, expression.Array!.Position);
        operand = Coerce(operand, types[0], CastContext.Implicit, expression.Left.Position);
        array = Coerce(array, SqlType.ArrayOf(types[1]), CastContext.Implicit, expression.Array.Position);
        return new BoundQuantifiedArray(operand, comparison, array, expression.All);
    }
}
