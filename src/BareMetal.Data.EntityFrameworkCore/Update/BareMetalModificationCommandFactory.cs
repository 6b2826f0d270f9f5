using Microsoft.EntityFrameworkCore.Update;

namespace BareMetal.Data.EntityFrameworkCore.Update;

/// <summary>Creates the changes of rows.</summary>
public sealed class BareMetalModificationCommandFactory : IModificationCommandFactory
{
    /// <inheritdoc />
    public IModificationCommand CreateModificationCommand(in ModificationCommandParameters modificationCommandParameters)
        => new BareMetalModificationCommand(modificationCommandParameters);

    /// <inheritdoc />
    public INonTrackedModificationCommand CreateNonTrackedModificationCommand(
        in NonTrackedModificationCommandParameters modificationCommandParameters)
        => new BareMetalModificationCommand(modificationCommandParameters);
}
