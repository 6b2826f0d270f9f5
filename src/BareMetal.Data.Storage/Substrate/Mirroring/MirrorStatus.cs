namespace BareMetal.Data.Storage;

/// <summary>How a mirror is.</summary>
/// <param name="Generation">Grows whenever a side goes out or comes back.</param>
/// <param name="InDoubt">Whether the sides may still differ after a crash, because they have not been compared to the end.</param>
/// <param name="Sides">Its sides.</param>
public sealed record MirrorStatus(long Generation, bool InDoubt, IReadOnlyList<MirrorSideStatus> Sides)
{
    /// <summary>Whether every side is active.</summary>
    public bool IsWhole
    {
        get
        {
            foreach (MirrorSideStatus side in Sides)
            {
                if (side.State != MirrorSideState.Active)
                    return false;
            }

            return true;
        }
    }
}

/// <summary>How a side of a mirror is. Counters are since the mirror was opened.</summary>
/// <param name="Location">Where it is.</param>
/// <param name="State">What it is good for.</param>
/// <param name="Repairs">Pieces of files that were bad here and were written again from another side.</param>
/// <param name="ReadErrors">Reads that failed here and were served by another side.</param>
/// <param name="RebuiltBytes">Bytes that a rebuild has copied here.</param>
/// <param name="LastError">The last failure; null when there was none.</param>
public sealed record MirrorSideStatus(
    string Location, MirrorSideState State, long Repairs, long ReadErrors, long RebuiltBytes, string? LastError);
