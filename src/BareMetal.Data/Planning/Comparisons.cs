using BareMetal.Data.Binding;
using BareMetal.Data.Functions;

namespace BareMetal.Data.Planning;

/// <summary>Comparisons made of other comparisons.</summary>
internal static class Comparisons
{
    /// <summary>What is true where a comparison is false, and null where it is null; null when there is no such function. Floating-point numbers are ordered wholly here, NaN above all.</summary>
    public static BoundCall? Negate(BoundCall call) => With(call, call.Function.Name switch
    {
        "=" => "<>",
        "<>" => "=",
        "<" => ">=",
        "<=" => ">",
        ">" => "<=",
        _ => "<",
    });

    /// <summary>The same arguments under another operator of the same types.</summary>
    public static BoundCall? With(BoundCall call, string name)
    {
        foreach (ScalarFunction candidate in FunctionRegistry.Default.FindScalar(name))
        {
            if (candidate.Parameters.Count == 2 && candidate.Parameters.SequenceEqual(call.Function.Parameters))
                return call with { Function = candidate };
        }

        return null;
    }
}
