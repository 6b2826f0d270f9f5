using System.Collections;
using System.Globalization;
using System.Linq.Expressions;
using System.Reflection;

namespace BareMetal.Data.EntityFrameworkCore.QueryDefinitions;

/// <summary>Turns a definition into LINQ: one predicate, orderings, Skip and Take.</summary>
internal sealed class QueryDefinitionExpressionBuilder
{
    private static readonly MethodInfo s_startsWith = typeof(string).GetMethod(nameof(string.StartsWith), [typeof(string)])!;
    private static readonly MethodInfo s_endsWith = typeof(string).GetMethod(nameof(string.EndsWith), [typeof(string)])!;
    private static readonly MethodInfo s_contains = typeof(string).GetMethod(nameof(string.Contains), [typeof(string)])!;
    private static readonly MethodInfo s_compare = typeof(string).GetMethod(nameof(string.Compare), [typeof(string), typeof(string)])!;

    private readonly Type _type;
    private readonly ParameterExpression _item;
    private readonly List<QueryProblem> _problems = [];

    public QueryDefinitionExpressionBuilder(Type type)
    {
        _type = type;
        _item = Expression.Parameter(type, "e");
    }

    public IQueryable<T> Apply<T>(IQueryable<T> source, QueryDefinition definition)
    {
        Expression? predicate = definition.Where is { } where ? Node(where, "where", 0) : null;
        List<(LambdaExpression Key, bool Descending)> sorts = [];
        for (int i = 0; i < definition.Sort.Count; i++)
        {
            if (Find(definition.Sort[i]?.Field, $"sort[{i}].field") is { } key)
                sorts.Add((Expression.Lambda(key, _item), definition.Sort[i].Descending));
        }

        if (definition.Skip is < 0 or > int.MaxValue)
            Problem("skip", "Must be 0 or more, and at most 2147483647.");
        if (definition.Take is < 0 or > int.MaxValue)
            Problem("take", "Must be 0 or more, and at most 2147483647.");
        if (_problems.Count > 0)
            throw new QueryDefinitionException(_problems);

        IQueryable<T> query = source;
        if (predicate is not null)
            query = Queryable.Where(query, Expression.Lambda<Func<T, bool>>(predicate, _item));
        for (int i = 0; i < sorts.Count; i++)
        {
            string method = (i == 0 ? "OrderBy" : "ThenBy") + (sorts[i].Descending ? "Descending" : "");
            query = query.Provider.CreateQuery<T>(Expression.Call(
                typeof(Queryable), method, [_type, sorts[i].Key.ReturnType], query.Expression, Expression.Quote(sorts[i].Key)));
        }

        if (definition.Skip is { } skip)
            query = query.Skip((int)skip);
        return definition.Take is { } take ? query.Take((int)take) : query;
    }

    private Expression? Node(QueryNode? node, string path, int depth)
    {
        if (depth > QueryGroup.MaxDepth)
        {
            Problem(path, $"Groups are nested more than {QueryGroup.MaxDepth} deep.");
            return null;
        }

        switch (node)
        {
            case QueryClause clause:
                return Clause(clause, path);
            case QueryGroup group:
                bool and = group.Kind == QueryGroupKind.And;
                Expression? joined = null;
                for (int i = 0; i < group.Items.Count; i++)
                {
                    if (Node(group.Items[i], $"{path}.{(and ? "and" : "or")}[{i}]", depth + 1) is { } item)
                        joined = joined is null ? item : and ? Expression.AndAlso(joined, item) : Expression.OrElse(joined, item);
                }

                joined ??= Expression.Constant(and);
                return group.IsNegated ? Expression.Not(joined) : joined;
            default:
                Problem(path, "Is null.");
                return null;
        }
    }

    private Expression? Clause(QueryClause clause, string path)
    {
        if (Find(clause.Field, $"{path}.field") is not { } field)
            return null;
        QueryOperator op = clause.Operator;
        bool isNullable = !field.Type.IsValueType || Nullable.GetUnderlyingType(field.Type) is not null;
        switch (op)
        {
            case QueryOperator.IsNull or QueryOperator.IsNotNull:
                if (clause.Value is not null)
                    Problem($"{path}.value", $"{op} takes no value.");
                return NullTest(field, isNullable, op == QueryOperator.IsNull);
            case QueryOperator.Equal or QueryOperator.NotEqual when clause.Value is null:
                return NullTest(field, isNullable, op == QueryOperator.Equal);
            case QueryOperator.Equal:
                return Value(field, clause.Value, $"{path}.value") is { } equal ? Expression.Equal(field, equal) : null;
            case QueryOperator.NotEqual:
                return Value(field, clause.Value, $"{path}.value") is { } other ? Expression.NotEqual(field, other) : null;
            case QueryOperator.Less or QueryOperator.LessOrEqual or QueryOperator.Greater or QueryOperator.GreaterOrEqual:
                return Compare(field, op, clause.Value, $"{path}.value");
            case QueryOperator.Between:
                if (Items(clause.Value) is not { Length: 2 } bounds)
                {
                    Problem($"{path}.value", "between takes a list of two values.");
                    return null;
                }

                Expression? from = Compare(field, QueryOperator.GreaterOrEqual, bounds[0], $"{path}.value[0]");
                Expression? to = Compare(field, QueryOperator.LessOrEqual, bounds[1], $"{path}.value[1]");
                return from is null || to is null ? null : Expression.AndAlso(from, to);
            case QueryOperator.In or QueryOperator.NotIn:
                return List(field, clause, path);
            case QueryOperator.StartsWith or QueryOperator.EndsWith or QueryOperator.Contains:
                if (field.Type != typeof(string))
                {
                    Problem($"{path}.op", $"{op} applies to texts; '{clause.Field}' is {field.Type}.");
                    return null;
                }

                MethodInfo method = op switch
                {
                    QueryOperator.StartsWith => s_startsWith,
                    QueryOperator.EndsWith => s_endsWith,
                    _ => s_contains,
                };
                return Value(field, clause.Value, $"{path}.value") is { } text ? Expression.Call(field, method, text) : null;
            default:
                Problem($"{path}.op", $"{op} is not an operator.");
                return null;
        }
    }

    private static Expression NullTest(Expression field, bool isNullable, bool isNull)
    {
        if (!isNullable)
            return Expression.Constant(!isNull);
        Expression nothing = Expression.Constant(null, field.Type);
        return isNull ? Expression.Equal(field, nothing) : Expression.NotEqual(field, nothing);
    }

    private Expression? Compare(Expression field, QueryOperator op, object? value, string path)
    {
        if (Value(field, value, path) is not { } right)
            return null;
        Expression left = field;
        Type type = Nullable.GetUnderlyingType(field.Type) ?? field.Type;
        if (type == typeof(string))
        {
            left = Expression.Call(s_compare, field, right);
            right = Expression.Constant(0);
        }
        else if (type.IsEnum)
        {
            Type number = Enum.GetUnderlyingType(type);
            number = Nullable.GetUnderlyingType(field.Type) is null ? number : typeof(Nullable<>).MakeGenericType(number);
            left = Expression.Convert(left, number);
            right = Expression.Convert(right, number);
        }
        else if (type == typeof(bool) || type == typeof(byte[]))
        {
            Problem(path, $"Values of type {type} have no order here.");
            return null;
        }

        return op switch
        {
            QueryOperator.Less => Expression.LessThan(left, right),
            QueryOperator.LessOrEqual => Expression.LessThanOrEqual(left, right),
            QueryOperator.Greater => Expression.GreaterThan(left, right),
            _ => Expression.GreaterThanOrEqual(left, right),
        };
    }

    private Expression? List(Expression field, QueryClause clause, string path)
    {
        if (Items(clause.Value) is not { } items)
        {
            Problem($"{path}.value", $"{clause.Operator} takes a list.");
            return null;
        }

        Type list = typeof(List<>).MakeGenericType(field.Type);
        IList values = (IList)Activator.CreateInstance(list)!;
        bool fine = true;
        for (int i = 0; i < items.Length; i++)
        {
            if (items[i] is null && (!field.Type.IsValueType || Nullable.GetUnderlyingType(field.Type) is not null))
                values.Add(null);
            else if (TryConvert(items[i], field.Type, out object? value))
                values.Add(value);
            else
                fine = Problem($"{path}.value[{i}]", Expected(field.Type, items[i]));
        }

        if (!fine)
            return null;
        Expression contains = Expression.Call(Captured(values, list), list.GetMethod(nameof(List<>.Contains), [field.Type])!, field);
        return clause.Operator == QueryOperator.NotIn ? Expression.Not(contains) : contains;
    }

    private Expression? Value(Expression field, object? value, string path)
    {
        if (TryConvert(value, field.Type, out object? converted))
            return Captured(converted!, field.Type);
        Problem(path, Expected(field.Type, value));
        return null;
    }

    /// <summary>A value as a captured variable would stand in a lambda, so that EF Core makes it a parameter.</summary>
    private static Expression Captured(object value, Type type)
    {
        Type box = typeof(Box<>).MakeGenericType(type);
        object instance = Activator.CreateInstance(box)!;
        FieldInfo content = box.GetField(nameof(Box<>.Value))!;
        content.SetValue(instance, value);
        return Expression.Field(Expression.Constant(instance, box), content);
    }

    private Expression? Find(string? path, string at)
    {
        Expression current = _item;
        foreach (string name in (path ?? "").Split('.'))
        {
            PropertyInfo? found = null;
            foreach (PropertyInfo property in current.Type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
            {
                if (property.GetIndexParameters().Length == 0 && string.Equals(property.Name, name, StringComparison.OrdinalIgnoreCase)
                    && (found is null || property.Name == name))
                    found = property;
            }

            if (found is null)
            {
                Problem(at, $"'{path}' is not a field of {_type.Name}: {current.Type.Name} has no '{name}'. It has {string.Join(", ", current.Type.GetProperties().Select(p => p.Name))}.");
                return null;
            }

            current = Expression.Property(current, found);
        }

        return current;
    }

    private static object?[]? Items(object? value)
        => value is IEnumerable items and not string and not byte[] ? items.Cast<object?>().ToArray() : null;

    private static bool TryConvert(object? value, Type type, out object? result)
    {
        Type target = Nullable.GetUnderlyingType(type) ?? type;
        CultureInfo invariant = CultureInfo.InvariantCulture;
        result = value;
        if (value is null)
            return false;
        if (target.IsInstanceOfType(value))
            return true;
        try
        {
            if (target.IsEnum)
            {
                if (value is string name)
                    return Enum.TryParse(target, name, ignoreCase: true, out result) && Enum.IsDefined(target, result!);
                if (!IsWhole(value))
                    return false;
                result = Enum.ToObject(target, Convert.ChangeType(value, Enum.GetUnderlyingType(target), invariant));
                return true;
            }

            switch (Type.GetTypeCode(target))
            {
                case TypeCode.SByte or TypeCode.Int16 or TypeCode.Int32 or TypeCode.Int64 or TypeCode.Byte or TypeCode.UInt16 or TypeCode.UInt32 or TypeCode.UInt64:
                    if (!IsWhole(value))
                        return false;
                    result = Convert.ChangeType(value, target, invariant);
                    return true;
                case TypeCode.Single or TypeCode.Double or TypeCode.Decimal:
                    if (!IsNumber(value))
                        return false;
                    result = Convert.ChangeType(value, target, invariant);
                    return true;
                case TypeCode.String:
                    result = value is char c ? c.ToString() : null;
                    return result is not null;
                case TypeCode.Char:
                    result = value is string { Length: 1 } one ? one[0] : null;
                    return result is not null;
                case TypeCode.DateTime when value is string text:
                    result = DateTime.Parse(text, invariant, DateTimeStyles.RoundtripKind);
                    return true;
            }

            if (value is not string written)
                return false;
            result = target == typeof(Guid) ? Guid.Parse(written)
                : target == typeof(DateTimeOffset) ? DateTimeOffset.Parse(written, invariant, DateTimeStyles.AssumeUniversal)
                : target == typeof(DateOnly) ? DateOnly.Parse(written, invariant)
                : target == typeof(TimeOnly) ? TimeOnly.Parse(written, invariant)
                : target == typeof(TimeSpan) ? TimeSpan.Parse(written, invariant)
                : target == typeof(byte[]) ? Convert.FromBase64String(written)
                : null;
            return result is not null;
        }
        catch (Exception e) when (e is FormatException or OverflowException or InvalidCastException)
        {
            return false;
        }
    }

    private static bool IsNumber(object value)
        => value is sbyte or short or int or long or byte or ushort or uint or ulong or decimal or double or float;

    private static bool IsWhole(object value) => value switch
    {
        decimal d => decimal.Truncate(d) == d,
        double d => Math.Truncate(d) == d,
        float f => MathF.Truncate(f) == f,
        _ => IsNumber(value),
    };

    private static string Expected(Type type, object? value)
        => $"Expected a value for {(Nullable.GetUnderlyingType(type) ?? type).Name}, found {(value is null ? "null" : $"'{Convert.ToString(value, CultureInfo.InvariantCulture)}'")}.";

    private bool Problem(string path, string message)
    {
        _problems.Add(new QueryProblem(path, message));
        return false;
    }

    private sealed class Box<T>
    {
        public T Value = default!;
    }
}
