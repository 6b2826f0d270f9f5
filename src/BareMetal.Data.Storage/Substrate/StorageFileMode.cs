namespace BareMetal.Data.Storage;

/// <summary>How a file is opened.</summary>
public enum StorageFileMode
{
    /// <summary>It must exist.</summary>
    Open,

    /// <summary>It must not exist.</summary>
    CreateNew,

    /// <summary>It is made when it does not exist.</summary>
    OpenOrCreate,
}
