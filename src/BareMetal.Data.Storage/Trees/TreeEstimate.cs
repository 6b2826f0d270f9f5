using BareMetal.Data.Storage.Pages;

namespace BareMetal.Data.Storage.Trees;

/// <summary>Guesses a tree's size from three paths through it: fan-out multiplied level by level.</summary>
internal static unsafe class TreeEstimate
{
    /// <summary>About how many entries there are; exact while the tree is one leaf.</summary>
    /// <param name="pool">The pages.</param>
    /// <param name="root">The root page.</param>
    /// <param name="lsn">A snapshot that is held.</param>
    public static long Entries(PagePool pool, ulong root, Lsn lsn)
    {
        double sum = 0;
        for (int path = 0; path < 3; path++)
            sum += Path(pool, root, lsn.Value, path);
        return (long)Math.Round(sum / 3);
    }

    private static double Path(PagePool pool, ulong id, ulong lsn, int path)
    {
        double entries = 1;
        while (true)
        {
            PageImage* image = pool.Pin(id, lsn);
            try
            {
                byte* page = image->Data;
                int count = Node.Count(page);
                if (PageFormat.Kind(page) != PageKind.Inner)
                    return entries * count;

                // An inner node has one child more than keys; −1 is the leftmost.
                entries *= count + 1;
                int slot = path == 0 ? -1 : path == 1 ? (count / 2) - 1 : count - 1;
                id = Node.Child(page, pool.PageSize, slot);
            }
            finally
            {
                PagePool.Unpin(image);
            }
        }
    }
}
