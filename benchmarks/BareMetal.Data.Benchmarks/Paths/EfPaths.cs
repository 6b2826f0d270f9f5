using BareMetal.Data.Benchmarks.Peers;
using Microsoft.EntityFrameworkCore;

namespace BareMetal.Data.Benchmarks.Paths;

/// <summary>Paths through EF Core.</summary>
public abstract class EfPath(string name, string unit, double bar) : BenchPath(name, unit, bar)
{
    /// <summary>The database.</summary>
    protected Peer Peer { get; private set; } = null!;

    /// <summary>Rows in Orders.</summary>
    protected int Orders { get; private set; }

    /// <summary>Picks keys.</summary>
    protected Random Random { get; } = new(1);

    /// <inheritdoc/>
    public override void Prepare(Peer peer, int orders)
    {
        Peer = peer;
        Orders = orders;
    }

    /// <summary>A fresh context.</summary>
    protected BenchContext Context() => new(Peer);
}

/// <summary>Find on a fresh context.</summary>
public sealed class EfFind() : EfPath("ef-find", "find", 1.0)
{
    /// <inheritdoc/>
    public override int Run()
    {
        for (int i = 0; i < 50; i++)
        {
            using BenchContext context = Context();
            if (context.Orders.Find(Random.Next(1, Orders + 1)) is null)
                throw new InvalidOperationException("No row was found.");
        }

        return 50;
    }
}

/// <summary>A compiled, untracked lookup.</summary>
public sealed class EfCompiledLookup() : EfPath("ef-compiled", "lookup", 1.0)
{
    // Compiled for one model, therefore one for each path and peer.
    private readonly Func<BenchContext, int, Order?> _lookup = EF.CompileQuery((BenchContext c, int id) => c.Orders.AsNoTracking().FirstOrDefault(o => o.Id == id));

    /// <inheritdoc/>
    public override int Run()
    {
        using BenchContext context = Context();
        for (int i = 0; i < 200; i++)
        {
            if (_lookup(context, Random.Next(1, Orders + 1)) is null)
                throw new InvalidOperationException("No row was found.");
        }

        return 200;
    }
}

/// <summary>An indexed date range with Take(20).</summary>
public sealed class EfRangeTake() : EfPath("ef-range-take", "query", 1.0)
{
    /// <inheritdoc/>
    public override int Run()
    {
        using BenchContext context = Context();
        for (int i = 0; i < 20; i++)
        {
            DateTime from = new DateTime(2020, 1, 1).AddMinutes(Random.Next(Orders - 100));
            if (context.Orders.AsNoTracking().Where(o => o.PlacedAt >= from).OrderBy(o => o.PlacedAt).Take(20).ToList().Count != 20)
                throw new InvalidOperationException("Rows are missing.");
        }

        return 20;
    }
}

/// <summary>Twenty customers with their orders.</summary>
public sealed class EfInclude() : EfPath("ef-include", "query", 1.0)
{
    /// <inheritdoc/>
    public override int Run()
    {
        using BenchContext context = Context();
        int first = Random.Next(1, BenchData.Customers - 20);
        List<Customer> customers = context.Customers.AsNoTracking().Include(c => c.Orders).Where(c => c.Id >= first && c.Id < first + 20).ToList();
        return customers.Count == 20 ? 1 : throw new InvalidOperationException("Rows are missing.");
    }
}

/// <summary>A thousand rows as entities.</summary>
public sealed class EfReadThousand() : EfPath("ef-read-1000", "row", 1.0)
{
    /// <inheritdoc/>
    public override int Run()
    {
        using BenchContext context = Context();
        int first = Random.Next(1, Orders - 1000);
        return context.Orders.AsNoTracking().Where(o => o.Id >= first).OrderBy(o => o.Id).Take(1000).ToList().Count == 1000
            ? 1000
            : throw new InvalidOperationException("Rows are missing.");
    }
}

/// <summary>GroupBy over the whole table with a sum of integers.</summary>
public sealed class EfGroupSum() : EfPath("ef-group-sum", "query", 0.6)
{
    /// <inheritdoc/>
    public override int Run()
    {
        using BenchContext context = Context();
        return context.Orders.GroupBy(o => o.Quantity).Select(g => new { g.Key, Sum = g.Sum(o => o.CustomerId) }).ToList().Count == 99
            ? 1
            : throw new InvalidOperationException("Groups are missing.");
    }
}

/// <summary>GroupBy over the whole table with a sum of decimals.</summary>
public sealed class EfGroupSumDecimal() : EfPath("ef-group-sum-decimal", "query", 0.6)
{
    /// <inheritdoc/>
    public override int Run()
    {
        using BenchContext context = Context();
        return context.Orders.GroupBy(o => o.Quantity).Select(g => new { g.Key, Sum = g.Sum(o => o.Total) }).ToList().Count == 99
            ? 1
            : throw new InvalidOperationException("Groups are missing.");
    }
}

/// <summary>SaveChanges of a number of new rows in one call, durable.</summary>
public sealed class EfSave(int rows) : EfPath($"ef-save-{rows}", "SaveChanges", 1.0)
{
    /// <inheritdoc/>
    public override int Run()
    {
        using BenchContext context = Context();
        for (int i = 0; i < rows; i++)
            context.Entries.Add(new Entry { Text = "a saved row", Amount = i, At = new DateTime(2025, 1, 1) });
        return context.SaveChanges() == rows ? 1 : throw new InvalidOperationException("Rows were not saved.");
    }
}
