using BareMetal.Data.Functions.Kernels;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Scalars;

/// <summary>What TABLESAMPLE asks of each row. Called by the binder, not by name. Volatile, so that no rule moves them.</summary>
internal static class SampleFunctions
{
    /// <summary>Takes a row by chance: percentage.</summary>
    public static readonly ScalarFunction Chance = new()
    {
        Name = "bernoulli",
        Parameters = [SqlType.Double],
        IsStrict = false,
        Volatility = Volatility.Volatile,
        ResultType = _ => SqlType.Boolean,
        CreateKernel = (_, _) => Kernel.Values((v, context) => Value.From(SqlTypeKind.Boolean, context.Random.NextDouble() < Share(v[0])), strict: false),
    };

    /// <summary>Takes a row by its key: percentage, seed, key.</summary>
    public static readonly ScalarFunction ByKey = new()
    {
        Name = "bernoulli",
        Parameters = [SqlType.Double, SqlType.Double, SqlType.Bytea],
        IsStrict = false,
        Volatility = Volatility.Volatile,
        ResultType = _ => SqlType.Boolean,
        CreateKernel = (_, _) => Kernel.Values((v, _) => Value.From(SqlTypeKind.Boolean, Place(v[1], v[2]) < Share(v[0])), strict: false),
    };

    private static double Share(in Value percentage)
    {
        double value = percentage.IsNull ? double.NaN : percentage.As<double>();
        return value is >= 0 and <= 100
            ? value / 100
            : throw new BareMetalException(SqlStates.InvalidTablesampleArgument, "The percentage of TABLESAMPLE is between 0 and 100.");
    }

    /// <summary>A number from 0 to 1 that the key and the seed decide.</summary>
    private static double Place(in Value seed, in Value key)
    {
        if (seed.IsNull)
            throw new BareMetalException(SqlStates.InvalidTablesampleRepeat, "The seed of REPEATABLE is null.");

        // FNV-1a, then a finaliser that spreads the last bytes over all bits.
        ulong hash = 14695981039346656037;
        foreach (byte b in key.As<ByteSlice>().Span)
            hash = (hash ^ b) * 1099511628211;
        hash ^= BitConverter.DoubleToUInt64Bits(seed.As<double>() + 0.0) * 0x9E3779B97F4A7C15;
        hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9;
        hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EB;
        return ((hash ^ (hash >> 31)) >> 11) * (1.0 / (1UL << 53));
    }
}
