using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.ValueGeneration;

namespace BareMetal.Data.EntityFrameworkCore.ValueGeneration;

/// <summary>Generates keys of version 7: ordered by time, so that inserts fill the table's last pages.</summary>
public sealed class BareMetalGuidValueGenerator : ValueGenerator<Guid>
{
    /// <inheritdoc />
    public override bool GeneratesTemporaryValues
        => false;

    /// <inheritdoc />
    public override Guid Next(EntityEntry entry)
        => Guid.CreateVersion7();
}
