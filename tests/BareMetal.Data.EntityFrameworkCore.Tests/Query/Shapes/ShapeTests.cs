using System.Data.Common;
using System.Text.RegularExpressions;
using BareMetal.Data.EntityFrameworkCore.Tests.Model;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Query.Shapes;

/// <summary>
/// A thousand queries of different SQL against the same queries over objects, and faults in the SQL that the comparison has to find.
/// BAREMETAL_SEED chooses other queries, BAREMETAL_SHAPES more of them.
/// </summary>
public sealed partial class ShapeTests(ShopFixture fixture, ITestOutputHelper output) : IClassFixture<ShopFixture>
{
    private static readonly int Seed =
        int.TryParse(Environment.GetEnvironmentVariable("BAREMETAL_SEED"), out var seed) ? seed : 20_240_229;

    private static readonly int Shapes =
        int.TryParse(Environment.GetEnvironmentVariable("BAREMETAL_SHAPES"), out var shapes) ? shapes : 1000;

    /// <summary>Sees the SQL of a context's queries and may change it.</summary>
    private sealed class Rewriter(Func<string, string>? rewrite = null) : DbCommandInterceptor
    {
        public List<string> Texts { get; } = [];

        public bool HasChanged { get; private set; }

        public override InterceptionResult<DbDataReader> ReaderExecuting(
            DbCommand command,
            CommandEventData eventData,
            InterceptionResult<DbDataReader> result)
        {
            Texts.Add(command.CommandText);
            if (rewrite is not null)
            {
                var changed = rewrite(command.CommandText);
                HasChanged |= changed != command.CommandText;
                command.CommandText = changed;
            }

            return result;
        }
    }

    [Fact]
    public void A_thousand_shapes_of_sql_answer_as_the_objects_do()
    {
        output.WriteLine($"BAREMETAL_SEED={Seed}");
        var queries = new QueryShapes(Seed);
        var found = new HashSet<string>();
        var run = 0;
        for (; found.Count < Shapes; run++)
        {
            Assert.True(run < Shapes * 3, $"{run} queries have {found.Count} shapes only.");
            var shape = queries.Next();
            var rewriter = new Rewriter();
            List<string> actual;
            try
            {
                actual = Answer(shape, rewriter);
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                throw new InvalidOperationException($"Query {shape.Name} of seed {Seed} failed.", e);
            }

            var expected = Expected(shape);
            if (!expected.SequenceEqual(actual))
                Assert.Fail($"Query {shape.Name} of seed {Seed} differs.\n{rewriter.Texts[0]}\nexpected {Show(expected)}\nactual   {Show(actual)}");
            found.Add(Normalise(rewriter.Texts[0]));
        }

        output.WriteLine($"{run} queries, {found.Count} shapes");
    }

    [Fact]
    public void Entities_are_tracked_once_each_and_unchanged()
    {
        using var context = fixture.CreateContext();
        var orders = context.Orders.Include(o => o.Lines).Include(o => o.Customer).Where(o => o.Total > 0).OrderBy(o => o.Id).ToList();
        var again = context.Orders.Where(o => o.Total > 0 && o.Rating != null).Concat(context.Orders.Where(o => o.Id < 6 && o.Total > 0)).ToList();
        var objects = fixture.Objects.SelectMany(c => c.Orders).Where(o => o.Total > 0).OrderBy(o => o.Id).ToList();

        Assert.Equal(objects.Select(o => (o.Id, o.Lines.Count, o.Customer.Name)), orders.Select(o => (o.Id, o.Lines.Count, o.Customer.Name)));
        Assert.All(again, o => Assert.Contains(o, orders));
        Assert.All(orders, o => Assert.All(o.Lines, l => Assert.Same(o, l.Order)));
        Assert.All(context.ChangeTracker.Entries(), e => Assert.Equal(EntityState.Unchanged, e.State));
        Assert.Equal(orders.Count, context.ChangeTracker.Entries<Order>().Count());
        Assert.Equal(objects.Sum(o => o.Lines.Count), context.ChangeTracker.Entries<Line>().Count());
        Assert.Equal(objects.Select(o => o.CustomerId).Distinct().Count(), context.ChangeTracker.Entries<Customer>().Count());
    }

    public static TheoryData<string> FaultNames
        => [.. Faults.Keys];

    /// <summary>A translator with one of these faults would write such SQL.</summary>
    private static readonly Dictionary<string, Func<string, string>> Faults = new()
    {
        ["inner for left join"] = s => s.Replace("LEFT JOIN", "JOIN"),
        ["left for inner join"] = s => s.Replace("INNER JOIN", "LEFT JOIN"),
        ["left for right join"] = s => s.Replace("RIGHT JOIN", "LEFT JOIN"),
        ["distinct forgotten"] = s => s.Replace("SELECT DISTINCT", "SELECT"),
        ["all for union"] = s => UnionPattern().Replace(s, "UNION ALL"),
        ["union for all"] = s => s.Replace("UNION ALL", "UNION"),
        ["except for intersect"] = s => s.Replace("INTERSECT", "EXCEPT"),
        ["descending forgotten"] = s => s.Replace(" DESC", ""),
        ["not forgotten"] = s => s.Replace("NOT EXISTS", "EXISTS"),
        ["in for not in"] = s => s.Replace("NOT IN (", "IN ("),
        ["null test turned"] = s => s.Replace("IS NOT NULL", "IS NULL"),
        ["null semantics forgotten"] = s => NullPattern().Replace(s, ""),
        ["or for and"] = s => s.Replace(" AND ", " OR "),
        ["and for or"] = s => s.Replace(" OR ", " AND "),
        ["greater or equal for greater"] = s => s.Replace(" > ", " >= "),
        ["less for less or equal"] = s => s.Replace(" <= ", " < "),
        ["equal for different"] = s => s.Replace(" <> ", " = "),
        ["minimum for maximum"] = s => s.Replace("max(", "min(", StringComparison.OrdinalIgnoreCase),
        ["sum for average"] = s => s.Replace("avg(", "sum(", StringComparison.OrdinalIgnoreCase),
        ["row limit forgotten"] = s => LimitPattern().Replace(s, ""),
        ["offset forgotten"] = s => OffsetPattern().Replace(s, ""),
        ["coalesce to nothing"] = s => CoalescePattern().Replace(s, "COALESCE(NULL, "),
        ["remainder for quotient"] = s => s.Replace(" / ", " % "),
        ["having forgotten"] = s => HavingPattern().Replace(s, ""),
    };

    [Theory]
    [MemberData(nameof(FaultNames))]
    public void A_fault_in_the_sql_is_noticed(string fault)
    {
        var queries = new QueryShapes(Seed);
        for (var i = 0; i < 600; i++)
        {
            var shape = queries.Next();
            var rewriter = new Rewriter(Faults[fault]);
            List<string> actual;
            try
            {
                actual = Answer(shape, rewriter);
            }
            catch (Exception e) when (rewriter.HasChanged && e is BareMetalException or InvalidOperationException or InvalidCastException)
            {
                continue;
            }

            if (rewriter.HasChanged && !Expected(shape).SequenceEqual(actual))
            {
                output.WriteLine($"found by query {i + 1}, {shape.Name}");
                return;
            }
        }

        Assert.Fail($"600 queries gave the same rows with the fault \"{fault}\".");
    }

    private List<string> Answer(QueryShapes.Shape shape, Rewriter rewriter)
    {
        using var context = new ShopContext(
            new DbContextOptionsBuilder<ShopContext>().UseBareMetal(fixture.Source).AddInterceptors(rewriter).Options);
        return Print(
            shape, new LinqAgainstObjectsTests.Shop(context.Customers.AsNoTracking(), context.Orders.AsNoTracking(), context.Lines.AsNoTracking()));
    }

    private List<string> Expected(QueryShapes.Shape shape)
        => Print(
            shape,
            new LinqAgainstObjectsTests.Shop(
                fixture.Objects.AsQueryable(),
                fixture.Objects.SelectMany(c => c.Orders).AsQueryable(),
                fixture.Objects.SelectMany(c => c.Orders).SelectMany(o => o.Lines).AsQueryable()));

    private static List<string> Print(QueryShapes.Shape shape, LinqAgainstObjectsTests.Shop shop)
    {
        var rows = shape.Run(shop).Cast<object?>().Select(LinqAgainstObjectsTests.Print).ToList();
        if (!shape.IsOrdered)
            rows.Sort(StringComparer.Ordinal);
        return rows;
    }

    private static string Show(List<string> rows)
        => $"{rows.Count}: {string.Join(" ", rows.Take(30))}";

    // Numbers, texts and white space do not make another shape.
    private static string Normalise(string sql)
        => BlankPattern().Replace(NumberPattern().Replace(TextPattern().Replace(sql, "?"), "?"), " ");

    [GeneratedRegex("'[^']*'")]
    private static partial Regex TextPattern();

    [GeneratedRegex(@"(?<![\w""])\d+(\.\d+)?")]
    private static partial Regex NumberPattern();

    [GeneratedRegex(@"\s+")]
    private static partial Regex BlankPattern();

    [GeneratedRegex("UNION(?! ALL)")]
    private static partial Regex UnionPattern();

    [GeneratedRegex(@" OR [^ ()]+ IS NULL")]
    private static partial Regex NullPattern();

    [GeneratedRegex(@"(?m)^\s*LIMIT [^\n]*$|LIMIT \S+")]
    private static partial Regex LimitPattern();

    [GeneratedRegex(@"OFFSET \S+")]
    private static partial Regex OffsetPattern();

    [GeneratedRegex(@"COALESCE\([^,()]+, ")]
    private static partial Regex CoalescePattern();

    [GeneratedRegex(@"(?m)^\s*HAVING [^\n]*$")]
    private static partial Regex HavingPattern();
}
