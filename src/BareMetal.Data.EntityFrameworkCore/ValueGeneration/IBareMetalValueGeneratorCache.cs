using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.ValueGeneration;

namespace BareMetal.Data.EntityFrameworkCore.ValueGeneration;

/// <summary>Keeps value generators and the blocks of hi-lo sequences.</summary>
public interface IBareMetalValueGeneratorCache : IValueGeneratorCache
{
    /// <summary>The block of the sequence behind a property, in the database of a connection.</summary>
    /// <param name="property">The property.</param>
    /// <param name="connection">The connection.</param>
    /// <returns>The shared state.</returns>
    BareMetalSequenceState GetOrAddSequenceState(IProperty property, IRelationalConnection connection);
}
