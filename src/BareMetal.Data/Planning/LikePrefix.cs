namespace BareMetal.Data.Planning;

/// <summary>What LIKE patterns begin with.</summary>
internal static class LikePrefix
{
    /// <summary>The literal beginning of a pattern.</summary>
    public static byte[] Of(ReadOnlySpan<byte> pattern)
    {
        List<byte> prefix = [];
        Scan(pattern, prefix);
        return [.. prefix];
    }

    /// <summary>Whether a pattern says no more than that a text begins with something: it ends with its only wildcard, %.</summary>
    public static bool IsPrefixOnly(ReadOnlySpan<byte> pattern)
    {
        int end = Scan(pattern, null);
        return end == pattern.Length - 1 && pattern[end] == (byte)'%';
    }

    /// <summary>Whether a pattern has no wildcard.</summary>
    public static bool IsExact(ReadOnlySpan<byte> pattern) => Scan(pattern, null) == pattern.Length;

    private static int Scan(ReadOnlySpan<byte> pattern, List<byte>? prefix)
    {
        int i = 0;
        for (; i < pattern.Length; i++)
        {
            byte b = pattern[i];
            if (b is (byte)'%' or (byte)'_')
                return i;
            if (b == (byte)'\\')
            {
                if (++i >= pattern.Length)
                    break;
                b = pattern[i];
            }

            prefix?.Add(b);
        }

        return i;
    }
}
