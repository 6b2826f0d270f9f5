namespace BareMetal.Data.Storage.Commit;

/// <summary>A transaction as the commit pipeline sees it. Its members are called by one thread at a time.</summary>
internal interface ICommitRequest
{
    /// <summary>Whether all it does is give space back, so that it may use what is kept for a full disk.</summary>
    bool OnlyFreesSpace { get; }

    /// <summary>Whether <see cref="Validate"/> has something to check against the newest built state.</summary>
    bool NeedsValidation { get; }

    /// <summary>The last check before the LSN is taken; every commit with a smaller LSN is built.</summary>
    /// <exception cref="StorageException">The transaction can't commit; nothing of it happens.</exception>
    void Validate();

    /// <summary>Begins reading the operations again.</summary>
    void Reset();

    /// <summary>Reads the next operation; trees that are made come before what is put into them. Each pass gives the same operations.</summary>
    bool ReadNextWrite(out WriteOp op);

    /// <summary>The commit is durable as asked and is about to become visible. Must not fail and be short.</summary>
    void BeforeVisible(Lsn lsn);

    /// <summary>The commit is visible: locks may be released. Must not fail and be short.</summary>
    void Committed(Lsn lsn);
}
