using System.Text;
using Xunit;

namespace BareMetal.Data.Storage.Tests.Transactions;

public class TransactionTests : IDisposable
{
    private readonly StorageEngine _engine;
    private readonly TreeId _tree;

    public TransactionTests()
        : this(Simulation.TestSubstrates.Default)
    {
    }

    protected TransactionTests(Simulation.TestSubstrate substrate)
    {
        _engine = StorageEngine.Open(new StorageOptions { Provider = Simulation.TestSubstrates.Make(substrate), Name = "t.bmdb", CacheBytes = 4 << 20 });
        using StorageTransaction t = _engine.Begin();
        t.BeginStatement();
        _tree = t.CreateTree();
        t.Commit();
    }

    [Fact]
    public void A_statement_does_not_see_its_own_changes_and_the_next_one_does()
    {
        using StorageTransaction t = Begin();
        Put(t, "a", "1");
        Assert.Null(Get(t, "a"));
        Assert.Equal("1", Get(t, "a", CursorSource.Newest));
        t.BeginStatement();
        Assert.Equal("1", Get(t, "a"));
        Put(t, "a", "2");
        Assert.Equal("1", Get(t, "a"));
        Assert.Equal("2", Get(t, "a", CursorSource.Newest));
        t.Delete(_tree, "a"u8);
        Assert.Equal("1", Get(t, "a"));
        Assert.Null(Get(t, "a", CursorSource.Newest));
    }

    [Fact]
    public void Existence_is_that_of_the_newest_state_and_not_of_the_snapshot()
    {
        byte[] longKey = [.. Enumerable.Repeat((byte)'k', 1000)];
        Commit(t =>
        {
            Put(t, "gone", "1");
            t.Put(_tree, longKey, new byte[20_000]);
        });
        using StorageTransaction reader = Begin(TransactionIsolation.Snapshot);
        Assert.True(reader.ExistsNewest(_tree, longKey));
        Commit(t =>
        {
            t.Delete(_tree, "gone"u8);
            Put(t, "come", "1");
        });
        Assert.Equal("1", Get(reader, "gone"));
        Assert.False(reader.ExistsNewest(_tree, "gone"u8));
        Assert.True(reader.ExistsNewest(_tree, "come"u8));
        reader.Delete(_tree, longKey);
        Assert.False(reader.ExistsNewest(_tree, longKey));
        TreeId made = reader.CreateTree();
        Assert.False(reader.ExistsNewest(made, "a"u8));
        Assert.Throws<StorageException>(() => reader.ExistsNewest(new TreeId(999_999), "a"u8));
    }

    [Fact]
    public void Serializable_counts_a_question_for_existence_as_a_read()
    {
        using StorageTransaction first = Begin(TransactionIsolation.Serializable);
        using StorageTransaction second = Begin(TransactionIsolation.Serializable);
        Assert.False(first.ExistsNewest(_tree, "a"u8));
        Assert.False(second.ExistsNewest(_tree, "b"u8));
        Put(first, "b", "1");
        Put(second, "a", "1");
        first.Commit();
        Assert.Equal(StorageErrorCode.SerializationFailure, Assert.Throws<StorageException>(() => second.Commit()).Code);
    }

    [Fact]
    public void Changes_in_many_trees_are_seen_and_committed()
    {
        List<TreeId> trees = [];
        Commit(t =>
        {
            for (int i = 0; i < 30; i++)
                trees.Add(t.CreateTree());
        });
        using (StorageTransaction t = Begin())
        {
            foreach (TreeId tree in trees)
            {
                t.LockKey(tree, "a"u8, LockMode.Exclusive);
                t.Put(tree, "a"u8, "1"u8);
            }

            t.BeginStatement();
            foreach (TreeId tree in trees)
            {
                using TreeCursor cursor = t.OpenCursor(tree);
                Assert.True(cursor.Seek("a"u8, SeekMode.Equal) && t.ExistsNewest(tree, "a"u8));
            }

            t.Commit();
        }

        using StorageTransaction after = Begin();
        Assert.All(trees, tree => Assert.True(after.ExistsNewest(tree, "a"u8)));
    }

    [Fact]
    public void A_failed_statement_leaves_what_was_before_it()
    {
        using StorageTransaction t = Begin();
        Put(t, "a", "1");
        t.BeginStatement();
        Put(t, "a", "2");
        Put(t, "b", "2");
        t.Delete(_tree, "a"u8);
        t.RollbackStatement();
        t.BeginStatement();
        Assert.Equal("1", Get(t, "a"));
        Assert.Null(Get(t, "b"));
        t.Commit();
        Assert.Equal("a=1", Dump());
    }

    [Fact]
    public void Savepoints_nest_and_rewind_and_keep_locks()
    {
        using StorageTransaction t = Begin();
        Put(t, "a", "1");
        Savepoint outer = t.CreateSavepoint();
        t.BeginStatement();
        Put(t, "a", "2");
        Put(t, "b", "2");
        Savepoint inner = t.CreateSavepoint();
        t.BeginStatement();
        t.Delete(_tree, "a"u8);
        Assert.Equal(LockOutcome.Granted, t.LockKey(_tree, "z"u8, LockMode.Exclusive));
        t.RollbackTo(inner);
        t.BeginStatement();
        Assert.Equal("2", Get(t, "a"));
        t.RollbackTo(outer);
        Assert.Throws<InvalidOperationException>(() => t.RollbackTo(inner));
        t.BeginStatement();
        Assert.Equal("1", Get(t, "a"));
        Assert.Null(Get(t, "b"));
        t.RollbackTo(outer);
        t.Release(outer);
        Assert.Throws<InvalidOperationException>(() => t.RollbackTo(outer));

        using StorageTransaction other = Begin();
        Assert.Equal(LockOutcome.NotAvailable, other.LockKey(_tree, "z"u8, LockMode.Exclusive, TimeSpan.Zero));
        t.Commit();
        Assert.Equal("a=1", Dump());
    }

    [Fact]
    public void Read_committed_sees_others_commits_at_the_next_statement_and_snapshot_never()
    {
        using StorageTransaction committed = Begin();
        using StorageTransaction snapshot = Begin(TransactionIsolation.Snapshot);
        Commit(t => Put(t, "a", "1"));
        Assert.Null(Get(committed, "a"));
        Assert.Equal("1", Get(committed, "a", CursorSource.Newest));
        committed.BeginStatement();
        Assert.Equal("1", Get(committed, "a"));
        snapshot.BeginStatement();
        Assert.Null(Get(snapshot, "a"));
    }

    [Fact]
    public void A_lock_says_whether_the_entry_is_newer_than_the_snapshot()
    {
        Commit(t =>
        {
            Put(t, "changed", "1");
            Put(t, "deleted", "1");
            Put(t, "same", "1");
        });
        using StorageTransaction t = Begin();
        using StorageTransaction snapshot = Begin(TransactionIsolation.Snapshot);
        Commit(o =>
        {
            Put(o, "changed", "2");
            o.Delete(_tree, "deleted"u8);
            Put(o, "inserted", "2");
        });
        Assert.Equal(LockOutcome.GrantedNewer, t.LockKey(_tree, "changed"u8, LockMode.Exclusive));
        Assert.Equal(LockOutcome.GrantedNewer, t.LockKey(_tree, "deleted"u8, LockMode.Exclusive));
        Assert.Equal(LockOutcome.GrantedNewer, t.LockKey(_tree, "inserted"u8, LockMode.Exclusive));
        Assert.Equal(LockOutcome.Granted, t.LockKey(_tree, "same"u8, LockMode.Exclusive));
        Assert.Equal(LockOutcome.Granted, t.LockKey(_tree, "absent"u8, LockMode.Exclusive));
        t.Rollback();
        Assert.Equal(LockOutcome.Granted, snapshot.LockKey(_tree, "same"u8, LockMode.Exclusive));
        StorageException e = Assert.Throws<StorageException>(() => snapshot.LockKey(_tree, "changed"u8, LockMode.Exclusive));
        Assert.Equal(StorageErrorCode.SerializationFailure, e.Code);
    }

    [Fact]
    public void Serializable_refuses_write_skew()
    {
        Commit(t =>
        {
            Put(t, "a", "on");
            Put(t, "b", "on");
        });
        using StorageTransaction first = Begin(TransactionIsolation.Serializable);
        using StorageTransaction second = Begin(TransactionIsolation.Serializable);
        Assert.Equal("on", Get(first, "b"));
        Assert.Equal("on", Get(second, "a"));
        Put(first, "a", "off");
        Put(second, "b", "off");
        first.Commit();
        Assert.Equal(StorageErrorCode.SerializationFailure, Assert.Throws<StorageException>(() => second.Commit()).Code);
        Assert.Equal("a=off b=on", Dump());
    }

    [Fact]
    public void A_read_only_transaction_refuses_to_write()
    {
        using StorageTransaction t = _engine.Begin(readOnly: true);
        t.BeginStatement();
        Assert.Equal(StorageErrorCode.ReadOnly, Assert.Throws<StorageException>(() => Put(t, "a", "1")).Code);
    }

    [Fact]
    public void An_ended_transaction_refuses_everything()
    {
        StorageTransaction t = Begin();
        t.Commit();
        Assert.Equal(StorageErrorCode.Ended, Assert.Throws<StorageException>(() => t.BeginStatement()).Code);
        Assert.Equal(StorageErrorCode.Ended, Assert.Throws<StorageException>(() => t.Commit()).Code);
        t.Rollback();
    }

    [Fact]
    public void Too_long_a_key_is_refused_and_named()
    {
        using StorageTransaction t = Begin();
        StorageException e = Assert.Throws<StorageException>(() => t.Put(_tree, new byte[_engine.MaxKeyLength + 1], default));
        Assert.Equal(StorageErrorCode.KeyTooLong, e.Code);
        t.Put(_tree, new byte[_engine.MaxKeyLength], default);
        t.Commit();
    }

    [Fact]
    public void Commit_hooks_run_with_the_commits_number()
    {
        using StorageTransaction t = Begin();
        Put(t, "a", "1");
        List<string> order = [];
        Lsn before = default, after = default;
        t.OnBeforeVisible(l =>
        {
            before = l;
            order.Add("before");
        });
        t.OnCommitted(l =>
        {
            after = l;
            order.Add("after");
        });
        Lsn lsn = t.Commit();
        Assert.Equal(lsn, before);
        Assert.Equal(lsn, after);
        Assert.Equal(["before", "after"], order);
    }

    [Fact]
    public void Sequences_never_repeat_and_move_only_forward()
    {
        Assert.Equal(0UL, _engine.ReserveSequence(77, 3));
        Assert.Equal(3UL, _engine.ReserveSequence(77, 1));
        _engine.AdvanceSequence(77, 100);
        _engine.AdvanceSequence(77, 50);
        Assert.Equal(100UL, _engine.ReserveSequence(77, 1));
        Assert.Equal(0UL, _engine.ReserveSequence(78, 1));
    }

    [Fact]
    public void Blocks_stop_at_their_end_in_both_directions_and_hand_out_keys_and_values()
    {
        Commit(t =>
        {
            for (int i = 0; i < 500; i++)
                Put(t, $"k{i:000}", $"v{i}");
        });
        using StorageTransaction own = Begin();
        Put(own, "k100x", "mine");
        own.Delete(_tree, "k200"u8);
        own.BeginStatement();
        Assert.Equal(Expected(10, 300), ReadBlocks(own, "k010", "k300", backward: false));
        Assert.Equal(Expected(11, 301).Reverse(), ReadBlocks(own, "k300", "k010", backward: true));

        static IEnumerable<string> Expected(int from, int to)
        {
            for (int i = from; i < to; i++)
            {
                if (i != 200)
                    yield return $"k{i:000}=v{i}";
                if (i == 100)
                    yield return "k100x=mine";
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_transactions_agree_with_a_dictionary(int seed)
    {
        Random random = new(seed);
        SortedDictionary<string, string> committed = new(StringComparer.Ordinal);
        for (int round = 0; round < 150; round++)
        {
            using StorageTransaction t = Begin();
            SortedDictionary<string, string> mine = new(committed, StringComparer.Ordinal);
            Stack<(Savepoint Point, SortedDictionary<string, string> State)> savepoints = new();
            int statements = random.Next(1, 8);
            for (int s = 0; s < statements; s++)
            {
                t.BeginStatement();
                SortedDictionary<string, string> atStart = new(mine, StringComparer.Ordinal);
                int changes = random.Next(0, 12);
                for (int i = 0; i < changes; i++)
                {
                    string key = $"key-{random.Next(60):00}";
                    if (random.Next(3) == 0)
                    {
                        t.Delete(_tree, Encoding.UTF8.GetBytes(key));
                        mine.Remove(key);
                    }
                    else
                    {
                        string value = $"{round}.{s}.{i}" + new string('x', random.Next(5) == 0 ? random.Next(4000) : 3);
                        Put(t, key, value);
                        mine[key] = value;
                    }
                }

                AssertSame(atStart, t, CursorSource.Statement, seed);
                AssertSame(mine, t, CursorSource.Newest, seed);
                for (int k = 0; k < 60; k++)
                {
                    string key = $"key-{k:00}";
                    Assert.True(mine.ContainsKey(key) == t.ExistsNewest(_tree, Encoding.UTF8.GetBytes(key)), $"seed {seed}: {key} exists");
                }

                switch (random.Next(6))
                {
                    case 0:
                        t.RollbackStatement();
                        mine = atStart;
                        break;
                    case 1:
                        savepoints.Push((t.CreateSavepoint(), new(mine, StringComparer.Ordinal)));
                        break;
                    case 2 when savepoints.Count > 0:
                        for (int up = random.Next(savepoints.Count); up > 0; up--)
                            savepoints.Pop();
                        t.RollbackTo(savepoints.Peek().Point);
                        mine = new(savepoints.Peek().State, StringComparer.Ordinal);
                        break;
                }
            }

            if (random.Next(4) == 0)
            {
                t.Rollback();
            }
            else
            {
                t.Commit();
                committed = mine;
            }
        }

        Assert.Equal(string.Join(' ', committed.Select(p => $"{p.Key}={p.Value}")), Dump());
    }

    public void Dispose() => _engine.Dispose();

    private void AssertSame(SortedDictionary<string, string> expected, StorageTransaction t, CursorSource source, int seed)
    {
        using TreeCursor cursor = t.OpenCursor(_tree, source);
        List<string> forward = [];
        for (bool on = cursor.SeekFirst(); on; on = cursor.MoveNext())
            forward.Add(Entry(cursor));
        List<string> wanted = [.. expected.Select(p => $"{p.Key}={p.Value}")];
        Assert.True(wanted.SequenceEqual(forward), $"seed {seed}: {source} forward");
        List<string> backward = [];
        for (bool on = cursor.SeekLast(); on; on = cursor.MovePrevious())
            backward.Add(Entry(cursor));
        wanted.Reverse();
        Assert.True(wanted.SequenceEqual(backward), $"seed {seed}: {source} backward");
    }

    private List<string> ReadBlocks(StorageTransaction t, string from, string end, bool backward)
    {
        List<string> read = [];
        using TreeCursor cursor = t.OpenCursor(_tree);
        cursor.Seek(Encoding.UTF8.GetBytes(from), backward ? SeekMode.LessOrEqual : SeekMode.GreaterOrEqual);
        EntryRef[] block = new EntryRef[37];
        int n;
        while ((n = cursor.ReadBlock(block, withKeys: true, Encoding.UTF8.GetBytes(end), backward)) > 0)
        {
            for (int i = 0; i < n; i++)
                read.Add($"{Encoding.UTF8.GetString(block[i].KeySpan)}={Encoding.UTF8.GetString(block[i].ValueSpan)}");
        }

        return read;
    }

    private StorageTransaction Begin(TransactionIsolation isolation = TransactionIsolation.ReadCommitted)
    {
        StorageTransaction t = _engine.Begin(isolation);
        t.BeginStatement();
        return t;
    }

    private void Commit(Action<StorageTransaction> work)
    {
        using StorageTransaction t = Begin();
        work(t);
        t.Commit();
    }

    private void Put(StorageTransaction t, string key, string value) => t.Put(_tree, Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value));

    private string? Get(StorageTransaction t, string key, CursorSource source = CursorSource.Statement)
    {
        using TreeCursor cursor = t.OpenCursor(_tree, source);
        return cursor.Seek(Encoding.UTF8.GetBytes(key), SeekMode.Equal) ? Encoding.UTF8.GetString(cursor.Value) : null;
    }

    private static string Entry(TreeCursor cursor) => $"{Encoding.UTF8.GetString(cursor.Key)}={Encoding.UTF8.GetString(cursor.Value)}";

    private string Dump()
    {
        using StorageTransaction t = Begin();
        using TreeCursor cursor = t.OpenCursor(_tree);
        List<string> entries = [];
        for (bool on = cursor.SeekFirst(); on; on = cursor.MoveNext())
            entries.Add(Entry(cursor));
        return string.Join(' ', entries);
    }
}
