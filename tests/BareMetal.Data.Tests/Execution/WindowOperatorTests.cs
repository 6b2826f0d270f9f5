using BareMetal.Data.Execution;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Execution.Operators;
using BareMetal.Data.Functions;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Tests.Values;
using BareMetal.Data.Types;
using BareMetal.Data.Values;
using Xunit;
using static BareMetal.Data.Tests.Execution.OperatorHarness;

namespace BareMetal.Data.Tests.Execution;

/// <summary>Window functions against their definitions, row by row.</summary>
public sealed class WindowOperatorTests
{
    private static readonly SqlType[] Types = [SqlType.Integer, SqlType.Integer, SqlType.Integer];

    private sealed record Row(int Group, int? Key, int? Value);

    public static TheoryData<int> Sizes() => [.. BatchSizes];

    private static List<Row> RandomRows(Random random, int count) =>
        [.. Enumerable.Range(0, count)
            .Select(_ => new Row(random.Next(6), random.Next(9) == 0 ? null : random.Next(8), random.Next(7) == 0 ? null : random.Next(20)))
            .OrderBy(r => r.Group).ThenBy(r => r.Key ?? int.MinValue)];

    private static List<string> Run(List<Row> rows, WindowFunctionCall call, int batchSize, params Evaluator[] extra)
    {
        RowsOperator source = new(Types, [.. rows.Select(r => new[] { Int(r.Group), Int(r.Key), Int(r.Value) })]);
        Evaluator[] all = [Column(0, SqlType.Integer), Column(1, SqlType.Integer), .. extra];
        WindowOperator window = new(source, all, 1, 1, [new SortDirection(false, true)], [call], Types);
        List<string> inMemory = OperatorHarness.Run(window, Context(batchSize));
        Assert.Equal(0, window.SpilledBytes);

        // Partitions that do not fit are computed from a file, in any number of steps.
        WindowOperator spilling = new(source, all, 1, 1, [new SortDirection(false, true)], [call], Types);
        Assert.Equal(inMemory, OperatorHarness.Run(spilling, Context(batchSize, memory: 150)));
        if (batchSize <= 7)
            Assert.True(spilling.SpilledBytes > 0, "nothing was spilled");
        return [.. inMemory.Select(r => r[(r.LastIndexOf('|') + 1)..])];
    }

    private static FixedEvaluator Fixed(SqlType type, Value value)
    {
        Vector v = Vector.Create(type, 1);
        v.SetValue(0, value);
        v.IsConstant = true;
        return new FixedEvaluator(v);
    }

    private static WindowFrame Frame(FrameUnit unit, FrameBoundKind start, FrameBoundKind end, FrameExclusion exclusion = FrameExclusion.None) => new(unit, start, null, end, null, exclusion);

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Ranking_functions_follow_their_definitions(int batchSize)
    {
        List<Row> rows = RandomRows(NewRandom(20), 300);
        WindowFrame frame = Frame(FrameUnit.Range, FrameBoundKind.UnboundedPreceding, FrameBoundKind.CurrentRow);
        foreach ((string name, SqlType type, Func<List<Row>, int, object> definition) in new (string, SqlType, Func<List<Row>, int, object>)[]
        {
            ("row_number", SqlType.BigInt, (p, i) => i + 1),
            ("rank", SqlType.BigInt, (p, i) => p.FindIndex(r => r.Key == p[i].Key) + 1),
            ("dense_rank", SqlType.BigInt, (p, i) => p.Take(i + 1).Select(r => r.Key).Distinct().Count()),
            ("percent_rank", SqlType.Double, (p, i) => p.Count == 1 ? 0d : (double)p.FindIndex(r => r.Key == p[i].Key) / (p.Count - 1)),
            ("cume_dist", SqlType.Double, (p, i) => (double)(p.FindLastIndex(r => r.Key == p[i].Key) + 1) / p.Count),
        })
        {
            List<string> result = Run(rows, new WindowFunctionCall { Name = name, Arguments = [], Frame = frame, Type = type }, batchSize);
            List<string> expected = [.. rows.GroupBy(r => r.Group).SelectMany(g => g.Select((_, i) => definition([.. g], i) is double d ? d.ToString("R") : definition([.. g], i).ToString()!))];
            Assert.Equal(expected, result);
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Lag_and_lead_look_at_other_rows_of_the_partition(int batchSize)
    {
        List<Row> rows = RandomRows(NewRandom(21), 200);
        WindowFrame frame = Frame(FrameUnit.Rows, FrameBoundKind.UnboundedPreceding, FrameBoundKind.CurrentRow);
        foreach (int offset in new[] { 0, 1, 3 })
        {
            foreach (string name in new[] { "lag", "lead" })
            {
                WindowFunctionCall call = new() { Name = name, Arguments = [5, 6, 7], Frame = frame, Type = SqlType.Integer };
                List<string> result = Run(rows, call, batchSize, Column(2, SqlType.Integer), Fixed(SqlType.Integer, Int(offset)), Fixed(SqlType.Integer, Int(-7)));
                List<string> expected = [.. rows.GroupBy(r => r.Group).SelectMany(g => g.Select((_, i) =>
                {
                    int at = name == "lag" ? i - offset : i + offset;
                    return at >= 0 && at < g.Count() ? g.ElementAt(at).Value?.ToString() ?? "null" : "-7";
                }))];
                Assert.Equal(expected, result);
            }
        }
    }

    [Fact]
    public void Ntile_makes_parts_whose_sizes_differ_by_one_at_most()
    {
        List<Row> rows = [.. Enumerable.Range(0, 11).Select(i => new Row(1, i, 0))];
        WindowFunctionCall call = new() { Name = "ntile", Arguments = [5], Frame = Frame(FrameUnit.Rows, FrameBoundKind.UnboundedPreceding, FrameBoundKind.CurrentRow), Type = SqlType.BigInt };
        Assert.Equal("1 1 1 2 2 2 3 3 3 4 4".Split(' '), Run(rows, call, 1024, Fixed(SqlType.Integer, Int(4))));
        Assert.Equal("1 2 3 4 5 6 7 8 9 10 11".Split(' '), Run(rows, call, 1024, Fixed(SqlType.Integer, Int(20))));
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Aggregates_see_the_rows_of_their_frame(int batchSize)
    {
        Random random = NewRandom(22);
        AggregateFunction sum = FunctionRegistry.Default.FindAggregate("sum").Single(f => f.Parameters is [{ Kind: SqlTypeKind.Integer }]);
        FrameBoundKind[] starts = [FrameBoundKind.UnboundedPreceding, FrameBoundKind.Preceding, FrameBoundKind.CurrentRow, FrameBoundKind.Following];
        FrameBoundKind[] ends = [FrameBoundKind.Preceding, FrameBoundKind.CurrentRow, FrameBoundKind.Following, FrameBoundKind.UnboundedFollowing];
        foreach (FrameUnit unit in Enum.GetValues<FrameUnit>())
        {
            foreach (FrameBoundKind start in starts)
            {
                foreach (FrameBoundKind end in ends)
                {
                    foreach (FrameExclusion exclusion in Enum.GetValues<FrameExclusion>())
                    {
                        List<Row> rows = RandomRows(random, 60);
                        int before = random.Next(0, 4);
                        int after = random.Next(0, 4);
                        foreach (string name in new[] { "sum", "first_value", "last_value" })
                        {
                            WindowFunctionCall call = new()
                            {
                                Name = name,
                                Arguments = [5],
                                CreateAccumulator = name == "sum" ? () => sum.CreateAccumulator([SqlType.Integer], SqlType.BigInt) : null,
                                Frame = Frame(unit, start, end, exclusion),
                                StartOffset = 6,
                                EndOffset = 7,
                                Type = name == "sum" ? SqlType.BigInt : SqlType.Integer,
                            };
                            List<string> result = Run(rows, call, batchSize, Column(2, SqlType.Integer), Fixed(SqlType.Integer, Int(before)), Fixed(SqlType.Integer, Int(after)));
                            List<string> expected = [.. rows.GroupBy(r => r.Group).SelectMany(g => Expected([.. g], name, unit, start, before, end, after, exclusion))];
                            Assert.True(expected.SequenceEqual(result), $"{name} {unit} {start} {before} {end} {after} {exclusion}, seed {RandomValues.Seed}\n{string.Join(' ', expected)}\n{string.Join(' ', result)}");
                        }
                    }
                }
            }
        }
    }

    private static IEnumerable<string> Expected(List<Row> p, string name, FrameUnit unit, FrameBoundKind start, int before, FrameBoundKind end, int after, FrameExclusion exclusion)
    {
        List<int?> groups = [.. p.Select(r => r.Key).Distinct()];
        for (int i = 0; i < p.Count; i++)
        {
            List<Row> frame = [];
            for (int j = 0; j < p.Count; j++)
            {
                if (!IsAfterStart(j) || !IsBeforeEnd(j))
                    continue;
                bool peer = p[j].Key == p[i].Key;
                bool excluded = exclusion switch
                {
                    FrameExclusion.CurrentRow => i == j,
                    FrameExclusion.Group => peer,
                    FrameExclusion.Ties => peer && i != j,
                    _ => false,
                };
                if (!excluded)
                    frame.Add(p[j]);
            }

            yield return name switch
            {
                "sum" => frame.Any(r => r.Value is not null) ? frame.Sum(r => (long)(r.Value ?? 0)).ToString() : "null",
                "first_value" => frame.Count == 0 ? "null" : frame[0].Value?.ToString() ?? "null",
                _ => frame.Count == 0 ? "null" : frame[^1].Value?.ToString() ?? "null",
            };

            bool IsAfterStart(int j) => start switch
            {
                FrameBoundKind.UnboundedPreceding => true,
                FrameBoundKind.CurrentRow => unit == FrameUnit.Rows ? j >= i : groups.IndexOf(p[j].Key) >= groups.IndexOf(p[i].Key),
                FrameBoundKind.Preceding => AtOrAfter(j, -before),
                _ => AtOrAfter(j, before),
            };

            bool IsBeforeEnd(int j) => end switch
            {
                FrameBoundKind.UnboundedFollowing => true,
                FrameBoundKind.CurrentRow => unit == FrameUnit.Rows ? j <= i : groups.IndexOf(p[j].Key) <= groups.IndexOf(p[i].Key),
                FrameBoundKind.Preceding => AtOrBefore(j, -after),
                _ => AtOrBefore(j, after),
            };

            bool AtOrAfter(int j, int distance) => unit switch
            {
                FrameUnit.Rows => j >= i + distance,
                FrameUnit.Groups => groups.IndexOf(p[j].Key) >= groups.IndexOf(p[i].Key) + distance,
                _ => p[i].Key is null ? p[j].Key is null || j > i : p[j].Key is not null && p[j].Key >= p[i].Key + distance,
            };

            bool AtOrBefore(int j, int distance) => unit switch
            {
                FrameUnit.Rows => j <= i + distance,
                FrameUnit.Groups => groups.IndexOf(p[j].Key) <= groups.IndexOf(p[i].Key) + distance,
                _ => p[i].Key is null ? p[j].Key is null : p[j].Key is null || p[j].Key <= p[i].Key + distance,
            };
        }
    }
}
