using System.Collections;
using System.Globalization;
using System.Reflection;
using BareMetal.Data.BulkCopy;
using BareMetal.Data.Sessions;
using BareMetal.Data.Values;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.ValueGeneration;

namespace BareMetal.Data.EntityFrameworkCore.BulkCopy;

/// <summary>
/// Writes entities as rows, in their order. Entities of one type whose database-made values are set or unset alike share a statement;
/// where that changes, a new batch begins.
/// </summary>
internal sealed class BulkWriter
{
    private readonly DbContext _context;
    private readonly IEntityType _rootType;
    private readonly BareMetalBulkConflict _conflict;
    private readonly BareMetalBulkOptions _options;
    private readonly BareMetalConnection _connection;
    private readonly IValueGeneratorSelector _generators;
    private readonly Dictionary<Type, BulkModel> _models = [];
    private readonly Dictionary<(BulkModel, string), Shape> _shapes = [];
    private readonly List<object> _entities = [];
    private readonly RowOfEntity _row = new();
    private Shape? _shape;
    private BulkBatch? _batch;

    public BulkWriter(DbContext context, IEntityType entityType, BareMetalBulkConflict conflict, BareMetalBulkOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize, 1, nameof(options.BatchSize));
        _context = context;
        _rootType = entityType;
        _conflict = conflict;
        _options = options;
        _generators = context.GetService<IValueGeneratorSelector>();
        _connection = context.Database.GetDbConnection() as BareMetalConnection
            ?? throw new InvalidOperationException("The context does not use BareMetal.Data, so that it can't write in bulk this way.");
    }

    /// <summary>Rows inserted or updated so far.</summary>
    public long Written { get; private set; }

    /// <summary>Takes an entity.</summary>
    /// <returns>False when it can't go along with those that wait: write them, then add it again.</returns>
    public bool TryAdd(object? entity)
    {
        if (entity is null)
            throw new ArgumentException("An entity is null.", "entities");
        if (_entities.Count == _options.BatchSize)
            return false;
        BulkModel model = ModelOf(entity.GetType());
        MakeValues(model, entity);
        Shape shape = ShapeOf(model, entity);
        if (shape != _shape)
        {
            if (_entities.Count > 0)
                return false;
            _shape = shape;
            _batch = shape.Batch ??= new BulkBatch(shape.Target, _options.BatchSize);
        }

        _row.Entity = entity;
        _row.Columns = shape.Columns;
        _batch!.Add(_row);
        _entities.Add(entity);
        return true;
    }

    public void Flush()
    {
        if (_entities.Count == 0)
            return;
        using CommandExecution execution = Begin(default);
        if (execution.NextResult())
            Take(execution);
        execution.NextResult();
        End();
    }

    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (_entities.Count == 0)
            return;
        using CommandExecution execution = Begin(cancellationToken);
        if (await execution.NextResultAsync(cancellationToken).ConfigureAwait(false))
            Take(execution);
        await execution.NextResultAsync(cancellationToken).ConfigureAwait(false);
        End();
    }

    private static bool IsUnset(IProperty property, object? value)
        => value is null || (property.Sentinel is { } sentinel ? sentinel.Equals(value) : value.GetType().IsValueType && value.Equals(Activator.CreateInstance(value.GetType())));

    private static void Set(IProperty property, object entity, object? value)
    {
        switch (property.IsShadowProperty() ? null : property.GetMemberInfo(forMaterialization: false, forSet: true))
        {
            case PropertyInfo member:
                member.SetValue(entity, value);
                break;
            case FieldInfo member:
                member.SetValue(entity, value);
                break;
        }
    }

    private static object? Current(IProperty property, object entity) => property.GetMemberInfo(forMaterialization: false, forSet: false) switch
    {
        PropertyInfo member => member.GetValue(entity),
        FieldInfo member => member.GetValue(entity),
        _ => null,
    };

    private static object? FromProvider(BulkColumn column, object? value)
    {
        if (value is null or DBNull)
            return null;
        Type wanted = column.Mapping!.Converter?.ProviderClrType ?? column.Mapping.ClrType;
        if (!wanted.IsInstanceOfType(value))
        {
            value = value is ulong version && wanted == typeof(byte[])
                ? RowVersionBytes(version)
                : value is ulong unsigned && wanted == typeof(long) ? unchecked((long)unsigned) : Convert.ChangeType(value, wanted, CultureInfo.InvariantCulture);
        }

        return column.Mapping.Converter is { } converter ? converter.ConvertFromProvider(value) : value;
    }

    private static byte[] RowVersionBytes(ulong version)
    {
        byte[] bytes = new byte[sizeof(ulong)];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(bytes, version);
        return bytes;
    }

    private BulkModel ModelOf(Type type)
    {
        if (_models.TryGetValue(type, out BulkModel? model))
            return model;
        IEntityType entityType = _rootType.ClrType == type
            ? _rootType
            : _context.Model.FindRuntimeEntityType(type) is { } found && _rootType.IsAssignableFrom(found)
                ? found
                : throw new ArgumentException($"{type} is not an entity of the set of {_rootType.DisplayName()}.", "entities");
        return _models[type] = new BulkModel(entityType);
    }

    /// <summary>Makes the values that the client makes: version 7 keys, HiLo and what the model names.</summary>
    private void MakeValues(BulkModel model, object entity)
    {
        EntityEntry? entry = null;
        foreach (BulkColumn column in model.Columns)
        {
            if (column.Property is not { } property || !column.MadeWhenUnset || property.IsShadowProperty() || !IsUnset(property, Current(property, entity)))
                continue;
            if (!_generators.TrySelect(property, model.EntityType, out ValueGenerator? generator) || generator is null || generator.GeneratesTemporaryValues)
                continue;
            Set(property, entity, generator.Next(entry ??= _context.Entry(entity)));
        }
    }

    private Shape ShapeOf(BulkModel model, object entity)
    {
        Span<char> pattern = model.Columns.Count <= 256 ? stackalloc char[model.Columns.Count] : new char[model.Columns.Count];
        for (int i = 0; i < pattern.Length; i++)
        {
            BulkColumn column = model.Columns[i];
            bool byDatabase = column.AlwaysMade
                || (column.MadeWhenUnset && (column.Property!.IsShadowProperty() ? column.Get(entity) is null : IsUnset(column.Property, Current(column.Property, entity))));
            pattern[i] = byDatabase ? '-' : '+';
        }

        if (_shape is { } last && last.Model == model && pattern.SequenceEqual(last.Pattern))
            return last;
        string key = pattern.ToString();
        if (_shapes.TryGetValue((model, key), out Shape? shape))
            return shape;
        List<BulkColumn> columns = [];
        List<BulkColumn> made = [];
        for (int i = 0; i < key.Length; i++)
            (key[i] == '+' ? columns : made).Add(model.Columns[i]);
        made.RemoveAll(c => c.Property is null || c.Property.IsShadowProperty());
        if (!_options.ReadGeneratedValues || _conflict == BareMetalBulkConflict.Skip)
            made.Clear();
        IReadOnlyList<string> keys = _options.KeyProperties is { } named ? [.. named.Select(model.ColumnOf)] : model.KeyColumns;
        // Without its key a row is new.
        BareMetalBulkConflict conflict = keys.All(k => columns.Exists(c => c.Name == k)) ? _conflict : BareMetalBulkConflict.Fail;
        BulkTarget target = new(_connection, model.TableName, columns.ConvertAll(c => c.Name), conflict, keys, made.ConvertAll(c => c.Name));
        return _shapes[(model, key)] = new Shape(model, key, [.. columns], [.. made], target);
    }

    private CommandExecution Begin(CancellationToken cancellationToken)
        => _shape!.Target.Begin(_batch!.Columns, _batch.Count, TimeSpan.FromSeconds(_context.Database.GetCommandTimeout() ?? 0), cancellationToken);

    private void Take(CommandExecution execution)
    {
        if (execution.HasRows)
        {
            int entity = 0;
            while (execution.NextBatch())
            {
                Batch rows = execution.Current;
                for (int row = 0; row < rows.Count; row++, entity++)
                {
                    for (int c = 0; c < _shape!.Made.Length; c++)
                    {
                        object? value = rows.Columns[c].IsNull(row) ? null : ClrReader.ToObject(rows.Columns[c], row);
                        Set(_shape.Made[c].Property!, _entities[entity], FromProvider(_shape.Made[c], value));
                    }
                }
            }
        }

        Written += Math.Max(execution.RowsAffected, 0);
    }

    private void End()
    {
        _entities.Clear();
        _batch!.Clear();
        _options.Progress?.Report(Written);
    }

    private sealed record Shape(BulkModel Model, string Pattern, BulkColumn[] Columns, BulkColumn[] Made, BulkTarget Target)
    {
        public BulkBatch? Batch { get; set; }
    }

    private sealed class RowOfEntity : IBulkRow
    {
        public object? Entity { get; set; }

        public BulkColumn[] Columns { get; set; } = [];

        public object? Get(int column) => Columns[column].Get(Entity!);
    }
}
