namespace Microsoft.EntityFrameworkCore;

/// <summary>How <c>BulkInsert</c> and <c>Upsert</c> work.</summary>
public sealed record BareMetalBulkOptions
{
    /// <summary>Entities that one statement writes; 4096 unless set. What is held in memory at once.</summary>
    public int BatchSize { get; init; } = 4096;

    /// <summary>Whether values that the database makes (identities, defaults, row versions, computed columns) are read back into the entities. True unless set.</summary>
    public bool ReadGeneratedValues { get; init; } = true;

    /// <summary>For <c>Upsert</c>: the properties of the unique key that decides which rows are there; null (the default) for the primary key.</summary>
    public IReadOnlyList<string>? KeyProperties { get; init; }

    /// <summary>Told the number of entities written so far, after each batch, on the writing thread.</summary>
    public IProgress<long>? Progress { get; init; }
}
