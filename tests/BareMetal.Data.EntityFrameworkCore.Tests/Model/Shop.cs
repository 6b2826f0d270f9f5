namespace BareMetal.Data.EntityFrameworkCore.Tests.Model;

public enum OrderState
{
    Open,
    Paid,
    Shipped,
}

public sealed class Customer
{
    public int Id { get; set; }

    public string Name { get; set; } = "";

    public string? City { get; set; }

    public DateTime Since { get; set; }

    public bool IsActive { get; set; }

    public List<string> Tags { get; set; } = [];

    public int[] Numbers { get; set; } = [];

    public Address Address { get; set; } = new();

    public List<Phone> Phones { get; set; } = [];

    public List<Order> Orders { get; set; } = [];
}

public sealed class Address
{
    public string Street { get; set; } = "";

    public string? Zip { get; set; }

    public Position Position { get; set; } = new();
}

public sealed class Position
{
    public double Latitude { get; set; }

    public double Longitude { get; set; }
}

public sealed class Phone
{
    public string Number { get; set; } = "";

    public int Kind { get; set; }
}

public sealed class Order
{
    public int Id { get; set; }

    public int CustomerId { get; set; }

    public Customer Customer { get; set; } = null!;

    public DateTime Placed { get; set; }

    public DateTimeOffset Confirmed { get; set; }

    public DateOnly Due { get; set; }

    public TimeOnly Slot { get; set; }

    public TimeSpan Handling { get; set; }

    public decimal Total { get; set; }

    public double Weight { get; set; }

    public float Volume { get; set; }

    public int? Rating { get; set; }

    public string? Note { get; set; }

    public OrderState State { get; set; }

    public Guid Key { get; set; }

    public byte[] Hash { get; set; } = [];

    public long Big { get; set; }

    public byte Small { get; set; }

    public List<Line> Lines { get; set; } = [];
}

public sealed class Line
{
    public int OrderId { get; set; }

    public int No { get; set; }

    public string Sku { get; set; } = "";

    public int Quantity { get; set; }

    public decimal Price { get; set; }

    public Order Order { get; set; } = null!;
}

/// <summary>The same data as objects and as tables.</summary>
public static class ShopData
{
    public static List<Customer> Create()
    {
        string?[] cities = ["Rome", "Paris", null, "Łódź", "Oslo", "rome"];
        string[] names = ["Anna", "Bob", "Carla", "dora", "Émile", "Frank", "Änne", "O'Neil", "100%", "a_b"];
        string?[] notes = ["call first", null, "", "  spaces  ", "fragile", "FRAGILE"];
        var customers = new List<Customer>();
        var orderId = 0;
        for (var c = 1; c <= 12; c++)
        {
            var customer = new Customer
            {
                Id = c,
                Name = names[c % names.Length] + (c > 10 ? " " + c : ""),
                City = cities[c % cities.Length],
                Since = new DateTime(2015, 1, 31).AddMonths(c * 3).AddHours(c),
                IsActive = c % 3 != 0,
                Tags = c % 4 == 0 ? [] : [.. new[] { "vip", "new", "old" }.Take(c % 4)],
                Numbers = [.. Enumerable.Range(1, c % 5).Select(i => i * c)],
                Address = new Address
                {
                    Street = $"Street {c}",
                    Zip = c % 2 == 0 ? null : (10000 + c).ToString(),
                    Position = new Position { Latitude = c * 1.5, Longitude = -c / 4.0 },
                },
                Phones = [.. Enumerable.Range(1, c % 3).Select(i => new Phone { Number = $"+{c}-{i}", Kind = i })],
            };
            for (var o = 0; o < c % 5 + (c == 7 ? 0 : 1); o++)
            {
                orderId++;
                var order = new Order
                {
                    Id = orderId,
                    CustomerId = c,
                    Customer = customer,
                    Placed = new DateTime(2023, 1, 1, 8, 30, 15).AddDays(orderId * 17).AddTicks(orderId),
                    Confirmed = new DateTimeOffset(2023, 5, 1, 23, 0, 0, TimeSpan.FromHours(orderId % 5 - 2)).AddMinutes(orderId * 7),
                    Due = new DateOnly(2024, 2, 28).AddDays(orderId),
                    Slot = new TimeOnly(orderId % 24, 15, 30),
                    Handling = TimeSpan.FromMinutes(orderId * 37.5),
                    Total = orderId * 10.25m - (orderId % 7 == 0 ? 200 : 0),
                    Weight = orderId / 3.0,
                    Volume = orderId / 8f,
                    Rating = orderId % 4 == 0 ? null : orderId % 5,
                    Note = notes[orderId % notes.Length],
                    State = (OrderState)(orderId % 3),
                    Key = new Guid(orderId, (short)c, 3, [1, 2, 3, 4, 5, 6, 7, (byte)orderId]),
                    Hash = [(byte)orderId, (byte)c, 7],
                    Big = orderId * 10_000_000_000L,
                    Small = (byte)(orderId * 5),
                };
                for (var l = 1; l <= orderId % 4; l++)
                {
                    order.Lines.Add(
                        new Line
                        {
                            OrderId = orderId, No = l, Sku = $"SKU{(orderId + l) % 6}", Quantity = l * 2, Price = 1.1m * orderId, Order = order,
                        });
                }

                customer.Orders.Add(order);
            }

            customers.Add(customer);
        }

        return customers;
    }
}
