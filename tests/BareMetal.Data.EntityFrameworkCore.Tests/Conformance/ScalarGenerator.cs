using System.Linq.Expressions;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Conformance;

/// <summary>
/// Makes expressions over what is in scope that mean the same in C# and in SQL: nothing overflows, nothing divides by zero, and a
/// comparison with null that C# calls false stands only where SQL's unknown acts alike.
/// </summary>
internal sealed class ScalarGenerator(Random random, Dictionary<Type, ParameterExpression> roots)
{
    private static readonly Type[] s_comparable =
        [typeof(int), typeof(long), typeof(decimal), typeof(double), typeof(DateTime), typeof(DateOnly), typeof(TimeSpan), typeof(DateTimeOffset), typeof(string), typeof(Kind), typeof(Guid), typeof(bool), typeof(TimeOnly)];

    private static readonly Type[] s_projected = [.. s_comparable, typeof(int?), typeof(decimal?), typeof(DateTime?), typeof(bool?), typeof(short), typeof(string)];

    private readonly List<(ParameterExpression Element, Shape Shape)> _scope = [];
    private int _names;

    public Random Random => random;

    /// <summary>A lambda over an element; the body may use every element around it.</summary>
    public LambdaExpression Lambda(Shape shape, Func<ParameterExpression, Expression> body, Type? elementType = null)
    {
        ParameterExpression parameter = Expression.Parameter(elementType ?? shape.Type, "e" + _names++);
        _scope.Add((parameter, shape));
        Expression made = body(parameter);
        _scope.RemoveAt(_scope.Count - 1);
        return Expression.Lambda(made, parameter);
    }

    public bool Chance(int oneIn) => random.Next(oneIn) == 0;

    public T Pick<T>(IReadOnlyList<T> items) => items[random.Next(items.Count)];

    public Type ProjectedType() => Pick(s_projected);

    public Type KeyType() => Pick([typeof(int), typeof(string), typeof(Kind), typeof(int?), typeof(bool), typeof(DateOnly), typeof(decimal), typeof(string)]);

    public Type OrderType() => Pick(s_projected);

    /// <summary>A value that depends on a row: EF Core does not send what does not.</summary>
    public Expression Rooted(Func<Expression> make)
    {
        for (int attempt = 0; attempt < 8; attempt++)
        {
            Expression made = make();
            if (Parameters.In(made))
                return made;
        }

        return FieldOf(_ => true) ?? make();
    }

    /// <summary>A value of just this type that depends on a row where a row can give one.</summary>
    public Expression Side(Type type)
    {
        for (int attempt = 0; attempt < 8; attempt++)
        {
            Expression made = Any(type, 2, nullableText: true);
            if (Parameters.In(made))
                return made;
        }

        return type == typeof(string) ? Expression.Call(FromInteger(typeof(int)), typeof(int).GetMethod(nameof(int.ToString), Type.EmptyTypes)!) : Lift(FromInteger(Nullable.GetUnderlyingType(type) ?? type), type);
    }

    private Expression Indicator(Expression field) => Expression.Condition(
        !field.Type.IsValueType || Nullable.GetUnderlyingType(field.Type) is not null ? Null(field) : Expression.Equal(field, Leaf(field.Type)), Constant(3), Constant(1));

    /// <summary>A value of any type made of a number that a row has: every element has one.</summary>
    private Expression FromInteger(Type type)
    {
        Expression number = FieldOf(f => f.Type == typeof(int)) ?? Indicator(FieldOf(_ => true)!);
        return type == typeof(bool) ? Expression.GreaterThan(number, Constant(2))
            : type == typeof(DateOnly) ? Expression.Call(Constant(new DateOnly(2020, 1, 1)), nameof(DateOnly.AddDays), null, number)
            : type == typeof(int) ? number
            : type.IsEnum ? Expression.Condition(Expression.GreaterThan(number, Constant(2)), Constant(Kind.Small), Constant(Kind.Large))
            : Expression.Convert(number, type);
    }

    /// <summary>A value of a type; of a reference or nullable type it may be null.</summary>
    public Expression Any(Type type, int depth, bool nullableText = false)
    {
        if (Nullable.GetUnderlyingType(type) is { } inner)
        {
            if (FieldOf(f => f.Type == type) is { } field && !Chance(4))
                return field;
            return Chance(2)
                ? Expression.Condition(Bool(depth - 1, exact: true), Expression.Convert(Value(inner, depth - 1), type), Expression.Constant(null, type))
                : Expression.Convert(Value(inner, depth - 1), type);
        }

        if (type == typeof(string) && nullableText && FieldOf(f => f.Type == typeof(string)) is { } text && !Chance(3))
            return text;
        return Value(type, depth);
    }

    /// <summary>A value that is not null.</summary>
    public Expression Value(Type type, int depth)
    {
        bool leaf = depth <= 0 || Chance(3);
        if (leaf && !Chance(4) && FieldOf(f => f.Type == type && !f.MaybeNull) is { } field)
            return field;
        if (type == typeof(bool))
            return leaf ? Leaf(type) : Bool(depth, exact: true);
        if (leaf)
            return Leaf(type);
        if (Chance(8))
            return Expression.Condition(Bool(depth - 1, exact: true), Value(type, depth - 1), Value(type, depth - 1));
        if (type == typeof(int))
            return Integer(depth - 1);
        if (type == typeof(long))
            return Chance(2) ? Expression.Add(Leaf(type), Expression.Convert(Value(typeof(int), depth - 1), type)) : Expression.Convert(Value(typeof(int), depth - 1), type);
        if (type == typeof(decimal))
            return Decimal(depth - 1);
        if (type == typeof(double))
            return Double(depth - 1);
        if (type == typeof(string))
            return Text(depth - 1);
        if (type == typeof(DateTime))
            return Moment(depth - 1);
        if (type == typeof(DateOnly) && Chance(2))
            return Expression.Call(Value(type, depth - 1), nameof(DateOnly.AddDays), null, Constant(random.Next(-40, 40)));
        if (type == typeof(DateOnly))
            return Expression.Call(typeof(DateOnly), nameof(DateOnly.FromDateTime), null, Value(typeof(DateTime), depth - 1));
        if (type == typeof(TimeSpan))
            return Expression.Subtract(Value(typeof(DateTime), depth - 1), Value(typeof(DateTime), depth - 1));
        if (type == typeof(DateTimeOffset) && FieldOf(f => f.Type == type) is { } stamp)
            return Expression.Call(stamp, nameof(DateTimeOffset.AddHours), null, Constant((double)random.Next(-30, 30)));
        return FieldOf(f => f.Type == type && !f.MaybeNull) ?? Leaf(type);
    }

    /// <summary>A condition. Unless exact it may be unknown in SQL where C# says false.</summary>
    public Expression Bool(int depth, bool exact)
    {
        switch (random.Next(depth > 0 ? 16 : 9))
        {
            case 0:
                return FieldOf(f => f.Type == typeof(bool)) ?? Compare(depth, exact);
            case 1:
                return FieldOf(f => f.Type == typeof(string) && f.MaybeNull) is { } text
                    ? Chance(2) ? Null(text) : Expression.Call(typeof(string), Chance(2) ? nameof(string.IsNullOrEmpty) : nameof(string.IsNullOrWhiteSpace), null, text)
                    : Compare(depth, exact);
            case 2:
                return FieldOf(f => Nullable.GetUnderlyingType(f.Type) is not null) is { } optional ? Null(optional) : Compare(depth, exact);
            case 3:
                return Expression.Call(
                    Value(typeof(string), depth - 1),
                    typeof(string).GetMethod(Pick(["StartsWith", "EndsWith", "Contains"]), [typeof(string)])!,
                    Chance(3) ? Captured(Pick(["a", "S", "%", "_b"])) : Constant(Pick(["a", "1", "e", "", "%", "A-", "S"])));
            case 4:
                return InList(depth);
            case 5:
                return NullableEquality(depth);
            case 6:
                return Flags() ?? Compare(depth, exact);
            case 7:
                return Arrays() ?? Compare(depth, exact);
            case 8:
                return Compare(depth, exact);
            case 9:
            case 10:
                return Chance(2)
                    ? Expression.AndAlso(Bool(depth - 1, exact), Bool(depth - 1, exact))
                    : Expression.OrElse(Bool(depth - 1, exact), Bool(depth - 1, exact));
            case 11:
                return Expression.Not(Bool(depth - 1, exact: true));
            case 12:
            case 13:
                return Quantified(depth) ?? Compare(depth, exact);
            case 14:
                return InSubquery(depth);
            default:
                return Expression.Equal(Bool(depth - 1, exact: true), Bool(depth - 1, exact: true));
        }
    }

    public Expression? Collection(out Shape shape)
    {
        List<(Expression Collection, Shape Shape)> found = [];
        foreach ((ParameterExpression element, Shape s) in _scope)
        {
            if (s.Type == typeof(Project) && s.IsEntity)
            {
                found.Add((Expression.Property(element, nameof(Project.Items)), Shape.Item));
                found.Add((Expression.Property(element, nameof(Project.Labels)), Shape.Label));
            }
            else if (s.Type == typeof(Item) && s.IsEntity)
            {
                found.Add((Expression.Property(element, nameof(Item.Children)), Shape.Item));
                found.Add((Expression.Property(Expression.Property(element, nameof(Item.Project)), nameof(Project.Labels)), Shape.Label));
            }
            else if (typeof(Party).IsAssignableFrom(s.Type) && s.IsEntity)
            {
                found.Add((Expression.Property(element, nameof(Party.Projects)), Shape.Project));
            }
            else if (s.Type == typeof(Label) && s.IsEntity)
            {
                found.Add((Expression.Property(element, nameof(Label.Projects)), Shape.Project));
            }
        }

        if (found.Count == 0)
        {
            shape = null!;
            return null;
        }

        (Expression collection, shape) = Pick(found);
        return collection;
    }

    public Expression Constant<T>(T value) => Expression.Constant(value, typeof(T));

    /// <summary>A variable around the query: a parameter of the command.</summary>
    public Expression Captured<T>(T value) => Expression.Field(Expression.Constant(new Closure<T> { Value = value }), nameof(Closure<T>.Value));

    private static Expression Null(Expression e) => Expression.Equal(e, Expression.Constant(null, e.Type));

    private static Expression Lift(Expression e, Type type) => e.Type == type ? e : Expression.Convert(e, type);

    private Expression? FieldOf(Func<Field, bool> wanted)
    {
        List<(ParameterExpression, Field)> found = [];
        for (int i = _scope.Count - 1; i >= 0; i--)
        {
            foreach (Field field in _scope[i].Shape.Fields)
            {
                if (wanted(field))
                    found.Add((_scope[i].Element, field));
            }

            // The nearest element is the likeliest.
            if (found.Count > 0 && !Chance(4))
                break;
        }

        if (found.Count == 0)
            return null;
        (ParameterExpression element, Field pick) = Pick(found);
        return pick.Get(element);
    }

    private Expression Leaf(Type type)
    {
        if (!Chance(3) && FieldOf(f => f.Type == type && !f.MaybeNull) is { } field)
            return field;
        if (type == typeof(int))
            return Chance(2) ? Captured(random.Next(-2, 8)) : Constant(random.Next(-2, 8));
        if (type == typeof(long))
            return Chance(2) ? Captured(random.Next(4) * 10_000_000_000L) : Constant((long)random.Next(5));
        if (type == typeof(short))
            return Constant((short)random.Next(-9, 9));
        if (type == typeof(decimal))
            return Chance(2) ? Captured(random.Next(-40, 400) / 4m) : Constant(random.Next(100) * 1.5m);
        if (type == typeof(double))
            return Constant(random.Next(-40, 80) / 8.0);
        if (type == typeof(string))
            return Chance(2) ? Captured(Pick(["fragile", "Rome", "", "S3", "O'Neil"])) : Constant(Pick(["x", "Anna", "A-1", "%", " "]));
        if (type == typeof(bool))
            return Constant(Chance(2));
        if (type == typeof(DateTime))
            return Captured(new DateTime(2020 + random.Next(5), 1 + random.Next(12), 15, random.Next(24), 0, 0));
        if (type == typeof(DateOnly))
            return Constant(new DateOnly(1962 + random.Next(62), 1 + random.Next(12), 3));
        if (type == typeof(TimeOnly))
            return Constant(new TimeOnly(random.Next(24), 30));
        if (type == typeof(TimeSpan))
            return Captured(TimeSpan.FromHours(random.Next(60)));
        if (type == typeof(DateTimeOffset))
            return Captured(new DateTimeOffset(2023, 6, 1, random.Next(24), 0, 0, TimeSpan.FromHours(random.Next(-2, 3))));
        if (type == typeof(Guid))
            return Captured(new Guid(random.Next(8), 2, 3, 4, 5, 6, 7, 8, 9, 10, (byte)random.Next(20)));
        if (type == typeof(Kind))
            return Constant((Kind)random.Next(3));
        if (type == typeof(Traits))
            return Constant((Traits)random.Next(8));
        throw new ArgumentException(type.ToString());
    }

    private Expression Integer(int depth)
    {
        switch (random.Next(14))
        {
            case 0:
                return Expression.Add(Value(typeof(int), depth), Value(typeof(int), depth));
            case 1:
                return Expression.Subtract(Value(typeof(int), depth), Value(typeof(int), depth));
            case 2:
                return Expression.Multiply(Value(typeof(int), 0), Constant(random.Next(-2, 4)));
            case 3:
                return Expression.Divide(Value(typeof(int), depth), Constant(random.Next(2, 5)));
            case 4:
                return Expression.Modulo(Value(typeof(int), depth), Constant(random.Next(2, 6)));
            case 5:
                return Expression.Property(Value(typeof(string), depth), nameof(string.Length));
            case 6:
                return Expression.Call(Value(typeof(string), depth), typeof(string).GetMethod(nameof(string.IndexOf), [typeof(string)])!, Constant(Pick(["a", "1", "-", "e"])));
            case 7:
                return Expression.Property(Value(typeof(DateTime), depth), Pick(["Year", "Month", "Day", "DayOfYear", "Hour", "Minute", "Second"]));
            case 8:
                return Expression.Property(Value(typeof(DateOnly), depth), Pick(["Year", "Month", "Day", "DayOfYear"]));
            case 9:
                return FieldOf(f => f.Type == typeof(int?)) is { } optional ? Expression.Coalesce(optional, Value(typeof(int), depth)) : Leaf(typeof(int));
            case 10:
                return Expression.Call(typeof(Math), Pick(["Max", "Min"]), null, Value(typeof(int), depth), Value(typeof(int), depth));
            case 11:
                return Expression.Call(typeof(Math), nameof(Math.Abs), null, Value(typeof(int), depth));
            case 12:
                return Counted(depth) ?? Leaf(typeof(int));
            default:
                return Element(nameof(Project.Numbers)) is { } numbers
                    ? Chance(2)
                        ? Expression.Call(typeof(Enumerable), nameof(Enumerable.Count), [typeof(int)], numbers, NumberTest())
                        : Expression.Call(typeof(Enumerable), nameof(Enumerable.Sum), null, numbers)
                    : Expression.Convert(Value(typeof(Kind), 0), typeof(int));
        }
    }

    private LambdaExpression NumberTest()
    {
        ParameterExpression n = Expression.Parameter(typeof(int), "n" + _names++);
        return Expression.Lambda(Expression.GreaterThan(n, Chance(2) ? Constant(random.Next(5)) : Leaf(typeof(int))), n);
    }

    private Expression? Element(string property)
    {
        foreach ((ParameterExpression element, Shape shape) in _scope)
        {
            if (shape.Type == typeof(Project) && shape.IsEntity)
                return Expression.Property(element, property);
        }

        return null;
    }

    private Expression? Counted(int depth)
    {
        if (Collection(out Shape shape) is not { } collection)
            return null;
        Expression? source = collection;
        if (Chance(2))
            source = Expression.Call(typeof(Enumerable), nameof(Enumerable.Where), [shape.Type], source, Lambda(shape, _ => Bool(depth - 1, exact: false)));
        if (Chance(2))
            return Expression.Call(typeof(Enumerable), nameof(Enumerable.Count), [shape.Type], source);
        // An aggregate of outer columns alone would be the outer query's.
        LambdaExpression value = Lambda(shape, e => Expression.Add(Value(typeof(int), depth - 1), shape.Unique[0].Get(e)));
        return Chance(2)
            ? Expression.Call(typeof(Enumerable), nameof(Enumerable.Sum), [shape.Type], source, value)
            : Expression.Coalesce(
                Expression.Call(
                    typeof(Enumerable), Chance(2) ? nameof(Enumerable.Max) : nameof(Enumerable.Min), [shape.Type], source,
                    Expression.Lambda(Expression.Convert(value.Body, typeof(int?)), value.Parameters)),
                Constant(-1));
    }

    private Expression Decimal(int depth)
    {
        switch (random.Next(8))
        {
            case 0:
                return Expression.Add(Value(typeof(decimal), depth), Value(typeof(decimal), depth));
            case 1:
                return Expression.Subtract(Value(typeof(decimal), depth), Value(typeof(decimal), depth));
            case 2:
                return Expression.Multiply(Value(typeof(decimal), 0), Constant(random.Next(10) / 4m));
            case 3:
                return Expression.Divide(Value(typeof(decimal), depth), Constant((decimal)random.Next(2, 9)));
            case 4:
                return Expression.Call(typeof(Math), nameof(Math.Round), null, Value(typeof(decimal), depth), Constant(random.Next(3)));
            case 5:
                return Expression.Call(typeof(Math), Pick(["Floor", "Ceiling", "Truncate", "Abs"]), null, Value(typeof(decimal), depth));
            case 6:
                return FieldOf(f => f.Type == typeof(decimal?)) is { } optional ? Expression.Coalesce(optional, Value(typeof(decimal), depth)) : Leaf(typeof(decimal));
            default:
                if (Collection(out Shape shape) is { } items && shape.Type == typeof(Item))
                    return Expression.Call(typeof(Enumerable), nameof(Enumerable.Sum), [typeof(Item)], items, Lambda(shape, i => Expression.Add(Value(typeof(decimal), depth), Expression.Property(i, nameof(Item.Price)))));
                return Expression.Convert(Value(typeof(int), depth), typeof(decimal));
        }
    }

    private Expression Double(int depth) => random.Next(5) switch
    {
        0 => Expression.Add(Value(typeof(double), depth), Value(typeof(double), depth)),
        1 => Expression.Multiply(Value(typeof(double), 0), Constant(random.Next(8) / 4.0)),
        2 => Expression.Call(typeof(Math), Pick(["Floor", "Ceiling", "Truncate", "Abs", "Round"]), null, Value(typeof(double), depth)),
        3 => Expression.Call(typeof(Math), nameof(Math.Sqrt), null, Expression.Call(typeof(Math), nameof(Math.Abs), null, Value(typeof(double), 0))),
        _ => Expression.Divide(Expression.Convert(Value(typeof(int), depth), typeof(double)), Constant(4.0)),
    };

    private Expression Text(int depth)
    {
        switch (random.Next(11))
        {
            case 0:
            case 1:
                return Expression.Add(Value(typeof(string), depth), Any(typeof(string), depth, nullableText: true), typeof(string).GetMethod(nameof(string.Concat), [typeof(string), typeof(string)]));
            case 2:
                return Expression.Call(Value(typeof(string), depth), typeof(string).GetMethod(Pick(["ToUpper", "ToLower", "Trim", "TrimStart", "TrimEnd"]), Type.EmptyTypes)!);
            case 3:
                return Expression.Call(
                    Value(typeof(string), depth), typeof(string).GetMethod(nameof(string.Replace), [typeof(string), typeof(string)])!, Constant(Pick(["a", "1", "-"])), Constant(Pick(["", "zz"])));
            case 4:
            {
                Expression whole = Value(typeof(string), depth);
                int from = random.Next(2);
                return Expression.Condition(
                    Expression.GreaterThan(Expression.Property(whole, nameof(string.Length)), Constant(2)),
                    Chance(2)
                        ? Expression.Call(whole, typeof(string).GetMethod(nameof(string.Substring), [typeof(int), typeof(int)])!, Constant(from), Constant(1 + random.Next(2)))
                        : Expression.Call(whole, typeof(string).GetMethod(nameof(string.Substring), [typeof(int)])!, Constant(from)),
                    whole);
            }

            case 5:
                return Expression.Call(Value(typeof(int), depth), typeof(int).GetMethod(nameof(int.ToString), Type.EmptyTypes)!);
            case 6:
            case 7:
                return FieldOf(f => f.Type == typeof(string) && f.MaybeNull) is { } optional ? Expression.Coalesce(optional, Value(typeof(string), depth)) : Leaf(typeof(string));
            case 8:
                return Expression.Call(Value(typeof(string), depth), typeof(string).GetMethod(Pick(["PadLeft", "PadRight"]), [typeof(int), typeof(char)])!, Constant(random.Next(9)), Constant('*'));
            case 9:
                return Expression.Condition(Bool(depth, exact: true), Value(typeof(string), depth), Value(typeof(string), depth));
            default:
                return Leaf(typeof(string));
        }
    }

    private Expression Moment(int depth) => random.Next(5) switch
    {
        0 => Expression.Call(Value(typeof(DateTime), depth), nameof(DateTime.AddDays), null, Constant((double)random.Next(-60, 60))),
        1 => Expression.Call(Value(typeof(DateTime), depth), nameof(DateTime.AddMonths), null, Constant(random.Next(-14, 14))),
        2 => Expression.Property(Value(typeof(DateTime), depth), nameof(DateTime.Date)),
        3 when FieldOf(f => f.Type == typeof(DateTime?)) is { } end => Expression.Coalesce(end, Value(typeof(DateTime), depth)),
        4 => Expression.Call(Value(typeof(DateTime), depth), nameof(DateTime.AddHours), null, Constant((double)random.Next(-60, 60))),
        _ => Leaf(typeof(DateTime)),
    };

    private Expression Compare(int depth, bool exact)
    {
        if (!exact && Chance(3) && FieldOf(f => f.Type == typeof(int?) || f.Type == typeof(decimal?) || f.Type == typeof(DateTime?)) is { } optional)
            return Relation(optional, Lift(Value(Nullable.GetUnderlyingType(optional.Type)!, depth - 1), optional.Type));
        Type type = Pick(s_comparable);
        Expression left = FieldOf(f => f.Type == type && !f.MaybeNull) ?? Value(type, depth - 1);
        Expression right = Value(type, depth - 1);
        if (type == typeof(string))
        {
            return random.Next(3) switch
            {
                0 => Expression.Equal(left, right),
                1 => Expression.NotEqual(left, right),
                _ => Relation(Expression.Call(typeof(string), nameof(string.CompareOrdinal), null, left, right), Constant(0)),
            };
        }

        if (type == typeof(Guid) || type == typeof(bool))
            return Chance(2) ? Expression.Equal(left, right) : Expression.NotEqual(left, right);
        return type.IsEnum ? Chance(2) ? Expression.Equal(left, right) : Expression.NotEqual(left, right) : Relation(left, right);
    }

    private Expression Relation(Expression left, Expression right) => random.Next(6) switch
    {
        0 => Expression.LessThan(left, right),
        1 => Expression.LessThanOrEqual(left, right),
        2 => Expression.GreaterThan(left, right),
        3 => Expression.GreaterThanOrEqual(left, right),
        4 => Expression.Equal(left, right),
        _ => Expression.NotEqual(left, right),
    };

    private Expression NullableEquality(int depth)
    {
        if (FieldOf(f => f.MaybeNull || Nullable.GetUnderlyingType(f.Type) is not null) is not { } left)
            return Compare(depth, exact: true);
        Expression right = Chance(2) && FieldOf(f => f.Type == left.Type) is { } other ? other : Lift(Any(left.Type, depth - 1, nullableText: true), left.Type);
        return Chance(2) ? Expression.Equal(left, right) : Expression.NotEqual(left, right);
    }

    private Expression InList(int depth)
    {
        switch (random.Next(4))
        {
            case 0:
                return Expression.Call(typeof(Enumerable), nameof(Enumerable.Contains), [typeof(int)], Captured(new List<int> { 1, 3, random.Next(9) }), Value(typeof(int), depth - 1));
            case 1:
                return Expression.Call(
                    typeof(Enumerable), nameof(Enumerable.Contains), [typeof(string)], Captured<string?[]>(["Rome", null, "S1", "A-1"]),
                    FieldOf(f => f.Type == typeof(string)) ?? Value(typeof(string), depth - 1));
            case 2 when FieldOf(f => f.Type == typeof(int?)) is { } optional:
                return Expression.Call(typeof(Enumerable), nameof(Enumerable.Contains), [typeof(int?)], Captured<int?[]>([1, 2, null]), optional);
            default:
                return Expression.Call(typeof(Enumerable), nameof(Enumerable.Contains), [typeof(Kind)], Captured(new[] { Kind.Small, (Kind)random.Next(3) }), Value(typeof(Kind), 0));
        }
    }

    private Expression? Flags()
    {
        if (FieldOf(f => f.Type == typeof(Traits)) is not { } traits)
            return null;
        Expression wanted = Expression.Constant(Pick([Traits.Urgent, Traits.Secret, Traits.Shared]));
        return Chance(2)
            ? Expression.Call(traits, typeof(Enum).GetMethod(nameof(Enum.HasFlag))!, Expression.Convert(wanted, typeof(Enum)))
            : Expression.NotEqual(
                Expression.And(Expression.Convert(traits, typeof(int)), Expression.Convert(wanted, typeof(int))), Constant(0));
    }

    private Expression? Arrays()
    {
        if (Element(nameof(Project.Words)) is not { } words)
            return null;
        if (Chance(2))
            return Expression.Call(typeof(Enumerable), nameof(Enumerable.Contains), [typeof(string)], words, Chance(2) ? Captured("red") : Value(typeof(string), 0));
        return Expression.Call(typeof(Enumerable), nameof(Enumerable.Any), [typeof(int)], Element(nameof(Project.Numbers))!, NumberTest());
    }

    private Expression? Quantified(int depth)
    {
        if (Collection(out Shape shape) is not { } collection)
            return null;
        return random.Next(3) switch
        {
            0 => Expression.Call(typeof(Enumerable), nameof(Enumerable.Any), [shape.Type], collection),
            1 => Expression.Call(typeof(Enumerable), nameof(Enumerable.Any), [shape.Type], collection, Lambda(shape, _ => Bool(depth - 1, exact: false))),
            _ => Expression.Call(typeof(Enumerable), nameof(Enumerable.All), [shape.Type], collection, Lambda(shape, _ => Bool(depth - 1, exact: true))),
        };
    }

    private Expression InSubquery(int depth)
    {
        Expression items = Expression.Call(
            typeof(Queryable), nameof(Queryable.Where), [typeof(Item)], roots[typeof(Item)], Expression.Quote(Lambda(Shape.Item, _ => Bool(depth - 2, exact: false))));
        Expression keys = Expression.Call(
            typeof(Queryable), nameof(Queryable.Select), [typeof(Item), typeof(int)], items, Expression.Quote(Lambda(Shape.Item, i => Expression.Property(i, nameof(Item.ProjectId)))));
        return Expression.Call(typeof(Queryable), nameof(Queryable.Contains), [typeof(int)], keys, Value(typeof(int), depth - 1));
    }

    private sealed class Parameters : ExpressionVisitor
    {
        private readonly HashSet<ParameterExpression> _own = [];
        private bool _found;

        public static bool In(Expression expression)
        {
            Parameters search = new();
            search.Visit(expression);
            return search._found;
        }

        protected override Expression VisitLambda<T>(Expression<T> node)
        {
            _own.UnionWith(node.Parameters);
            return base.VisitLambda(node);
        }

        protected override Expression VisitParameter(ParameterExpression node)
        {
            _found |= !_own.Contains(node) && !QueryGenerator.Roots.ContainsValue(node);
            return node;
        }
    }

    private sealed class Closure<T>
    {
        public T Value = default!;
    }
}
