using System.Data.Common;
using BareMetal.Data.Sessions;
using BareMetal.Data.Types;

namespace BareMetal.Data;

/// <summary>A column of a result: its type, and where it comes from when it comes unchanged from a table.</summary>
public sealed class BareMetalDbColumn : DbColumn
{
    internal BareMetalDbColumn(ResultColumn column, int ordinal)
    {
        SqlType type = column.Type;
        ColumnName = column.Name;
        ColumnOrdinal = ordinal;
        ColumnSize = type.Length ?? -1;
        AllowDBNull = column.IsNullable;
        DataType = ClrTypes.TypeOf(type);
        DataTypeName = DataTypeNames.Format(type);
        NumericPrecision = Precision(type);
        NumericScale = type.Kind == SqlTypeKind.Decimal ? type.Scale : null;
        BaseCatalogName = Sql.SqlParser.DatabaseName;
        BaseSchemaName = column.OriginTable?.Schema;
        BaseTableName = column.OriginTable?.Name;
        BaseColumnName = column.OriginColumn?.Name;
        IsKey = column.IsKey;
        IsUnique = column.IsUnique;
        IsAutoIncrement = column.IsIdentity;
        IsIdentity = column.IsIdentity;
        IsReadOnly = column.IsReadOnly;
        IsExpression = column.OriginColumn is null;
        IsAliased = column.OriginColumn is { } origin && !string.Equals(origin.Name, column.Name, StringComparison.Ordinal);
        IsLong = false;
        IsHidden = false;
        DefaultValue = column.OriginColumn?.DefaultSql;
    }

    /// <summary>The SQL text of the table column's default; null without one.</summary>
    public string? DefaultValue { get; }

    private static int? Precision(SqlType type) => type.Kind switch
    {
        SqlTypeKind.TinyInt or SqlTypeKind.UTinyInt => 3,
        SqlTypeKind.SmallInt or SqlTypeKind.USmallInt => 5,
        SqlTypeKind.Integer or SqlTypeKind.UInteger => 10,
        SqlTypeKind.BigInt => 19,
        SqlTypeKind.UBigInt or SqlTypeKind.RowVersion => 20,
        SqlTypeKind.Real => 7,
        SqlTypeKind.Double => 15,
        SqlTypeKind.Decimal => type.Precision ?? 29,
        _ => null,
    };
}
