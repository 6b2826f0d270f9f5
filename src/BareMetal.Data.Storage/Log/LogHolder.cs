namespace BareMetal.Data.Storage;

/// <summary>A backup in progress, an archive or a consumer that keeps log from being used again.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Lsn">The last commit that it has.</param>
/// <param name="LimitBytes">Bytes that it may hold.</param>
/// <param name="IsDurable">Whether it outlives the process.</param>
/// <param name="DroppedBecause">Why it was dropped; null when it was not.</param>
public sealed record LogHolder(string Name, Lsn Lsn, long LimitBytes, bool IsDurable, string? DroppedBecause);

/// <summary>Tells of a holder of the log that was dropped at its limit.</summary>
public sealed class LogHolderDroppedEventArgs(LogHolder holder) : EventArgs
{
    /// <summary>The holder.</summary>
    public LogHolder Holder { get; } = holder;
}
