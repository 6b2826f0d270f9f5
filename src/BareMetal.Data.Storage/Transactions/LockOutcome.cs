namespace BareMetal.Data.Storage;

/// <summary>How a request for a key's lock ended.</summary>
public enum LockOutcome
{
    /// <summary>Granted; the entry is as the statement's snapshot shows it.</summary>
    Granted,

    /// <summary>Granted, but another transaction changed or deleted the entry after the statement's snapshot: run the statement again.</summary>
    GrantedNewer,

    /// <summary>Not granted, because the request said not to wait.</summary>
    NotAvailable,
}
