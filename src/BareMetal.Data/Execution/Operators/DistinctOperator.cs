using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Execution.Spilling;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>
/// Passes the first row of each key (DISTINCT, DISTINCT ON), streaming, in input order. When the keys outgrow the memory budget, rows
/// with keys not seen yet go to temporary files by hash and are looked at afterwards.
/// </summary>
internal sealed class DistinctOperator(PhysicalOperator input, Evaluator[] keys, IReadOnlyList<SqlType> types) : PhysicalOperator, ISpillingOperator
{
    private const int Partitions = HashPartition.Count;
    private const int MaxDepth = HashPartition.MaxDepth;

    private readonly GroupTable _seen = new([.. keys.Select(k => k.Type)]);
    private readonly Vector[] _keys = new Vector[keys.Length];
    private readonly Vector?[] _scratch = new Vector?[keys.Length];
    private readonly Batch _batch = new(VectorTools.CreateVectors(types, 1));
    private readonly Queue<(SpillFile File, int Depth)> _pending = new();
    private readonly List<int> _partitionRows = [];
    private int[] _groups = [];
    private int[] _rows = [];
    private SpillFile?[]? _partitions;
    private SpillFile? _current;
    private SpillReader? _reader;
    private bool _isDone;
    private int _depth;
    private long _reserved;
    private QueryContext? _context;

    public long SpilledBytes { get; private set; }

    public override void Open(QueryContext context)
    {
        Close();
        _context = context;
        input.Open(context);
    }

    public override Batch? Next(QueryContext context)
    {
        while (true)
        {
            if (_isDone)
                return null;
            Batch? batch = _reader is null ? input.Next(context) : _reader.Next();
            if (batch is null)
            {
                if (!TakePartition(context))
                    return null;
                continue;
            }

            context.Cancellation.ThrowIfCancellationRequested();
            if (_groups.Length < batch.Count)
            {
                _groups = new int[Math.Max(batch.Count, context.BatchSize)];
                _rows = new int[_groups.Length];
            }

            for (int k = 0; k < keys.Length; k++)
                _keys[k] = BatchTools.Spread(keys[k].Evaluate(batch, context), batch.Count, ref _scratch[k]);
            if (_partitions is not null)
            {
                Put(batch, context);
                continue;
            }

            int known = _seen.Count;
            _seen.FindOrAdd(_keys, batch.Count, _groups);
            int count = 0;
            for (int i = 0; i < batch.Count; i++)
            {
                if (_groups[i] != known)
                    continue;
                known++;
                _rows[count++] = i;
            }

            Account(context);
            if (count == batch.Count)
                return batch;
            if (count == 0)
                continue;
            BatchTools.Gather(batch, _rows.AsSpan(0, count), _batch);
            return _batch;
        }
    }

    private void Account(QueryContext context)
    {
        long more = _seen.MemoryBytes - _reserved;
        if (more <= 0)
            return;
        if (!context.Memory.TryGrow(_reserved, more))
        {
            context.Memory.Reserve(more);
            if (_depth < MaxDepth && context.Temporary is not null)
                _partitions = new SpillFile?[Partitions];
        }

        _reserved += more;
    }

    private void Put(Batch batch, QueryContext context)
    {
        _seen.Find(_keys, batch.Count, _groups);
        ReadOnlySpan<uint> hashes = _seen.Hash(_keys, batch.Count);
        for (int p = 0; p < Partitions; p++)
        {
            _partitionRows.Clear();
            for (int i = 0; i < batch.Count; i++)
            {
                uint hash = hashes[i];
                if (_groups[i] < 0 && HashPartition.Of(hash, _depth) == p)
                    _partitionRows.Add(i);
            }

            if (_partitionRows.Count == 0)
                continue;
            SpillFile file = _partitions![p] ??= new SpillFile(context, types);
            file.Append(batch.Columns, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_partitionRows));
        }
    }

    private bool TakePartition(QueryContext context)
    {
        if (_reader is null)
            input.Close();
        QueuePartitions(_depth + 1);
        _reader?.Dispose();
        _reader = null;
        _current?.Dispose();
        _current = null;
        if (_pending.Count == 0)
        {
            _isDone = true;
            return false;
        }

        (_current, _depth) = _pending.Dequeue();
        _seen.Clear();
        context.Memory.Release(_reserved);
        _reserved = 0;
        _reader = _current.Read();
        return true;
    }

    private void QueuePartitions(int depth)
    {
        if (_partitions is null)
            return;
        foreach (SpillFile? file in _partitions)
        {
            if (file is null)
                continue;
            file.Seal();
            SpilledBytes += file.Bytes;
            _pending.Enqueue((file, depth));
        }

        _partitions = null;
    }

    public override void Close()
    {
        input.Close();
        _seen.Clear();
        foreach (SpillFile? file in _partitions ?? [])
            file?.Dispose();
        _partitions = null;
        while (_pending.TryDequeue(out (SpillFile File, int Depth) pending))
            pending.File.Dispose();
        _reader?.Dispose();
        _reader = null;
        _current?.Dispose();
        _current = null;
        _isDone = false;
        _depth = 0;
        _context?.Memory.Release(_reserved);
        _context = null;
        _reserved = 0;
    }
}
