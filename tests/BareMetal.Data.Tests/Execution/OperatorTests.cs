using BareMetal.Data.Execution;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Execution.Operators;
using BareMetal.Data.Tests.Values;
using BareMetal.Data.Types;
using BareMetal.Data.Values;
using Xunit;
using static BareMetal.Data.Tests.Execution.OperatorHarness;

namespace BareMetal.Data.Tests.Execution;

/// <summary>Operators against LINQ over random rows, with several batch sizes, with memory in plenty and with so little that they spill.</summary>
public sealed class OperatorTests
{
    private static readonly SqlType[] KeyAndText = [SqlType.Integer, SqlType.Text];

    public static TheoryData<int, long> Settings()
    {
        TheoryData<int, long> data = [];
        foreach (int batchSize in BatchSizes)
        {
            data.Add(batchSize, MemoryBudget.DefaultLimit);
            data.Add(batchSize, 4096);
        }

        return data;
    }

    private sealed record Row(int? Key, string? Text)
    {
        public Value[] Values => [Int(Key), OperatorHarness.Text(Text)];

        public string Shown => Show(Key, Text);
    }

    private static List<Row> RandomRows(Random random, int count, int keys) =>
        [.. Enumerable.Range(0, count).Select(i => new Row(random.Next(10) == 0 ? null : random.Next(keys), random.Next(8) == 0 ? null : "t" + random.Next(keys)))];

    private static RowsOperator Source(List<Row> rows) => new(KeyAndText, [.. rows.Select(r => r.Values)]);

    [Theory]
    [MemberData(nameof(Settings))]
    public void Sort_orders_by_all_keys_and_keeps_equal_rows_in_order(int batchSize, long memory)
    {
        Random random = NewRandom(1);
        foreach ((bool descending, bool nullsFirst) in new[] { (false, true), (true, false), (true, true) })
        {
            List<Row> rows = RandomRows(random, 500, 20);
            SortOperator sort = new(
                Source(rows),
                [Column(0, SqlType.Integer), Column(1, SqlType.Text)],
                [new SortDirection(descending, nullsFirst), new SortDirection(false, true)],
                KeyAndText);
            IEnumerable<Row> byKey = rows.OrderBy(r => r.Key is null ? (nullsFirst ? 0 : 2) : 1)
                .ThenBy(r => descending ? -(r.Key ?? 0) : r.Key ?? 0)
                .ThenBy(r => r.Text is null ? 0 : 1)
                .ThenBy(r => r.Text, StringComparer.Ordinal);
            Assert.Equal(byKey.Select(r => r.Shown), Run(sort, Context(batchSize, memory)));
            if (memory < 10_000 && batchSize < 1024)
                Assert.True(sort.SpilledBytes > 0, "nothing was spilled");
        }
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void Top_gives_what_a_sort_with_a_limit_gives(int batchSize, long memory)
    {
        Random random = NewRandom(2);
        foreach ((long limit, long offset) in new[] { (1L, 0L), (5L, 3L), (0L, 0L), (100L, 380L), (1000L, 0L) })
        {
            List<Row> rows = RandomRows(random, 400, 50);
            FixedEvaluator take = Number(limit);
            FixedEvaluator skip = Number(offset);
            TopOperator top = new(Source(rows), [Column(0, SqlType.Integer)], [new SortDirection(false, true)], take, skip, KeyAndText);
            IEnumerable<Row> expected = rows.OrderBy(r => r.Key ?? int.MinValue).Skip((int)offset).Take((int)limit);
            Assert.Equal(expected.Select(r => r.Shown), Run(top, Context(batchSize, memory)));
        }
    }

    private static FixedEvaluator Number(long value)
    {
        Vector v = Vector.Create(SqlType.BigInt, 1);
        v.SetValue(0, Value.From(SqlTypeKind.BigInt, value));
        v.IsConstant = true;
        return new FixedEvaluator(v);
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void Limit_skips_and_takes_across_batches(int batchSize, long memory)
    {
        List<Row> rows = RandomRows(NewRandom(3), 100, 5);
        LimitOperator limit = new(Source(rows), Number(31), Number(17), [], KeyAndText);
        Assert.Equal(rows.Skip(17).Take(31).Select(r => r.Shown), Run(limit, Context(batchSize, memory)));
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void Limit_with_ties_goes_on_while_keys_are_equal(int batchSize, long memory)
    {
        List<Row> rows = [.. RandomRows(NewRandom(4), 200, 8).OrderBy(r => r.Key ?? -1)];
        for (int n = 1; n < 60; n += 13)
        {
            LimitOperator limit = new(Source(rows), Number(n), null, [Column(0, SqlType.Integer)], KeyAndText);
            int? last = rows[n - 1].Key;
            int count = n + rows.Skip(n).TakeWhile(r => r.Key == last).Count();
            Assert.Equal(rows.Take(count).Select(r => r.Shown), Run(limit, Context(batchSize, memory)));
        }
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void Distinct_gives_each_row_once(int batchSize, long memory)
    {
        List<Row> rows = RandomRows(NewRandom(5), 1000, 25);
        DistinctOperator distinct = new(Source(rows), [Column(0, SqlType.Integer), Column(1, SqlType.Text)], KeyAndText);
        List<string> result = Run(distinct, Context(batchSize, memory));
        Assert.Equal(rows.Select(r => r.Shown).Distinct().Order(StringComparer.Ordinal), result.Order(StringComparer.Ordinal));
        if (memory < 10_000 && batchSize < 1024)
            Assert.True(distinct.SpilledBytes > 0, "nothing was spilled");
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void Sorted_distinct_compares_with_the_row_before_across_batches(int batchSize, long memory)
    {
        List<Row> rows = [.. RandomRows(NewRandom(6), 300, 9).OrderBy(r => r.Key ?? -1)];
        SortedDistinctOperator distinct = new(Source(rows), [Column(0, SqlType.Integer)], KeyAndText);
        Assert.Equal(rows.DistinctBy(r => r.Key).Select(r => r.Shown), Run(distinct, Context(batchSize, memory)));
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void Intersect_and_except_follow_set_and_bag_rules(int batchSize, long memory)
    {
        Random random = NewRandom(7);
        List<Row> left = RandomRows(random, 200, 4);
        List<Row> right = RandomRows(random, 150, 4);
        foreach (bool isExcept in new[] { false, true })
        {
            foreach (bool isAll in new[] { false, true })
            {
                CountedSetOperator set = new(Source(left), Source(right), isExcept, isAll, KeyAndText);
                List<string> expected = [];
                Dictionary<string, int> counts = right.GroupBy(r => r.Shown).ToDictionary(g => g.Key, g => g.Count());
                HashSet<string> given = [];
                foreach (string row in left.Select(r => r.Shown))
                {
                    int count = counts.GetValueOrDefault(row);
                    if (isAll)
                    {
                        if (count > 0)
                            counts[row] = count - 1;
                        if (count > 0 != isExcept)
                            expected.Add(row);
                    }
                    else if (count > 0 != isExcept && given.Add(row))
                    {
                        expected.Add(row);
                    }
                }

                Assert.Equal(expected, Run(set, Context(batchSize, memory)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void Hash_join_matches_nested_loops_in_every_mode(int batchSize, long memory)
    {
        Random random = NewRandom(8);
        foreach (HashJoinMode mode in Enum.GetValues<HashJoinMode>())
        {
            foreach (bool withCondition in new[] { false, true })
            {
                foreach (bool nullsMatch in new[] { false, true })
                {
                    List<Row> probe = RandomRows(random, 120, 15);
                    List<Row> build = RandomRows(random, 90, 15);
                    HashJoinOperator join = new(
                        Source(probe),
                        Source(build),
                        [Column(0, SqlType.Integer)],
                        [Column(0, SqlType.Integer)],
                        [nullsMatch],
                        withCondition ? new TextsDifferEvaluator() : null,
                        mode,
                        KeyAndText,
                        KeyAndText);
                    List<string> result = Run(join, Context(batchSize, memory));
                    List<string> expected = NestedLoops(probe, build, mode, (p, b) =>
                        (p.Key == b.Key && (p.Key is not null || nullsMatch)) && (!withCondition || (p.Text is not null && b.Text is not null && p.Text != b.Text)));
                    Assert.Equal(expected.Order(StringComparer.Ordinal), result.Order(StringComparer.Ordinal));
                    if (memory < 10_000 && batchSize < 1024)
                        Assert.True(join.SpilledBytes > 0, "nothing was spilled");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void Join_without_keys_checks_every_pair(int batchSize, long memory)
    {
        Random random = NewRandom(9);
        foreach (HashJoinMode mode in Enum.GetValues<HashJoinMode>())
        {
            List<Row> probe = RandomRows(random, 40, 3);
            List<Row> build = RandomRows(random, 30, 3);
            HashJoinOperator join = new(Source(probe), Source(build), [], [], [], new TextsDifferEvaluator(), mode, KeyAndText, KeyAndText);
            List<string> expected = NestedLoops(probe, build, mode, (p, b) => p.Text is not null && b.Text is not null && p.Text != b.Text);
            Assert.Equal(expected.Order(StringComparer.Ordinal), Run(join, Context(batchSize, memory)).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void Join_with_an_empty_side_gives_what_the_mode_says()
    {
        List<Row> some = RandomRows(NewRandom(10), 10, 3);
        foreach (HashJoinMode mode in Enum.GetValues<HashJoinMode>())
        {
            foreach ((List<Row> probe, List<Row> build) in new[] { (some, new List<Row>()), ([], some), ([], []) })
            {
                HashJoinOperator join = new(Source(probe), Source(build), [Column(0, SqlType.Integer)], [Column(0, SqlType.Integer)], [false], null, mode, KeyAndText, KeyAndText);
                List<string> expected = NestedLoops(probe, build, mode, (p, b) => p.Key == b.Key && p.Key is not null);
                Assert.Equal(expected.Order(StringComparer.Ordinal), Run(join, Context(7)).Order(StringComparer.Ordinal));
            }
        }
    }

    private static List<string> NestedLoops(List<Row> probe, List<Row> build, HashJoinMode mode, Func<Row, Row, bool> matches)
    {
        List<string> result = [];
        HashSet<int> matchedBuild = [];
        string none = Show(null, null);
        bool pairs = mode is HashJoinMode.Inner or HashJoinMode.ProbeOuter or HashJoinMode.BuildOuter or HashJoinMode.Full;
        foreach (Row p in probe)
        {
            bool found = false;
            for (int b = 0; b < build.Count; b++)
            {
                if (!matches(p, build[b]))
                    continue;
                found = true;
                matchedBuild.Add(b);
                if (pairs)
                    result.Add(p.Shown + "|" + build[b].Shown);
            }

            if (!found && mode is HashJoinMode.ProbeOuter or HashJoinMode.Full)
                result.Add(p.Shown + "|" + none);
            if ((mode == HashJoinMode.ProbeSemi && found) || (mode == HashJoinMode.ProbeAnti && !found))
                result.Add(p.Shown);
        }

        for (int b = 0; b < build.Count; b++)
        {
            bool found = matchedBuild.Contains(b);
            if (!found && mode is HashJoinMode.BuildOuter or HashJoinMode.Full)
                result.Add(none + "|" + build[b].Shown);
            if ((mode == HashJoinMode.BuildSemi && found) || (mode == HashJoinMode.BuildAnti && !found))
                result.Add(build[b].Shown);
        }

        return result;
    }

    /// <summary>probe.Text &lt;&gt; build.Text over pairs.</summary>
    private sealed class TextsDifferEvaluator() : Evaluator(SqlType.Boolean)
    {
        private readonly Vector<bool> _result = new(SqlType.Boolean, 1);

        public override Vector Evaluate(Batch input, QueryContext context)
        {
            _result.Reset();
            _result.EnsureCapacity(input.Count);
            Vector<ByteSlice> a = (Vector<ByteSlice>)input.Columns[1];
            Vector<ByteSlice> b = (Vector<ByteSlice>)input.Columns[3];
            for (int i = 0; i < input.Count; i++)
            {
                if (a.IsNull(i) || b.IsNull(i))
                    _result.SetNull(i);
                else
                    _result.Data[i] = !a.Data[i].Span.SequenceEqual(b.Data[i].Span);
            }

            return _result;
        }
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void Lookup_spool_gives_the_rows_of_one_key_in_order(int batchSize, long memory)
    {
        List<Row> rows = RandomRows(NewRandom(11), 300, 12);
        Vector outer = Vector.Create(SqlType.Integer, 1);
        LookupSpoolOperator spool = new(Source(rows), [Column(0, SqlType.Integer)], [new FixedEvaluator(outer)], KeyAndText);
        QueryContext context = Context(batchSize, memory);
        for (int key = -1; key < 13; key++)
        {
            outer.Reset();
            outer.IsConstant = true;
            outer.SetValue(0, key < 0 ? Int(null) : Int(key));
            List<string> result = [];
            spool.Open(context);
            while (spool.Next(context) is { } batch)
            {
                for (int i = 0; i < batch.Count; i++)
                    result.Add(Show(batch.Columns[0].GetValue(i)) + "|" + Show(batch.Columns[1].GetValue(i)));
            }

            spool.Close();
            Assert.Equal(rows.Where(r => key >= 0 && r.Key == key).Select(r => r.Shown), result);
        }

        spool.EndRun();
        Assert.Equal(0, context.Memory.Used);
    }

    [Fact]
    public void Sort_orders_every_type_as_dotnet_does()
    {
        Random random = NewRandom(12);
        foreach (SqlType type in RandomValues.Types)
        {
            if (type.Kind is SqlTypeKind.Array or SqlTypeKind.Json or SqlTypeKind.Jsonb || type.Collation is not null)
                continue;
            List<Value> values = [.. Enumerable.Range(0, 200).Select(_ => RandomValues.Next(random, type, 0.1))];
            SortOperator sort = new(new RowsOperator([type], [.. values.Select(v => new[] { v })]), [Column(0, type)], [new SortDirection(false, true)], [type]);
            QueryContext context = Context(64, 2000);
            sort.Open(context);
            Value previous = Value.Null(type.Kind);
            int count = 0;
            while (sort.Next(context) is { } batch)
            {
                for (int i = 0; i < batch.Count; i++)
                {
                    Value value = batch.Columns[0].GetValue(i);
                    Assert.True(previous.IsNull || (!value.IsNull && RandomValues.Compare(type, previous, value) <= 0), $"{type.Kind}, seed {RandomValues.Seed}");
                    previous = value;
                    count++;
                }
            }

            sort.Close();
            Assert.Equal(values.Count, count);
        }
    }
}
