namespace BareMetal.Data.Storage.Commit;

/// <summary>
/// Durable counters: numbers are given out of blocks whose end is logged before their first number is used, so that a crash may skip
/// numbers and never repeats one.
/// </summary>
internal sealed class DurableCounters
{
    private const ulong FirstBlock = 32;
    private const ulong LargestBlock = 4096;

    private readonly CommitPipeline _pipeline;
    private readonly Dictionary<ulong, Counter> _counters = [];

    /// <summary>Makes the counters of an opened database.</summary>
    public DurableCounters(CommitPipeline pipeline, Dictionary<ulong, ulong> marks)
    {
        _pipeline = pipeline;
        foreach ((ulong id, ulong mark) in marks)
            _counters.Add(id, new Counter { Next = mark, Mark = mark });
    }

    /// <summary>Takes consecutive numbers and returns the first.</summary>
    public ulong Reserve(ulong id, ulong count)
    {
        ArgumentOutOfRangeException.ThrowIfZero(count);
        Counter counter = CounterOf(id);
        lock (counter)
        {
            ulong first = counter.Next;
            MoveTo(id, counter, checked(first + count));
            return first;
        }
    }

    /// <summary>Makes the next number at least a value.</summary>
    public void Advance(ulong id, ulong next)
    {
        Counter counter = CounterOf(id);
        lock (counter)
        {
            if (next > counter.Next)
                MoveTo(id, counter, next);
        }
    }

    /// <summary>The next number.</summary>
    public ulong Peek(ulong id)
    {
        Counter counter = CounterOf(id);
        lock (counter)
            return counter.Next;
    }

    /// <summary>Logs the exact values, so that a clean close skips no number. No counter is used meanwhile.</summary>
    public void Settle()
    {
        lock (_counters)
        {
            foreach ((ulong id, Counter counter) in _counters)
            {
                if (counter.Mark == counter.Next)
                    continue;
                _pipeline.LogSequence(id, counter.Next);
                counter.Mark = counter.Next;
            }
        }
    }

    private void MoveTo(ulong id, Counter counter, ulong next)
    {
        if (next > counter.Mark)
        {
            // Blocks grow with use: a busy counter logs seldom, a quiet one skips little.
            counter.Block = Math.Clamp(counter.Block * 2, FirstBlock, LargestBlock);
            ulong mark = next > ulong.MaxValue - counter.Block ? ulong.MaxValue : next + counter.Block;
            _pipeline.LogSequence(id, mark);
            counter.Mark = mark;
        }

        counter.Next = next;
    }

    private Counter CounterOf(ulong id)
    {
        lock (_counters)
        {
            if (!_counters.TryGetValue(id, out Counter? counter))
                _counters.Add(id, counter = new Counter());
            return counter;
        }
    }

    private sealed class Counter
    {
        public ulong Next;
        public ulong Mark;
        public ulong Block;
    }
}
