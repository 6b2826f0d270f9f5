using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.BulkCopy;

/// <summary>A column of an entity type's table: how its value is taken from an entity, and given back when the database made it.</summary>
internal sealed class BulkColumn
{
    public required string Name { get; init; }

    /// <summary>The value as the database takes it, by the mapping's converter.</summary>
    public required Func<object, object?> Get { get; init; }

    /// <summary>The property when it lies directly on the entity; null for parts of owned and complex types.</summary>
    public IProperty? Property { get; init; }

    public RelationalTypeMapping? Mapping { get; init; }

    /// <summary>The database makes the value when the entity has none.</summary>
    public bool MadeWhenUnset { get; init; }

    /// <summary>Only the database makes the value.</summary>
    public bool AlwaysMade { get; init; }
}
