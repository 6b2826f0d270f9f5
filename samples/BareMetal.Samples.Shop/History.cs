namespace BareMetal.Samples.Shop;

/// <summary>Makes up products, customers and orders from a seed: the same seed gives the same shop.</summary>
internal sealed class History(int seed)
{
    private static readonly string[] Roots = ["Garden", "Workshop", "Kitchen", "Office", "Outdoor"];
    private static readonly string[] Nouns = ["Lamp", "Saw", "Kettle", "Chair", "Tent", "Rope", "Knife", "Shelf", "Brush", "Pump"];
    private static readonly string[] Adjectives = ["Small", "Large", "Light", "Heavy", "Folding", "Steel", "Oak", "Blue"];
    private static readonly string[] Given = ["Ada", "Alan", "Barbara", "Donald", "Edgar", "Frances", "Grace", "Jim", "Ken", "Leslie"];
    private static readonly string[] Family = ["Bachman", "Codd", "Gray", "Hopper", "Lamport", "Liskov", "Reuter", "Stonebraker", "Turing", "Weikum"];

    private readonly Random _random = new(seed);

    public List<Category> Categories()
    {
        List<Category> all = [];
        foreach (string root in Roots)
        {
            Category parent = new() { Name = root };
            all.Add(parent);
            foreach (string noun in Nouns)
                all.Add(new Category { Name = $"{root} {noun}s", Parent = parent });
        }

        return all;
    }

    public List<Product> Products(IReadOnlyList<Category> categories)
    {
        List<Product> products = [];
        foreach (Category category in categories.Where(c => c.Parent is not null))
        {
            foreach (string adjective in Adjectives)
            {
                int number = products.Count + 1;
                products.Add(new Product
                {
                    Sku = $"{category.Name[..2].ToUpperInvariant()}-{number:00000}",
                    Name = $"{adjective} {category.Name[..^1]}",
                    Price = Math.Round(_random.Next(100, 25_000) / 100m, 2),
                    WeightKg = Math.Round(_random.NextDouble() * 20, 3),
                    IsActive = _random.Next(20) != 0,
                    Category = category,
                    UnitCode = "PCE",
                    Tags = _random.Next(3) == 0 ? ["sale", adjective.ToLowerInvariant()] : [adjective.ToLowerInvariant()],
                    Stock = new Stock { OnHand = _random.Next(0, 500), CountedAt = new DateTimeOffset(2025, 1, 1, 8, 0, 0, TimeSpan.FromHours(1)) },
                });
            }
        }

        return products;
    }

    public List<Customer> Customers(int count, IReadOnlyList<Country> countries)
    {
        List<Customer> customers = [];
        for (int i = 1; i <= count; i++)
        {
            string given = Given[_random.Next(Given.Length)], family = Family[_random.Next(Family.Length)];
            customers.Add(new Customer
            {
                Id = Guid.CreateVersion7(new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMinutes(i)),
                Name = $"{given} {family}",
                Email = $"{given}.{family}.{i}@example.com".ToLowerInvariant(),
                Since = new DateOnly(2020, 1, 1).AddDays(_random.Next(2000)),
                CountryCode = countries[_random.Next(countries.Count)].Code,
                Address = new Address { Street = $"{_random.Next(1, 200)} Main Street", City = $"City {_random.Next(1, 90)}", PostalCode = $"{_random.Next(10000, 99999)}" },
            });
        }

        return customers;
    }

    /// <summary>Orders one after another in time, until they have the asked-for number of lines together.</summary>
    public IEnumerable<Order> Orders(int lines, IReadOnlyList<Guid> customers, IReadOnlyList<(int Id, decimal Price)> products)
    {
        DateTime at = new(2024, 1, 1, 6, 0, 0);
        while (lines > 0)
        {
            at = at.AddMinutes(_random.Next(1, 40));
            Order order = new()
            {
                CustomerId = customers[_random.Next(customers.Count)],
                PlacedAt = at,
                Status = _random.Next(20) switch { 0 => OrderStatus.New, 1 => OrderStatus.Cancelled, < 8 => OrderStatus.Paid, _ => OrderStatus.Shipped },
                Handling = _random.Next(4) == 0 ? null : TimeSpan.FromMinutes(_random.Next(30, 5000)),
            };
            int count = Math.Min(_random.Next(1, 6), lines);
            for (int n = 1; n <= count; n++)
            {
                (int product, decimal price) = products[_random.Next(products.Count)];
                order.Lines.Add(new OrderLine { Number = n, ProductId = product, Quantity = _random.Next(1, 9), UnitPrice = price });
            }

            order.Total = order.Lines.Sum(l => l.Quantity * l.UnitPrice);
            lines -= count;
            yield return order;
        }
    }
}
