using BareMetal.Data.Functions;
using BareMetal.Data.Types;

namespace BareMetal.Data.Execution.Expressions;

/// <summary>Finds the code of casts.</summary>
internal static class CastTools
{
    /// <summary>Null when the value stays as it is.</summary>
    public static ScalarKernel? CreateKernel(SqlType from, SqlType to)
    {
        if (from.Equals(to))
            return null;
        Cast cast = Casts.Find(from, to) ?? throw Casts.CannotCast(from, to);
        return cast.IsNoOp ? null : cast.Kernel;
    }
}
