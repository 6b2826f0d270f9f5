namespace BareMetal.Data.Functions;

/// <summary>What a planner may assume of a function.</summary>
internal enum Volatility
{
    /// <summary>The same arguments always give the same result.</summary>
    Immutable,

    /// <summary>The same within a statement: now(), current_user.</summary>
    Stable,

    /// <summary>May differ at each call: random(), nextval().</summary>
    Volatile,
}
