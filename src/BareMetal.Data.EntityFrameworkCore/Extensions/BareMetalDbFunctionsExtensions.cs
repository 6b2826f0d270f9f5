using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Query;

namespace Microsoft.EntityFrameworkCore;

/// <summary>Functions of BareMetal.Data for use in LINQ queries, beside those that .NET's own methods translate to.</summary>
public static class BareMetalDbFunctionsExtensions
{
    /// <summary>The number of unit boundaries between two moments. Translated to <c>date_diff</c>; cannot be called from C#.</summary>
    /// <typeparam name="T">The type of the moments: a date, a moment or a time.</typeparam>
    /// <param name="_">The <see cref="DbFunctions" /> instance.</param>
    /// <param name="unit">year, quarter, month, week, day, hour, minute, second, millisecond, microsecond or nanosecond.</param>
    /// <param name="start">The moment from which is counted.</param>
    /// <param name="end">The moment up to which is counted.</param>
    /// <returns>The number of boundaries, negative when <paramref name="end" /> is before <paramref name="start" />.</returns>
    /// <exception cref="InvalidOperationException">The method was called outside of a query.</exception>
    public static long DateDiff<T>(this DbFunctions _, string unit, T start, T end)
        where T : struct
        => throw new InvalidOperationException("DateDiff has a meaning in LINQ queries only.");
}
