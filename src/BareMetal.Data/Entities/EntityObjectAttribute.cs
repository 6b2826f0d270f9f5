namespace BareMetal.Data;

/// <summary>How a nested object is stored.</summary>
public enum EntityObjectStorage
{
    /// <summary>As one json column. The default.</summary>
    Json,

    /// <summary>As one column for each of its members, named <c>Object_Member</c>.</summary>
    Columns,
}

/// <summary>A member that is an object of its own, stored with its entity.</summary>
[AttributeUsage(AttributeTargets.Property, Inherited = false)]
public sealed class EntityObjectAttribute : Attribute
{
    /// <summary>Makes the attribute.</summary>
    /// <param name="storage">How the object is stored.</param>
    public EntityObjectAttribute(EntityObjectStorage storage = EntityObjectStorage.Json) => Storage = storage;

    /// <summary>How the object is stored.</summary>
    public EntityObjectStorage Storage { get; }
}
