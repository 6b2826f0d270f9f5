using System.Data;
using System.Text;

namespace BareMetal.Data.Tests.Transactions.Histories;

/// <summary>
/// Judges a history of lists that are only appended to. Since every value is appended once, a list that was read tells the order of all writes before
/// it: from that follow, without guessing, who wrote after whom (ww), who read from whom (wr), and who read what another replaced (rw). A cycle of
/// such edges, and of those of real time, is an anomaly; which cycles are allowed depends on the level. The idea is Elle's (Kingsbury and Alvaro,
/// VLDB 2020).
/// </summary>
internal sealed class HistoryChecker
{
    private readonly IsolationLevel _level;
    private readonly List<RecordedTransaction> _transactions;
    private readonly Dictionary<int, int[]> _final;
    private readonly Dictionary<int, RecordedTransaction> _writerOf = [];
    private readonly List<string> _problems = [];
    private readonly List<RecordedTransaction> _nodes = [];
    private readonly Dictionary<RecordedTransaction, int> _nodeOf = [];

    // Nodes: the transactions, then the moments between them. Edges by their source.
    private List<(int To, EdgeKind Kind)>[] _edges = [];

    private HistoryChecker(IsolationLevel level, List<RecordedTransaction> transactions, Dictionary<int, int[]> final)
    {
        _level = level;
        _transactions = transactions;
        _final = final;
    }

    private enum EdgeKind : byte
    {
        Time,
        WriteWrite,
        WriteRead,
        ReadWrite,
    }

    /// <summary>Checks a history.</summary>
    /// <param name="level">The level that all transactions ran under.</param>
    /// <param name="transactions">All that were begun.</param>
    /// <param name="final">What the registers held at the end, read alone.</param>
    /// <returns>What is wrong; empty for a history that the level allows.</returns>
    public static IReadOnlyList<string> Check(IsolationLevel level, List<RecordedTransaction> transactions, Dictionary<int, int[]> final)
    {
        HistoryChecker checker = new(level, transactions, final);
        checker.Run();
        return checker._problems;
    }

    private void Run()
    {
        for (int i = 0; i < _transactions.Count; i++)
            _transactions[i].Number = i;
        FindWriters();
        CheckFinal();
        foreach (RecordedTransaction t in _transactions)
            CheckReads(t);
        if (_problems.Count > 0)
            return; // the order of writes is not known for certain
        foreach (RecordedTransaction t in _transactions)
        {
            if (t.Fate == TransactionFate.Committed || (t.Fate == TransactionFate.Unknown && IsVisible(t)))
            {
                _nodeOf.Add(t, _nodes.Count);
                _nodes.Add(t);
            }
        }

        MakeEdges();
        FindCycle();
    }

    private void FindWriters()
    {
        foreach (RecordedTransaction t in _transactions)
        {
            foreach (RecordedOperation o in t.Operations)
            {
                if (!o.IsRead && !_writerOf.TryAdd(o.Appended, t))
                    throw new ArgumentException($"The value {o.Appended} was appended twice.");
            }
        }
    }

    /// <summary>Every acknowledged append is there once, no other is, and of a transaction all or nothing.</summary>
    private void CheckFinal()
    {
        HashSet<int> present = [];
        foreach ((int register, int[] list) in _final)
        {
            foreach (int value in list)
            {
                if (!present.Add(value))
                    _problems.Add($"duplicate: {value} is twice in register {register}");
                else if (!_writerOf.TryGetValue(value, out RecordedTransaction? writer))
                    _problems.Add($"invention: nobody appended {value} to register {register}");
                else if (writer.Fate == TransactionFate.Aborted)
                    _problems.Add($"aborted write: {value} in register {register} by {writer}");
            }
        }

        foreach (RecordedTransaction t in _transactions)
        {
            int there = 0, missing = 0;
            foreach (RecordedOperation o in t.Operations)
            {
                if (o.IsRead)
                    continue;
                if (present.Contains(o.Appended))
                    there++;
                else
                    missing++;
            }

            if (t.Fate == TransactionFate.Committed && missing > 0)
                _problems.Add($"lost write: {missing} of the appends of {t} are gone");
            else if (there > 0 && missing > 0)
                _problems.Add($"half a transaction: {there} appends of {t} are there, {missing} are not");
        }
    }

    /// <summary>What was read is a beginning of the list's final order, written by others that committed, at a place where one of them ended.</summary>
    private void CheckReads(RecordedTransaction t)
    {
        if (t.Fate == TransactionFate.Aborted && _level == IsolationLevel.Unspecified)
            return;
        Dictionary<int, List<int>> own = [];
        foreach (RecordedOperation o in t.Operations)
        {
            if (!o.IsRead)
            {
                if (!own.TryGetValue(o.Register, out List<int>? appended))
                    own.Add(o.Register, appended = []);
                appended.Add(o.Appended);
                continue;
            }

            ReadOnlySpan<int> seen = o.Seen;
            if (own.TryGetValue(o.Register, out List<int>? mine))
            {
                if (seen.Length < mine.Count || !seen[^mine.Count..].SequenceEqual(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(mine)))
                {
                    _problems.Add($"internal: {t} does not see its own appends in {o}");
                    continue;
                }

                seen = seen[..^mine.Count];
            }

            ReadOnlySpan<int> order = _final.GetValueOrDefault(o.Register, []);
            if (seen.Length > order.Length || !seen.SequenceEqual(order[..seen.Length]))
            {
                string what = "incompatible order";
                foreach (int value in seen)
                {
                    if (_writerOf.TryGetValue(value, out RecordedTransaction? writer) && writer.Fate == TransactionFate.Aborted)
                        what = "G1a, an aborted read";
                    else if (!order.Contains(value))
                        what = "a read of something lost";
                }

                _problems.Add($"{what}: {t} read {o}, but the list is {string.Join(' ', order.ToArray())}");
            }
            else if (seen.Length > 0 && LastWriter(seen[^1]) is { } writer && writer != t && LastAppend(writer, o.Register) != seen[^1])
            {
                _problems.Add($"G1b, an intermediate read: {t} read {o}, in the middle of {writer}");
            }
        }
    }

    private RecordedTransaction? LastWriter(int value) => _writerOf.GetValueOrDefault(value);

    private static int LastAppend(RecordedTransaction writer, int register)
    {
        int last = 0;
        foreach (RecordedOperation o in writer.Operations)
        {
            if (!o.IsRead && o.Register == register)
                last = o.Appended;
        }

        return last;
    }

    private bool IsVisible(RecordedTransaction t)
    {
        foreach (RecordedOperation o in t.Operations)
        {
            if (!o.IsRead)
                return Array.IndexOf(_final.GetValueOrDefault(o.Register, []), o.Appended) >= 0;
        }

        return false;
    }

    private void MakeEdges()
    {
        // Whoever began after another had ended comes after it: through a chain of moments, one for each end.
        List<RecordedTransaction> byEnd = [.. _nodes.Where(t => t.Ended != long.MaxValue).OrderBy(t => t.Ended)];
        int moments = byEnd.Count;
        _edges = new List<(int, EdgeKind)>[_nodes.Count + moments];
        for (int i = 0; i < _edges.Length; i++)
            _edges[i] = [];
        long[] ends = [.. byEnd.Select(t => t.Ended)];
        for (int i = 0; i < moments; i++)
        {
            _edges[_nodeOf[byEnd[i]]].Add((_nodes.Count + i, EdgeKind.Time));
            if (i > 0)
                _edges[_nodes.Count + i - 1].Add((_nodes.Count + i, EdgeKind.Time));
        }

        foreach (RecordedTransaction t in _nodes)
        {
            int before = Array.BinarySearch(ends, t.Began);
            before = before >= 0 ? before : ~before;
            if (before > 0)
                _edges[_nodes.Count + before - 1].Add((_nodeOf[t], EdgeKind.Time));
        }

        foreach (int[] list in _final.Values)
        {
            for (int i = 1; i < list.Length; i++)
                AddEdge(_writerOf[list[i - 1]], _writerOf[list[i]], EdgeKind.WriteWrite);
        }

        foreach (RecordedTransaction t in _nodes)
        {
            HashSet<int> appended = [];
            foreach (RecordedOperation o in t.Operations)
            {
                if (!o.IsRead)
                {
                    appended.Add(o.Register);
                    continue;
                }

                if (appended.Contains(o.Register))
                    continue; // what it saw of others is in the order of its own writes
                int[] order = _final.GetValueOrDefault(o.Register, []);
                if (o.Seen!.Length > 0)
                    AddEdge(_writerOf[o.Seen[^1]], t, EdgeKind.WriteRead);
                if (o.Seen.Length < order.Length)
                    AddEdge(t, _writerOf[order[o.Seen.Length]], EdgeKind.ReadWrite);
            }
        }
    }

    private void AddEdge(RecordedTransaction from, RecordedTransaction to, EdgeKind kind)
    {
        if (from != to)
            _edges[_nodeOf[from]].Add((_nodeOf[to], kind));
    }

    /// <summary>
    /// Looks for a cycle that the level forbids. Read Committed: one without anti-dependencies. Snapshot: one in which no two of them follow one
    /// another (Fekete et al. 2005). Serializable: any. The search is for cycles among (transaction, whether the last edge was an anti-dependency).
    /// </summary>
    private void FindCycle()
    {
        int states = _edges.Length * 2;
        int[] index = new int[states], low = new int[states];
        bool[] onStack = new bool[states];
        Stack<int> stack = new();
        Stack<(int State, int Edge)> work = new();
        int next = 0;
        for (int start = 0; start < states; start += 2)
        {
            if (index[start] != 0)
                continue;
            work.Push((start, 0));
            while (work.TryPop(out (int State, int Edge) at))
            {
                int state = at.State;
                if (at.Edge == 0)
                {
                    index[state] = low[state] = ++next;
                    stack.Push(state);
                    onStack[state] = true;
                }

                bool descended = false;
                List<(int To, EdgeKind Kind)> edges = _edges[state >> 1];
                for (int e = at.Edge; e < edges.Count; e++)
                {
                    int target = Follow(state, edges[e]);
                    if (target < 0)
                        continue;
                    if (index[target] == 0)
                    {
                        work.Push((state, e + 1));
                        work.Push((target, 0));
                        descended = true;
                        break;
                    }

                    if (onStack[target])
                        low[state] = Math.Min(low[state], low[target]);
                }

                if (descended)
                    continue;
                if (low[state] == index[state])
                {
                    List<int> component = [];
                    int member;
                    do
                    {
                        member = stack.Pop();
                        onStack[member] = false;
                        component.Add(member);
                    }
                    while (member != state);
                    if (component.Count > 1)
                    {
                        Report([.. component]);
                        return;
                    }
                }

                if (work.TryPeek(out (int State, int Edge) parent))
                    low[parent.State] = Math.Min(low[parent.State], low[state]);
            }
        }
    }

    private int Follow(int state, (int To, EdgeKind Kind) edge)
    {
        bool afterAnti = (state & 1) != 0;
        if (edge.Kind != EdgeKind.ReadWrite)
            return edge.To * 2;
        return _level switch
        {
            IsolationLevel.ReadCommitted => -1,
            IsolationLevel.Snapshot => afterAnti ? -1 : (edge.To * 2) + 1,
            _ => edge.To * 2,
        };
    }

    private void Report(HashSet<int> component)
    {
        List<(int From, int To, EdgeKind Kind)>? best = null;
        foreach (int start in component.Take(50))
        {
            Dictionary<int, (int From, EdgeKind Kind)> came = [];
            Queue<int> queue = new([start]);
            while (queue.TryDequeue(out int state) && !came.ContainsKey(start))
            {
                foreach ((int To, EdgeKind Kind) edge in _edges[state >> 1])
                {
                    int target = Follow(state, edge);
                    if (target >= 0 && component.Contains(target) && came.TryAdd(target, (state, edge.Kind)))
                        queue.Enqueue(target);
                }
            }

            List<(int, int, EdgeKind)> path = [];
            for (int at = start; path.Count == 0 || at != start;)
            {
                (int from, EdgeKind kind) = came[at];
                path.Add((from, at, kind));
                at = from;
            }

            path.Reverse();
            if (best is null || path.Count < best.Count)
                best = path;
        }

        int anti = best!.Count(e => e.Kind == EdgeKind.ReadWrite);
        bool onlyWrites = best!.TrueForAll(e => e.Kind is EdgeKind.WriteWrite or EdgeKind.Time);
        StringBuilder text = new(anti switch { 0 => onlyWrites ? "G0" : "G1c", 1 => "G-single", _ => "G2" });
        text.AppendLine(": a cycle that " + _level + " forbids");
        foreach ((int from, int to, EdgeKind kind) in best)
        {
            if (from >> 1 < _nodes.Count)
                text.AppendLine("  " + _nodes[from >> 1]);
            text.AppendLine($"    {kind} →");
        }

        _problems.Add(text.ToString());
    }
}
