using BareMetal.Data.Functions;
using BareMetal.Data.Rows;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>Accumulators within the memory of a statement.</summary>
internal static class AccumulatorExtensions
{
    /// <summary>Adds rows as <see cref="Accumulator.Add"/> does. States that grow with their rows find out while they grow when the statement has no room left, not after.</summary>
    /// <exception cref="BareMetalException">53200: they would grow beyond it.</exception>
    public static void AddWithin(this Accumulator accumulator, ReadOnlySpan<Vector> arguments, int count, ReadOnlySpan<int> groups, QueryContext context)
    {
        if (!accumulator.Grows)
        {
            accumulator.Add(arguments, count, groups, context.Functions);
            return;
        }

        long outer = RowBuffer.Allow(Math.Max(context.Memory.Room, 1));
        try
        {
            accumulator.Add(arguments, count, groups, context.Functions);
        }
        finally
        {
            RowBuffer.Allow(outer);
        }
    }
}
