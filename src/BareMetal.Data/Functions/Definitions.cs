using BareMetal.Data.Functions.Kernels;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions;

/// <summary>Short forms for adding functions to a registry.</summary>
internal readonly struct Definitions(FunctionRegistry registry)
{
    /// <summary>Any type, and an array of any type, as parameters.</summary>
    public static readonly SqlType Any = SqlType.Unknown;
    public static readonly SqlType AnyArray = SqlType.ArrayOf(SqlType.Unknown);

    public FunctionRegistry Registry { get; } = registry;

    /// <summary>A strict, immutable function with a fixed result type.</summary>
    public void Add(string name, SqlType result, ScalarKernel kernel, params SqlType[] parameters) =>
        Add(name, result, kernel, Volatility.Immutable, parameters);

    public void Add(string name, SqlType result, ScalarKernel kernel, Volatility volatility, params SqlType[] parameters) =>
        Registry.Add(new ScalarFunction
        {
            Name = name,
            Parameters = parameters,
            Volatility = volatility,
            ResultType = _ => result,
            CreateKernel = (_, _) => kernel,
        });

    /// <summary>A strict, immutable function under several names.</summary>
    public void Add(ReadOnlySpan<string> names, SqlType result, ScalarKernel kernel, params SqlType[] parameters)
    {
        foreach (string name in names)
            Add(name, result, kernel, Volatility.Immutable, parameters);
    }

    /// <summary>A function whose result type and kernel depend on the argument types.</summary>
    public void Add(
        string name,
        Func<IReadOnlyList<SqlType>, SqlType> result,
        Func<IReadOnlyList<SqlType>, SqlType, ScalarKernel> kernel,
        SqlType[] parameters,
        bool strict = true,
        bool variadic = false,
        bool unifies = false,
        Volatility volatility = Volatility.Immutable) =>
        Registry.Add(new ScalarFunction
        {
            Name = name,
            Parameters = parameters,
            IsStrict = strict,
            IsVariadic = variadic,
            UnifiesUnknown = unifies,
            Volatility = volatility,
            ResultType = result,
            CreateKernel = kernel,
        });

    /// <summary>A function over scalars, row by row.</summary>
    public void AddValues(string name, SqlType result, Func<Value[], FunctionContext, Value> function, SqlType[] parameters, bool strict = true, bool variadic = false, Volatility volatility = Volatility.Immutable)
    {
        ScalarKernel kernel = Kernel.Values(function, strict);
        Add(name, _ => result, (_, _) => kernel, parameters, strict, variadic, volatility: volatility);
    }
}
