namespace BareMetal.Data.Storage;

/// <summary>Which entry a seek goes to.</summary>
public enum SeekMode
{
    /// <summary>The entry with exactly this key.</summary>
    Equal,

    /// <summary>The first entry at or after the key.</summary>
    GreaterOrEqual,

    /// <summary>The first entry after the key.</summary>
    Greater,

    /// <summary>The last entry at or before the key.</summary>
    LessOrEqual,

    /// <summary>The last entry before the key.</summary>
    Less,
}
