using BareMetal.Data.Benchmarks.Peers;
using Microsoft.EntityFrameworkCore;

namespace BareMetal.Data.Benchmarks;

/// <summary>The one model that every peer is measured with.</summary>
public sealed class BenchContext(Peer peer) : DbContext
{
    /// <summary>Customers.</summary>
    public DbSet<Customer> Customers => Set<Customer>();

    /// <summary>Orders.</summary>
    public DbSet<Order> Orders => Set<Order>();

    /// <summary>Rows that the write benchmarks add.</summary>
    public DbSet<Entry> Entries => Set<Entry>();

    /// <inheritdoc/>
    protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder) => peer.Configure(optionsBuilder);

    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Order>(e =>
        {
            e.HasIndex(o => o.PlacedAt);
            e.HasIndex(o => o.CustomerId);
            e.Property(o => o.Id).ValueGeneratedNever();
        });
        modelBuilder.Entity<Customer>().Property(c => c.Id).ValueGeneratedNever();
    }
}

/// <summary>A customer.</summary>
public sealed class Customer
{
    /// <summary>Key.</summary>
    public int Id { get; set; }

    /// <summary>Name.</summary>
    public string Name { get; set; } = "";

    /// <summary>City.</summary>
    public string City { get; set; } = "";

    /// <summary>Orders.</summary>
    public List<Order> Orders { get; } = [];
}

/// <summary>An order: ten columns of the types that applications use.</summary>
public sealed class Order
{
    /// <summary>Key.</summary>
    public int Id { get; set; }

    /// <summary>Customer's key.</summary>
    public int CustomerId { get; set; }

    /// <summary>Customer.</summary>
    public Customer Customer { get; set; } = null!;

    /// <summary>When.</summary>
    public DateTime PlacedAt { get; set; }

    /// <summary>Money.</summary>
    public decimal Total { get; set; }

    /// <summary>A small number.</summary>
    public int Quantity { get; set; }

    /// <summary>A number.</summary>
    public double Weight { get; set; }

    /// <summary>A flag.</summary>
    public bool Paid { get; set; }

    /// <summary>An identifier.</summary>
    public Guid Token { get; set; }

    /// <summary>Text.</summary>
    public string Reference { get; set; } = "";

    /// <summary>Text that may be missing.</summary>
    public string? Note { get; set; }
}

/// <summary>A row that write benchmarks add.</summary>
public sealed class Entry
{
    /// <summary>Generated key.</summary>
    public int Id { get; set; }

    /// <summary>Text.</summary>
    public string Text { get; set; } = "";

    /// <summary>Money.</summary>
    public decimal Amount { get; set; }

    /// <summary>When.</summary>
    public DateTime At { get; set; }
}
