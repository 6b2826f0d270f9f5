using BareMetal.Data.Functions;
using BareMetal.Data.Types;

namespace BareMetal.Data.Execution.Expressions;

/// <summary>Finds the code of casts.</summary>
internal static class CastTools
{
    /// <summary>Null when the value stays as it is.</summary>
    public static ScalarKernel? CreateKernel(SqlType from, SqlType to, bool isExplicit)
    {
        if (from.Equals(to))
            return null;
        throw new BareMetalException(SqlStates.CannotCoerce, $"{from.Kind} cannot be cast to {to.Kind}{(isExplicit ? "" : " implicitly")}.");
    }
}
