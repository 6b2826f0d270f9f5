using System.Data.Common;

namespace BareMetal.Data.OneThreadChild;

/// <summary>Many commands that wait for the lock of one row, begun on the pool's only thread.</summary>
internal static class LockWaits
{
    /// <summary>Runs them.</summary>
    /// <returns>What went wrong; null when all is well.</returns>
    public static string? Run(BareMetalDataSource source, int count)
    {
        using BareMetalConnection holder = source.OpenConnection();
        Execute(holder, "CREATE TABLE counters (id integer PRIMARY KEY, v integer NOT NULL)");
        Execute(holder, "INSERT INTO counters VALUES (1, 0)");
        List<BareMetalConnection> connections = [.. Enumerable.Range(0, count).Select(_ => source.OpenConnection())];
        Task<Task[]> begin;
        using (BareMetalTransaction transaction = holder.BeginTransaction())
        {
            Execute(holder, "UPDATE counters SET v = 0 WHERE id = 1");
            begin = Task.Run(() => connections.Select(AddOne).ToArray());
            if (!begin.Wait(TimeSpan.FromSeconds(30)))
                return "the pool's only thread was held by a lock wait: not all of the commands could be begun";
            int ended = begin.Result.Count(t => t.IsCompleted);
            if (ended > 0)
                return $"{ended} commands ended though the row was locked: {begin.Result.First(t => t.IsCompleted).Exception?.Message}";
            Task<int> other = Task.Run(() => 42);
            if (!other.Wait(TimeSpan.FromSeconds(30)))
                return "the pool's only thread was held while commands waited for a lock";
            transaction.Commit();
        }

        if (!Task.WhenAll(begin.Result).Wait(TimeSpan.FromSeconds(60)))
            return $"{begin.Result.Count(t => !t.IsCompleted)} commands never ended";
        connections.ForEach(c => c.Dispose());
        using DbCommand read = holder.CreateCommand();
        read.CommandText = "SELECT v FROM counters";
        int sum = (int)read.ExecuteScalar()!;
        if (sum != count)
            return $"{count} commands added 1 each, the row has {sum}";
        return ThreadPool.ThreadCount > 1 ? $"the pool had {ThreadPool.ThreadCount} threads" : null;
    }

    private static async Task AddOne(BareMetalConnection connection)
    {
        await using DbCommand command = connection.CreateCommand();
        command.CommandTimeout = 0;
        command.CommandText = "UPDATE counters SET v = v + 1 WHERE id = 1";
        await command.ExecuteNonQueryAsync().ConfigureAwait(false);
    }

    private static void Execute(BareMetalConnection connection, string sql)
    {
        using DbCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
