using BareMetal.Data.Storage.Transactions;
using Xunit;

namespace BareMetal.Data.Storage.Tests.Transactions;

public sealed class LockManagerTests
{
    private static readonly TreeId Tree = new(2000);
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    private readonly LockManager _locks = new();
    private long _owners;

    [Fact]
    public void Shared_locks_coexist_and_exclude_exclusive()
    {
        LockOwner a = NewOwner(), b = NewOwner(), c = NewOwner();
        Assert.True(Try(a, "k", LockMode.Shared));
        Assert.True(Try(b, "k", LockMode.Shared));
        Assert.False(Try(c, "k", LockMode.Exclusive));
        _locks.ReleaseAll(a);
        Assert.False(Try(c, "k", LockMode.Exclusive));
        _locks.ReleaseAll(b);
        Assert.True(Try(c, "k", LockMode.Exclusive));
    }

    [Theory]
    [InlineData(LockMode.IntentShared, LockMode.IntentExclusive, true)]
    [InlineData(LockMode.IntentShared, LockMode.Shared, true)]
    [InlineData(LockMode.IntentShared, LockMode.Exclusive, false)]
    [InlineData(LockMode.IntentExclusive, LockMode.IntentExclusive, true)]
    [InlineData(LockMode.IntentExclusive, LockMode.Shared, false)]
    [InlineData(LockMode.IntentExclusive, LockMode.Exclusive, false)]
    [InlineData(LockMode.Shared, LockMode.Shared, true)]
    [InlineData(LockMode.Shared, LockMode.Exclusive, false)]
    [InlineData(LockMode.Exclusive, LockMode.Exclusive, false)]
    public void Modes_are_compatible_both_ways_or_neither(LockMode first, LockMode second, bool compatible)
    {
        LockOwner a = NewOwner(), b = NewOwner();
        Assert.True(Try(a, "", first));
        Assert.Equal(compatible, Try(b, "", second));
        _locks.ReleaseAll(a);
        _locks.ReleaseAll(b);
        Assert.True(Try(b, "", second));
        Assert.Equal(compatible, Try(a, "", first));
    }

    [Fact]
    public void An_upgrade_waits_for_other_sharers_only()
    {
        LockOwner a = NewOwner(), b = NewOwner();
        Assert.True(Try(a, "k", LockMode.Shared));
        Assert.True(Try(a, "k", LockMode.Exclusive));
        Assert.False(Try(b, "k", LockMode.Shared));
    }

    [Fact]
    public async Task Waiters_are_served_in_the_order_they_came()
    {
        LockOwner holder = NewOwner();
        Assert.True(Try(holder, "k", LockMode.Exclusive));
        List<int> served = [];
        List<Task> tasks = [];
        for (int i = 0; i < 5; i++)
        {
            int number = i;
            LockOwner owner = NewOwner();
            tasks.Add(Task.Factory.StartNew(
                () =>
                {
                    Acquire(owner, "k", LockMode.Exclusive);
                    lock (served)
                        served.Add(number);
                    _locks.ReleaseAll(owner);
                },
                TaskCreationOptions.LongRunning));
            SpinUntil(() => owner.Waiting is not null);
        }

        _locks.ReleaseAll(holder);
        await Task.WhenAll(tasks);
        Assert.Equal([0, 1, 2, 3, 4], served);
    }

    [Fact]
    public async Task A_shared_request_does_not_overtake_a_waiting_exclusive_one()
    {
        LockOwner reader = NewOwner(), writer = NewOwner(), late = NewOwner();
        Assert.True(Try(reader, "k", LockMode.Shared));
        Task waiting = Task.Run(() => Acquire(writer, "k", LockMode.Exclusive));
        SpinUntil(() => writer.Waiting is not null);
        Assert.False(Try(late, "k", LockMode.Shared));
        _locks.ReleaseAll(reader);
        await waiting;
    }

    [Fact]
    public async Task A_cycle_of_two_ends_with_one_victim_at_once()
    {
        LockOwner a = NewOwner(), b = NewOwner();
        Assert.True(Try(a, "1", LockMode.Exclusive));
        Assert.True(Try(b, "2", LockMode.Exclusive));
        Task first = Task.Run(() => Acquire(a, "2", LockMode.Exclusive));
        SpinUntil(() => a.Waiting is not null);
        StorageException victim = Assert.Throws<StorageException>(() => Acquire(b, "1", LockMode.Exclusive));
        Assert.Equal(StorageErrorCode.Deadlock, victim.Code);
        _locks.ReleaseAll(b);
        await first;
    }

    [Fact]
    public async Task A_cycle_through_five_owners_and_an_upgrade_is_found()
    {
        LockOwner[] owners = [.. Enumerable.Range(0, 5).Select(_ => NewOwner())];
        for (int i = 0; i < 5; i++)
            Assert.True(Try(owners[i], i.ToString(), LockMode.Exclusive));
        List<Task> tasks = [];
        for (int i = 0; i < 4; i++)
        {
            int n = i;
            tasks.Add(Task.Factory.StartNew(() => Acquire(owners[n], (n + 1).ToString(), LockMode.Shared), TaskCreationOptions.LongRunning));
            SpinUntil(() => owners[n].Waiting is not null);
        }

        Assert.Equal(StorageErrorCode.Deadlock, Assert.Throws<StorageException>(() => Acquire(owners[4], "0", LockMode.Shared)).Code);
        for (int i = 4; i >= 0; i--)
        {
            _locks.ReleaseAll(owners[i]);
            if (i > 0)
                await tasks[i - 1];
        }

        LockOwner x = NewOwner(), y = NewOwner();
        Assert.True(Try(x, "u", LockMode.Shared));
        Assert.True(Try(y, "u", LockMode.Shared));
        Task upgrade = Task.Run(() => Acquire(x, "u", LockMode.Exclusive));
        SpinUntil(() => x.Waiting is not null);
        Assert.Equal(StorageErrorCode.Deadlock, Assert.Throws<StorageException>(() => Acquire(y, "u", LockMode.Exclusive)).Code);
        _locks.ReleaseAll(y);
        await upgrade;
    }

    [Fact]
    public void A_wait_ends_with_its_timeout_and_names_the_holder()
    {
        LockOwner a = NewOwner(), b = NewOwner();
        Assert.True(Try(a, "k", LockMode.Exclusive));
        StorageException e = Assert.Throws<StorageException>(() => _locks.Acquire(b, Tree, "k"u8, LockMode.Shared, TimeSpan.FromMilliseconds(20), default));
        Assert.Equal(StorageErrorCode.LockTimeout, e.Code);
        Assert.Contains($"transaction {a.Id}", e.Message);
        Assert.Null(b.Waiting);
        _locks.ReleaseAll(a);
        Assert.True(Try(b, "k", LockMode.Exclusive));
    }

    [Fact]
    public async Task A_wait_ends_with_cancellation()
    {
        LockOwner a = NewOwner(), b = NewOwner();
        Assert.True(Try(a, "k", LockMode.Exclusive));
        using CancellationTokenSource source = new();
        Task wait = Task.Run(() => _locks.Acquire(b, Tree, "k"u8, LockMode.Shared, Timeout.InfiniteTimeSpan, source.Token));
        SpinUntil(() => b.Waiting is not null);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
        _locks.ReleaseAll(a);
        Assert.Equal(0, _locks.Count);
    }

    [Fact]
    public async Task A_waiter_that_gives_up_lets_those_behind_it_go_on()
    {
        LockOwner reader = NewOwner(), writer = NewOwner(), late = NewOwner();
        Assert.True(Try(reader, "k", LockMode.Shared));
        using CancellationTokenSource source = new();
        Task waiting = Task.Run(() => _locks.Acquire(writer, Tree, "k"u8, LockMode.Exclusive, Timeout.InfiniteTimeSpan, source.Token));
        SpinUntil(() => writer.Waiting is not null);
        Task second = Task.Run(() => Acquire(late, "k", LockMode.Shared));
        SpinUntil(() => late.Waiting is not null);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await second;
    }

    [Fact]
    public async Task Exclusion_holds_under_contention_and_nothing_is_left_behind()
    {
        int[] counters = new int[3];
        int deadlocks = 0;
        Task[] tasks = [.. Enumerable.Range(0, 6).Select(seed => Task.Factory.StartNew(
            () =>
            {
                Random random = new(seed);
                for (int i = 0; i < 400; i++)
                {
                    LockOwner owner = NewOwner();
                    int first = random.Next(3), second = random.Next(3);
                    try
                    {
                        Acquire(owner, first.ToString(), LockMode.Exclusive);
                        Acquire(owner, second.ToString(), LockMode.Exclusive);
                        counters[first]++;
                        if (second != first)
                            counters[second]++;
                    }
                    catch (StorageException e) when (e.Code == StorageErrorCode.Deadlock)
                    {
                        Interlocked.Increment(ref deadlocks);
                        i--;
                    }
                    finally
                    {
                        _locks.ReleaseAll(owner);
                    }
                }
            },
            TaskCreationOptions.LongRunning))];
        await Task.WhenAll(tasks);

        int expected = 0;
        for (int seed = 0; seed < 6; seed++)
            expected += 400;
        Assert.InRange(counters.Sum(), expected, expected * 2);
        Assert.Equal(0, _locks.Count);
    }

    [Fact]
    public void Many_keys_become_one_lock_on_the_tree()
    {
        LockOwner many = NewOwner(), other = NewOwner();
        byte[] key = new byte[4];
        for (int i = 0; i < 3 * TreeLocks.EscalationStep; i++)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(key, i);
            Assert.True(_locks.AcquireKey(many, Tree, key, LockMode.Exclusive, TimeSpan.Zero, default));
        }

        Assert.Equal(1, _locks.Count);
        Assert.False(_locks.AcquireKey(other, Tree, "another"u8, LockMode.Shared, TimeSpan.Zero, default));
        _locks.ReleaseAll(many);
        Assert.True(_locks.AcquireKey(other, Tree, "another"u8, LockMode.Shared, TimeSpan.Zero, default));
        _locks.ReleaseAll(other);
        Assert.Equal(0, _locks.Count);
    }

    [Fact]
    public void Keys_stay_single_while_others_work_in_the_tree()
    {
        LockOwner many = NewOwner(), other = NewOwner();
        Assert.True(_locks.AcquireKey(other, Tree, "another"u8, LockMode.Exclusive, TimeSpan.Zero, default));
        byte[] key = new byte[4];
        for (int i = 0; i < TreeLocks.EscalationStep + 10; i++)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(key, i);
            Assert.True(_locks.AcquireKey(many, Tree, key, LockMode.Exclusive, TimeSpan.Zero, default));
        }

        Assert.True(_locks.Count > TreeLocks.EscalationStep);
        Assert.True(_locks.AcquireKey(other, Tree, "more"u8, LockMode.Exclusive, TimeSpan.Zero, default));
        Assert.False(_locks.AcquireKey(other, Tree, key, LockMode.Exclusive, TimeSpan.Zero, default));
    }

    [Fact]
    public void An_owner_knows_its_locks_in_many_trees()
    {
        LockOwner many = NewOwner(), other = NewOwner();
        for (int i = 0; i < 40; i++)
            Assert.True(_locks.AcquireTree(many, new TreeId(3000 + (ulong)i), i % 2 == 0 ? LockMode.Exclusive : LockMode.Shared, TimeSpan.Zero, default));
        for (int i = 39; i >= 0; i--)
        {
            TreeLocks locks = many.In(new TreeId(3000 + (ulong)i));
            Assert.Equal(i % 2 == 0, locks.Covers(LockMode.Exclusive));
            Assert.True(locks.Covers(LockMode.Shared));
            Assert.False(_locks.AcquireKey(other, new TreeId(3000 + (ulong)i), "k"u8, LockMode.Exclusive, TimeSpan.Zero, default));
        }

        Assert.False(many.In(new TreeId(4000)).Covers(LockMode.Shared));
        _locks.ReleaseAll(many);
        Assert.True(_locks.AcquireKey(other, new TreeId(3000), "k"u8, LockMode.Exclusive, TimeSpan.Zero, default));
    }

    [Fact]
    public void Locks_on_keys_of_any_length_stay_apart_when_entries_are_used_again()
    {
        LockOwner other = NewOwner();
        string[] keys = ["", "a", "ab", new string('x', 63), new string('x', 64), new string('x', 65), new string('x', 500)];
        for (int round = 0; round < 20; round++)
        {
            LockOwner owner = NewOwner();
            for (int i = 0; i < keys.Length; i++)
            {
                Assert.True(Try(owner, keys[(i + round) % keys.Length], LockMode.Exclusive));
                Assert.Equal(i + 1, _locks.Count);
                Assert.False(Try(other, keys[(i + round) % keys.Length], LockMode.Shared));
                Assert.Equal(i + 1, _locks.Count);
            }

            _locks.ReleaseAll(owner);
            Assert.Equal(0, _locks.Count);
        }
    }

    private static void SpinUntil(Func<bool> condition) => Assert.True(SpinWait.SpinUntil(condition, Long));

    private LockOwner NewOwner() => new(Interlocked.Increment(ref _owners));

    private bool Try(LockOwner owner, string key, LockMode mode) =>
        _locks.Acquire(owner, Tree, System.Text.Encoding.UTF8.GetBytes(key), mode, TimeSpan.Zero, default);

    private void Acquire(LockOwner owner, string key, LockMode mode) =>
        _locks.Acquire(owner, Tree, System.Text.Encoding.UTF8.GetBytes(key), mode, Long, default);
}
