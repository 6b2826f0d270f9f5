using BareMetal.Data.Execution;
using BareMetal.Data.Execution.Operators;
using BareMetal.Data.Tests.Values;
using BareMetal.Data.Types;
using BareMetal.Data.Values;
using Xunit;

namespace BareMetal.Data.Tests.Execution;

/// <summary>What the inner side of a correlated plan gave is given again for identical outer values, and never for others.</summary>
public sealed class MemoizeOperatorTests
{
    private static readonly SqlType NoCase = SqlType.Text with { Collation = "ordinal_ci" };

    /// <summary>Gives <paramref name="rows"/> rows with a number that tells the runs apart.</summary>
    private sealed class Counting(int rows, int batch = 1024, int width = 0) : PhysicalOperator
    {
        private readonly Batch _batch = new([Vector.Create(SqlType.Integer, batch), Vector.Create(SqlType.Text, batch)]);
        private int _given;

        public int Opens { get; private set; }

        public int Closes { get; private set; }

        public override void Open(QueryContext context)
        {
            Opens++;
            _given = 0;
        }

        public override Batch? Next(QueryContext context)
        {
            int count = Math.Min(batch, rows - _given);
            if (count == 0)
                return null;
            foreach (Vector v in _batch.Columns)
            {
                v.Reset();
                v.EnsureCapacity(count);
            }

            for (int i = 0; i < count; i++)
            {
                _batch.Columns[0].SetValue(i, Value.From(SqlTypeKind.Integer, Opens));
                _batch.Columns[1].SetValue(i, RandomValues.Text(new string('x', width)));
            }

            _given += count;
            _batch.Count = count;
            return _batch;
        }

        public override void Close() => Closes++;
    }

    private static Vector Key(SqlType type)
    {
        Vector v = Vector.Create(type, 1);
        v.IsConstant = true;
        return v;
    }

    private static void Set(Vector key, Value value)
    {
        key.Reset();
        if (value.IsNull)
            key.SetNull(0);
        else
            key.SetValue(0, value);
        key.IsConstant = true;
    }

    private static MemoizeOperator Memo(PhysicalOperator input, double expected, bool isExistence, params Vector[] keys) => new(input, keys, [SqlType.Integer, SqlType.Text], isExistence, expected);

    /// <summary>Opens for a key and reads to the end: how many rows came, and of which run of the plan below.</summary>
    private static (int Rows, int Run) Read(MemoizeOperator memo, QueryContext context)
    {
        memo.Open(context);
        int rows = 0;
        int run = 0;
        while (memo.Next(context) is { } batch)
        {
            rows += batch.Count;
            run = batch.Columns[0].GetValue(0).As<int>();
        }

        memo.Close();
        return (rows, run);
    }

    [Fact]
    public void Values_that_come_again_are_answered_from_memory_within_one_run_only()
    {
        Counting input = new(3);
        Vector key = Key(SqlType.Integer);
        MemoizeOperator memo = Memo(input, 0, false, key);
        QueryContext context = OperatorHarness.Context(2);
        for (int i = 0; i < 30; i++)
        {
            Set(key, Value.From(SqlTypeKind.Integer, i % 5));
            Assert.Equal((3, (i % 5) + 1), Read(memo, context));
        }

        Set(key, Value.Null(SqlTypeKind.Integer));
        Assert.Equal((3, 6), Read(memo, context));
        Assert.Equal((3, 6), Read(memo, context));
        Assert.Equal((6, 6, 26L, 6L, 0L), (input.Opens, input.Closes, memo.Hits, memo.Misses, memo.Evictions));
        Assert.True(context.Memory.Used > 0);
        context.RunNumber++;
        Assert.Equal((3, 7), Read(memo, context));
        Assert.Equal((0L, 1L), (memo.Hits, memo.Misses));
        memo.EndRun();
        Assert.Equal(0, context.Memory.Used);
    }

    public static TheoryData<string> EqualButNotIdentical => ["collation", "scale", "zero", "real zero", "interval", "array", "offset"];

    [Theory]
    [MemberData(nameof(EqualButNotIdentical))]
    public void Values_that_are_equal_but_look_different_are_different_values(string what)
    {
        (SqlType type, Value a, Value b) = what switch
        {
            "collation" => (NoCase, RandomValues.Text("a"), RandomValues.Text("A")),
            "scale" => (SqlType.Decimal, Value.From(SqlTypeKind.Decimal, 1.0m), Value.From(SqlTypeKind.Decimal, 1.00m)),
            "zero" => (SqlType.Double, Value.From(SqlTypeKind.Double, 0.0), Value.From(SqlTypeKind.Double, -0.0)),
            "real zero" => (SqlType.Real, Value.From(SqlTypeKind.Real, 0f), Value.From(SqlTypeKind.Real, -0f)),
            "interval" => (SqlType.Interval, Value.From(SqlTypeKind.Interval, new BareMetalInterval(1, 0, 0)), Value.From(SqlTypeKind.Interval, new BareMetalInterval(0, 30, 0))),
            "offset" => (SqlType.DateTimeOffset, Value.From(SqlTypeKind.DateTimeOffset, new OffsetInstant(0, 0)), Value.From(SqlTypeKind.DateTimeOffset, new OffsetInstant(0, 60))),
            _ => (SqlType.ArrayOf(NoCase), Value.From(SqlTypeKind.Array, new ArrayValue(NoCase, [RandomValues.Text("a")])), Value.From(SqlTypeKind.Array, new ArrayValue(NoCase, [RandomValues.Text("A")]))),
        };
        Vector key = Key(type);
        MemoizeOperator memo = Memo(new Counting(1), 0, false, key);
        QueryContext context = OperatorHarness.Context(1024);
        Value[] values = [a, b, b, a, b];
        int[] runs = [1, 2, 2, 1, 2];
        for (int i = 0; i < values.Length; i++)
        {
            Set(key, values[i]);
            Assert.Equal((1, runs[i]), Read(memo, context));
        }

        memo.EndRun();
    }

    [Fact]
    public void Rows_that_were_not_read_to_their_end_are_not_kept()
    {
        Counting input = new(5);
        Vector key = Key(SqlType.Integer);
        MemoizeOperator memo = Memo(input, 0, false, key);
        QueryContext context = OperatorHarness.Context(1024);
        Set(key, Value.From(SqlTypeKind.Integer, 1));
        memo.Open(context);
        Assert.NotNull(memo.Next(context));
        memo.Close();
        Assert.Equal((5, 2), Read(memo, context));
        Assert.Equal((5, 2), Read(memo, context));
        memo.EndRun();
        Assert.Equal(input.Opens, input.Closes);
    }

    [Fact]
    public void Existence_is_kept_from_the_first_row_on()
    {
        Counting some = new(5);
        Counting none = new(0);
        Vector key = Key(SqlType.Integer);
        Set(key, Value.From(SqlTypeKind.Integer, 1));
        QueryContext context = OperatorHarness.Context(1024);
        foreach ((Counting input, bool exists) in ((Counting, bool)[])[(some, true), (none, false)])
        {
            MemoizeOperator memo = Memo(input, 0, true, key);
            for (int i = 0; i < 3; i++)
            {
                memo.Open(context);
                Assert.Equal(exists, memo.Next(context) is not null);
                memo.Close();
            }

            Assert.Equal(1, input.Opens);
            memo.EndRun();
        }
    }

    [Fact]
    public void Many_rows_of_one_value_are_not_kept()
    {
        Counting input = new(3000);
        Vector key = Key(SqlType.Integer);
        Set(key, Value.From(SqlTypeKind.Integer, 1));
        MemoizeOperator memo = Memo(input, 0, false, key);
        QueryContext context = OperatorHarness.Context(1024);
        Assert.Equal((3000, 1), Read(memo, context));
        Assert.Equal((3000, 2), Read(memo, context));
        memo.EndRun();
    }

    [Fact]
    public void It_stops_remembering_when_values_hardly_ever_come_again()
    {
        Counting input = new(1);
        Vector key = Key(SqlType.Integer);
        MemoizeOperator memo = Memo(input, 0, false, key);
        QueryContext context = OperatorHarness.Context(1024);
        for (int i = 0; i < 5000; i++)
        {
            Set(key, Value.From(SqlTypeKind.Integer, i));
            Assert.Equal((1, i + 1), Read(memo, context));
        }

        Assert.Equal((0L, 4096L), (memo.Hits, memo.Misses));
        Assert.Equal(0, context.Memory.Used);
        context.RunNumber++;
        Assert.Equal(1, Read(memo, context).Rows);
        Assert.Equal(1, memo.Misses);
        memo.EndRun();
    }

    [Fact]
    public void It_goes_on_through_all_values_once_when_many_are_expected()
    {
        Counting input = new(1);
        Vector key = Key(SqlType.Integer);
        MemoizeOperator memo = Memo(input, 6000, false, key);
        QueryContext context = OperatorHarness.Context(1024);
        for (int i = 0; i < 18000; i++)
        {
            Set(key, Value.From(SqlTypeKind.Integer, i % 6000));
            Assert.Equal((1, (i % 6000) + 1), Read(memo, context));
        }

        Assert.Equal((12000L, 6000L), (memo.Hits, memo.Misses));
        memo.EndRun();
    }

    [Theory]
    [InlineData(16 * 1024)]
    [InlineData(64 * 1024)]
    [InlineData(1024 * 1024)]
    public void Memory_stays_within_its_share_of_the_budget_whatever_comes(long limit)
    {
        Random random = OperatorHarness.NewRandom((int)limit);
        Counting input = new(3, width: 200);
        Vector key = Key(SqlType.Integer);
        MemoizeOperator memo = Memo(input, 0, false, key);
        QueryContext context = OperatorHarness.Context(1024, limit);
        Dictionary<int, int> last = [];
        for (int i = 0; i < 20_000; i++)
        {
            int value = random.Next(4) == 0 ? random.Next(3000) : random.Next(8);
            Set(key, Value.From(SqlTypeKind.Integer, value));
            int before = input.Opens;
            (int rows, int run) = Read(memo, context);
            Assert.Equal(3, rows);
            Assert.True(run == input.Opens && run > before || run == last[value], $"{value} was answered by run {run}, seed {RandomValues.Seed}");
            last[value] = run;
            Assert.True(context.Memory.Used <= limit / 4, $"{context.Memory.Used} held");
        }

        Assert.True(memo.Evictions > 0);
        Assert.True(memo.Hits > 1000, $"{memo.Hits} hits");
        memo.EndRun();
        Assert.Equal(0, context.Memory.Used);
    }
}
