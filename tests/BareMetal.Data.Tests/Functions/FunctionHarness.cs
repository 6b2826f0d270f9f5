using System.Text;
using BareMetal.Data.Functions;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Tests.Functions;

/// <summary>Calls functions of the registry as the binder does: resolved by argument types, arguments cast, evaluated over a vector.</summary>
internal static class FunctionHarness
{
    public static readonly FunctionContext Context = new TestContext();

    /// <summary>A value given by its text and type name.</summary>
    public sealed record Typed(string? Text, string Type);

    public static Typed T(string? text, string type) => new(text, type);

    /// <summary>A SQL value of a CLR one.</summary>
    public static (Value Value, SqlType Type) Sql(object? clr) => clr switch
    {
        null => (Value.Null(), SqlType.Unknown),
        bool x => (Value.From(SqlTypeKind.Boolean, x), SqlType.Boolean),
        sbyte x => (Value.From(SqlTypeKind.TinyInt, x), SqlType.TinyInt),
        short x => (Value.From(SqlTypeKind.SmallInt, x), SqlType.SmallInt),
        int x => (Value.From(SqlTypeKind.Integer, x), SqlType.Integer),
        long x => (Value.From(SqlTypeKind.BigInt, x), SqlType.BigInt),
        byte x => (Value.From(SqlTypeKind.UTinyInt, x), SqlType.UTinyInt),
        ushort x => (Value.From(SqlTypeKind.USmallInt, x), SqlType.USmallInt),
        uint x => (Value.From(SqlTypeKind.UInteger, x), SqlType.UInteger),
        ulong x => (Value.From(SqlTypeKind.UBigInt, x), SqlType.UBigInt),
        float x => (Value.From(SqlTypeKind.Real, x), SqlType.Real),
        double x => (Value.From(SqlTypeKind.Double, x), SqlType.Double),
        decimal x => (Value.From(SqlTypeKind.Decimal, x), SqlType.Decimal),
        string x => (Value.From(SqlTypeKind.Text, new ByteSlice(Encoding.UTF8.GetBytes(x))), SqlType.Text),
        byte[] x => (Value.From(SqlTypeKind.Bytea, new ByteSlice(x)), SqlType.Bytea),
        Guid x => (Value.From(SqlTypeKind.Uuid, x), SqlType.Uuid),
        DateOnly x => (Value.From(SqlTypeKind.Date, x.DayNumber), SqlType.Date),
        TimeOnly x => (Value.From(SqlTypeKind.Time, x.Ticks), SqlType.Time),
        DateTime x => (Value.From(SqlTypeKind.Timestamp, x.Ticks), SqlType.Timestamp),
        DateTimeOffset x => (Value.From(SqlTypeKind.DateTimeOffset, new OffsetInstant(x.UtcTicks, (short)x.TotalOffsetMinutes)), SqlType.DateTimeOffset),
        TimeSpan x => (Value.From(SqlTypeKind.TimeSpan, x.Ticks), SqlType.TimeSpan),
        Typed x => (x.Text is null ? Value.Null(TypeNames.Parse(x.Type).Kind) : ValueParser.Parse(TypeNames.Parse(x.Type), Encoding.UTF8.GetBytes(x.Text)), TypeNames.Parse(x.Type)),
        _ => throw new ArgumentException(clr.GetType().Name),
    };

    /// <summary>Calls a function; the result as a CLR value, arrays and JSON as text, or null.</summary>
    public static object? Call(string name, params object?[] arguments)
    {
        (Value value, SqlType type) = Evaluate(name, arguments);
        return Clr(value, type);
    }

    public static (Value Value, SqlType Type) Evaluate(string name, params object?[] arguments)
    {
        (Value Value, SqlType Type)[] sql = [.. arguments.Select(Sql)];
        ResolvedFunction<ScalarFunction> resolved = FunctionRegistry.Default.ResolveScalar(name, [.. sql.Select(a => a.Type)])
            ?? throw new InvalidOperationException($"No {name}({string.Join(", ", sql.Select(a => TypeNames.Format(a.Type)))}).");
        ScalarKernel kernel = resolved.Function.CreateKernel(resolved.ArgumentTypes, resolved.ResultType);

        // Three ways that must agree: dense rows with a null among them, a constant, a single row.
        Value[] results = new Value[3];
        for (int way = 0; way < 3; way++)
        {
            int rows = way == 2 ? 1 : 3;
            Vector[] vectors = new Vector[sql.Length];
            for (int i = 0; i < sql.Length; i++)
            {
                vectors[i] = Vector.Create(resolved.ArgumentTypes[i], rows);
                Value converted = Casts.Convert(sql[i].Value, sql[i].Type, resolved.ArgumentTypes[i], Context);
                vectors[i].SetValue(0, converted);
                if (way == 1)
                {
                    vectors[i].IsConstant = true;
                }
                else if (way == 0)
                {
                    if (resolved.Function.IsStrict)
                        vectors[i].SetNull(1);
                    else
                        vectors[i].SetValue(1, converted);
                    vectors[i].SetValue(2, converted);
                }
            }

            Vector result = Vector.Create(resolved.ResultType, rows);
            kernel.Evaluate(vectors, rows, result, Context);
            if (way == 0 && resolved.Function.IsStrict && sql.Length > 0 && !result.IsNull(1))
                throw new InvalidOperationException($"{name} is strict but gave a value for null.");
            results[way] = result.GetValue(rows - 1);
        }

        for (int way = 1; way < 3; way++)
        {
            if (resolved.Function.Volatility == Volatility.Immutable && !Equals(Clr(results[0], resolved.ResultType), Clr(results[way], resolved.ResultType)))
                throw new InvalidOperationException($"{name} gives {Clr(results[0], resolved.ResultType)} for a row but {Clr(results[way], resolved.ResultType)} in way {way}.");
        }

        return (results[0], resolved.ResultType);
    }

    public static object? Cast(object? value, string type)
    {
        (Value v, SqlType from) = Sql(value);
        SqlType to = TypeNames.Parse(type);
        return Clr(Casts.Convert(v, from, to, Context), to);
    }

    /// <summary>Runs an aggregate of one argument over values.</summary>
    public static object? Aggregate(string name, params object?[] values) => AggregateRows(name, [.. values.Select(v => new[] { v })]);

    /// <summary>Runs an aggregate over rows of arguments: in one go, and as two halves that are merged; both must agree.</summary>
    public static object? AggregateRows(string name, object?[][] rows, SqlType[]? types = null)
    {
        types ??= [.. Enumerable.Range(0, rows[0].Length).Select(i => rows.Select(r => Sql(r[i]).Type).First(t => t.Kind != SqlTypeKind.Unknown))];
        ResolvedFunction<AggregateFunction> resolved = FunctionRegistry.Default.ResolveAggregate(name, types)
            ?? throw new InvalidOperationException($"No aggregate {name}({string.Join(", ", types.Select(TypeNames.Format))}).");
        Accumulator whole = resolved.Function.CreateAccumulator(resolved.ArgumentTypes, resolved.ResultType);
        if (resolved.Function.IsOrderedSet)
        {
            // Rows in order come to one state, which is told how many there are.
            whole.EnsureGroups(1);
            whole.Expect([rows.Count(r => !r.Contains(null))]);
            Feed(whole, resolved, types, rows, null);
            Vector alone = Vector.Create(resolved.ResultType, 1);
            whole.Result(0, 1, alone);
            return Clr(alone.GetValue(0), resolved.ResultType);
        }

        Accumulator parts = resolved.Function.CreateAccumulator(resolved.ArgumentTypes, resolved.ResultType);
        Accumulator second = resolved.Function.CreateAccumulator(resolved.ArgumentTypes, resolved.ResultType);
        whole.EnsureGroups(1);
        parts.EnsureGroups(2);
        second.EnsureGroups(1);
        Feed(whole, resolved, types, rows, null);
        Feed(parts, resolved, types, rows[..(rows.Length / 2)], 1);
        Feed(second, resolved, types, rows[(rows.Length / 2)..], 0);
        parts.Merge(second, [1]);
        Vector one = Vector.Create(resolved.ResultType, 1), two = Vector.Create(resolved.ResultType, 1);
        whole.Result(0, 1, one);
        parts.Result(1, 1, two);
        object? a = Clr(one.GetValue(0), resolved.ResultType), b = Clr(two.GetValue(0), resolved.ResultType);
        if (!Equals(a, b) && !(a is double x && b is double y && Math.Abs(x - y) <= 1e-9 * Math.Abs(x)))
            throw new InvalidOperationException($"{name}: {a} in one go, {b} merged.");
        return a;
    }

    public static object?[][] Table(string name, params object?[] arguments)
    {
        (Value Value, SqlType Type)[] sql = [.. arguments.Select(Sql)];
        ResolvedFunction<TableFunction> resolved = FunctionRegistry.Default.ResolveTable(name, [.. sql.Select(a => a.Type)])
            ?? throw new InvalidOperationException($"No table function {name}.");
        Value[] values = [.. sql.Select((a, i) => Casts.Convert(a.Value, a.Type, resolved.ArgumentTypes[i]))];
        IReadOnlyList<(string Name, SqlType Type)> columns = resolved.Function.Columns(resolved.ArgumentTypes);
        return [.. resolved.Function.Invoke(values, Context).Select(row => row.Select((v, i) => Clr(v, columns[i].Type)).ToArray())];
    }

    public static object? Clr(Value value, SqlType type)
    {
        if (value.IsNull)
            return null;
        return type.Kind switch
        {
            SqlTypeKind.Boolean => value.As<bool>(),
            SqlTypeKind.TinyInt => value.As<sbyte>(),
            SqlTypeKind.SmallInt => value.As<short>(),
            SqlTypeKind.Integer => value.As<int>(),
            SqlTypeKind.BigInt => value.As<long>(),
            SqlTypeKind.UTinyInt => value.As<byte>(),
            SqlTypeKind.USmallInt => value.As<ushort>(),
            SqlTypeKind.UInteger => value.As<uint>(),
            SqlTypeKind.UBigInt or SqlTypeKind.RowVersion => value.As<ulong>(),
            SqlTypeKind.Real => value.As<float>(),
            SqlTypeKind.Double => value.As<double>(),
            SqlTypeKind.Decimal => value.As<decimal>(),
            SqlTypeKind.Uuid => value.As<Guid>(),
            SqlTypeKind.Date => DateOnly.FromDayNumber(value.As<int>()),
            SqlTypeKind.Time => new TimeOnly(value.As<long>()),
            SqlTypeKind.Timestamp => new DateTime(value.As<long>()),
            SqlTypeKind.TimeSpan => new TimeSpan(value.As<long>()),
            SqlTypeKind.DateTimeOffset => new DateTimeOffset(Casts.Local(value.As<OffsetInstant>()), TimeSpan.FromMinutes(value.As<OffsetInstant>().OffsetMinutes)),
            _ => ValueText.Format(type, value),
        };
    }

    /// <summary>Asserts that a call fails with the SQLSTATE.</summary>
    public static void Fails(string state, string name, params object?[] arguments) =>
        Xunit.Assert.Equal(state, Xunit.Assert.Throws<BareMetalException>(() => Call(name, arguments)).SqlState);

    private static void Feed(Accumulator accumulator, ResolvedFunction<AggregateFunction> resolved, SqlType[] types, object?[][] rows, int? group)
    {
        if (rows.Length == 0)
            return;
        Vector[] vectors = new Vector[resolved.ArgumentTypes.Length];
        for (int i = 0; i < vectors.Length; i++)
        {
            vectors[i] = Vector.Create(resolved.ArgumentTypes[i], rows.Length);
            for (int r = 0; r < rows.Length; r++)
                vectors[i].SetValue(r, rows[r][i] is null ? Value.Null() : Casts.Convert(Sql(rows[r][i]).Value, types[i], resolved.ArgumentTypes[i], Context));
        }

        int[] groups = group is null ? [] : [.. Enumerable.Repeat(group.Value, rows.Length)];
        accumulator.Add(vectors, rows.Length, groups, Context);
    }

    private sealed class TestContext : FunctionContext
    {
        private readonly Dictionary<string, long> _sequences = [];

        public override DateTimeOffset StatementTime { get; } = new(2024, 2, 29, 10, 9, 8, TimeSpan.Zero);

        public override TimeZoneInfo TimeZone { get; } = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");

        public override CancellationToken Cancellation => default;

        public override Random Random { get; } = new(1);

        public override long NextSequenceValue(string name) => _sequences[name] = _sequences.GetValueOrDefault(name) + 1;

        public override long CurrentSequenceValue(string name) => _sequences[name];

        public override void SetSequenceValue(string name, long value, bool isCalled) => _sequences[name] = isCalled ? value : value - 1;

        public override void AcquireAdvisoryLock(string name, bool wait, out bool acquired) => acquired = true;

        public override bool ReleaseAdvisoryLock(string name) => true;

        public override string GetSetting(string name) => name;
    }
}
