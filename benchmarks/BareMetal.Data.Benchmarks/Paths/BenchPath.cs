using BareMetal.Data.Benchmarks.Peers;

namespace BareMetal.Data.Benchmarks.Paths;

/// <summary>A path through a database that is measured: set up once, run many times.</summary>
public abstract class BenchPath(string name, string unit, double bar) : IDisposable
{
    /// <summary>Name for tables and for the command line.</summary>
    public string Name { get; } = name;

    /// <summary>What one operation is.</summary>
    public string Unit { get; } = unit;

    /// <summary>The ratio to SQLite's time that is aimed at.</summary>
    public double Bar { get; } = bar;

    /// <summary>How long each measured round lasts at least.</summary>
    public virtual TimeSpan Round => TimeSpan.FromMilliseconds(300);

    /// <summary>Opens connections, prepares commands, warms caches.</summary>
    public abstract void Prepare(Peer peer, int orders);

    /// <summary>Runs once.</summary>
    /// <returns>How many operations that was.</returns>
    public abstract int Run();

    /// <inheritdoc/>
    public virtual void Dispose() => GC.SuppressFinalize(this);
}
