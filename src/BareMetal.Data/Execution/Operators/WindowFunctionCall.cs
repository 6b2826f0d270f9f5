using BareMetal.Data.Functions;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Types;

namespace BareMetal.Data.Execution.Operators;

/// <summary>A window function of a running window operator. Numbers name columns of its row store.</summary>
internal sealed class WindowFunctionCall
{
    /// <summary>Ranking or value function, lower case; ignored for aggregates.</summary>
    public required string Name { get; init; }

    /// <summary>Columns of the arguments.</summary>
    public required int[] Arguments { get; init; }

    public Func<Accumulator>? CreateAccumulator { get; init; }

    /// <summary>Column of FILTER's condition, −1 without.</summary>
    public int Filter { get; init; } = -1;

    public required WindowFrame Frame { get; init; }

    /// <summary>Columns of the frame's offsets, −1 without.</summary>
    public int StartOffset { get; init; } = -1;

    public int EndOffset { get; init; } = -1;

    public required SqlType Type { get; init; }
}
