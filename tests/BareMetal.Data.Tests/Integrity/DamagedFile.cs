using BareMetal.Data.Catalog;
using BareMetal.Data.Storage;
using BareMetal.Data.Storage.Checkpoints;
using BareMetal.Data.Storage.Pages;
using BareMetal.Data.Storage.Trees;
using BareMetal.Data.Tests.Sessions;
using Database = BareMetal.Data.Sessions.Database;

namespace BareMetal.Data.Tests.Integrity;

/// <summary>Writes wrong content into the pages of a closed database, with checksums that fit, as a defect of the engine would.</summary>
internal static unsafe class DamagedFile
{
    public delegate void Edit(byte* page, int pageSize);

    /// <summary>Closes the database, changes a page and opens it again.</summary>
    public static void Damage(this TestDatabase db, ulong page, Edit edit) => db.Reopen(() => Change(db.Substrate, "test", page, edit));

    /// <summary>Closes the database, flips a bit of a file and opens it again.</summary>
    public static void FlipBit(this TestDatabase db, string file, long offset) => db.Reopen(() => Flip(db.Substrate, file, offset));

    public static void Flip(IStorageProvider provider, string file, long offset)
    {
        using IStorageFile f = provider.Open(file, StorageFileMode.Open);
        byte[] one = new byte[1];
        f.Read(offset, one);
        one[0] ^= 4;
        f.Write(offset, one);
    }

    public static void Change(IStorageProvider provider, string file, ulong page, Edit edit)
    {
        using IStorageFile f = provider.Open(file, StorageFileMode.Open);
        byte[] block = new byte[DatabaseHeader.BlockSize];
        DatabaseHeader? header = null;
        for (int copy = 0; copy < 2; copy++)
        {
            f.Read((long)copy * block.Length, block);
            if (DatabaseHeader.Read(block, out DatabaseHeader? read, out _) == HeaderState.Valid && (header is null || read!.Generation > header.Generation))
                header = read;
        }

        byte[] bytes = new byte[header!.PageSize];
        f.Read((long)page * bytes.Length, bytes);
        fixed (byte* p = bytes)
            edit(p, bytes.Length);
        PageChecksum.Seal(header.DatabaseId, new PageId(page), bytes);
        f.Write((long)page * bytes.Length, bytes);

        // What the page had as its checksum is forgotten with it: the fault that is meant lies in what it says.
        provider.Delete(new DatabaseFiles(file).Stamps);
    }

    public static Table Table(this Database database, string name) => (Table)database.Catalog.Newest.Find("public", name)!;

    public static TableIndex Index(this Database database, string table, string index) => database.Table(table).Indexes.Single(i => i.Name == index);

    public static ulong Root(this Database database, TreeId tree)
    {
        database.Engine.Store.TryFindTree(tree, database.Engine.Store.VisibleLsn, out ulong root);
        return root;
    }

    /// <summary>The pages of a tree's nodes at a level, from the left.</summary>
    public static List<ulong> Nodes(this Database database, TreeId tree, int level)
    {
        List<ulong> pages = [database.Root(tree)];
        while (true)
        {
            List<ulong> below = [];
            foreach (ulong id in pages)
            {
                PageImage* image = database.Engine.Store.Pool.Pin(id, ulong.MaxValue);
                try
                {
                    if (Node.Level(image->Data) == level)
                        return pages;
                    for (int i = -1; i < Node.Count(image->Data); i++)
                        below.Add(Node.Child(image->Data, database.Engine.Store.PageSize, i));
                }
                finally
                {
                    PagePool.Unpin(image);
                }
            }

            pages = below;
        }
    }

    /// <summary>The top page of the first large value in a leaf.</summary>
    public static ulong FirstLargeValue(this Database database, ulong leaf)
    {
        PageImage* image = database.Engine.Store.Pool.Pin(leaf, ulong.MaxValue);
        try
        {
            for (int i = 0; i < Node.Count(image->Data); i++)
            {
                if (!Node.IsOverflow(image->Data, i))
                    continue;
                OverflowValue.ReadReference(Node.Tail(image->Data, i), out ulong top, out _);
                return top;
            }
        }
        finally
        {
            PagePool.Unpin(image);
        }

        throw new InvalidOperationException("The leaf holds no large value.");
    }
}
