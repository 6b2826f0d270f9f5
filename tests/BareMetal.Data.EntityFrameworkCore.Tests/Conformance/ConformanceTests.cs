using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Query;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Conformance;

/// <summary>
/// Generated LINQ queries give on the database what they give on objects, in values, order and tracking.
/// BAREMETAL_SEED begins elsewhere, BAREMETAL_QUERIES says how many.
/// </summary>
public sealed class ConformanceTests(WorksFixture fixture, ITestOutputHelper output) : IClassFixture<WorksFixture>
{
    [Fact]
    public void Generated_queries_agree_with_objects()
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        int seed = Number("BAREMETAL_SEED", 1);
        int count = Number("BAREMETAL_QUERIES", 1500);
        SqlShapes shapes = new();
        DbContextOptions<WorksContext> options = fixture.Options().AddInterceptors(shapes).Options;
        List<string> wrong = [];
        int refused = 0;
        for (int i = seed; i < seed + count; i++)
        {
            using WorksContext context = new(options);
            string? problem = ConformanceRun.Check(i, fixture.Objects, context, shapes);
            if (problem == ConformanceRun.NotEFCore)
                refused++;
            else if (problem is not null)
                wrong.Add($"seed {i}: {problem}");
        }

        output.WriteLine($"{count} queries from seed {seed}, {shapes.Commands} commands, {shapes.Distinct.Count} distinct forms of SQL, {refused} refused by EF Core, {wrong.Count} wrong.");
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {count} differ.\n" + string.Join("\n\n", wrong.Take(Number("BAREMETAL_SHOW", 5))));
        Assert.True(refused * 200 <= count, $"{refused} of {count} were refused");
        Assert.True(count < 1500 || shapes.Distinct.Count >= 1000, $"only {shapes.Distinct.Count} distinct forms of SQL");
    }

    /// <summary>Each fault is one that a translator could have; the comparison has to see it.</summary>
    [Theory]
    [MemberData(nameof(Faults))]
    public void A_fault_in_the_translation_is_seen(string fault)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        // Services of its own, so that no query made with another fault is taken from a cache.
        DbContextOptions<WorksContext> options = fixture.Options()
            .EnableServiceProviderCaching(false)
            .ReplaceService<IRelationalParameterBasedSqlProcessorFactory, FaultyProcessorFactory>()
            .Options;
        FaultyProcessorFactory.Fault.Value = fault;
        using WorksContext context = new(options);
        int tried = 0;
        for (int seed = 1; seed <= 1500; seed++)
        {
            tried++;
            context.ChangeTracker.Clear();
            if (ConformanceRun.Check(seed, fixture.Objects, context) is { } problem && problem != ConformanceRun.NotEFCore)
            {
                output.WriteLine($"{fault}: seen after {tried} queries");
                return;
            }
        }

        Assert.Fail($"\"{fault}\" was not seen by 1,500 queries.");
    }

    [Fact]
    public void Without_a_fault_nothing_is_seen()
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        FaultyProcessorFactory.Fault.Value = FaultyProcessorFactory.None;
        using WorksContext context = new(fixture.Options()
            .EnableServiceProviderCaching(false)
            .ReplaceService<IRelationalParameterBasedSqlProcessorFactory, FaultyProcessorFactory>()
            .Options);
        for (int seed = 1; seed <= 100; seed++)
        {
            context.ChangeTracker.Clear();
            Assert.Null(ConformanceRun.Check(seed, fixture.Objects, context));
        }
    }

    public static TheoryData<string> Faults() => [.. FaultyProcessorFactory.Names];

    private static int Number(string variable, int otherwise)
        => int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out int value) ? value : otherwise;
}
