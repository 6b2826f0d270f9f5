using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.ValueGeneration;

namespace BareMetal.Data.EntityFrameworkCore.ValueGeneration;

/// <summary>Keeps value generators and the blocks of hi-lo sequences.</summary>
public sealed class BareMetalValueGeneratorCache : ValueGeneratorCache, IBareMetalValueGeneratorCache
{
    private readonly ConcurrentDictionary<string, BareMetalSequenceState> _states = new(StringComparer.Ordinal);

    /// <summary>Creates the cache.</summary>
    /// <param name="dependencies">Services that all caches share.</param>
    public BareMetalValueGeneratorCache(ValueGeneratorCacheDependencies dependencies)
        : base(dependencies)
    {
    }

    /// <inheritdoc />
    public BareMetalSequenceState GetOrAddSequenceState(IProperty property, IRelationalConnection connection)
    {
        var sequence = (ISequence?)property.FindHiLoSequence()
            ?? throw new InvalidOperationException(
                $"The property '{property.DeclaringType.DisplayName()}.{property.Name}' uses hi-lo values, but the model has no sequence "
                + "of the configured name.");
        return _states.GetOrAdd(
            $"{connection.ConnectionString}\n{sequence.Schema}\n{sequence.Name}",
            static (_, s) => new BareMetalSequenceState(s),
            sequence);
    }
}
