namespace BareMetal.Data.Tests.Transactions.Histories;

/// <summary>How a transaction ended, as far as its client knows.</summary>
internal enum TransactionFate
{
    Committed,
    Aborted,

    /// <summary>The machine crashed meanwhile, or the commit's outcome was not told.</summary>
    Unknown,
}

/// <summary>An operation on a register that holds a list: an append of a value never used twice, or a read of the whole list.</summary>
/// <param name="Register">The register.</param>
/// <param name="Appended">The value; 0 for a read.</param>
/// <param name="Seen">What was read, empty when the register did not exist; null for an append.</param>
internal readonly record struct RecordedOperation(int Register, int Appended, int[]? Seen)
{
    public bool IsRead => Seen is not null;

    public override string ToString() => IsRead ? $"r({Register}: {string.Join(' ', Seen!)})" : $"a({Register}, {Appended})";
}

/// <summary>What one client did in one transaction, and when: moments are numbers of a counter that all clients share.</summary>
internal sealed class RecordedTransaction(int number, int process)
{
    public int Number { get; set; } = number;

    public int Process { get; } = process;

    public List<RecordedOperation> Operations { get; } = [];

    /// <summary>Before the first operation.</summary>
    public long Began { get; set; }

    /// <summary>After the commit was acknowledged; the greatest number when it never was.</summary>
    public long Ended { get; set; } = long.MaxValue;

    public TransactionFate Fate { get; set; } = TransactionFate.Unknown;

    public override string ToString() => $"T{Number} of process {Process} ({Fate}, {Began}–{(Ended == long.MaxValue ? "?" : Ended)}): {string.Join(" ", Operations)}";
}
