using BareMetal.Data.Storage.Backup;
using Xunit;

namespace BareMetal.Data.Storage.Tests.Backup;

public sealed class BackupPaceTests
{
    [Fact]
    public void A_budget_makes_a_backup_wait_as_long_as_what_it_wrote_takes()
    {
        JumpingClock clock = new();
        BackupPace pace = new(clock, bytesPerSecond: 1000, progress: null, default);
        for (int i = 0; i < 10; i++)
            pace.Wrote(2500, i);
        Assert.InRange(clock.Waited, TimeSpan.FromSeconds(25), TimeSpan.FromSeconds(25.1));
        Assert.Equal(30, clock.Waits); // of a second at most, so that cancelling is quick
    }

    [Fact]
    public void A_cancelled_backup_does_not_wait_for_its_budget()
    {
        using CancellationTokenSource cancel = new();
        JumpingClock clock = new() { OnWait = cancel.Cancel };
        BackupPace pace = new(clock, bytesPerSecond: 1, progress: null, cancel.Token);
        Assert.ThrowsAny<OperationCanceledException>(() =>
        {
            pace.Wrote(1_000_000, 0);
        });
        Assert.Equal(1, clock.Waits);
    }

    /// <summary>A clock on which waiting takes no time.</summary>
    private sealed class JumpingClock : TimeProvider
    {
        public TimeSpan Waited { get; private set; }

        public int Waits { get; private set; }

        public Action? OnWait { get; init; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Waited.Ticks;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Waits++;
            Waited += dueTime;
            OnWait?.Invoke();
            if (OnWait is null)
                callback(state);
            return System.CreateTimer(static _ => { }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }
}
