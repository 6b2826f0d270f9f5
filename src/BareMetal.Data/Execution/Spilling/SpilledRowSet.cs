using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Spilling;

/// <summary>
/// A set of rows: in a hash table while the memory budget has room; what does not fit goes to a temporary file, and is found through
/// sorted runs of hashes.
/// </summary>
internal sealed class SpilledRowSet(SqlType[] types) : IDisposable
{
    private readonly GroupTable _table = new(types);
    private readonly ColumnOperations[] _operations = ColumnOperations.For(types);
    private readonly List<long> _positions = [];
    private readonly Vector[] _one = VectorTools.CreateVectors(types, 1);
    private readonly int[] _oneGroup = new int[1];
    private SpillFile? _log;
    private SpillReader? _reader;
    private HashRuns? _runs;
    private MemoryBudget? _memory;
    private long _reserved;
    private int[] _groups = [];

    /// <summary>Rows in it.</summary>
    public long Count { get; private set; }

    /// <summary>Adds the rows that are not in it; lists them, each once, and gives their number.</summary>
    public int Add(ReadOnlySpan<Vector> columns, int count, Span<int> added, QueryContext context)
    {
        EnsureGroups(count);
        int news = 0;
        if (_runs is null)
        {
            int known = _table.Count;
            _table.FindOrAdd(columns, count, _groups);
            for (int i = 0; i < count; i++)
            {
                if (_groups[i] != known)
                    continue;
                known++;
                added[news++] = i;
            }
        }
        else
        {
            _table.Find(columns, count, _groups);
            uint[] hashes = _table.Hash(columns, count).ToArray();
            for (int i = 0; i < count; i++)
            {
                if ((i & 31) == 31)
                    context.Cancellation.ThrowIfCancellationRequested();
                if (_groups[i] >= 0 || IsInFile(columns, i, hashes[i]))
                    continue;

                // The same row may come twice in a batch.
                int before = _table.Count;
                AddOne(columns, i);
                if (_table.Count != before)
                    added[news++] = i;
            }
        }

        Count += news;
        if (news > 0)
            Account(context);
        return news;
    }

    /// <summary>Says of each row whether it is in the set: 0 or more when it is, −1 when not.</summary>
    public void Find(ReadOnlySpan<Vector> columns, int count, Span<int> groups, QueryContext context)
    {
        _table.Find(columns, count, groups);
        if (_runs is null)
            return;
        uint[] hashes = _table.Hash(columns, count).ToArray();
        for (int i = 0; i < count; i++)
        {
            if ((i & 31) == 31)
                context.Cancellation.ThrowIfCancellationRequested();
            if (groups[i] < 0 && IsInFile(columns, i, hashes[i]))
                groups[i] = 0;
        }
    }

    /// <summary>Forgets the rows.</summary>
    public void Clear()
    {
        _table.Clear();
        _reader?.Dispose();
        _reader = null;
        _runs?.Dispose();
        _runs = null;
        _log?.Dispose();
        _log = null;
        _memory?.Release(_reserved);
        _memory = null;
        _reserved = 0;
        Count = 0;
    }

    public void Dispose() => Clear();

    private void EnsureGroups(int count)
    {
        if (_groups.Length < count)
            _groups = new int[Math.Max(count, Batch.DefaultSize)];
    }

    private void AddOne(ReadOnlySpan<Vector> columns, int row)
    {
        for (int c = 0; c < _one.Length; c++)
        {
            _one[c].Reset();
            _one[c].CopyRow(columns[c], row, 0);
        }

        _table.FindOrAdd(_one, 1, _oneGroup);
    }

    private bool IsInFile(ReadOnlySpan<Vector> columns, int row, uint hash)
    {
        _runs!.Find(hash, _positions);
        foreach (long position in _positions)
        {
            _reader!.Position = position;
            Batch stored = _reader.Next()!;
            bool same = true;
            for (int c = 0; c < _operations.Length && same; c++)
                same = _operations[c].Equal(stored.Columns[c], 0, columns[c], row);
            if (same)
                return true;
        }

        return false;
    }

    private void Account(QueryContext context)
    {
        _memory = context.Memory;
        long more = _table.MemoryBytes - _reserved;
        if (more <= 0)
            return;
        bool fits = context.Memory.TryGrow(_reserved, more);
        if (!fits)
            context.Memory.Reserve(more);
        _reserved += more;
        if (!fits && context.Temporary is not null)
            MoveToFile(context);
    }

    private void MoveToFile(QueryContext context)
    {
        _log ??= new SpillFile(context, types);
        _runs ??= new HashRuns(context);
        ReadOnlySpan<uint> hashes = _table.Hash(_table.Keys, _table.Count);
        HashRuns.Entry[] entries = new HashRuns.Entry[_table.Count];
        ReadOnlySpan<int> rows = VectorTools.Identity(entries.Length);
        for (int i = 0; i < entries.Length; i++)
        {
            if ((i & 4095) == 0)
                context.Cancellation.ThrowIfCancellationRequested();
            entries[i] = new HashRuns.Entry(hashes[i], _log.Position);
            _log.Append(_table.Keys, rows.Slice(i, 1));
        }

        _log.Seal();
        _reader?.Dispose();
        _reader = _log.Read();
        _table.Clear();
        context.Memory.Release(_reserved);
        _reserved = 0;
        _runs.Add(entries);
    }
}
