namespace BareMetal.Data.Storage.Trees;

/// <summary>How far a vacuum has come, between its steps: in one tree, up to a key, perhaps within a large value.</summary>
internal sealed class VacuumPosition(int maxKey)
{
    /// <summary>The tree being gone through.</summary>
    public TreeId Tree { get; private set; }

    /// <summary>The key to go on from.</summary>
    public byte[] Key { get; } = new byte[maxKey];

    /// <summary>Bytes of <see cref="Key"/>.</summary>
    public int KeyLength { get; set; }

    /// <summary>The entry of the leaf whose large value is next.</summary>
    public int Entry { get; set; }

    /// <summary>The data page of that value to go on from.</summary>
    public long ValuePage { get; set; }

    /// <summary>Pages at or beyond this one are moved to lower ones; <see cref="ulong.MaxValue"/> moves nothing.</summary>
    public ulong Limit { get; set; } = ulong.MaxValue;

    /// <summary>Whether leaves are joined.</summary>
    public bool Join { get; set; }

    /// <summary>Whether leaves are filled, too, where they can't be joined.</summary>
    public bool Fill { get; set; }

    /// <summary>Pages moved.</summary>
    public long Moved { get; set; }

    /// <summary>Leaves joined or filled.</summary>
    public long Joined { get; set; }

    /// <summary>Leaves gone through.</summary>
    public long Leaves { get; set; }

    /// <summary>Begins a tree.</summary>
    public void Begin(TreeId tree)
    {
        Tree = tree;
        KeyLength = 0;
        Entry = 0;
        ValuePage = 0;
    }
}
