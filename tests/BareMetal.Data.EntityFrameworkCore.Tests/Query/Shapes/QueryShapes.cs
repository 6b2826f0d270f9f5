using System.Collections;
using System.Linq.Expressions;
using BareMetal.Data.EntityFrameworkCore.Tests.Model;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Query.Shapes;

/// <summary>Composes queries at random from conditions, steps and endings, so that few of them are alike.</summary>
/// <remarks>What takes a part of the rows orders them by key first, so that a query has one answer.</remarks>
internal sealed class QueryShapes(int seed)
{
    private static readonly DateTime Day = new(2023, 6, 1);
    private static readonly List<int> Ids = [1, 3, 5, 8, 13, 21];

    private readonly Random _random = new(seed);

    /// <summary>A query and how to print which one it is.</summary>
    /// <param name="Name">The numbers of its parts.</param>
    /// <param name="Run">Runs it over tables or objects.</param>
    /// <param name="IsOrdered">Whether the order of its rows is defined.</param>
    public sealed record Shape(string Name, Func<LinqAgainstObjectsTests.Shop, IEnumerable> Run, bool IsOrdered);

    private delegate IQueryable<Order> Step(LinqAgainstObjectsTests.Shop shop, IQueryable<Order> orders, int number, Condition condition);

    private delegate Expression<Func<Order, bool>> Condition(LinqAgainstObjectsTests.Shop shop);

    public Shape Next()
    {
        var first = _random.Next(Conditions.Length);
        var steps = new (int Step, int Condition, int Number)[_random.Next(4)];
        for (var i = 0; i < steps.Length; i++)
        {
            // Joining the orders of a customer to themselves multiplies the rows; once is enough.
            var step = _random.Next(steps[..i].Any(s => s.Step >= Steps.Length - 2) ? Steps.Length - 2 : Steps.Length);
            steps[i] = (step, _random.Next(Conditions.Length), _random.Next(1, 9));
        }

        var ending = _random.Next(QueryEndings.All.Length);

        // EF Core gives lists to rows that it can tell apart, which a set operation may not promise.
        if (steps.Any(s => s.Step is >= FirstSetOperation and <= LastSetOperation))
        {
            while (QueryEndings.All[ending].HasLists)
                ending = _random.Next(QueryEndings.All.Length);
        }

        var filtered = _random.Next(4) > 0;
        var name = $"{(filtered ? first : -1)} [{string.Join(", ", steps.Select(s => $"{s.Step}/{s.Condition}/{s.Number}"))}] {ending}";
        return new Shape(
            name,
            shop =>
            {
                var orders = shop.Orders;
                if (filtered)
                    orders = orders.Where(Conditions[first](shop));
                foreach (var (step, condition, number) in steps)
                    orders = Steps[step](shop, orders, number, Conditions[condition]);
                return QueryEndings.All[ending].Run(shop, orders);
            },
            QueryEndings.All[ending].IsOrdered);
    }

    private const int FirstSetOperation = 5;
    private const int LastSetOperation = 8;

    // The last two multiply rows.
    private static readonly Step[] Steps =
    [
        (s, q, n, c) => q.Where(c(s)),
        (s, q, n, c) => q.OrderBy(o => o.Total).ThenBy(o => o.Id).Take(n),
        (s, q, n, c) => q.OrderByDescending(o => o.Id).Skip(n),
        (s, q, n, c) => q.Where(c(s)).OrderBy(o => o.Placed).ThenBy(o => o.Id).Skip(n).Take(n + 3),
        (s, q, n, c) => q.Distinct(),
        (s, q, n, c) => q.Union(s.Orders.Where(c(s))),
        (s, q, n, c) => q.Concat(s.Orders.Where(c(s))),
        (s, q, n, c) => q.Intersect(s.Orders.Where(c(s))),
        (s, q, n, c) => q.Except(s.Orders.Where(c(s))),
        (s, q, n, c) => q.Where(o => s.Orders.Where(c(s)).Select(x => x.CustomerId).Contains(o.CustomerId)),
        (s, q, n, c) => q.Where(o => !s.Orders.Where(c(s)).Select(x => x.Id + n).Contains(o.Id)),
        (s, q, n, c) => q.Where(o => s.Orders.Where(c(s)).Any(x => x.State == o.State && x.Id > o.Id + n)),
        (s, q, n, c) => q.Where(o => o.Total > s.Orders.Where(c(s)).Select(x => x.Total).DefaultIfEmpty().Min() + n),
        (s, q, n, c) => q.Join(s.Customers.Where(x => x.Id > n), o => o.CustomerId, x => x.Id, (o, x) => o),
        (s, q, n, c) => q.Where(o => o.Customer.Orders.Count(x => x.Id > n) > 1),
        (s, q, n, c) => q.SelectMany(o => o.Customer.Orders.Where(x => x.Id != o.Id)),
        (s, q, n, c) => q.Join(s.Orders.Where(c(s)), o => o.CustomerId, x => x.CustomerId, (o, x) => x),
    ];

    private static readonly Condition[] Conditions =
    [
        _ => o => o.Id % 2 == 0,
        _ => o => o.Total > 100,
        _ => o => o.Total < 0 || o.Total > 250,
        _ => o => o.Rating == null,
        _ => o => o.Rating != null && o.Rating > 1,
        _ => o => o.Rating == 3 || o.Rating == 1,
        _ => o => o.Rating != 2,
        _ => o => o.Note == null,
        _ => o => o.Note != null && o.Note.Length > 4,
        _ => o => o.Note != null && o.Note.Contains("a"),
        _ => o => (o.Note ?? "none").StartsWith("f"),
        _ => o => o.Note != "fragile",
        _ => o => (o.Note ?? "").ToUpper() == "FRAGILE" || o.Id > 20,
        _ => o => o.State == OrderState.Paid,
        _ => o => o.State != OrderState.Open,
        _ => o => o.Placed > Day,
        _ => o => o.Placed.Month < 7 && o.Placed.Day > 5,
        _ => o => o.Placed.AddDays(10) > Day,
        _ => o => o.Placed.DayOfWeek != DayOfWeek.Sunday,
        _ => o => o.Due.DayOfYear > 70 && o.Due.Month < 12,
        _ => o => o.Confirmed.Hour > 11,
        _ => o => o.Slot > new TimeOnly(12, 0),
        _ => o => o.Handling > TimeSpan.FromHours(2),
        _ => o => o.Weight * 2 > 3.5,
        _ => o => o.Volume <= 2f,
        _ => o => o.Big / 10_000_000_000 > 5,
        _ => o => o.Small > 60,
        _ => o => o.Hash.Length == 3 && o.Hash[0] > 5,
        _ => o => o.Customer.IsActive,
        _ => o => !o.Customer.IsActive || o.Id < 10,
        _ => o => o.Customer.City == null,
        _ => o => o.Customer.City == "Rome" || o.Customer.City == "Oslo",
        _ => o => o.Customer.City != "Paris",
        _ => o => o.Customer.Tags.Contains("vip"),
        _ => o => o.Customer.Numbers.Length > 2,
        _ => o => o.Customer.Numbers.Any(n => n > 12),
        _ => o => o.Customer.Address.Position.Latitude > 7,
        _ => o => o.Customer.Address.Zip != null,
        _ => o => o.Customer.Phones.Any(p => p.Kind == 2),
        _ => o => o.Customer.Phones.Count == 1,
        _ => o => o.Lines.Any(),
        _ => o => o.Lines.Any(l => l.Quantity > 4),
        _ => o => o.Lines.All(l => l.Price > 12),
        _ => o => o.Lines.Count(l => l.Sku == "SKU1") > 0,
        _ => o => o.Lines.Sum(l => l.Quantity) > 6,
        _ => o => o.Lines.Max(l => (int?)l.Quantity) == 4,
        _ => o => o.Lines.Where(l => l.No > 1).Select(l => l.Sku).Contains("SKU3"),
        _ => o => Ids.Contains(o.Id),
        _ => o => !Ids.Contains(o.CustomerId),
        s => o => s.Customers.Where(c => c.Id > 6).Select(c => c.Id).Contains(o.CustomerId),
        s => o => s.Orders.Any(x => x.Id == o.Id + 1 && x.State == o.State + 1),
        s => o => o.Total > s.Orders.Where(x => x.CustomerId == o.CustomerId).Average(x => x.Total),
        s => o => s.Lines.Count(l => l.OrderId == o.Id) == 2,
        s => o => s.Orders.Where(x => x.Rating == o.Rating).Max(x => x.Id) == o.Id,
        _ => o => o.Customer.Orders.OrderBy(x => x.Id).Select(x => x.Id).FirstOrDefault() == o.Id,
        _ => o => Math.Abs(o.Total) < 150,
        _ => o => (o.Id & 4) != 0,
        _ => o => (o.Id ^ 3) > 7,
        _ => o => o.Rating.HasValue == o.Customer.IsActive,
        _ => o => (o.Rating ?? 0) + o.Id > 10,
        _ => o => o.Total >= o.Id * 9,
        _ => o => (o.Id > 12 ? o.Rating : o.Id % 5) == 2,
        _ => o => o.CustomerId == (o.Rating ?? 4),
    ];
}
