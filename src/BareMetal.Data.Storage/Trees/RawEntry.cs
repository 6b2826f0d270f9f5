namespace BareMetal.Data.Storage.Trees;

/// <summary>An entry of a node as the pieces that it is written from: header, key in two parts, tail.</summary>
internal unsafe struct RawEntry
{
    public byte* Header;
    public byte* Prefix;
    public byte* Suffix;
    public byte* Tail;
    public int HeaderLength;
    public int PrefixLength;
    public int SuffixLength;
    public int TailLength;

    public readonly int KeyLength => PrefixLength + SuffixLength;

    /// <summary>Bytes that the entry takes in a node without prefix, its slot included.</summary>
    public readonly int FullSize => HeaderLength + PrefixLength + SuffixLength + TailLength + Node.SlotSize;

    public readonly byte KeyByte(int index) => index < PrefixLength ? Prefix[index] : Suffix[index - PrefixLength];

    /// <summary>Copies key bytes from <paramref name="from"/> to the key's end.</summary>
    public readonly void CopyKey(int from, byte* target)
    {
        if (from < PrefixLength)
        {
            int n = PrefixLength - from;
            Buffer.MemoryCopy(Prefix + from, target, n, n);
            Buffer.MemoryCopy(Suffix, target + n, SuffixLength, SuffixLength);
        }
        else
        {
            int skip = from - PrefixLength;
            Buffer.MemoryCopy(Suffix + skip, target, SuffixLength - skip, SuffixLength - skip);
        }
    }

    /// <summary>Length of the longest common prefix of two keys.</summary>
    public static int CommonPrefix(in RawEntry a, in RawEntry b)
    {
        int n = Math.Min(a.KeyLength, b.KeyLength);
        if (a.Prefix == b.Prefix && a.PrefixLength == b.PrefixLength)
        {
            // Entries of one node.
            int common = new ReadOnlySpan<byte>(a.Suffix, a.SuffixLength).CommonPrefixLength(new ReadOnlySpan<byte>(b.Suffix, b.SuffixLength));
            return a.PrefixLength + common;
        }
        int i = 0;
        while (i < n && a.KeyByte(i) == b.KeyByte(i))
        {
            i++;
        }
        return i;
    }
}
