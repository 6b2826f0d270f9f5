using BareMetal.Data.Sql;

namespace BareMetal.Data.Catalog.Ddl;

/// <summary>The errors of definition statements.</summary>
internal static class CatalogErrors
{
    public static BareMetalException Make(string state, string message, SourcePosition at = default, string? hint = null, string? detail = null) => new(state, message)
    {
        Hint = hint,
        Detail = detail,
        Position = at.IsNone ? 0 : at.Offset + 1,
        Line = at.Line,
        Column = at.Column,
    };

    public static BareMetalException NoTable(string name, SourcePosition at) =>
        Make(SqlStates.UndefinedTable, $"The table \"{name}\" does not exist.", at);

    public static BareMetalException NoColumn(Table table, string name, SourcePosition at) => new(SqlStates.UndefinedColumn, $"The table \"{table.Name}\" has no column \"{name}\".")
    {
        Position = at.IsNone ? 0 : at.Offset + 1,
        Line = at.Line,
        Column = at.Column,
        TableName = table.Name,
        SchemaName = table.Schema,
        ColumnName = name,
    };

    public static BareMetalException Exists(string kind, string name, SourcePosition at) =>
        Make(SqlStates.DuplicateTable, $"The {kind} \"{name}\" already exists.", at);

    public static BareMetalException Dependents(string what, IEnumerable<string> dependents) =>
        Make(SqlStates.DependentObjectsStillExist, $"{what} can't be dropped because other objects depend on it.", detail: string.Join("; ", dependents) + ".", hint: "Use CASCADE to drop these too.");

    public static BareMetalException Constraint(string state, string message, Table table, string? constraint, string? column = null, string? detail = null) => new(state, message)
    {
        SchemaName = table.Schema,
        TableName = table.Name,
        ConstraintName = constraint,
        ColumnName = column,
        Detail = detail,
    };
}
