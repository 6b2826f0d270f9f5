using System.Diagnostics;
using System.Globalization;
using BareMetal.Samples.Shop;
using Microsoft.EntityFrameworkCore;

// A shop on one file: applies its migrations, imports reference data and two years of orders when they are not there yet,
// then asks a dozen questions from lookup to report. Running it again goes on with what is there.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
const int HistoryLines = 100_000;
Stopwatch total = Stopwatch.StartNew();

using (ShopContext db = new(args.FirstOrDefault()))
{
    Console.WriteLine($"Database: {db.Path}");
    Timed("Migrate", () => db.Database.Migrate());
    if (!db.Currencies.Any())
        Timed("Import reference data", () => ImportReferenceData(db));
    if (!db.Orders.Any())
        Timed($"Import {HistoryLines:N0} order lines", () => ImportHistory(db));
}

using (ShopContext db = new(args.FirstOrDefault()))
{
    db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.NoTracking;
    int lines = db.OrderLines.Count();
    Console.WriteLine($"{db.Currencies.Count()} currencies, {db.Countries.Count()} countries, {db.Units.Count()} units, {db.Products.Count()} products, {db.Customers.Count()} customers, {db.Orders.Count():N0} orders, {lines:N0} lines");
    Check("the history has its lines", lines == HistoryLines);
    Check("the totals of the orders are the sums of their lines", db.Orders.Sum(o => o.Total) == db.OrderLines.Sum(l => l.Quantity * l.UnitPrice));

    Question("1. A product by its number (unique index)", () =>
        db.Products.Where(p => p.Sku == "GA-00007").Select(p => $"{p.Sku}  {p.Name}  {p.Price:0.00}"));
    Question("2. The five newest orders", () =>
        db.Orders.OrderByDescending(o => o.PlacedAt).Take(5).Select(o => $"{o.Id,6}  {o.PlacedAt:yyyy-MM-dd HH:mm}  {o.Total,10:0.00}"));
    Question("3. One order with its lines and products (Include)", () =>
        db.Orders.Include(o => o.Lines).ThenInclude(l => l.Product).Where(o => o.Id == 100).AsEnumerable()
            .SelectMany(o => o.Lines.OrderBy(l => l.Number).Select(l => $"{l.Number}. {l.Quantity} × {l.Product.Name} at {l.UnitPrice:0.00}")));
    Question("4. Orders of a day (index range)", () =>
        db.Orders.Where(o => o.PlacedAt >= new DateTime(2024, 6, 1) && o.PlacedAt < new DateTime(2024, 6, 2)).GroupBy(o => o.Status)
            .OrderBy(g => g.Key).Select(g => $"{g.Key}: {g.Count()}"));
    Question("5. Turnover by continent", () =>
        db.Orders.Where(o => o.Status != OrderStatus.Cancelled).GroupBy(o => o.Customer.Country.Continent)
            .Select(g => new { g.Key, Orders = g.Count(), Sum = g.Sum(o => o.Total) }).OrderByDescending(x => x.Sum).AsEnumerable()
            .Select(x => $"{x.Key,-14} {x.Orders,7:N0} orders {x.Sum,16:N2}"));
    Question("6. Turnover by month of 2024", () =>
        db.Orders.Where(o => o.PlacedAt.Year == 2024).GroupBy(o => o.PlacedAt.Month)
            .Select(g => new { Month = g.Key, Sum = g.Sum(o => o.Total), Average = g.Average(o => o.Total) }).OrderBy(x => x.Month).AsEnumerable()
            .Select(x => $"{x.Month,2}  {x.Sum,14:N2}  {x.Average,8:N2}"));
    Question("7. Best sellers", () =>
        db.OrderLines.GroupBy(l => l.Product.Name).Select(g => new { g.Key, Pieces = g.Sum(l => l.Quantity) })
            .OrderByDescending(x => x.Pieces).ThenBy(x => x.Key).Take(5).AsEnumerable().Select(x => $"{x.Pieces,6}  {x.Key}"));
    Question("8. Customers whose last order is the largest they made (correlated)", () =>
        db.Customers.Where(c => c.Orders.OrderByDescending(o => o.PlacedAt).First().Total == c.Orders.Max(o => o.Total))
            .OrderBy(c => c.Email).Take(5).Select(c => c.Email));
    Question("9. The two largest orders of each of three customers (lateral)", () =>
        db.Customers.OrderBy(c => c.Email).Take(3).Select(c => new { c.Name, Top = c.Orders.OrderByDescending(o => o.Total).Take(2).Select(o => o.Total).ToList() })
            .AsEnumerable().Select(x => $"{x.Name}: {string.Join(", ", x.Top.Select(t => t.ToString("0.00")))}"));
    Question("10. Products on sale (collection in a column)", () =>
        db.Products.Where(p => p.Tags.Contains("sale") && p.IsActive).GroupBy(p => p.Category.Parent!.Name)
            .Select(g => new { g.Key, Count = g.Count() }).OrderBy(x => x.Key).AsEnumerable().Select(x => $"{x.Key}: {x.Count}"));
    Question("11. Categories that hold no product themselves (anti join)", () =>
        db.Categories.Where(c => !db.Products.Any(p => p.CategoryId == c.Id)).OrderBy(c => c.Name).Select(c => c.Name));
    Question("12. Slowest handling by status", () =>
        db.Orders.Where(o => o.Handling != null).GroupBy(o => o.Status).Select(g => new { g.Key, Max = g.Max(o => o.Handling) })
            .OrderBy(x => x.Key).AsEnumerable().Select(x => $"{x.Key}: {x.Max}"));

    Timed("13. Set-based update: reserve stock for open orders", () =>
    {
        using var transaction = db.Database.BeginTransaction();
        int changed = db.Stocks.Where(s => s.OnHand > 100).ExecuteUpdate(u => u.SetProperty(s => s.Reserved, s => s.OnHand / 10));
        Console.WriteLine($"    {changed} stocks changed, then rolled back");
        transaction.Rollback();
    });

    Console.WriteLine();
    Console.WriteLine("The plan of question 2:");
    using var connection = db.Database.GetDbConnection();
    connection.Open();
    using var explain = connection.CreateCommand();
    explain.CommandText = "EXPLAIN ANALYZE SELECT \"Id\", \"PlacedAt\", \"Total\" FROM \"Orders\" ORDER BY \"PlacedAt\" DESC LIMIT 5";
    using var plan = explain.ExecuteReader();
    while (plan.Read())
        Console.WriteLine("    " + plan.GetString(0));
}

Console.WriteLine($"Done in {total.Elapsed.TotalSeconds:0.0} s.");
return;

static void ImportReferenceData(ShopContext db)
{
    db.AddRange(ReferenceData.Currencies());
    db.AddRange(ReferenceData.Countries());
    db.AddRange(ReferenceData.Units());
    db.SaveChanges();
}

static void ImportHistory(ShopContext db)
{
    History history = new(seed: 20240101);
    List<Category> categories = history.Categories();
    List<Product> products = history.Products(categories);
    List<Customer> customers = history.Customers(2_000, [.. db.Countries.AsNoTracking().OrderBy(c => c.Code)]);
    db.AddRange(categories);
    db.AddRange(products);
    db.AddRange(customers);
    db.SaveChanges();

    // One transaction: a run that is interrupted starts over instead of ending with half a history.
    using var transaction = db.Database.BeginTransaction();
    var prices = products.Select(p => (p.Id, p.Price)).ToList();
    List<Guid> ids = [.. customers.Select(c => c.Id)];
    db.ChangeTracker.Clear();
    foreach (Order[] chunk in history.Orders(HistoryLines, ids, prices).Chunk(2_000))
    {
        db.AddRange(chunk.AsEnumerable());
        db.SaveChanges();
        db.ChangeTracker.Clear();
    }

    transaction.Commit();
}

static void Question(string title, Func<IEnumerable<string>> ask)
{
    Stopwatch watch = Stopwatch.StartNew();
    List<string> answers = [.. ask()];
    Console.WriteLine();
    Console.WriteLine($"{title}  [{watch.Elapsed.TotalMilliseconds:0.0} ms]");
    foreach (string answer in answers)
        Console.WriteLine("    " + answer);
    Check($"question {title.Split('.')[0]} has an answer", answers.Count > 0);
}

static void Timed(string what, Action action)
{
    Stopwatch watch = Stopwatch.StartNew();
    action();
    Console.WriteLine($"{what}: {watch.Elapsed.TotalMilliseconds:N0} ms");
}

static void Check(string what, bool holds)
{
    if (holds)
        return;
    Console.Error.WriteLine($"Wrong: {what} does not hold.");
    Environment.Exit(1);
}
