using System.Security.Cryptography;

namespace BareMetal.Data.Storage;

/// <summary>
/// What the engine takes from the world apart from storage: time, randomness and background work. A simulation gives its own,
/// so that a run can be replayed from a seed.
/// </summary>
internal sealed class StorageEnvironment
{
    /// <summary>The real clock, the system's random numbers, threads.</summary>
    public static StorageEnvironment Default { get; } = new();

    /// <summary>Time of day for commit records, time stamps for waits and timers.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Fills a span with random bytes: database ids, epochs, sessions.</summary>
    public RandomFill Random { get; init; } = RandomNumberGenerator.Fill;

    /// <summary>Runs the flusher, the checkpointer and the completion of waiting commits.</summary>
    public IBackgroundScheduler Scheduler { get; init; } = ThreadScheduler.Instance;

    /// <summary>
    /// For tests only: answers whether the flush at a site is left out, to show that the suite notices. Null in production.
    /// </summary>
    public Func<FlushSite, bool>? SkipFlush { get; init; }

    /// <summary>For tests only: rules that the engine breaks on purpose. Null in production.</summary>
    public EngineFaults? Faults { get; init; }

    /// <summary>64 random bits.</summary>
    public ulong NextRandom()
    {
        Span<byte> bytes = stackalloc byte[8];
        Random(bytes);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    /// <summary>A random identifier.</summary>
    public Guid NextGuid()
    {
        Span<byte> bytes = stackalloc byte[16];
        Random(bytes);
        return new Guid(bytes);
    }

    /// <summary>Flushes a file on behalf of a named site.</summary>
    public void Flush(IStorageFile file, FlushSite site)
    {
        if (SkipFlush is not null && SkipFlush(site))
            return;
        if (Faults is { AcknowledgeBeforeFlush: true } && site == FlushSite.LogGroup)
        {
            Scheduler.Queue(new LateFlush(file));
            return;
        }

        file.Flush();
    }

    /// <summary>Makes directory changes durable on behalf of a named site.</summary>
    public void FlushDirectory(IStorageProvider provider, FlushSite site)
    {
        if (SkipFlush is null || !SkipFlush(site))
            provider.FlushDirectory();
    }

    private sealed class LateFlush(IStorageFile file) : IThreadPoolWorkItem
    {
        public void Execute() => file.Flush();
    }
}

/// <summary>Fills a span with random bytes.</summary>
internal delegate void RandomFill(Span<byte> bytes);
