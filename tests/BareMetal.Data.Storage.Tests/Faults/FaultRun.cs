using BareMetal.Data.Simulation;
using BareMetal.Data.Storage.Log;
using BareMetal.Data.Storage.Recovery;
using BareMetal.Data.Storage.Trees;
using Xunit.Sdk;

namespace BareMetal.Data.Storage.Tests.Faults;

/// <summary>
/// A fixed workload that uses every kind of file: creation, small, large and chunked commits, large values, spilling, a long snapshot, dropped trees, counters,
/// checkpoints, a power loss and recovery, a crash in the middle of a checkpoint and its completion, a clean close and a clean open.
/// A fault may meet any of its operations. Whatever happens, every error is the engine's own and names a place, every answer is the model's,
/// the step after a passing fault succeeds, and what was acknowledged is there after reopening.
/// </summary>
internal sealed class FaultRun
{
    public const string Name = "w.bmdb";
    private const long OperationLimit = 100_000;

    public static readonly DatabaseSettings Settings = new()
    {
        UndoInterval = 8,
        PageSize = 4096,
        CacheBytes = 40 * 4096,
        FrameTimeout = TimeSpan.FromMilliseconds(200),
        CheckpointLogBytes = 48 << 10,
        CheckpointDirtyBytes = 4 << 20,
        CheckpointPaceBytes = 48 << 10,
        KeptCheckpointBytes = 64 << 10,
        Log = new LogSettings { FirstExtentBytes = 32 << 10, LargestExtentBytes = 32 << 10, GroupBytes = 16 << 10, KeptBytes = 64 << 10 },
    };

    private readonly SimulatedDisk _disk = new();
    private readonly EngineFaults _faults;
    private readonly ulong _seed;
    private readonly List<FaultModel> _candidates = [FaultModel.Empty];
    private readonly List<string> _errors = [];
    private StorageEngine? _engine;
    private SimulatedWorld _world;
    private TreeId _tree;
    private bool _treeKnown;
    private FaultModel? _snapshotModel;
    private StorageTransaction? _snapshot;
    private ulong _nextNumber;
    private ulong _durableNumber;
    private string _step = "creating";
    private bool _crashInApply;
    private bool _sawSpill;
    private Lsn? _committing;
    private XunitException? _found;

    /// <summary>Prepares a run.</summary>
    /// <param name="seed">Decides random bytes, the order of background work and what a power loss keeps.</param>
    /// <param name="configure">Sets deliberate faults of the engine.</param>
    public FaultRun(ulong seed, Action<EngineFaults>? configure = null)
    {
        _seed = seed;
        _faults = new EngineFaults();
        configure?.Invoke(_faults);
        _world = NextWorld(0);
        _disk.AfterOperation = AfterOperation;
    }

    /// <summary>The disk: faults are set here.</summary>
    public SimulatedDisk Disk => _disk;

    /// <summary>Errors that steps met, in words.</summary>
    public IReadOnlyList<string> Errors => _errors;

    /// <summary>Whether a failure stopped the database for writing.</summary>
    public bool Stopped { get; private set; }

    /// <summary>Comparisons of all rows with the model.</summary>
    public int Comparisons { get; private set; }

    /// <summary>Whether page images went to the spill file.</summary>
    public bool Spilled => _sawSpill;

    private FaultModel Current => _candidates[^1];

    /// <summary>Runs the workload to its end.</summary>
    public void Run()
    {
        try
        {
            RunSessions();
        }
        catch (Exception e) when (_found is not null)
        {
            throw _found ?? e; // the pipeline took what the hook threw for a failure of the disk
        }
        catch (Exception e) when (e is not XunitException)
        {
            throw Fail(e.ToString());
        }

        if (_found is not null)
            throw _found;
    }

    private void RunSessions()
    {
        Open();
        FirstSession();
        LosePower();

        Open();
        SecondSession();
        LosePower();

        Open();
        Verify("after the checkpoint was finished");
        Step("commit", () => Commit(m => Change(m, 300, 12, 180)));
        Background();
        Step("closing", Close);
        if (_engine is not null)
            LosePower(); // closing failed

        _disk.ClearFaults();
        Open();
        Verify("at the end");
        foreach (IntegrityProblem problem in IntegrityChecker.Check(_engine!.Store))
            throw Fail($"{problem}");
        _engine.Dispose();
        if (_disk.Operations > OperationLimit)
            throw Fail($"{_disk.Operations} operations of the disk");
    }

    private void FirstSession()
    {
        for (int i = 0; i < 6; i++)
        {
            Step("small commit", () => Commit(m => Change(m, 10 * i, 7, 90)));
            if (i % 2 == 0)
                Background();
        }

        Step("snapshot", BeginSnapshot);
        Step("large commit", () => Commit(m => Change(m, 0, 90, 1300)));
        Step("reading the snapshot", ReadSnapshot);
        Step("large values", () => Commit(m => Change(m, 100, 2, 20_000)));
        Verify("with large values");
        Step("checkpoint", () => _engine!.Checkpoint());
        Step("overwriting", () => Commit(m => Change(m, 20, 60, 700)));
        Step("reading the snapshot", ReadSnapshot);
        Step("numbers", TakeNumbers);
        Step("rolled back", RollBack);
        Step("checkpoint", () => _engine!.Checkpoint());
        Step("reading the snapshot", ReadSnapshot);
        EndSnapshot();
        Step("another tree", MakeAndDropTree);
        Background();
        Step("deleting", () => Commit(m => Remove(m, 0, 50)));
        Verify("after deletes");
        Background();
        for (int i = 0; i < 4; i++)
            Step("more commits", () => Commit(m => Change(m, 200 + (10 * i), 10, 400)));
        Verify("at the end of the first session");
    }

    private void SecondSession()
    {
        Verify("after recovery");
        Step("numbers", TakeNumbers);
        for (int i = 0; i < 3; i++)
            Step("commit after recovery", () => Commit(m => Change(m, 60 + (10 * i), 10, 350)));
        Background();
        Step("large values after recovery", () => Commit(m => Change(m, 101, 2, 9_000)));
        _crashInApply = true;
        try
        {
            Step("checkpoint that a crash interrupts", () => _engine!.Checkpoint());
        }
        catch (SimulatedCrashException)
        {
            // As planned.
        }

        _crashInApply = false;
    }

    // ---- Steps

    /// <summary>Runs a step. A typed error is an answer, and then the next attempt must succeed unless the database is stopped.</summary>
    private void Step(string name, Action action)
    {
        if (_engine is null || !_treeKnown)
            return;
        _step = name;
        bool wasStopped = _engine.Database.Pipeline.Failure is not null;
        try
        {
            action();
        }
        catch (StorageException e)
        {
            Judge(e);
            if (_engine?.Database.Pipeline.Failure is not null)
            {
                AfterStop(wasStopped);
                return;
            }

            if (_engine is null)
                return;

            // The fault has passed: the database is usable, deletes and checkpoints included.
            Commit(m => Remove(m, 3, 1));
            _engine.Checkpoint();
            Commit(m => Change(m, 3, 1, 50));
            Verify("after an error");
        }
    }

    private void Judge(StorageException e)
    {
        bool isMemory = e.Code == StorageErrorCode.OutOfMemory && _faults.FailAllocation is not null;
        if (!isMemory && e.Code is not (StorageErrorCode.IoError or StorageErrorCode.DiskFull or StorageErrorCode.Stopped or StorageErrorCode.CommitOutcomeUnknown))
            throw Fail($"an error of the wrong kind: {e}");
        if (!isMemory && !e.Message.Contains(Name, StringComparison.Ordinal) && !e.Message.Contains("simulated disk", StringComparison.Ordinal))
            throw Fail($"an error that names no place: {e.Message}");
        _errors.Add($"{_step}: {e.Code}: {e.Message}");
    }

    /// <summary>A stopped database acknowledges nothing and answers everything.</summary>
    private void AfterStop(bool wasStopped)
    {
        Stopped = true;
        if (wasStopped)
            return;
        try
        {
            using StorageTransaction transaction = _engine!.Begin();
            transaction.BeginStatement();
            transaction.Put(_tree, FaultModel.Key(9999), [1]);
            transaction.Commit();
        }
        catch (StorageException e)
        {
            if (e.Code != StorageErrorCode.Stopped)
                throw Fail($"a commit on a stopped database failed otherwise: {e}");
            Verify("on a stopped database");
            if (_snapshot is not null)
                ReadSnapshot();
            return;
        }

        throw Fail("a commit was acknowledged after the database had stopped");
    }

    private void MakeTree()
    {
        using StorageTransaction transaction = _engine!.Begin();
        transaction.BeginStatement();
        TreeId tree = transaction.CreateTree();
        transaction.Commit();
        _tree = tree;
        _treeKnown = true;
    }

    private void Commit(Func<FaultModel, (FaultModel Model, Action<StorageTransaction> Writes)> change)
    {
        (FaultModel next, Action<StorageTransaction> writes) = change(Current);
        using StorageTransaction transaction = _engine!.Begin();
        transaction.BeginStatement();
        writes(transaction);
        if (next.Difference(transaction, _tree) is { } own)
            throw Fail($"own changes: {own}");
        try
        {
            _committing = _engine.Database.Pipeline.LastLogged;
            transaction.Commit();
        }
        catch (StorageException e) when (e.Code == StorageErrorCode.CommitOutcomeUnknown)
        {
            if (_engine.Database.Pipeline.Failure is null)
                throw Fail("an unknown outcome, but the database goes on");
            _candidates.Insert(0, next); // perhaps; what is seen now is without it
            throw;
        }
        finally
        {
            _committing = null;
        }

        _durableNumber = _nextNumber;
        _candidates.Clear();
        _candidates.Add(next);
    }

    private (FaultModel Model, Action<StorageTransaction> Writes) Change(FaultModel model, int from, int count, int length)
    {
        FaultModel next = model;
        List<(int, int, int)> writes = [];
        for (int i = 0; i < count; i++)
        {
            int key = from + i;
            int version = model.Rows.TryGetValue(key, out (int Version, int) old) ? old.Version + 1 : key;
            int bytes = length + (key * 13 % (length / 2));
            next = next.Put(key, version, bytes);
            writes.Add((key, version, bytes));
        }

        return (next, transaction =>
        {
            foreach ((int key, int version, int bytes) in writes)
                transaction.Put(_tree, FaultModel.Key(key), FaultModel.Value(version, bytes));
        });
    }

    private (FaultModel Model, Action<StorageTransaction> Writes) Remove(FaultModel model, int from, int count)
    {
        FaultModel next = model;
        for (int i = 0; i < count; i++)
            next = next.Delete(from + i);
        return (next, transaction =>
        {
            for (int i = 0; i < count; i++)
                transaction.Delete(_tree, FaultModel.Key(from + i));
        });
    }

    private void RollBack()
    {
        using (StorageTransaction transaction = _engine!.Begin())
        {
            transaction.BeginStatement();
            for (int i = 0; i < 80; i++)
                transaction.Put(_tree, FaultModel.Key(i), FaultModel.Value(1, 1500));
            transaction.Rollback();
        }

        Verify("after a rollback");
    }

    private void MakeAndDropTree()
    {
        TreeId other;
        using (StorageTransaction transaction = _engine!.Begin())
        {
            transaction.BeginStatement();
            other = transaction.CreateTree();
            for (int i = 0; i < 20; i++)
                transaction.Put(other, FaultModel.Key(i), FaultModel.Value(i, 900));
            transaction.Commit();
        }

        using StorageTransaction drop = _engine.Begin();
        drop.BeginStatement();
        drop.DropTree(other);
        drop.Commit();
    }

    private void TakeNumbers()
    {
        for (int i = 0; i < 40; i++)
        {
            ulong number = _engine!.ReserveSequence(7, 1);
            if (number < _nextNumber)
                throw Fail($"number {number} was given out before");
            _nextNumber = number + 1; // for ever once a commit has followed that is durable
        }
    }

    private void BeginSnapshot()
    {
        _snapshot = _engine!.Begin(TransactionIsolation.Snapshot, readOnly: true);
        _snapshotModel = Current;
    }

    private void ReadSnapshot()
    {
        if (_snapshot is not null && _snapshotModel!.Difference(_snapshot, _tree) is { } difference)
            throw Fail($"the long snapshot: {difference}");
        Comparisons++;
    }

    private void EndSnapshot()
    {
        _snapshot?.Dispose();
        _snapshot = null;
    }

    private void Verify(string when)
    {
        if (_engine is null || !_treeKnown)
            return;
        _sawSpill |= _engine.Store.Pool.SpillWrites > 0;
        _step = when;
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                using StorageTransaction transaction = _engine.Begin(readOnly: true);
                if (Current.Difference(transaction, _tree) is not { } difference)
                {
                    Comparisons++;
                    return;
                }

                throw Fail($"{when}: {difference}");
            }
            catch (StorageException e) when (attempt == 0)
            {
                Judge(e); // the fault met the reading: the next attempt succeeds
            }
        }
    }

    private void Background()
    {
        _step = "background work";
        _world.Scheduler.RunUntilIdle();
        if (_engine?.Database.CheckpointFailure is StorageException e)
            Judge(e);
        Stopped |= _engine?.Database.Pipeline.Failure is not null;
    }

    // ---- Opening and crashing

    private void Open()
    {
        _step = "opening";
        for (int attempt = 0; ; attempt++)
        {
            StorageEngine engine;
            try
            {
                engine = StorageEngine.Open(new StorageOptions
                {
                    Provider = _disk.Provider,
                    Name = Name,
                    Mode = StorageFileMode.OpenOrCreate,
                    Environment = _world.Environment,
                    Settings = Settings,
                });
            }
            catch (StorageException e) when (attempt == 0)
            {
                Judge(e);
                if (_seed % 2 == 0)
                    _disk.LosePower(_seed);
                _world = NextWorld(100);
                continue;
            }

            _engine = engine;
            Settle();
            return;
        }
    }

    /// <summary>After reopening one of the states that may have survived is there, whole.</summary>
    private void Settle()
    {
        if (!_treeKnown)
        {
            // The commit that made the tree may have been of unknown outcome: look under its number.
            _candidates.Clear();
            _candidates.Add(FaultModel.Empty);
            MakeTreeAgain();
            return;
        }

        List<string> differences = [];
        foreach (FaultModel candidate in _candidates)
        {
            string? difference;
            try
            {
                using StorageTransaction transaction = _engine!.Begin(readOnly: true);
                difference = candidate.Difference(transaction, _tree);
            }
            catch (StorageException e)
            {
                Judge(e);
                using StorageTransaction transaction = _engine!.Begin(readOnly: true);
                difference = candidate.Difference(transaction, _tree);
            }

            if (difference is null)
            {
                Comparisons++;
                _candidates.RemoveAll(c => c != candidate);
                return;
            }

            differences.Add(difference);
        }

        throw Fail($"after reopening ({_engine!.OpenReport}) none of {_candidates.Count} states: {string.Join("; ", differences)}");
    }

    private void MakeTreeAgain()
    {
        try
        {
            MakeTree();
        }
        catch (StorageException e)
        {
            Judge(e);
            if (_engine!.Database.Pipeline.Failure is null)
                MakeTree();
        }
    }

    private void Close()
    {
        StorageEngine engine = _engine!;
        engine.Dispose();
        _engine = null;
        _world = NextWorld(7);
        _disk.KillProcess();
    }

    private void LosePower()
    {
        _snapshot = null;
        _crashInApply = false;
        _nextNumber = _durableNumber;
        _disk.LosePower(_seed * 31);
        try
        {
            _engine?.Database.Dispose();
        }
        catch (SimulatedCrashException)
        {
            // Its machine is gone.
        }

        _engine = null;
        _world = NextWorld(13);
    }

    private SimulatedWorld NextWorld(ulong salt) => new((_seed * 17) + salt, _disk, _faults);

    private void AfterOperation(SimulatedDisk disk, DiskOperation operation)
    {
        if (disk.Operations > OperationLimit)
            throw _found ??= Fail("the run does not end");
        if (_committing is { } before && operation == DiskOperation.Flush && _engine!.Database.Pipeline is { } pipeline &&
            pipeline.LastLogged > before && pipeline.Log.DurableLsn < pipeline.LastLogged && _engine.VisibleLsn >= pipeline.LastLogged)
        {
            throw _found ??= Fail($"{pipeline.LastLogged} is visible before its log is flushed");
        }

        // The pages of a checkpoint have been begun to be written in place: there the machine crashes.
        if (_crashInApply && operation == DiskOperation.Write && disk.LastName == Name)
        {
            _crashInApply = false;
            disk.CrashAt = disk.Operations;
        }
    }

    private XunitException Fail(string what) =>
        new($"Seed {_seed}, fault {_disk.LastFault ?? "none"}, step \"{_step}\": {what}\nErrors so far:\n{string.Join('\n', _errors)}");
}
