using BareMetal.Data.Execution;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Execution.Operators;
using BareMetal.Data.Storage;
using BareMetal.Data.Tests.Values;
using BareMetal.Data.Types;
using BareMetal.Data.Values;
using Xunit;

namespace BareMetal.Data.Tests.Execution;

/// <summary>Rows in, rows out: what operator tests share.</summary>
internal static class OperatorHarness
{
    public static readonly int[] BatchSizes = [1, 7, 1024];

    /// <summary>A seed per test run, printed by the failing assertion's message.</summary>
    public static Random NewRandom(int salt) => new(unchecked((RandomValues.Seed * 397) + salt));

    public static QueryContext Context(int batchSize, long memory = MemoryBudget.DefaultLimit) => new()
    {
        BatchSize = batchSize,
        Memory = new MemoryBudget(memory),
        Temporary = new MemoryStorageProvider(),
        RunNumber = 1,
    };

    public static Value Int(int? value) => value is null ? Value.Null(SqlTypeKind.Integer) : Value.From(SqlTypeKind.Integer, value.Value);

    public static Value Text(string? value) => value is null ? Value.Null(SqlTypeKind.Text) : RandomValues.Text(value);

    public static Evaluator Column(int ordinal, SqlType type) => new ColumnEvaluator(ordinal, type);

    /// <summary>Runs an operator to its end and again, and demands the same result; the rows as comparable text.</summary>
    public static List<string> Run(PhysicalOperator op, QueryContext context)
    {
        List<string> first = RunOnce(op, context);
        context.RunNumber++;
        List<string> second = RunOnce(op, context);
        Assert.Equal(first, second);
        Assert.Equal(0, context.Memory.Used);
        Assert.Empty(context.Temporary!.List());
        return first;
    }

    private static List<string> RunOnce(PhysicalOperator op, QueryContext context)
    {
        List<string> rows = [];
        op.Open(context);
        while (op.Next(context) is { } batch)
        {
            Assert.True(batch.Count > 0, "an empty batch was given");
            for (int i = 0; i < batch.Count; i++)
                rows.Add(string.Join('|', batch.Columns.Select(c => Show(c.GetValue(i)))));
        }

        op.Close();
        return rows;
    }

    public static string Show(Value value) => value.IsNull ? "null" : value.Kind switch
    {
        SqlTypeKind.Integer => value.As<int>().ToString(),
        SqlTypeKind.BigInt => value.As<long>().ToString(),
        SqlTypeKind.Double => value.As<double>().ToString("R"),
        SqlTypeKind.Decimal => value.As<decimal>().ToString(),
        SqlTypeKind.Boolean => value.As<bool>() ? "true" : "false",
        SqlTypeKind.Text => RandomValues.TextOf(value),
        _ => value.Kind.ToString(),
    };

    public static string Show(params object?[] values) => string.Join('|', values.Select(v => v?.ToString() ?? "null"));
}

/// <summary>Gives rows in batches; its vectors are overwritten by the next batch, so that an operator that keeps references shows it.</summary>
internal sealed class RowsOperator(IReadOnlyList<SqlType> types, IReadOnlyList<Value[]> rows) : PhysicalOperator
{
    private readonly Batch _batch = new([.. types.Select(t => Vector.Create(t, 1))]);
    private int _next;

    public override void Open(QueryContext context) => _next = 0;

    public override Batch? Next(QueryContext context)
    {
        if (_next >= rows.Count)
            return null;
        int count = Math.Min(context.BatchSize, rows.Count - _next);
        for (int c = 0; c < types.Count; c++)
        {
            Vector v = _batch.Columns[c];
            v.Reset();
            v.EnsureCapacity(count);
            for (int i = 0; i < count; i++)
            {
                Value value = rows[_next + i][c];
                if (!value.IsNull && v is Vector<ByteSlice> bytes)
                {
                    if (bytes.HasNulls)
                        bytes.Nulls[i] = false;
                    bytes.Data[i] = bytes.Arena.Copy(value.As<ByteSlice>().Span);
                }
                else
                {
                    v.SetValue(i, value);
                }
            }
        }

        _next += count;
        _batch.Count = count;
        return _batch;
    }

    public override void Close()
    {
    }
}
