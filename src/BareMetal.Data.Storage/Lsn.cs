namespace BareMetal.Data.Storage;

/// <summary>
/// A log sequence number: names a commit, orders it after every earlier one. 64 bits, sequence in the high 48, node in the low 16.
/// It only grows; gaps are normal. It is not a position in the log (see <see cref="LogPosition"/>).
/// </summary>
/// <param name="Value">The raw 64 bits. 0 (<see cref="Zero"/>) precedes every commit.</param>
public readonly record struct Lsn(ulong Value) : IComparable<Lsn>
{
    /// <summary>Number of low bits that carry the node.</summary>
    public const int NodeBits = 16;

    /// <summary>Precedes every commit.</summary>
    public static Lsn Zero => default;

    /// <summary>Follows every commit.</summary>
    public static Lsn Max => new(ulong.MaxValue);

    /// <summary>The sequence part.</summary>
    public ulong Sequence => Value >> NodeBits;

    /// <summary>The node part.</summary>
    public ushort Node => (ushort)Value;

    /// <summary>Composes an LSN from its parts.</summary>
    /// <param name="sequence">The sequence, below 2^48.</param>
    /// <param name="node">The node, 0 for a database that is not replicated.</param>
    public static Lsn Create(ulong sequence, ushort node = 0) => new((sequence << NodeBits) | node);

    /// <summary>The LSN that the same node takes next.</summary>
    public Lsn Next() => new(Value + (1UL << NodeBits));

    /// <inheritdoc/>
    public int CompareTo(Lsn other) => Value.CompareTo(other.Value);

    /// <summary>Earlier than.</summary>
    public static bool operator <(Lsn a, Lsn b) => a.Value < b.Value;

    /// <summary>Later than.</summary>
    public static bool operator >(Lsn a, Lsn b) => a.Value > b.Value;

    /// <summary>Earlier than or the same.</summary>
    public static bool operator <=(Lsn a, Lsn b) => a.Value <= b.Value;

    /// <summary>Later than or the same.</summary>
    public static bool operator >=(Lsn a, Lsn b) => a.Value >= b.Value;

    /// <inheritdoc/>
    public override string ToString() => Node == 0 ? $"{Sequence}" : $"{Sequence}@{Node}";
}
