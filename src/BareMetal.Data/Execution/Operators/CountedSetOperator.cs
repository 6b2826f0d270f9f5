using System.Runtime.InteropServices;
using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Spilling;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>
/// INTERSECT and EXCEPT, with or without ALL: the right side's rows are counted, the left side streams. When the counts outgrow the memory
/// budget, rows of either side that are not known yet go to temporary files by their hash, and each pair of files is compared afterwards.
/// </summary>
internal sealed class CountedSetOperator(PhysicalOperator left, PhysicalOperator right, bool isExcept, bool isAll, IReadOnlyList<SqlType> types) : PhysicalOperator, ISpillingOperator
{
    private readonly GroupTable _table = new(types);
    private readonly Batch _batch = new(VectorTools.CreateVectors(types, 1));
    private readonly Queue<(SpillFile? Left, SpillFile? Right, int Depth)> _pending = new();
    private readonly List<int> _partitionRows = [];
    private long[] _counts = [];
    private int[] _groups = [];
    private int[] _rows = [];
    private bool _isBuilt;
    private bool _isSpilling;
    private SpillFile?[] _leftFiles = [];
    private SpillFile?[] _rightFiles = [];
    private SpillFile? _currentLeft;
    private SpillFile? _currentRight;
    private SpillReader? _reader;
    private bool _isInPart;
    private int _depth;
    private long _reserved;
    private QueryContext? _context;

    public long SpilledBytes { get; private set; }

    public override void Open(QueryContext context)
    {
        Close();
        _context = context;
        left.Open(context);
    }

    public override Batch? Next(QueryContext context)
    {
        if (!_isBuilt)
        {
            right.Open(context);
            while (right.Next(context) is { } batch)
                CountRight(batch, context);
            right.Close();
            foreach (SpillFile? file in _rightFiles)
                file?.Seal();
            _isBuilt = true;
        }

        while (true)
        {
            Batch? batch = _isInPart ? _reader?.Next() : left.Next(context);
            if (batch is null)
            {
                if (!TakePart(context))
                    return null;
                continue;
            }

            if (Give(batch, context) is { } result)
                return result;
        }
    }

    private void CountRight(Batch batch, QueryContext context)
    {
        context.Cancellation.ThrowIfCancellationRequested();
        Number(batch, add: !_isSpilling);
        for (int i = 0; i < batch.Count; i++)
        {
            if (_groups[i] >= 0)
                _counts[_groups[i]]++;
        }

        if (_isSpilling)
            PutUnknown(batch, ref _rightFiles, context);
        else
            Account(context);
    }

    private Batch? Give(Batch batch, QueryContext context)
    {
        context.Cancellation.ThrowIfCancellationRequested();

        // Only EXCEPT without ALL has to remember rows that the right side does not have.
        Number(batch, add: isExcept && !isAll && !_isSpilling);
        int count = 0;
        for (int i = 0; i < batch.Count; i++)
        {
            if (_groups[i] < 0)
            {
                if (!_isSpilling && isExcept)
                    _rows[count++] = i;
                continue;
            }

            // Counts say how often the right side still has the row; -1 says that it was given or is not to be given.
            ref long left1 = ref _counts[_groups[i]];
            bool give;
            if (isAll)
            {
                bool has = left1 > 0;
                if (has)
                    left1--;
                give = has != isExcept;
            }
            else
            {
                give = isExcept ? left1 == 0 : left1 > 0;
                if (give)
                    left1 = -1;
            }

            if (give)
                _rows[count++] = i;
        }

        if (_isSpilling)
            PutUnknown(batch, ref _leftFiles, context);
        else
            Account(context);
        if (count == 0)
            return null;
        BatchTools.Gather(batch, _rows.AsSpan(0, count), _batch);
        return _batch;
    }

    private void Number(Batch batch, bool add)
    {
        if (_groups.Length < batch.Count)
        {
            _groups = new int[Math.Max(batch.Count, Batch.DefaultSize)];
            _rows = new int[_groups.Length];
        }

        if (add)
            _table.FindOrAdd(batch.Columns, batch.Count, _groups);
        else
            _table.Find(batch.Columns, batch.Count, _groups);
        if (_counts.Length < _table.Count)
            Array.Resize(ref _counts, Math.Max(_table.Count, Math.Max(256, _counts.Length * 2)));
    }

    private void PutUnknown(Batch batch, ref SpillFile?[] files, QueryContext context)
    {
        if (files.Length == 0)
            files = new SpillFile?[HashPartition.Count];
        ReadOnlySpan<uint> hashes = _table.Hash(batch.Columns, batch.Count);
        for (int p = 0; p < HashPartition.Count; p++)
        {
            _partitionRows.Clear();
            for (int i = 0; i < batch.Count; i++)
            {
                if (_groups[i] < 0 && HashPartition.Of(hashes[i], _depth) == p)
                    _partitionRows.Add(i);
            }

            if (_partitionRows.Count > 0)
                (files[p] ??= new SpillFile(context, types)).Append(batch.Columns, CollectionsMarshal.AsSpan(_partitionRows));
        }
    }

    private void Account(QueryContext context)
    {
        long more = _table.MemoryBytes + (_counts.Length * 8L) - _reserved;
        if (more <= 0)
            return;
        if (!context.Memory.TryGrow(_reserved, more))
        {
            context.Memory.Reserve(more);
            _isSpilling = _depth < HashPartition.MaxDepth && context.Temporary is not null;
        }

        _reserved += more;
    }

    private bool TakePart(QueryContext context)
    {
        if (!_isInPart)
            left.Close();
        foreach (SpillFile? file in _leftFiles)
            file?.Seal();
        QueueParts();
        EndPart();
        _table.Clear();
        _counts = [];
        context.Memory.Release(_reserved);
        _reserved = 0;
        _isSpilling = false;
        _isInPart = true;
        if (!_pending.TryDequeue(out (SpillFile? Left, SpillFile? Right, int Depth) part))
            return false;
        _currentLeft = part.Left;
        _currentRight = part.Right;
        _depth = part.Depth;
        if (part.Right is not null && part.Left is not null)
        {
            using SpillReader reader = part.Right.Read();
            while (reader.Next() is { } batch)
                CountRight(batch, context);
            foreach (SpillFile? file in _rightFiles)
                file?.Seal();
        }

        _reader = part.Left?.Read();
        return true;
    }

    private void QueueParts()
    {
        for (int p = 0; p < HashPartition.Count && (_leftFiles.Length > 0 || _rightFiles.Length > 0); p++)
        {
            SpillFile? l = _leftFiles.Length > 0 ? _leftFiles[p] : null;
            SpillFile? r = _rightFiles.Length > 0 ? _rightFiles[p] : null;
            if (l is null && r is null)
                continue;
            SpilledBytes += (l?.Bytes ?? 0) + (r?.Bytes ?? 0);
            _pending.Enqueue((l, r, _depth + 1));
        }

        _leftFiles = [];
        _rightFiles = [];
    }

    private void EndPart()
    {
        _reader?.Dispose();
        _reader = null;
        _currentLeft?.Dispose();
        _currentRight?.Dispose();
        _currentLeft = null;
        _currentRight = null;
    }

    public override void Close()
    {
        left.Close();
        right.Close();
        QueueParts();
        while (_pending.TryDequeue(out (SpillFile? Left, SpillFile? Right, int Depth) part))
        {
            part.Left?.Dispose();
            part.Right?.Dispose();
        }

        EndPart();
        _table.Clear();
        Array.Clear(_counts);
        _isBuilt = false;
        _isSpilling = false;
        _isInPart = false;
        _depth = 0;
        _context?.Memory.Release(_reserved);
        _context = null;
        _reserved = 0;
    }
}
