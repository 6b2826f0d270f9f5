namespace BareMetal.Data.Storage.Mirroring;

/// <summary>A side of a mirror while it is open.</summary>
internal sealed class MirrorSide(IStorageProvider provider)
{
    private int _state = (int)MirrorSideState.Out;
    private int _failedReads;

    public long Repairs;
    public long ReadErrors;
    public long RebuiltBytes;

    /// <summary>Reads in a row that may fail before the side is given up.</summary>
    public const int FailedReadLimit = 8;

    /// <summary>Where it is; another provider after a rebuild elsewhere.</summary>
    public IStorageProvider Provider { get; set; } = provider;

    public string? LastError { get; set; }

    /// <summary>Changed under the mirror's state lock, looked at by everyone.</summary>
    public MirrorSideState State
    {
        get => (MirrorSideState)Volatile.Read(ref _state);
        set => Volatile.Write(ref _state, (int)value);
    }

    public bool IsActive => State == MirrorSideState.Active;

    /// <summary>Whether writes go here.</summary>
    public bool TakesWrites => State != MirrorSideState.Out;

    /// <summary>Counts a read that failed.</summary>
    /// <returns>Whether so many have failed in a row that the side is to be given up.</returns>
    public bool ReadFailed(Exception e)
    {
        LastError = e.Message;
        Interlocked.Increment(ref ReadErrors);
        return Interlocked.Increment(ref _failedReads) >= FailedReadLimit;
    }

    public void ReadSucceeded()
    {
        if (Volatile.Read(ref _failedReads) != 0)
            Volatile.Write(ref _failedReads, 0);
    }

    public MirrorSideStatus Status() => new(
        Provider.Location, State, Volatile.Read(ref Repairs), Volatile.Read(ref ReadErrors), Volatile.Read(ref RebuiltBytes), LastError);
}
