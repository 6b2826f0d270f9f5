using BareMetal.Data.Simulation;
using BareMetal.Data.Storage.Checkpoints;
using Xunit;

namespace BareMetal.Data.Storage.Tests.Commit;

/// <summary>How long a checkpoint rests between its parts.</summary>
public sealed class CheckpointPacerTests
{
    private readonly Clock _clock = new();
    private readonly Rests _rests = new();
    private Lsn _last = Lsn.Create(1);
    private bool _urgent;

    [Fact]
    public void It_rests_as_long_as_it_worked_when_commits_came_meanwhile()
    {
        CheckpointPacer pacer = Make(bytesPerSecond: 0);
        pacer.Begin();
        Work(3);
        _last = _last.Next();
        pacer.Rest();
        Assert.Equal([TimeSpan.FromMilliseconds(3)], _rests.Taken);

        // The rest itself is no work.
        Work(5);
        _last = _last.Next();
        pacer.Rest();
        Assert.Equal(TimeSpan.FromMilliseconds(5), _rests.Taken[^1]);
    }

    [Fact]
    public void It_does_not_rest_when_nobody_commits()
    {
        CheckpointPacer pacer = Make(bytesPerSecond: 0);
        pacer.Begin();
        Work(3);
        pacer.Rest();
        Assert.Empty(_rests.Taken);
    }

    [Fact]
    public void It_keeps_to_its_rate_with_and_without_commits()
    {
        CheckpointPacer pacer = Make(bytesPerSecond: 100 << 20); // 1 MiB in 10 ms
        pacer.Begin();
        Work(4);
        pacer.Rest();
        Work(4);
        _last = _last.Next();
        pacer.Rest();
        Work(25);
        pacer.Rest();
        Assert.Equal([TimeSpan.FromMilliseconds(6), TimeSpan.FromMilliseconds(6)], _rests.Taken);
    }

    [Fact]
    public void It_hurries_when_writers_wait_and_never_rests_long()
    {
        CheckpointPacer pacer = Make(bytesPerSecond: 1);
        pacer.Begin();
        _urgent = true;
        Work(4);
        _last = _last.Next();
        pacer.Rest();
        Assert.Empty(_rests.Taken);
        _urgent = false;
        pacer.Rest();
        Assert.Equal([TimeSpan.FromMilliseconds(250)], _rests.Taken);
    }

    private CheckpointPacer Make(long bytesPerSecond) =>
        new(new StorageEnvironment { Clock = _clock, Scheduler = _rests }, 1 << 20, bytesPerSecond, () => _last, () => _urgent);

    private void Work(int milliseconds) => _clock.Now += milliseconds * TimeSpan.TicksPerMillisecond;

    private sealed class Clock : TimeProvider
    {
        public long Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now;
    }

    private sealed class Rests : IBackgroundScheduler
    {
        public List<TimeSpan> Taken { get; } = [];

        public void Pause(TimeSpan time) => Taken.Add(time);

        public void Queue(IThreadPoolWorkItem item) => throw new NotSupportedException();

        public IBackgroundWorker CreateWorker(string name, Action step) => throw new NotSupportedException();

        public void WaitUntil(Func<bool> condition, ManualResetEventSlim signal) => throw new NotSupportedException();
    }
}
