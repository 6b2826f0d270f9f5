using System.Data.Common;
using System.Linq.Expressions;
using System.Reflection;
using System.Text;
using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Storage;

/// <summary>Maps owned and complex types that are stored as JSON documents to <c>json</c> or <c>jsonb</c>.</summary>
public sealed class BareMetalJsonTypeMapping : JsonTypeMapping
{
    private static readonly MethodInfo GetStringMethod =
        typeof(DbDataReader).GetRuntimeMethod(nameof(DbDataReader.GetString), [typeof(int)])!;

    private static readonly MethodInfo ToStreamMethod =
        typeof(BareMetalJsonTypeMapping).GetMethod(nameof(ToStream), [typeof(string)])!;

    /// <summary>The mapping to <c>json</c>.</summary>
    public static BareMetalJsonTypeMapping Default { get; } = new("json");

    /// <summary>The mapping to <c>jsonb</c>.</summary>
    public static BareMetalJsonTypeMapping Jsonb { get; } = new("jsonb");

    /// <summary>Creates a mapping for a store type.</summary>
    /// <param name="storeType">The name of the store type.</param>
    public BareMetalJsonTypeMapping(string storeType)
        : base(storeType, typeof(JsonTypePlaceholder), System.Data.DbType.String)
    {
    }

    private BareMetalJsonTypeMapping(RelationalTypeMappingParameters parameters)
        : base(parameters)
    {
    }

    /// <inheritdoc />
    protected override RelationalTypeMapping Clone(RelationalTypeMappingParameters parameters)
        => new BareMetalJsonTypeMapping(parameters);

    /// <inheritdoc />
    public override MethodInfo GetDataReaderMethod()
        => GetStringMethod;

    /// <summary>The text of a document as the stream of UTF-8 that EF Core's readers take.</summary>
    /// <param name="json">The text of a JSON document.</param>
    /// <returns>A stream over its UTF-8 bytes.</returns>
    public static MemoryStream ToStream(string json)
        => json.Length == 0
            ? throw new InvalidOperationException("A JSON column holds an empty text where a document was expected.")
            : new MemoryStream(Encoding.UTF8.GetBytes(json));

    /// <inheritdoc />
    public override Expression CustomizeDataReaderExpression(Expression expression)
        => Expression.Call(ToStreamMethod, expression);

    /// <inheritdoc />
    protected override void ConfigureParameter(DbParameter parameter)
        => ((BareMetalParameter)parameter).DataTypeName = StoreType;

    /// <inheritdoc />
    protected override string GenerateNonNullSqlLiteral(object value)
        => $"CAST('{((string)value).Replace("'", "''")}' AS {StoreType})";
}
