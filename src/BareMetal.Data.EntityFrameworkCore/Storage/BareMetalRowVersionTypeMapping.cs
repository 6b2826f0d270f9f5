using System.Buffers.Binary;
using System.Data.Common;
using System.Reflection;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.Storage.Json;

namespace BareMetal.Data.EntityFrameworkCore.Storage;

/// <summary>
/// Maps a row version to <c>rowversion</c>, the engine's 64-bit counter: as <see cref="ulong" />, <see cref="long" /> or 8 bytes.
/// </summary>
public sealed class BareMetalRowVersionTypeMapping : RelationalTypeMapping
{
    private static readonly MethodInfo GetFieldValueMethod =
        typeof(DbDataReader).GetRuntimeMethod(nameof(DbDataReader.GetFieldValue), [typeof(int)])!;

    /// <summary>The mapping to 8 bytes, big-endian.</summary>
    public static BareMetalRowVersionTypeMapping Default { get; } = new(
        typeof(byte[]),
        new ValueComparer<byte[]>(
            (left, right) => SameBytes(left, right),
            value => HashBytes(value),
            value => value.ToArray()),
        JsonByteArrayReaderWriter.Instance);

    /// <summary>The mapping to <see cref="ulong" />.</summary>
    public static BareMetalRowVersionTypeMapping ULong { get; } = new(typeof(ulong), null, JsonUInt64ReaderWriter.Instance);

    /// <summary>The mapping to <see cref="long" />.</summary>
    public static BareMetalRowVersionTypeMapping Long { get; } = new(typeof(long), null, JsonInt64ReaderWriter.Instance);

    /// <summary>Whether two versions are the same; compiled models call it.</summary>
    /// <param name="left">A version, or null.</param>
    /// <param name="right">Another, or null.</param>
    /// <returns>Whether both are null or their bytes are equal.</returns>
    public static bool SameBytes(byte[]? left, byte[]? right)
        => left == right || (left is not null && right is not null && left.AsSpan().SequenceEqual(right));

    /// <summary>The hash code of a version; compiled models call it.</summary>
    /// <param name="value">A version.</param>
    /// <returns>A number that is the same for the same bytes.</returns>
    public static int HashBytes(byte[] value)
        => value.Length == sizeof(ulong) ? BinaryPrimitives.ReadUInt64BigEndian(value).GetHashCode() : value.Length;

    private BareMetalRowVersionTypeMapping(Type clrType, ValueComparer? comparer, JsonValueReaderWriter json)
        : base(
            new RelationalTypeMappingParameters(
                new CoreTypeMappingParameters(
                    clrType, comparer: comparer, keyComparer: comparer, providerValueComparer: comparer, jsonValueReaderWriter: json),
                "rowversion"))
    {
    }

    private BareMetalRowVersionTypeMapping(RelationalTypeMappingParameters parameters)
        : base(parameters)
    {
    }

    /// <inheritdoc />
    protected override RelationalTypeMapping Clone(RelationalTypeMappingParameters parameters)
        => new BareMetalRowVersionTypeMapping(parameters);

    /// <inheritdoc />
    public override MethodInfo GetDataReaderMethod()
        => GetFieldValueMethod.MakeGenericMethod(Converter?.ProviderClrType ?? ClrType);

    /// <inheritdoc />
    protected override void ConfigureParameter(DbParameter parameter)
    {
        // What a procedure gives comes back in the form that the property has.
        parameter.DbType = ClrType == typeof(byte[]) ? System.Data.DbType.Binary
            : ClrType == typeof(long) ? System.Data.DbType.Int64
            : System.Data.DbType.UInt64;
        ((BareMetalParameter)parameter).DataTypeName = "rowversion";
    }

    /// <inheritdoc />
    protected override string GenerateNonNullSqlLiteral(object value)
        => value switch
        {
            byte[] bytes => $"CAST(X'{Convert.ToHexString(bytes)}' AS rowversion)",
            _ => $"CAST({value} AS rowversion)",
        };
}
