namespace BareMetal.Data.Storage;

/// <summary>What a side of a mirror is good for.</summary>
public enum MirrorSideState
{
    /// <summary>It has everything, and takes part in every read and write.</summary>
    Active = 1,

    /// <summary>It failed or was not there: it lacks what was written since, and is not looked at before it is rebuilt.</summary>
    Out = 2,

    /// <summary>It is being rebuilt: it takes part in writes, not in reads.</summary>
    Rebuilding = 3,
}
