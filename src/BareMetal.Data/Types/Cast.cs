using BareMetal.Data.Functions;
using BareMetal.Data.Values;

namespace BareMetal.Data.Types;

/// <summary>A conversion between two SQL types, their modifiers included.</summary>
/// <param name="From">The source type.</param>
/// <param name="To">The target type.</param>
/// <param name="Context">What it takes for it to happen.</param>
/// <param name="Kernel">Converts one vector (the single argument) into another; strict.</param>
/// <param name="IsNoOp">The values are the same under both types, so that no conversion is needed (vectors may be passed on as they are).</param>
/// <param name="Volatility">Whether the result depends on the session (time zone).</param>
internal sealed record Cast(SqlType From, SqlType To, CastContext Context, ScalarKernel Kernel, bool IsNoOp = false, Volatility Volatility = Volatility.Immutable);
