namespace BareMetal.Data;

/// <summary>
/// What the source generator writes for an <see cref="EntityAttribute"/> class: its schema, and its values from and to rows without
/// reflection.
/// </summary>
/// <typeparam name="TSelf">The class itself.</typeparam>
public interface IEntity<TSelf>
    where TSelf : class, IEntity<TSelf>
{
    /// <summary>The table, its columns, keys and indexes, and the version of all that.</summary>
    static abstract EntitySchema Schema { get; }

    /// <summary>Makes an entity from a row that has the schema's columns in their order.</summary>
    static abstract TSelf Read(in EntityReader reader);

    /// <summary>Writes the values of all columns in their order.</summary>
    static abstract void Write(TSelf entity, EntityWriter writer);

    /// <summary>Gives the entity a key before it is inserted, where keys are made by the client.</summary>
    static abstract void PrepareInsert(TSelf entity);

    /// <summary>Takes the value that the database gave for the identity column, which is the row's only column.</summary>
    static abstract void ReadIdentity(TSelf entity, in EntityReader reader);
}
