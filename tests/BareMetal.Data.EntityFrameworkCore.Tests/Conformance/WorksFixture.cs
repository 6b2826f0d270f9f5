using Microsoft.EntityFrameworkCore;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Conformance;

/// <summary>The works as tables and as objects.</summary>
public sealed class WorksFixture : IDisposable
{
    public WorksFixture()
    {
        using WorksContext context = new(Options().Options);
        context.Database.EnsureCreated();
        Works works = Works.Create();
        context.AddRange(works.Parties);
        context.AddRange(works.Projects);
        context.AddRange(works.Labels);
        context.SaveChanges();
    }

    public BareMetalDataSource Source { get; } = BareMetalDataSource.Create("Data Source=:memory:");

    public Works Objects { get; } = Works.Create();

    public DbContextOptionsBuilder<WorksContext> Options() => new DbContextOptionsBuilder<WorksContext>().UseBareMetal(Source);

    public void Dispose() => Source.Dispose();
}
