namespace BareMetal.Data.Storage;

/// <summary>
/// For tests only: rules that the engine breaks on purpose, to show that the suite notices. <see cref="StorageEnvironment.Faults"/> is null in
/// production, and everything here is off unless a test switches it on.
/// </summary>
internal sealed class EngineFaults
{
    /// <summary>Commits are acknowledged when their log is written; the flush comes some time later.</summary>
    public bool AcknowledgeBeforeFlush { get; set; }

    /// <summary>Pages read from the data file are taken without a look at their checksum.</summary>
    public bool SkipPageChecksum { get; set; }

    /// <summary>Images become visible when they are built, not when their commit is durable.</summary>
    public bool PublishImageEarly { get; set; }

    /// <summary>Superseded images are freed although a snapshot still needs them.</summary>
    public bool FreePageEarly { get; set; }

    /// <summary>A row that another transaction has changed since the snapshot may be changed: nobody is told.</summary>
    public bool SkipFirstUpdaterCheck { get; set; }

    /// <summary>Serializable transactions commit whatever became of what they read.</summary>
    public bool SkipSerializableValidation { get; set; }

    /// <summary>
    /// Asked before memory for pages is allocated, with its size in bytes; true makes the allocation fail as it does when the system has no more.
    /// </summary>
    public Func<long, bool>? FailAllocation { get; set; }
}
