using System.Data;
using BareMetal.Data.Storage;

namespace BareMetal.Data;

/// <summary>How a transaction runs; what is not said follows the connection string and the session's settings.</summary>
public readonly record struct BareMetalTransactionOptions
{
    /// <summary>The level; <see cref="IsolationLevel.Unspecified"/>, which 0 stands for here too, takes the session's.</summary>
    public IsolationLevel IsolationLevel { get; init; }

    /// <summary>Whether it only reads; null takes the session's.</summary>
    public bool? ReadOnly { get; init; }

    /// <summary>What its commit waits for; null takes what <c>synchronous_commit</c> says at the commit.</summary>
    public Durability? Durability { get; init; }
}
