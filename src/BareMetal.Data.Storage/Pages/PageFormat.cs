using System.Runtime.CompilerServices;

namespace BareMetal.Data.Storage.Pages;

/// <summary>
/// Where things lie in a page. Every page begins with a 24-byte header (id, LSN, kind, encoding, level, flags, four bytes of
/// the kind) and ends with a 32-byte trailer: 28 reserved bytes (nonce and tag of an encryption) and the checksum.
/// All integers are little-endian. See docs/format.md.
/// </summary>
internal static unsafe class PageFormat
{
    public const int MinPageSize = 4096;
    public const int MaxPageSize = 65536;
    public const int DefaultPageSize = 8192;

    /// <summary>Bytes at the start of the data file that hold the two header copies, before the first page of the store.</summary>
    public const int FileHeaderBytes = 8192;

    public const int IdOffset = 0;
    public const int LsnOffset = 8;
    public const int KindOffset = 16;
    public const int EncodingOffset = 17;
    /// <summary>The bit of the encoding that says, on the top page of a large value, that the value is compressed.</summary>
    public const byte CompressedBit = 1;

    public const int LevelOffset = 18;
    public const int FlagsOffset = 19;

    /// <summary>Bytes that kinds without slots (maps, overflow) use before their body.</summary>
    public const int BodyOffset = 32;

    public const int TrailerSize = 32;
    public const int ChecksumSize = 4;

    /// <summary>Offset of the page count in the first allocation map (0 in the others).</summary>
    public const int PageCountOffset = 24;

    /// <summary>The bit of a page id that marks pages of private trees, which never reach the data file.</summary>
    public const ulong PrivateBit = 1UL << 63;

    public static bool IsValidPageSize(int size) => size is >= MinPageSize and <= MaxPageSize && (size & (size - 1)) == 0;

    /// <summary>The first page behind the file header: the first allocation map.</summary>
    public static ulong FirstMapPage(int pageSize) => (ulong)((FileHeaderBytes + pageSize - 1) / pageSize);

    /// <summary>The root of the tree directory.</summary>
    public static ulong DirectoryRoot(int pageSize) => FirstMapPage(pageSize) + 1;

    /// <summary>Pages that one allocation map covers, itself included.</summary>
    public static int PagesPerMap(int pageSize) => (pageSize - BodyOffset - TrailerSize) * 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Id(byte* page) => *(ulong*)(page + IdOffset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Lsn(byte* page) => *(ulong*)(page + LsnOffset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SetLsn(byte* page, ulong lsn) => *(ulong*)(page + LsnOffset) = lsn;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PageKind Kind(byte* page) => (PageKind)page[KindOffset];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Level(byte* page) => page[LevelOffset];

    /// <summary>Whether this version reads the page's encoding.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsKnownEncoding(byte* page) =>
        page[EncodingOffset] == 0 || (page[EncodingOffset] == CompressedBit && Kind(page) is (PageKind.OverflowData or PageKind.OverflowIndex));

    /// <summary>Makes an empty page: zeros and a header.</summary>
    public static void Format(byte* page, int pageSize, ulong id, ulong lsn, PageKind kind, int level = 0)
    {
        new Span<byte>(page, pageSize).Clear();
        *(ulong*)(page + IdOffset) = id;
        *(ulong*)(page + LsnOffset) = lsn;
        page[KindOffset] = (byte)kind;
        page[LevelOffset] = (byte)level;
    }
}
