using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions;

/// <summary>A function that gives rows: generate_series, unnest, json_array_elements …</summary>
internal sealed class TableFunction
{
    public required string Name { get; init; }

    public required IReadOnlyList<SqlType> Parameters { get; init; }

    public bool IsVariadic { get; init; }

    /// <summary>Whether two calls with the same arguments in one statement may differ.</summary>
    public bool IsVolatile { get; init; }

    /// <summary>Names and types of the result columns for given argument types.</summary>
    public required Func<IReadOnlyList<SqlType>, IReadOnlyList<(string Name, SqlType Type)>> Columns { get; init; }

    /// <summary>Gives the rows for one set of arguments.</summary>
    public required Func<Value[], FunctionContext, IEnumerable<Value[]>> Invoke { get; init; }
}
