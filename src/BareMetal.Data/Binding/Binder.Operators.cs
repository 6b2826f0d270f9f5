using BareMetal.Data.Functions;
using BareMetal.Data.Sql;
using BareMetal.Data.Types;
using BareMetal.Data.Values;
using Ast = BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Binding;

// Operators, comparisons, rows, IN, BETWEEN, LIKE.
internal sealed partial class Binder
{
    private static bool IsComparison(Ast.BinaryOperator op) => op is >= Ast.BinaryOperator.Equal and <= Ast.BinaryOperator.GreaterOrEqual;

    private static Ast.BinaryOperator Mirror(Ast.BinaryOperator op) => op switch
    {
        Ast.BinaryOperator.Less => Ast.BinaryOperator.Greater,
        Ast.BinaryOperator.LessOrEqual => Ast.BinaryOperator.GreaterOrEqual,
        Ast.BinaryOperator.Greater => Ast.BinaryOperator.Less,
        Ast.BinaryOperator.GreaterOrEqual => Ast.BinaryOperator.LessOrEqual,
        _ => op,
    };

    /// <summary>The operator as it is written, which is the name of its function.</summary>
    private static string Symbol(Ast.BinaryOperator op) => op switch
    {
        Ast.BinaryOperator.Or => "OR",
        Ast.BinaryOperator.And => "AND",
        Ast.BinaryOperator.Equal => "=",
        Ast.BinaryOperator.NotEqual => "<>",
        Ast.BinaryOperator.Less => "<",
        Ast.BinaryOperator.LessOrEqual => "<=",
        Ast.BinaryOperator.Greater => ">",
        Ast.BinaryOperator.GreaterOrEqual => ">=",
        Ast.BinaryOperator.Add => "+",
        Ast.BinaryOperator.Subtract => "-",
        Ast.BinaryOperator.Multiply => "*",
        Ast.BinaryOperator.Divide => "/",
        Ast.BinaryOperator.Modulo => "%",
        Ast.BinaryOperator.Power => "^",
        Ast.BinaryOperator.Concat => "||",
        Ast.BinaryOperator.BitwiseAnd => "&",
        Ast.BinaryOperator.BitwiseOr => "|",
        Ast.BinaryOperator.BitwiseXor => "#",
        Ast.BinaryOperator.ShiftLeft => "<<",
        Ast.BinaryOperator.ShiftRight => ">>",
        Ast.BinaryOperator.JsonGet => "->",
        Ast.BinaryOperator.JsonGetText => "->>",
        Ast.BinaryOperator.JsonPath => "#>",
        Ast.BinaryOperator.JsonPathText => "#>>",
        Ast.BinaryOperator.JsonDeletePath => "#-",
        Ast.BinaryOperator.Contains => "@>",
        Ast.BinaryOperator.ContainedBy => "<@",
        Ast.BinaryOperator.Overlaps => "&&",
        Ast.BinaryOperator.JsonExists => "?",
        Ast.BinaryOperator.JsonExistsAny => "?|",
        Ast.BinaryOperator.JsonExistsAll => "?&",
        Ast.BinaryOperator.JsonPathExists => "@?",
        Ast.BinaryOperator.JsonPathMatch => "@@",
        Ast.BinaryOperator.RegexMatch => "~",
        Ast.BinaryOperator.RegexMatchInsensitive => "~*",
        Ast.BinaryOperator.RegexNotMatch => "!~",
        _ => "!~*",
    };

    private static SqlType[] TypesOf(BoundExpression[] arguments)
    {
        var types = new SqlType[arguments.Length];
        for (int i = 0; i < types.Length; i++)
            types[i] = arguments[i].Type;
        return types;
    }

    /// <summary>An operator, or a function that the grammar calls by a form of its own.</summary>
    private BoundExpression Operator(string name, BoundExpression[] arguments, SourcePosition[] positions, SourcePosition position)
    {
        SqlType[] types = TypesOf(arguments);
        if (arguments.Length == 2 && arguments[0].Type.Kind == SqlTypeKind.Unknown && arguments[1].Type.Kind == SqlTypeKind.Unknown
            && name is "+" or "-" or "*" or "/" or "%")
        {
            throw SqlErrors.At(
                position, SqlStates.AmbiguousFunction, $"The types of both operands of {name} are open.", "Give one of them a type with CAST.");
        }

        ResolvedFunction<ScalarFunction> resolved = _options.Functions.ResolveScalar(name, types)
            ?? throw UndefinedOperator(name, types, position);
        for (int i = 0; i < arguments.Length; i++)
            arguments[i] = Coerce(arguments[i], resolved.ArgumentTypes[i], CastContext.Implicit, positions[i]);
        return MakeCall(resolved, arguments);
    }

    private static BoundCall MakeCall(ResolvedFunction<ScalarFunction> resolved, BoundExpression[] arguments) =>
        new(resolved.Function, arguments, resolved.ResultType);

    private static BareMetalException UndefinedOperator(string name, SqlType[] types, SourcePosition position)
    {
        string operands = types.Length == 1 ? $"{name} {TypeNames.Format(types[0])}"
            : types.Length == 2 ? $"{TypeNames.Format(types[0])} {name} {TypeNames.Format(types[1])}"
            : $"{name}({string.Join(", ", types.Select(TypeNames.Format))})";
        string? hint = types.Length == 2 && types[0].Kind != types[1].Kind ? "Convert one operand with CAST so that the types fit." : null;
        return SqlErrors.At(position, SqlStates.UndefinedFunction, $"There is no operator {operands}.", hint);
    }

    // ---- comparison

    private BoundExpression Compare(
        Ast.BinaryOperator op, BoundExpression left, BoundExpression right, SourcePosition position, SourcePosition leftPosition, SourcePosition rightPosition)
    {
        (ScalarFunction function, SqlType[] types) = ResolveComparison(op, ref left, ref right, position, leftPosition, rightPosition);
        left = Coerce(left, types[0], CastContext.Implicit, leftPosition);
        right = Coerce(right, types[1], CastContext.Implicit, rightPosition);
        return new BoundCall(function, [left, right], SqlType.Boolean);
    }

    /// <summary>The function that compares two expressions and the types it takes; literals are brought to the other side's type.</summary>
    private (ScalarFunction Function, SqlType[] Types) ResolveComparison(
        Ast.BinaryOperator op, ref BoundExpression left, ref BoundExpression right, SourcePosition position, SourcePosition leftPosition, SourcePosition rightPosition)
    {
        // A number that fits the other side's type takes it, so that a column is compared as it is stored.
        if (right is BoundConstant r && Narrow(r, left.Type) is { } narrowRight)
            right = narrowRight;
        else if (left is BoundConstant l && Narrow(l, right.Type) is { } narrowLeft)
            left = narrowLeft;
        SqlType common = TypeRules.Common(left.Type, right.Type) ?? throw UndefinedOperator(Symbol(op), [left.Type, right.Type], position);
        if (common.Kind == SqlTypeKind.Unknown)
            common = SqlType.Text;
        if (common.Kind == SqlTypeKind.Text)
            common = SqlType.Text with { Collation = CommonCollation(left.Type, right.Type, position) };
        else if (common.Kind == SqlTypeKind.Decimal)
            common = SqlType.Decimal;
        left = Coerce(left, common, CastContext.Implicit, leftPosition);
        right = Coerce(right, common, CastContext.Implicit, rightPosition);
        SqlType[] types = [left.Type, right.Type];
        ResolvedFunction<ScalarFunction> resolved = _options.Functions.ResolveScalar(Symbol(op), types)
            ?? throw UndefinedOperator(Symbol(op), types, position);
        // The operands are of one kind by now; lengths, scales and collations stay theirs.
        for (int i = 0; i < types.Length; i++)
        {
            if (types[i].Kind != resolved.ArgumentTypes[i].Kind)
                types[i] = resolved.ArgumentTypes[i];
            else if (types[i].Kind == SqlTypeKind.Text && types[i].Collation != common.Collation)
                types[i] = types[i] with { Collation = common.Collation };
        }
        return (resolved.Function, types);
    }

    private static string? CommonCollation(SqlType left, SqlType right, SourcePosition position)
    {
        string? l = left.Kind == SqlTypeKind.Text ? left.Collation : null;
        string? r = right.Kind == SqlTypeKind.Text ? right.Collation : null;
        if (l is null || r is null || string.Equals(l, r, StringComparison.OrdinalIgnoreCase))
            return l ?? r;
        throw SqlErrors.At(
            position, "42P21", $"The two sides have the collations \"{l}\" and \"{r}\".", "Choose one with COLLATE on both sides.");
    }

    /// <summary>An integer literal as the other side's integer type, when it fits; null otherwise.</summary>
    private static BoundConstant? Narrow(BoundConstant constant, SqlType other)
    {
        if (constant.Value.IsNull || constant.Type.Kind == other.Kind || !TypeRules.IsInteger(other.Kind)
            || constant.Type.Kind is not (SqlTypeKind.Integer or SqlTypeKind.BigInt))
        {
            return null;
        }

        long value = constant.Type.Kind == SqlTypeKind.Integer ? constant.Value.As<int>() : constant.Value.As<long>();
        Value? narrowed = other.Kind switch
        {
            SqlTypeKind.TinyInt when value is >= sbyte.MinValue and <= sbyte.MaxValue => Value.From(other.Kind, (sbyte)value),
            SqlTypeKind.SmallInt when value is >= short.MinValue and <= short.MaxValue => Value.From(other.Kind, (short)value),
            SqlTypeKind.Integer when value is >= int.MinValue and <= int.MaxValue => Value.From(other.Kind, (int)value),
            SqlTypeKind.BigInt => Value.From(other.Kind, value),
            SqlTypeKind.UTinyInt when value is >= 0 and <= byte.MaxValue => Value.From(other.Kind, (byte)value),
            SqlTypeKind.USmallInt when value is >= 0 and <= ushort.MaxValue => Value.From(other.Kind, (ushort)value),
            SqlTypeKind.UInteger when value is >= 0 and <= uint.MaxValue => Value.From(other.Kind, (uint)value),
            SqlTypeKind.UBigInt when value >= 0 => Value.From(other.Kind, (ulong)value),
            _ => null,
        };
        return narrowed is { } v ? new BoundConstant(v, other) : null;
    }

    // ---- rows

    /// <summary>The elements of a row of at least two, or null.</summary>
    private static Ast.Expression[]? Elements(Ast.Expression expression) =>
        expression is Ast.RowExpression { Items.Length: > 1 } row ? row.Items : null;

    private BoundExpression BindRowComparison(
        Ast.BinaryOperator op, Ast.Expression[] left, Ast.Expression leftSyntax, Ast.Expression right, Scope scope, SourcePosition position)
    {
        if (right is Ast.SubqueryExpression subquery)
        {
            if (op is not (Ast.BinaryOperator.Equal or Ast.BinaryOperator.NotEqual))
                throw SqlErrors.NotSupported(position, "Rows are compared with a subquery by = and <> only.");
            // One row or none: the columns are read one by one.
            BoundExpression? equal = null;
            for (int i = 0; i < left.Length; i++)
            {
                BoundSubquery column = SubqueryColumn(subquery, scope, i, left.Length);
                BoundExpression term = Compare(Ast.BinaryOperator.Equal, Bind(left[i], scope), column, position, left[i].Position, subquery.Position);
                equal = equal is null ? term : And(equal, term);
            }
            return op == Ast.BinaryOperator.Equal ? equal! : Not(equal!);
        }

        if (Elements(right) is not { } elements)
        {
            BoundExpression other = Bind(right, scope);
            if (other.Type.Kind != SqlTypeKind.Record)
                throw SqlErrors.At(right.Position, SqlStates.DatatypeMismatch, $"A row of {left.Length} values is compared with a single value.");
            return Compare(op, Bind(leftSyntax, scope), other, position, leftSyntax.Position, right.Position);
        }

        if (elements.Length != left.Length)
            throw SqlErrors.Syntax(position, $"Rows of {left.Length} and {elements.Length} values are compared.");
        var l = new BoundExpression[left.Length];
        var r = new BoundExpression[left.Length];
        for (int i = 0; i < l.Length; i++)
        {
            l[i] = Bind(left[i], scope);
            r[i] = Bind(elements[i], scope);
        }

        switch (op)
        {
            case Ast.BinaryOperator.Equal or Ast.BinaryOperator.NotEqual:
            {
                var terms = new BoundExpression[l.Length];
                for (int i = 0; i < l.Length; i++)
                    terms[i] = Element(op, i);
                return new BoundLogical(op == Ast.BinaryOperator.Equal, terms);
            }

            default:
            {
                // a < c OR a = c AND (b < d OR …): the last pair decides with the operator as it is.
                Ast.BinaryOperator strict = op is Ast.BinaryOperator.Less or Ast.BinaryOperator.LessOrEqual ? Ast.BinaryOperator.Less : Ast.BinaryOperator.Greater;
                BoundExpression result = Element(op, l.Length - 1);
                for (int i = l.Length - 2; i >= 0; i--)
                    result = new BoundLogical(false, [Element(strict, i), And(Element(Ast.BinaryOperator.Equal, i), result)]);
                return result;
            }
        }

        BoundExpression Element(Ast.BinaryOperator comparison, int i) => Compare(comparison, l[i], r[i], position, left[i].Position, elements[i].Position);
    }

    private static BoundLogical And(BoundExpression left, BoundExpression right)
    {
        if (left is BoundLogical { IsAnd: true } list)
            return new BoundLogical(true, [.. list.Terms, right]);
        return new BoundLogical(true, [left, right]);
    }

    /// <summary>One column of a subquery of several, as a value.</summary>
    private BoundSubquery SubqueryColumn(Ast.SubqueryExpression subquery, Scope scope, int index, int count, SqlType[]? expected = null)
    {
        Planning.Logical.LogicalOperator plan = BindQuery(subquery.Query, scope, new QueryUse(expected, false));
        if (plan.Output.Count != count)
            throw SqlErrors.Syntax(subquery.Position, $"The subquery has {plan.Output.Count} columns, but {count} are needed.");
        PlanColumn column = plan.Output[index];
        plan = new Planning.Logical.LogicalProject(plan, [new Planning.Logical.ProjectItem(column, new BoundColumn(column))]);
        return new BoundSubquery(SubqueryKind.Scalar, plan, [], [], column.Type);
    }

    // ---- IN, BETWEEN, LIKE, IS DISTINCT FROM

    private BoundExpression BindInList(Ast.InListExpression expression, Scope scope)
    {
        if (Elements(expression.Operand) is { } row)
        {
            var alternatives = new List<BoundExpression>();
            foreach (Ast.Expression item in expression.Items)
                alternatives.Add(BindRowComparison(Ast.BinaryOperator.Equal, row, expression.Operand, item, scope, expression.Position));
            BoundExpression any = alternatives.Count == 1 ? alternatives[0] : new BoundLogical(false, alternatives);
            return expression.Negated ? Not(any) : any;
        }

        BoundExpression operand = Bind(expression.Operand, scope);
        if (expression.Items.Length == 1 && expression.Items[0] is not Ast.SubqueryExpression)
        {
            BoundExpression only = Bind(expression.Items[0], scope);
            return Compare(
                expression.Negated ? Ast.BinaryOperator.NotEqual : Ast.BinaryOperator.Equal, operand, only, expression.Position, expression.Operand.Position, expression.Items[0].Position);
        }

        var items = new BoundExpression[expression.Items.Length + 1];
        var positions = new SourcePosition[items.Length];
        items[^1] = operand;
        positions[^1] = expression.Operand.Position;
        string? collation = operand.Type.Collation;
        for (int i = 0; i < expression.Items.Length; i++)
        {
            BoundExpression item = Bind(expression.Items[i], scope);
            items[i] = item is BoundConstant constant && Narrow(constant, operand.Type) is { } narrowed ? narrowed : item;
            positions[i] = expression.Items[i].Position;
            if (item.Type.Kind == SqlTypeKind.Text)
                collation = CommonCollation(operand.Type, item.Type, positions[i]) ?? collation;
        }

        SqlType type = Unify(items, positions, "IN");
        if (type.Kind == SqlTypeKind.Text)
            type = SqlType.Text with { Collation = collation };
        operand = items[^1];
        for (int i = 0; i < items.Length; i++)
            items[i] = Coerce(items[i], type, CastContext.Implicit, positions[i]);
        // The type must compare at all.
        if (_options.Functions.ResolveScalar("=", [type, type]) is null)
            throw UndefinedOperator("=", [type, type], expression.Position);
        return new BoundInList(operand, items[..^1], expression.Negated);
    }

    private BoundExpression BindBetween(Ast.BetweenExpression between, Scope scope)
    {
        if (Elements(between.Operand) is not null)
            throw SqlErrors.NotSupported(between.Position, "BETWEEN over rows is not supported.", "Write two comparisons with AND.");
        BoundExpression operand = Bind(between.Operand, scope);
        BoundExpression low = Bind(between.Low, scope);
        BoundExpression high = Bind(between.High, scope);
        if (operand.Type.Kind == SqlTypeKind.Unknown)
        {
            // The operand takes the type of its bounds once, for both comparisons.
            SqlType bounds = TypeRules.Common(low.Type, high.Type) ?? SqlType.Text;
            operand = Coerce(operand, bounds.Kind == SqlTypeKind.Unknown ? SqlType.Text : bounds, CastContext.Implicit, between.Operand.Position);
        }

        BoundExpression result = Range(low, high);
        if (between.Symmetric)
            result = new BoundLogical(false, [result, Range(high, low)]);
        return between.Negated ? Not(result) : result;

        BoundLogical Range(BoundExpression from, BoundExpression to) => new(true, [
            Compare(Ast.BinaryOperator.GreaterOrEqual, operand, from, between.Position, between.Operand.Position, between.Low.Position),
            Compare(Ast.BinaryOperator.LessOrEqual, operand, to, between.Position, between.Operand.Position, between.High.Position)]);
    }

    private BoundExpression BindLike(Ast.LikeExpression like, Scope scope)
    {
        string name = like.Kind switch { Ast.LikeKind.Like => "like", Ast.LikeKind.ILike => "ilike", _ => "similar_to" };
        BoundExpression operand = Known(Bind(like.Operand, scope), like.Operand.Position);
        BoundExpression pattern = Known(Bind(like.Pattern, scope), like.Pattern.Position);
        BoundExpression result = like.Escape is null
            ? Operator(name, [operand, pattern], [like.Operand.Position, like.Pattern.Position], like.Position)
            : Operator(
                name, [operand, pattern, Known(Bind(like.Escape, scope), like.Escape.Position)],
                [like.Operand.Position, like.Pattern.Position, like.Escape.Position], like.Position);
        return like.Negated ? Not(result) : result;
    }

    private BoundExpression BindDistinctFrom(Ast.DistinctFromExpression expression, Scope scope)
    {
        if (Elements(expression.Left) is { } left && Elements(expression.Right) is { } right)
        {
            if (left.Length != right.Length)
                throw SqlErrors.Syntax(expression.Position, $"Rows of {left.Length} and {right.Length} values are compared.");
            var terms = new BoundExpression[left.Length];
            for (int i = 0; i < terms.Length; i++)
                terms[i] = DistinctFrom(Bind(left[i], scope), Bind(right[i], scope), expression.Negated, HasGroupingSets(scope), expression.Position, left[i].Position, right[i].Position);
            return new BoundLogical(expression.Negated, terms);
        }

        return DistinctFrom(
            Bind(expression.Left, scope), Bind(expression.Right, scope), expression.Negated, HasGroupingSets(scope), expression.Position, expression.Left.Position, expression.Right.Position);
    }

    /// <summary>Never null: equality where both are there, else whether both are missing.</summary>
    private BoundExpression DistinctFrom(
        BoundExpression left, BoundExpression right, bool same, bool isInGroupingSets, SourcePosition position, SourcePosition leftPosition, SourcePosition rightPosition)
    {
        if (left is BoundConstant { Value.IsNull: true })
            return Not(NullTest(right, rightPosition), !same);
        if (right is BoundConstant { Value.IsNull: true })
            return Not(NullTest(left, leftPosition), !same);
        BoundExpression comparison = Compare(same ? Ast.BinaryOperator.Equal : Ast.BinaryOperator.NotEqual, left, right, position, leftPosition, rightPosition);
        var call = (BoundCall)comparison;
        bool oneIsThere = IsThere(call.Arguments[0]) || IsThere(call.Arguments[1]);
        BoundExpression bothMissing = oneIsThere ? Boolean(!same)
            : new BoundLogical(same, [new BoundIsNull(call.Arguments[0], !same), new BoundIsNull(call.Arguments[1], !same)]);
        return new BoundCoalesce([comparison, bothMissing], SqlType.Boolean);

        BoundExpression NullTest(BoundExpression e, SourcePosition at) => e is BoundConstant c ? Boolean(c.Value.IsNull) : new BoundIsNull(Known(e, at), false);

        // A column that is never null becomes null in a grouping set without it.
        bool IsThere(BoundExpression e) => !BoundTree.IsNullable(e) && (!isInGroupingSets || e is BoundConstant);

        static BoundExpression Not(BoundExpression e, bool negate) => negate ? Binder.Not(e) : e;
    }

    private static bool HasGroupingSets(Scope scope)
    {
        for (Scope? s = scope; s is not null; s = s.Parent)
        {
            if (s.Select is { HasGroupingSets: true })
                return true;
        }

        return false;
    }
}
