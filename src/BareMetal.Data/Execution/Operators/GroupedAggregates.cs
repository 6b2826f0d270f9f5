using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>The states of several aggregates for numbered groups: FILTER, DISTINCT and ORDER BY are dealt with here, accumulators see plain rows.</summary>
internal sealed class GroupedAggregates
{
    private readonly AggregateState[] _states;

    public GroupedAggregates(AggregateCall[] calls)
    {
        _states = new AggregateState[calls.Length];
        for (int i = 0; i < calls.Length; i++)
            _states[i] = new AggregateState(calls[i]);
    }

    /// <summary>Approximate bytes held by states; rows that wait to be sorted count by themselves.</summary>
    public long MemoryBytes
    {
        get
        {
            long bytes = 0;
            foreach (AggregateState state in _states)
                bytes += state.MemoryBytes;
            return bytes;
        }
    }

    /// <summary>Bytes written to temporary files since it was made.</summary>
    public long SpilledBytes
    {
        get
        {
            long bytes = 0;
            foreach (AggregateState state in _states)
                bytes += state.SpilledBytes;
            return bytes;
        }
    }

    /// <summary>Adds rows of a batch; row i belongs to groups[i], all to group 0 when it is empty.</summary>
    public void Add(Batch batch, ReadOnlySpan<int> groups, int groupCount, QueryContext context)
    {
        foreach (AggregateState state in _states)
            state.Add(batch, groups, groupCount, context);
    }

    /// <summary>Merges the states of another run over other rows: its group i into <paramref name="groups"/>[i]. Not for DISTINCT and ORDER BY.</summary>
    public void Merge(GroupedAggregates other, ReadOnlySpan<int> groups, int groupCount)
    {
        for (int i = 0; i < _states.Length; i++)
            _states[i].Merge(other._states[i], groups, groupCount);
    }

    /// <summary>Memory is short: states that grow with each row stop growing, their rows wait in files.</summary>
    public void StartSpilling()
    {
        foreach (AggregateState state in _states)
            state.StartSpilling();
    }

    /// <summary>Ends the input.</summary>
    public void Finish(int groupCount, QueryContext context)
    {
        foreach (AggregateState state in _states)
            state.Finish(groupCount, context);
    }

    /// <summary>How many of the next groups may be asked for at once, so that the states that are built for them are small.</summary>
    public int Limit(int count, int groupCount, QueryContext context)
    {
        foreach (AggregateState state in _states)
            count = state.Limit(count, groupCount, context);
        return count;
    }

    /// <summary>Brings the states of some groups to their end. Groups come in ascending order; those before are forgotten.</summary>
    public void Prepare(int first, int count, QueryContext context)
    {
        foreach (AggregateState state in _states)
            state.Prepare(first, count, context);
    }

    public void Result(int aggregate, int first, int count, Vector result) => _states[aggregate].Result(first, count, result);

    public void Clear()
    {
        foreach (AggregateState state in _states)
            state.Clear();
    }
}
