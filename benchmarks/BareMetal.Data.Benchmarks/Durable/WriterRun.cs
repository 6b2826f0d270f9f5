using System.Data.Common;
using System.Diagnostics;

namespace BareMetal.Data.Benchmarks.Durable;

/// <summary>Writers that commit single rows through prepared commands for some time, each on a connection of its own.</summary>
public sealed class WriterRun : IDisposable
{
    private readonly List<DbConnection> _connections = [];
    private readonly List<DbCommand> _commands = [];

    /// <summary>Opens the connections and prepares the commands.</summary>
    public WriterRun(Func<DbConnection> connect, int writers)
    {
        for (int i = 0; i < writers; i++)
        {
            DbConnection connection = connect();
            connection.Open();
            DbCommand command = connection.CreateCommand();
            command.CommandText = "INSERT INTO entries (text, amount) VALUES (@text, @amount)";
            command.CommandTimeout = 60;
            Add(command, "@text", "a durable row");
            Add(command, "@amount", 1234L);
            command.Prepare();
            _connections.Add(connection);
            _commands.Add(command);
        }
    }

    /// <summary>Runs the writers.</summary>
    /// <param name="time">For how long.</param>
    /// <param name="onThreads">Whether each has a thread and calls the synchronous methods; else they are tasks that await.</param>
    /// <param name="flushes">Counts flushes; null when they can't be counted.</param>
    public WriterResult Run(TimeSpan time, bool onThreads, Func<long>? flushes = null)
    {
        int writers = _commands.Count;
        LatencyHistogram[] latencies = [.. Enumerable.Range(0, writers).Select(_ => new LatencyHistogram())];
        using Barrier barrier = new(onThreads ? writers + 1 : 1);
        long end = 0;
        long flushesBefore = flushes?.Invoke() ?? 0;
        long started;
        if (onThreads)
        {
            Thread[] threads = new Thread[writers];
            for (int i = 0; i < writers; i++)
            {
                int index = i;
                threads[i] = new Thread(() =>
                {
                    barrier.SignalAndWait();
                    DbCommand command = _commands[index];
                    LatencyHistogram latency = latencies[index];
                    for (long before = Stopwatch.GetTimestamp(); before < Volatile.Read(ref end);)
                    {
                        command.ExecuteNonQuery();
                        long after = Stopwatch.GetTimestamp();
                        latency.Add(before, after);
                        before = after;
                    }
                }) { IsBackground = true };
                threads[i].Start();
            }

            started = Stopwatch.GetTimestamp();
            Volatile.Write(ref end, started + (long)(time.TotalSeconds * Stopwatch.Frequency));
            barrier.SignalAndWait();
            foreach (Thread thread in threads)
                thread.Join();
        }
        else
        {
            started = Stopwatch.GetTimestamp();
            end = started + (long)(time.TotalSeconds * Stopwatch.Frequency);
            Task[] tasks = new Task[writers];
            for (int i = 0; i < writers; i++)
            {
                int index = i;
                tasks[i] = Task.Run(async () =>
                {
                    DbCommand command = _commands[index];
                    LatencyHistogram latency = latencies[index];
                    for (long before = Stopwatch.GetTimestamp(); before < end;)
                    {
                        await command.ExecuteNonQueryAsync().ConfigureAwait(false);
                        long after = Stopwatch.GetTimestamp();
                        latency.Add(before, after);
                        before = after;
                    }
                });
            }

            Task.WaitAll(tasks);
        }

        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        LatencyHistogram all = new();
        foreach (LatencyHistogram latency in latencies)
            all.Add(latency);
        long flushed = flushes is null ? 0 : flushes() - flushesBefore;
        return new WriterResult(
            all.Count / seconds, latencies.Max(l => l.Count), latencies.Min(l => l.Count), all,
            flushed == 0 ? 0 : all.Count / (double)flushed);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (DbCommand command in _commands)
            command.Dispose();
        foreach (DbConnection connection in _connections)
            connection.Dispose();
    }

    private static void Add(DbCommand command, string name, object value)
    {
        DbParameter parameter = command.CreateParameter();
        parameter.ParameterName = name;
        parameter.Value = value;
        command.Parameters.Add(parameter);
    }
}

/// <summary>What a run of writers gave.</summary>
/// <param name="Rate">Commits per second, all writers together.</param>
/// <param name="Most">Commits of the writer that made most.</param>
/// <param name="Least">Commits of the writer that made least.</param>
/// <param name="Latencies">Of all commits.</param>
/// <param name="PerFlush">Commits per flush of the log; 0 when flushes are not counted.</param>
public sealed record WriterResult(double Rate, long Most, long Least, LatencyHistogram Latencies, double PerFlush)
{
    /// <summary>Commits of the most-served writer for each of the least-served.</summary>
    public double Spread => Most / (double)Math.Max(Least, 1);
}
