using System.Globalization;
using System.Text;
using BareMetal.Data.Catalog;

namespace BareMetal.Data.Copy;

/// <summary>Errors of COPY, with the line that they are about.</summary>
internal static class CopyErrors
{
    private const int MaxText = 100;

    public static BareMetalException Format(Table table, long line, string message, string? hint = null) => Make(SqlStates.BadCopyFileFormat, table, line, null, message, hint);

    /// <summary>A value that does not convert.</summary>
    public static BareMetalException Value(Table table, long line, Column column, ReadOnlySpan<byte> text, BareMetalException cause) =>
        new(cause.SqlState, Place(table, line, column) + $", value \"{Shorten(text)}\": {cause.PlainMessage}", cause)
        {
            Hint = cause.Hint, TableName = table.Name, SchemaName = table.Schema, ColumnName = column.Name,
        };

    public static BareMetalException Make(string state, Table table, long line, Column? column, string message, string? hint = null) =>
        new(state, $"{Place(table, line, column)}: {message}") { Hint = hint, TableName = table.Name, SchemaName = table.Schema, ColumnName = column?.Name };

    /// <summary>An error of a row that was written.</summary>
    public static BareMetalException Row(Table table, long line, BareMetalException cause) => new(cause.SqlState, Place(table, line, null) + ": " + cause.PlainMessage, cause)
    {
        Hint = cause.Hint,
        Detail = cause.Detail,
        SchemaName = cause.SchemaName,
        TableName = cause.TableName,
        ColumnName = cause.ColumnName,
        ConstraintName = cause.ConstraintName,
    };

    private static string Place(Table table, long line, Column? column) =>
        string.Create(CultureInfo.InvariantCulture, $"COPY {table.Name}, line {line}") + (column is null ? "" : $", column \"{column.Name}\"");

    private static string Shorten(ReadOnlySpan<byte> text)
    {
        string value = Encoding.UTF8.GetString(text.Length > 4 * MaxText ? text[..(4 * MaxText)] : text);
        return value.Length > MaxText ? string.Concat(value.AsSpan(0, MaxText), "…") : value;
    }
}
