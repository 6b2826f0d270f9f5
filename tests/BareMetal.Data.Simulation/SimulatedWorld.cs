using BareMetal.Data.Storage;

namespace BareMetal.Data.Simulation;

/// <summary>A disk, a clock, a scheduler and random numbers, all from one seed.</summary>
internal sealed class SimulatedWorld
{
    private readonly SplitMix random;

    /// <summary>Makes a world, around an existing disk if one is given.</summary>
    /// <param name="seed">Decides everything.</param>
    /// <param name="disk">The disk; null for an empty one.</param>
    /// <param name="faults">Deliberate faults of the engine; null for none.</param>
    public SimulatedWorld(ulong seed, SimulatedDisk? disk = null, EngineFaults? faults = null)
    {
        Faults = faults ?? new EngineFaults();
        random = new SplitMix(seed);
        Disk = disk ?? new SimulatedDisk(random.Chance(50) ? 512 : 4096);
        Scheduler = new SimulatedScheduler(new SplitMix(random.Next()));
        SplitMix bytes = new(random.Next());
        Environment = new StorageEnvironment
        {
            Clock = Clock,
            Random = bytes.Fill,
            Scheduler = Scheduler,
            SkipFlush = site => SkippedSite == site,
            Faults = Faults,
        };
    }

    /// <summary>The disk.</summary>
    public SimulatedDisk Disk { get; }

    /// <summary>The clock.</summary>
    public SimulatedClock Clock { get; } = new();

    /// <summary>The scheduler.</summary>
    public SimulatedScheduler Scheduler { get; }

    /// <summary>What an engine in this world is given.</summary>
    public StorageEnvironment Environment { get; }

    /// <summary>Deliberate faults of the engine in this world: none at first.</summary>
    public EngineFaults Faults { get; }

    /// <summary>The flush that is left out, if one is.</summary>
    public FlushSite? SkippedSite { get; set; }
}
