using System.Buffers.Binary;
using BareMetal.Data.Storage.Pages;

namespace BareMetal.Data.Storage.Trees;

/// <summary>
/// The entries of tree 0: where trees have their roots, and which pages wait to be freed. Its own root page is fixed.
/// </summary>
internal static unsafe class TreeDirectory
{
    public const int TreeKeySize = 9;
    public const int TreeValueSize = 8;
    public const int GarbageKeySize = 10;
    public const int GarbageValueSize = 16;

    private const byte TreePrefix = 0;
    private const byte GarbagePrefix = 1;

    /// <summary>A dropped tree, named by its root page.</summary>
    public const byte GarbageTree = 1;

    /// <summary>A large value that was replaced, named by its top page.</summary>
    public const byte GarbageValue = 2;

    public static void WriteTreeKey(Span<byte> key, TreeId tree)
    {
        key[0] = TreePrefix;
        BinaryPrimitives.WriteUInt64BigEndian(key[1..], tree.Value);
    }

    public static bool TryReadTreeKey(ReadOnlySpan<byte> key, out TreeId tree)
    {
        bool is0 = key.Length == TreeKeySize && key[0] == TreePrefix;
        tree = is0 ? new TreeId(BinaryPrimitives.ReadUInt64BigEndian(key[1..])) : default;
        return is0;
    }

    public static void WriteTreeValue(Span<byte> value, ulong root) => BinaryPrimitives.WriteUInt64LittleEndian(value, root);

    public static ulong ReadTreeValue(ReadOnlySpan<byte> value) => BinaryPrimitives.ReadUInt64LittleEndian(value);

    public static void WriteGarbageKey(Span<byte> key, byte kind, ulong page)
    {
        key[0] = GarbagePrefix;
        key[1] = kind;
        BinaryPrimitives.WriteUInt64BigEndian(key[2..], page);
    }

    public static bool TryReadGarbageKey(ReadOnlySpan<byte> key, out byte kind, out ulong page)
    {
        bool is1 = key.Length == GarbageKeySize && key[0] == GarbagePrefix;
        kind = is1 ? key[1] : (byte)0;
        page = is1 ? BinaryPrimitives.ReadUInt64BigEndian(key[2..]) : 0;
        return is1;
    }

    /// <summary>The value of a garbage entry: the length of a large value and its data pages not freed yet (0: all).</summary>
    public static void WriteGarbageValue(Span<byte> value, long length, long pagesLeft = 0)
    {
        BinaryPrimitives.WriteInt64LittleEndian(value, length);
        BinaryPrimitives.WriteInt64LittleEndian(value[8..], pagesLeft);
    }

    public static void ReadGarbageValue(ReadOnlySpan<byte> value, out long length, out long pagesLeft)
    {
        length = BinaryPrimitives.ReadInt64LittleEndian(value);
        pagesLeft = BinaryPrimitives.ReadInt64LittleEndian(value[8..]);
    }
}
