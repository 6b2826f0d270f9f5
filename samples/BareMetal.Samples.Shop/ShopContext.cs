using Microsoft.EntityFrameworkCore;

namespace BareMetal.Samples.Shop;

public sealed class ShopContext(string? path = null) : DbContext
{
    /// <summary>The database file: the argument, else the SHOP_DATABASE variable, else shop.bmdb in the temporary folder.</summary>
    public string Path { get; } = path ?? Environment.GetEnvironmentVariable("SHOP_DATABASE") ?? System.IO.Path.Combine(System.IO.Path.GetTempPath(), "shop.bmdb");

    public ShopContext()
        : this(null)
    {
    }

    public DbSet<Currency> Currencies => Set<Currency>();

    public DbSet<Country> Countries => Set<Country>();

    public DbSet<Unit> Units => Set<Unit>();

    public DbSet<Category> Categories => Set<Category>();

    public DbSet<Product> Products => Set<Product>();

    public DbSet<Stock> Stocks => Set<Stock>();

    public DbSet<Customer> Customers => Set<Customer>();

    public DbSet<Order> Orders => Set<Order>();

    public DbSet<OrderLine> OrderLines => Set<OrderLine>();

    protected override void OnConfiguring(DbContextOptionsBuilder options) => options.UseBareMetal($"Data Source={Path}");

    protected override void OnModelCreating(ModelBuilder model)
    {
        model.Entity<Currency>(e =>
        {
            e.HasKey(c => c.Code);
            e.Property(c => c.Code).HasMaxLength(3);
        });
        model.Entity<Country>(e =>
        {
            e.HasKey(c => c.Code);
            e.Property(c => c.Code).HasMaxLength(2);
            e.HasOne(c => c.Currency).WithMany().HasForeignKey(c => c.CurrencyCode);
            e.HasIndex(c => c.Name).IsUnique();
        });
        model.Entity<Unit>().HasKey(u => u.Code);
        model.Entity<Category>(e =>
        {
            e.HasIndex(c => c.Name).IsUnique();
            e.HasOne(c => c.Parent).WithMany().HasForeignKey(c => c.ParentId);
        });
        model.Entity<Product>(e =>
        {
            e.HasIndex(p => p.Sku).IsUnique();
            e.HasIndex(p => new { p.CategoryId, p.Price }).IsDescending(false, true);
            e.HasOne(p => p.Unit).WithMany().HasForeignKey(p => p.UnitCode);
            e.HasOne(p => p.Stock).WithOne().HasForeignKey<Stock>(s => s.ProductId);
            e.ToTable(t => t.HasCheckConstraint("CK_Products_Price", "\"Price\" >= 0"));
        });
        model.Entity<Stock>(e =>
        {
            e.HasKey(s => s.ProductId);
            e.Property(s => s.Version).IsConcurrencyToken();
        });
        model.Entity<Customer>(e =>
        {
            e.ComplexProperty(c => c.Address);
            e.HasIndex(c => c.Email).IsUnique();
            e.HasIndex(c => new { c.CountryCode, c.Name });
            e.HasOne(c => c.Country).WithMany().HasForeignKey(c => c.CountryCode);
        });
        model.Entity<Order>(e =>
        {
            e.HasIndex(o => o.PlacedAt);
            e.HasIndex(o => new { o.CustomerId, o.PlacedAt });
            e.HasIndex(o => o.Status).HasFilter("\"Status\" = 0");
        });
        model.Entity<OrderLine>(e =>
        {
            e.HasKey(l => new { l.OrderId, l.Number });
            e.HasOne(l => l.Order).WithMany(o => o.Lines).HasForeignKey(l => l.OrderId);
            e.HasOne(l => l.Product).WithMany().HasForeignKey(l => l.ProductId).OnDelete(DeleteBehavior.Restrict);
        });
    }
}
