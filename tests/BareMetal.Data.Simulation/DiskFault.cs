namespace BareMetal.Data.Simulation;

/// <summary>A fault that the simulated disk produces.</summary>
public enum DiskFault
{
    /// <summary>An error of the device.</summary>
    Error,

    /// <summary>No space left.</summary>
    DiskFull,

    /// <summary>A flush fails and the system drops what was not flushed, as Linux does.</summary>
    FlushLosesData,

    /// <summary>A read gives, or a write takes, only a part of the bytes; the write then fails.</summary>
    Short,
}
