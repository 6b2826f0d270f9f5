using System.Runtime.InteropServices;

namespace BareMetal.Data.Storage.Pages;

/// <summary>
/// One version of a page: the node of a page's chain, newest first, and of the page table's bucket list (its newest version only).
/// One cache line in unmanaged memory, named by index; index 0 is none. Fields other than <see cref="Pins"/>, <see cref="Data"/> and
/// <see cref="Freq"/> change only under the page's shard lock, or by the single builder before others can see the image.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = 64)]
internal unsafe struct PageImage
{
    public ulong PageId;

    /// <summary>The first change that this version holds; a snapshot sees it from the end of that commit batch on.</summary>
    public ulong Lsn;

    /// <summary>The bytes, or null while they are only in the data file or the spill file.</summary>
    public byte* Data;

    public int HashNext;

    /// <summary>The version before this one.</summary>
    public int Older;

    public int Frame;

    /// <summary>How many hold the bytes in place; −1 while they are being taken away.</summary>
    public int Pins;

    /// <summary>Slot in the spill file that holds the same bytes, or 0.</summary>
    public int Spill;

    public ImageFlags Flags;

    /// <summary>The next image of the same batch or private tree.</summary>
    public int Link;

    /// <summary>The previous image of the same private tree; of other pages the commit whose preparation has counted the leaf.</summary>
    public int LinkBack;

    /// <summary>How often the page was used lately, 0 to 3. Written without synchronisation.</summary>
    public byte Freq;

    /// <summary>The batch that has pinned this image; one more when it has also reserved a buffer for its copy.</summary>
    public int BatchMark;
}

/// <summary>What is known of a page image.</summary>
[Flags]
internal enum ImageFlags
{
    None = 0,

    /// <summary>The data file holds the same bytes.</summary>
    OnFile = 1,

    /// <summary>A checkpoint has to write it.</summary>
    Dirty = 2,

    /// <summary>Its owner still changes it in place: a batch that is not published, or a private tree.</summary>
    Mutable = 4,

    /// <summary>It belongs to a private tree and is never written to the data file.</summary>
    Private = 8,

    /// <summary>The page was freed; there are no bytes.</summary>
    Tombstone = 16,

    /// <summary>There is no older version, the data file's included.</summary>
    Fresh = 32,

    /// <summary>A thread is reading the bytes from storage.</summary>
    Loading = 64,

    /// <summary>It stands in the queue of superseded images, which alone recycles it.</summary>
    Retired = 128,

    /// <summary>It is out of its chain.</summary>
    Unlinked = 256,
}
