using System.Collections.Concurrent;
using BareMetal.Data.Functions;
using BareMetal.Data.Functions.Json;
using BareMetal.Data.Functions.Kernels;
using BareMetal.Data.Values;

namespace BareMetal.Data.Types;

/// <summary>The conversions between types.</summary>
internal static class Casts
{
    private static readonly ConcurrentDictionary<(SqlType From, SqlType To), Cast?> Known = new();

    /// <summary>The conversion, or null when there is none in any context. Untyped text (Unknown) converts to every type implicitly.</summary>
    public static Cast? Find(SqlType from, SqlType to)
    {
        if (Known.TryGetValue((from, to), out Cast? cast))
            return cast;
        cast = Create(from, to);
        if (Known.Count < 10_000)
            Known.TryAdd((from, to), cast);
        return cast;
    }

    /// <summary>Whether values pass from one type to the other in the context.</summary>
    public static bool Exists(SqlType from, SqlType to, CastContext context) => Find(from, to) is { } cast && cast.Context <= context;

    /// <summary>Converts a scalar; 42846 when there is no such conversion.</summary>
    public static Value Convert(in Value value, SqlType from, SqlType to, FunctionContext? context = null)
    {
        if (from == to)
            return value;
        Cast cast = Find(from, to) ?? throw CannotCast(from, to);
        if (value.IsNull)
            return Value.Null(to.Kind);
        Vector source = Vector.Create(from, 1);
        source.SetValue(0, value);
        Vector target = Vector.Create(to, 1);
        cast.Kernel.Evaluate([source], 1, target, context!);
        return target.GetValue(0);
    }

    public static BareMetalException CannotCast(SqlType from, SqlType to) =>
        new(SqlStates.CannotCoerce, $"A value of type {TypeNames.Format(from)} cannot be converted to {TypeNames.Format(to)}.");

    private static Cast? Create(SqlType from, SqlType to)
    {
        SqlTypeKind a = from.Kind, b = to.Kind;
        if (b == SqlTypeKind.Unknown)
            return a is SqlTypeKind.Unknown or SqlTypeKind.Text ? new Cast(from, to, CastContext.Implicit, CopyKernel.Instance, IsNoOp: true) : null;
        if (a == b && a != SqlTypeKind.Array)
        {
            ScalarKernel? modifier = TypeModifiers.Needed(from, to) ? TypeModifiers.Create(to) : null;
            return new Cast(from, to, CastContext.Implicit, modifier is null ? CopyKernel.Instance : new ModifierKernel(CopyKernel.Instance, modifier), modifier is null);
        }

        if (CreateKernel(from, to) is not { } kernel)
            return null;
        SqlType plain = to.Kind == SqlTypeKind.Array ? to : new SqlType(b);
        if (b != SqlTypeKind.Array && TypeModifiers.Needed(plain, to) && TypeModifiers.Create(to) is { } after)
            kernel = new ModifierKernel(kernel, after);
        bool sessionDependent = (a == SqlTypeKind.TimestampTz || b == SqlTypeKind.TimestampTz) && !(a == SqlTypeKind.DateTimeOffset || b == SqlTypeKind.DateTimeOffset) && !(b == SqlTypeKind.Text);
        return new Cast(from, to, ContextOf(from, to), kernel, IsNoOp: false, sessionDependent ? Volatility.Stable : Volatility.Immutable);
    }

    private static CastContext ContextOf(SqlType from, SqlType to)
    {
        SqlTypeKind a = from.Kind, b = to.Kind;
        if (a == SqlTypeKind.Unknown)
            return CastContext.Implicit;
        if (a == SqlTypeKind.Array && b == SqlTypeKind.Array)
            return from.Element == to.Element ? CastContext.Implicit : Find(from.Element!, to.Element!)!.Context;
        if (b == SqlTypeKind.Text)
            return CastContext.Assignment;
        if (a == SqlTypeKind.Text)
            return b is SqlTypeKind.Json or SqlTypeKind.Jsonb ? CastContext.Assignment : CastContext.Explicit;
        if (a == SqlTypeKind.Boolean || b == SqlTypeKind.Boolean)
            return CastContext.Explicit;
        if (TypeRules.IsNumeric(a) && TypeRules.IsNumeric(b))
        {
            // Decimal gives way to real as PostgreSQL's numeric does.
            bool widens = TypeRules.Promote(a, b) == b || (b == SqlTypeKind.Real && (TypeRules.IsInteger(a) || a == SqlTypeKind.Decimal));
            return widens ? CastContext.Implicit : CastContext.Assignment;
        }

        return (a, b) switch
        {
            (SqlTypeKind.Date, SqlTypeKind.Timestamp or SqlTypeKind.TimestampTz or SqlTypeKind.DateTimeOffset) => CastContext.Implicit,
            (SqlTypeKind.Timestamp, SqlTypeKind.TimestampTz or SqlTypeKind.DateTimeOffset) => CastContext.Implicit,
            (SqlTypeKind.TimestampTz, SqlTypeKind.DateTimeOffset) => CastContext.Implicit,
            (SqlTypeKind.Time, SqlTypeKind.TimeSpan) => CastContext.Implicit,
            (SqlTypeKind.Time or SqlTypeKind.TimeSpan, SqlTypeKind.Interval) => CastContext.Implicit,
            (_, SqlTypeKind.RowVersion) or (SqlTypeKind.RowVersion, _) => CastContext.Implicit,
            (SqlTypeKind.Bytea, _) or (_, SqlTypeKind.Bytea) => CastContext.Explicit,
            _ => CastContext.Assignment,
        };
    }

    private static ScalarKernel? CreateKernel(SqlType from, SqlType to)
    {
        SqlTypeKind a = from.Kind, b = to.Kind;
        if (a is SqlTypeKind.Text or SqlTypeKind.Unknown)
            return FromText(to);
        if (b == SqlTypeKind.Text)
            return ToText(from);
        if (TypeRules.IsNumeric(a) && TypeRules.IsNumeric(b))
            return Numeric(a, b);
        if (a == SqlTypeKind.Array && b == SqlTypeKind.Array)
        {
            return from.Element == to.Element ? CopyKernel.Instance
                : Find(from.Element!, to.Element!) is { } element ? ArrayCast(from.Element!, to.Element!, element) : null;
        }

        if (a == SqlTypeKind.Boolean)
            return FromBoolean(b);
        if (b == SqlTypeKind.Boolean)
            return ToBoolean(a);
        return (a, b) switch
        {
            (SqlTypeKind.Date, SqlTypeKind.Timestamp) => Kernel.Of<int, long>(d => d * TimeSpan.TicksPerDay),
            (SqlTypeKind.Date, SqlTypeKind.DateTimeOffset) => Kernel.Of<int, OffsetInstant>(d => new OffsetInstant(d * TimeSpan.TicksPerDay, 0)),
            (SqlTypeKind.Date, SqlTypeKind.TimestampTz) => new ZoneKernel<int>(d => d * TimeSpan.TicksPerDay, toUtc: true),
            (SqlTypeKind.Timestamp, SqlTypeKind.Date) => Kernel.Of<long, int>(t => (int)(t / TimeSpan.TicksPerDay)),
            (SqlTypeKind.Timestamp, SqlTypeKind.Time) => Kernel.Of<long, long>(t => t % TimeSpan.TicksPerDay),
            (SqlTypeKind.Timestamp, SqlTypeKind.DateTimeOffset) => Kernel.Of<long, OffsetInstant>(t => new OffsetInstant(t, 0)),
            (SqlTypeKind.Timestamp, SqlTypeKind.TimestampTz) => new ZoneKernel<long>(t => t, toUtc: true),
            (SqlTypeKind.TimestampTz, SqlTypeKind.Timestamp) => new ZoneKernel<long>(t => t, toUtc: false),
            (SqlTypeKind.TimestampTz, SqlTypeKind.Date) => new ZonePartKernel<int>(t => (int)(t / TimeSpan.TicksPerDay)),
            (SqlTypeKind.TimestampTz, SqlTypeKind.Time) => new ZonePartKernel<long>(t => t % TimeSpan.TicksPerDay),
            (SqlTypeKind.TimestampTz, SqlTypeKind.DateTimeOffset) => Kernel.Of<long, OffsetInstant>(t => new OffsetInstant(t, 0)),
            (SqlTypeKind.DateTimeOffset, SqlTypeKind.TimestampTz) => Kernel.Of<OffsetInstant, long>(o => o.UtcTicks),
            (SqlTypeKind.DateTimeOffset, SqlTypeKind.Timestamp) => Kernel.Of<OffsetInstant, long>(Local),
            (SqlTypeKind.DateTimeOffset, SqlTypeKind.Date) => Kernel.Of<OffsetInstant, int>(o => (int)(Local(o) / TimeSpan.TicksPerDay)),
            (SqlTypeKind.DateTimeOffset, SqlTypeKind.Time) => Kernel.Of<OffsetInstant, long>(o => Local(o) % TimeSpan.TicksPerDay),
            (SqlTypeKind.Time, SqlTypeKind.TimeSpan) => CopyKernel.Instance,
            (SqlTypeKind.TimeSpan, SqlTypeKind.Time) => Kernel.Of<long, long>(t => new TimeOnly(t).Ticks),
            (SqlTypeKind.Time, SqlTypeKind.Interval) => Kernel.Of<long, BareMetalInterval>(t => new BareMetalInterval(0, 0, t)),
            (SqlTypeKind.TimeSpan, SqlTypeKind.Interval) => Kernel.Of<long, BareMetalInterval>(t => BareMetalInterval.FromTimeSpan(new TimeSpan(t))),
            (SqlTypeKind.Interval, SqlTypeKind.Time) => Kernel.Of<BareMetalInterval, long>(i => ((i.Ticks % TimeSpan.TicksPerDay) + TimeSpan.TicksPerDay) % TimeSpan.TicksPerDay),
            (SqlTypeKind.Interval, SqlTypeKind.TimeSpan) => Kernel.Of<BareMetalInterval, long>(SpanOf),
            (SqlTypeKind.Json, SqlTypeKind.Jsonb) => Kernel.Bytes((json, output) =>
            {
                JsonNormal.Write(json, output);
                return true;
            }),
            (SqlTypeKind.Jsonb, SqlTypeKind.Json) => CopyKernel.Instance,
            (SqlTypeKind.RowVersion, SqlTypeKind.UBigInt) or (SqlTypeKind.UBigInt, SqlTypeKind.RowVersion) => CopyKernel.Instance,
            (SqlTypeKind.RowVersion, SqlTypeKind.BigInt) => Kernel.Of<ulong, long>(v => checked((long)v)),
            (SqlTypeKind.BigInt, SqlTypeKind.RowVersion) => Kernel.Of<long, ulong>(v => checked((ulong)v)),
            (SqlTypeKind.Integer, SqlTypeKind.RowVersion) => Kernel.Of<int, ulong>(v => checked((ulong)v)),
            (SqlTypeKind.RowVersion, SqlTypeKind.Bytea) => Kernel.ToBytes<ulong>((v, output) => System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(output.Append(8), v)),
            (SqlTypeKind.Bytea, SqlTypeKind.RowVersion) => Kernel.FromBytes(RowVersionOf),
            (SqlTypeKind.Uuid, SqlTypeKind.Bytea) => Kernel.ToBytes<Guid>((v, output) => v.TryWriteBytes(output.Append(16), bigEndian: true, out _)),
            (SqlTypeKind.Bytea, SqlTypeKind.Uuid) => Kernel.FromBytes(bytes => bytes.Length == 16
                ? new Guid(bytes, bigEndian: true)
                : throw new BareMetalException(SqlStates.InvalidTextRepresentation, $"A uuid has 16 bytes, not {bytes.Length}.")),
            _ => null,
        };
    }

    private static long SpanOf(BareMetalInterval value) => value.Months == 0
        ? value.ToTimeSpan().Ticks
        : throw new BareMetalException(SqlStates.DatetimeOverflow, $"The interval {value} has months and is no timespan.") { Hint = "Add it to a date, or take its length by extract(epoch from …)." };

    internal static long Local(OffsetInstant value) => value.UtcTicks + value.OffsetMinutes * TimeSpan.TicksPerMinute;

    private static ulong RowVersionOf(ReadOnlySpan<byte> bytes) => bytes.Length == 8
        ? System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bytes)
        : throw new BareMetalException(SqlStates.InvalidTextRepresentation, $"A row version has 8 bytes, not {bytes.Length}.");

    private static ScalarKernel FromText(SqlType to)
    {
        SqlType type = new(to.Kind) { Element = to.Element };
        return to.Kind switch
        {
            SqlTypeKind.Text or SqlTypeKind.Unknown => CopyKernel.Instance,
            SqlTypeKind.Boolean => Kernel.FromBytes(ValueParser.Boolean),
            SqlTypeKind.TinyInt => Kernel.FromBytes(t => ValueParser.Number<sbyte>(t, type)),
            SqlTypeKind.SmallInt => Kernel.FromBytes(t => ValueParser.Number<short>(t, type)),
            SqlTypeKind.Integer => Kernel.FromBytes(t => ValueParser.Number<int>(t, type)),
            SqlTypeKind.BigInt => Kernel.FromBytes(t => ValueParser.Number<long>(t, type)),
            SqlTypeKind.UTinyInt => Kernel.FromBytes(t => ValueParser.Number<byte>(t, type)),
            SqlTypeKind.USmallInt => Kernel.FromBytes(t => ValueParser.Number<ushort>(t, type)),
            SqlTypeKind.UInteger => Kernel.FromBytes(t => ValueParser.Number<uint>(t, type)),
            SqlTypeKind.UBigInt or SqlTypeKind.RowVersion => Kernel.FromBytes(t => ValueParser.Number<ulong>(t, type)),
            SqlTypeKind.Real => Kernel.FromBytes(t => ValueParser.Number<float>(t, type)),
            SqlTypeKind.Double => Kernel.FromBytes(t => ValueParser.Number<double>(t, type)),
            SqlTypeKind.Decimal => Kernel.FromBytes(t => ValueParser.Number<decimal>(t, type)),
            SqlTypeKind.Uuid => Kernel.FromBytes(ValueParser.Uuid),
            SqlTypeKind.Date => Kernel.FromBytes(ValueParser.Date),
            SqlTypeKind.Time => Kernel.FromBytes(ValueParser.Time),
            SqlTypeKind.Timestamp => Kernel.FromBytes(ValueParser.Timestamp),
            SqlTypeKind.DateTimeOffset => Kernel.FromBytes(ValueParser.Offset),
            SqlTypeKind.TimeSpan => Kernel.FromBytes(ValueParser.Span),
            SqlTypeKind.Interval => Kernel.FromBytes(ValueParser.Interval),
            SqlTypeKind.Json => Kernel.Bytes((text, output) =>
            {
                output.Append(ValueParser.Json(text));
                return true;
            }),
            _ => Kernel.Values((values, context) => ValueParser.Parse(type, values[0].As<ByteSlice>().Span, context?.TimeZone)),
        };
    }

    private static ScalarKernel? ToText(SqlType from) => from.Kind switch
    {
        SqlTypeKind.Boolean => Kernel.ToBytes<bool>(ValueText.Append),
        SqlTypeKind.TinyInt => Kernel.ToBytes<sbyte>(ValueText.Append),
        SqlTypeKind.SmallInt => Kernel.ToBytes<short>(ValueText.Append),
        SqlTypeKind.Integer => Kernel.ToBytes<int>(ValueText.Append),
        SqlTypeKind.BigInt => Kernel.ToBytes<long>(ValueText.Append),
        SqlTypeKind.UTinyInt => Kernel.ToBytes<byte>(ValueText.Append),
        SqlTypeKind.USmallInt => Kernel.ToBytes<ushort>(ValueText.Append),
        SqlTypeKind.UInteger => Kernel.ToBytes<uint>(ValueText.Append),
        SqlTypeKind.UBigInt or SqlTypeKind.RowVersion => Kernel.ToBytes<ulong>(ValueText.Append),
        SqlTypeKind.Real => Kernel.ToBytes<float>(ValueText.Append),
        SqlTypeKind.Double => Kernel.ToBytes<double>(ValueText.Append),
        SqlTypeKind.Decimal => Kernel.ToBytes<decimal>(ValueText.Append),
        SqlTypeKind.Uuid => Kernel.ToBytes<Guid>(ValueText.Append),
        SqlTypeKind.Date => Kernel.ToBytes<int>(ValueText.AppendDate),
        SqlTypeKind.Time => Kernel.ToBytes<long>(ValueText.AppendTime),
        SqlTypeKind.Timestamp => Kernel.ToBytes<long>(ValueText.AppendTimestamp),
        SqlTypeKind.TimestampTz => Kernel.ToBytes<long>(ValueText.AppendTimestampTz),
        SqlTypeKind.DateTimeOffset => Kernel.ToBytes<OffsetInstant>(ValueText.AppendOffset),
        SqlTypeKind.TimeSpan => Kernel.ToBytes<long>(ValueText.AppendTimeSpan),
        SqlTypeKind.Interval => Kernel.ToBytes<BareMetalInterval>(IntervalText.Append),
        SqlTypeKind.Json or SqlTypeKind.Jsonb => CopyKernel.Instance,
        SqlTypeKind.Bytea => Kernel.Bytes((bytes, output) =>
        {
            ValueText.AppendHex(bytes, output);
            return true;
        }),
        SqlTypeKind.Array => Kernel.ToBytes<ArrayValue>(ValueText.AppendArray),
        SqlTypeKind.Record => Kernel.ToBytes<ArrayValue>((record, output) => ValueText.Append(new SqlType(SqlTypeKind.Record), Value.From(SqlTypeKind.Record, record), output)),
        _ => null,
    };

    private static ScalarKernel? FromBoolean(SqlTypeKind to) => to switch
    {
        SqlTypeKind.TinyInt => Kernel.Of<bool, sbyte>(v => v ? (sbyte)1 : (sbyte)0),
        SqlTypeKind.SmallInt => Kernel.Of<bool, short>(v => v ? (short)1 : (short)0),
        SqlTypeKind.Integer => Kernel.Of<bool, int>(v => v ? 1 : 0),
        SqlTypeKind.BigInt => Kernel.Of<bool, long>(v => v ? 1 : 0),
        SqlTypeKind.UTinyInt => Kernel.Of<bool, byte>(v => v ? (byte)1 : (byte)0),
        SqlTypeKind.USmallInt => Kernel.Of<bool, ushort>(v => v ? (ushort)1 : (ushort)0),
        SqlTypeKind.UInteger => Kernel.Of<bool, uint>(v => v ? 1u : 0u),
        SqlTypeKind.UBigInt => Kernel.Of<bool, ulong>(v => v ? 1ul : 0ul),
        SqlTypeKind.Real => Kernel.Of<bool, float>(v => v ? 1 : 0),
        SqlTypeKind.Double => Kernel.Of<bool, double>(v => v ? 1 : 0),
        SqlTypeKind.Decimal => Kernel.Of<bool, decimal>(v => v ? 1 : 0),
        _ => null,
    };

    private static ScalarKernel? ToBoolean(SqlTypeKind from) => from switch
    {
        SqlTypeKind.TinyInt => Kernel.Of<sbyte, bool>(v => v != 0),
        SqlTypeKind.SmallInt => Kernel.Of<short, bool>(v => v != 0),
        SqlTypeKind.Integer => Kernel.Of<int, bool>(v => v != 0),
        SqlTypeKind.BigInt => Kernel.Of<long, bool>(v => v != 0),
        SqlTypeKind.UTinyInt => Kernel.Of<byte, bool>(v => v != 0),
        SqlTypeKind.USmallInt => Kernel.Of<ushort, bool>(v => v != 0),
        SqlTypeKind.UInteger => Kernel.Of<uint, bool>(v => v != 0),
        SqlTypeKind.UBigInt => Kernel.Of<ulong, bool>(v => v != 0),
        SqlTypeKind.Decimal => Kernel.Of<decimal, bool>(v => v != 0),
        SqlTypeKind.Real => Kernel.Of<float, bool>(v => v != 0),
        SqlTypeKind.Double => Kernel.Of<double, bool>(v => v != 0),
        _ => null,
    };

    private static ScalarKernel ArrayCast(SqlType from, SqlType to, Cast element) => Kernel.Values((values, context) =>
    {
        Value[] items = values[0].As<ArrayValue>().Items;
        Vector source = Vector.Create(from, Math.Max(1, items.Length)), target = Vector.Create(to, Math.Max(1, items.Length));
        for (int i = 0; i < items.Length; i++)
            source.SetValue(i, items[i]);
        element.Kernel.Evaluate([source], items.Length, target, context);
        Value[] converted = new Value[items.Length];
        for (int i = 0; i < items.Length; i++)
            converted[i] = target.GetValue(i);
        return Value.From(SqlTypeKind.Array, new ArrayValue(to, converted));
    });

    private static ScalarKernel Numeric(SqlTypeKind from, SqlTypeKind to) => from switch
    {
        SqlTypeKind.TinyInt => NumericFrom<sbyte>(to),
        SqlTypeKind.SmallInt => NumericFrom<short>(to),
        SqlTypeKind.Integer => NumericFrom<int>(to),
        SqlTypeKind.BigInt => NumericFrom<long>(to),
        SqlTypeKind.UTinyInt => NumericFrom<byte>(to),
        SqlTypeKind.USmallInt => NumericFrom<ushort>(to),
        SqlTypeKind.UInteger => NumericFrom<uint>(to),
        SqlTypeKind.UBigInt => NumericFrom<ulong>(to),
        SqlTypeKind.Real => NumericFrom<float>(to),
        SqlTypeKind.Double => NumericFrom<double>(to),
        _ => NumericFrom<decimal>(to),
    };

    private static ScalarKernel NumericFrom<T>(SqlTypeKind to)
        where T : struct, System.Numerics.INumber<T> => to switch
        {
            SqlTypeKind.TinyInt => new UnaryKernel<T, sbyte, NumericCast<T, sbyte>>(),
            SqlTypeKind.SmallInt => new UnaryKernel<T, short, NumericCast<T, short>>(),
            SqlTypeKind.Integer => new UnaryKernel<T, int, NumericCast<T, int>>(),
            SqlTypeKind.BigInt => new UnaryKernel<T, long, NumericCast<T, long>>(),
            SqlTypeKind.UTinyInt => new UnaryKernel<T, byte, NumericCast<T, byte>>(),
            SqlTypeKind.USmallInt => new UnaryKernel<T, ushort, NumericCast<T, ushort>>(),
            SqlTypeKind.UInteger => new UnaryKernel<T, uint, NumericCast<T, uint>>(),
            SqlTypeKind.UBigInt => new UnaryKernel<T, ulong, NumericCast<T, ulong>>(),
            SqlTypeKind.Real => new UnaryKernel<T, float, NumericCast<T, float>>(),
            SqlTypeKind.Double => new UnaryKernel<T, double, NumericCast<T, double>>(),
            _ => new UnaryKernel<T, decimal, NumericCast<T, decimal>>(),
        };

    /// <summary>Value-preserving or an overflow; fractions round half to even on the way to integers.</summary>
    private readonly struct NumericCast<TFrom, TTo> : IUnaryOperation<TFrom, TTo>
        where TFrom : struct, System.Numerics.INumber<TFrom>
        where TTo : struct, System.Numerics.INumber<TTo>
    {
        public static TTo Apply(TFrom value)
        {
            if (typeof(TTo) == typeof(float) || typeof(TTo) == typeof(double))
            {
                TTo result = TTo.CreateChecked(value);
                return TTo.IsInfinity(result) && TFrom.IsFinite(value) ? throw new OverflowException() : result;
            }

            if (typeof(TTo) != typeof(decimal))
            {
                if (typeof(TFrom) == typeof(decimal))
                    return TTo.CreateChecked(decimal.Round((decimal)(object)value, MidpointRounding.ToEven));
                if (typeof(TFrom) == typeof(double))
                    return TTo.CreateChecked(Math.Round((double)(object)value, MidpointRounding.ToEven));
                if (typeof(TFrom) == typeof(float))
                    return TTo.CreateChecked(MathF.Round((float)(object)value, MidpointRounding.ToEven));
            }

            return TTo.CreateChecked(value);
        }
    }

    /// <summary>Between wall clock and instant by the session's time zone (UTC without a session).</summary>
    private sealed class ZoneKernel<T>(Func<T, long> ticks, bool toUtc) : RowKernel
    {
        protected override void Row(ReadOnlySpan<Vector> arguments, int row, Vector result, FunctionContext context)
        {
            long value = ticks(Get<T>(arguments[0], row));
            TimeZoneInfo zone = context?.TimeZone ?? TimeZoneInfo.Utc;
            ((Vector<long>)result).Data[row] = toUtc ? TimeZones.ToUtc(value, zone) : TimeZones.FromUtc(value, zone);
        }
    }

    private sealed class ZonePartKernel<TResult>(Func<long, TResult> part) : RowKernel
    {
        protected override void Row(ReadOnlySpan<Vector> arguments, int row, Vector result, FunctionContext context) =>
            ((Vector<TResult>)result).Data[row] = part(TimeZones.FromUtc(Get<long>(arguments[0], row), context?.TimeZone ?? TimeZoneInfo.Utc));
    }
}
