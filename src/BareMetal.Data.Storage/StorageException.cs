namespace BareMetal.Data.Storage;

/// <summary>An error of the storage engine: what happened, where, and what to do about it.</summary>
public sealed class StorageException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="code">The kind of error.</param>
    /// <param name="message">What happened, where (file, page, position), expected and actual, and what to do.</param>
    /// <param name="inner">The cause, if another exception is.</param>
    public StorageException(StorageErrorCode code, string message, Exception? inner = null)
        : base(message, inner) => Code = code;

    /// <summary>The kind of error.</summary>
    public StorageErrorCode Code { get; }

    /// <summary>The file concerned, if one is.</summary>
    public string? File { get; init; }

    /// <summary>The page concerned, if one is.</summary>
    public PageId Page { get; init; }
}
