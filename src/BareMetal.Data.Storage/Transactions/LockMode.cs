namespace BareMetal.Data.Storage;

/// <summary>Modes of locks on keys and on whole trees.</summary>
public enum LockMode : byte
{
    /// <summary>Tree only: shared locks are held on keys below.</summary>
    IntentShared,

    /// <summary>Tree only: exclusive locks are held on keys below.</summary>
    IntentExclusive,

    /// <summary>Others may share, none may change.</summary>
    Shared,

    /// <summary>None but the holder.</summary>
    Exclusive,
}
