using System.Text;
using BareMetal.Data.Functions;
using BareMetal.Data.Functions.Kernels;
using BareMetal.Data.Values;

namespace BareMetal.Data.Types;

/// <summary>Length, precision and scale: what they demand of a value and what they make of it.</summary>
internal static class TypeModifiers
{
    /// <summary>Whether values of the first type may have to change or be refused under the second, of the same kind.</summary>
    public static bool Needed(SqlType from, SqlType to)
    {
        switch (to.Kind)
        {
            case SqlTypeKind.Text:
                return to.Length is { } length && !(from.Length <= length);
            case SqlTypeKind.Decimal:
                return to.Precision is { } precision
                    && !(from.Precision is { } p && from.Scale == to.Scale && p <= precision);
            case SqlTypeKind.Time or SqlTypeKind.Timestamp or SqlTypeKind.TimestampTz or SqlTypeKind.DateTimeOffset or SqlTypeKind.TimeSpan or SqlTypeKind.Interval:
                return to.Precision is { } digits && !(from.Precision <= digits);
            default:
                return false;
        }
    }

    /// <summary>Makes the kernel that enforces the type's modifiers on values of its kind; null when it has none.</summary>
    public static ScalarKernel? Create(SqlType type) => type.Kind switch
    {
        SqlTypeKind.Text when type.Length is { } length => Kernel.Of<ByteSlice, ByteSlice>(text => CheckLength(text, length, type)),
        SqlTypeKind.Decimal when type.Precision is { } precision => Kernel.Of<decimal, decimal>(value => Rescale(value, precision, type.Scale ?? 0, type)),
        SqlTypeKind.Time when type.Precision is { } digits => Kernel.Of<long, long>(ticks => Math.Min(RoundTicks(ticks, digits), TimeSpan.TicksPerDay - Unit(digits))),
        SqlTypeKind.Timestamp or SqlTypeKind.TimestampTz when type.Precision is { } digits =>
            Kernel.Of<long, long>(ticks => Math.Min(RoundTicks(ticks, digits), DateTime.MaxValue.Ticks + 1 - Unit(digits))),
        SqlTypeKind.TimeSpan when type.Precision is { } digits => Kernel.Of<long, long>(ticks => RoundTicks(ticks, digits)),
        SqlTypeKind.Interval when type.Precision is { } digits =>
            Kernel.Of<BareMetalInterval, BareMetalInterval>(value => value with { Ticks = RoundTicks(value.Ticks, digits) }),
        SqlTypeKind.DateTimeOffset when type.Precision is { } digits =>
            Kernel.Of<OffsetInstant, OffsetInstant>(value => value with { UtcTicks = RoundTicks(value.UtcTicks, digits) }),
        _ => null,
    };

    /// <summary>A decimal with exactly the scale, rounded half away from zero as PostgreSQL does; 22003 when it has more digits than the precision.</summary>
    public static decimal Rescale(decimal value, int precision, int scale, SqlType type)
    {
        decimal rounded = decimal.Round(value, scale, MidpointRounding.AwayFromZero);
        int whole = precision - scale;
        if (whole < 29 && Math.Abs(rounded) >= PowerOfTen(whole))
        {
            throw new BareMetalException(SqlStates.NumericOutOfRange, $"The value {value.ToString(System.Globalization.CultureInfo.InvariantCulture)} does not fit {TypeNames.Format(type)}.")
            {
                Detail = $"A value of this type must be below 10^{whole}.",
            };
        }

        if (rounded.Scale == scale)
            return rounded;

        // Adding a zero of the scale gives the value that scale, as far as 96 bits hold it.
        return rounded + new decimal(0, 0, 0, false, (byte)scale);
    }

    private static ByteSlice CheckLength(ByteSlice text, int length, SqlType type)
    {
        // A UTF-8 byte never stands for more than one UTF-16 unit.
        if (text.Length <= length)
            return text;
        int units = Encoding.UTF8.GetCharCount(text.Span);
        return units <= length
            ? text
            : throw new BareMetalException(SqlStates.StringTooLong, $"The text of {units} characters is too long for type {TypeNames.Format(type)}.");
    }

    private static long Unit(int digits)
    {
        long unit = TimeSpan.TicksPerSecond;
        for (int i = 0; i < digits; i++)
            unit /= 10;
        return unit;
    }

    private static long RoundTicks(long ticks, int digits)
    {
        long unit = Unit(digits);
        long rest = ticks % unit;
        if (rest == 0)
            return ticks;
        long down = ticks - rest;
        if (Math.Abs(rest) * 2 < unit)
            return down;
        return checked(down + (ticks < 0 ? -unit : unit));
    }

    private static decimal PowerOfTen(int exponent)
    {
        decimal power = 1;
        for (int i = 0; i < exponent; i++)
            power *= 10;
        return power;
    }
}

/// <summary>Passes values on as they are.</summary>
internal sealed class CopyKernel : ScalarKernel
{
    public static readonly CopyKernel Instance = new();

    public override void Evaluate(ReadOnlySpan<Vector> arguments, int count, Vector result, FunctionContext context)
    {
        Vector source = arguments[0];
        for (int i = 0; i < count; i++)
            result.CopyRow(source, i, i);
    }
}

/// <summary>Converts, then enforces the target's modifiers.</summary>
internal sealed class ModifierKernel(ScalarKernel conversion, ScalarKernel modifier) : ScalarKernel
{
    public override void Evaluate(ReadOnlySpan<Vector> arguments, int count, Vector result, FunctionContext context)
    {
        conversion.Evaluate(arguments, count, result, context);
        modifier.Evaluate([result], count, result, context);
    }
}
