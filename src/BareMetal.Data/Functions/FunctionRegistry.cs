using BareMetal.Data.Types;

namespace BareMetal.Data.Functions;

/// <summary>
/// The functions that statements may call: overloads by name, found without regard to case. Operators are functions named by their
/// symbol; LIKE, ILIKE and SIMILAR TO are <c>like</c>, <c>ilike</c>, <c>similar_to</c> (text, pattern [, escape]); <c>a[i]</c> is
/// <c>subscript</c>, <c>a[i:j]</c> <c>slice</c>; AT TIME ZONE is <c>timezone</c> (zone, moment); EXTRACT is <c>extract</c> (field, value).
/// </summary>
internal sealed class FunctionRegistry
{
    private readonly Dictionary<string, List<ScalarFunction>> _scalars = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, List<AggregateFunction>> _aggregates = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, List<TableFunction>> _tables = new(StringComparer.OrdinalIgnoreCase);

    public FunctionRegistry()
    {
    }

    /// <summary>Begins with the functions of another registry; those added later are overloads beside them.</summary>
    public FunctionRegistry(FunctionRegistry other)
    {
        Copy(other._scalars, _scalars);
        Copy(other._aggregates, _aggregates);
        Copy(other._tables, _tables);
    }

    /// <summary>The functions that every database has.</summary>
    public static FunctionRegistry Default { get; } = BuiltinFunctions.Create();

    /// <summary>The overloads of a scalar function or operator; empty when there is none.</summary>
    public IReadOnlyList<ScalarFunction> FindScalar(string name) => _scalars.TryGetValue(name, out List<ScalarFunction>? found) ? found : [];

    /// <summary>The overloads of an aggregate function; empty when there is none.</summary>
    public IReadOnlyList<AggregateFunction> FindAggregate(string name) => _aggregates.TryGetValue(name, out List<AggregateFunction>? found) ? found : [];

    /// <summary>The overloads of a table function; empty when there is none.</summary>
    public IReadOnlyList<TableFunction> FindTable(string name) => _tables.TryGetValue(name, out List<TableFunction>? found) ? found : [];

    /// <summary>The overload of a scalar function or operator that fits arguments of these types, null when none does.</summary>
    public ResolvedFunction<ScalarFunction>? ResolveScalar(string name, ReadOnlySpan<SqlType> argumentTypes) =>
        FunctionResolver.Resolve(FindScalar(name), argumentTypes);

    /// <summary>The overload of an aggregate function that fits arguments of these types, null when none does. <c>count(*)</c> is the overload without arguments.</summary>
    public ResolvedFunction<AggregateFunction>? ResolveAggregate(string name, ReadOnlySpan<SqlType> argumentTypes) =>
        FunctionResolver.Resolve(FindAggregate(name), argumentTypes);

    /// <summary>The overload of a table function that fits arguments of these types, null when none does.</summary>
    public ResolvedFunction<TableFunction>? ResolveTable(string name, ReadOnlySpan<SqlType> argumentTypes) =>
        FunctionResolver.Resolve(FindTable(name), argumentTypes);

    /// <summary>Whether a scalar or aggregate of this name was added to those that every database has.</summary>
    public bool HasOwn(string name) =>
        !ReferenceEquals(this, Default)
        && (FindScalar(name).Count > Default.FindScalar(name).Count || FindAggregate(name).Count > Default.FindAggregate(name).Count);

    /// <summary>Every name, for hints.</summary>
    public IEnumerable<string> Names => _scalars.Keys.Concat(_aggregates.Keys).Concat(_tables.Keys);

    public void Add(ScalarFunction function) => Add(_scalars, function.Name, function);

    public void Add(AggregateFunction function) => Add(_aggregates, function.Name, function);

    public void Add(TableFunction function) => Add(_tables, function.Name, function);

    private static void Copy<T>(Dictionary<string, List<T>> from, Dictionary<string, List<T>> to)
    {
        foreach ((string name, List<T> overloads) in from)
            to.Add(name, [.. overloads]);
    }

    private static void Add<T>(Dictionary<string, List<T>> functions, string name, T function)
    {
        if (!functions.TryGetValue(name, out List<T>? overloads))
            functions.Add(name, overloads = []);
        overloads.Add(function);
    }
}
