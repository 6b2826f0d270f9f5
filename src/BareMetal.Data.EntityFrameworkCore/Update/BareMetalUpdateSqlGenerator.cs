using System.Text;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.Update;

namespace BareMetal.Data.EntityFrameworkCore.Update;

/// <summary>Writes the statements that change rows: every one returns what its caller has to know.</summary>
public sealed class BareMetalUpdateSqlGenerator : UpdateSqlGenerator, IBareMetalUpdateSqlGenerator
{
    /// <summary>Creates the generator.</summary>
    /// <param name="dependencies">Services that all generators share.</param>
    public BareMetalUpdateSqlGenerator(UpdateSqlGeneratorDependencies dependencies)
        : base(dependencies)
    {
    }

    /// <inheritdoc />
    public ResultSetMapping AppendInsertRows(StringBuilder commandStringBuilder, IReadOnlyList<IReadOnlyModificationCommand> commands)
    {
        var first = commands[0];
        var (writes, reads) = Split(first);
        AppendInsertCommandHeader(commandStringBuilder, first.TableName, first.Schema, writes);
        AppendValuesHeader(commandStringBuilder, writes);
        AppendValues(commandStringBuilder, first.TableName, first.Schema, writes);
        for (var i = 1; i < commands.Count; i++)
        {
            commandStringBuilder.AppendLine(",");
            AppendValues(commandStringBuilder, first.TableName, first.Schema, Split(commands[i]).Writes);
        }

        AppendReturningClause(commandStringBuilder, reads);
        commandStringBuilder.AppendLine(SqlGenerationHelper.StatementTerminator);
        return reads.Count == 0 ? ResultSetMapping.NoResults : ResultSetMapping.NotLastInResultSet;
    }

    private static (List<IColumnModification> Writes, List<IColumnModification> Reads) Split(IReadOnlyModificationCommand command)
    {
        var writes = new List<IColumnModification>(command.ColumnModifications.Count);
        var reads = new List<IColumnModification>(2);
        foreach (var column in command.ColumnModifications)
        {
            if (column.IsWrite)
                writes.Add(column);
            if (column.IsRead)
                reads.Add(column);
        }

        return (writes, reads);
    }

    /// <inheritdoc />
    public void AppendPlainUpdate(StringBuilder commandStringBuilder, IReadOnlyModificationCommand command)
        => AppendUpdateCommand(
            commandStringBuilder, command.TableName, command.Schema, Split(command).Writes, [], Conditions(command));

    /// <inheritdoc />
    public void AppendPlainDelete(StringBuilder commandStringBuilder, IReadOnlyModificationCommand command)
        => AppendDeleteCommand(commandStringBuilder, command.TableName, command.Schema, [], Conditions(command));

    /// <inheritdoc />
    public override ResultSetMapping AppendStoredProcedureCall(
        StringBuilder commandStringBuilder,
        IReadOnlyModificationCommand command,
        int commandPosition,
        out bool requiresTransaction)
    {
        var start = commandStringBuilder.Length;
        var mapping = base.AppendStoredProcedureCall(commandStringBuilder, command, commandPosition, out requiresTransaction);
        foreach (var column in command.ColumnModifications)
        {
            if (column.Column is not Microsoft.EntityFrameworkCore.Metadata.IStoreStoredProcedureReturnValue)
                continue;

            // CALL @result = procedure(…)
            commandStringBuilder.Insert(
                start + "CALL ".Length, SqlGenerationHelper.GenerateParameterNamePlaceholder(column.ParameterName!) + " = ");
            mapping |= ResultSetMapping.HasOutputParameters;
        }

        return mapping;
    }

    private static List<IColumnModification> Conditions(IReadOnlyModificationCommand command)
    {
        var conditions = new List<IColumnModification>(2);
        foreach (var column in command.ColumnModifications)
        {
            if (column.IsCondition)
                conditions.Add(column);
        }

        return conditions;
    }

    /// <inheritdoc />
    protected override void AppendUpdateColumnValue(
        ISqlGenerationHelper updateSqlGeneratorHelper,
        IColumnModification columnModification,
        StringBuilder stringBuilder,
        string name,
        string? schema)
    {
        if (columnModification.JsonPath is null or "$")
        {
            base.AppendUpdateColumnValue(updateSqlGeneratorHelper, columnModification, stringBuilder, name, schema);
            return;
        }

        // A part of the document changes: an SQL null stands for the JSON null that the member becomes. A document in a column of text
        // is read as JSON and written as text again.
        var isText = columnModification.TypeMapping is { StoreType: not ("json" or "jsonb") };
        var storeType = columnModification.TypeMapping?.StoreType == "jsonb" ? "jsonb" : "json";
        if (isText)
            stringBuilder.Append("CAST(");
        stringBuilder.Append(storeType).Append("_set(");
        AppendAsJson(isText, () => updateSqlGeneratorHelper.DelimitIdentifier(stringBuilder, columnModification.ColumnName));
        stringBuilder.Append(", ARRAY[");
        var steps = JsonMemberPath.Steps(columnModification.JsonPath);
        for (var i = 0; i < steps.Count; i++)
            stringBuilder.Append(i == 0 ? "'" : ", '").Append(steps[i].Replace("'", "''")).Append('\'');
        stringBuilder.Append("], COALESCE(");
        AppendAsJson(
            isText, () => base.AppendUpdateColumnValue(updateSqlGeneratorHelper, columnModification, stringBuilder, name, schema));
        stringBuilder.Append(", CAST('null' AS ").Append(storeType).Append(")))");
        if (isText)
            stringBuilder.Append(" AS ").Append(columnModification.TypeMapping!.StoreType).Append(')');

        void AppendAsJson(bool cast, Action append)
        {
            if (cast)
                stringBuilder.Append("CAST(");
            append();
            if (cast)
                stringBuilder.Append(" AS ").Append(storeType).Append(')');
        }
    }

    /// <inheritdoc />
    public override void AppendNextSequenceValueOperation(StringBuilder commandStringBuilder, string name, string? schema)
    {
        commandStringBuilder.Append("SELECT NEXT VALUE FOR ");
        SqlGenerationHelper.DelimitIdentifier(commandStringBuilder, name, schema);
    }

    /// <inheritdoc />
    public override void AppendObtainNextSequenceValueOperation(StringBuilder commandStringBuilder, string name, string? schema)
        => commandStringBuilder
            .Append("nextval('")
            .Append(SqlGenerationHelper.DelimitIdentifier(name, schema).Replace("'", "''"))
            .Append("')");
}
