namespace BareMetal.Data.Storage.Commit;

/// <summary>What an operation of a commit does. The numbers are part of the log's format.</summary>
internal enum WriteOpKind : byte
{
    /// <summary>No operation.</summary>
    None = 0,

    /// <summary>Sets a key's value, whatever it was.</summary>
    Put = 1,

    /// <summary>Removes a key, if it is there.</summary>
    Delete = 2,

    /// <summary>Makes an empty tree.</summary>
    CreateTree = 3,

    /// <summary>Drops a tree with all its entries.</summary>
    DropTree = 4,

    /// <summary>Drops a tree and leaves its pages to a rebuild of the allocation maps, because they can't be trusted to be its own.</summary>
    ForgetTree = 5,

    /// <summary>Sets a key's value, whatever it was; the value is given compressed and stays so.</summary>
    PutCompressed = 6,
}

/// <summary>One operation of a commit. The spans live until the next operation is read.</summary>
internal readonly ref struct WriteOp
{
    /// <summary>Makes an operation.</summary>
    public WriteOp(WriteOpKind kind, TreeId tree, ReadOnlySpan<byte> key = default, ReadOnlySpan<byte> value = default)
    {
        Kind = kind;
        Tree = tree;
        Key = key;
        Value = value;
    }

    /// <summary>What it does.</summary>
    public WriteOpKind Kind { get; }

    /// <summary>The tree.</summary>
    public TreeId Tree { get; }

    /// <summary>The key, for put and delete.</summary>
    public ReadOnlySpan<byte> Key { get; }

    /// <summary>The value, for put.</summary>
    public ReadOnlySpan<byte> Value { get; }
}
