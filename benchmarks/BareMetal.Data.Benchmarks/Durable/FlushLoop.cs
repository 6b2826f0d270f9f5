using System.Diagnostics;
using BareMetal.Data.Storage;

namespace BareMetal.Data.Benchmarks.Durable;

/// <summary>What the disk allows: one thread that overwrites sectors of a preallocated file one after the other and flushes after each.</summary>
public static class FlushLoop
{
    private const int FileBytes = 16 << 20;
    private const int WriteBytes = 512;

    /// <summary>Flushes per second.</summary>
    public static double Run(string folder, TimeSpan time)
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
            file.Write(offset, sector);
            file.Flush();
            offset = (offset + WriteBytes) % FileBytes;
            count++;
        }

        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
