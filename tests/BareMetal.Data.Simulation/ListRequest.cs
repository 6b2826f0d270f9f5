using BareMetal.Data.Storage;
using BareMetal.Data.Storage.Commit;

namespace BareMetal.Data.Simulation;

/// <summary>A commit made of a list of operations.</summary>
internal sealed class ListRequest : ICommitRequest
{
    private readonly List<(WriteOpKind Kind, TreeId Tree, byte[] Key, byte[] Value)> _ops = [];
    private int _next;

    /// <summary>What to check before the LSN is taken.</summary>
    public Action? OnValidate { get; init; }

    /// <summary>Called just before the commit is visible.</summary>
    public Action<Lsn>? OnBeforeVisible { get; init; }

    /// <summary>Called when it is visible.</summary>
    public Action<Lsn>? OnCommitted { get; init; }

    /// <inheritdoc/>
    public bool OnlyFreesSpace => _ops.TrueForAll(o => o.Kind is WriteOpKind.Delete or WriteOpKind.DropTree);

    /// <inheritdoc/>
    public bool NeedsValidation => OnValidate is not null;

    /// <summary>Adds a put.</summary>
    public ListRequest Put(ulong tree, byte[] key, byte[] value)
    {
        _ops.Add((WriteOpKind.Put, new TreeId(tree), key, value));
        return this;
    }

    /// <summary>Adds a put of a value in its compressed form.</summary>
    public ListRequest PutCompressed(ulong tree, byte[] key, byte[] stored)
    {
        _ops.Add((WriteOpKind.PutCompressed, new TreeId(tree), key, stored));
        return this;
    }

    /// <summary>Adds a delete.</summary>
    public ListRequest Delete(ulong tree, byte[] key)
    {
        _ops.Add((WriteOpKind.Delete, new TreeId(tree), key, []));
        return this;
    }

    /// <summary>Adds the making of a tree.</summary>
    public ListRequest Create(ulong tree)
    {
        _ops.Add((WriteOpKind.CreateTree, new TreeId(tree), [], []));
        return this;
    }

    /// <summary>Adds the dropping of a tree.</summary>
    public ListRequest Drop(ulong tree)
    {
        _ops.Add((WriteOpKind.DropTree, new TreeId(tree), [], []));
        return this;
    }

    /// <inheritdoc/>
    public void Validate() => OnValidate?.Invoke();

    /// <inheritdoc/>
    public void Reset() => _next = 0;

    /// <inheritdoc/>
    public bool ReadNextWrite(out WriteOp op)
    {
        if (_next == _ops.Count)
        {
            op = default;
            return false;
        }

        (WriteOpKind kind, TreeId tree, byte[] key, byte[] value) = _ops[_next++];
        op = new WriteOp(kind, tree, key, value);
        return true;
    }

    /// <inheritdoc/>
    public void BeforeVisible(Lsn lsn) => OnBeforeVisible?.Invoke(lsn);

    /// <inheritdoc/>
    public void Committed(Lsn lsn) => OnCommitted?.Invoke(lsn);
}
