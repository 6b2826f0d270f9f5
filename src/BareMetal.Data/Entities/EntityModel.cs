using System.Collections.Concurrent;

namespace BareMetal.Data;

/// <summary>What a database keeps for an entity: its statements, and writers to be used again.</summary>
internal sealed class EntityModel<T>
    where T : class, IEntity<T>
{
    private readonly ConcurrentBag<EntityWriter> _writers = [];

    public EntitySchema Schema { get; } = T.Schema;

    public EntitySql Sql { get; } = new(T.Schema);

    public EntityWriter RentWriter() => _writers.TryTake(out EntityWriter? writer) ? writer : new EntityWriter(Schema);

    public void ReturnWriter(EntityWriter writer) => _writers.Add(writer);
}
