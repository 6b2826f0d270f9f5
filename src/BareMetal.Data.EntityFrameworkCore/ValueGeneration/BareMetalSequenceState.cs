using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.ValueGeneration;

namespace BareMetal.Data.EntityFrameworkCore.ValueGeneration;

/// <summary>The block of values that a sequence gave out last, shared by all contexts of a database.</summary>
public sealed class BareMetalSequenceState : HiLoValueGeneratorState
{
    /// <summary>Creates a state without a block.</summary>
    /// <param name="sequence">The sequence.</param>
    public BareMetalSequenceState(ISequence sequence)
        : base(sequence.IncrementBy)
        => Sequence = sequence;

    /// <summary>The sequence that gives out blocks.</summary>
    public ISequence Sequence { get; }
}
