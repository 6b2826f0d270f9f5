using System.Diagnostics;
using BareMetal.Data.Storage;

namespace BareMetal.Data.Benchmarks.Durable;

/// <summary>What the disk allows: one thread that overwrites sectors of a preallocated file one after the other and flushes after each.</summary>
public static class FlushLoop
{
    private const int FileBytes = 16 << 20;
    private const int WriteBytes = 512;

    /// <summary>Flushes per second.</summary>
    /// <param name="folder">Where the file is.</param>
    /// <param name="time">For how long.</param>
    /// <param name="waits">How long each write and its flush took is added here.</param>
    public static double Run(string folder, TimeSpan time, LatencyHistogram waits)
    {
        LocalStorageProvider provider = new(folder);
        using IStorageFile file = provider.Open("flush-loop", StorageFileMode.OpenOrCreate);
        if (file.Length < FileBytes)
        {
            file.SetLength(FileBytes);
            file.Flush();
        }

        byte[] sector = new byte[WriteBytes];
        long count = 0, offset = 0;
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < time)
        {
            Random.Shared.NextBytes(sector);
            long before = Stopwatch.GetTimestamp();
            file.Write(offset, sector);
            file.Flush();
            waits.Add(before, Stopwatch.GetTimestamp());
            offset = (offset + WriteBytes) % FileBytes;
            count++;
        }

        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
