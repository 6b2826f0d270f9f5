using System.Diagnostics.Metrics;

namespace BareMetal.Data.Storage.Backup;

/// <summary>What backups and the log's holders count, under the meter "BareMetal.Data.Storage".</summary>
internal static class StorageMetrics
{
    private static readonly Meter Meter = new("BareMetal.Data.Storage");

    /// <summary>Holders of the log that were dropped at their limit.</summary>
    public static Counter<long> LogHoldersDropped { get; } =
        Meter.CreateCounter<long>("baremetal.log.holders.dropped", "{holder}", "Backups, archives and consumers that were dropped because they held too much log.");
}
