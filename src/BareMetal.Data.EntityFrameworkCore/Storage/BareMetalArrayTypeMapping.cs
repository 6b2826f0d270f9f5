using System.Collections;
using System.Data;
using System.Data.Common;
using System.Globalization;
using System.Linq.Expressions;
using System.Reflection;
using System.Text;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Storage;

/// <summary>Maps a collection to a native array, <c>T[]</c>. Collection parameters of queries travel this way.</summary>
public sealed class BareMetalArrayTypeMapping : RelationalTypeMapping
{
    /// <summary>The mapping of <see cref="int" /> arrays, from which compiled models clone others.</summary>
    public static BareMetalArrayTypeMapping Default { get; } = new(typeof(int[]), new IntTypeMapping("integer"));

    /// <summary>Creates a mapping for a collection type.</summary>
    /// <param name="clrType">The type of the collection.</param>
    /// <param name="elementMapping">The mapping of its elements.</param>
    public BareMetalArrayTypeMapping(Type clrType, RelationalTypeMapping elementMapping)
        : base(
            new RelationalTypeMappingParameters(
                new CoreTypeMappingParameters(clrType, comparer: ListComparer(clrType), elementMapping: elementMapping),
                ElementStoreType(elementMapping) + "[]"))
    {
    }

    // Values that are compared with a column are not cut to the column's size: a longer one simply is not equal.
    private static string ElementStoreType(RelationalTypeMapping mapping)
        => mapping is StringTypeMapping or CharTypeMapping && mapping.StoreType is not ("json" or "jsonb")
            ? "text"
            : mapping.StoreTypeNameBase;

    private static bool IsList(Type type)
        => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(List<>);

    // Lists are changed in place, so that a change shows in their elements only.
    private static ValueComparer? ListComparer(Type type)
        => IsList(type)
            ? (ValueComparer)CompareLists.MakeGenericMethod(type.GenericTypeArguments[0]).Invoke(null, null)!
            : null;

    private static readonly MethodInfo CompareLists =
        typeof(BareMetalArrayTypeMapping).GetMethod(nameof(CreateListComparer), BindingFlags.NonPublic | BindingFlags.Static)!;

    private static ValueComparer<List<T>> CreateListComparer<T>()
        => new(
            (left, right) => left == right || (left != null && right != null && left.SequenceEqual(right)),
            list => list.Count,
            list => new List<T>(list));

    private BareMetalArrayTypeMapping(RelationalTypeMappingParameters parameters)
        : base(parameters)
    {
    }

    /// <inheritdoc />
    public override RelationalTypeMapping ElementTypeMapping
        => (RelationalTypeMapping)base.ElementTypeMapping!;

    /// <inheritdoc />
    protected override RelationalTypeMapping Clone(RelationalTypeMappingParameters parameters)
        => new BareMetalArrayTypeMapping(parameters);

    /// <inheritdoc />
    public override MethodInfo GetDataReaderMethod()
        => GetFieldValueMethod.MakeGenericMethod(ArrayType);

    /// <inheritdoc />
    public override Expression CustomizeDataReaderExpression(Expression expression)
        => IsList(ClrType)
            ? Expression.New(
                ClrType.GetConstructor([typeof(IEnumerable<>).MakeGenericType(ClrType.GenericTypeArguments)])!, expression)
            : expression.Type == ClrType ? expression : Expression.Convert(expression, ClrType);

    private static readonly MethodInfo GetFieldValueMethod =
        typeof(DbDataReader).GetRuntimeMethod(nameof(DbDataReader.GetFieldValue), [typeof(int)])!;

    private Type ArrayType
        => ClrType.IsGenericType ? ClrType.GenericTypeArguments[0].MakeArrayType() : ClrType;

    /// <inheritdoc />
    // The value is any sequence that a query was given: a list, a set, an iterator. It goes out as an array of provider values.
    public override DbParameter CreateParameter(
        DbCommand command,
        string name,
        object? value,
        bool? nullable = null,
        ParameterDirection direction = ParameterDirection.Input)
    {
        var parameter = (BareMetalParameter)command.CreateParameter();
        parameter.Direction = direction;
        parameter.ParameterName = name;
        parameter.DataTypeName = StoreType;
        parameter.Value = value is null || value == DBNull.Value ? DBNull.Value : ToProviderArray((IEnumerable)value);
        if (nullable.HasValue)
            parameter.IsNullable = nullable.Value;
        return parameter;
    }

    private Array ToProviderArray(IEnumerable values)
    {
        var converter = ElementTypeMapping.Converter;
        var elementType = converter?.ProviderClrType ?? ElementTypeMapping.ClrType;
        elementType = Nullable.GetUnderlyingType(elementType) ?? elementType;
        if (elementType.IsEnum)
            elementType = Enum.GetUnderlyingType(elementType);

        // Most queries pass an array of the very type.
        if (converter is null && values.GetType() == elementType.MakeArrayType())
            return (Array)values;

        var buffer = new ArrayList();
        var hasNull = false;
        foreach (var value in values)
        {
            var provided = converter is null ? value : converter.ConvertToProvider(value);
            hasNull |= provided is null;
            if (provided is not null && provided.GetType() != elementType)
                provided = ChangeType(provided, elementType);
            buffer.Add(provided);
        }

        if (hasNull && elementType.IsValueType)
            elementType = typeof(Nullable<>).MakeGenericType(elementType);
        var array = Array.CreateInstance(elementType, buffer.Count);
        for (var i = 0; i < buffer.Count; i++)
        {
            if (buffer[i] is { } value)
                array.SetValue(value, i);
        }

        return array;
    }

    // Elements of object collections come as their own type, enums as themselves.
    private static object ChangeType(object value, Type type)
        => value.GetType().IsEnum
            ? Convert.ChangeType(value, type, CultureInfo.InvariantCulture)
            : value is IConvertible && typeof(IConvertible).IsAssignableFrom(type)
                ? Convert.ChangeType(value, type, CultureInfo.InvariantCulture)
                : value;

    /// <inheritdoc />
    protected override string GenerateNonNullSqlLiteral(object value)
    {
        var builder = new StringBuilder("CAST(ARRAY[");
        var first = true;
        foreach (var element in ToProviderArray((IEnumerable)value))
        {
            if (!first)
                builder.Append(", ");
            first = false;
            builder.Append(ElementTypeMapping.GenerateProviderValueSqlLiteral(element));
        }

        return builder.Append("] AS ").Append(StoreType).Append(')').ToString();
    }
}
