using System.Runtime.CompilerServices;
using BareMetal.Data.Types;

namespace BareMetal.Data.Values;

/// <summary>
/// A scalar: parameters, constants, catalog defaults, row-at-a-time work. 32 bytes, no boxing: up to 16 bytes inline or a reference
/// (text as UTF-8 bytes, bytea, json, arrays). The default value is SQL NULL of unknown type.
/// </summary>
internal readonly struct Value
{
    private readonly object? _reference;
    private readonly ulong _low;
    private readonly ulong _high;
    private readonly SqlTypeKind _kind;
    private readonly bool _notNull;

    private Value(SqlTypeKind kind, ulong low, ulong high = 0, object? reference = null)
    {
        _kind = kind;
        _low = low;
        _high = high;
        _reference = reference;
        _notNull = true;
    }

    private Value(SqlTypeKind kind) => _kind = kind;

    public SqlTypeKind Kind => _kind;

    public bool IsNull => !_notNull;

    public static Value Null(SqlTypeKind kind = SqlTypeKind.Unknown) => new(kind);

    /// <summary>Wraps a value of the physical type that belongs to the kind (see <see cref="Vector"/>).</summary>
    public static Value From<T>(SqlTypeKind kind, T value)
    {
        if (typeof(T) == typeof(ByteSlice))
        {
            ByteSlice s = (ByteSlice)(object)value!;
            return new Value(kind, (ulong)s.Offset, (uint)s.RawLength, s.Array);
        }

        if (typeof(T) == typeof(ArrayValue))
            return new Value(kind, 0, 0, value);
        Inline inline = default;
        Unsafe.As<Inline, T>(ref inline) = value;
        return new Value(kind, inline.Low, inline.High);
    }

    /// <summary>The value as the physical type of its kind. The caller names the right type; null has no value.</summary>
    public T As<T>()
    {
        if (typeof(T) == typeof(ByteSlice))
        {
            ByteSlice s = _reference is null ? ByteSlice.Empty : new ByteSlice((byte[])_reference, (int)_low, (int)(uint)_high);
            return (T)(object)s;
        }

        if (typeof(T) == typeof(ArrayValue))
            return (T)_reference!;
        Inline inline = new() { Low = _low, High = _high };
        return Unsafe.As<Inline, T>(ref inline);
    }

    private struct Inline
    {
        public ulong Low;
        public ulong High;
    }
}
