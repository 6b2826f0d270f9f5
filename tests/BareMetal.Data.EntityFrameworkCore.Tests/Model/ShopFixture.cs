using Microsoft.EntityFrameworkCore;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Model;

/// <summary>A database in memory with the shop's data, and the same data as objects.</summary>
public sealed class ShopFixture : IDisposable
{
    public ShopFixture()
    {
        Source = BareMetalDataSource.Create("Data Source=:memory:");
        Options = new DbContextOptionsBuilder<ShopContext>().UseBareMetal(Source).Options;
        using var context = CreateContext();
        context.Database.EnsureCreated();
        context.AddRange(ShopData.Create());
        context.SaveChanges();
    }

    public BareMetalDataSource Source { get; }

    public DbContextOptions<ShopContext> Options { get; }

    public List<Customer> Objects { get; } = ShopData.Create();

    public ShopContext CreateContext()
        => new(Options);

    public void Dispose()
        => Source.Dispose();
}
