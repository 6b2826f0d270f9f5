namespace BareMetal.Data.Storage.Transactions;

internal sealed record StoredEntry(byte[] Key, byte[] Value, Lsn Lsn)
{
    public static int Find(IReadOnlyList<StoredEntry> list, ReadOnlySpan<byte> key)
    {
        int low = 0, high = list.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            int c = list[middle].Key.AsSpan().SequenceCompareTo(key);
            if (c == 0)
                return middle;
            if (c < 0)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return ~low;
    }
}

internal sealed record OverlayEntry(byte[] Key, byte[]? Value)
{
    public static int Find(IReadOnlyList<OverlayEntry> list, ReadOnlySpan<byte> key)
    {
        int low = 0, high = list.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            int c = list[middle].Key.AsSpan().SequenceCompareTo(key);
            if (c == 0)
                return middle;
            if (c < 0)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return ~low;
    }
}
