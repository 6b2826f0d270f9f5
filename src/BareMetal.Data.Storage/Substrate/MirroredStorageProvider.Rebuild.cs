using BareMetal.Data.Storage.Mirroring;

namespace BareMetal.Data.Storage;

/// <content>Bringing sides into agreement: after a loss, and after a crash.</content>
public sealed partial class MirroredStorageProvider
{
    private const int CopyBytes = 256 << 10;
    private const int SmallestUnit = 512;

    private readonly ManualResetEventSlim _rebuildEnded = new(true);
    private HashSet<string>? _rebuilt;
    private CancellationTokenSource? _rebuildCancellation;

    /// <summary>
    /// Makes a side that is out of service current again, while the database is in use: whatever it had of the mirror is deleted, everything is copied from the
    /// others, and what is written meanwhile goes there too. When it fails or the process dies, the side stays out of service.
    /// </summary>
    /// <param name="side">The side's number, from 0.</param>
    /// <param name="replacement">Where the side is from now on; null: where it was.</param>
    /// <param name="cancellationToken">Ends the rebuild; the side stays out of service.</param>
    /// <exception cref="InvalidOperationException">The side is active, or another rebuild is running.</exception>
    /// <exception cref="StorageException">Copying failed.</exception>
    public Task RebuildAsync(int side, IStorageProvider? replacement = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(side);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(side, Sides.Length);
        return Task.Factory.StartNew(
            () => Rebuild(side, replacement, cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Rebuilds every side that is out of service, one after another, in the background. What fails is told by the status.</summary>
    internal void RebuildMissing()
    {
        List<int> missing = [];
        for (int i = 0; i < Sides.Length; i++)
        {
            if (Sides[i].State == MirrorSideState.Out && Sides[i].Provider is not UnreachableStorageProvider)
                missing.Add(i);
        }

        if (missing.Count == 0)
            return;
        new Thread(() =>
        {
            foreach (int side in missing)
            {
                try
                {
                    Rebuild(side, null, CancellationToken.None);
                }
                catch (Exception e) when (e is StorageException or OperationCanceledException or InvalidOperationException or ObjectDisposedException)
                {
                    Sides[side].LastError = e.Message;
                    return;
                }
            }
        }) { IsBackground = true, Name = "BareMetal mirror rebuild" }.UnsafeStart();
    }

    /// <summary>As <see cref="RebuildAsync"/>, on the caller's thread.</summary>
    internal void Rebuild(int side, IStorageProvider? replacement, CancellationToken cancellationToken, Action? afterChunk = null)
    {
        using CancellationTokenSource cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        IDisposable? ownerLock = null;
        MirrorSide target = Sides[side];
        lock (_directory)
        {
            Load();
            if (_rebuilt is not null)
                throw new InvalidOperationException("A rebuild of this mirror is running.");
            if (target.State != MirrorSideState.Out)
                throw new InvalidOperationException($"Side {side} of the mirror is active: there is nothing to rebuild.");
            if (replacement is not null)
                target.Provider = replacement;
            if (_lockName is not null && replacement is not null)
                ownerLock = target.Provider.AcquireOwnerLock(_lockName, TimeSpan.Zero);
            _rebuilt = new HashSet<string>(StringComparer.Ordinal);
            _rebuildCancellation = cancellation;
            _rebuildEnded.Reset();
        }

        try
        {
            BeginRebuild(side);
            while (CopyNext(side, cancellation.Token, afterChunk))
            {
            }
        }
        catch (Exception e)
        {
            lock (_states)
            {
                if (target.State == MirrorSideState.Rebuilding)
                    target.State = MirrorSideState.Out;
                target.LastError = e.Message;
            }

            throw;
        }
        finally
        {
            lock (_directory)
            {
                _rebuilt = null;
                _rebuildCancellation = null;
            }

            ownerLock?.Dispose();
            _rebuildEnded.Set();
        }
    }

    private void BeginRebuild(int side)
    {
        MirrorSide target = Sides[side];
        lock (_directory)
        {
            // Its record goes first: half deleted, it is nobody's side.
            target.Provider.Delete(_recordName);
            target.Provider.FlushDirectory();
            foreach (string name in target.Provider.List())
            {
                if (IsInScope(name) && name != _lockName)
                    target.Provider.Delete(name);
            }

            target.Provider.FlushDirectory();
            foreach (MirrorNode node in _nodes.Values)
            {
                lock (node.Gate)
                {
                    node.Handles[side]?.Dispose();
                    node.Handles[side] = null;
                }
            }

            lock (_states)
                target.State = MirrorSideState.Rebuilding;
        }
    }

    /// <summary>Copies the next file that the side lacks; when there is none, the side is active.</summary>
    private bool CopyNext(int side, CancellationToken cancellation, Action? afterChunk)
    {
        MirrorSide target = Sides[side];
        MirrorNode? node = null;
        IStorageFile file;
        lock (_directory)
        {
            string? next = null;
            foreach (string name in ListAll())
            {
                if (name != _lockName && !_rebuilt!.Contains(name))
                {
                    next = name;
                    break;
                }
            }

            if (next is null)
            {
                target.Provider.FlushDirectory();
                lock (_states)
                {
                    ThrowIfGivenUp(target);
                    MirrorSideState[] states = States();
                    states[side] = MirrorSideState.Active;
                    MirrorRecord whole = _record! with { Generation = _record.Generation + 1, States = states, InUse = true };

                    // There first: once another side calls it current, it must know that itself.
                    whole.Write(target.Provider, side, _recordName);
                    Record(whole);
                    if (!target.IsActive)
                        throw new StorageException(StorageErrorCode.IoError, $"{target.Provider.Location} could not be recorded as current: {target.LastError}");
                    _recordsUse = true;
                }

                return false;
            }

            if (!_nodes.TryGetValue(next, out node))
            {
                node = OpenNode(next, StorageFileMode.Open, readOnly: false);
                _nodes.Add(next, node);
            }

            node.References++;
            lock (node.Gate)
            {
                file = target.Provider.Open(next, StorageFileMode.OpenOrCreate);
                file.SetLength(0);
                node.Handles[side] = file;
            }

            _rebuilt!.Add(next);
        }

        try
        {
            byte[] buffer = new byte[CopyBytes];
            using MirroredFile source = new(this, node);
            for (long at = 0; ;)
            {
                cancellation.ThrowIfCancellationRequested();
                lock (node.Gate)
                {
                    ThrowIfGivenUp(target);
                    int count = source.Read(at, buffer);
                    if (count == 0)
                        break;
                    file.Write(at, buffer.AsSpan(0, count));
                    at += count;
                    Interlocked.Add(ref target.RebuiltBytes, count);
                }

                afterChunk?.Invoke();
            }

            file.Flush();
        }
        catch (StorageException e)
        {
            TakeOut(side, e);
            throw;
        }

        return true;
    }

    private static void ThrowIfGivenUp(MirrorSide target)
    {
        if (target.State == MirrorSideState.Out)
        {
            throw new StorageException(
                StorageErrorCode.IoError, $"The rebuild of {target.Provider.Location} was given up: {target.LastError}");
        }
    }

    /// <summary>
    /// After a crash: compares the sides, file by file, and makes them equal. Where they differ the judge says which has a whole page or group of
    /// records; where it recognises none, it is bytes that nobody relies on, and the first side's count. Writers go on meanwhile.
    /// </summary>
    internal void Reconcile(IContentJudge judge, CancellationToken cancellation = default)
    {
        List<string> names;
        lock (_directory)
        {
            Load();
            names = ListAll();
        }

        foreach (string name in names)
        {
            if (name.EndsWith("-lock", StringComparison.Ordinal) || !Exists(name))
                continue;
            IStorageFile file;
            MirrorNode node;
            try
            {
                file = Open(name, StorageFileMode.Open);
            }
            catch (StorageException e) when (e.Code == StorageErrorCode.DoesNotExist)
            {
                continue; // deleted meanwhile
            }

            using (file)
            {
                lock (_directory)
                {
                    if (!_nodes.TryGetValue(file.Name, out node!))
                        continue;
                }

                Reconcile(node, judge, cancellation);
            }
        }

        lock (_states)
            _inDoubt = false;
    }

    private void Reconcile(MirrorNode node, IContentJudge judge, CancellationToken cancellation)
    {
        bool changed = false;
        byte[]?[] buffers = new byte[]?[Sides.Length];
        List<(int Side, byte[] Bytes)> copies = [];
        for (long start = 0; ;)
        {
            cancellation.ThrowIfCancellationRequested();
            lock (node.Gate)
            {
                copies.Clear();
                int count = int.MaxValue;
                for (int i = 0; i < Sides.Length; i++)
                {
                    if (!Sides[i].IsActive || node.Handles[i] is not { } handle)
                        continue;
                    byte[] bytes = buffers[i] ??= new byte[judge.WindowOf(node.Name, handle.Length)];
                    try
                    {
                        count = Math.Min(count, handle.ReadFull(start, bytes));
                        copies.Add((i, bytes));
                    }
                    catch (StorageException e)
                    {
                        ReadFailed(i, e);
                    }
                }

                if (copies.Count < 2 || count == 0)
                    break;
                changed |= Agree(node, judge, start, count, copies);
                start += count;
            }
        }

        if (!changed)
            return;
        MirrorOutcome outcome = new(this);
        for (int i = 0; i < Sides.Length; i++)
        {
            if (!Sides[i].TakesWrites || node.Handles[i] is not { } handle)
                continue;
            try
            {
                handle.Flush();
                outcome.Succeeded(i);
            }
            catch (StorageException e)
            {
                outcome.Failed(i, e);
            }
        }

        outcome.Settle(node.Name);
    }

    private bool Agree(MirrorNode node, IContentJudge judge, long start, int count, List<(int Side, byte[] Bytes)> copies)
    {
        bool equal = true;
        for (int i = 1; i < copies.Count; i++)
            equal &= copies[i].Bytes.AsSpan(0, count).SequenceEqual(copies[0].Bytes.AsSpan(0, count));
        if (equal)
            return false;
        for (int at = 0; at < count;)
        {
            int best = 0;
            int length = 0;
            ulong rank = 0;
            for (int i = 0; i < copies.Count; i++)
            {
                int recognised = judge.Recognise(node.Name, start, at, copies[i].Bytes.AsSpan(0, count), out ulong itsRank);
                if (recognised > 0 && (length == 0 || itsRank > rank))
                    (best, length, rank) = (i, recognised, itsRank);
            }

            if (length == 0)
                length = Math.Min(SmallestUnit, count - at);
            ReadOnlySpan<byte> right = copies[best].Bytes.AsSpan(at, length);
            for (int i = 0; i < copies.Count; i++)
            {
                int side = copies[i].Side;
                if (copies[i].Bytes.AsSpan(at, length).SequenceEqual(right) || !Sides[side].IsActive)
                    continue;
                try
                {
                    node.Handles[side]!.Write(start + at, right);
                    Interlocked.Increment(ref Sides[side].Repairs);
                }
                catch (StorageException e)
                {
                    TakeOut(side, e);
                }
            }

            at += length;
        }

        return true;
    }
}
