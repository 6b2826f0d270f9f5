using System.Runtime.CompilerServices;
using System.Text;
using BareMetal.Data.Sessions;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data;

/// <summary>The stored entities of a type. A light handle: take one from the database or a transaction whenever it is needed.</summary>
/// <typeparam name="T">The entity's class.</typeparam>
public sealed class EntitySet<T>
    where T : class, IEntity<T>
{
    private readonly BareMetalDatabase _database;
    private readonly EntityModel<T> _model;
    private readonly EntityTransaction? _transaction;

    internal EntitySet(BareMetalDatabase database, EntityModel<T> model, EntityTransaction? transaction)
    {
        _database = database;
        _model = model;
        _transaction = transaction;
    }

    /// <summary>The entity's schema.</summary>
    public EntitySchema Schema => _model.Schema;

    /// <summary>Inserts an entity. A key that the database or the client makes is set on it.</summary>
    /// <exception cref="BareMetalException">23505: the key or a unique index has the value already.</exception>
    public void Insert(T entity)
    {
        ArgumentNullException.ThrowIfNull(entity);
        using Lease lease = new(this);
        Insert(lease.Session, entity);
    }

    /// <summary>Inserts an entity.</summary>
    public async ValueTask InsertAsync(T entity, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(entity);
        cancellationToken.ThrowIfCancellationRequested();
        using Lease lease = new(this);
        EntityWriter writer = _model.RentWriter();
        try
        {
            using CommandExecution execution = BeginInsert(lease.Session, entity, writer, out bool identity, cancellationToken);
            await execution.NextResultAsync(cancellationToken).ConfigureAwait(false);
            if (identity)
                TakeIdentity(execution, entity);
            await execution.NextResultAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _model.ReturnWriter(writer);
        }
    }

    /// <summary>Inserts entities, all or none.</summary>
    public void InsertRange(IEnumerable<T> entities)
    {
        ArgumentNullException.ThrowIfNull(entities);
        using Lease lease = new(this);
        Session session = lease.Session;
        bool own = !session.InTransaction;
        if (own)
            session.BeginTransaction();
        foreach (T entity in entities)
            Insert(session, entity ?? throw new ArgumentException("An entity is null.", nameof(entities)));
        if (own)
            session.Commit();
    }

    /// <summary>Writes all members of an entity to the row with its key.</summary>
    /// <returns>False when there is no such row.</returns>
    public bool Update(T entity)
    {
        ArgumentNullException.ThrowIfNull(entity);
        using Lease lease = new(this);
        EntityWriter writer = _model.RentWriter();
        try
        {
            using CommandExecution execution = BeginUpdate(lease.Session, entity, writer, default);
            execution.NextResult();
            bool found = Changed(execution);
            execution.NextResult();
            return found;
        }
        finally
        {
            _model.ReturnWriter(writer);
        }
    }

    /// <summary>Writes all members of an entity to the row with its key.</summary>
    /// <returns>False when there is no such row.</returns>
    public async ValueTask<bool> UpdateAsync(T entity, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(entity);
        cancellationToken.ThrowIfCancellationRequested();
        using Lease lease = new(this);
        EntityWriter writer = _model.RentWriter();
        try
        {
            using CommandExecution execution = BeginUpdate(lease.Session, entity, writer, cancellationToken);
            await execution.NextResultAsync(cancellationToken).ConfigureAwait(false);
            bool found = Changed(execution);
            await execution.NextResultAsync(cancellationToken).ConfigureAwait(false);
            return found;
        }
        finally
        {
            _model.ReturnWriter(writer);
        }
    }

    /// <summary>Deletes the row with the entity's key.</summary>
    /// <returns>False when there is none.</returns>
    public bool Delete(T entity)
    {
        ArgumentNullException.ThrowIfNull(entity);
        using Lease lease = new(this);
        using CommandExecution execution = BeginDelete(lease.Session, KeyOf(entity), default);
        execution.NextResult();
        long rows = execution.RowsAffected;
        execution.NextResult();
        return rows > 0;
    }

    /// <summary>Deletes the row with the entity's key.</summary>
    /// <returns>False when there is none.</returns>
    public async ValueTask<bool> DeleteAsync(T entity, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(entity);
        cancellationToken.ThrowIfCancellationRequested();
        using Lease lease = new(this);
        using CommandExecution execution = BeginDelete(lease.Session, KeyOf(entity), cancellationToken);
        await execution.NextResultAsync(cancellationToken).ConfigureAwait(false);
        long rows = execution.RowsAffected;
        await execution.NextResultAsync(cancellationToken).ConfigureAwait(false);
        return rows > 0;
    }

    /// <summary>The entity of a key.</summary>
    /// <returns>Null when there is none.</returns>
    /// <exception cref="ArgumentException">The entity's key has several parts.</exception>
    public T? Find<TKey>(TKey key)
        where TKey : notnull
        => Find([KeyPart(0, key, 1)]);

    /// <summary>The entity of a key of two parts.</summary>
    /// <returns>Null when there is none.</returns>
    /// <exception cref="ArgumentException">The entity's key has another number of parts.</exception>
    public T? Find<TKey1, TKey2>(TKey1 key1, TKey2 key2)
        where TKey1 : notnull
        where TKey2 : notnull
        => Find([KeyPart(0, key1, 2), KeyPart(1, key2, 2)]);

    /// <summary>The entity of a key of any number of parts.</summary>
    /// <returns>Null when there is none.</returns>
    /// <exception cref="ArgumentException">The entity's key has another number of parts.</exception>
    public T? FindByKey(params object[] key)
    {
        ArgumentNullException.ThrowIfNull(key);
        Value[] values = new Value[key.Length];
        for (int i = 0; i < key.Length; i++)
            values[i] = KeyPart(i, key[i], key.Length);
        return key.Length == 0 ? throw new ArgumentException("A key has at least one part.", nameof(key)) : Find(values);
    }

    /// <summary>The entity of a key.</summary>
    /// <returns>Null when there is none.</returns>
    public ValueTask<T?> FindAsync<TKey>(TKey key, CancellationToken cancellationToken = default)
        where TKey : notnull
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<T?>(cancellationToken);
        return new ValueTask<T?>(Find(key));
    }

    /// <summary>Runs a query; the rows are read as the result is enumerated.</summary>
    /// <exception cref="QueryDefinitionException">The definition does not fit the schema; every problem is listed.</exception>
    public IEnumerable<T> Query(QueryDefinition definition)
    {
        QueryDefinitionCompiler query = Compile(definition);
        return Read(query);
    }

    /// <summary>Runs a query; the rows are read as the result is enumerated.</summary>
    /// <exception cref="QueryDefinitionException">The definition does not fit the schema; every problem is listed.</exception>
    public IAsyncEnumerable<T> QueryAsync(QueryDefinition definition, CancellationToken cancellationToken = default)
    {
        QueryDefinitionCompiler query = Compile(definition);
        return ReadAsync(query, cancellationToken);
    }

    /// <summary>How many entities satisfy a definition's conditions; order, skip and take play no part.</summary>
    /// <exception cref="QueryDefinitionException">The definition does not fit the schema; every problem is listed.</exception>
    public long Count(QueryDefinition? definition = null)
    {
        QueryDefinitionCompiler query = Compile(definition ?? new QueryDefinition(), filterOnly: true);
        using Lease lease = new(this);
        using CommandExecution execution = Begin(lease.Session, "SELECT count(*)" + query.Tail, query.Parameters, query.Values, default);
        execution.NextResult();
        return execution.NextBatch() ? new EntityReader(execution.Current.Columns, 0).Get<long>(0) : 0;
    }

    /// <summary>The plan that a query would run with, as text.</summary>
    /// <exception cref="QueryDefinitionException">The definition does not fit the schema; every problem is listed.</exception>
    public string Explain(QueryDefinition definition)
    {
        QueryDefinitionCompiler query = Compile(definition);
        using Lease lease = new(this);
        using CommandExecution execution = Begin(lease.Session, "EXPLAIN " + _model.Sql.SelectList + query.Tail, query.Parameters, query.Values, default);
        StringBuilder text = new();
        execution.NextResult();
        while (execution.NextBatch())
        {
            for (int row = 0; row < execution.Current.Count; row++)
                text.Append(new EntityReader(execution.Current.Columns, row).Get<string>(0)).Append('\n');
        }

        return text.ToString();
    }

    private static bool Changed(CommandExecution execution)
        => execution.HasRows ? execution.NextBatch() && execution.Current.Count > 0 : execution.RowsAffected > 0;

    private static CommandExecution Begin(Session session, string sql, ReadOnlySpan<ParameterDeclaration> declared, Value[] values, CancellationToken cancellationToken)
    {
        PreparedCommand command = session.Prepare(sql, declared);
        return session.Execute(command, values, default, cancellationToken);
    }

    private static bool IsUnset(in Value value) => value.IsNull || value.Kind switch
    {
        SqlTypeKind.BigInt => value.As<long>() == 0,
        SqlTypeKind.Integer => value.As<int>() == 0,
        SqlTypeKind.SmallInt => value.As<short>() == 0,
        SqlTypeKind.UInteger => value.As<uint>() == 0,
        SqlTypeKind.UBigInt => value.As<ulong>() == 0,
        _ => false,
    };

    private static void TakeIdentity(CommandExecution execution, T entity)
    {
        if (execution.NextBatch())
            T.ReadIdentity(entity, new EntityReader(execution.Current.Columns, 0));
    }

    private void Insert(Session session, T entity)
    {
        EntityWriter writer = _model.RentWriter();
        try
        {
            using CommandExecution execution = BeginInsert(session, entity, writer, out bool identity, default);
            execution.NextResult();
            if (identity)
                TakeIdentity(execution, entity);
            execution.NextResult();
        }
        finally
        {
            _model.ReturnWriter(writer);
        }
    }

    private CommandExecution BeginInsert(Session session, T entity, EntityWriter writer, out bool identity, CancellationToken cancellationToken)
    {
        T.PrepareInsert(entity);
        T.Write(entity, writer);
        identity = Schema.Identity >= 0 && IsUnset(writer.Values[Schema.Identity]);
        PreparedCommand command = identity
            ? _model.InsertIdentity.Prepare(session, _model.Sql.InsertIdentity!, _model.Sql.AllParameters)
            : _model.Insert.Prepare(session, _model.Sql.Insert, _model.Sql.AllParameters);
        return session.Execute(command, writer.Values, default, cancellationToken);
    }

    private CommandExecution BeginUpdate(Session session, T entity, EntityWriter writer, CancellationToken cancellationToken)
    {
        T.Write(entity, writer);
        return _model.Sql.HasUpdate
            ? session.Execute(_model.Update.Prepare(session, _model.Sql.Update, _model.Sql.AllParameters), writer.Values, default, cancellationToken)
            : session.Execute(_model.Find.Prepare(session, _model.Sql.Find, _model.Sql.KeyParameters), Key(writer), default, cancellationToken);
    }

    private CommandExecution BeginDelete(Session session, Value[] key, CancellationToken cancellationToken)
        => session.Execute(_model.Delete.Prepare(session, _model.Sql.Delete, _model.Sql.KeyParameters), key, default, cancellationToken);

    private Value[] KeyOf(T entity)
    {
        EntityWriter writer = _model.RentWriter();
        try
        {
            T.Write(entity, writer);
            return Key(writer);
        }
        finally
        {
            _model.ReturnWriter(writer);
        }
    }

    private Value[] Key(EntityWriter writer)
    {
        Value[] key = new Value[Schema.Keys.Count];
        for (int i = 0; i < key.Length; i++)
            key[i] = writer.Values[Schema.Keys[i]];
        return key;
    }

    private Value KeyPart<TKey>(int index, TKey part, int count)
        where TKey : notnull
    {
        if (count != Schema.Keys.Count)
            throw new ArgumentException($"The key of {Schema.EntityName} has {Schema.Keys.Count} part(s), {count} given.");
        SqlType type = Schema.Columns[Schema.Keys[index]].Type;
        if (ClrTypes.TryToValue(part, out Value value, out SqlType own) && own.Kind == type.Kind)
            return value;
        return ClrTypes.ToValue(part, type);
    }

    private T? Find(Value[] key)
    {
        using Lease lease = new(this);
        using CommandExecution execution = lease.Session.Execute(_model.Find.Prepare(lease.Session, _model.Sql.Find, _model.Sql.KeyParameters), key, default, default);
        execution.NextResult();
        return execution.NextBatch() && execution.Current.Count > 0 ? T.Read(new EntityReader(execution.Current.Columns, 0)) : null;
    }

    private QueryDefinitionCompiler Compile(QueryDefinition definition, bool filterOnly = false)
    {
        ArgumentNullException.ThrowIfNull(definition);
        QueryDefinitionCompiler query = QueryDefinitionCompiler.Compile(Schema, definition, filterOnly);
        return query.Problems.Count == 0 ? query : throw new QueryDefinitionException(query.Problems);
    }

    private IEnumerable<T> Read(QueryDefinitionCompiler query)
    {
        using Lease lease = new(this);
        using CommandExecution execution = Begin(lease.Session, _model.Sql.SelectList + query.Tail, query.Parameters, query.Values, default);
        execution.NextResult();
        while (execution.NextBatch())
        {
            for (int row = 0; row < execution.Current.Count; row++)
                yield return Entity(execution.Current, row);
        }
    }

    private async IAsyncEnumerable<T> ReadAsync(QueryDefinitionCompiler query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using Lease lease = new(this);
        using CommandExecution execution = Begin(lease.Session, _model.Sql.SelectList + query.Tail, query.Parameters, query.Values, cancellationToken);
        await execution.NextResultAsync(cancellationToken).ConfigureAwait(false);
        while (execution.NextBatch())
        {
            for (int row = 0; row < execution.Current.Count; row++)
                yield return Entity(execution.Current, row);
        }
    }

    private static T Entity(Batch batch, int row) => T.Read(new EntityReader(batch.Columns, row));

    /// <summary>A session for one operation: the transaction's, or one from the pool.</summary>
    private readonly struct Lease : IDisposable
    {
        private readonly BareMetalDataSource? _source;
        private readonly int _generation;

        public Lease(EntitySet<T> set)
        {
            if (set._transaction is { } transaction)
            {
                if (!transaction.Transaction.IsActive)
                    throw new InvalidOperationException("The transaction has ended.");
                Session = transaction.Connection.Session;
                return;
            }

            _source = set._database.DataSource;
            Session = _source.Rent(out _generation, default);
        }

        public Session Session { get; }

        public void Dispose() => _source?.Return(Session, _generation);
    }
}
