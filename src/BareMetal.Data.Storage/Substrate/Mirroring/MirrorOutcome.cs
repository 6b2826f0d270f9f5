namespace BareMetal.Data.Storage.Mirroring;

/// <summary>
/// How an operation went on the sides, and what follows: sides that failed go out of service, durably, before the caller goes on. When all failed, or one
/// has no space, the operation has failed and no side is given up for it.
/// </summary>
internal struct MirrorOutcome(MirroredStorageProvider mirror)
{
    private int _succeeded;
    private uint _failedSides;
    private StorageException? _error;

    public void Succeeded(int side)
    {
        if (mirror.Sides[side].IsActive)
            _succeeded++;
    }

    public void Failed(int side, StorageException e)
    {
        if (mirror.Sides[side].State == MirrorSideState.Rebuilding)
        {
            mirror.TakeOut(side, e); // only the rebuild fails
            return;
        }

        // A full disk is the operation's failure, not the side's: what the engine does about it, it does on all sides.
        if (_error is null || e.Code == StorageErrorCode.DiskFull)
            _error = e;
        if (e.Code != StorageErrorCode.DiskFull)
            _failedSides |= 1u << side;
    }

    /// <summary>Takes the sides that failed out of service.</summary>
    /// <param name="what">The file, for messages.</param>
    /// <exception cref="StorageException">The operation failed on all sides, or for want of space.</exception>
    public readonly void Settle(string what)
    {
        if (_error is null)
        {
            if (_succeeded == 0)
                throw new StorageException(StorageErrorCode.IoError, $"{what}: no side of the mirror {mirror.Location} can be reached.") { File = what };
            return;
        }

        if (_succeeded == 0 || _error.Code == StorageErrorCode.DiskFull)
        {
            mirror.SidesMayDiffer();
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(_error);
        }

        for (int i = 0; i < mirror.Sides.Length; i++)
        {
            if ((_failedSides & (1u << i)) != 0)
                mirror.TakeOut(i, _error);
        }
    }
}
