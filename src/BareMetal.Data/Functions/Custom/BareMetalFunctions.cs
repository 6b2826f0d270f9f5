using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using BareMetal.Data.Functions;
using BareMetal.Data.Functions.Custom;
using BareMetal.Data.Functions.Kernels;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data;

/// <summary>
/// Functions written in C# that SQL may call: scalar, aggregate and table-valued. Fill it once, then give it to
/// <see cref="BareMetalDataSourceBuilder.UseFunctions"/>; from then on it can't be changed. Other connections to the same database do not
/// see the functions, so that the schema can't use them: indexes, checks, defaults, stored columns and views refuse them (42883).
/// </summary>
/// <remarks>
/// Arguments and results have the .NET types that readers and parameters use (docs/adonet.md). A parameter whose type has no null is
/// never given one: the result is then null without a call. An exception from a function ends the statement with SQLSTATE 38000.
/// The functions belong to the data source and to no schema: a call may qualify their names with any schema, as EF Core does in models with
/// a default one. Functions may be called from any thread and more often or less often than rows come out.
/// </remarks>
/// <example>
/// <code>
/// BareMetalFunctions functions = new BareMetalFunctions()
///     .AddScalar("slug", (string s) => Slug.Of(s), isDeterministic: true)
///     .AddAggregate("product", () => 1m, (decimal state, decimal value) => state * value, state => state);
/// </code>
/// </example>
public sealed class BareMetalFunctions
{
    private readonly FunctionRegistry _registry = new(FunctionRegistry.Default);
    private bool _used;

    /// <summary>The registry, from now on fixed.</summary>
    internal FunctionRegistry Registry
    {
        get
        {
            _used = true;
            return _registry;
        }
    }

    /// <summary>Adds a function without arguments.</summary>
    /// <typeparam name="TResult">The result's type.</typeparam>
    /// <param name="name">The name that SQL knows it by, without regard to case.</param>
    /// <param name="function">The function.</param>
    /// <param name="isDeterministic">Whether the same arguments always give the same result: it may then be called once instead of for each row.</param>
    /// <exception cref="ArgumentException">A type has no SQL type, or the name is empty.</exception>
    /// <exception cref="InvalidOperationException">A data source uses these functions already.</exception>
    public BareMetalFunctions AddScalar<TResult>(string name, Func<TResult> function, bool isDeterministic = false)
    {
        ArgumentNullException.ThrowIfNull(function);
        return Scalar<TResult>(name, [], isDeterministic, _ => function());
    }

    /// <summary>Adds a function of one argument.</summary>
    /// <inheritdoc cref="AddScalar{TResult}(string, Func{TResult}, bool)"/>
    public BareMetalFunctions AddScalar<T, TResult>(string name, Func<T, TResult> function, bool isDeterministic = false)
    {
        ArgumentNullException.ThrowIfNull(function);
        return Scalar<TResult>(name, [typeof(T)], isDeterministic, v => function(Argument.Get<T>(v[0])));
    }

    /// <summary>Adds a function of two arguments.</summary>
    /// <inheritdoc cref="AddScalar{TResult}(string, Func{TResult}, bool)"/>
    public BareMetalFunctions AddScalar<T1, T2, TResult>(string name, Func<T1, T2, TResult> function, bool isDeterministic = false)
    {
        ArgumentNullException.ThrowIfNull(function);
        return Scalar<TResult>(name, [typeof(T1), typeof(T2)], isDeterministic, v => function(Argument.Get<T1>(v[0]), Argument.Get<T2>(v[1])));
    }

    /// <summary>Adds a function of three arguments.</summary>
    /// <inheritdoc cref="AddScalar{TResult}(string, Func{TResult}, bool)"/>
    public BareMetalFunctions AddScalar<T1, T2, T3, TResult>(string name, Func<T1, T2, T3, TResult> function, bool isDeterministic = false)
    {
        ArgumentNullException.ThrowIfNull(function);
        return Scalar<TResult>(
            name, [typeof(T1), typeof(T2), typeof(T3)], isDeterministic, v => function(Argument.Get<T1>(v[0]), Argument.Get<T2>(v[1]), Argument.Get<T3>(v[2])));
    }

    /// <summary>Adds a function of four arguments.</summary>
    /// <inheritdoc cref="AddScalar{TResult}(string, Func{TResult}, bool)"/>
    public BareMetalFunctions AddScalar<T1, T2, T3, T4, TResult>(string name, Func<T1, T2, T3, T4, TResult> function, bool isDeterministic = false)
    {
        ArgumentNullException.ThrowIfNull(function);
        return Scalar<TResult>(
            name,
            [typeof(T1), typeof(T2), typeof(T3), typeof(T4)],
            isDeterministic,
            v => function(Argument.Get<T1>(v[0]), Argument.Get<T2>(v[1]), Argument.Get<T3>(v[2]), Argument.Get<T4>(v[3])));
    }

    /// <summary>Adds an aggregate over one argument; it also works with DISTINCT, ORDER BY, FILTER and as a window function. A group's values are kept until its result is asked for.</summary>
    /// <typeparam name="T">The argument's type; without null in it, nulls are passed over.</typeparam>
    /// <typeparam name="TState">What is carried from value to value.</typeparam>
    /// <typeparam name="TResult">The result's type.</typeparam>
    /// <param name="name">The name that SQL knows it by, without regard to case.</param>
    /// <param name="seed">Makes the state of a group without values.</param>
    /// <param name="step">The state with one more value.</param>
    /// <param name="result">The result of a state.</param>
    /// <exception cref="ArgumentException">A type has no SQL type, or the name is empty.</exception>
    /// <exception cref="InvalidOperationException">A data source uses these functions already.</exception>
    public BareMetalFunctions AddAggregate<T, TState, TResult>(string name, Func<TState> seed, Func<TState, T, TState> step, Func<TState, TResult> result)
    {
        ArgumentNullException.ThrowIfNull(seed);
        ArgumentNullException.ThrowIfNull(step);
        ArgumentNullException.ThrowIfNull(result);
        SqlType type = TypeOf(typeof(TResult));
        Check(name);
        _registry.Add(new AggregateFunction
        {
            Name = name,
            Parameters = [TypeOf(typeof(T))],
            IsUserCode = true,
            IsOrderSensitive = true,
            ResultType = _ => type,
            CreateAccumulator = (_, _) => new CustomAccumulator<T, TState, TResult>(name, seed, step, result, type),
        });
        return this;
    }

    /// <summary>Adds a function that gives rows, for FROM. The row's public properties are its columns; a row of a plain type is the column <c>value</c>.</summary>
    /// <typeparam name="TRow">The row's type.</typeparam>
    /// <param name="name">The name that SQL knows it by, without regard to case.</param>
    /// <param name="function">The function.</param>
    /// <exception cref="ArgumentException">A type has no SQL type, or the name is empty.</exception>
    /// <exception cref="InvalidOperationException">A data source uses these functions already.</exception>
    public BareMetalFunctions AddTable<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] TRow>(string name, Func<IEnumerable<TRow>> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return Table(name, [], new RowShape<TRow>(), _ => function());
    }

    /// <summary>Adds a function of one argument that gives rows.</summary>
    /// <inheritdoc cref="AddTable{TRow}(string, Func{IEnumerable{TRow}})"/>
    public BareMetalFunctions AddTable<T, [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] TRow>(string name, Func<T, IEnumerable<TRow>> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return Table(name, [typeof(T)], new RowShape<TRow>(), v => function(Argument.Get<T>(v[0])));
    }

    /// <summary>Adds a function of two arguments that gives rows.</summary>
    /// <inheritdoc cref="AddTable{TRow}(string, Func{IEnumerable{TRow}})"/>
    public BareMetalFunctions AddTable<T1, T2, [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] TRow>(
        string name, Func<T1, T2, IEnumerable<TRow>> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return Table(name, [typeof(T1), typeof(T2)], new RowShape<TRow>(), v => function(Argument.Get<T1>(v[0]), Argument.Get<T2>(v[1])));
    }

    internal static SqlType TypeOf(Type type)
        => ClrTypes.OfClr(type) ?? throw new ArgumentException($"{type} has no SQL type, so that a function can't take or give it.", nameof(type));

    private BareMetalFunctions Scalar<TResult>(string name, Type[] parameters, bool isDeterministic, Func<Argument[], TResult> function)
    {
        Check(name);
        SqlType type = TypeOf(typeof(TResult));
        SqlType[] types = Array.ConvertAll(parameters, TypeOf);
        bool[] takesNull = Array.ConvertAll(parameters, Argument.TakesNull);
        ScalarKernel kernel = Kernel.Values(
            (values, _) =>
            {
                Argument[] arguments = new Argument[values.Length];
                for (int i = 0; i < values.Length; i++)
                {
                    if (values[i].IsNull && !takesNull[i])
                        return Value.Null(type.Kind);
                    arguments[i] = new Argument(values[i], types[i]);
                }

                return Custom.Call(name, () => Custom.ToValue(function(arguments), type));
            },
            strict: false);
        _registry.Add(new ScalarFunction
        {
            Name = name,
            Parameters = types,
            IsStrict = false,
            IsUserCode = true,
            Volatility = isDeterministic ? Volatility.Immutable : Volatility.Volatile,
            ResultType = _ => type,
            CreateKernel = (_, _) => kernel,
        });
        return this;
    }

    private BareMetalFunctions Table<TRow>(string name, Type[] parameters, RowShape<TRow> shape, Func<Argument[], IEnumerable<TRow>> function)
    {
        Check(name);
        SqlType[] types = Array.ConvertAll(parameters, TypeOf);
        bool[] takesNull = Array.ConvertAll(parameters, Argument.TakesNull);
        _registry.Add(new TableFunction
        {
            Name = name,
            IsVolatile = true,
            Parameters = types,
            Columns = _ => shape.Columns,
            Invoke = (values, context) => Rows(values, context.Cancellation),
        });
        return this;

        IEnumerable<Value[]> Rows(Value[] values, CancellationToken cancellationToken)
        {
            Argument[] arguments = new Argument[values.Length];
            for (int i = 0; i < values.Length; i++)
            {
                if (values[i].IsNull && !takesNull[i])
                    yield break;
                arguments[i] = new Argument(values[i], types[i]);
            }

            using IEnumerator<TRow> rows = Custom.Call(name, () => function(arguments).GetEnumerator());
            while (Custom.Call(name, rows.MoveNext))
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return Custom.Call(name, () => shape.ToRow(rows.Current));
            }
        }
    }

    private void Check(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (_used)
            throw new InvalidOperationException("A data source uses these functions already; add functions before it is built.");
    }
}
