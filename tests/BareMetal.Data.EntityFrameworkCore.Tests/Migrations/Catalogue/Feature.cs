using Microsoft.EntityFrameworkCore;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Migrations.Catalogue;

/// <summary>Something that a model can say about its database: the model without it, and with it.</summary>
/// <param name="Name">Its name, an identifier.</param>
/// <param name="Before">The model without it.</param>
/// <param name="After">The model with it.</param>
public sealed record Feature(string Name, Action<ModelBuilder> Before, Action<ModelBuilder> After)
{
    /// <summary>What EF Core's scaffolding can't bring back into a model, by the names of operations that then remain; empty for most.</summary>
    public string[] Lost { get; init; } = [];

    public override string ToString()
        => Name;
}
