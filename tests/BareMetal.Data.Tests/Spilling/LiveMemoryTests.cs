using BareMetal.Data.Functions.Custom;
using BareMetal.Data.Sessions;
using BareMetal.Data.Tests.Sessions;
using Xunit;

namespace BareMetal.Data.Tests.Spilling;

/// <summary>Runs alone: the memory of the whole process is looked at.</summary>
[CollectionDefinition(nameof(LiveMemoryTests), DisableParallelization = true)]
public sealed class LiveMemoryCollection;

/// <summary>What a statement says that it holds is what it takes.</summary>
[Collection(nameof(LiveMemoryTests))]
public sealed class LiveMemoryTests
{
    [Theory]
    [InlineData("SELECT mark(i) FROM generate_series(1, 200000) AS g(i) ORDER BY md5(i::text)")]
    [InlineData("SELECT k, count(*), sum(i) FROM (SELECT 'key ' || mark(i) AS k, i FROM generate_series(1, 200000) AS g(i)) AS s GROUP BY k")]
    [InlineData("SELECT count(*) FROM generate_series(1, 400000) AS a(i) LEFT JOIN (SELECT mark(i) AS k, 'text ' || i AS t FROM generate_series(1, 200000) AS g(i)) AS b ON a.i = b.k")]
    [InlineData("SELECT sum(k) OVER (ORDER BY k), t FROM (SELECT mark(i) AS k, 'text ' || i AS t FROM generate_series(1, 200000) AS g(i)) AS s")]
    public void Memory_really_in_use_follows_the_budget(string sql)
    {
        const long budget = 1 << 20;
        long start = 0;
        long most = 0;
        int calls = 0;
        BareMetalFunctions functions = new();
        functions.AddScalar<int, int>("mark", i =>
        {
            // Live objects only: what is garbage by then was not held.
            if (++calls % 10000 == 0)
                most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - start);
            return i;
        });
        string folder = Directory.CreateTempSubdirectory("budget").FullName;
        using Folder cleaner = new(folder);
        using TestDatabase database = new(new BareMetal.Data.Storage.LocalStorageProvider(folder));
        using Session session = database.Database.CreateSession(new SessionOptions { Functions = functions.Registry, WorkMemory = budget, MaxParallelism = 1 });
        InterruptTests.Read(session, sql.Replace("200000", "100", StringComparison.Ordinal).Replace("400000", "200", StringComparison.Ordinal), CancellationToken.None);
        start = GC.GetTotalMemory(forceFullCollection: true);
        most = 0;
        calls = 0;
        InterruptTests.Read(session, sql, CancellationToken.None);

        // Columns grow by doubling, so that they may have twice the room that their rows take, and for a moment three times.
        long allowed = (3 * budget) + SpillTests.Allowance(budget, 2) + (1L << 20);
        Assert.True(calls >= 200000, $"only {calls} rows were computed");
        Assert.True(most <= allowed, $"{most / 1024} KiB were alive with a budget of {budget / 1024} KiB; {allowed / 1024} KiB are allowed");
    }

    private sealed class Folder(string path) : IDisposable
    {
        public void Dispose() => Directory.Delete(path, recursive: true);
    }
}
