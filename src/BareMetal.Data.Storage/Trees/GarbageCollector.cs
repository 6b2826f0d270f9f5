using BareMetal.Data.Storage.Pages;

namespace BareMetal.Data.Storage.Trees;

/// <summary>
/// Frees the pages of dropped trees and replaced large values, a bounded number at a time. What is left stands in the directory, so that
/// a crash or a close between two steps loses nothing.
/// </summary>
internal sealed unsafe class GarbageCollector(WriteBatch batch, TreeEditor editor)
{
    private readonly ulong[] _path = new ulong[64];
    private readonly int _pageSize = batch.PageSize;
    private int _budget;

    /// <returns>Whether there may be more.</returns>
    public bool Step(int pages)
    {
        _budget = Math.Max(pages, 1);
        Span<byte> key = stackalloc byte[TreeDirectory.GarbageKeySize];
        Span<byte> value = stackalloc byte[TreeDirectory.GarbageValueSize];
        while (_budget > 0)
        {
            using (var cursor = new PageCursor(batch.Store))
            {
                cursor.Open(batch.Store.DirectoryRoot, ulong.MaxValue);
                TreeDirectory.WriteGarbageKey(key, 0, 0);
                if (!cursor.Seek(key, SeekMode.GreaterOrEqual))
                {
                    batch.Store.NoGarbage();
                    return false;
                }
                cursor.Key.CopyTo(key);
                cursor.Value.CopyTo(value);
            }
            TreeDirectory.TryReadGarbageKey(key, out byte kind, out ulong page);
            bool done;
            if (kind == TreeDirectory.GarbageTree)
            {
                done = FreeTree(page);
            }
            else
            {
                TreeDirectory.ReadGarbageValue(value, out long length, out long left);
                left = left == 0 ? OverflowValue.PageCount(_pageSize, length) : left;
                long after = OverflowValue.FreeTail(batch, page, length, left, _budget);
                _budget -= (int)(left - after);
                done = after == 0;
                if (!done)
                {
                    TreeDirectory.WriteGarbageValue(value, length, after);
                    editor.Put(batch.Store.DirectoryRoot, key, batch.Stamp, value);
                }
            }
            batch.ReleasePins();
            if (done)
            {
                editor.Delete(batch.Store.DirectoryRoot, key);
                batch.ReleasePins();
            }
        }
        return true;
    }

    /// <summary>Takes the first entry off the list without freeing anything.</summary>
    public void Skip()
    {
        Span<byte> key = stackalloc byte[TreeDirectory.GarbageKeySize];
        using (var cursor = new PageCursor(batch.Store))
        {
            cursor.Open(batch.Store.DirectoryRoot, ulong.MaxValue);
            TreeDirectory.WriteGarbageKey(key, 0, 0);
            if (!cursor.Seek(key, SeekMode.GreaterOrEqual))
            {
                return;
            }
            cursor.Key.CopyTo(key);
        }
        editor.Delete(batch.Store.DirectoryRoot, key);
        batch.ReleasePins();
    }

    /// <summary>Frees leaves from the left; an inner page goes with its last child.</summary>
    private bool FreeTree(ulong root)
    {
        while (_budget > 0)
        {
            batch.ReleasePins();
            int depth = 0;
            _path[0] = root;
            byte* page = batch.Read(root);
            while (Node.Level(page) > 0)
            {
                _path[depth + 1] = Node.Leftmost(page);
                page = batch.Read(_path[++depth]);
            }
            for (int i = 0; i < Node.Count(page); i++)
            {
                if (Node.IsOverflow(page, i))
                {
                    OverflowValue.ReadReference(Node.Tail(page, i), out ulong top, out long length);
                    int mark = batch.PinMark;
                    batch.AddGarbage(TreeDirectory.GarbageValue, top, length);
                    batch.ReleasePins(mark);
                }
            }
            batch.Free(_path[depth]);
            _budget--;
            if (depth == 0)
            {
                return true;
            }
            DropLeftmost(depth - 1);
        }
        return false;
    }

    private void DropLeftmost(int depth)
    {
        byte* page = batch.Write(_path[depth]);
        if (Node.Count(page) > 0)
        {
            Node.SetLeftmost(page, Node.Child(page, _pageSize, 0));
            Node.Remove(page, _pageSize, 0);
        }
        else if (depth == 0)
        {
            Node.FormatEmpty(page, _pageSize, _path[0], batch.Stamp);
        }
        else
        {
            DropLeftmost(depth - 1);
            batch.Free(_path[depth]);
        }
    }
}
