using BareMetal.Data.Storage.Commit;

namespace BareMetal.Data.Storage.Log;

/// <summary>The bytes of an operation in the log: kind, tree, key length, key, value length, value; numbers as LEB128.</summary>
internal static class LogOps
{
    /// <summary>The most bytes that one operation takes besides its key and value.</summary>
    public const int MaxOverhead = 1 + 10 + 5 + 5;

    /// <summary>The bytes that an operation takes.</summary>
    public static long Size(in WriteOp op)
    {
        long size = 1 + NumberSize(op.Tree.Value);
        if (op.Kind is WriteOpKind.Put or WriteOpKind.Delete or WriteOpKind.PutCompressed)
            size += NumberSize((ulong)op.Key.Length) + op.Key.Length;
        if (op.Kind is WriteOpKind.Put or WriteOpKind.PutCompressed)
            size += NumberSize((ulong)op.Value.Length) + op.Value.Length;
        return size;
    }

    /// <summary>Writes everything of an operation before its key's bytes.</summary>
    public static int WriteHead(Span<byte> target, in WriteOp op)
    {
        target[0] = (byte)op.Kind;
        int at = 1 + WriteNumber(target[1..], op.Tree.Value);
        if (op.Kind is WriteOpKind.Put or WriteOpKind.Delete or WriteOpKind.PutCompressed)
            at += WriteNumber(target[at..], (ulong)op.Key.Length);
        return at;
    }

    /// <summary>Writes an operation.</summary>
    /// <returns>The number of bytes.</returns>
    public static int Write(Span<byte> target, in WriteOp op)
    {
        int at = WriteHead(target, op);
        op.Key.CopyTo(target[at..]);
        at += op.Key.Length;
        if (op.Kind is WriteOpKind.Put or WriteOpKind.PutCompressed)
        {
            at += WriteNumber(target[at..], (ulong)op.Value.Length);
            op.Value.CopyTo(target[at..]);
            at += op.Value.Length;
        }

        return at;
    }

    /// <summary>Reads an operation.</summary>
    /// <param name="source">Bytes that begin with it.</param>
    /// <param name="op">The operation.</param>
    /// <returns>Its bytes; 0 when the source ends within it; −1 when it is none.</returns>
    public static int Read(ReadOnlySpan<byte> source, out WriteOp op)
    {
        op = default;
        if (source.IsEmpty)
            return 0;
        WriteOpKind kind = (WriteOpKind)source[0];
        if (kind is < WriteOpKind.Put or > WriteOpKind.PutCompressed)
            return -1;
        int at = 1;
        if (!ReadNumber(source, ref at, out ulong tree))
            return 0;
        ReadOnlySpan<byte> key = default, value = default;
        if (kind is WriteOpKind.Put or WriteOpKind.Delete or WriteOpKind.PutCompressed && !ReadBytes(source, ref at, out key))
            return 0;
        if (kind is WriteOpKind.Put or WriteOpKind.PutCompressed && !ReadBytes(source, ref at, out value))
            return 0;
        op = new WriteOp(kind, new TreeId(tree), key, value);
        return at;
    }

    /// <summary>Writes a number, seven bits to a byte.</summary>
    public static int WriteNumber(Span<byte> target, ulong value)
    {
        int at = 0;
        while (value >= 0x80)
        {
            target[at++] = (byte)(value | 0x80);
            value >>= 7;
        }

        target[at++] = (byte)value;
        return at;
    }

    private static int NumberSize(ulong value) => (70 - System.Numerics.BitOperations.LeadingZeroCount(value | 1)) / 7;

    private static bool ReadBytes(ReadOnlySpan<byte> source, scoped ref int at, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (!ReadNumber(source, ref at, out ulong length) || length > (ulong)(source.Length - at))
            return false;
        bytes = source.Slice(at, (int)length);
        at += (int)length;
        return true;
    }

    private static bool ReadNumber(ReadOnlySpan<byte> source, scoped ref int at, out ulong value)
    {
        value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            if (at >= source.Length)
                return false;
            byte b = source[at++];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
                return true;
        }

        return true;
    }
}
