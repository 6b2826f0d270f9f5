using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Execution.Spilling;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>
/// Joins by hashing the build side on equality keys; further conditions are checked on candidate pairs. Without keys it is a nested
/// loop over a kept inner side. When the build side outgrows the memory budget, both sides are split into temporary files by the hash
/// of their keys and joined part by part (grace hash join); a part that hashes do not split (one key with very many rows, or no keys)
/// is joined by blocks of its build side, each against all of its probe side.
/// </summary>
internal sealed partial class HashJoinOperator : PhysicalOperator, ISpillingOperator
{
    private const int Partitions = HashPartition.Count;
    private const int MaxDepth = HashPartition.MaxDepth;

    private readonly PhysicalOperator _probe;
    private readonly PhysicalOperator _build;
    private readonly Evaluator[] _probeKeys;
    private readonly Evaluator[] _buildKeys;
    private readonly bool[] _nullsMatch;
    private readonly Evaluator? _condition;
    private readonly HashJoinMode _mode;
    private readonly SqlType[] _probeTypes;
    private readonly SqlType[] _buildTypes;
    private readonly GroupTable _table;
    private readonly RowStore _store;
    private readonly Vector[] _probeKeyVectors;
    private readonly Vector[] _buildKeyVectors;
    private readonly Vector?[] _probeScratch;
    private readonly Vector?[] _buildScratch;
    private readonly Batch _pairs;
    private readonly Batch _output;
    private int[] _heads = [];
    private int[] _tails = [];
    private int[] _chain = [];
    private bool[] _buildMatched = [];
    private int[] _groups = [];
    private bool[] _probeMatched = [];
    private int[] _pairProbe = [];
    private int[] _pairBuild = [];
    private int[] _selected = [];
    private Batch? _batch;
    private int _row;
    private int _position;
    private bool _isBuilt;
    private bool _probeEnded;
    private int _unmatched;
    private int _linked;
    private long _reserved;
    private QueryContext? _context;

    /// <param name="probe">The side that streams.</param>
    /// <param name="build">The side that is kept.</param>
    /// <param name="probeKeys">Equality keys over probe rows.</param>
    /// <param name="buildKeys">The same keys over build rows, of the same types.</param>
    /// <param name="nullsMatch">For each key, whether null equals null.</param>
    /// <param name="condition">Further condition over probe columns followed by build columns.</param>
    /// <param name="mode">What is given. Columns are the probe's followed by the build's, or one side's for semi and anti joins.</param>
    /// <param name="probeTypes">Types of the probe's columns.</param>
    /// <param name="buildTypes">Types of the build's columns.</param>
    public HashJoinOperator(
        PhysicalOperator probe,
        PhysicalOperator build,
        Evaluator[] probeKeys,
        Evaluator[] buildKeys,
        bool[] nullsMatch,
        Evaluator? condition,
        HashJoinMode mode,
        IReadOnlyList<SqlType> probeTypes,
        IReadOnlyList<SqlType> buildTypes)
    {
        _probe = probe;
        _build = build;
        _probeKeys = probeKeys;
        _buildKeys = buildKeys;
        _nullsMatch = nullsMatch;
        _condition = condition;
        _mode = mode;
        _probeTypes = [.. probeTypes];
        _buildTypes = [.. buildTypes];
        _table = new GroupTable([.. buildKeys.Select(k => k.Type)]);
        _store = new RowStore(_buildTypes);
        _probeKeyVectors = new Vector[probeKeys.Length];
        _buildKeyVectors = new Vector[buildKeys.Length];
        _probeScratch = new Vector?[probeKeys.Length];
        _buildScratch = new Vector?[buildKeys.Length];
        SqlType[] pairTypes = [.. probeTypes, .. buildTypes];
        _pairs = new Batch(VectorTools.CreateVectors(pairTypes, 1));
        _output = new Batch(VectorTools.CreateVectors(
            mode switch
            {
                HashJoinMode.ProbeSemi or HashJoinMode.ProbeAnti => _probeTypes,
                HashJoinMode.BuildSemi or HashJoinMode.BuildAnti => _buildTypes,
                _ => pairTypes,
            },
            1));
    }

    public long SpilledBytes { get; private set; }

    private bool GivesPairs => _mode is HashJoinMode.Inner or HashJoinMode.ProbeOuter or HashJoinMode.BuildOuter or HashJoinMode.Full;

    private bool GivesUnmatchedProbe => _mode is HashJoinMode.ProbeOuter or HashJoinMode.Full;

    private bool TracksBuild => _mode is HashJoinMode.BuildOuter or HashJoinMode.Full or HashJoinMode.BuildSemi or HashJoinMode.BuildAnti;

    public override void Open(QueryContext context)
    {
        Close();
        _context = context;
    }

    public override Batch? Next(QueryContext context)
    {
        if (!_isBuilt)
        {
            Build(context);
            _isBuilt = true;
            if (_buildParts is null && _store.Count == 0 && _mode is HashJoinMode.Inner or HashJoinMode.ProbeSemi or HashJoinMode.BuildSemi or HashJoinMode.BuildOuter or HashJoinMode.BuildAnti)
            {
                _probeEnded = true;
                return null;
            }

            _probe.Open(context);
            if (_buildParts is not null)
                SplitProbe(context);
        }

        while (true)
        {
            Batch? result = _buildParts is null ? NextOfPart(context) : null;
            if (result is not null)
                return result;
            if (!TakeBlock(context) && !TakePart(context))
                return null;
        }
    }

    private void Build(QueryContext context)
    {
        _build.Open(context);
        while (_build.Next(context) is { } batch)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            AddBuild(batch, context);
        }

        _build.Close();
    }

    private void AddBuild(Batch batch, QueryContext context)
    {
        Evaluate(_buildKeys, batch, context, _buildKeyVectors, _buildScratch);
        if (_buildParts is not null)
        {
            Split(batch, _buildKeyVectors, _buildParts, _buildTypes, context);
            return;
        }

        if (!context.Memory.TryGrow(_reserved, BuildBytes(batch)))
        {
            if (context.Temporary is not null)
            {
                StartSplitting(batch, context);
                return;
            }

            context.Memory.Reserve(BuildBytes(batch));
        }

        Keep(batch);
    }

    /// <summary>What a batch takes when it is kept: its rows, their keys and their places in the table.</summary>
    private long BuildBytes(Batch batch) =>
        VectorTools.BatchBytes(batch) + VectorTools.RowsBytes(_buildKeyVectors, VectorTools.Identity(batch.Count)) + (batch.Count * 32L);

    private void Keep(Batch batch)
    {
        _reserved += BuildBytes(batch);
        int first = _store.Count;
        _store.Append(batch);
        Link(_buildKeyVectors, first, batch.Count);
    }

    /// <summary>Links rows that were appended to the store into the chains of their keys, in order.</summary>
    private void Link(Vector[] keys, int first, int count)
    {
        if (_groups.Length < count)
            _groups = new int[Math.Max(count, Batch.DefaultSize)];
        if (_chain.Length < first + count)
            Array.Resize(ref _chain, Math.Max(first + count, _chain.Length * 2));
        if (TracksBuild && _buildMatched.Length < first + count)
            Array.Resize(ref _buildMatched, Math.Max(first + count, _buildMatched.Length * 2));
        _table.FindOrAdd(keys, count, _groups);
        if (_heads.Length < _table.Count)
        {
            int size = Math.Max(_table.Count, Math.Max(256, _heads.Length * 2));
            Array.Resize(ref _heads, size);
            Array.Resize(ref _tails, size);
        }

        for (int i = 0; i < count; i++)
        {
            int row = first + i;
            _chain[row] = -1;
            if (TracksBuild)
                _buildMatched[row] = false;
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

    private void Evaluate(Evaluator[] keys, Batch batch, QueryContext context, Vector[] results, Vector?[] scratch)
    {
        for (int k = 0; k < keys.Length; k++)
            results[k] = BatchTools.Spread(keys[k].Evaluate(batch, context), batch.Count, ref scratch[k]);
    }

    private bool HasNullKey(int row)
    {
        for (int k = 0; k < _probeKeyVectors.Length; k++)
        {
            if (!_nullsMatch[k] && _probeKeyVectors[k].HasNulls && _probeKeyVectors[k].Nulls[row])
                return true;
        }

        return false;
    }

    private Batch? NextOfPart(QueryContext context)
    {
        while (true)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            if (_batch is null)
            {
                if (_probeEnded || (_batch = NextProbe(context)) is null)
                {
                    _probeEnded = true;
                    return NextUnmatchedBuild(context);
                }

                StartProbe(_batch, context);
            }

            if (_condition is null && !_isInBlocks && _mode is HashJoinMode.ProbeSemi or HashJoinMode.ProbeAnti)
            {
                Batch? result = SelectProbe(_batch, _mode == HashJoinMode.ProbeSemi);
                _batch = null;
                if (result is not null)
                    return result;
                continue;
            }

            int pairs = CollectPairs(_batch.Count, context.BatchSize);
            if (pairs > 0)
            {
                Batch? result = CheckPairs(_batch, pairs, context);
                if (result is not null)
                    return result;
                continue;
            }

            // The batch is done: now it is known which of its rows have no match.
            Batch done = _batch;
            _batch = null;
            Batch? rest = _isInBlocks ? EndBlockBatch(done) : _mode switch
            {
                HashJoinMode.ProbeOuter or HashJoinMode.Full => UnmatchedProbe(done),
                HashJoinMode.ProbeSemi => SelectMatched(done, true),
                HashJoinMode.ProbeAnti => SelectMatched(done, false),
                _ => null,
            };
            if (rest is not null)
                return rest;
        }
    }

    private void StartProbe(Batch batch, QueryContext context)
    {
        int count = batch.Count;
        if (_groups.Length < count)
            _groups = new int[Math.Max(count, context.BatchSize)];
        if (_probeMatched.Length < count)
            _probeMatched = new bool[Math.Max(count, context.BatchSize)];
        if (_selected.Length < Math.Max(count, context.BatchSize))
            _selected = new int[Math.Max(count, context.BatchSize)];
        Evaluate(_probeKeys, batch, context, _probeKeyVectors, _probeScratch);
        _table.Find(_probeKeyVectors, count, _groups);
        for (int i = 0; i < count; i++)
        {
            _probeMatched[i] = WasMatched(i);
            if (_groups[i] >= 0 && HasNullKey(i))
                _groups[i] = -1;
        }

        _row = 0;
        _position = _groups[0] >= 0 ? _heads[_groups[0]] : -1;
    }

    /// <summary>Lists candidate pairs from where the last call stopped.</summary>
    private int CollectPairs(int probeCount, int limit)
    {
        if (_pairProbe.Length < limit)
        {
            _pairProbe = new int[limit];
            _pairBuild = new int[limit];
        }

        bool firstMatchIsEnough = _mode is HashJoinMode.ProbeSemi or HashJoinMode.ProbeAnti;
        int pairs = 0;
        while (_row < probeCount)
        {
            if (firstMatchIsEnough && _probeMatched[_row])
                _position = -1;
            while (_position >= 0)
            {
                if (pairs == limit)
                    return pairs;
                _pairProbe[pairs] = _row;
                _pairBuild[pairs++] = _position;
                _position = _chain[_position];
            }

            if (++_row < probeCount)
                _position = _groups[_row] >= 0 ? _heads[_groups[_row]] : -1;
        }

        return pairs;
    }

    private Batch? CheckPairs(Batch probe, int pairs, QueryContext context)
    {
        ReadOnlySpan<int> probeRows = _pairProbe.AsSpan(0, pairs);
        ReadOnlySpan<int> buildRows = _pairBuild.AsSpan(0, pairs);
        int probeWidth = _probeTypes.Length;
        if (_condition is not null || GivesPairs)
        {
            for (int c = 0; c < probeWidth; c++)
                BatchTools.Gather(probe.Columns[c], probeRows, _pairs.Columns[c]);
            for (int c = 0; c < _buildTypes.Length; c++)
                BatchTools.Gather(_store.Columns[c], buildRows, _pairs.Columns[probeWidth + c]);
            _pairs.Count = pairs;
        }

        int selected = pairs;
        if (_condition is not null)
            selected = VectorTools.SelectTrue(_condition.Evaluate(_pairs, context), pairs, _selected);
        else
            VectorTools.Identity(pairs).CopyTo(_selected);
        for (int i = 0; i < selected; i++)
        {
            _probeMatched[probeRows[_selected[i]]] = true;
            if (TracksBuild)
                _buildMatched[buildRows[_selected[i]]] = true;
        }

        if (!GivesPairs || selected == 0)
            return null;
        if (selected == pairs)
            return _pairs;
        BatchTools.Gather(_pairs, _selected.AsSpan(0, selected), _output);
        return _output;
    }

    private Batch? SelectProbe(Batch batch, bool matching)
    {
        int count = 0;
        for (int i = 0; i < batch.Count; i++)
        {
            if (_groups[i] >= 0 == matching)
                _selected[count++] = i;
        }

        return Select(batch, count);
    }

    private Batch? SelectMatched(Batch batch, bool matching)
    {
        int count = 0;
        for (int i = 0; i < batch.Count; i++)
        {
            if (_probeMatched[i] == matching)
                _selected[count++] = i;
        }

        return Select(batch, count);
    }

    private Batch? Select(Batch batch, int count)
    {
        if (count == 0)
            return null;
        if (count == batch.Count)
            return batch;
        BatchTools.Gather(batch, _selected.AsSpan(0, count), _output);
        return _output;
    }

    private Batch? UnmatchedProbe(Batch batch)
    {
        int count = 0;
        for (int i = 0; i < batch.Count; i++)
        {
            if (!_probeMatched[i])
                _selected[count++] = i;
        }

        return count == 0 ? null : WithNullBuild(batch, count);
    }

    /// <summary>The selected probe rows with nulls for the build side.</summary>
    private Batch WithNullBuild(Batch batch, int count)
    {
        ReadOnlySpan<int> rows = _selected.AsSpan(0, count);
        for (int c = 0; c < _probeTypes.Length; c++)
            BatchTools.Gather(batch.Columns[c], rows, _output.Columns[c]);
        SetNulls(_probeTypes.Length, _buildTypes.Length, count);
        _output.Count = count;
        return _output;
    }

    private void SetNulls(int first, int columns, int count)
    {
        for (int c = first; c < first + columns; c++)
        {
            Vector v = _output.Columns[c];
            v.Reset();
            v.EnsureCapacity(count);
            v.HasNulls = true;
            v.Nulls.AsSpan(0, count).Fill(true);
        }
    }

    private Batch? NextUnmatchedBuild(QueryContext context)
    {
        if (!TracksBuild)
            return null;
        bool wanted = _mode == HashJoinMode.BuildSemi;
        if (_selected.Length < context.BatchSize)
            _selected = new int[context.BatchSize];
        int count = 0;
        while (_unmatched < _store.Count && count < context.BatchSize)
        {
            if (_buildMatched[_unmatched] == wanted)
                _selected[count++] = _unmatched;
            _unmatched++;
        }

        if (count == 0)
            return null;
        ReadOnlySpan<int> rows = _selected.AsSpan(0, count);
        int at = 0;
        if (GivesPairs)
        {
            SetNulls(0, _probeTypes.Length, count);
            at = _probeTypes.Length;
        }

        for (int c = 0; c < _buildTypes.Length; c++)
            BatchTools.Gather(_store.Columns[c], rows, _output.Columns[at + c]);
        _output.Count = count;
        return _output;
    }

    public override void Close()
    {
        _probe.Close();
        _build.Close();
        CloseFiles();
        _store.Clear();
        _table.Clear();
        _linked = 0;
        _context?.Memory.Release(_reserved);
        _context = null;
        _reserved = 0;
        _isBuilt = false;
        _probeEnded = false;
        _batch = null;
        _unmatched = 0;
        _row = 0;
        _position = -1;
        if (_chain.Length > 1 << 16)
        {
            _chain = [];
            _heads = [];
            _tails = [];
            _buildMatched = [];
        }
    }
}
