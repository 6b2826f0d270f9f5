using BareMetal.Data.Storage.Mirroring;

namespace BareMetal.Data.Storage;

/// <content>Which sides are current: found when the mirror is first used, recorded whenever it changes.</content>
public sealed partial class MirroredStorageProvider
{
    private const long FirstGeneration = 1;

    /// <summary>Finds out which sides are current. Under the directory lock.</summary>
    /// <exception cref="StorageException">The sides do not belong together, or it can't be told which are current.</exception>
    private void Load()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_record is not null)
            return;
        _recordsUse = false;
        MirrorRecord?[] records = new MirrorRecord?[Sides.Length];
        bool[] reachable = new bool[Sides.Length];
        bool[] hasFiles = new bool[Sides.Length];
        MirrorRecord? newest = null;
        for (int i = 0; i < Sides.Length; i++)
        {
            Sides[i].State = MirrorSideState.Out;
            try
            {
                foreach (string name in Sides[i].Provider.List())
                    hasFiles[i] |= IsInScope(name) && !name.EndsWith("-lock", StringComparison.Ordinal);
                records[i] = MirrorRecord.Read(Sides[i].Provider, _recordName);
                reachable[i] = true;
                if (records[i] is { } record && (newest is null || record.Generation > newest.Generation))
                    newest = record;
            }
            catch (StorageException e) when (e.Code is StorageErrorCode.IoError or StorageErrorCode.DoesNotExist)
            {
                Sides[i].LastError = e.Message;
            }
        }

        // The first record is followed by a second before anything else is written: where there is no second, the mirror was never used.
        if (newest is null || newest.Generation == FirstGeneration)
        {
            Begin(reachable, hasFiles);
            return;
        }

        CheckBelonging(newest, records);
        for (int i = 0; i < Sides.Length; i++)
        {
            if (newest.States[i] != MirrorSideState.Active)
                continue;
            if (reachable[i] && records[i] is not null)
            {
                Sides[i].State = MirrorSideState.Active;
                continue;
            }

            Sides[i].LastError ??= "it holds nothing of this mirror";
            if (!_options.AllowMissingSides)
            {
                throw new StorageException(
                    StorageErrorCode.IoError,
                    $"Side {i} of the mirror, {Sides[i].Provider.Location}, was current when the others last knew, and is not there now: {Sides[i].LastError} " +
                    "Bring it back; or, if it is gone for good, open the mirror with missing sides allowed.") { File = _recordName };
            }
        }

        if (CountActive() == 0)
            throw new StorageException(StorageErrorCode.IoError, $"{Location}: no current side of the mirror can be reached.") { File = _recordName };
        _record = newest;
        _inDoubt = newest.InUse;
    }

    private void CheckBelonging(MirrorRecord newest, MirrorRecord?[] records)
    {
        for (int i = 0; i < Sides.Length; i++)
        {
            if (records[i] is not { } record)
                continue;
            if (record.Id != newest.Id || record.States.Length != Sides.Length || record.Side != i)
            {
                throw new StorageException(
                    StorageErrorCode.NotADatabase,
                    $"Side {i}, {Sides[i].Provider.Location}, is not side {i} of {Sides.Length} of this mirror: it was side {record.Side} of {record.States.Length} " +
                    "of the same or another. Give the sides as they were, in their order.") { File = _recordName };
            }

            // Each went on without the other: which of the two is wanted nobody but the owner knows.
            if (record.Generation == newest.Generation && !record.States.AsSpan().SequenceEqual(newest.States))
            {
                throw new StorageException(
                    StorageErrorCode.Corruption,
                    $"The sides of the mirror {Location} were changed apart from one another. Open the one that is to count alone, " +
                    $"or remove the file {_recordName} and the database's files from the other.") { File = _recordName };
            }
        }
    }

    /// <summary>The first use of a mirror: of nothing, or of a database that lies on one side.</summary>
    private void Begin(bool[] reachable, bool[] hasFiles)
    {
        int holder = -1;
        for (int i = 0; i < Sides.Length; i++)
        {
            if (!reachable[i])
            {
                throw new StorageException(
                    StorageErrorCode.IoError,
                    $"Side {i}, {Sides[i].Provider.Location}, cannot be reached: {Sides[i].LastError} A new mirror needs all its sides.") { File = _recordName };
            }

            if (!hasFiles[i])
                continue;
            if (holder >= 0)
            {
                throw new StorageException(
                    StorageErrorCode.NotADatabase,
                    $"{Sides[holder].Provider.Location} and {Sides[i].Provider.Location} both have files, but have not been a mirror. " +
                    "Empty all but the one that is to count.") { File = _recordName };
            }

            holder = i;
        }

        for (int i = 0; i < Sides.Length; i++)
            Sides[i].State = holder < 0 || holder == i ? MirrorSideState.Active : MirrorSideState.Out;
        Span<byte> id = stackalloc byte[16];
        _options.Random(id);
        _record = new MirrorRecord { Id = new Guid(id), Generation = 0, InUse = false, States = States() };
        _inDoubt = false;
    }

    /// <summary>Before the first change: from now on a crash may leave the sides different. Under the directory lock.</summary>
    private void RecordUse()
    {
        if (_recordsUse || _shared)
            return;
        lock (_states)
        {
            Record(_record! with { Generation = _record.Generation + 1, InUse = true, States = States() });
            if (_record.Generation == FirstGeneration)
                Record(_record with { Generation = FirstGeneration + 1 });
        }

        _recordsUse = true;
    }

    /// <summary>When the owner lets go: everything that was written is on all active sides.</summary>
    private void EndUse()
    {
        lock (_directory)
        {
            _lockName = null;
            _rebuildCancellation?.Cancel();
        }

        _rebuildEnded.Wait(); // it holds files open, and writes to them
        lock (_directory)
        {
            _shared = false;
            if (_nodes.Count > 0 || _record is null || !_recordsUse)
                return;
            lock (_states)
            {
                if (!_inDoubt)
                    Record(_record with { Generation = _record.Generation + 1, InUse = false, States = States() });
            }

            _recordsUse = false;
        }
    }

    /// <summary>Writes a record to the sides that it calls active; those that can't take it are no longer active. Under the state lock.</summary>
    /// <exception cref="StorageException">No side could take it; nothing has changed.</exception>
    private void Record(MirrorRecord record)
    {
        while (true)
        {
            StorageException? error = null;
            bool anyActive = false;
            MirrorSideState[] states = (MirrorSideState[])record.States.Clone();
            for (int i = 0; i < Sides.Length; i++)
            {
                if (states[i] != MirrorSideState.Active)
                    continue;
                if (_shared)
                {
                    anyActive = true; // known to this reader alone
                    continue;
                }

                try
                {
                    record.Write(Sides[i].Provider, i, _recordName);
                    anyActive = true;
                }
                catch (StorageException e)
                {
                    error = e;
                    Sides[i].LastError = e.Message;
                    states[i] = MirrorSideState.Out;
                }
            }

            if (!anyActive)
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error!);
            if (error is null)
            {
                _record = record;
                for (int i = 0; i < Sides.Length; i++)
                {
                    if (Sides[i].State != MirrorSideState.Rebuilding || record.States[i] == MirrorSideState.Active)
                        Sides[i].State = record.States[i];
                }

                return;
            }

            record = record with { Generation = record.Generation + 1, States = states };
        }
    }
}
