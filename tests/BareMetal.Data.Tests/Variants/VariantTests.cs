using System.Collections.Concurrent;

using BareMetal.Data.Sessions;
using BareMetal.Data.Tests.Sessions;
using BareMetal.Data.Tests.Values;
using Xunit;

namespace BareMetal.Data.Tests.Variants;

/// <summary>
/// The same statements give the same results however they are run: without the planner's rules, with little memory, with batches of one row
/// and of seven, after closing and opening between statements, and by several sessions at once with parallel operators.
/// </summary>
public sealed class VariantTests
{
    private static readonly Lazy<string[]> Reference = new(() =>
    {
        using TestDatabase database = new();
        return RunAll(database, new SessionOptions());
    });

    [Fact]
    public void Scripts_give_what_was_recorded()
    {
        string[] results = Reference.Value;
        if (Environment.GetEnvironmentVariable("UPDATE_CORPUS") == "1")
        {
            SqlCorpus.WriteExpected(SqlCorpus.Scripts.Select((e, i) => (e.Name, results[i])));
            return;
        }

        Dictionary<string, string> expected = SqlCorpus.ReadExpected();
        Assert.Equal(SqlCorpus.Scripts.Count, expected.Count);
        for (int i = 0; i < SqlCorpus.Scripts.Count; i++)
        {
            SqlCorpus.Entry entry = SqlCorpus.Scripts[i];
            Assert.True(expected[entry.Name] == SqlCorpus.Digest(results[i]), $"{entry.Name}: {entry.Sql}\nrecorded {expected[entry.Name]} (UPDATE_CORPUS=1 records anew)\n{Cut(results[i])}");
        }
    }

    [Fact]
    public void The_optimiser_off() => Check(new SessionOptions(), optimize: false);

    [Fact]
    public void A_budget_of_64_KiB() => Check(new SessionOptions { WorkMemory = 64 * 1024 });

    [Fact]
    public void A_budget_of_1_MiB() => Check(new SessionOptions { WorkMemory = 1 << 20 });

    [Fact]
    public void Batches_of_1_row() => Check(new SessionOptions { BatchSize = 1 });

    [Fact]
    public void Batches_of_7_rows_and_64_KiB() => Check(new SessionOptions { BatchSize = 7, WorkMemory = 64 * 1024 });

    [Fact]
    public void One_thread() => Check(new SessionOptions { MaxParallelism = 1 });

    [Fact]
    public void A_restart_between_statements() => Check(new SessionOptions(), restart: true);

    [Fact]
    public void Many_threads()
    {
        using TestDatabase database = new();
        ConcurrentQueue<Exception> failures = new();
        Thread[] threads = new Thread[3];
        for (int t = 0; t < threads.Length; t++)
        {
            int number = t;
            threads[t] = new Thread(() =>
            {
                try
                {
                    using Session session = database.Database.CreateSession(new SessionOptions { MaxParallelism = 4, LockTimeout = TimeSpan.FromMinutes(2) });
                    session.Run($"CREATE SCHEMA s{number}");
                    session.Run($"SET search_path = s{number}");
                    for (int i = 0; i < SqlCorpus.All.Count; i++)
                        Compare(i, SqlCorpus.Run(session, SqlCorpus.All[i]), $"session {number}");
                }
                catch (Exception e)
                {
                    failures.Enqueue(e);
                }
            });
            threads[t].Start();
        }

        foreach (Thread thread in threads)
            thread.Join();
        Assert.True(failures.IsEmpty, string.Join("\n", failures.Select(f => f.Message)));
    }

    private static void Check(SessionOptions options, bool optimize = true, bool restart = false)
    {
        using TestDatabase database = new(optimize: optimize);
        string[] results = RunAll(database, options, restart);
        for (int i = 0; i < results.Length; i++)
            Compare(i, results[i], options.ToString()!);
    }

    private static string[] RunAll(TestDatabase database, SessionOptions options, bool restart = false)
    {
        string[] results = new string[SqlCorpus.All.Count];
        Session session = database.Open(options);
        bool inTransaction = false;
        for (int i = 0; i < results.Length; i++)
        {
            SqlCorpus.Entry entry = SqlCorpus.All[i];
            if (restart && !inTransaction)
            {
                database.Reopen();
                session = database.Open(options);
            }

            results[i] = SqlCorpus.Run(session, entry);
            inTransaction = entry.Sql switch { "BEGIN" => true, "ROLLBACK" or "COMMIT" => false, _ => inTransaction };
        }

        return results;
    }

    private static void Compare(int index, string result, string how)
    {
        SqlCorpus.Entry entry = SqlCorpus.All[index];
        Assert.True(
            Reference.Value[index] == result,
            $"{entry.Name} under {how} (BAREMETAL_SEED={RandomValues.Seed}): {entry.Sql}\nby default: {Cut(Reference.Value[index])}\nhere: {Cut(result)}");
    }

    private static string Cut(string text) => text.Length > 600 ? text[..600] + " …" : text;
}
