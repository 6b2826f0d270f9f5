using System.Collections;
using BareMetal.Data.EntityFrameworkCore.Tests.Model;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Query.Shapes;

/// <summary>What the composed queries end with: projections, groups, joins, aggregates, collections.</summary>
internal static class QueryEndings
{
    public sealed record Ending(Func<LinqAgainstObjectsTests.Shop, IQueryable<Order>, IEnumerable> Run, bool IsOrdered = false, bool HasLists = false);

    private static Ending Rows(Func<LinqAgainstObjectsTests.Shop, IQueryable<Order>, IQueryable> run)
        => new(run);

    private static Ending Lists(Func<LinqAgainstObjectsTests.Shop, IQueryable<Order>, IQueryable> run)
        => new(run, HasLists: true);

    private static Ending Ordered(Func<LinqAgainstObjectsTests.Shop, IQueryable<Order>, IQueryable> run)
        => new(run, IsOrdered: true);

    private static Ending One(Func<LinqAgainstObjectsTests.Shop, IQueryable<Order>, object?> run)
        => new((s, q) => new[] { run(s, q) });

    public static readonly Ending[] All =
    [
        Rows((s, q) => q.Select(o => o.Id)),
        Rows((s, q) => q.Select(o => new { o.Id, o.Total, o.Placed, o.Rating, o.Note, o.State })),
        Rows((s, q) => q.Select(o => new { o.Id, o.Customer.Name, o.Customer.City })),
        Rows((s, q) => q.Select(o => new { o.Id, N = o.Note ?? o.Customer.City ?? "-" })),
        Rows((s, q) => q.Select(o => new { o.Id, T = o.Total * 2 - o.Id, W = o.Weight / 2, D = o.Big + o.Small })),
        Rows((s, q) => q.Select(o => o.Rating == null ? "none" : o.Rating > 2 ? "good" : "bad")),
        Rows((s, q) => q.Select(o => new { o.Customer.Address.Street, o.Customer.Address.Position.Longitude })),
        Rows((s, q) => q.Select(o => new { o.Id, N = o.Lines.Count, S = o.Lines.Sum(l => l.Quantity * l.Price) })),
        Rows((s, q) => q.Select(o => new { o.Id, M = o.Lines.Max(l => (decimal?)l.Price), A = o.Lines.Any(l => l.No == 2) })),
        Lists((s, q) => q.Select(o => new { o.Id, L = o.Lines.OrderBy(l => l.No).Select(l => l.Sku).ToList() })),
        Lists((s, q) => q.Select(o => new { o.Id, L = o.Lines.OrderByDescending(l => l.No).Take(1).Select(l => l.Quantity).ToList() })),
        Rows((s, q) => q.Select(o => new { o.Id, F = o.Lines.OrderByDescending(l => l.Quantity).Select(l => l.Sku).FirstOrDefault() })),
        Rows((s, q) => q.Select(o => new { o.Id, P = o.Customer.Phones.Count, K = o.Customer.Numbers.Sum() })),
        Rows((s, q) => q.Select(o => new { o.Id, Y = o.Placed.Year, M = o.Due.Month, H = o.Slot.Hour, D = o.Handling.TotalMinutes })),
        Rows((s, q) => q.Select(o => new { o.Id, A = o.Placed.AddDays(o.Id), B = o.Due.AddMonths(1), C = o.Placed - o.Handling })),
        Rows((s, q) => q.Select(o => new { U = o.Customer.Name.ToUpper(), L = o.Customer.Name.Length, R = o.Customer.Name.Replace("a", "_") })),
        Rows((s, q) => q.Select(o => new { o.State, o.Rating }).Distinct()),
        Rows((s, q) => q.Select(o => o.Customer.City).Distinct()),
        Rows((s, q) => q.Select(o => o.CustomerId).Union(s.Customers.Where(c => c.IsActive).Select(c => c.Id))),
        Rows((s, q) => q.Select(o => o.Id).Concat(s.Lines.Select(l => l.Quantity))),
        Rows((s, q) => q.Select(o => o.Id).Intersect(s.Lines.Select(l => l.OrderId))),
        Rows((s, q) => q.Select(o => (int?)o.Id).Except(s.Orders.Select(o => o.Rating))),
        Rows((s, q) => q.SelectMany(o => o.Lines).Select(l => new { l.OrderId, l.Sku })),
        Rows((s, q) => q.SelectMany(o => o.Lines.Where(l => l.Quantity > 2), (o, l) => new { o.Id, o.Customer.Name, l.Price })),
        Rows((s, q) => q.SelectMany(o => o.Lines.DefaultIfEmpty(), (o, l) => new { o.Id, Sku = l == null ? null : l.Sku })),
        Rows((s, q) => q.SelectMany(o => s.Customers.Where(c => c.Id == o.Rating), (o, c) => new { o.Id, C = c.Id })),
        Rows((s, q) => q.Join(s.Customers, o => o.CustomerId, c => c.Id, (o, c) => new { o.Id, c.Name, c.Since })),
        Rows((s, q) => q.Join(s.Lines, o => o.Id, l => l.OrderId, (o, l) => new { o.State, l.Sku, l.No })),
        Rows((s, q) => q.Join(s.Lines, o => new { K = o.Id, N = 1 }, l => new { K = l.OrderId, N = l.No }, (o, l) => new { o.Id, l.Price })),
        Rows((s, q) => q.LeftJoin(s.Lines.Where(l => l.No > 1), o => o.Id, l => l.OrderId, (o, l) => new { o.Id, Q = l == null ? -1 : l.Quantity })),
        Rows((s, q) => s.Customers.LeftJoin(q, c => c.Id, o => o.CustomerId, (c, o) => new { c.Id, T = o == null ? null : (decimal?)o.Total })),
        Rows((s, q) => q.RightJoin(s.Customers, o => o.CustomerId, c => c.Id, (o, c) => new { c.Id, O = o == null ? null : (int?)o.Id })),
        Rows((s, q) => s.Customers.Where(c => q.Any(o => o.CustomerId == c.Id)).Select(c => c.Name)),
        Rows((s, q) => s.Customers.Where(c => !q.Select(o => o.CustomerId).Contains(c.Id)).Select(c => new { c.Id, c.City })),
        Rows((s, q) => s.Customers.Select(c => new { c.Id, N = q.Count(o => o.CustomerId == c.Id) })),
        Rows((s, q) => q.GroupBy(o => o.State).Select(g => new { g.Key, N = g.Count(), S = g.Sum(o => o.Total) })),
        Rows((s, q) => q.GroupBy(o => o.CustomerId).Select(g => new { g.Key, A = g.Average(o => o.Total), M = g.Max(o => o.Placed) })),
        Rows((s, q) => q.GroupBy(o => o.Rating).Select(g => new { g.Key, N = g.Count(o => o.Total > 50), W = g.Min(o => o.Weight) })),
        Rows((s, q) => q.GroupBy(o => new { o.State, o.Placed.Year }).Select(g => new { g.Key.State, g.Key.Year, N = g.LongCount() })),
        Rows((s, q) => q.GroupBy(o => o.Customer.City).Where(g => g.Count() > 1).Select(g => new { g.Key, B = g.Sum(o => o.Big) })),
        Rows((s, q) => q.GroupBy(o => o.Id % 3).Select(g => new { g.Key, D = g.Select(o => o.State).Distinct().Count() })),
        Rows((s, q) => q.GroupBy(o => o.Note).Select(g => new { g.Key, R = g.Average(o => o.Rating) })),
        Rows((s, q) => q.GroupBy(o => o.CustomerId, o => o.Total).Select(g => new { g.Key, H = g.Max() - g.Min() })),
        Rows((s, q) => q.GroupBy(o => o.State).Select(g => g.OrderByDescending(o => o.Id).Select(o => new { o.Id, o.Total }).First())),
        Lists((s, q) => q.GroupBy(o => o.CustomerId).Select(g => new { g.Key, L = g.OrderBy(o => o.Id).Select(o => o.Rating).ToList() })),
        Rows((s, q) => q.GroupBy(o => o.CustomerId).Select(g => new { g.Key, N = g.Count() }).Join(s.Customers, x => x.Key, c => c.Id, (x, c) => new { c.Name, x.N })),
        Rows((s, q) => q.SelectMany(o => o.Lines).GroupBy(l => l.Sku).Select(g => new { g.Key, V = g.Sum(l => l.Quantity * l.Price) })),
        Ordered((s, q) => q.OrderBy(o => o.Id).Select(o => new { o.Id, o.Total })),
        Ordered((s, q) => q.OrderByDescending(o => o.Rating).ThenBy(o => o.Id).Select(o => new { o.Id, o.Rating })),
        Ordered((s, q) => q.OrderBy(o => o.State).ThenByDescending(o => o.Placed).ThenBy(o => o.Id).Select(o => o.Id)),
        Ordered((s, q) => q.OrderBy(o => o.Customer.Since).ThenBy(o => o.Id).Select(o => new { o.CustomerId, o.Id })),
        Ordered((s, q) => q.OrderBy(o => o.Lines.Count).ThenByDescending(o => o.Id).Select(o => o.Id).Take(7)),
        Ordered((s, q) => q.OrderBy(o => o.Total % 7).ThenBy(o => o.Id).Skip(2).Select(o => new { o.Id, M = o.Total % 7 })),
        Ordered((s, q) => q.GroupBy(o => o.CustomerId).OrderByDescending(g => g.Sum(o => o.Total)).ThenBy(g => g.Key).Select(g => g.Key)),
        Ordered((s, q) => q.GroupBy(o => o.State).OrderBy(g => g.Key).Select(g => new { g.Key, T = g.Max(o => o.Handling) })),
        Ordered((s, q) => q.Select(o => o.CustomerId).Distinct().OrderByDescending(i => i).Skip(1).Take(5)),
        One((s, q) => q.Count()),
        One((s, q) => q.Count(o => o.Lines.Count > 1)),
        One((s, q) => q.Any(o => o.Total > 200)),
        One((s, q) => q.All(o => o.Customer.Id < 12)),
        One((s, q) => q.Sum(o => o.Total)),
        One((s, q) => q.Max(o => (DateTime?)o.Placed)),
        One((s, q) => q.Min(o => (decimal?)o.Total)),
        One((s, q) => q.Average(o => o.Rating)),
        One((s, q) => q.Select(o => o.CustomerId).Distinct().Count()),
        One((s, q) => q.OrderByDescending(o => o.Id).Select(o => (int?)o.Id).FirstOrDefault()),
        One((s, q) => q.OrderBy(o => o.Id).Select(o => o.Note).LastOrDefault()),
        One((s, q) => q.Select(o => o.Id).Contains(8)),
        One((s, q) => q.Sum(o => o.Lines.Sum(l => l.Quantity))),
    ];
}
