namespace BareMetal.Samples.Shop;

public sealed class Currency
{
    public required string Code { get; set; }
    public int Number { get; set; }
    public int Digits { get; set; }
    public required string Name { get; set; }
}

public sealed class Country
{
    public required string Code { get; set; }
    public int Number { get; set; }
    public required string Name { get; set; }
    public required string Continent { get; set; }
    public required string CurrencyCode { get; set; }
    public Currency Currency { get; set; } = null!;
}

public sealed class Unit
{
    public required string Code { get; set; }
    public required string Symbol { get; set; }
    public required string Quantity { get; set; }
    public decimal Factor { get; set; }
    public required string Name { get; set; }
}

public sealed class Category
{
    public int Id { get; set; }
    public required string Name { get; set; }
    public int? ParentId { get; set; }
    public Category? Parent { get; set; }
    public List<Product> Products { get; } = [];
}

public sealed class Product
{
    public int Id { get; set; }
    public required string Sku { get; set; }
    public required string Name { get; set; }
    public decimal Price { get; set; }
    public double WeightKg { get; set; }
    public bool IsActive { get; set; } = true;
    public int CategoryId { get; set; }
    public Category Category { get; set; } = null!;
    public required string UnitCode { get; set; }
    public Unit Unit { get; set; } = null!;
    public Stock? Stock { get; set; }
    public List<string> Tags { get; set; } = [];
}

public sealed class Stock
{
    public int ProductId { get; set; }
    public int OnHand { get; set; }
    public int Reserved { get; set; }
    public DateTimeOffset CountedAt { get; set; }
    public uint Version { get; set; }
}

public sealed class Address
{
    public required string Street { get; set; }
    public required string City { get; set; }
    public required string PostalCode { get; set; }
}

public sealed class Customer
{
    public Guid Id { get; set; }
    public required string Name { get; set; }
    public required string Email { get; set; }
    public DateOnly Since { get; set; }
    public required Address Address { get; set; }
    public required string CountryCode { get; set; }
    public Country Country { get; set; } = null!;
    public List<Order> Orders { get; } = [];
}

public enum OrderStatus
{
    New,
    Paid,
    Shipped,
    Cancelled,
}

public sealed class Order
{
    public int Id { get; set; }
    public Guid CustomerId { get; set; }
    public Customer Customer { get; set; } = null!;
    public DateTime PlacedAt { get; set; }
    public OrderStatus Status { get; set; }
    public TimeSpan? Handling { get; set; }
    public decimal Total { get; set; }
    public List<OrderLine> Lines { get; } = [];
}

public sealed class OrderLine
{
    public int OrderId { get; set; }
    public int Number { get; set; }
    public int ProductId { get; set; }
    public Product Product { get; set; } = null!;
    public int Quantity { get; set; }
    public decimal UnitPrice { get; set; }
    public Order Order { get; set; } = null!;
}
