using BareMetal.Data.Storage.Pages;

namespace BareMetal.Data.Storage.Trees;

/// <summary>
/// A B+tree that one transaction uses alone: same pages, same pool, not logged, not in the directory, written to the spill file when
/// memory is short, dropped whole. May go from thread to thread, one at a time. Entries carry a caller's tag in place of an LSN.
/// A change invalidates spans and detaches open cursors, which find their place again by key.
/// </summary>
internal sealed unsafe class PrivateTree : IDisposable
{
    private readonly PrivatePages _pages;
    private readonly TreeEditor _editor;
    private readonly List<PageCursor> _cursors = [];
    private readonly List<long> _marks = [];

    public PrivateTree(PageStore store)
    {
        _pages = new PrivatePages(store);
        _editor = new TreeEditor(_pages);
        Store = store;
    }

    public PageStore Store { get; }

    /// <summary>The root page, or 0 while the tree is empty.</summary>
    internal ulong Root { get; private set; }

    /// <summary>How many entries there are.</summary>
    public long Count { get; private set; }

    /// <summary>How many pages they take.</summary>
    public int PageCount => _pages.Count;

    /// <summary>Sets or replaces an entry.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    /// <param name="tag">What the entry carries in place of an LSN.</param>
    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ulong tag)
    {
        Store.CheckPrivateKey(key);
        Detach();
        EnsureRoot();
        long before = _editor.Inserted;
        try
        {
            if (Store.IsInline(value.Length))
            {
                _editor.Put(Root, key, tag, value);
            }
            else
            {
                _editor.PutOverflow(Root, key, tag, OverflowValue.Write(_pages, value), value.Length);
            }
        }
        finally
        {
            _pages.End();
        }
        Count += _editor.Inserted - before;
    }

    /// <summary>Sets an entry to a value that a stream holds.</summary>
    public void Put(ReadOnlySpan<byte> key, Stream value, long length, ulong tag)
    {
        Store.CheckPrivateKey(key);
        if (Store.IsInline(length))
        {
            var bytes = new byte[length];
            value.ReadExactly(bytes);
            Put(key, bytes, tag);
            return;
        }
        Detach();
        EnsureRoot();
        long before = _editor.Inserted;
        try
        {
            _editor.PutOverflow(Root, key, tag, OverflowValue.Write(_pages, value, length), length);
        }
        finally
        {
            _pages.End();
        }
        Count += _editor.Inserted - before;
    }

    /// <summary>Removes an entry.</summary>
    /// <returns>Whether it was there.</returns>
    public bool Delete(ReadOnlySpan<byte> key)
    {
        if (Root == 0)
        {
            return false;
        }
        Detach();
        bool found;
        try
        {
            found = _editor.Delete(Root, key);
        }
        finally
        {
            _pages.End();
        }
        Count -= found ? 1 : 0;
        return found;
    }

    /// <summary>Opens a cursor. Close it before the tree is disposed.</summary>
    public void Open(PageCursor cursor)
    {
        cursor.Open(this);
        _cursors.Add(cursor);
    }

    /// <summary>Keeps the entries as they are now for <see cref="Rewind"/>: pages are copied before they are changed. The tree must have entries.</summary>
    public void SetMark()
    {
        System.Diagnostics.Debug.Assert(Root != 0, "An empty tree has no page to keep.");
        Detach();
        _pages.SetMark();
        _marks.Add(Count);
    }

    /// <summary>Goes back to the entries of the last mark, which ends. Takes time by the pages that were changed since, and reads none of them.</summary>
    public void Rewind()
    {
        Detach();
        _pages.Rewind();
        Count = _marks[^1];
        _marks.RemoveAt(_marks.Count - 1);
    }

    /// <summary>Ends the last mark; the entries stay as they are.</summary>
    public void Release()
    {
        Detach();
        _pages.Release();
        _marks.RemoveAt(_marks.Count - 1);
    }

    /// <summary>Drops all entries, their pages and marks.</summary>
    public void Clear()
    {
        Detach();
        _pages.FreeAll();
        _marks.Clear();
        Root = 0;
        Count = 0;
        foreach (PageCursor cursor in _cursors)
        {
            cursor.Rebase(0);
        }
    }

    /// <summary>Closes all cursors and drops all entries; the tree can be used again.</summary>
    internal void Reset()
    {
        while (_cursors.Count > 0)
        {
            _cursors[^1].Close();
        }
        _pages.FreeAll();
        _marks.Clear();
        Root = 0;
        Count = 0;
    }

    public void Dispose()
    {
        Reset();
        _editor.Dispose();
        _pages.Free();
    }

    internal void Forget(PageCursor cursor) => _cursors.Remove(cursor);

    private void EnsureRoot()
    {
        if (Root != 0)
        {
            return;
        }
        byte* page = _pages.Allocate(PageKind.Leaf, 0, out ulong root);
        Node.FormatEmpty(page, Store.PageSize, root, 0);
        Root = root;
        _pages.ReleasePins();
        foreach (PageCursor cursor in _cursors)
        {
            cursor.Rebase(root);
        }
    }

    private void Detach()
    {
        for (int i = 0; i < _cursors.Count; i++)
        {
            _cursors[i].Detach();
        }
    }
}
