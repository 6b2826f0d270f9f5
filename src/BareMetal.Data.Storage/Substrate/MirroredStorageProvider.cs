using BareMetal.Data.Storage.Mirroring;

namespace BareMetal.Data.Storage;

/// <summary>
/// A substrate that keeps everything on several others. Writes go to all sides, a flush waits for all; a read that one side answers badly is served by another
/// and repaired; a side that fails is taken out of service, recorded durably on the others, and the database goes on. It comes back by
/// <see cref="RebuildAsync"/> while the database is in use. See docs/format.md, "Mirrors".
/// </summary>
public sealed partial class MirroredStorageProvider : IStorageProvider, IDisposable
{
    private readonly MirrorOptions _options;
    private readonly string _recordName;
    private readonly Lock _directory = new();
    private readonly Lock _states = new();
    private readonly Dictionary<string, MirrorNode> _nodes = new(StringComparer.Ordinal);
    private readonly MirrorFlusher?[] _flushers;
    private MirrorRecord? _record;
    private string? _lockName;
    private bool _recordsUse;
    private bool _shared;
    private volatile bool _inDoubt;
    private bool _disposed;

    /// <summary>Makes a mirror over others. Nothing is looked at before the first use.</summary>
    /// <param name="sides">The others, 2 to 16, always in the same order.</param>
    /// <param name="options">How it behaves; null for the defaults.</param>
    public MirroredStorageProvider(IReadOnlyList<IStorageProvider> sides, MirrorOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(sides);
        if (sides.Count is < 2 or > MirrorRecord.MaxSides)
            throw new ArgumentException($"A mirror has 2 to {MirrorRecord.MaxSides} sides, not {sides.Count}.", nameof(sides));
        _options = options ?? new MirrorOptions();
        _recordName = (_options.Scope.Length == 0 ? "bmdb" : _options.Scope) + "-mirror";
        Sides = new MirrorSide[sides.Count];
        _flushers = new MirrorFlusher?[sides.Count];
        string[] locations = new string[sides.Count];
        for (int i = 0; i < Sides.Length; i++)
        {
            ArgumentNullException.ThrowIfNull(sides[i], nameof(sides));
            Sides[i] = new MirrorSide(sides[i]);
            locations[i] = sides[i].Location;
            if (_options.ParallelFlush)
                _flushers[i] = new MirrorFlusher();
        }

        Location = string.Join(" | ", locations);
    }

    /// <inheritdoc/>
    public string Location { get; }

    internal MirrorSide[] Sides { get; }

    /// <summary>Whether the sides may differ after a crash; <c>Reconcile</c> settles it.</summary>
    internal bool InDoubt => _inDoubt;

    /// <summary>How the mirror is now.</summary>
    public MirrorStatus GetStatus()
    {
        MirrorSideStatus[] sides = new MirrorSideStatus[Sides.Length];
        for (int i = 0; i < sides.Length; i++)
            sides[i] = Sides[i].Status();
        return new MirrorStatus(_record?.Generation ?? 0, _inDoubt, sides);
    }

    /// <inheritdoc/>
    public IStorageFile Open(string name, StorageFileMode mode, bool readOnly = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        lock (_directory)
        {
            Load();
            if (_nodes.TryGetValue(name, out MirrorNode? node))
            {
                if (mode == StorageFileMode.CreateNew)
                    throw new StorageException(StorageErrorCode.AlreadyExists, $"{name}: the file exists in {Location}.") { File = name };
            }
            else
            {
                RecordUse();
                node = OpenNode(name, mode, readOnly);
                _nodes.Add(name, node);
            }

            node.References++;
            return new MirroredFile(this, node);
        }
    }

    /// <inheritdoc/>
    public bool Exists(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        lock (_directory)
        {
            Load();
            return FindCopy(name) >= 0;
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> List()
    {
        lock (_directory)
        {
            Load();
            return ListAll();
        }
    }

    /// <inheritdoc/>
    public void Delete(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        lock (_directory)
        {
            Load();
            RecordUse();
            _nodes.Remove(name);
            _rebuilt?.Remove(name);
            ForEach(name, static (side, file) => side.Provider.Delete(file));
        }
    }

    /// <inheritdoc/>
    public void Rename(string name, string newName)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentException.ThrowIfNullOrEmpty(newName);
        lock (_directory)
        {
            Load();
            RecordUse();
            int source = FindCopy(name);
            if (source < 0)
                throw new StorageException(StorageErrorCode.DoesNotExist, $"{name}: the file does not exist in {Location}.") { File = name };
            MirrorOutcome outcome = new(this);
            for (int i = 0; i < Sides.Length; i++)
            {
                if (!Sides[i].TakesWrites)
                    continue;
                try
                {
                    if (Sides[i].Provider.Exists(name))
                        Sides[i].Provider.Rename(name, newName);
                    else if (Sides[i].IsActive)
                        CopyWhole(source, i, Sides[source].Provider.Exists(name) ? name : newName, newName);
                    else
                        Sides[i].Provider.Delete(newName); // a rebuild has not come to it yet: under the new name it will
                    outcome.Succeeded(i);
                }
                catch (StorageException e)
                {
                    outcome.Failed(i, e);
                }
            }

            _nodes.Remove(newName);
            if (_nodes.Remove(name, out MirrorNode? node))
            {
                node.Name = newName;
                _nodes.Add(newName, node);
            }

            if (_rebuilt is not null)
            {
                _rebuilt.Remove(newName);
                if (_rebuilt.Remove(name))
                    _rebuilt.Add(newName);
            }

            outcome.Settle(name);
        }
    }

    /// <inheritdoc/>
    public void FlushDirectory()
    {
        lock (_directory)
        {
            Load();
            ForEach("the folder", static (side, _) => side.Provider.FlushDirectory());
        }
    }

    /// <inheritdoc/>
    public IDisposable AcquireOwnerLock(string name, TimeSpan timeout) => AcquireLock(name, timeout, shared: false);

    /// <inheritdoc/>
    /// <remarks>While it is held nothing is recorded and nothing repaired: others may be reading too.</remarks>
    public IDisposable AcquireSharedLock(string name, TimeSpan timeout) => AcquireLock(name, timeout, shared: true);

    private OwnerLock AcquireLock(string name, TimeSpan timeout, bool shared)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        lock (_directory)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            IDisposable?[] locks = new IDisposable?[Sides.Length];
            try
            {
                for (int i = 0; i < Sides.Length; i++)
                {
                    try
                    {
                        locks[i] = shared ? Sides[i].Provider.AcquireSharedLock(name, timeout) : Sides[i].Provider.AcquireOwnerLock(name, timeout);
                    }
                    catch (StorageException e) when (e.Code != StorageErrorCode.Locked)
                    {
                        Sides[i].LastError = e.Message; // a side that can't be reached is judged by what the others know of it
                    }
                }

                // Another owner may have changed everything since it was last looked at.
                if (_nodes.Count == 0)
                    _record = null;
                _lockName = name;
                _shared = shared;
                Load();
                return new OwnerLock(this, locks);
            }
            catch
            {
                foreach (IDisposable? held in locks)
                    held?.Dispose();
                throw;
            }
        }
    }

    /// <summary>Ends the threads that flush. The sides are the caller's.</summary>
    public void Dispose()
    {
        _disposed = true;
        _rebuildCancellation?.Cancel();
        foreach (MirrorFlusher? flusher in _flushers)
            flusher?.Dispose();
    }

    /// <summary>Whether nothing may be repaired, because others read the files too.</summary>
    internal bool IsShared => _shared;

    internal MirrorFlusher? FlusherOf(int side) => _flushers[side];

    /// <summary>After an operation that some sides may have carried out and others not.</summary>
    internal void SidesMayDiffer() => _inDoubt = true;

    internal void ReadFailed(int side, StorageException e)
    {
        if (e.Code == StorageErrorCode.DoesNotExist || !Sides[side].IsActive)
            return;
        if (Sides[side].ReadFailed(e) && CountActive() > 1)
            TakeOut(side, e);
    }

    /// <summary>Takes a side out of service, recorded durably on the others before anybody goes on without it.</summary>
    /// <exception cref="StorageException">It is the last one, or the others can't record it.</exception>
    internal void TakeOut(int side, StorageException e)
    {
        lock (_states)
        {
            Sides[side].LastError = e.Message;
            switch (Sides[side].State)
            {
                case MirrorSideState.Out:
                    return;
                case MirrorSideState.Rebuilding:
                    Sides[side].State = MirrorSideState.Out;
                    return;
            }

            if (CountActive() == 1)
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(e);
            MirrorSideState[] states = States();
            states[side] = MirrorSideState.Out;
            Record(_record! with { Generation = _record.Generation + 1, States = states, InUse = true });
        }
    }

    /// <summary>Gives up one opening of a file.</summary>
    internal void Close(MirrorNode node)
    {
        lock (_directory)
        {
            if (--node.References > 0)
                return;
            if (_nodes.TryGetValue(node.Name, out MirrorNode? named) && named == node)
                _nodes.Remove(node.Name);
            foreach (IStorageFile? handle in node.Handles)
                handle?.Dispose();
        }
    }

    private int CountActive()
    {
        int count = 0;
        foreach (MirrorSide side in Sides)
            count += side.IsActive ? 1 : 0;
        return count;
    }

    private MirrorSideState[] States()
    {
        MirrorSideState[] states = new MirrorSideState[Sides.Length];
        for (int i = 0; i < states.Length; i++)
            states[i] = Sides[i].IsActive ? MirrorSideState.Active : MirrorSideState.Out;
        return states;
    }

    private void ForEach(string name, Action<MirrorSide, string> action)
    {
        MirrorOutcome outcome = new(this);
        for (int i = 0; i < Sides.Length; i++)
        {
            if (!Sides[i].TakesWrites)
                continue;
            try
            {
                action(Sides[i], name);
                outcome.Succeeded(i);
            }
            catch (StorageException e)
            {
                outcome.Failed(i, e);
            }
        }

        outcome.Settle(name);
    }

    /// <summary>The first active side that has a file; −1 when none has.</summary>
    private int FindCopy(string name)
    {
        StorageException? first = null;
        bool answered = false;
        for (int i = 0; i < Sides.Length; i++)
        {
            if (!Sides[i].IsActive)
                continue;
            try
            {
                if (Sides[i].Provider.Exists(name))
                    return i;
                answered = true;
            }
            catch (StorageException e)
            {
                first ??= e;
                ReadFailed(i, e);
            }
        }

        return answered ? -1 : throw first ?? new StorageException(StorageErrorCode.IoError, $"{Location}: no side of the mirror can be reached.");
    }

    private List<string> ListAll()
    {
        SortedSet<string> names = new(StringComparer.Ordinal);
        StorageException? first = null;
        bool answered = false;
        for (int i = 0; i < Sides.Length; i++)
        {
            if (!Sides[i].IsActive)
                continue;
            try
            {
                foreach (string name in Sides[i].Provider.List())
                {
                    if (IsInScope(name))
                        names.Add(name);
                }

                answered = true;
            }
            catch (StorageException e)
            {
                first ??= e;
                ReadFailed(i, e);
            }
        }

        return answered ? [.. names] : throw first ?? new StorageException(StorageErrorCode.IoError, $"{Location}: no side of the mirror can be reached.");
    }

    private bool IsInScope(string name) =>
        !name.StartsWith(_recordName, StringComparison.Ordinal) &&
        (_options.Scope.Length == 0 || name.StartsWith(_options.Scope, StringComparison.Ordinal) &&
            (name.Length == _options.Scope.Length || name[_options.Scope.Length] == '-'));

    private MirrorNode OpenNode(string name, StorageFileMode mode, bool readOnly)
    {
        int source = FindCopy(name);
        if (source >= 0 && mode == StorageFileMode.CreateNew)
            throw new StorageException(StorageErrorCode.AlreadyExists, $"{name}: the file exists in {Location}.") { File = name };
        if (source < 0 && (mode == StorageFileMode.Open || readOnly))
            throw new StorageException(StorageErrorCode.DoesNotExist, $"{name}: the file does not exist in {Location}.") { File = name };
        MirrorNode node = new(name, Sides.Length);
        MirrorOutcome outcome = new(this);
        for (int i = 0; i < Sides.Length; i++)
        {
            // What a rebuild has not come to is opened there when it does.
            if (!Sides[i].TakesWrites || !Sides[i].IsActive && source >= 0 && _rebuilt?.Contains(name) != true)
                continue;
            try
            {
                bool exists = Sides[i].Provider.Exists(name);
                if (!exists && source >= 0 && _shared)
                    continue;
                if (!exists && source >= 0)
                    CopyWhole(source, i, name, name);
                node.Handles[i] = Sides[i].Provider.Open(
                    name, exists && _shared && readOnly ? StorageFileMode.Open : StorageFileMode.OpenOrCreate, _shared && readOnly);
                if (!exists && source < 0 && !Sides[i].IsActive)
                    _rebuilt?.Add(name);
                outcome.Succeeded(i);
            }
            catch (StorageException e)
            {
                outcome.Failed(i, e);
            }
        }

        try
        {
            outcome.Settle(name);
            if (source >= 0 && !_shared)
                AlignLengths(node);
            return node;
        }
        catch
        {
            foreach (IStorageFile? handle in node.Handles)
                handle?.Dispose();
            throw;
        }
    }

    /// <summary>Gives the shorter copies what the longest has more. What is right within is judged where it is read.</summary>
    private void AlignLengths(MirrorNode node)
    {
        long longest = -1;
        int source = -1;
        bool differ = false;
        for (int i = 0; i < Sides.Length; i++)
        {
            if (!Sides[i].IsActive || node.Handles[i] is not { } handle)
                continue;
            long length = handle.Length;
            differ |= source >= 0 && length != longest;
            if (length > longest)
                (longest, source) = (length, i);
        }

        if (!differ)
            return;
        for (int i = 0; i < Sides.Length; i++)
        {
            if (i == source || !Sides[i].IsActive || node.Handles[i] is not { } handle || handle.Length == longest)
                continue;
            try
            {
                CopyRange(node.Handles[source]!, handle, handle.Length, longest);
                Interlocked.Increment(ref Sides[i].Repairs);
            }
            catch (StorageException e)
            {
                TakeOut(i, e);
            }
        }
    }

    /// <summary>Makes a copy of a file on a side that lacks it, durably.</summary>
    private void CopyWhole(int from, int to, string name, string newName)
    {
        if (from == to)
            return;
        using (IStorageFile source = Sides[from].Provider.Open(name, StorageFileMode.Open, readOnly: true))
        using (IStorageFile target = Sides[to].Provider.Open(newName, StorageFileMode.OpenOrCreate))
        {
            target.SetLength(0);
            CopyRange(source, target, 0, source.Length);
            target.Flush();
        }

        Sides[to].Provider.FlushDirectory();
        Interlocked.Increment(ref Sides[to].Repairs);
    }

    private static void CopyRange(IStorageFile source, IStorageFile target, long from, long to)
    {
        byte[] buffer = new byte[(int)Math.Clamp(to - from, 1, 256 << 10)];
        for (long at = from; at < to;)
        {
            int count = source.ReadFull(at, buffer.AsSpan(0, (int)Math.Min(buffer.Length, to - at)));
            if (count == 0)
                return;
            target.Write(at, buffer.AsSpan(0, count));
            at += count;
        }
    }

    private sealed class OwnerLock(MirroredStorageProvider mirror, IDisposable?[] locks) : IDisposable
    {
        private int _disposed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) != 0)
                return;
            try
            {
                mirror.EndUse();
            }
            finally
            {
                foreach (IDisposable? held in locks)
                    held?.Dispose();
            }
        }
    }
}
