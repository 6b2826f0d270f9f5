using System.Collections.ObjectModel;
using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;

namespace BareMetal.Data;

internal static partial class SchemaCollections
{
    /// <summary>The columns of a result as ADO.NET's schema table.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2111", Justification = "The DataType column holds types for the caller to compare; nothing makes instances of Type through it.")]
    public static DataTable ResultSchema(ReadOnlyCollection<DbColumn> columns)
    {
        DataTable table = new("SchemaTable");
        table.Columns.Add(SchemaTableColumn.ColumnName, typeof(string));
        table.Columns.Add(SchemaTableColumn.ColumnOrdinal, typeof(int));
        table.Columns.Add(SchemaTableColumn.ColumnSize, typeof(int));
        table.Columns.Add(SchemaTableColumn.NumericPrecision, typeof(short));
        table.Columns.Add(SchemaTableColumn.NumericScale, typeof(short));
        table.Columns.Add(SchemaTableColumn.IsUnique, typeof(bool));
        table.Columns.Add(SchemaTableColumn.IsKey, typeof(bool));
        table.Columns.Add(SchemaTableOptionalColumn.BaseCatalogName, typeof(string));
        table.Columns.Add(SchemaTableColumn.BaseSchemaName, typeof(string));
        table.Columns.Add(SchemaTableColumn.BaseTableName, typeof(string));
        table.Columns.Add(SchemaTableColumn.BaseColumnName, typeof(string));
        table.Columns.Add(SchemaTableColumn.DataType, typeof(Type));
        table.Columns.Add("DataTypeName", typeof(string));
        table.Columns.Add(SchemaTableColumn.AllowDBNull, typeof(bool));
        table.Columns.Add(SchemaTableColumn.IsAliased, typeof(bool));
        table.Columns.Add(SchemaTableColumn.IsExpression, typeof(bool));
        table.Columns.Add(SchemaTableColumn.IsLong, typeof(bool));
        table.Columns.Add(SchemaTableOptionalColumn.IsAutoIncrement, typeof(bool));
        table.Columns.Add(SchemaTableOptionalColumn.IsReadOnly, typeof(bool));
        table.Columns.Add(SchemaTableOptionalColumn.IsHidden, typeof(bool));
        table.Columns.Add(SchemaTableOptionalColumn.IsRowVersion, typeof(bool));
        foreach (DbColumn column in columns)
        {
            DataRow row = table.NewRow();
            row[SchemaTableColumn.ColumnName] = column.ColumnName;
            row[SchemaTableColumn.ColumnOrdinal] = column.ColumnOrdinal;
            row[SchemaTableColumn.ColumnSize] = column.ColumnSize;
            row[SchemaTableColumn.NumericPrecision] = (object?)(short?)column.NumericPrecision ?? DBNull.Value;
            row[SchemaTableColumn.NumericScale] = (object?)(short?)column.NumericScale ?? DBNull.Value;
            row[SchemaTableColumn.IsUnique] = column.IsUnique;
            row[SchemaTableColumn.IsKey] = column.IsKey;
            row[SchemaTableOptionalColumn.BaseCatalogName] = column.BaseCatalogName;
            row[SchemaTableColumn.BaseSchemaName] = (object?)column.BaseSchemaName ?? DBNull.Value;
            row[SchemaTableColumn.BaseTableName] = (object?)column.BaseTableName ?? DBNull.Value;
            row[SchemaTableColumn.BaseColumnName] = (object?)column.BaseColumnName ?? DBNull.Value;
            row[SchemaTableColumn.DataType] = column.DataType;
            row["DataTypeName"] = column.DataTypeName;
            row[SchemaTableColumn.AllowDBNull] = column.AllowDBNull;
            row[SchemaTableColumn.IsAliased] = column.IsAliased;
            row[SchemaTableColumn.IsExpression] = column.IsExpression;
            row[SchemaTableColumn.IsLong] = column.IsLong;
            row[SchemaTableOptionalColumn.IsAutoIncrement] = column.IsAutoIncrement;
            row[SchemaTableOptionalColumn.IsReadOnly] = column.IsReadOnly;
            row[SchemaTableOptionalColumn.IsHidden] = column.IsHidden;
            row[SchemaTableOptionalColumn.IsRowVersion] = column.DataTypeName == "rowversion";
            table.Rows.Add(row);
        }

        return table;
    }
}
