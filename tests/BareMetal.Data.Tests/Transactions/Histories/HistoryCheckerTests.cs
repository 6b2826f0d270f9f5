using System.Data;
using System.Globalization;
using Xunit;

namespace BareMetal.Data.Tests.Transactions.Histories;

/// <summary>The checker on histories made by hand: it finds each anomaly, names it, and lets pass what the level allows.</summary>
public sealed class HistoryCheckerTests
{
    // A line for each transaction: fate (c, a or u), begin, end, operations; a register and what was appended ("1+5") or seen ("1:5,6").
    private const string DirtyWrite = """
        c 1 9 1+1 2+2
        c 2 10 1+3 2+4
        """;

    private const string LostUpdate = """
        c 1 10 1: 1+1
        c 2 9 1: 1+2
        """;

    private const string WriteSkew = """
        c 1 10 1: 2+1
        c 2 9 2: 1+2
        """;

    private const string ReadSkew = """
        c 1 10 1: 2:2
        c 2 9 1+1 2+2
        """;

    private const string CircularFlow = """
        c 1 10 1+1 2:2
        c 2 9 2+2 1:1
        """;

    private const string StaleRead = """
        c 1 2 1+1
        c 3 4 1:
        """;

    [Theory]
    [InlineData(DirtyWrite, "1:1,3 2:4,2", IsolationLevel.ReadCommitted, "G0")]
    [InlineData(CircularFlow, "1:1 2:2", IsolationLevel.ReadCommitted, "G1c")]
    [InlineData(LostUpdate, "1:1,2", IsolationLevel.ReadCommitted, null)]
    [InlineData(LostUpdate, "1:1,2", IsolationLevel.Snapshot, "G-single")]
    [InlineData(ReadSkew, "1:1 2:2", IsolationLevel.ReadCommitted, null)]
    [InlineData(ReadSkew, "1:1 2:2", IsolationLevel.Snapshot, "G-single")]
    [InlineData(WriteSkew, "1:2 2:1", IsolationLevel.Snapshot, null)]
    [InlineData(WriteSkew, "1:2 2:1", IsolationLevel.Serializable, "G2")]
    [InlineData(StaleRead, "1:1", IsolationLevel.Snapshot, "G-single")]
    [InlineData("c 1 2 1+1\nc 3 4 1:1,2\na 2 5 1+2", "1:1", IsolationLevel.ReadCommitted, "G1a")]
    [InlineData("c 1 5 1+1 1+2\nc 2 4 1:1", "1:1,2", IsolationLevel.ReadCommitted, "G1b")]
    [InlineData("c 1 2 1+1\nc 3 4 1+2", "1:1", IsolationLevel.ReadCommitted, "lost write")]
    [InlineData("c 1 2 1+1\nu 3 4 1+2 2+3", "1:1,2", IsolationLevel.ReadCommitted, "half a transaction")]
    [InlineData("c 1 2 1+1\nu 3 4 1+2 2+3", "1:1,2 2:3", IsolationLevel.Serializable, null)]
    [InlineData("u 1 2 1+1\nc 2 4 1:1", "1:", IsolationLevel.ReadCommitted, "something lost")]
    [InlineData("c 1 2 1+1 1:", "1:1", IsolationLevel.ReadCommitted, "internal")]
    [InlineData("a 1 2 1+1", "1:1", IsolationLevel.ReadCommitted, "aborted write")]
    [InlineData("c 1 2 1+1", "1:1,1", IsolationLevel.ReadCommitted, "duplicate")]
    [InlineData("c 1 2 1+1\nc 3 4 1+2\nc 5 6 1:2", "1:1,2", IsolationLevel.ReadCommitted, "incompatible")]
    public void Anomalies_are_found_by_name(string history, string final, IsolationLevel level, string? found)
    {
        IReadOnlyList<string> problems = HistoryChecker.Check(level, [.. history.Split('\n').Select(Transaction)], final.Split(' ').Select(ToList).ToDictionary(l => l.Register, l => l.List));
        if (found is null)
            Assert.Empty(problems);
        else
            Assert.StartsWith(found, problems.First(p => p.Contains(found, StringComparison.Ordinal)).Split(": ")[0].Replace("a read of ", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    private static RecordedTransaction Transaction(string line)
    {
        string[] parts = line.Trim().Split(' ');
        RecordedTransaction transaction = new(0, 0)
        {
            Fate = parts[0] switch { "c" => TransactionFate.Committed, "a" => TransactionFate.Aborted, _ => TransactionFate.Unknown },
            Began = Number(parts[1]),
            Ended = parts[0] == "u" ? long.MaxValue : Number(parts[2]),
        };
        foreach (string operation in parts[3..])
        {
            int plus = operation.IndexOf('+');
            if (plus > 0)
            {
                transaction.Operations.Add(new RecordedOperation(Number(operation[..plus]), Number(operation[(plus + 1)..]), null));
                continue;
            }

            (int register, int[] seen) = ToList(operation);
            transaction.Operations.Add(new RecordedOperation(register, 0, seen));
        }

        return transaction;
    }

    private static (int Register, int[] List) ToList(string text)
    {
        string[] halves = text.Split(':');
        return (Number(halves[0]), [.. halves[1].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Number)]);
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
