using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Update;

namespace BareMetal.Data.EntityFrameworkCore.Update;

/// <summary>A change of one row. Members of JSON documents travel as JSON.</summary>
public sealed class BareMetalModificationCommand : ModificationCommand
{
    private readonly Func<string>? _generateParameterName;
    private readonly bool _sensitiveLoggingEnabled;
    private IReadOnlyList<IColumnModification>? _columnModifications;

    /// <summary>Creates a command for tracked entities.</summary>
    /// <param name="modificationCommandParameters">The table and what to log.</param>
    public BareMetalModificationCommand(in ModificationCommandParameters modificationCommandParameters)
        : base(in modificationCommandParameters)
    {
        _generateParameterName = modificationCommandParameters.GenerateParameterName;
        _sensitiveLoggingEnabled = modificationCommandParameters.SensitiveLoggingEnabled;
    }

    /// <summary>Creates a command for data in migrations.</summary>
    /// <param name="modificationCommandParameters">The table and what to log.</param>
    public BareMetalModificationCommand(in NonTrackedModificationCommandParameters modificationCommandParameters)
        : base(in modificationCommandParameters)
    {
    }

    /// <inheritdoc />
    public override IReadOnlyList<IColumnModification> ColumnModifications
        => _columnModifications ??= WithQuotedPaths(base.ColumnModifications);

    private IReadOnlyList<IColumnModification> WithQuotedPaths(IReadOnlyList<IColumnModification> columns)
    {
        IColumnModification[]? changed = null;
        for (var i = 0; i < columns.Count; i++)
        {
            var column = columns[i];
            if (column.JsonPath is null or "$")
                continue;
            var path = JsonMemberPath.Quoted(column.JsonPath, column.ColumnName, column.Property, Entries);
            if (path == column.JsonPath)
                continue;
            changed ??= [.. columns];
            changed[i] = new ColumnModification(
                new ColumnModificationParameters(
                    column.ColumnName, column.Value, column.Property, column.ColumnType, column.TypeMapping, path, column.IsRead,
                    column.IsWrite, column.IsKey, column.IsCondition, _sensitiveLoggingEnabled)
                {
                    GenerateParameterName = _generateParameterName,
                });
        }

        return changed ?? columns;
    }

    /// <inheritdoc />
    protected override void ProcessSinglePropertyJsonUpdate(ref ColumnModificationParameters parameters)
    {
        if (parameters.Value is not { } value)
            return;
        var mapping = parameters.Property!.GetRelationalTypeMapping();
        var writer = mapping.JsonValueReaderWriter
            ?? throw new InvalidOperationException(
                $"The property '{parameters.Property!.DeclaringType.DisplayName()}.{parameters.Property.Name}' cannot be written as JSON.");
        parameters = parameters with { Value = writer.ToJsonString(value) };
    }
}
