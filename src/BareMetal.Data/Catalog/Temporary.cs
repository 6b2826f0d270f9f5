using BareMetal.Data.Storage;

namespace BareMetal.Data.Catalog;

/// <summary>
/// The objects of a session's own: they lie in a schema that is looked into before all others, are in no database's catalog, and have ids and counters from a range
/// that is the process's, never used twice in it.
/// </summary>
internal static class Temporary
{
    public const string Schema = "pg_temp";

    private const long FirstId = 1L << 61;

    private static long _lastId = FirstId;

    /// <summary>The schema as an object of the catalog of a session that has temporary objects.</summary>
    public static SchemaObject SchemaObject { get; } = new() { Id = FirstId, Name = Schema };

    public static long NewId() => Interlocked.Increment(ref _lastId);

    /// <summary>A counter of the temporary database.</summary>
    public static ulong NewCounter() => TreeId.TemporaryBit | (ulong)NewId();

    public static bool IsTemporary(long id) => id >= FirstId;

    public static bool IsTemporary(this CatalogObject o) => o.Id >= FirstId;

    public static bool IsSchema(string? name) => string.Equals(name, Schema, StringComparison.OrdinalIgnoreCase);
}

/// <summary>What becomes of a temporary table when a transaction ends.</summary>
internal enum OnCommit : byte
{
    PreserveRows,
    DeleteRows,
    Drop,
}
