using System.Buffers.Binary;
using System.Collections.Immutable;

namespace BareMetal.Data.Storage.Tests.Faults;

/// <summary>What a tree should hold: numbers to values, each value given by its version and length alone.</summary>
internal sealed record FaultModel(ImmutableSortedDictionary<int, (int Version, int Length)> Rows)
{
    public static readonly FaultModel Empty = new(ImmutableSortedDictionary<int, (int, int)>.Empty);

    public FaultModel Put(int key, int version, int length) => new(Rows.SetItem(key, (version, length)));

    public FaultModel Delete(int key) => new(Rows.Remove(key));

    public static byte[] Key(int key)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, key);
        return bytes;
    }

    public static byte[] Value(int version, int length)
    {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
            bytes[i] = (byte)(version + (i * 7));
        return bytes;
    }

    /// <summary>Reads the whole tree as a transaction sees it.</summary>
    /// <returns>Null when it is what the model says, else the first difference.</returns>
    public string? Difference(StorageTransaction transaction, TreeId tree)
    {
        transaction.BeginStatement();
        using TreeCursor cursor = transaction.OpenCursor(tree);
        bool found = cursor.SeekFirst();
        foreach ((int key, (int version, int length)) in Rows)
        {
            if (!found)
                return $"row {key} is missing at the end";
            if (!cursor.Key.SequenceEqual(Key(key)))
                return $"there is {Convert.ToHexString(cursor.Key)} where row {key} belongs";
            ReadOnlySpan<byte> value = cursor.Value;
            if (value.Length != length)
                return $"row {key} has {value.Length} bytes instead of {length}";
            for (int i = 0; i < length; i++)
            {
                if (value[i] != (byte)(version + (i * 7)))
                    return $"row {key} is not of version {version} at byte {i}";
            }

            found = cursor.MoveNext();
        }

        return found ? $"there is {Convert.ToHexString(cursor.Key)} too much" : null;
    }
}
