using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Update;

namespace BareMetal.Data.EntityFrameworkCore.Update;

/// <summary>A change of one row. Members of JSON documents travel as JSON.</summary>
public sealed class BareMetalModificationCommand : ModificationCommand
{
    /// <summary>Creates a command for tracked entities.</summary>
    /// <param name="modificationCommandParameters">The table and what to log.</param>
    public BareMetalModificationCommand(in ModificationCommandParameters modificationCommandParameters)
        : base(in modificationCommandParameters)
    {
    }

    /// <summary>Creates a command for data in migrations.</summary>
    /// <param name="modificationCommandParameters">The table and what to log.</param>
    public BareMetalModificationCommand(in NonTrackedModificationCommandParameters modificationCommandParameters)
        : base(in modificationCommandParameters)
    {
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
