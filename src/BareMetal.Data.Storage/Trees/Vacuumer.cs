using BareMetal.Data.Storage.Pages;

namespace BareMetal.Data.Storage.Trees;

/// <summary>
/// One step of a vacuum: goes on in a tree for a bounded number of pages. Each page is known to its parent alone, so moving one is a
/// new image at a lower place and a changed pointer. What it leaves behind is a tree as sound as before, so that it may end anywhere.
/// </summary>
internal sealed unsafe class Vacuumer(WriteBatch batch, TreeEditor editor)
{
    /// <summary>Leaves that need nothing, for one page of the budget.</summary>
    private const int LooksPerPage = 4;

    private int _looks;

    /// <returns>Whether the tree goes on.</returns>
    public bool Step(VacuumPosition at, int budget)
    {
        while (budget > 0)
        {
            batch.ReleasePins();
            ulong root = batch.Root(at.Tree);
            if (root == 0)
            {
                return false; // dropped meanwhile, or empty and never written
            }
            if (root >= at.Limit && at.Tree.Value != 0)
            {
                if (!batch.MoveRoot(at.Tree, root, at.Limit))
                {
                    at.Limit = ulong.MaxValue;
                    continue;
                }
                at.Moved++;
                budget -= 2;
                continue;
            }
            ReadOnlySpan<byte> key = at.Key.AsSpan(0, at.KeyLength);
            int changed = 0;
            if (at.Join && at.Entry == 0 && at.ValuePage == 0)
            {
                changed = editor.Compact(root, key, at.Fill);
            }
            else
            {
                editor.Find(root, key);
            }
            if (changed > 0)
            {
                at.Joined++;
                budget -= changed;
                continue;
            }
            if (at.Limit != ulong.MaxValue)
            {
                int moved = editor.MovePath(batch, at.Limit);
                if (moved < 0)
                {
                    at.Limit = ulong.MaxValue;
                    continue;
                }
                at.Moved += moved;
                budget -= moved;
                if (!MoveValues(at, editor.CompactLeaf, ref budget))
                {
                    continue;
                }
            }
            at.Leaves++;
            at.Entry = 0;
            at.ValuePage = 0;
            at.KeyLength = editor.KeyBehind(at.Key);
            if (at.KeyLength < 0)
            {
                return false;
            }
            if (++_looks % LooksPerPage == 0)
            {
                budget--;
            }
        }
        return true;
    }

    /// <returns>Whether the leaf's values are done.</returns>
    private bool MoveValues(VacuumPosition at, ulong leaf, ref int budget)
    {
        for (; at.Entry < Node.Count(batch.Read(leaf)); at.Entry++)
        {
            byte* page = batch.Read(leaf);
            if (at.Limit == ulong.MaxValue || !Node.IsOverflow(page, at.Entry))
            {
                continue;
            }
            OverflowValue.ReadReference(Node.Tail(page, at.Entry), out ulong top, out long length);
            ulong newTop = top;
            long from = at.ValuePage;
            long moved = OverflowValue.Relocate(batch, ref newTop, length, at.Limit, ref from, ref budget, out bool full);
            at.Moved += moved;
            if (newTop != top)
            {
                OverflowValue.WritePage(Node.Tail(batch.Write(leaf), at.Entry), newTop);
            }
            if (full)
            {
                at.Limit = ulong.MaxValue;
            }
            at.ValuePage = from;
            if (from < OverflowValue.PageCount(batch.PageSize, length) && at.Limit != ulong.MaxValue)
            {
                return false;
            }
            at.ValuePage = 0;
            if (budget <= 0)
            {
                at.Entry++;
                return at.Entry >= Node.Count(batch.Read(leaf));
            }
        }
        return true;
    }
}
