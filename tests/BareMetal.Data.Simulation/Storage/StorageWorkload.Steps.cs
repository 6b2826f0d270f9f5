using System.Buffers.Binary;
using BareMetal.Data.Simulation.Scripts;
using BareMetal.Data.Storage;
using BareMetal.Data.Storage.Recovery;

namespace BareMetal.Data.Simulation.Storage;

/// <summary>The steps.</summary>
internal sealed partial class StorageWorkload
{
    private const int MostTables = 5;
    private static readonly TimeSpan FlushDelay = TimeSpan.FromMilliseconds(20);

    private StorageEngine Engine => _engine!;

    /// <inheritdoc/>
    public override void Execute(ScriptStep step)
    {
        if (step.Actor == ScriptStep.Machine)
        {
            ExecuteMachine(step);
            Settle();
            return;
        }

        if (!_actors.TryGetValue(step.Actor, out StorageActor? actor))
            _actors.Add(step.Actor, actor = new StorageActor(step.Actor));
        if (actor.Commit is not null)
            Finish(actor);
        try
        {
            ExecuteActor(actor, step, new SplitMix(step[0]));
        }
        catch (StorageException e) when (e.Code == StorageErrorCode.SerializationFailure)
        {
            Counts.Add("serialization failures");
            actor.Transaction?.Rollback();
            actor.End();
        }

        Settle();
    }

    private void ExecuteMachine(ScriptStep step)
    {
        switch (step.Verb)
        {
            case "idle":
                _world.Scheduler.RunUntilIdle();
                break;
            case "step":
                for (int i = step.Int(0); i > 0 && _world.Scheduler.Step(); i--)
                {
                }

                break;
            case "clock":
                // What is committed with a bounded delay is durable when the delay has passed and the flusher has run.
                int promised = _durabilities.FindLastIndex(d => d != Durability.Off);
                TimeSpan passed = TimeSpan.FromMilliseconds(step.Int(0));
                _world.Clock.Advance(passed);
                _world.Scheduler.RunUntilIdle();
                if (passed >= FlushDelay && !_world.Disk.IsCrashed)
                    Must = Math.Max(Must, promised);
                break;
            case "checkpoint":
                int newest = Newest;
                Engine.Checkpoint();
                Must = newest;
                break;
            case "reclaim":
                if (Engine.Store.HasGarbage)
                    Engine.Database.Pipeline.RunExclusive(() => Engine.Database.Pipeline.ApplyUnlogged(lsn => Engine.Database.Target.Batch.ReclaimDropped(lsn, 1 + step.Int(0))));
                break;
            case "group":
                CommitGroup((Durability)(step[0] % 3));
                break;
            case "snapshot":
                if (_snapshots.Count < 3)
                    _snapshots.Add((Engine.Begin(TransactionIsolation.Snapshot, readOnly: true), _history[_visible], _visible));
                break;
            case "look":
                if (_snapshots.Count > 0)
                    CompareSnapshot(step.Int(0) % _snapshots.Count);
                break;
            case "forget":
                if (_snapshots.Count > 0)
                    EndSnapshot(step.Int(0) % _snapshots.Count);
                break;
            case "backup":
                BeginBackup(step[0] % 2 != 0);
                break;
            case "copy":
                StepBackup(1 + step.Int(0));
                break;
            case "restore":
                IReadOnlyList<BackupInfo> backups = StorageBackup.List(_world.Disk.Provider, Set);
                if (backups.Count > 0)
                    CheckBackup(_world.Disk.Provider, backups[step.Int(0) % backups.Count]);
                break;
            case "vacuum":
                Engine.Database.RunVacuum(new VacuumSettings { Fill = step[0] % 2 != 0, MaxPages = step.Int(1) }, null, CancellationToken.None);
                Counts.Add("vacuums");
                break;
            case "compare":
                CompareNewest("in between");
                break;
            case "reopen":
                Close();
                _actors.Clear();
                Open(_world);
                if (!Engine.Database.Report.WasClean)
                    throw new ScriptFailureException("a clean close was not found clean");
                break;
            default:
                throw new FormatException($"There is no step \"{step.Verb}\" of the machine.");
        }
    }

    private void ExecuteActor(StorageActor actor, ScriptStep step, SplitMix random)
    {
        switch (step.Verb)
        {
            case "begin":
                if (actor.Transaction is null)
                    Begin(actor, (TransactionIsolation)(step[0] % 3));
                return;
            case "rollback":
                actor.Transaction?.Rollback();
                actor.End();
                return;
            case "commit":
                if (actor.Transaction is not null)
                    Commit(actor, (Durability)(step[0] % 3), step[1] != 0);
                return;
            case "save":
                if (actor.Transaction is not null && actor.Savepoints < 5)
                    actor.Save();
                return;
            case "back":
                if (actor.Savepoints > 0)
                    actor.BackTo(step.Int(0) % actor.Savepoints);
                return;
            case "release":
                if (actor.Savepoints > 0)
                    actor.Release(step.Int(0) % actor.Savepoints);
                return;
            case "take":
                Take(1 + (step[0] % 3), 1 + (step[1] % 100));
                return;
        }

        if (actor.Transaction is null)
            Begin(actor, TransactionIsolation.ReadCommitted);
        int before = actor.Changes.Count;
        actor.BeginStatement(_history[_visible]);
        bool done = step.Verb switch
        {
            "write" => Write(actor, random, 1 + step.Int(1), step.Int(2), exclusive: false),
            "bulk" => Write(actor, random, 1 + step.Int(1), step.Int(2), exclusive: true),
            "add" => Add(actor, random),
            "create" => Create(actor, random),
            "index" => BuildIndex(actor, random),
            "drop" => Drop(actor, random),
            "scan" => Scan(actor, random),
            _ => throw new FormatException($"There is no step \"{step.Verb}\"."),
        };
        if (!done)
        {
            // A lock was not to be had: the statement is undone, the transaction goes on.
            Counts.Add("statements undone");
            actor.Transaction!.RollbackStatement();
            actor.Truncate(before);
        }
    }

    private void Begin(StorageActor actor, TransactionIsolation isolation) =>
        actor.Begin(Engine.Begin(isolation), _history[_visible]);

    private void Take(ulong counter, ulong count)
    {
        ulong first = Engine.ReserveSequence(counter, count);
        StorageState newest = _history[^1];
        ulong used = newest.Counters.GetValueOrDefault(counter);
        if (first < used)
            throw new ScriptFailureException($"counter {counter} gave {first} again, {used} had been given out");

        // Whatever is committed from now on may refer to the numbers; earlier commits may come back without them.
        _counters[counter] = first + count;
    }

    private bool Write(StorageActor actor, SplitMix random, int count, int size, bool exclusive)
    {
        if (PickTable(actor, random) is not { } tree)
            return Create(actor, random);
        StorageTransaction transaction = actor.Transaction!;
        if (exclusive && !transaction.LockTree(new TreeId(tree.Id), LockMode.Exclusive, TimeSpan.Zero))
            return false;
        ulong start = random.Next();
        for (int i = 0; i < count; i++)
        {
            byte[] key = StorageKeys.Key(tree.Shape, exclusive ? start + (ulong)i : random.Next());
            if (!LockRow(actor, tree.Id, key))
                return false;
            bool delete = !exclusive && random.Chance(30);
            int length = size == 0 ? 0 : random.Chance(50) ? random.Next(size + 1) : random.Next(Math.Min(size, 60) + 1);
            PutRow(actor, tree.Id, key, delete ? null : StorageKeys.Value(random, length));
        }

        return true;
    }

    /// <summary>A number in an entry is read and made one larger: what gets lost between two transactions shows.</summary>
    private bool Add(StorageActor actor, SplitMix random)
    {
        if (PickTable(actor, random) is not { } tree)
            return Create(actor, random);
        byte[] key = [0xFE, 0xFE, (byte)random.Next(3)];
        if (!LockRow(actor, tree.Id, key))
            return false;
        ulong value = 0;
        using (TreeCursor cursor = actor.Transaction!.OpenCursor(new TreeId(tree.Id)))
        {
            if (cursor.Seek(key, SeekMode.Equal))
                value = BinaryPrimitives.ReadUInt64BigEndian(cursor.Value);
        }

        ulong expected = actor.View.Trees[tree.Id].Entries.TryGetValue(key, out byte[]? known) ? BinaryPrimitives.ReadUInt64BigEndian(known) : 0;
        if (value != expected)
            throw new ScriptFailureException($"{actor.Name} reads {value} in tree {tree.Id}, {expected} was written");
        byte[] next = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(next, value + 1);
        PutRow(actor, tree.Id, key, next);
        return true;
    }

    private bool Create(StorageActor actor, SplitMix random)
    {
        if (actor.View.Tables.Count() >= MostTables)
            return true;
        ulong table = CreateTree(actor, random.Next(StorageKeys.Shapes), isIndex: false);
        if (random.Chance(40))
        {
            ulong index = CreateTree(actor, 0, isIndex: true);
            actor.Add(new StorageChange(StorageChangeKind.Link, table, [], BitConverter.GetBytes(index)));
        }

        return true;
    }

    private ulong CreateTree(StorageActor actor, int shape, bool isIndex)
    {
        TreeId tree = actor.Transaction!.CreateTree();
        if (!_everCreated.Add(tree.Value) && _history[^1].Trees.ContainsKey(tree.Value))
            throw new ScriptFailureException($"the number {tree} was given to a second tree");
        actor.Add(new StorageChange(StorageChangeKind.Create, tree.Value, [], [(byte)shape, isIndex ? (byte)1 : (byte)0]));
        return tree.Value;
    }

    /// <summary>Makes an index over what a tree holds.</summary>
    private bool BuildIndex(StorageActor actor, SplitMix random)
    {
        if (PickTable(actor, random) is not { Index: 0 } tree)
            return true;
        StorageTransaction transaction = actor.Transaction!;
        if (!transaction.LockTree(new TreeId(tree.Id), LockMode.Exclusive, TimeSpan.Zero))
            return false;
        Counts.Add("indexes built");
        ulong index = CreateTree(actor, 0, isIndex: true);
        actor.Add(new StorageChange(StorageChangeKind.Link, tree.Id, [], BitConverter.GetBytes(index)));
        List<(byte[] Key, byte[] Value)> rows = [];
        using (TreeCursor cursor = transaction.OpenCursor(new TreeId(tree.Id)))
        {
            for (bool more = cursor.SeekFirst(); more; more = cursor.MoveNext())
                rows.Add((cursor.Key.ToArray(), cursor.Value.ToArray()));
        }

        foreach ((byte[] key, byte[] value) in rows)
            Put(actor, index, StorageKeys.IndexKey(key, value), [(byte)value.Length]);
        return true;
    }

    private bool Drop(StorageActor actor, SplitMix random)
    {
        if (PickTable(actor, random) is not { } tree)
            return true;
        if (!actor.Transaction!.LockTree(new TreeId(tree.Id), LockMode.Exclusive, TimeSpan.Zero))
            return false;
        Counts.Add("trees dropped");
        actor.Transaction.DropTree(new TreeId(tree.Id));
        actor.Add(new StorageChange(StorageChangeKind.Drop, tree.Id, [], []));
        if (tree.Index != 0)
        {
            actor.Transaction.DropTree(new TreeId(tree.Index));
            actor.Add(new StorageChange(StorageChangeKind.Drop, tree.Index, [], []));
        }

        return true;
    }

    private static bool Scan(StorageActor actor, SplitMix random)
    {
        StorageState view = actor.View;
        CompareView(actor, view.Trees.ElementAt(random.Next(view.Trees.Count)).Value, random);
        return true;
    }

    /// <summary>A table that the transaction sees and that is still the same for others: what is about to go, or has got an index meanwhile, is left alone.</summary>
    private TreeState? PickTable(StorageActor actor, SplitMix random)
    {
        List<TreeState> tables = [.. actor.View.Tables];
        if (tables.Count == 0)
            return null;
        TreeState tree = tables[random.Next(tables.Count)];
        if (!actor.Base.Trees.ContainsKey(tree.Id))
            return tree; // its own
        return _history[^1].Trees.TryGetValue(tree.Id, out TreeState? now) && now.Index == actor.Base.Trees[tree.Id].Index ? tree : null;
    }

    private bool LockRow(StorageActor actor, ulong tree, byte[] key)
    {
        // Newer than the statement's snapshot: the snapshot was taken when the statement began and nothing is published meanwhile.
        LockOutcome outcome = actor.Transaction!.LockKey(new TreeId(tree), key, LockMode.Exclusive, TimeSpan.Zero);
        if (outcome == LockOutcome.GrantedNewer)
            throw new ScriptFailureException($"{actor.Name} got a row newer than the snapshot that its statement just took");
        return outcome == LockOutcome.Granted;
    }

    /// <summary>Puts or deletes a row, in its index too.</summary>
    private static void PutRow(StorageActor actor, ulong table, byte[] key, byte[]? value)
    {
        TreeState tree = actor.View.Trees[table];
        bool existed = tree.Entries.TryGetValue(key, out byte[]? old);
        if (tree.Index != 0)
        {
            if (existed)
                Delete(actor, tree.Index, StorageKeys.IndexKey(key, old!));
            if (value is not null)
                Put(actor, tree.Index, StorageKeys.IndexKey(key, value), [(byte)value.Length]);
        }

        if (value is not null)
            Put(actor, table, key, value);
        else
            Delete(actor, table, key);
    }

    private static void Put(StorageActor actor, ulong tree, byte[] key, byte[] value)
    {
        actor.Transaction!.Put(new TreeId(tree), key, value);
        actor.Add(new StorageChange(StorageChangeKind.Put, tree, key, value));
    }

    private static void Delete(StorageActor actor, ulong tree, byte[] key)
    {
        actor.Transaction!.Delete(new TreeId(tree), key);
        actor.Add(new StorageChange(StorageChangeKind.Delete, tree, key, []));
    }
}
