using System.Collections;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.Storage.Json;

namespace BareMetal.Data.EntityFrameworkCore.BulkCopy;

/// <summary>The columns of an entity type that lies in one table, with owned and complex parts and documents.</summary>
internal sealed class BulkModel
{
    private readonly List<BulkColumn> _columns = [];

    /// <exception cref="InvalidOperationException">The entity type can't be written as rows of one table.</exception>
    public BulkModel(IEntityType entityType)
    {
        EntityType = entityType;
        ITableMapping[] mappings = [.. entityType.GetTableMappings()];
        if (mappings.Length != 1)
        {
            throw new InvalidOperationException(mappings.Length == 0
                ? $"{entityType.DisplayName()} is not mapped to a table, so that it can't be written in bulk."
                : $"{entityType.DisplayName()} lies in {mappings.Length} tables ({string.Join(", ", mappings.Select(m => m.Table.Name))}); only entities of one table are written in bulk. Use SaveChanges.");
        }

        Table = mappings[0].Table;
        Add(entityType, static e => e, root: true);
        if (entityType.FindPrimaryKey() is { } key)
            KeyColumns = [.. key.Properties.Select(ColumnOf)];
    }

    public IEntityType EntityType { get; }

    public ITable Table { get; }

    public IReadOnlyList<BulkColumn> Columns => _columns;

    public IReadOnlyList<string> KeyColumns { get; } = [];

    /// <summary>The name that SQL knows the table by.</summary>
    public string TableName => (Table.Schema is { } schema ? Quote(schema) + "." : "") + Quote(Table.Name);

    /// <exception cref="InvalidOperationException">There is no such property.</exception>
    public string ColumnOf(string property)
        => EntityType.FindProperty(property) is { } found
            ? ColumnOf(found)
            : throw new InvalidOperationException($"{EntityType.DisplayName()} has no property '{property}'.");

    private static string Quote(string name) => "\"" + name.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";

    private string ColumnOf(IReadOnlyProperty property)
        => property.GetColumnName(StoreObjectIdentifier.Table(Table.Name, Table.Schema))
            ?? throw new InvalidOperationException($"The property {EntityType.DisplayName()}.{property.Name} has no column in {Table.Name}.");

    private void Add(ITypeBase type, Func<object, object?> instance, bool root)
    {
        foreach (IProperty property in type.GetProperties())
        {
            if (Table.FindColumn(property) is not { } column || _columns.Exists(c => c.Name == column.Name))
                continue;
            RelationalTypeMapping mapping = property.GetRelationalTypeMapping();
            Func<object, object?> value = Getter(property, type);
            _columns.Add(new BulkColumn
            {
                Name = column.Name,
                Property = root ? property : null,
                Mapping = mapping,
                Get = e => instance(e) is { } owner ? ToProvider(mapping, value(owner)) : null,
                AlwaysMade = property.GetComputedColumnSql() is not null || property.GetBeforeSaveBehavior() != PropertySaveBehavior.Save,
                MadeWhenUnset = root && (property.ValueGenerated & ValueGenerated.OnAdd) != 0,
            });
        }

        foreach (IComplexProperty complex in type.GetComplexProperties())
        {
            Func<object, object?> part = Part(instance, complex);
            if (complex.ComplexType.GetContainerColumnName() is { } container && type.GetContainerColumnName() is null)
                AddDocument(container, part, complex.ComplexType, complex.IsCollection);
            else
                Add(complex.ComplexType, part, root: false);
        }

        if (type is not IEntityType entity)
            return;
        foreach (INavigation navigation in entity.GetNavigations())
        {
            if (navigation.IsOnDependent || !navigation.TargetEntityType.IsOwned())
                continue;
            Func<object, object?> part = Part(instance, navigation);
            if (navigation.TargetEntityType.IsMappedToJson())
            {
                if (!entity.IsMappedToJson())
                    AddDocument(navigation.TargetEntityType.GetContainerColumnName()!, part, navigation.TargetEntityType, navigation.IsCollection);
            }
            else if (!navigation.IsCollection && navigation.TargetEntityType.GetTableMappings().Any(m => m.Table == Table))
            {
                Add(navigation.TargetEntityType, part, root: false);
            }
            else
            {
                throw new InvalidOperationException(
                    $"{EntityType.DisplayName()}.{navigation.Name} lies in a table of its own; only entities of one table are written in bulk. Use SaveChanges.");
            }
        }
    }

    private void AddDocument(string column, Func<object, object?> part, ITypeBase type, bool isCollection) => _columns.Add(new BulkColumn
    {
        Name = column,
        Get = e => part(e) is { } value ? Document(value, type, isCollection) : null,
    });

    private static Func<object, object?> Part(Func<object, object?> instance, IPropertyBase property)
    {
        Func<object, object?> get = Member(property);
        return e => instance(e) is { } owner ? get(owner) : null;
    }

    private static Func<object, object?> Getter(IProperty property, ITypeBase type)
    {
        if (!property.IsShadowProperty())
            return Member(property);
        // What a row has without a member on the entity: its type, or nothing.
        if (type is IEntityType entity && entity.FindDiscriminatorProperty() == property)
        {
            object? discriminator = entity.GetDiscriminatorValue();
            return _ => discriminator;
        }

        return static _ => null;
    }

    private static Func<object, object?> Member(IPropertyBase property) => property.IsIndexerProperty()
        ? owner => property.PropertyInfo!.GetValue(owner, [property.Name])
        : property.GetMemberInfo(forMaterialization: false, forSet: false) switch
        {
            PropertyInfo p => p.GetValue,
            FieldInfo f => f.GetValue,
            _ => throw new InvalidOperationException($"{property.DeclaringType.DisplayName()}.{property.Name} can't be read."),
        };

    private static object? ToProvider(RelationalTypeMapping mapping, object? value) => mapping.Converter is { } converter
        ? value is null && !converter.ConvertsNulls ? null : converter.ConvertToProvider(value)
        : value;

    private static string Document(object value, ITypeBase type, bool isCollection)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
            Write(writer, value, type, isCollection);
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    /// <summary>Writes a part as EF Core's own update pipeline would.</summary>
    private static void Write(Utf8JsonWriter writer, object? value, ITypeBase type, bool isCollection)
    {
        if (value is null)
        {
            writer.WriteNullValue();
            return;
        }

        if (isCollection)
        {
            writer.WriteStartArray();
            foreach (object? item in (IEnumerable)value)
                Write(writer, item, type, isCollection: false);
            writer.WriteEndArray();
            return;
        }

        writer.WriteStartObject();
        foreach (IProperty property in type.GetProperties())
        {
            if (property.IsKey() || property.GetJsonPropertyName() is not { } name)
                continue;
            writer.WritePropertyName(name);
            object? member = Getter(property, type)(value);
            JsonValueReaderWriter? json = property.GetJsonValueReaderWriter() ?? property.GetTypeMapping().JsonValueReaderWriter;
            if (json is not null && member is not null)
                json.ToJson(writer, member);
            else
                writer.WriteNullValue();
        }

        foreach (IComplexProperty complex in type.GetComplexProperties())
        {
            writer.WritePropertyName(complex.GetJsonPropertyName()!);
            Write(writer, Member(complex)(value), complex.ComplexType, complex.IsCollection);
        }

        if (type is IEntityType entity)
        {
            foreach (INavigation navigation in entity.GetNavigations())
            {
                if (navigation.IsOnDependent || navigation.TargetEntityType.GetJsonPropertyName() is not { } name)
                    continue;
                writer.WritePropertyName(name);
                Write(writer, Member(navigation)(value), navigation.TargetEntityType, navigation.IsCollection);
            }
        }

        writer.WriteEndObject();
    }
}
