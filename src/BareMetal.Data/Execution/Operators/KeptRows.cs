using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Execution.Spilling;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>
/// The inner side of a correlated plan whose input does not depend on outer rows: read once for a run, hashed by the keys that are
/// compared with outer values; each opening gives the rows of one key. Without keys it gives all rows each time. What does not fit the
/// memory budget is in a temporary file, with sorted hashes that say where.
/// </summary>
internal sealed class LookupSpoolOperator : PhysicalOperator, IRunScoped, ISpillingOperator
{
    private readonly PhysicalOperator _input;
    private readonly Evaluator[] _keys;
    private readonly Evaluator[] _probes;
    private readonly GroupTable _table;
    private readonly RowStore _store;
    private readonly RowSpool? _all;
    private readonly SqlType[] _types;
    private readonly SqlType[] _fileTypes;
    private readonly ColumnOperations[] _operations;
    private readonly Batch _batch;
    private readonly Vector[] _keyVectors;
    private readonly Vector[] _probeVectors;
    private readonly Vector?[] _scratch;
    private readonly List<long> _found = [];
    private int[] _groups = [];
    private int[] _heads = [];
    private int[] _tails = [];
    private int[] _chain = [];
    private int[] _rows = [];
    private RowSpoolReader? _allReader;
    private SpillFile? _file;
    private SpillReader? _fileReader;
    private HashRuns? _runs;
    private HashRuns.Entry[] _entries = [];
    private int _entryCount;
    private int _nextFound;
    private int _linked;
    private long _run = -1;
    private int _position;
    private long _reserved;
    private QueryContext? _context;

    public LookupSpoolOperator(PhysicalOperator input, Evaluator[] keys, Evaluator[] probes, IReadOnlyList<SqlType> types)
    {
        _input = input;
        _keys = keys;
        _probes = probes;
        SqlType[] keyTypes = [.. keys.Select(k => k.Type)];
        _types = [.. types];
        _fileTypes = [.. types, .. keyTypes];
        _operations = ColumnOperations.For(keyTypes);
        _table = new GroupTable(keyTypes);
        _store = new RowStore(types);
        _all = keys.Length == 0 ? new RowSpool(types) : null;
        _batch = new Batch(VectorTools.CreateVectors(types, 1));
        _keyVectors = new Vector[keys.Length];
        _probeVectors = new Vector[keys.Length];
        _scratch = new Vector?[keys.Length];
    }

    public long SpilledBytes { get; private set; }

    public override void Open(QueryContext context)
    {
        if (_run != context.RunNumber || !ReferenceEquals(_context, context))
        {
            Forget();
            _context = context;
            Fill(context);
            _run = context.RunNumber;
        }

        _position = -1;
        _found.Clear();
        _nextFound = 0;
        if (_all is not null)
        {
            _allReader?.Dispose();
            _allReader = _all.Read();
            return;
        }

        for (int k = 0; k < _probes.Length; k++)
        {
            _probeVectors[k] = _probes[k].Evaluate(BatchTools.OneRow, context);
            if (_probeVectors[k].IsNull(0))
                return;
        }

        if (_runs is not null)
        {
            _runs.Find(_table.Hash(_probeVectors, 1)[0], _found);
            return;
        }

        Span<int> group = stackalloc int[1];
        _table.Find(_probeVectors, 1, group);
        _position = group[0] >= 0 ? _heads[group[0]] : -1;
    }

    public override Batch? Next(QueryContext context)
    {
        if (_allReader is not null)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            return _allReader.Next(context.BatchSize);
        }

        if (_runs is not null)
            return NextFound(context);
        if (_position < 0)
            return null;
        if (_rows.Length < context.BatchSize)
            _rows = new int[context.BatchSize];
        int count = 0;
        while (_position >= 0 && count < context.BatchSize)
        {
            _rows[count++] = _position;
            _position = _chain[_position];
        }

        ReadOnlySpan<int> rows = _rows.AsSpan(0, count);
        for (int c = 0; c < _batch.Columns.Length; c++)
            BatchTools.Gather(_store.Columns[c], rows, _batch.Columns[c]);
        _batch.Count = count;
        return _batch;
    }

    /// <summary>Reads the rows that the hash names, and gives those that have the key.</summary>
    private Batch? NextFound(QueryContext context)
    {
        int count = 0;
        foreach (Vector v in _batch.Columns)
        {
            v.Reset();
            v.EnsureCapacity(context.BatchSize);
        }

        while (_nextFound < _found.Count && count < context.BatchSize)
        {
            if ((_nextFound & 255) == 0)
                context.Cancellation.ThrowIfCancellationRequested();
            _fileReader!.Position = _found[_nextFound++];
            Batch stored = _fileReader.Next()!;
            bool same = true;
            for (int k = 0; k < _operations.Length && same; k++)
                same = _operations[k].Equal(stored.Columns[_types.Length + k], 0, _probeVectors[k], 0);
            if (!same)
                continue;
            for (int c = 0; c < _types.Length; c++)
                _batch.Columns[c].CopyRow(stored.Columns[c], 0, count, deep: true);
            count++;
        }

        _batch.Count = count;
        return count == 0 ? null : _batch;
    }

    /// <summary>What is kept stays for the next opening of the same run.</summary>
    public override void Close()
    {
        _position = -1;
        _found.Clear();
        _nextFound = 0;
        _allReader?.Dispose();
        _allReader = null;
    }

    /// <summary>Ends the run.</summary>
    public void EndRun() => Forget();

    private void Fill(QueryContext context)
    {
        _input.Open(context);
        try
        {
            while (_input.Next(context) is { } batch)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                if (_all is not null)
                    _all.Add(batch, context);
                else
                    Keep(batch, context);
            }
        }
        finally
        {
            _input.Close();
        }

        if (_file is null)
            return;
        EndEntries();
        _file.Seal();
        SpilledBytes += _file.Bytes;
        _runs!.MergeAll();
        _fileReader = _file.Read();
    }

    private void Keep(Batch batch, QueryContext context)
    {
        for (int k = 0; k < _keys.Length; k++)
            _keyVectors[k] = BatchTools.Spread(_keys[k].Evaluate(batch, context), batch.Count, ref _scratch[k]);
        if (_file is null)
        {
            long bytes = VectorTools.BatchBytes(batch) + VectorTools.RowsBytes(_keyVectors, VectorTools.Identity(batch.Count)) + (batch.Count * 32L);
            bool fits = context.Memory.TryGrow(_reserved, bytes);
            if (fits || context.Temporary is null)
            {
                if (!fits)
                    context.Memory.Reserve(bytes);
                _reserved += bytes;
                int first = _store.Count;
                _store.Append(batch);
                Link(first, batch.Count);
                return;
            }

            MoveToFile(context);
        }

        Write([.. batch.Columns, .. _keyVectors], batch.Count, _table.Hash(_keyVectors, batch.Count).ToArray());
    }

    /// <summary>Rows that are kept so far go to the file, in their order, and all that follow.</summary>
    private void MoveToFile(QueryContext context)
    {
        _file = new SpillFile(context, _fileTypes);
        _runs = new HashRuns(context);
        _entries = new HashRuns.Entry[(int)Math.Clamp(context.Memory.Floor / 16, 256, 65536)];
        _entryCount = 0;
        Vector[] later = [.. _keyVectors];
        Batch kept = new(_store.Columns);
        Batch chunk = new(VectorTools.CreateVectors(_types, 1));
        Vector[] keys = VectorTools.CreateVectors([.. _keys.Select(k => k.Type)], 1);
        int[] groupOf = new int[_store.Count];
        for (int g = 0; g < _table.Count; g++)
        {
            for (int row = _heads[g]; row >= 0; row = _chain[row])
                groupOf[row] = g;
        }

        for (int at = 0; at < _store.Count; at += Batch.DefaultSize)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            int count = Math.Min(Batch.DefaultSize, _store.Count - at);
            BatchTools.Gather(kept, VectorTools.Identity(_store.Count).Slice(at, count), chunk);
            for (int k = 0; k < keys.Length; k++)
                BatchTools.Gather(_table.Keys[k], groupOf.AsSpan(at, count), keys[k]);
            Write([.. chunk.Columns, .. keys], count, _table.Hash(keys, count).ToArray());
        }

        later.CopyTo(_keyVectors, 0);
        ForgetTable();
        context.Memory.Release(_reserved);
        _reserved = _entries.Length * 16L;
        context.Memory.Reserve(_reserved);
    }

    private void Write(Vector[] columns, int count, uint[] hashes)
    {
        ReadOnlySpan<int> rows = VectorTools.Identity(count);
        for (int i = 0; i < count; i++)
        {
            if (_entryCount == _entries.Length)
                EndEntries();
            _entries[_entryCount++] = new HashRuns.Entry(hashes[i], _file!.Position);
            _file.Append(columns, rows.Slice(i, 1));
        }
    }

    private void EndEntries()
    {
        _runs!.Add(_entries.AsSpan(0, _entryCount));
        _entryCount = 0;
    }

    private void Link(int first, int count)
    {
        if (_groups.Length < count)
            _groups = new int[Math.Max(count, Batch.DefaultSize)];
        if (_chain.Length < first + count)
            Array.Resize(ref _chain, Math.Max(first + count, _chain.Length * 2));
        _table.FindOrAdd(_keyVectors, count, _groups);
        if (_heads.Length < _table.Count)
        {
            int size = Math.Max(_table.Count, Math.Max(64, _heads.Length * 2));
            Array.Resize(ref _heads, size);
            Array.Resize(ref _tails, size);
        }

        for (int i = 0; i < count; i++)
        {
            int row = first + i;
            _chain[row] = -1;
            int group = _groups[i];
            if (group >= _linked)
            {
                _heads[group] = row;
                _linked = group + 1;
            }
            else
            {
                _chain[_tails[group]] = row;
            }

            _tails[group] = row;
        }
    }

    private void ForgetTable()
    {
        _store.Clear();
        _table.Clear();
        _linked = 0;
        if (_chain.Length > 1 << 14)
        {
            _chain = [];
            _heads = [];
            _tails = [];
        }
    }

    private void Forget()
    {
        ForgetTable();
        Close();
        _all?.Clear();
        _fileReader?.Dispose();
        _fileReader = null;
        _file?.Dispose();
        _file = null;
        _runs?.Dispose();
        _runs = null;
        _entries = [];
        _run = -1;
        _context?.Memory.Release(_reserved);
        _context = null;
        _reserved = 0;
    }
}
