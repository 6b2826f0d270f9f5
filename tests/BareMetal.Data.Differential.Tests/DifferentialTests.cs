using System.Diagnostics;
using System.Globalization;
using BareMetal.Data.Differential.Compare;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Differential.Tests;

[Collection("PostgreSQL")]
public sealed class DifferentialTests(PostgresFixture server, ITestOutputHelper output)
{
    private static int FromEnvironment(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.Integer, CultureInfo.InvariantCulture, out int value) ? value : otherwise;

    /// <summary>BAREMETAL_SEED and BAREMETAL_COMPARISONS choose another run.</summary>
    [PostgresFact]
    public void Random_statements_give_what_PostgreSQL_gives()
    {
        ulong seed = (ulong)FromEnvironment("BAREMETAL_SEED", 1);
        int count = FromEnvironment("BAREMETAL_COMPARISONS", 4000);
        StringWriter log = new();
        Campaign campaign = new(log) { MaxShrunk = 3 };
        Stopwatch time = Stopwatch.StartNew();
        using (Arena arena = new(server.ConnectionString, "tests"))
        {
            for (ulong s = seed; campaign.Comparisons < count && time.Elapsed.TotalSeconds < 25; s++)
                campaign.Round(arena, s);
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"BAREMETAL_SEED={seed}: {campaign.Comparisons} comparisons in {campaign.Rounds} rounds, {campaign.Errors} of them errors, {campaign.SetAside} set aside"));
        output.WriteLine(log.ToString());
        Assert.True(campaign.Findings.Count == 0, log.ToString());
        Assert.True(campaign.Comparisons > 100);
    }
}
