using BareMetal.Data.Storage.Pages;

namespace BareMetal.Data.Storage.Commit;

/// <summary>The page store as the pipeline's target.</summary>
internal sealed class PageStoreTarget(PageStore store) : ICommitTarget
{
    private WriteBatch? _batch;

    /// <summary>For tests only: see <see cref="EngineFaults.PublishImageEarly"/>.</summary>
    public bool PublishesEarly { get; set; }

    /// <summary>The open batch, for maintenance that is not made of operations.</summary>
    public WriteBatch Batch => _batch!;

    /// <inheritdoc/>
    public void Begin(bool direct) => _batch = store.BeginBatch(direct ? BatchMode.Direct : BatchMode.Prepared);

    /// <inheritdoc/>
    public bool Prepare(in WriteOp op) =>
        op.Kind == WriteOpKind.Delete
            ? _batch!.PrepareDelete(op.Tree, op.Key)
            : _batch!.Prepare(op.Tree, op.Key, op.Value, compressed: op.Kind == WriteOpKind.PutCompressed);

    /// <inheritdoc/>
    public void AbandonPrepared() => _batch!.AbandonPrepared();

    /// <inheritdoc/>
    public void Apply(Lsn lsn, in WriteOp op)
    {
        WriteBatch batch = _batch!;
        switch (op.Kind)
        {
            case WriteOpKind.Put:
                batch.Put(lsn, op.Tree, op.Key, op.Value);
                break;
            case WriteOpKind.PutCompressed:
                batch.Put(lsn, op.Tree, op.Key, op.Value, compressed: true);
                break;
            case WriteOpKind.Delete:
                batch.Delete(lsn, op.Tree, op.Key);
                break;
            case WriteOpKind.CreateTree:
                batch.CreateTree(lsn, op.Tree);
                break;
            case WriteOpKind.ForgetTree:
                batch.DropTree(lsn, op.Tree, forget: true);
                break;
            default:
                batch.DropTree(lsn, op.Tree);
                break;
        }
    }

    /// <inheritdoc/>
    public void Publish(Lsn end)
    {
        _batch!.Publish(end);
        if (PublishesEarly)
            store.AdvanceVisible(end);
    }

    /// <inheritdoc/>
    public void Rollback() => _batch!.Rollback();

    /// <inheritdoc/>
    public void AdvanceVisible(Lsn end)
    {
        if (!PublishesEarly || end > store.VisibleLsn)
            store.AdvanceVisible(end);
    }
}
