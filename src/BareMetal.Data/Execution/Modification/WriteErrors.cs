using System.Text;
using BareMetal.Data.Catalog;
using BareMetal.Data.Storage;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Modification;

/// <summary>The errors of broken constraints, with the key or row that broke them.</summary>
internal static class WriteErrors
{
    private const int MaxText = 200;

    public static BareMetalException NotNull(RowImage image, Column column, int row) =>
        Make(SqlStates.NotNullViolation, $"The column \"{column.Name}\" of table \"{image.Table.Name}\" can't be null.", image.Table, null, column.Name, "Failing row: " + Row(image, row) + ".");

    public static BareMetalException Check(RowImage image, CheckConstraint constraint, int row) => constraint.IsViewOption
        ? Make(SqlStates.WithCheckOptionViolation, $"A row does not fulfil the CHECK OPTION of the view \"{constraint.Name}\".", image.Table, null, null, "Failing row: " + Row(image, row) + ".")
        : Make(SqlStates.CheckViolation, $"A row of table \"{image.Table.Name}\" violates the check constraint \"{constraint.Name}\".", image.Table, constraint.Name, null, "Failing row: " + Row(image, row) + ".");

    public static BareMetalException Unique(Table table, string constraint, string key) =>
        Make(SqlStates.UniqueViolation, $"A row with the same key exists already: unique constraint \"{constraint}\" of table \"{table.Name}\".", table, constraint, null, $"Key {key} already exists.");

    public static BareMetalException ParentMissing(Table child, ForeignKey key, Table parent, string values) =>
        Make(SqlStates.ForeignKeyViolation, $"INSERT or UPDATE of table \"{child.Name}\" violates the foreign key \"{key.Name}\".", child, key.Name, null, $"Key {values} is not present in table \"{parent.Name}\".");

    public static BareMetalException StillReferenced(Table parent, ForeignKey key, Table child, string values) =>
        Make(SqlStates.ForeignKeyViolation, $"UPDATE or DELETE of table \"{parent.Name}\" violates the foreign key \"{key.Name}\" of table \"{child.Name}\".", child, key.Name, null, $"Key {values} is still referenced from table \"{child.Name}\".");

    public static BareMetalException MergedTwice(Table table) =>
        new(SqlStates.CardinalityViolation, $"MERGE affects a row of table \"{table.Name}\" a second time.")
        {
            Hint = "Make sure that no two rows of the source match the same row of the target.",
            TableName = table.Name,
            SchemaName = table.Schema,
        };

    public static BareMetalException Serialization(string what) =>
        new(SqlStates.SerializationFailure, $"{what} Run the transaction again.");

    /// <summary>(a, b)=(1, x).</summary>
    public static string Key(IEnumerable<string> names, IReadOnlyList<Value> values, IReadOnlyList<SqlType> types)
    {
        StringBuilder text = new("(");
        text.AppendJoin(", ", names).Append(")=(");
        for (int i = 0; i < values.Count; i++)
        {
            if (i > 0)
                text.Append(", ");
            text.Append(Format(values[i], types[i]));
        }

        return text.Append(')').ToString();
    }

    public static string Format(in Value value, SqlType type)
    {
        if (value.IsNull)
            return "null";
        string text = Encoding.UTF8.GetString(Casts.Convert(value, type, SqlType.Text).As<ByteSlice>().Span);
        return text.Length > MaxText ? string.Concat(text.AsSpan(0, MaxText), "…") : text;
    }

    private static string Row(RowImage image, int row)
    {
        StringBuilder text = new("(");
        for (int i = 0; i < image.Columns.Length; i++)
        {
            if (i > 0)
                text.Append(", ");
            text.Append(image.Columns[i] is { } vector ? Format(ValueAt(vector, row), image.Table.Columns[i].Type) : "?");
        }

        return text.Append(')').ToString();
    }

    /// <summary>A row of a vector that may be constant.</summary>
    public static Value ValueAt(Vector vector, int row) => vector.GetValue(row);

    private static BareMetalException Make(string state, string message, Table table, string? constraint, string? column, string? detail) => new(state, message)
    {
        SchemaName = table.Schema,
        TableName = table.Name,
        ConstraintName = constraint,
        ColumnName = column,
        Detail = detail,
    };
}
