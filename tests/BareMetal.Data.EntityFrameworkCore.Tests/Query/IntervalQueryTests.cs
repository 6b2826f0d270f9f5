using Microsoft.EntityFrameworkCore;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Query;

/// <summary>Intervals as properties: stored, ordered, added to moments and multiplied in queries as in code.</summary>
public sealed class IntervalQueryTests
{
    [Fact]
    public async Task Intervals_are_kept_compared_added_and_aggregated_in_the_database()
    {
        await using PlanContext context = new();
        await context.Database.EnsureCreatedAsync();
        Plan[] plans =
        [
            new() { Id = 1, Start = new DateTime(2024, 1, 31, 8, 0, 0), Every = BareMetalInterval.Parse("1 mon") },
            new() { Id = 2, Start = new DateTime(2024, 1, 31, 8, 0, 0), Every = BareMetalInterval.Parse("30 days"), Grace = BareMetalInterval.Parse("-2 days 06:00") },
            new() { Id = 3, Start = new DateTime(2023, 12, 31), Every = BareMetalInterval.Parse("1 year 3 days 12:00"), Grace = BareMetalInterval.Parse("1 hour") },
        ];
        context.AddRange(plans);
        await context.SaveChangesAsync();
        context.ChangeTracker.Clear();

        Plan read = await context.Plans.SingleAsync(p => p.Every == new BareMetalInterval(12, 3, TimeSpan.TicksPerHour * 12));
        Assert.Equal(plans[2].Every, read.Every);
        Assert.Equal(plans[2].Grace, read.Grace);

        Assert.Equal(
            plans.Select(p => p.Start + p.Every).Order(),
            await context.Plans.Select(p => p.Start + p.Every).OrderBy(d => d).ToListAsync());
        Assert.Equal(
            plans.Where(p => p.Grace != null).Select(p => p.Start - p.Grace!.Value),
            await context.Plans.Where(p => p.Grace != null).OrderBy(p => p.Id).Select(p => p.Start - p.Grace!.Value).ToListAsync());
        Assert.Equal([3, 2], await context.Plans.Where(p => p.Start + p.Every * 2.0 > new DateTime(2024, 3, 31, 9, 0, 0) || p.Id == 2).OrderByDescending(p => p.Every).Select(p => p.Id).ToListAsync());
        Assert.Equal(plans[2].Every, await context.Plans.MaxAsync(p => p.Every));

        // As lengths a month and 30 days are one group.
        Assert.Equal([2, 1], await context.Plans.GroupBy(p => p.Every).OrderBy(g => g.Key).Select(g => g.Count()).ToListAsync());
    }

    private sealed class Plan
    {
        public int Id { get; set; }

        public DateTime Start { get; set; }

        public BareMetalInterval Every { get; set; }

        public BareMetalInterval? Grace { get; set; }
    }

    private sealed class PlanContext : DbContext
    {
        private readonly BareMetalDataSource _source = BareMetalDataSource.Create("Data Source=:memory:");

        public DbSet<Plan> Plans => Set<Plan>();

        protected override void OnConfiguring(DbContextOptionsBuilder options) => options.UseBareMetal(_source);

        protected override void OnModelCreating(ModelBuilder model)
        {
            model.Entity<Plan>().Property(p => p.Id).ValueGeneratedNever();
        }

        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync();
            await _source.DisposeAsync();
        }
    }
}
