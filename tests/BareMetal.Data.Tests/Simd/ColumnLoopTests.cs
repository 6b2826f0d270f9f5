using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Operators;
using BareMetal.Data.Functions;
using BareMetal.Data.Simd;
using BareMetal.Data.Tests.Functions;
using BareMetal.Data.Tests.Values;
using BareMetal.Data.Types;
using BareMetal.Data.Values;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Tests.Simd;

/// <summary>Loops over many rows give what the same thing gives row by row, whatever the number of rows, the nulls and what null rows hold.</summary>
public sealed class ColumnLoopTests(ITestOutputHelper output)
{
    private static readonly int[] Counts = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 127, 128, 255, 1000, 1024];

    private readonly Random _random = Seeded(output);

    public static TheoryData<string> FixedTypes => ["tinyint", "smallint", "integer", "bigint", "utinyint", "usmallint", "uinteger", "ubigint", "real", "double precision", "date", "timestamp", "decimal"];

    private static Random Seeded(ITestOutputHelper output)
    {
        output.WriteLine($"BAREMETAL_SEED={RandomValues.Seed}");
        return new Random(RandomValues.Seed);
    }

    private static void Fill<T>(Vector vector, int count, Func<T> next)
    {
        T[] data = ((Vector<T>)vector).Data;
        for (int i = 0; i < count; i++)
            data[i] = next();
    }

    /// <summary>Few values, so that many are equal, with the type's ends among them; rows that are null hold values too.</summary>
    private Vector Column(SqlType type, int count, double nulls, bool isConstant = false)
    {
        int rows = isConstant ? 1 : count;
        Vector vector = Vector.Create(type, Math.Max(1, rows));
        int Any() => _random.Next(-3, 4);
        switch (vector)
        {
            case Vector<sbyte>: Fill<sbyte>(vector, rows, () => _random.Next(8) == 0 ? (_random.Next(2) == 0 ? sbyte.MinValue : sbyte.MaxValue) : (sbyte)Any()); break;
            case Vector<short>: Fill<short>(vector, rows, () => _random.Next(8) == 0 ? (_random.Next(2) == 0 ? short.MinValue : short.MaxValue) : (short)Any()); break;
            case Vector<int>: Fill<int>(vector, rows, () => _random.Next(8) == 0 ? (_random.Next(2) == 0 ? int.MinValue : int.MaxValue) : Any()); break;
            case Vector<long>: Fill<long>(vector, rows, () => _random.Next(8) == 0 ? (_random.Next(2) == 0 ? long.MinValue : long.MaxValue) : Any()); break;
            case Vector<byte>: Fill<byte>(vector, rows, () => _random.Next(8) == 0 ? byte.MaxValue : (byte)(Any() + 3)); break;
            case Vector<ushort>: Fill<ushort>(vector, rows, () => _random.Next(8) == 0 ? ushort.MaxValue : (ushort)(Any() + 3)); break;
            case Vector<uint>: Fill<uint>(vector, rows, () => _random.Next(8) == 0 ? uint.MaxValue : (uint)(Any() + 3)); break;
            case Vector<ulong>: Fill<ulong>(vector, rows, () => _random.Next(8) == 0 ? ulong.MaxValue : (ulong)(Any() + 3)); break;
            case Vector<float>: Fill<float>(vector, rows, () => _random.Next(40) switch { 0 => float.NaN, 1 => float.PositiveInfinity, 2 => -0f, _ => Any() / 2f }); break;
            case Vector<double>: Fill<double>(vector, rows, () => _random.Next(40) switch { 0 => double.NaN, 1 => double.NegativeInfinity, 2 => -0.0, _ => Any() / 2.0 }); break;
            case Vector<bool>: Fill<bool>(vector, rows, () => _random.Next(2) == 0); break;
            case Vector<decimal>: Fill<decimal>(vector, rows, () => Any() / 4m); break;
        }

        for (int i = 0; i < rows && nulls > 0; i++)
        {
            if (_random.NextDouble() < nulls)
                vector.SetNull(i);
        }

        vector.IsConstant = isConstant;
        return vector;
    }

    private static Vector Row(Vector source, int row)
    {
        Vector one = Vector.Create(source.Type, 1);
        one.SetValue(0, source.GetValue(source.IsConstant ? 0 : row));
        return one;
    }

    private void AgreesWithRows(string function, SqlType type, bool mayFail)
    {
        ResolvedFunction<ScalarFunction> resolved = FunctionRegistry.Default.ResolveScalar(function, [type, type])!;
        ScalarKernel kernel = resolved.Function.CreateKernel(resolved.ArgumentTypes, resolved.ResultType);
        for (int way = 0; way < 6; way++)
        {
            foreach (int count in Counts)
            {
                double nulls = way % 3 * 0.3;
                Vector[] arguments = [Column(type, count, nulls), Column(type, count, nulls / 2, isConstant: way >= 3)];
                Vector result = Vector.Create(resolved.ResultType, Math.Max(1, count));
                // What an earlier batch has left behind is no answer.
                for (int i = 0; i < count; i++)
                    result.SetNull(i);
                result.Reset();
                BareMetalException? failure = null;
                try
                {
                    kernel.Evaluate(arguments, count, result, FunctionHarness.Context);
                }
                catch (BareMetalException e) when (mayFail)
                {
                    failure = e;
                }

                bool failed = false;
                for (int i = 0; i < count; i++)
                {
                    Vector one = Vector.Create(resolved.ResultType, 1);
                    try
                    {
                        kernel.Evaluate([Row(arguments[0], i), Row(arguments[1], i)], 1, one, FunctionHarness.Context);
                    }
                    catch (BareMetalException e) when (mayFail)
                    {
                        Assert.Equal(e.SqlState, failure?.SqlState);
                        failed = true;
                        break;
                    }

                    if (failure is null)
                        Assert.True(Equals(one.GetValue(0), result.GetValue(i)), $"{function} of {arguments[0].GetValue(i)} and {arguments[1].GetValue(arguments[1].IsConstant ? 0 : i)} in row {i} of {count}: {result.GetValue(i)}, alone {one.GetValue(0)}");
                }

                Assert.Equal(failed, failure is not null);
            }
        }
    }

    [Theory]
    [MemberData(nameof(FixedTypes))]
    public void Comparisons_of_columns_agree_with_those_of_rows(string type)
    {
        foreach (string function in (string[])["=", "<>", "<", "<=", ">", ">="])
            AgreesWithRows(function, TypeNames.Parse(type), mayFail: false);
    }

    [Theory]
    [InlineData("integer")]
    [InlineData("bigint")]
    [InlineData("smallint")]
    [InlineData("double precision")]
    public void Sums_and_differences_of_columns_agree_with_those_of_rows_and_overflow_as_they_do(string type)
    {
        AgreesWithRows("+", TypeNames.Parse(type), mayFail: true);
        AgreesWithRows("-", TypeNames.Parse(type), mayFail: true);
    }

    [Fact]
    public void What_a_null_row_holds_overflows_nothing()
    {
        ResolvedFunction<ScalarFunction> add = FunctionRegistry.Default.ResolveScalar("+", [SqlType.Integer, SqlType.Integer])!;
        Vector<int> left = new(SqlType.Integer, 100), right = new(SqlType.Integer, 100), result = new(SqlType.Integer, 100);
        Array.Fill(left.Data, 1);
        Array.Fill(right.Data, 2);
        left.Data[50] = int.MaxValue;
        left.SetNull(50);
        add.Function.CreateKernel(add.ArgumentTypes, add.ResultType).Evaluate([left, right], 100, result, FunctionHarness.Context);
        Assert.All(Enumerable.Range(0, 100), i => Assert.Equal(i == 50 ? null : 3, FunctionHarness.Clr(result.GetValue(i), SqlType.Integer)));
    }

    [Fact]
    public void Masks_are_counted_joined_and_turned_into_row_numbers()
    {
        foreach (int count in (int[])[.. Counts, 10_000, 20_011])
        {
            foreach (double density in (double[])[0, 0.02, 0.5, 0.98, 1])
            {
                bool[] a = [.. Enumerable.Range(0, count).Select(_ => _random.NextDouble() < density)];
                bool[] b = [.. Enumerable.Range(0, count).Select(_ => _random.NextDouble() < 0.3)];
                Assert.Equal(a.Count(x => x), MaskLoops.Count(a));
                bool[] either = new bool[count];
                MaskLoops.Or(a, b, either);
                Assert.Equal(a.Zip(b, (x, y) => x | y), either);
                int[] rows = new int[count];
                Assert.Equal(Enumerable.Range(0, count).Where(i => a[i]), rows.Take(MaskLoops.Select(a, rows)));
                Assert.Equal(Enumerable.Range(0, count).Where(i => a[i] && !b[i]), rows.Take(MaskLoops.Select(a, b, rows)));
            }
        }
    }

    [Theory]
    [InlineData("integer")]
    [InlineData("bigint")]
    [InlineData("double precision")]
    public void Aggregates_of_columns_agree_with_those_of_rows(string typeName)
    {
        SqlType type = TypeNames.Parse(typeName);
        foreach (string function in (string[])["sum", "avg", "min", "max", "count"])
        {
            ResolvedFunction<AggregateFunction> resolved = FunctionRegistry.Default.ResolveAggregate(function, [type])!;
            foreach (int count in Counts)
            {
                foreach (double nulls in (double[])[0, 0.05, 0.5, 1])
                {
                    Vector column = Column(type, count, nulls);
                    Accumulator whole = resolved.Function.CreateAccumulator(resolved.ArgumentTypes, resolved.ResultType), single = resolved.Function.CreateAccumulator(resolved.ArgumentTypes, resolved.ResultType);
                    whole.EnsureGroups(1);
                    single.EnsureGroups(1);
                    whole.Add([column], count, [], FunctionHarness.Context);
                    for (int i = 0; i < count; i++)
                        single.Add([Row(column, i)], 1, [], FunctionHarness.Context);
                    Vector a = Vector.Create(resolved.ResultType, 1), b = Vector.Create(resolved.ResultType, 1);
                    whole.Result(0, 1, a);
                    single.Result(0, 1, b);
                    Assert.Equal(b.GetValue(0), a.GetValue(0));
                }
            }
        }
    }

    [Fact]
    public void Sums_are_exact_at_the_ends_of_the_types()
    {
        foreach (int count in Counts)
        {
            long[] longs = [.. Enumerable.Range(0, count).Select(_ => _random.Next(3) switch { 0 => long.MinValue, 1 => long.MaxValue, _ => _random.NextInt64(long.MinValue, long.MaxValue) })];
            int[] ints = [.. Enumerable.Range(0, count).Select(_ => _random.Next(3) switch { 0 => int.MinValue, 1 => int.MaxValue, _ => _random.Next(int.MinValue, int.MaxValue) })];
            Assert.Equal(longs.Aggregate(Int128.Zero, (sum, x) => sum + x), FoldLoops.Sum(longs));
            Assert.Equal(ints.Sum(x => (long)x), FoldLoops.Sum(ints));
            if (count == 0)
                continue;
            Assert.Equal(longs.Min(), FoldLoops.Extreme<long>(longs, greatest: false));
            Assert.Equal(longs.Max(), FoldLoops.Extreme<long>(longs, greatest: true));
            Assert.Equal(ints.Min(), FoldLoops.Extreme<int>(ints, greatest: false));
            Assert.Equal(ints.Max(), FoldLoops.Extreme<int>(ints, greatest: true));
        }
    }

    [Theory]
    [InlineData("integer")]
    [InlineData("bigint")]
    public void Hashes_of_columns_agree_with_those_of_rows(string type)
    {
        SqlType sql = TypeNames.Parse(type);
        ColumnOperations operations = ColumnOperations.For(sql);
        foreach (int count in Counts)
        {
            foreach (double nulls in (double[])[0, 0.2])
            {
                Vector column = Column(sql, count, nulls);
                uint[] hashes = [.. Enumerable.Range(0, count).Select(i => (uint)i * 0x9E3779B9u)], one = new uint[1];
                operations.Hash(column, count, hashes);
                for (int i = 0; i < count; i++)
                {
                    one[0] = (uint)i * 0x9E3779B9u;
                    operations.Hash(Row(column, i), 1, one);
                    Assert.Equal(one[0], hashes[i]);
                }
            }
        }
    }

    [Fact]
    public void Group_numbers_are_found_again()
    {
        foreach (SqlType type in (SqlType[])[SqlType.Integer, SqlType.BigInt, SqlType.Double])
        {
            GroupTable table = new([type]);
            Vector added = Column(type, 500, 0), looked = Column(type, 500, 0);
            int[] groups = new int[500], found = new int[500];
            table.FindOrAdd([added], 400, groups);
            table.Find([looked], 500, found);
            for (int i = 0; i < 500; i++)
            {
                int expected = Enumerable.Range(0, 400).FirstOrDefault(k => ColumnOperations.For(type).Equal(added, k, looked, i), -1);
                Assert.Equal(expected < 0 ? -1 : groups[expected], found[i]);
            }
        }
    }

    [Theory]
    [InlineData(10)]
    [InlineData(1023)]
    [InlineData(1024)]
    [InlineData(5000)]
    public void A_sort_is_stable_and_takes_directions_and_nulls_as_told(int count)
    {
        SqlType[] types = [SqlType.Boolean, SqlType.Integer, SqlType.BigInt, SqlType.Double, SqlType.Decimal, SqlType.Text];
        foreach (SqlType first in types)
        {
            foreach (int keys in (int[])[1, 2])
            {
                for (int way = 0; way < 4; way++)
                {
                    SortDirection[] directions = [new((way & 1) == 1, (way & 2) == 2), new((way & 2) == 2, (way & 1) == 1)];
                    Vector[] columns = [SortColumn(first, count, way == 3 ? 0 : 0.1), SortColumn(SqlType.Integer, count, 0.1)];
                    RowComparer comparer = new(ColumnOperations.For([.. columns.Take(keys).Select(c => c.Type)]), directions[..keys]);
                    int[] order = [];
                    comparer.Sort(columns[..keys], count, ref order);
                    int[] expected = [.. Enumerable.Range(0, count).Order(Comparer<int>.Create((x, y) => comparer.Compare(columns, x, columns, y) is int c && c != 0 ? c : x.CompareTo(y)))];
                    Assert.Equal(expected, order.Take(count));
                }
            }
        }
    }

    private Vector SortColumn(SqlType type, int count, double nulls)
    {
        if (type.Kind != SqlTypeKind.Text)
        {
            // Wide apart in half of the columns, so that every digit of the prefix counts.
            Vector column = Column(type, count, nulls);
            if (column is Vector<long> longs && _random.Next(2) == 0)
                Fill<long>(longs, count, () => _random.NextInt64(long.MinValue, long.MaxValue));
            if (column is Vector<int> ints && _random.Next(2) == 0)
                Fill<int>(ints, count, () => _random.Next(-100_000, 100_000));
            return column;
        }

        Vector text = Vector.Create(type, count);
        for (int i = 0; i < count; i++)
        {
            if (_random.NextDouble() < nulls)
                text.SetNull(i);
            else
                text.SetValue(i, Value.From(SqlTypeKind.Text, new ByteSlice(System.Text.Encoding.UTF8.GetBytes((_random.Next(2) == 0 ? "customer-" : "") + _random.Next(300)))));
        }

        return text;
    }
}
