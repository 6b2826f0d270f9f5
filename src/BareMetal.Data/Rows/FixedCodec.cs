using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BareMetal.Data.Values;

namespace BareMetal.Data.Rows;

/// <summary>
/// The stored form of fixed-width physical types: little-endian integers and floats, decimals as (flags, high, low, middle) 32-bit
/// words, uuids as RFC bytes, datetimeoffset as ticks and minutes, intervals as months, days and ticks. Branches on the type are resolved when compiled.
/// </summary>
internal static class FixedCodec
{
    // The words of System.Decimal in memory are (flags, high, low 64 bits); where that holds on this runtime, one copy reads it.
    private static readonly bool DecimalIsPlain = CheckDecimalLayout();

    public static int Size<T>()
    {
        if (typeof(T) == typeof(bool) || typeof(T) == typeof(sbyte) || typeof(T) == typeof(byte))
            return 1;
        if (typeof(T) == typeof(short) || typeof(T) == typeof(ushort))
            return 2;
        if (typeof(T) == typeof(int) || typeof(T) == typeof(uint) || typeof(T) == typeof(float))
            return 4;
        if (typeof(T) == typeof(long) || typeof(T) == typeof(ulong) || typeof(T) == typeof(double))
            return 8;
        if (typeof(T) == typeof(decimal) || typeof(T) == typeof(Guid) || typeof(T) == typeof(BareMetalInterval))
            return 16;
        if (typeof(T) == typeof(OffsetInstant))
            return 10;
        throw new ArgumentException($"{typeof(T)} has no fixed width.");
    }

    /// <summary>Reads at <paramref name="source"/>; the caller has checked that <see cref="Size{T}"/> bytes are there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Read<T>(ref byte source)
    {
        if (typeof(T) == typeof(bool))
            return (T)(object)(source != 0);
        if (typeof(T) == typeof(Guid))
            return (T)(object)new Guid(MemoryMarshal.CreateReadOnlySpan(ref source, 16), bigEndian: true);
        if (typeof(T) == typeof(decimal))
            return (T)(object)ReadDecimal(ref source);
        if (typeof(T) == typeof(OffsetInstant))
            return (T)(object)new OffsetInstant(Primitive<long>(ref source), Primitive<short>(ref Unsafe.Add(ref source, 8)));
        if (typeof(T) == typeof(BareMetalInterval))
            return (T)(object)new BareMetalInterval(Primitive<int>(ref source), Primitive<int>(ref Unsafe.Add(ref source, 4)), Primitive<long>(ref Unsafe.Add(ref source, 8)));
        return Primitive<T>(ref source);
    }

    /// <summary>Writes at <paramref name="target"/>; the caller has checked that <see cref="Size{T}"/> bytes are there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write<T>(ref byte target, T value)
    {
        if (typeof(T) == typeof(bool))
        {
            target = (bool)(object)value! ? (byte)1 : (byte)0;
        }
        else if (typeof(T) == typeof(Guid))
        {
            ((Guid)(object)value!).TryWriteBytes(MemoryMarshal.CreateSpan(ref target, 16), bigEndian: true, out _);
        }
        else if (typeof(T) == typeof(decimal))
        {
            WriteDecimal(ref target, (decimal)(object)value!);
        }
        else if (typeof(T) == typeof(OffsetInstant))
        {
            OffsetInstant instant = (OffsetInstant)(object)value!;
            WritePrimitive(ref target, instant.UtcTicks);
            WritePrimitive(ref Unsafe.Add(ref target, 8), instant.OffsetMinutes);
        }
        else if (typeof(T) == typeof(BareMetalInterval))
        {
            BareMetalInterval interval = (BareMetalInterval)(object)value!;
            WritePrimitive(ref target, interval.Months);
            WritePrimitive(ref Unsafe.Add(ref target, 4), interval.Days);
            WritePrimitive(ref Unsafe.Add(ref target, 8), interval.Ticks);
        }
        else
        {
            WritePrimitive(ref target, value);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Primitive<T>(ref byte source)
    {
        T value = Unsafe.ReadUnaligned<T>(ref source);
        return BitConverter.IsLittleEndian ? value : Reverse(value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WritePrimitive<T>(ref byte target, T value) =>
        Unsafe.WriteUnaligned(ref target, BitConverter.IsLittleEndian ? value : Reverse(value));

    private static T Reverse<T>(T value)
    {
        MemoryMarshal.CreateSpan(ref Unsafe.As<T, byte>(ref value), Unsafe.SizeOf<T>()).Reverse();
        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static decimal ReadDecimal(ref byte source)
    {
        if (DecimalIsPlain)
            return Unsafe.ReadUnaligned<decimal>(ref source);
        int flags = Primitive<int>(ref source);
        int high = Primitive<int>(ref Unsafe.Add(ref source, 4));
        int low = Primitive<int>(ref Unsafe.Add(ref source, 8));
        int middle = Primitive<int>(ref Unsafe.Add(ref source, 12));
        return new decimal(low, middle, high, flags < 0, (byte)(flags >> 16));
    }

    private static void WriteDecimal(ref byte target, decimal value)
    {
        if (DecimalIsPlain)
        {
            Unsafe.WriteUnaligned(ref target, value);
            return;
        }

        Span<int> bits = stackalloc int[4];
        decimal.GetBits(value, bits);
        WritePrimitive(ref target, bits[3]);
        WritePrimitive(ref Unsafe.Add(ref target, 4), bits[2]);
        WritePrimitive(ref Unsafe.Add(ref target, 8), bits[0]);
        WritePrimitive(ref Unsafe.Add(ref target, 12), bits[1]);
    }

    private static bool CheckDecimalLayout()
    {
        if (!BitConverter.IsLittleEndian || Unsafe.SizeOf<decimal>() != 16)
            return false;
        decimal probe = new(0x01020304, 0x05060708, 0x090A0B0C, true, 5);
        Span<byte> bytes = stackalloc byte[16];
        Unsafe.WriteUnaligned(ref bytes[0], probe);
        return BinaryPrimitives.ReadInt32LittleEndian(bytes) == unchecked((int)0x80050000)
            && BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]) == 0x090A0B0C
            && BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]) == 0x01020304
            && BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]) == 0x05060708;
    }
}
