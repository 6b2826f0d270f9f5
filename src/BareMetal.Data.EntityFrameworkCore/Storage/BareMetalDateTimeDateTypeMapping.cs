using System.Data.Common;
using System.Globalization;
using System.Linq.Expressions;
using System.Reflection;
using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Storage;

/// <summary>Maps <see cref="DateTime" /> to a <c>date</c> column.</summary>
public sealed class BareMetalDateTimeDateTypeMapping : RelationalTypeMapping
{
    private static readonly MethodInfo GetDateMethod =
        typeof(DbDataReader).GetRuntimeMethod(nameof(DbDataReader.GetFieldValue), [typeof(int)])!.MakeGenericMethod(typeof(DateOnly));

    private static readonly MethodInfo ToDateTimeMethod =
        typeof(DateOnly).GetRuntimeMethod(nameof(DateOnly.ToDateTime), [typeof(TimeOnly)])!;

    /// <summary>The mapping with its defaults.</summary>
    public static BareMetalDateTimeDateTypeMapping Default { get; } = new();

    /// <summary>Creates the mapping.</summary>
    public BareMetalDateTimeDateTypeMapping()
        : base(
            "date",
            typeof(DateTime),
            System.Data.DbType.Date,
            jsonValueReaderWriter: Microsoft.EntityFrameworkCore.Storage.Json.JsonDateTimeReaderWriter.Instance)
    {
    }

    private BareMetalDateTimeDateTypeMapping(RelationalTypeMappingParameters parameters)
        : base(parameters)
    {
    }

    /// <inheritdoc />
    protected override RelationalTypeMapping Clone(RelationalTypeMappingParameters parameters)
        => new BareMetalDateTimeDateTypeMapping(parameters);

    /// <inheritdoc />
    public override MethodInfo GetDataReaderMethod()
        => GetDateMethod;

    /// <inheritdoc />
    public override Expression CustomizeDataReaderExpression(Expression expression)
        => Expression.Call(expression, ToDateTimeMethod, Expression.Default(typeof(TimeOnly)));

    /// <inheritdoc />
    protected override void ConfigureParameter(DbParameter parameter)
    {
        if (parameter.Value is DateTime value)
            parameter.Value = DateOnly.FromDateTime(value);
    }

    /// <inheritdoc />
    protected override string GenerateNonNullSqlLiteral(object value)
        => $"DATE '{((DateTime)value).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}'";
}
