using BareMetal.Data.Binding;
using BareMetal.Data.Execution.Operators;

namespace BareMetal.Data.Planning;

/// <summary>A way to read a table under conditions.</summary>
internal sealed class AccessPath
{
    public required ScanSettings Settings { get; init; }

    public required IReadOnlyList<string> KeyNames { get; init; }

    /// <summary>Conditions that the seeks do not cover.</summary>
    public required List<BoundExpression> Residual { get; init; }

    /// <summary>Places in the tree that it goes to.</summary>
    public double SeekCount { get; init; } = 1;

    /// <summary>Rows that the seeks read.</summary>
    public required double ScannedRows { get; init; }

    /// <summary>Rows that also pass the residual conditions.</summary>
    public required double Rows { get; init; }

    public required double Cost { get; init; }

    public required IReadOnlyList<OrderItem> Ordering { get; init; }

    /// <summary>Columns that seeks fix to one value: they do not count for an order.</summary>
    public required IReadOnlySet<PlanColumn> Fixed { get; init; }

    public bool IsSeek => Settings.Seeks is not null;

    /// <summary>Whether at most one row comes.</summary>
    public bool IsPoint { get; init; }
}
