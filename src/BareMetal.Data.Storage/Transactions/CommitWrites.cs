using System.Buffers.Binary;
using BareMetal.Data.Storage.Commit;
using BareMetal.Data.Storage.Trees;

namespace BareMetal.Data.Storage.Transactions;

/// <summary>A transaction's changes as the commit pipeline takes them: trees made, entries by tree and key, trees dropped.</summary>
internal sealed class CommitWrites : ICommitRequest, IDisposable
{
    private readonly StorageTransaction _transaction;
    private readonly PageCursor? _cursor;

    // Ascending; what lies in the overlay for them is not committed.
    private readonly List<ulong>? _dropped;
    private int _treeChange;
    private Stage _stage;

    public CommitWrites(StorageTransaction transaction)
    {
        _transaction = transaction;
        if (transaction.Overlay is { } overlay)
        {
            _cursor = overlay.Store.RentCursor();
            overlay.Tree.Open(_cursor);
        }

        foreach (TreeChange change in transaction.TreeChanges)
        {
            if (!change.IsCreate)
                (_dropped ??= []).Add(change.Tree.Value);
        }

        _dropped?.Sort();
    }

    private enum Stage
    {
        Creates,
        First,
        Entries,
        Drops,
    }

    /// <inheritdoc/>
    public bool OnlyFreesSpace => _transaction.OnlyFreesSpace;

    /// <inheritdoc/>
    public bool NeedsValidation => _transaction.NeedsValidation;

    /// <inheritdoc/>
    public void Validate() => _transaction.Validate();

    /// <inheritdoc/>
    public void Reset()
    {
        _stage = Stage.Creates;
        _treeChange = 0;
    }

    /// <inheritdoc/>
    public bool ReadNextWrite(out WriteOp op)
    {
        while (true)
        {
            switch (_stage)
            {
                case Stage.Creates:
                    if (NextTreeChange(creates: true, out op))
                        return true;
                    _stage = Stage.First;
                    break;
                case Stage.First:
                case Stage.Entries:
                    if (NextEntry(out op))
                        return true;
                    _stage = Stage.Drops;
                    _treeChange = 0;
                    break;
                default:
                    return NextTreeChange(creates: false, out op);
            }
        }
    }

    /// <inheritdoc/>
    public void BeforeVisible(Lsn lsn) => _transaction.RunBeforeVisible(lsn);

    /// <inheritdoc/>
    public void Committed(Lsn lsn) => _transaction.RunCommitted(lsn);

    public void Dispose()
    {
        if (_cursor is not null)
            _transaction.Engine.Store.ReturnCursor(_cursor);
    }

    private bool NextTreeChange(bool creates, out WriteOp op)
    {
        IReadOnlyList<TreeChange> changes = _transaction.TreeChanges;
        while (_treeChange < changes.Count)
        {
            TreeChange change = changes[_treeChange++];

            // A tree that came and went in one transaction never was.
            if (change.IsCreate != creates || Count(changes, change.Tree) > 1)
                continue;
            op = new WriteOp(creates ? WriteOpKind.CreateTree : change.IsForgotten ? WriteOpKind.ForgetTree : WriteOpKind.DropTree, change.Tree);
            return true;
        }

        op = default;
        return false;
    }

    private static int Count(IReadOnlyList<TreeChange> changes, TreeId tree)
    {
        int count = 0;
        for (int i = 0; i < changes.Count; i++)
            count += changes[i].Tree == tree ? 1 : 0;
        return count;
    }

    private bool NextEntry(out WriteOp op)
    {
        op = default;
        if (_cursor is null)
            return false;
        bool found = _stage == Stage.First ? _cursor.SeekFirst() : _cursor.MoveNext();
        _stage = Stage.Entries;
        if (found && _dropped is not null)
            found = PassDropped(_cursor, _dropped);

        if (!found || Overlay.IsUndoKey(_cursor.Key))
            return false;
        ReadOnlySpan<byte> key = _cursor.Key, value = _cursor.Value;
        op = new WriteOp(
            Overlay.IsDelete(value) ? WriteOpKind.Delete : Overlay.IsCompressed(value) ? WriteOpKind.PutCompressed : WriteOpKind.Put,
            new TreeId(BinaryPrimitives.ReadUInt64BigEndian(key)),
            key[Overlay.PrefixLength..],
            value[Overlay.HeaderLength..]);
        return true;
    }

    private static bool PassDropped(PageCursor cursor, List<ulong> dropped)
    {
        Span<byte> behind = stackalloc byte[Overlay.PrefixLength];
        while (BinaryPrimitives.ReadUInt64BigEndian(cursor.Key) is var tree && dropped.BinarySearch(tree) >= 0)
        {
            BinaryPrimitives.WriteUInt64BigEndian(behind, tree + 1);
            if (!cursor.Seek(behind, SeekMode.GreaterOrEqual))
                return false;
        }

        return true;
    }
}
