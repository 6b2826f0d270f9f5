using Microsoft.EntityFrameworkCore;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Model;

public sealed class ShopContext(DbContextOptions<ShopContext> options) : DbContext(options)
{
    public DbSet<Customer> Customers
        => Set<Customer>();

    public DbSet<Order> Orders
        => Set<Order>();

    public DbSet<Line> Lines
        => Set<Line>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Customer>(
            customer =>
            {
                customer.Property(c => c.Name).HasMaxLength(60);
                customer.HasIndex(c => c.Name);
                customer.OwnsOne(c => c.Address, address => address.ToJson().OwnsOne(a => a.Position));
                customer.OwnsMany(c => c.Phones, phone => phone.ToJson());
            });
        modelBuilder.Entity<Order>(
            order =>
            {
                order.Property(o => o.Total).HasPrecision(18, 2);
                order.HasIndex(o => o.Placed).IsDescending();
            });
        modelBuilder.Entity<Line>().HasKey(l => new { l.OrderId, l.No });
    }
}
