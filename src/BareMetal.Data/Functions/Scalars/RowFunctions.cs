using System.Collections.Concurrent;
using BareMetal.Data.Functions.Kernels;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Scalars;

/// <summary>Makes row values and takes them apart. Called by the binder, not by name.</summary>
internal static class RowFunctions
{
    private static readonly ConcurrentDictionary<int, ScalarFunction> s_fields = new();

    /// <summary>A row of its arguments.</summary>
    public static readonly ScalarFunction Make = new()
    {
        Name = "row",
        Parameters = [Definitions.Any],
        IsVariadic = true,
        IsStrict = false,
        ResultType = _ => new SqlType(SqlTypeKind.Record),
        CreateKernel = (_, type) => Kernel.Values((v, _) => Value.From(SqlTypeKind.Record, new ArrayValue(type, (Value[])v.Clone())), strict: false),
    };

    /// <summary>A field of a row, by its place from 0.</summary>
    public static ScalarFunction Field(int index) => s_fields.GetOrAdd(index, static i => new ScalarFunction
    {
        Name = "field",
        Parameters = [new SqlType(SqlTypeKind.Record)],
        ResultType = types => types[0].Fields!.Types[i],
        CreateKernel = (_, _) => Kernel.Values((v, _) => v[0].As<ArrayValue>().Items[i]),
    });
}
