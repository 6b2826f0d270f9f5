using BareMetal.Data.Storage.Pages;

namespace BareMetal.Data.Storage.Trees;

/// <summary>Keys that divide a tree into parts of about equal size: the separators of its upper inner pages.</summary>
internal static unsafe class TreeSplits
{
    // Separators looked at for each key that is given: parts differ by a fraction of this at most.
    private const int Fineness = 8;

    /// <summary>Finds keys.</summary>
    /// <param name="pool">The pages.</param>
    /// <param name="root">The root page.</param>
    /// <param name="lsn">A snapshot that is held.</param>
    /// <param name="parts">How many parts are wanted.</param>
    /// <returns>Keys in ascending order, one fewer than parts; fewer still when the tree is small.</returns>
    public static List<byte[]> Find(PagePool pool, ulong root, Lsn lsn, int parts)
    {
        List<byte[]> separators = [];
        for (int depth = 0; separators.Count < parts * Fineness; depth++)
        {
            int known = separators.Count;
            separators.Clear();
            Collect(pool, root, lsn.Value, depth, separators);
            if (depth > 0 && separators.Count == known)
                break; // the leaves are reached
            if (separators.Count == 0)
                return separators;
        }

        if (separators.Count < parts)
            return separators;
        List<byte[]> keys = new(parts - 1);
        for (int i = 1; i < parts; i++)
            keys.Add(separators[(int)((long)i * separators.Count / parts)]);
        return keys;
    }

    private static void Collect(PagePool pool, ulong id, ulong lsn, int depth, List<byte[]> separators)
    {
        PageImage* image = pool.Pin(id, lsn);
        try
        {
            byte* page = image->Data;
            if (PageFormat.Kind(page) != PageKind.Inner)
                return;
            int count = Node.Count(page);
            for (int slot = -1; slot < count; slot++)
            {
                if (slot >= 0)
                    separators.Add([.. Node.Prefix(page), .. Node.KeySuffix(page, slot)]);
                if (depth > 0)
                    Collect(pool, Node.Child(page, pool.PageSize, slot), lsn, depth - 1, separators);
            }
        }
        finally
        {
            PagePool.Unpin(image);
        }
    }
}
