using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>Helpers of operators.</summary>
internal static class BatchTools
{
    public static readonly Batch OneRow = new([]) { Count = 1 };

    /// <summary>Makes a batch hold some rows of another; bytes are referenced.</summary>
    public static void Gather(Batch source, ReadOnlySpan<int> rows, Batch target)
    {
        for (int c = 0; c < target.Columns.Length; c++)
            Gather(source.Columns[c], rows, target.Columns[c]);
        target.Count = rows.Length;
    }

    public static void Gather(Vector source, ReadOnlySpan<int> rows, Vector target)
    {
        target.Reset();
        target.EnsureCapacity(rows.Length);
        target.Gather(source, rows, 0);
    }

    /// <summary>A row-dense form of an evaluated vector: constants are spread.</summary>
    public static Vector Spread(Vector vector, int count, ref Vector? scratch)
    {
        if (!vector.IsConstant)
            return vector;
        scratch ??= Vector.Create(vector.Type, count);
        scratch.Reset();
        VectorTools.CopyAll(vector, count, scratch);
        return scratch;
    }

    /// <summary>Evaluates expressions over a batch into a batch's columns, constants spread.</summary>
    public static void Evaluate(Expressions.Evaluator[] evaluators, Batch input, QueryContext context, Vector[] results, Vector?[] scratch)
    {
        for (int i = 0; i < evaluators.Length; i++)
            results[i] = Spread(evaluators[i].Evaluate(input, context), input.Count, ref scratch[i]);
    }

    /// <summary>A count given by an expression (LIMIT, OFFSET); null means none.</summary>
    public static long? EvaluateCount(Expressions.Evaluator? evaluator, QueryContext context, string sqlState, string what)
    {
        if (evaluator is null)
            return null;
        Vector v = evaluator.Evaluate(OneRow, context);
        if (v.IsNull(0))
            return null;
        long count = v switch
        {
            Vector<long> l => l.Data[0],
            Vector<int> i => i.Data[0],
            Vector<short> s => s.Data[0],
            Vector<sbyte> b => b.Data[0],
            Vector<byte> b => b.Data[0],
            Vector<ushort> s => s.Data[0],
            Vector<uint> i => i.Data[0],
            Vector<ulong> l => l.Data[0] > long.MaxValue ? long.MaxValue : (long)l.Data[0],
            Vector<decimal> d => decimal.ToInt64(d.Data[0]),
            _ => throw new BareMetalException(sqlState, $"{what} is not a number.") { Hint = "Give a whole number." },
        };
        if (count < 0)
            throw new BareMetalException(sqlState, $"{what} is {count}, which is negative.") { Hint = "Give zero or more." };
        return count;
    }
}
