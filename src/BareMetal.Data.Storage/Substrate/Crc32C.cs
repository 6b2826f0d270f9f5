using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace BareMetal.Data.Storage;

/// <summary>CRC-32C (Castagnoli), by the processor's instruction where it has one. Chained: one value seeds the next.</summary>
internal static class Crc32C
{
    /// <summary>Continues a checksum over more bytes.</summary>
    /// <param name="seed">The checksum so far; 0 to begin.</param>
    /// <param name="bytes">The bytes.</param>
    public static uint Append(uint seed, ReadOnlySpan<byte> bytes)
    {
        uint crc = ~seed;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        if (BitConverter.IsLittleEndian)
        {
            foreach (ulong word in words)
                crc = BitOperations.Crc32C(crc, word);
        }
        else
        {
            foreach (ulong word in words)
                crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReverseEndianness(word));
        }

        foreach (byte b in bytes[(words.Length * sizeof(ulong))..])
            crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }

    /// <summary>Continues a checksum over a number.</summary>
    public static uint Append(uint seed, ulong value) => ~BitOperations.Crc32C(~seed, value);
}
