using System.Collections.Immutable;
using BareMetal.Data.Simulation.Scripts;
using BareMetal.Data.Storage;
using BareMetal.Data.Storage.Trees;

namespace BareMetal.Data.Simulation.Storage;

/// <summary>The comparison with the model.</summary>
internal sealed partial class StorageWorkload
{
    /// <summary>Compares the newest visible state.</summary>
    private void CompareNewest(string when)
    {
        _world.Scheduler.RunUntilIdle();
        Compare(_engine!, _history[_visible], when);
    }

    /// <summary>Compares all that a database holds with a state, and looks at every page.</summary>
    private void Compare(StorageEngine engine, StorageState state, string when)
    {
        foreach (IntegrityProblem problem in IntegrityChecker.Check(engine.Store))
            throw new ScriptFailureException($"{when}: {problem}");
        using (StorageTransaction transaction = engine.Begin(TransactionIsolation.Snapshot, readOnly: true))
            CompareTrees(transaction, state, when);
        foreach ((ulong counter, ulong used) in state.Counters)
        {
            ulong next = engine.PeekSequence(counter);
            if (next < used)
                throw new ScriptFailureException($"{when}: counter {counter} would give {next} again, {used} had been given out");
        }
    }

    private void CompareTrees(StorageTransaction transaction, StorageState state, string when)
    {
        foreach (ulong id in _everCreated)
        {
            bool exists = transaction.Engine.Store.TryFindTree(new TreeId(id), transaction.SnapshotLsn, out _);
            if (exists != state.Trees.ContainsKey(id))
                throw new ScriptFailureException($"{when}: tree {id} is {(exists ? "there" : "missing")}");
        }

        foreach (TreeState tree in state.Trees.Values)
            CompareTree(transaction, tree, when);
    }

    private static void CompareTree(StorageTransaction transaction, TreeState tree, string when)
    {
        using TreeCursor cursor = transaction.OpenCursor(new TreeId(tree.Id));
        bool found = cursor.SeekFirst();
        foreach ((byte[] key, byte[] value) in tree.Entries)
        {
            if (!found || !cursor.Key.SequenceEqual(key))
                throw new ScriptFailureException($"{when}: tree {tree.Id} has {(found ? Hex(cursor.Key) : "nothing")} where {Hex(key)} belongs");
            if (!cursor.Value.SequenceEqual(value))
                throw new ScriptFailureException($"{when}: tree {tree.Id} has another value of {Hex(key)}: {cursor.ValueLength} bytes {Hex(cursor.Value)} instead of {value.Length} bytes {Hex(value)}");
            found = cursor.MoveNext();
        }

        if (found)
            throw new ScriptFailureException($"{when}: tree {tree.Id} has {Hex(cursor.Key)} too much");
    }

    /// <summary>Compares what a transaction sees of a tree, forwards, backwards or by seeks.</summary>
    private static void CompareView(StorageActor actor, TreeState tree, SplitMix random)
    {
        string when = $"{actor.Name} at {actor.Transaction!.SnapshotLsn}";
        int way = random.Next(3);
        if (way == 0)
        {
            CompareTree(actor.Transaction, tree, when);
            return;
        }

        using TreeCursor cursor = actor.Transaction.OpenCursor(new TreeId(tree.Id));
        if (way == 1)
        {
            bool found = cursor.SeekLast();
            foreach ((byte[] key, byte[] value) in tree.Entries.Reverse())
            {
                if (!found || !cursor.Key.SequenceEqual(key) || !cursor.Value.SequenceEqual(value))
                    throw new ScriptFailureException($"{when}: backwards in tree {tree.Id} comes {(found ? Hex(cursor.Key) : "nothing")} where {Hex(key)} belongs");
                found = cursor.MovePrevious();
            }

            if (found)
                throw new ScriptFailureException($"{when}: backwards in tree {tree.Id} comes {Hex(cursor.Key)} too much");
            return;
        }

        for (int i = 0; i < 5; i++)
        {
            byte[] key = StorageKeys.Key(tree.Shape, random.Next());
            bool expected = tree.Entries.TryGetValue(key, out byte[]? value);
            bool found = cursor.Seek(key, SeekMode.Equal);
            if (found != expected || (found && !cursor.Value.SequenceEqual(value)))
                throw new ScriptFailureException($"{when}: tree {tree.Id} says of {Hex(key)} {(found ? "another value" : "nothing")}, {(expected ? "it is there" : "it is not there")}");
        }
    }

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexString(bytes[..Math.Min(bytes.Length, 16)]) + (bytes.Length > 16 ? "…" : string.Empty);
}
