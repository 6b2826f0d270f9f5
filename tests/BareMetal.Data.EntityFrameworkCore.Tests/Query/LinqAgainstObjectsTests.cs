using System.Collections;
using System.Globalization;
using System.Text;
using BareMetal.Data.EntityFrameworkCore.Tests.Model;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Query;

/// <summary>Runs each query on the database and on the same data as objects, and compares all values.</summary>
public sealed class LinqAgainstObjectsTests(ShopFixture fixture) : IClassFixture<ShopFixture>
{
    public sealed record Shop(IQueryable<Customer> Customers, IQueryable<Order> Orders, IQueryable<Line> Lines);

    private static readonly DateTime Day = new(2023, 6, 1);
    private static readonly List<int> Ids = [1, 3, 5, 999];
    private static readonly int?[] Ratings = [1, null];
    private static readonly string[] NoStrings = [];
    private static readonly string[] Places = ["Carla", "Oslo"];
    private static readonly string Prefix = "A";
    private static readonly string? Nothing = null;
    private static readonly int Three = 3;
    private static byte[] Hash = [1, 1, 7];

    internal static readonly Dictionary<string, Func<Shop, IEnumerable>> Queries = new()
    {
        ["all"] = s => s.Customers.OrderBy(c => c.Id).Select(c => new { c.Id, c.Name, c.City, c.Since, c.IsActive }),
        ["every type"] = s => s.Orders.OrderBy(o => o.Id).Select(
            o => new
            {
                o.Placed, o.Confirmed, o.Due, o.Slot, o.Handling, o.Total, o.Weight, o.Volume, o.Rating, o.Note, o.State, o.Key, o.Hash,
                o.Big, o.Small,
            }),
        ["where equal"] = s => s.Customers.Where(c => c.City == "Rome").Select(c => c.Id),
        ["where null"] = s => s.Customers.Where(c => c.City == null).Select(c => c.Id),
        ["where not equal with nulls"] = s => s.Customers.Where(c => c.City != "Rome").Select(c => c.Id),
        ["where null parameter"] = s => s.Customers.Where(c => c.City == Nothing).Select(c => c.Id),
        ["where column to column"] = s => s.Orders.Where(o => o.Rating != o.Id % 5).Select(o => o.Id),
        ["where and or"] = s => s.Orders.Where(o => (o.Id > 3 && o.Id < 9) || o.Total < 0).Select(o => o.Id),
        ["where not"] = s => s.Customers.Where(c => !(c.IsActive || c.City == "Oslo")).Select(c => c.Id),
        ["where bool"] = s => s.Customers.Where(c => c.IsActive).Select(c => c.Id),
        ["bool comparison"] = s => s.Customers.Where(c => c.IsActive == (c.Id > 4)).Select(c => c.Id),
        ["bool projection"] = s => s.Customers.OrderBy(c => c.Id).Select(c => c.City == "Rome"),
        ["order ascending nulls first"] = s => s.Orders.OrderBy(o => o.Rating).ThenBy(o => o.Id).Select(o => o.Id),
        ["order descending"] = s => s.Orders.OrderByDescending(o => o.Rating).ThenByDescending(o => o.Id).Select(o => o.Id),
        ["order by timespan"] = s => s.Orders.OrderByDescending(o => o.Handling).Select(o => o.Id),
        ["order by offset"] = s => s.Orders.OrderBy(o => o.Confirmed).ThenBy(o => o.Id).Select(o => o.Id),
        ["order by guid"] = s => s.Orders.OrderBy(o => o.Key).Select(o => o.Id),
        ["skip take"] = s => s.Orders.OrderBy(o => o.Id).Skip(3).Take(4).Select(o => o.Id),
        ["take skip"] = s => s.Orders.OrderBy(o => o.Id).Take(9).Skip(Three).Select(o => o.Id),
        ["distinct"] = s => s.Orders.Select(o => o.State).Distinct().OrderBy(x => x),
        ["reverse"] = s => s.Orders.OrderBy(o => o.Id).Reverse().Take(3).Select(o => o.Id),
        ["in list"] = s => s.Customers.Where(c => Ids.Contains(c.Id)).Select(c => c.Id),
        ["not in list"] = s => s.Customers.Where(c => !Ids.Contains(c.Id)).Select(c => c.Id),
        ["in list with null"] = s => s.Orders.Where(o => Ratings.Contains(o.Rating)).Select(o => o.Id),
        ["not in list with null"] = s => s.Orders.Where(o => !Ratings.Contains(o.Rating)).Select(o => o.Id),
        ["in empty list"] = s => s.Customers.Where(c => NoStrings.Contains(c.City)).Select(c => c.Id),
        ["not in empty list"] = s => s.Customers.Where(c => !NoStrings.Contains(c.City)).Select(c => c.Id),
        ["in constants"] = s => s.Customers.Where(c => new[] { 2, 4 }.Contains(c.Id)).Select(c => c.Id),
        ["in filtered constants"] = s => s.Customers.Where(
            c => new List<string> { "Nobody", "Anna" }.Where(n => n != null).Contains(c.Name)).Select(c => c.Id),
        ["in filtered constants and a variable"] = s => s.Customers.Where(
            c => new List<string?> { "Bob", Prefix, Nothing }.Where(n => n != null).Contains(c.Name)).Select(c => c.Id),
        ["constants against texts of two lengths"] = s => s.Customers.Where(
            c => new[] { "Carla", "Rome" }.Any(n => n == c.Name || n == c.City)).Select(c => c.Id),
        ["list against texts of two lengths"] = s => s.Customers.Where(
            c => Places.Any(n => n == c.Name || n == c.City)).Select(c => c.Id),
        ["list any"] = s => s.Customers.Where(c => Ids.Any(i => i == c.Id + 2)).Select(c => c.Id),
        ["list count"] = s => s.Customers.OrderBy(c => c.Id).Select(c => Ids.Count(i => i > c.Id)),
        ["in subquery"] = s => s.Customers.Where(c => s.Orders.Where(o => o.Total > 100).Select(o => o.CustomerId).Contains(c.Id)).Select(c => c.Id),
        ["not in subquery with nulls"] = s => s.Orders.Where(
            o => !s.Orders.Where(x => x.Id < 5).Select(x => x.Rating).Contains(o.Rating)).Select(o => o.Id),
        ["inner join"] = s => s.Customers.Join(s.Orders, c => c.Id, o => o.CustomerId, (c, o) => new { c.Name, o.Total }),
        ["left join"] = s => s.Customers.GroupJoin(s.Orders.Where(o => o.Total > 150), c => c.Id, o => o.CustomerId, (c, g) => new { c, g })
            .SelectMany(x => x.g.DefaultIfEmpty(), (x, o) => new { x.c.Id, Total = o == null ? (decimal?)null : o.Total }),
        ["right join"] = s => s.Orders.Where(o => o.Id < 4).RightJoin(
            s.Customers, o => o.CustomerId, c => c.Id, (o, c) => new { c.Id, Order = o == null ? (int?)null : o.Id }),
        ["cross join"] = s => s.Customers.Where(c => c.Id < 3).SelectMany(c => s.Orders.Where(o => o.Id < 3), (c, o) => new { C = c.Id, O = o.Id }),
        ["navigation"] = s => s.Orders.Where(o => o.Customer.City == "Paris").Select(o => new { o.Id, o.Customer.Name }),
        ["collection count"] = s => s.Customers.OrderBy(c => c.Id).Select(c => new { c.Id, N = c.Orders.Count, Big = c.Orders.Count(o => o.Total > 50) }),
        ["any all"] = s => s.Customers.Where(c => c.Orders.Any(o => o.Note == null) && !c.Orders.All(o => o.Total > 100)).Select(c => c.Id),
        ["collection sum"] = s => s.Customers.OrderBy(c => c.Id).Select(c => c.Orders.Sum(o => o.Total)),
        ["collection max of nothing"] = s => s.Customers.OrderBy(c => c.Id).Select(c => c.Orders.Where(o => o.Total > 200).Max(o => (decimal?)o.Total)),
        ["correlated list"] = s => s.Customers.OrderBy(c => c.Id).Select(
            c => new { c.Id, Orders = c.Orders.Where(o => o.Total > 20).OrderByDescending(o => o.Id).Select(o => o.Total).ToList() }),
        ["top n per group"] = s => s.Customers.OrderBy(c => c.Id).Select(
            c => new { c.Id, Last = c.Orders.OrderByDescending(o => o.Placed).Take(2).Select(o => o.Id).ToList() }),
        ["first of each"] = s => s.Customers.OrderBy(c => c.Id).Select(
            c => c.Orders.OrderBy(o => o.Total).Select(o => (int?)o.Id).FirstOrDefault()),
        ["nested lists"] = s => s.Customers.OrderBy(c => c.Id).Where(c => c.Id < 6).Select(
            c => c.Orders.OrderBy(o => o.Id).Select(o => o.Lines.OrderBy(l => l.No).Select(l => l.Sku).ToList()).ToList()),
        ["select many"] = s => s.Customers.SelectMany(c => c.Orders.Where(o => o.Rating > 2), (c, o) => new { c.Name, o.Id }),
        ["select many with lateral"] = s => s.Customers.OrderBy(c => c.Id).SelectMany(
            c => c.Orders.OrderByDescending(o => o.Total).Take(1), (c, o) => new { c.Id, o.Total }),
        ["group count sum"] = s => s.Orders.GroupBy(o => o.CustomerId).Select(
            g => new { g.Key, N = g.Count(), S = g.Sum(o => o.Total), Min = g.Min(o => o.Placed), Max = g.Max(o => o.Weight), L = g.LongCount() }),
        ["group average"] = s => s.Orders.GroupBy(o => o.State).Select(
            g => new { g.Key, A = g.Average(o => o.Rating), B = g.Average(o => o.Total), C = g.Sum(o => o.Rating) }),
        ["group by two having"] = s => s.Orders.GroupBy(o => new { o.Placed.Year, o.State }).Where(g => g.Count() > 2)
            .Select(g => new { g.Key.Year, g.Key.State, T = g.Sum(o => o.Big) }),
        ["group filtered aggregate"] = s => s.Orders.GroupBy(o => o.CustomerId).Select(
            g => new { g.Key, N = g.Count(o => o.Total > 100), D = g.Select(o => o.State).Distinct().Count() }),
        ["group order by aggregate"] = s => s.Lines.GroupBy(l => l.Sku).OrderByDescending(g => g.Sum(l => l.Quantity * l.Price))
            .ThenBy(g => g.Key).Select(g => new { g.Key, V = g.Sum(l => l.Quantity * l.Price) }),
        ["group of nullable key"] = s => s.Orders.GroupBy(o => o.Rating).Select(g => new { g.Key, N = g.Count() }),
        ["group elements"] = s => s.Orders.GroupBy(o => o.State).OrderBy(g => g.Key).Select(
            g => new { g.Key, First = g.OrderBy(o => o.Id).Select(o => o.Id).First() }),
        ["string join over group"] = s => s.Orders.GroupBy(o => o.State).OrderBy(g => g.Key).Select(
            g => new { g.Key, Text = string.Join("|", g.OrderByDescending(o => o.Id).Select(o => o.Note)) }),
        ["union"] = s => s.Customers.Where(c => c.Id < 4).Select(c => c.Name).Union(s.Customers.Where(c => c.Id > 9).Select(c => c.Name)),
        ["concat"] = s => s.Customers.Where(c => c.Id < 4).Select(c => c.Id).Concat(s.Orders.Where(o => o.Id < 4).Select(o => o.Id)),
        ["intersect"] = s => s.Customers.Select(c => c.Id).Intersect(s.Orders.Select(o => o.Id)),
        ["except"] = s => s.Orders.Select(o => o.Id).Except(s.Customers.Select(c => c.Id)),
        ["union ordered inside"] = s => s.Orders.OrderByDescending(o => o.Id).Take(2).Select(o => o.Id)
            .Union(s.Orders.OrderBy(o => o.Id).Take(2).Select(o => o.Id)),
        ["conditional"] = s => s.Orders.OrderBy(o => o.Id).Select(o => o.Rating == null ? "none" : o.Rating > 2 ? "good" : "bad"),
        ["coalesce"] = s => s.Orders.OrderBy(o => o.Id).Select(o => (o.Note ?? "-") + (o.Rating ?? -1)),
        ["string starts"] = s => s.Customers.Where(c => c.Name.StartsWith(Prefix)).Select(c => c.Id),
        ["string wildcards are plain"] = s => s.Customers.Where(c => c.Name.Contains("%") || c.Name.EndsWith("_b")).Select(c => c.Id),
        ["string not contains on null"] = s => s.Orders.Where(o => !(o.Note ?? "").Contains("a")).Select(o => o.Id),
        ["string functions"] = s => s.Orders.Where(o => o.Note != null).OrderBy(o => o.Id).Select(
            o => new
            {
                U = o.Note!.ToUpper(), L = o.Note.ToLower(), T = o.Note.Trim(), N = o.Note.Length, I = o.Note.IndexOf("a"),
                R = o.Note.Replace("a", "--"), P = o.Note.PadLeft(12, '*'), Q = o.Note.PadRight(3), E = o.Note.TrimStart(),
                F = o.Note.TrimEnd(' ', 'e'),
            }),
        ["substring"] = s => s.Customers.Where(c => c.Name.Length > 2).OrderBy(c => c.Id).Select(c => c.Name.Substring(1, 2) + "/" + c.Name.Substring(2)),
        ["empty or white"] = s => s.Orders.OrderBy(o => o.Id).Select(o => new { A = string.IsNullOrEmpty(o.Note), B = string.IsNullOrWhiteSpace(o.Note) }),
        ["string compare"] = s => s.Customers.Where(c => string.CompareOrdinal(c.Name, "C") > 0).Select(c => c.Id),
        ["char access"] = s => s.Customers.OrderBy(c => c.Id).Select(c => c.Name.FirstOrDefault()),
        ["distinct elements of each"] = s => s.Customers.OrderBy(c => c.Id).Select(c => c.Numbers.Select(n => n % 2).Distinct().OrderBy(n => n).ToList()),
        ["distinct list column"] = s => s.Customers.OrderBy(c => c.Id).Select(c => c.Numbers.Distinct().ToList()),
        ["first and last character of empty texts"] = s => s.Orders.Where(o => o.Note != null).OrderBy(o => o.Id)
            .Select(o => new { F = o.Note!.FirstOrDefault(), L = o.Note!.LastOrDefault(), A = o.Note!.FirstOrDefault() == 'c' }),
        ["shifts"] = s => s.Orders.Where(o => o.Id << 2 > 20).OrderBy(o => o.Id).Select(
            o => new { L = o.Id << 3, R = (o.Id + 64) >> Three, N = -o.Id >> 1, B = o.Big << 1, M = (o.Id << 2) + 1 }),
        ["outside of a function's domain"] = s => s.Orders.Where(o => Math.Acosh(o.Weight - 2) >= 0 || Math.Atanh(o.Weight - 3) > 0.5).Select(o => o.Id),
        ["outside of a function's domain on the right"] = s => s.Orders.Where(o => 0.1 < Math.Acosh(o.Weight - 2) + 1).Select(o => o.Id),
        ["concat with null"] = s => s.Customers.OrderBy(c => c.Id).Select(c => c.Name + ":" + c.City),
        ["number to string"] = s => s.Orders.OrderBy(o => o.Id).Select(o => o.Id.ToString() + o.Big.ToString()),
        ["math"] = s => s.Orders.OrderBy(o => o.Id).Select(
            o => new
            {
                A = Math.Abs(o.Total), C = Math.Ceiling(o.Total), F = Math.Floor(o.Weight), R = Math.Round(o.Total, 1), T = Math.Truncate(o.Total),
                M = Math.Max(o.Id, 5), N = Math.Min(o.Weight, 2.5), S = Math.Sign(o.Total), Q = Math.Sqrt(o.Id), E = Math.Round(o.Total),
            }),
        ["integer arithmetic"] = s => s.Orders.OrderBy(o => o.Id).Select(
            o => new { D = o.Id / 4, M = -o.Id % 4, N = -o.Id, X = o.Id ^ 5, A = o.Id & 6, O = o.Id | 8, C = ~o.Id, P = o.Id * 3 - 7 }),
        ["mixed arithmetic"] = s => s.Orders.OrderBy(o => o.Id).Select(
            o => new { A = o.Id + o.Total, B = o.Weight * 2, C = o.Small + o.Big, D = o.Total / 4, E = o.Id / 2.0, F = o.Total % 3 }),
        ["casts cut off"] = s => s.Orders.OrderBy(o => o.Id).Select(o => new { A = (int)o.Total, B = (long)o.Weight, C = (double)o.Total, D = (decimal)o.Id }),
        ["date parts"] = s => s.Orders.OrderBy(o => o.Id).Select(
            o => new
            {
                o.Placed.Year, o.Placed.Month, o.Placed.Day, o.Placed.Hour, o.Placed.Minute, o.Placed.Second, o.Placed.DayOfYear,
                W = o.Placed.DayOfWeek, D = o.Placed.Date, T = o.Placed.TimeOfDay, o.Placed.Millisecond,
            }),
        ["date arithmetic"] = s => s.Orders.OrderBy(o => o.Id).Select(
            o => new
            {
                A = o.Placed.AddDays(1.5), B = o.Placed.AddMonths(1), C = o.Placed.AddYears(-1), D = o.Placed.AddHours(o.Id), E = o.Placed - Day,
                F = o.Placed + o.Handling, G = o.Due.AddDays(3), H = o.Due.AddMonths(1), I = o.Slot.AddHours(5),
            }),
        ["date comparison"] = s => s.Orders.Where(o => o.Placed > Day && o.Due < new DateOnly(2024, 3, 20)).Select(o => o.Id),
        ["offset members"] = s => s.Orders.OrderBy(o => o.Id).Select(
            o => new { o.Confirmed.Hour, o.Confirmed.UtcDateTime, o.Confirmed.Offset, D = o.Confirmed.Date, U = o.Confirmed.ToUnixTimeSeconds() }),
        ["time members"] = s => s.Orders.OrderBy(o => o.Id).Select(
            o => new { o.Slot.Hour, o.Slot.Minute, o.Slot.Second, H = o.Handling.Hours, M = o.Handling.Minutes, T = o.Handling.TotalHours, B = o.Slot.IsBetween(new TimeOnly(22, 0), new TimeOnly(5, 0)) }),
        ["due parts"] = s => s.Orders.OrderBy(o => o.Id).Select(o => new { o.Due.Year, o.Due.DayOfYear, o.Due.DayOfWeek, N = o.Due.DayNumber, F = DateOnly.FromDateTime(o.Placed) }),
        ["enum"] = s => s.Orders.Where(o => o.State == OrderState.Paid).OrderBy(o => o.Id).Select(o => new { o.State, S = o.State.ToString() }),
        ["guid"] = s => s.Orders.Where(o => o.Key == new Guid(3, 2, 3, new byte[] { 1, 2, 3, 4, 5, 6, 7, 3 })).Select(o => o.Key.ToString()),
        ["bytes"] = s => s.Orders.Where(o => o.Hash.Length == 3 && o.Hash[0] > 4 && o.Hash.Contains((byte)7)).Select(o => o.Id),
        ["bytes equal"] = s => s.Orders.Where(o => o.Hash.SequenceEqual(Hash)).Select(o => o.Id),
        ["list column contains"] = s => s.Customers.Where(c => c.Tags.Contains("vip") && c.Tags.Count > 1).Select(c => c.Id),
        ["list column index"] = s => s.Customers.Where(c => c.Numbers.Length > 1 && c.Numbers[1] > 10).Select(c => c.Id),
        ["list column aggregate"] = s => s.Customers.OrderBy(c => c.Id).Select(c => new { S = c.Numbers.Sum(), M = c.Numbers.Any(n => n > 20) }),
        ["list column projected"] = s => s.Customers.OrderBy(c => c.Id).Select(c => new { c.Tags, c.Numbers }),
        ["json member"] = s => s.Customers.Where(c => c.Address.Position.Latitude > 6 && c.Address.Zip != null).Select(c => new { c.Id, c.Address.Street }),
        ["json null member"] = s => s.Customers.Where(c => c.Address.Zip == null).Select(c => c.Id),
        ["json collection any"] = s => s.Customers.Where(c => c.Phones.Any(p => p.Kind == 2 && p.Number.StartsWith("+"))).Select(c => c.Id),
        ["json collection count"] = s => s.Customers.OrderBy(c => c.Id).Select(c => c.Phones.Count),
        ["json order"] = s => s.Customers.OrderByDescending(c => c.Address.Position.Longitude).Select(c => c.Id),
        ["scalar subquery"] = s => s.Orders.Where(o => o.Total > s.Orders.Average(x => x.Total)).Select(o => o.Id),
        ["exists with outer"] = s => s.Orders.Where(o => s.Lines.Any(l => l.OrderId == o.Id && l.Quantity > o.Rating)).Select(o => o.Id),
        ["let"] = s => from o in s.Orders let x = o.Total * 2 where x > 100 orderby o.Id select new { o.Id, x },
        ["three joins"] = s => from l in s.Lines join o in s.Orders on l.OrderId equals o.Id join c in s.Customers on o.CustomerId equals c.Id
            where c.IsActive orderby o.Id, l.No select new { c.Name, o.Id, l.Sku },
        ["join on two columns"] = s => from a in s.Lines join b in s.Lines on new { a.OrderId, a.No } equals new { b.OrderId, b.No } select a.Sku,
        ["join on nullable"] = s => from a in s.Orders join b in s.Customers on a.Rating equals (int?)b.Id select new { A = a.Id, B = b.Id },
        ["group then join"] = s => from g in s.Orders.GroupBy(o => o.CustomerId).Select(g => new { Id = g.Key, N = g.Count() })
            join c in s.Customers on g.Id equals c.Id select new { c.Name, g.N },
        ["distinct then count"] = s => s.Orders.Select(o => new { o.State, o.Placed.Year }).Distinct().OrderBy(x => x.Year).ThenBy(x => x.State),
        ["default if empty"] = s => s.Orders.Where(o => o.Id > 1000).Select(o => o.Id).DefaultIfEmpty(),
        ["count"] = s => new[] { s.Orders.Count(o => o.Note != null) },
        ["sum of nothing"] = s => new[] { s.Orders.Where(o => o.Id < 0).Sum(o => o.Total) },
        ["aggregates"] = s => new object?[]
        {
            s.Orders.Sum(o => o.Id), s.Orders.Max(o => o.Placed), s.Orders.Min(o => o.Total), s.Orders.Average(o => o.Id), s.Orders.Max(o => o.Rating),
            s.Orders.Sum(o => o.Big), s.Orders.LongCount(), s.Orders.Any(o => o.Total < 0), s.Orders.All(o => o.Id > 0),
            s.Orders.Sum(o => o.Weight), s.Orders.Max(o => o.Handling),
        },
        ["first single last"] = s => new object?[]
        {
            s.Orders.OrderBy(o => o.Id).First().Total, s.Orders.Single(o => o.Id == 7).Total, s.Orders.OrderBy(o => o.Id).Last().Id,
            s.Orders.FirstOrDefault(o => o.Id < 0)?.Id, s.Orders.OrderBy(o => o.Id).ElementAt(2).Id,
        },
    };

    public static TheoryData<string> Names
        => [.. Queries.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_database_answers_as_the_objects_do(string name)
    {
        var query = Queries[name];
        var objects = fixture.Objects;
        var expected = query(
            new Shop(
                objects.AsQueryable(),
                objects.SelectMany(c => c.Orders).AsQueryable(),
                objects.SelectMany(c => c.Orders).SelectMany(o => o.Lines).AsQueryable()));

        using var context = fixture.CreateContext();
        var actual = query(
            new Shop(context.Customers.AsNoTracking(), context.Orders.AsNoTracking(), context.Lines.AsNoTracking()));

        var expectedRows = expected.Cast<object?>().Select(Print).ToList();
        var actualRows = actual.Cast<object?>().Select(Print).ToList();

        // Without an ordering at the end the rows may come in any order.
        if (actual is not IQueryable { Expression: System.Linq.Expressions.MethodCallExpression call } || !IsOrdered(call))
        {
            expectedRows.Sort(StringComparer.Ordinal);
            actualRows.Sort(StringComparer.Ordinal);
        }

        Assert.Equal(expectedRows, actualRows);
    }

    private static bool IsOrdered(System.Linq.Expressions.MethodCallExpression call)
    {
        while (true)
        {
            switch (call.Method.Name)
            {
                case "OrderBy" or "OrderByDescending" or "ThenBy" or "ThenByDescending" or "Reverse":
                    return true;
                case "Select" or "Skip" or "Take" when call.Arguments[0] is System.Linq.Expressions.MethodCallExpression inner:
                    call = inner;
                    continue;
                default:
                    return false;
            }
        }
    }

    internal static string Print(object? value)
    {
        switch (value)
        {
            case null:
                return "null";
            case string text:
                return "'" + text + "'";
            // The two computers may differ in the last bit of a sum.
            case double number:
                return number.ToString("G12", CultureInfo.InvariantCulture);
            case float number:
                return number.ToString("G6", CultureInfo.InvariantCulture);
            case decimal number:
                return (number / 1.000000000000000000000000000000000m).ToString("G20", CultureInfo.InvariantCulture);
            case DateTime moment:
                return moment.ToString("yyyy-MM-ddTHH:mm:ss.fffffff", CultureInfo.InvariantCulture);
            case IFormattable formattable when value.GetType().Namespace == "System" || value.GetType().IsEnum:
                return formattable.ToString(value is DateTimeOffset ? "O" : null, CultureInfo.InvariantCulture);
            case bool or char:
                return value.ToString()!;
            case IEnumerable items:
                return "[" + string.Join(", ", items.Cast<object?>().Select(Print)) + "]";
            default:
            {
                var builder = new StringBuilder("{");
                foreach (var property in value.GetType().GetProperties())
                    builder.Append(property.Name).Append('=').Append(Print(property.GetValue(value))).Append(' ');
                return builder.Append('}').ToString();
            }
        }
    }
}
