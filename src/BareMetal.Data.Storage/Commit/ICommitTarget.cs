namespace BareMetal.Data.Storage.Commit;

/// <summary>Where commits are built: the page store. One batch at a time.</summary>
internal interface ICommitTarget
{
    /// <summary>Begins a batch.</summary>
    /// <param name="direct">Whether changes are made at once and may fail, for what can't be prepared; the batch then holds one commit.</param>
    void Begin(bool direct);

    /// <summary>Does everything about an operation that can fail.</summary>
    /// <returns>False when it can't be prepared: the commit needs a direct batch.</returns>
    bool Prepare(in WriteOp op);

    /// <summary>Forgets what was prepared and not applied.</summary>
    void AbandonPrepared();

    /// <summary>Applies an operation. In a batch that is not direct it can't fail.</summary>
    void Apply(Lsn lsn, in WriteOp op);

    /// <summary>Ends the batch: its images stand.</summary>
    void Publish(Lsn end);

    /// <summary>Gives up a direct batch whole, or one without changes.</summary>
    void Rollback();

    /// <summary>Lets new snapshots see all batches up to one's end.</summary>
    void AdvanceVisible(Lsn end);
}
