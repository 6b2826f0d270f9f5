using System.Linq.Expressions;
using System.Reflection;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Conformance;

/// <summary>A query over placeholders of the sets.</summary>
/// <param name="Body">A sequence, or a value.</param>
/// <param name="IsSequence">Whether it is a sequence.</param>
/// <param name="IsOrdered">Whether its order is defined.</param>
/// <param name="Include">A navigation to be loaded with its entities; null for none.</param>
internal sealed record GeneratedQuery(Expression Body, bool IsSequence, bool IsOrdered, string? Include);

/// <summary>Makes LINQ queries of many forms on a seed.</summary>
internal sealed class QueryGenerator
{
    private static readonly Dictionary<int, Type> s_rows = new()
    {
        [1] = typeof(Row<>), [2] = typeof(Row<,>), [3] = typeof(Row<,,>), [4] = typeof(Row<,,,>), [5] = typeof(Row<,,,,>),
    };

    private readonly ScalarGenerator _scalars;
    private readonly Random _random;
    private Expression _query = null!;
    private Shape _shape = null!;
    private bool _ordered;

    public QueryGenerator(int seed)
    {
        _random = new Random(seed);
        _scalars = new ScalarGenerator(_random, Roots);
    }

    /// <summary>What stands for the sets.</summary>
    public static Dictionary<Type, ParameterExpression> Roots { get; } = new[] { typeof(Party), typeof(Project), typeof(Item), typeof(Label) }
        .ToDictionary(t => t, t => Expression.Parameter(typeof(IQueryable<>).MakeGenericType(t), t.Name + "s"));

    public GeneratedQuery Next()
    {
        Source();
        for (int steps = _random.Next(4); steps > 0; steps--)
            Step();
        return End();
    }

    private static Field Member(Type row, string name, bool maybeNull)
    {
        PropertyInfo property = row.GetProperty(name)!;
        return new Field(e => Expression.Property(e, property), property.PropertyType, maybeNull);
    }

    private Expression Call(string method, Type[] types, params Expression[] arguments)
        => Expression.Call(typeof(Queryable), method, types, [.. arguments.Select(a => a is LambdaExpression ? Expression.Quote(a) : a)]);

    private void Source()
    {
        _ordered = false;
        switch (_random.Next(9))
        {
            case <= 3:
                (_query, _shape) = (Roots[typeof(Project)], Shape.Project);
                break;
            case <= 5:
                (_query, _shape) = (Roots[typeof(Item)], Shape.Item);
                break;
            case 6:
                (_query, _shape) = (Roots[typeof(Party)], Shape.Party);
                break;
            case 7:
                _shape = _scalars.Chance(2) ? Shape.Human : Shape.Company;
                _query = Call(nameof(Queryable.OfType), [_shape.Type], Roots[typeof(Party)]);
                break;
            default:
                (_query, _shape) = (Roots[typeof(Label)], Shape.Label);
                break;
        }
    }

    private void Step()
    {
        switch (_random.Next(14))
        {
            case <= 3:
                Where();
                break;
            case 4:
                Order();
                break;
            case 5:
                Page();
                break;
            case 6:
                Project();
                break;
            case 7:
                Distinct();
                break;
            case 8:
                Flatten();
                break;
            case 9:
                Join();
                break;
            case 10:
                Combine();
                break;
            case 11:
                Group();
                break;
            case 12:
                LeftJoin();
                break;
            default:
                Where();
                break;
        }
    }

    private void Where() => _query = Call(nameof(Queryable.Where), [_shape.Type], _query, _scalars.Lambda(_shape, _ => _scalars.Bool(3, exact: false)));

    private void Order()
    {
        if (_shape.Unique.Count == 0)
            return;
        bool first = true;
        for (int keys = _random.Next(3); keys > 0; keys--)
        {
            Type type = _scalars.OrderType();
            By(_scalars.Lambda(_shape, _ => _scalars.Rooted(() => _scalars.Any(type, 2, nullableText: true))));
        }

        foreach (Field field in _shape.Unique)
            By(_scalars.Lambda(_shape, field.Get));
        _ordered = true;

        void By(LambdaExpression key)
        {
            string method = (first ? "OrderBy" : "ThenBy") + (_scalars.Chance(3) ? "Descending" : "");
            _query = Call(method, [_shape.Type, key.ReturnType], _query, key);
            first = false;
        }
    }

    private void Page()
    {
        if (!_ordered)
            Order();
        if (!_ordered)
            return;
        if (_scalars.Chance(2))
            _query = Call(nameof(Queryable.Skip), [_shape.Type], _query, Number(_random.Next(1, 5)));
        if (_scalars.Chance(4))
            _query = Call(nameof(Queryable.Reverse), [_shape.Type], _query);
        else
            _query = Call(nameof(Queryable.Take), [_shape.Type], _query, Number(_random.Next(1, 12)));
    }

    private Expression Number(int value) => _scalars.Chance(2) ? _scalars.Captured(value) : _scalars.Constant(value);

    /// <summary>A row of the unique fields, as far as wanted, and other values.</summary>
    private void Project(bool keepUnique = true)
    {
        bool unique = keepUnique && _shape.Unique.Count is > 0 and < 4 && !_scalars.Chance(4);
        List<(Func<Expression, Expression>, bool)> parts = [];
        if (unique)
            parts.AddRange(_shape.Unique.Select(f => (f.Get, f.MaybeNull)));
        int kept = parts.Count;
        int more = Math.Max(1, _random.Next(4 - kept + 1));
        for (int i = 0; i < more && parts.Count < 5; i++)
        {
            Type type = _scalars.ProjectedType();
            bool text = type == typeof(string) && _scalars.Chance(2);
            parts.Add((_ => _scalars.Rooted(() => _scalars.Any(type, 3, nullableText: text)), text));
        }

        Rows(parts, kept);
    }

    private void Rows(List<(Func<Expression, Expression> Make, bool MaybeNull)> parts, int unique)
    {
        Expression[] values = null!;
        LambdaExpression selector = _scalars.Lambda(_shape, e =>
        {
            values = [.. parts.Select(p => p.Make(e))];
            return New(values);
        });
        _query = Call(nameof(Queryable.Select), [_shape.Type, selector.ReturnType], _query, selector);
        _shape = RowShape(selector.ReturnType, [.. parts.Select((p, i) => p.MaybeNull || values[i].Type == typeof(string))], unique);
    }

    private static NewExpression New(IReadOnlyList<Expression> values)
    {
        Type row = s_rows[values.Count].MakeGenericType([.. values.Select(v => v.Type)]);
        return Expression.New(row.GetConstructors().Single(c => c.GetParameters().Length == values.Count), values, Names(values.Count).Select(n => (MemberInfo)row.GetProperty(n)!));
    }

    private static IEnumerable<string> Names(int count) => new[] { "A", "B", "C", "D", "E" }.Take(count);

    private static Shape RowShape(Type row, bool[] maybeNull, int unique)
    {
        Field[] fields = [.. Names(maybeNull.Length).Select((n, i) => Member(row, n, maybeNull[i])).Where(f => Shape.IsScalar(f.Type))];
        return new Shape(row, fields, fields[..Math.Min(unique, fields.Length)]);
    }

    private void Distinct()
    {
        if (_shape.IsEntity || _scalars.Chance(2))
            Project(keepUnique: _scalars.Chance(3));
        _query = Call(nameof(Queryable.Distinct), [_shape.Type], _query);
        _shape = _shape with { Unique = _shape.Fields };
        _ordered = false;
    }

    /// <summary>SelectMany over a collection, filtered or the first few, perhaps with those that have none.</summary>
    private void Flatten()
    {
        if (!_shape.IsEntity)
        {
            Join();
            return;
        }

        Shape inner = null!;
        bool optional = _scalars.Chance(3);
        Type[] delegateTypes = [_shape.Type, null!];
        LambdaExpression? many = _scalars.Lambda(_shape, _ =>
        {
            if (_scalars.Collection(out inner) is not { } source)
                return Expression.Empty();
            if (_scalars.Chance(2))
                source = Expression.Call(typeof(Enumerable), nameof(Enumerable.Where), [inner.Type], source, _scalars.Lambda(inner, _ => _scalars.Bool(2, exact: false)));
            if (_scalars.Chance(3))
            {
                source = Expression.Call(typeof(Enumerable), nameof(Enumerable.OrderByDescending), [inner.Type, inner.Unique[0].Type], source, _scalars.Lambda(inner, inner.Unique[0].Get));
                source = Expression.Call(typeof(Enumerable), nameof(Enumerable.Take), [inner.Type], source, _scalars.Constant(_random.Next(1, 3)));
            }

            return optional ? Expression.Call(typeof(Enumerable), nameof(Enumerable.DefaultIfEmpty), [inner.Type], source) : source;
        });
        if (inner is null)
        {
            Where();
            return;
        }

        many = Expression.Lambda(typeof(Func<,>).MakeGenericType(_shape.Type, typeof(IEnumerable<>).MakeGenericType(inner.Type)), many.Body, many.Parameters);
        Paired(nameof(Queryable.SelectMany), inner, optional, (outer, result) => Call(nameof(Queryable.SelectMany), [outer.Type, inner.Type, result.ReturnType], _query, many, result));
    }

    private void Join()
    {
        (Expression other, Shape inner, Func<Expression, Expression> outerKey, Func<Expression, Expression> innerKey)? on = JoinPartner();
        if (on is null)
        {
            Where();
            return;
        }

        (Expression source, Shape shape, Func<Expression, Expression> left, Func<Expression, Expression> right) = on.Value;
        LambdaExpression outer = _scalars.Lambda(_shape, left);
        LambdaExpression inner2 = _scalars.Lambda(shape, right);
        Paired("Join", shape, optional: false, (o, result) => Call(nameof(Queryable.Join), [o.Type, shape.Type, outer.ReturnType, result.ReturnType], _query, source, outer, inner2, result));
    }

    private void LeftJoin()
    {
        (Expression other, Shape inner, Func<Expression, Expression> outerKey, Func<Expression, Expression> innerKey)? on = JoinPartner();
        if (on is null)
        {
            Order();
            return;
        }

        (Expression source, Shape shape, Func<Expression, Expression> left, Func<Expression, Expression> right) = on.Value;
        LambdaExpression outer = _scalars.Lambda(_shape, left);
        LambdaExpression inner2 = _scalars.Lambda(shape, right);
        Paired("LeftJoin", shape, optional: true, (o, result) => Call(nameof(Queryable.LeftJoin), [o.Type, shape.Type, outer.ReturnType, result.ReturnType], _query, source, outer, inner2, result));
    }

    private (Expression, Shape, Func<Expression, Expression>, Func<Expression, Expression>)? JoinPartner()
    {
        Shape shape = _scalars.Pick([Shape.Project, Shape.Item, Shape.Label]);
        Expression source = Roots[shape.Type];
        if (_scalars.Chance(2))
            source = Call(nameof(Queryable.Where), [shape.Type], source, _scalars.Lambda(shape, _ => _scalars.Bool(2, exact: false)));
        foreach (Type type in new[] { typeof(int), typeof(string), typeof(int?), typeof(decimal) }.OrderBy(_ => _random.Next()))
        {
            Field[] left = [.. _shape.Fields.Where(f => f.Type == type)];
            Field[] right = [.. shape.Fields.Where(f => f.Type == type)];
            if (left.Length > 0 && right.Length > 0)
            {
                Field l = _scalars.Pick(left);
                Field r = _scalars.Pick(right);
                return (source, shape, l.Get, r.Get);
            }
        }

        return null;
    }

    /// <summary>Ends an operator that pairs elements: the row has the keys of both and some of their values.</summary>
    private void Paired(string _, Shape inner, bool optional, Func<Shape, LambdaExpression, Expression> call)
    {
        Shape outer = _shape;
        List<Expression> values = [];
        List<bool> maybeNull = [];
        ParameterExpression element = null!;
        LambdaExpression nested = _scalars.Lambda(outer, o =>
        {
            LambdaExpression pair = _scalars.Lambda(optional ? inner with { Fields = [], HasCollections = false } : inner, i =>
            {
                element = i;
                bool keyed = outer.Unique.Count is > 0 and <= 2;
                if (keyed)
                {
                    foreach (Field f in outer.Unique)
                        Add(f.Get(o), f.MaybeNull);
                }

                Field key = inner.Unique[0];
                Add(optional ? Maybe(i, key) : key.Get(i), optional);
                int more = _random.Next(1, 3);
                for (int n = 0; n < more && values.Count < 5; n++)
                {
                    if (optional && _scalars.Chance(2))
                    {
                        // EF Core joins what lies behind a missing element inwardly.
                        Field f = _scalars.Pick(inner.Fields.Where(f => !f.Navigates).ToList());
                        Add(Maybe(i, f), true);
                    }
                    else
                    {
                        Type type = _scalars.ProjectedType();
                        Add(_scalars.Rooted(() => _scalars.Any(type, 2, nullableText: true)), true);
                    }
                }

                return New(values);
            });
            return pair.Body;
        });
        LambdaExpression result = Expression.Lambda(nested.Body, nested.Parameters[0], element);
        _query = call(outer, result);
        _shape = RowShape(result.ReturnType, [.. maybeNull], outer.Unique.Count is > 0 and <= 2 ? outer.Unique.Count + 1 : 0);
        _ordered = false;

        void Add(Expression value, bool canBeNull)
        {
            values.Add(value);
            maybeNull.Add(canBeNull);
        }
    }

    /// <summary>A field of an element that may be missing.</summary>
    private static Expression Maybe(Expression element, Field field)
    {
        Type type = field.Type.IsValueType && Nullable.GetUnderlyingType(field.Type) is null ? typeof(Nullable<>).MakeGenericType(field.Type) : field.Type;
        Expression value = field.Get(element);
        return Expression.Condition(
            Expression.Equal(element, Expression.Constant(null, element.Type)),
            Expression.Constant(null, type),
            value.Type == type ? value : Expression.Convert(value, type));
    }

    /// <summary>A set operation with another filter of the same source, projected alike.</summary>
    private void Combine()
    {
        if (_shape.IsEntity && _shape.Type != typeof(Project) && _scalars.Chance(2))
        {
            Expression other = Call(nameof(Queryable.Where), [_shape.Type], _query, _scalars.Lambda(_shape, _ => _scalars.Bool(2, exact: false)));
            Where();
            SetOperation(other);
            return;
        }

        Expression first = _query;
        Shape shape = _shape;
        Type[] types = [.. Enumerable.Range(0, _random.Next(1, 4)).Select(_ => _scalars.KeyType())];
        Expression Side()
        {
            Expression filtered = Call(nameof(Queryable.Where), [shape.Type], first, _scalars.Lambda(shape, _ => _scalars.Bool(2, exact: false)));
            LambdaExpression selector = _scalars.Lambda(shape, _ => New([.. types.Select(t => _scalars.Side(t))]));
            return Call(nameof(Queryable.Select), [shape.Type, selector.ReturnType], filtered, selector);
        }

        Expression right = Side();
        _query = Side();
        _shape = RowShape(_query.Type.GetGenericArguments()[0], [.. types.Select(t => t == typeof(string))], 0);
        SetOperation(right);
    }

    private void SetOperation(Expression other)
    {
        string operation = _scalars.Pick([nameof(Queryable.Union), nameof(Queryable.Concat), nameof(Queryable.Except), nameof(Queryable.Intersect)]);
        bool isDistinct = operation != nameof(Queryable.Concat);
        _query = Call(operation, [_shape.Type], _query, other);
        if (!isDistinct)
            _shape = _shape with { Unique = [] };
        else if (!_shape.IsEntity)
            _shape = _shape with { Unique = _shape.Unique.Count == 1 && _shape.Type.Namespace == typeof(Shape).Namespace && !_shape.Type.IsGenericType ? _shape.Unique : _shape.Fields };
        _shape = _shape with { HasCollections = false };
        _ordered = false;
    }

    private void Group()
    {
        int parts = _random.Next(1, 3);
        Type[] types = [.. Enumerable.Range(0, parts).Select(_ => _scalars.KeyType())];
        LambdaExpression key = _scalars.Lambda(
            _shape,
            _ => types.Length == 1 ? _scalars.Side(types[0]) : New([.. types.Select(_scalars.Side)]));
        Type keyType = key.ReturnType;
        Shape element = _shape.Grouped;
        Type group = typeof(IGrouping<,>).MakeGenericType(keyType, element.Type);
        _query = Call(nameof(Queryable.GroupBy), [element.Type, keyType], _query, key);
        if (_scalars.Chance(3))
        {
            ParameterExpression h = Expression.Parameter(group, "h");
            _query = Call(
                nameof(Queryable.Where), [group], _query,
                Expression.Lambda(Expression.GreaterThan(Expression.Call(typeof(Enumerable), nameof(Enumerable.Count), [element.Type], h), _scalars.Constant(_random.Next(1, 4))), h));
        }

        ParameterExpression g = Expression.Parameter(group, "g");
        Expression k = Expression.Property(g, "Key");
        List<Expression> values = [];
        List<bool> maybeNull = [];
        if (parts == 1)
        {
            values.Add(k);
            maybeNull.Add(true);
        }
        else
        {
            foreach (string name in Names(parts))
            {
                values.Add(Expression.Property(k, name));
                maybeNull.Add(true);
            }
        }

        int aggregates = _random.Next(1, 4);
        for (int i = 0; i < aggregates && values.Count < 5; i++)
        {
            values.Add(Aggregate(g, element));
            maybeNull.Add(true);
        }

        LambdaExpression selector = Expression.Lambda(New(values), g);
        _query = Call(nameof(Queryable.Select), [group, selector.ReturnType], _query, selector);
        _shape = RowShape(selector.ReturnType, [.. maybeNull], parts);
        _ordered = false;
    }

    private Expression Aggregate(Expression source, Shape element)
    {
        if (_scalars.Chance(3))
            source = Expression.Call(typeof(Enumerable), nameof(Enumerable.Where), [element.Type], source, _scalars.Lambda(element, _ => _scalars.Bool(2, exact: false)));
        Type type = _scalars.Pick([typeof(int), typeof(long), typeof(decimal), typeof(double)]);
        switch (_random.Next(8))
        {
            case 0:
                return Expression.Call(typeof(Enumerable), nameof(Enumerable.Count), [element.Type], source);
            case 1:
                return Expression.Call(typeof(Enumerable), nameof(Enumerable.LongCount), [element.Type], source, _scalars.Lambda(element, _ => _scalars.Bool(2, exact: false)));
            case 2:
            {
                LambdaExpression selector = _scalars.Lambda(element, _ => _scalars.Value(type, 2));
                return Expression.Call(
                    typeof(Enumerable), nameof(Enumerable.Count), [type],
                    Expression.Call(typeof(Enumerable), nameof(Enumerable.Distinct), [type], Expression.Call(typeof(Enumerable), nameof(Enumerable.Select), [element.Type, type], source, selector)));
            }

            case 3:
                return Expression.Call(typeof(Enumerable), nameof(Enumerable.Sum), [element.Type], source, _scalars.Lambda(element, _ => _scalars.Value(type, 2)));
            case 4:
                return Expression.Call(typeof(Enumerable), nameof(Enumerable.Average), [element.Type], source, Optional(element, type));
            default:
            {
                type = _scalars.Pick([typeof(int), typeof(decimal), typeof(DateTime), typeof(double), typeof(DateOnly), typeof(long)]);
                LambdaExpression selector = Optional(element, type);
                string name = _scalars.Chance(2) ? nameof(Enumerable.Min) : nameof(Enumerable.Max);
                return Shape.IsScalar(type) && type != typeof(DateTime) && type != typeof(DateOnly)
                    ? Expression.Call(typeof(Enumerable), name, [element.Type], source, selector)
                    : Expression.Call(typeof(Enumerable), name, [element.Type, selector.ReturnType], source, selector);
            }
        }
    }

    /// <summary>A selector whose aggregate over nothing is null.</summary>
    private LambdaExpression Optional(Shape element, Type type)
    {
        LambdaExpression selector = _scalars.Lambda(element, _ => _scalars.Value(type, 2));
        return Expression.Lambda(Expression.Convert(selector.Body, typeof(Nullable<>).MakeGenericType(type)), selector.Parameters);
    }

    private GeneratedQuery End()
    {
        string? include = null;
        switch (_random.Next(12))
        {
            case 0:
                return new GeneratedQuery(Call(nameof(Queryable.Count), [_shape.Type], _query), false, true, null);
            case 1:
                return new GeneratedQuery(Call(nameof(Queryable.Any), [_shape.Type], _query, _scalars.Lambda(_shape, _ => _scalars.Bool(2, exact: false))), false, true, null);
            case 2:
                return new GeneratedQuery(Call(nameof(Queryable.All), [_shape.Type], _query, _scalars.Lambda(_shape, _ => _scalars.Bool(2, exact: true))), false, true, null);
            case 3:
            {
                Type type = _scalars.Pick([typeof(int), typeof(long), typeof(decimal), typeof(double)]);
                string name = _scalars.Pick([nameof(Queryable.Sum), nameof(Queryable.Max), nameof(Queryable.Min), nameof(Queryable.Average)]);
                LambdaExpression selector = Optional(_shape, type);
                Type[] types = name is nameof(Queryable.Max) or nameof(Queryable.Min) ? [_shape.Type, selector.ReturnType] : [_shape.Type];
                return new GeneratedQuery(Call(name, types, _query, selector), false, true, null);
            }

            case 4:
                if (!_ordered)
                    Order();
                if (_ordered)
                    return new GeneratedQuery(Call(_scalars.Pick([nameof(Queryable.FirstOrDefault), nameof(Queryable.LastOrDefault)]), [_shape.Type], _query), false, true, null);
                break;
            case 5:
            case 6:
                if (_shape.IsEntity)
                {
                    Lists();
                    return new GeneratedQuery(_query, true, _ordered, null);
                }

                break;
            case 7:
                if (_shape.IsEntity)
                    include = _shape.Type == typeof(Project) ? _scalars.Pick(["Items", "Labels", "Owner", "Reviewer.Boss"]) : _shape.Type == typeof(Item) ? _scalars.Pick(["Children", "Project.Owner"]) : "Projects";
                break;
            case 8:
            case 9:
                Project();
                break;
        }

        if (!_ordered && _scalars.Chance(2))
            Order();
        return new GeneratedQuery(_query, true, _ordered, include);
    }

    /// <summary>A last projection with lists in it.</summary>
    private void Lists()
    {
        LambdaExpression selector = _scalars.Lambda(_shape, e =>
        {
            List<Expression> values = [_shape.Unique[0].Get(e)];
            for (int n = _random.Next(1, 3); n > 0; n--)
            {
                if (_scalars.Collection(out Shape inner) is not { } source)
                    break;
                if (_scalars.Chance(2))
                    source = Expression.Call(typeof(Enumerable), nameof(Enumerable.Where), [inner.Type], source, _scalars.Lambda(inner, _ => _scalars.Bool(2, exact: false)));
                source = Expression.Call(
                    typeof(Enumerable), _scalars.Chance(2) ? nameof(Enumerable.OrderBy) : nameof(Enumerable.OrderByDescending), [inner.Type, inner.Unique[0].Type], source,
                    _scalars.Lambda(inner, inner.Unique[0].Get));
                if (_scalars.Chance(3))
                    source = Expression.Call(typeof(Enumerable), nameof(Enumerable.Take), [inner.Type], source, _scalars.Constant(2));
                if (!_scalars.Chance(4))
                {
                    Type type = _scalars.ProjectedType();
                    LambdaExpression item = _scalars.Lambda(inner, i => New([inner.Unique[0].Get(i), _scalars.Rooted(() => _scalars.Any(type, 2, nullableText: true))]));
                    source = Expression.Call(typeof(Enumerable), nameof(Enumerable.Select), [inner.Type, item.ReturnType], source, item);
                }

                values.Add(Expression.Call(typeof(Enumerable), nameof(Enumerable.ToList), [source.Type.GetGenericArguments()[0]], source));
            }

            return New(values);
        });
        _query = Call(nameof(Queryable.Select), [_shape.Type, selector.ReturnType], _query, selector);
    }
}
