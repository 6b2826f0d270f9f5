using System.Collections.Concurrent;
using BareMetal.Data.Sessions;

namespace BareMetal.Data;

/// <summary>What a database keeps for an entity: its statements, and writers to be used again.</summary>
internal sealed class EntityModel<T>
    where T : class, IEntity<T>
{
    private readonly ConcurrentBag<EntityWriter> _writers = [];

    public EntitySchema Schema { get; } = T.Schema;

    public EntitySql Sql { get; } = new(T.Schema);

    public EntityStatement Find { get; } = new();

    public EntityStatement Insert { get; } = new();

    public EntityStatement InsertIdentity { get; } = new();

    public EntityStatement Update { get; } = new();

    public EntityStatement Delete { get; } = new();

    public EntityWriter RentWriter() => _writers.TryTake(out EntityWriter? writer) ? writer : new EntityWriter(Schema);

    public void ReturnWriter(EntityWriter writer) => _writers.Add(writer);
}

/// <summary>A statement's prepared form, kept for the engine that it was prepared in.</summary>
internal sealed class EntityStatement
{
    private Kept? _kept;

    public PreparedCommand Prepare(Session session, string sql, ReadOnlySpan<ParameterDeclaration> parameters)
    {
        Kept? kept = _kept;
        if (kept is null || !ReferenceEquals(kept.Commands, session.Commands))
            _kept = kept = new Kept(session.Commands, session.Prepare(sql, parameters));
        return kept.Command;
    }

    private sealed record Kept(CommandCache Commands, PreparedCommand Command);
}
