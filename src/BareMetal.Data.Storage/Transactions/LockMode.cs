namespace BareMetal.Data.Storage;

/// <summary>Modes of locks on keys and on whole trees.</summary>
public enum LockMode : byte
{
    /// <summary>Tree only: shared locks are held on keys below.</summary>
    IntentShared,

    /// <summary>Tree only: exclusive locks are held on keys below.</summary>
    IntentExclusive,

    /// <summary>Keys only: others may share and may change anything but the key's existence: excludes <see cref="Exclusive"/> alone.</summary>
    KeyShared,

    /// <summary>Others may share, none may change.</summary>
    Shared,

    /// <summary>Keys only: to change an entry that keeps its key; <see cref="KeyShared"/> may stand beside it.</summary>
    Update,

    /// <summary>None but the holder.</summary>
    Exclusive,
}
