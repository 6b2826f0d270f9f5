namespace BareMetal.Data.Storage;

/// <summary>Which state a cursor reads.</summary>
public enum CursorSource
{
    /// <summary>The statement's snapshot with the transaction's own changes of earlier statements.</summary>
    Statement,

    /// <summary>The newest visible commit with all of the transaction's own changes, the running statement's included: for unique and foreign-key checks.</summary>
    Newest,
}
