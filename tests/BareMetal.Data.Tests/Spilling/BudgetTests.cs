using BareMetal.Data.Execution;
using BareMetal.Data.Sessions;
using BareMetal.Data.Tests.Planning;
using BareMetal.Data.Tests.Sessions;
using BareMetal.Data.Tests.Values;
using Xunit;

namespace BareMetal.Data.Tests.Spilling;

/// <summary>No query holds more than its budget and a constant, whatever its plan.</summary>
public sealed class BudgetTests
{
    /// <summary>Growing operators that a random query has at most.</summary>
    private const int Operators = 12;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Random_queries_stay_within_their_budget(int part)
    {
        int seed = unchecked((RandomValues.Seed * 17) + part);
        RandomQuery queries = new(new Random(seed));
        using TestDatabase database = new();
        foreach (string sql in new[]
        {
            "CREATE TABLE a (id int PRIMARY KEY, x int, y int, s text)",
            "CREATE TABLE b (id int PRIMARY KEY, aid int, z int NOT NULL, s text)",
            "CREATE TABLE c (k int, n int NOT NULL, w int, t text, PRIMARY KEY (k, n))",
            "CREATE INDEX b_aid ON b (aid, z DESC)",
            "INSERT INTO a SELECT i, i % 150, i % 90, 's' || i || repeat('x', i % 100) FROM generate_series(0, 499) AS g(i)",
            "INSERT INTO b SELECT i, i % 400, i % 80, 's' || (i % 60) || repeat('y', i % 90) FROM generate_series(0, 799) AS g(i)",
            "INSERT INTO c SELECT i % 80, i / 80, i % 100, 's' || (i % 40) FROM generate_series(0, 799) AS g(i)",
        })
            database.Run(sql);
        const long budget = 64 * 1024;
        using Session session = database.Open(new SessionOptions { WorkMemory = budget, MaxParallelism = 1, StatementTimeout = TimeSpan.FromSeconds(2) });
        long highest = 0;
        int spilled = 0;
        for (int i = 0; i < 40; i++)
        {
            (string sql, bool _) = queries.Next();
            using CommandExecution execution = session.Begin(sql);
            MemoryBudget memory = execution.Memory;
            memory.ResetPeak();
            long before = memory.SpilledBytes;
            try
            {
                // Products of all tables are long: what they hold is seen early.
                execution.NextResult();
                for (int batches = 0; batches < 2000 && execution.NextBatch(); batches++)
                {
                }
            }
            catch (BareMetalException e) when (e.SqlState == "57014")
            {
            }

            long allowed = budget + SpillTests.Allowance(budget, Operators);
            Assert.True(memory.Peak <= allowed, $"seed {seed}, query {i} (BAREMETAL_SEED={RandomValues.Seed}) held {memory.Peak} of {budget} bytes, {allowed} are allowed: {sql}");
            Assert.True(memory.PeakWithBuilt <= allowed + MemoryBudget.DefaultHeadroom, $"seed {seed}, query {i} (BAREMETAL_SEED={RandomValues.Seed}) held {memory.PeakWithBuilt} bytes with what functions built: {sql}");
            highest = Math.Max(highest, memory.Peak);
            spilled += memory.SpilledBytes > before ? 1 : 0;
        }

        Assert.True(highest > budget / 4, $"no query held more than {highest} bytes: the test says nothing");
        Assert.True(spilled > 0, "no query spilled");
    }
}
