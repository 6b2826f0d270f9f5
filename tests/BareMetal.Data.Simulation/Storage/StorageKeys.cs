using System.Buffers.Binary;

namespace BareMetal.Data.Simulation.Storage;

/// <summary>Keys and values of the workload, made from numbers.</summary>
internal static class StorageKeys
{
    /// <summary>Kinds of keys: short dense, eight bytes, long common prefixes, long, of any length.</summary>
    public const int Shapes = 5;

    private static readonly byte[] Common = [.. "a prefix that all keys of the tree have in common/"u8];

    /// <summary>A key of a shape; few enough keys per shape that they meet again.</summary>
    public static byte[] Key(int shape, ulong number)
    {
        byte[] key;
        switch (shape)
        {
            case 0:
                key = new byte[2];
                BinaryPrimitives.WriteUInt16BigEndian(key, (ushort)(number % 300));
                return key;
            case 1:
                key = new byte[8];
                BinaryPrimitives.WriteUInt64BigEndian(key, number % 1000 * 7919);
                return key;
            case 2:
                key = new byte[Common.Length + 2];
                Common.CopyTo(key, 0);
                BinaryPrimitives.WriteUInt16BigEndian(key.AsSpan(Common.Length), (ushort)(number % 200));
                return key;
            case 3:
                key = new byte[300 + (int)(number % 7 * 80)];
                key.AsSpan().Fill((byte)(number % 5));
                BinaryPrimitives.WriteUInt16BigEndian(key.AsSpan(key.Length - 2), (ushort)(number % 50));
                return key;
            default:
                key = new byte[1 + (int)(number % 23)];
                new SplitMix(number % 400).Fill(key);
                return key;
        }
    }

    /// <summary>A value of a length, of which the first bytes tell it from others.</summary>
    public static byte[] Value(SplitMix random, int length)
    {
        byte[] value = new byte[length];
        random.Fill(value.AsSpan(0, Math.Min(12, length)));
        if (length > 12)
            value.AsSpan(12).Fill(value[0]);
        return value;
    }

    /// <summary>The index entry of a row: by its value's first byte, then its key.</summary>
    public static byte[] IndexKey(byte[] key, byte[] value)
    {
        byte[] entry = new byte[2 + key.Length];
        entry[0] = value.Length > 0 ? (byte)1 : (byte)0;
        entry[1] = value.Length > 0 ? value[0] : (byte)0;
        key.CopyTo(entry, 2);
        return entry;
    }
}
