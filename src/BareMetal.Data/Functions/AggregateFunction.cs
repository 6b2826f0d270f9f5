using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions;

/// <summary>One overload of an aggregate function.</summary>
internal sealed class AggregateFunction
{
    public required string Name { get; init; }

    public required IReadOnlyList<SqlType> Parameters { get; init; }

    /// <summary>count(*) style: takes no arguments.</summary>
    public bool IsStar { get; init; }

    /// <summary>Ordered-set aggregate: WITHIN GROUP (ORDER BY …).</summary>
    public bool IsOrderedSet { get; init; }

    /// <summary>Whether DISTINCT changes the result (not for min, max, bool_and …).</summary>
    public bool IsDuplicateSensitive { get; init; } = true;

    /// <summary>Whether the result shows its values one after the other (array_agg, string_agg …).</summary>
    public bool IsOrderSensitive { get; init; }

    /// <summary>Whether it is a user's code.</summary>
    public bool IsUserCode { get; init; }

    public required Func<IReadOnlyList<SqlType>, SqlType> ResultType { get; init; }

    public required Func<IReadOnlyList<SqlType>, SqlType, Accumulator> CreateAccumulator { get; init; }
}

/// <summary>The states of one aggregate for many groups, in arrays by group number.</summary>
internal abstract class Accumulator
{
    /// <summary>Groups for which room is kept when all are forgotten.</summary>
    protected const int KeptGroups = 4096;

    /// <summary>Makes room for groups 0…count-1; new ones are in their initial state.</summary>
    public abstract void EnsureGroups(int count);

    /// <summary>Whether it has to know how many rows without nulls each group gets before they come.</summary>
    public virtual bool NeedsCounts => false;

    /// <summary>Says how many rows without nulls each group gets, by group number; it may be longer than there are groups.</summary>
    public virtual void Expect(long[] counts)
    {
    }

    /// <summary>Adds rows 0…count-1; row i belongs to group <paramref name="groups"/>[i], or all to group 0 when it is empty. Rows that FILTER or DISTINCT remove are not passed.</summary>
    public abstract void Add(ReadOnlySpan<Vector> arguments, int count, ReadOnlySpan<int> groups, FunctionContext context);

    /// <summary>Merges group states of another accumulator of the same aggregate: its group i into this one's <paramref name="groups"/>[i].</summary>
    public abstract void Merge(Accumulator other, ReadOnlySpan<int> groups);

    /// <summary>Writes the results of groups first…first+count-1 to rows 0….</summary>
    public abstract void Result(int first, int count, Vector result);

    /// <summary>Forgets all groups.</summary>
    public abstract void Clear();

    /// <summary>Finds the next rows that are not null.</summary>
    /// <param name="nulls">The mask of nulls.</param>
    /// <param name="start">Where to look from; receives where they begin.</param>
    /// <param name="length">Receives how many there are.</param>
    /// <returns>False when there are no more.</returns>
    protected static bool NextRun(ReadOnlySpan<bool> nulls, ref int start, out int length)
    {
        length = 0;
        int ahead = start < nulls.Length ? nulls[start..].IndexOf(false) : -1;
        if (ahead < 0)
            return false;
        start += ahead;
        length = nulls[start..].IndexOf(true);
        if (length < 0)
            length = nulls.Length - start;
        return true;
    }

    /// <summary>Whether a group's state grows with its rows: such rows may wait in files until the group's result is asked for.</summary>
    public virtual bool Grows => false;

    /// <summary>Whether a result is as large as the state it is made of.</summary>
    public virtual bool IsResultLarge => Grows;

    /// <summary>Lets go of the states of groups first…first+count-1, whose results were taken.</summary>
    public virtual void Forget(int first, int count)
    {
    }

    /// <summary>Approximate bytes held, for memory budgets.</summary>
    public abstract long MemoryBytes { get; }
}
