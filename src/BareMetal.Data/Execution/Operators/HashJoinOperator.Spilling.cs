using System.Runtime.InteropServices;
using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Spilling;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>What a hash join does when its build side does not fit in memory.</summary>
internal sealed partial class HashJoinOperator
{
    private readonly Queue<Part> _pending = new();
    private readonly List<int> _partitionRows = [];
    private SpillFile?[]? _buildParts;
    private SpillFile?[]? _probeParts;
    private SpillReader? _probeReader;
    private SpillFile? _currentBuild;
    private SpillFile? _currentProbe;
    private int _depth;

    // Blocks of a part that is not split further.
    private bool _isInBlocks;
    private bool _isLastBlock;
    private SpillReader? _blockReader;
    private Batch? _blockRest;
    private ulong[] _seen = [];
    private long _seenReserved;
    private long _probeOrdinal;

    /// <summary>Moves what is kept to files and puts the batch there too.</summary>
    private void StartSplitting(Batch batch, QueryContext context)
    {
        _buildParts = new SpillFile?[Partitions];
        Split(batch, _buildKeyVectors, _buildParts, _buildTypes, context);
        Batch kept = new(_store.Columns);
        Batch chunk = new(VectorTools.CreateVectors(_buildTypes, 1));
        Vector[] keys = new Vector[_buildKeys.Length];
        for (int at = 0; at < _store.Count; at += context.BatchSize)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            int count = Math.Min(context.BatchSize, _store.Count - at);
            BatchTools.Gather(kept, VectorTools.Identity(_store.Count).Slice(at, count), chunk);
            Evaluate(_buildKeys, chunk, context, keys, _buildScratch);
            Split(chunk, keys, _buildParts, _buildTypes, context);
        }

        Forget(context);
    }

    private void Forget(QueryContext context)
    {
        _store.Clear();
        _table.Clear();
        _linked = 0;
        context.Memory.Release(_reserved);
        _reserved = 0;
        _unmatched = 0;
        _batch = null;
        _row = 0;
        _position = -1;
        _probeEnded = false;
        if (_chain.Length > 1 << 14)
        {
            _chain = [];
            _heads = [];
            _tails = [];
            _buildMatched = [];
        }
    }

    private void Split(Batch batch, Vector[] keys, SpillFile?[] parts, SqlType[] types, QueryContext context)
    {
        if (keys.Length == 0)
        {
            (parts[0] ??= new SpillFile(context, types)).Append(batch);
            return;
        }

        ReadOnlySpan<uint> hashes = _table.Hash(keys, batch.Count);
        for (int p = 0; p < Partitions; p++)
        {
            _partitionRows.Clear();
            for (int i = 0; i < batch.Count; i++)
            {
                if (HashPartition.Of(hashes[i], _depth) == p)
                    _partitionRows.Add(i);
            }

            if (_partitionRows.Count == 0)
                continue;
            SpillFile file = parts[p] ??= new SpillFile(context, types);
            file.Append(batch.Columns, CollectionsMarshal.AsSpan(_partitionRows));
        }
    }

    private void SplitProbe(QueryContext context)
    {
        foreach (SpillFile? file in _buildParts!)
            file?.Seal();
        _probeParts = new SpillFile?[Partitions];
        while (NextProbe(context) is { } batch)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            Evaluate(_probeKeys, batch, context, _probeKeyVectors, _probeScratch);
            Split(batch, _probeKeyVectors, _probeParts, _probeTypes, context);
        }

        foreach (SpillFile? file in _probeParts)
            file?.Seal();
    }

    private Batch? NextProbe(QueryContext context) => _probeReader is null && _currentBuild is null && _currentProbe is null ? _probe.Next(context) : _probeReader?.Next();

    private bool TakePart(QueryContext context)
    {
        QueueParts();
        EndPart(context);
        while (_pending.TryDequeue(out Part part))
        {
            _depth = part.Depth;
            Forget(context);
            _currentBuild = part.Build;
            _currentProbe = part.Probe;
            if (part.Build is not null && (part.IsWhole || part.Depth >= MaxDepth))
            {
                StartBlocks(part, context);
                return true;
            }

            _probeReader = part.Probe?.Read();
            if (part.Build is not null)
            {
                using SpillReader reader = part.Build.Read();
                while (reader.Next() is { } batch)
                {
                    context.Cancellation.ThrowIfCancellationRequested();
                    AddBuild(batch, context);
                }
            }

            if (_buildParts is not null)
            {
                SplitProbe(context);
                QueueParts();
                EndPart(context);
                continue;
            }

            // Keeps NextProbe away from the real probe side when this part has no probe rows.
            _probeEnded = part.Probe is null;
            return true;
        }

        return false;
    }

    private void EndPart(QueryContext context)
    {
        _blockReader?.Dispose();
        _blockReader = null;
        _blockRest = null;
        _isInBlocks = false;
        context.Memory.Release(_seenReserved);
        _seenReserved = 0;
        _probeReader?.Dispose();
        _probeReader = null;
        _currentBuild?.Dispose();
        _currentProbe?.Dispose();
        _currentBuild = null;
        _currentProbe = null;
    }

    private void QueueParts()
    {
        if (_buildParts is null && _probeParts is null)
            return;
        long total = 0;
        foreach (SpillFile? file in _buildParts ?? [])
            total += file?.Rows ?? 0;
        for (int p = 0; p < Partitions; p++)
        {
            SpillFile? build = _buildParts?[p];
            SpillFile? probe = _probeParts?[p];
            if (build is null && probe is null)
                continue;
            SpilledBytes += (build?.Bytes ?? 0) + (probe?.Bytes ?? 0);

            // What one split left nearly whole, another would too: there are few keys.
            bool isWhole = _buildKeys.Length == 0 || (build is not null && build.Rows > total / 8 * 7);
            _pending.Enqueue(new Part(build, probe, _depth + 1, isWhole));
        }

        _buildParts = null;
        _probeParts = null;
    }

    // ---- blocks ----

    private void StartBlocks(Part part, QueryContext context)
    {
        _isInBlocks = true;
        _isLastBlock = false;
        _blockReader = part.Build!.Read();
        _blockRest = _blockReader.Next();
        if (_mode is HashJoinMode.ProbeOuter or HashJoinMode.Full or HashJoinMode.ProbeSemi or HashJoinMode.ProbeAnti && part.Probe is not null)
        {
            _seen = new ulong[(part.Probe.Rows + 63) / 64];
            _seenReserved = _seen.Length * 8L;
            context.Memory.Reserve(_seenReserved);
        }

        LoadBlock(context);
    }

    /// <summary>Goes to the next block of the current part; false when there is none.</summary>
    private bool TakeBlock(QueryContext context)
    {
        if (!_isInBlocks || _isLastBlock)
            return false;
        Forget(context);
        LoadBlock(context);
        return true;
    }

    private void LoadBlock(QueryContext context)
    {
        while (_blockRest is { } batch)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            Evaluate(_buildKeys, batch, context, _buildKeyVectors, _buildScratch);
            long bytes = BuildBytes(batch);
            if (!context.Memory.TryGrow(_reserved, bytes))
            {
                if (_store.Count > 0)
                    break;
                context.Memory.Reserve(bytes);
            }

            Keep(batch);
            _blockRest = _blockReader!.Next();
        }

        _isLastBlock = _blockRest is null;
        _probeOrdinal = 0;
        _probeReader?.Dispose();
        _probeReader = _currentProbe?.Read();
        _probeEnded = _currentProbe is null;
    }

    /// <summary>Whether a row of the current probe batch has found its match in an earlier block.</summary>
    private bool WasMatched(int row)
    {
        if (!_isInBlocks || _seenReserved == 0)
            return false;
        long at = _probeOrdinal + row;
        return (_seen[at >> 6] & (1ul << (int)(at & 63))) != 0;
    }

    /// <summary>Notes the matches of a probe batch; gives what is decided by this block.</summary>
    private Batch? EndBlockBatch(Batch batch)
    {
        int count = 0;
        for (int i = 0; i < batch.Count && _seenReserved > 0; i++)
        {
            bool before = WasMatched(i);
            bool now = _probeMatched[i];
            if (now && !before)
            {
                long at = _probeOrdinal + i;
                _seen[at >> 6] |= 1ul << (int)(at & 63);
            }

            bool give = _mode == HashJoinMode.ProbeSemi ? now && !before : _isLastBlock && !now;
            if (give)
                _selected[count++] = i;
        }

        _probeOrdinal += batch.Count;
        if (_mode is HashJoinMode.ProbeSemi or HashJoinMode.ProbeAnti)
            return Select(batch, count);
        return count > 0 && GivesUnmatchedProbe ? WithNullBuild(batch, count) : null;
    }

    private void CloseFiles()
    {
        QueueParts();
        while (_pending.TryDequeue(out Part part))
        {
            part.Build?.Dispose();
            part.Probe?.Dispose();
        }

        if (_context is not null)
            EndPart(_context);
        _seen = [];
        _depth = 0;
    }

    /// <param name="Build">Rows of the kept side, null when there are none.</param>
    /// <param name="Probe">Rows of the streaming side, null when there are none.</param>
    /// <param name="Depth">How often the rows were split.</param>
    /// <param name="IsWhole">Whether splitting again would not help.</param>
    private readonly record struct Part(SpillFile? Build, SpillFile? Probe, int Depth, bool IsWhole);
}
