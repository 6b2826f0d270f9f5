namespace BareMetal.Data;

/// <summary>How a database is opened.</summary>
public enum BareMetalOpenMode
{
    /// <summary>For reading and writing; made when it does not exist. The default.</summary>
    ReadWriteCreate,

    /// <summary>For reading and writing; it must exist.</summary>
    ReadWrite,

    /// <summary>
    /// For reading only; it must exist and have been closed cleanly (else SQLSTATE 55000: open it once for writing). Nothing is written.
    /// Several processes may read so at a time, none writes meanwhile. Within a process the first to open a database decides for all.
    /// </summary>
    ReadOnly,

    /// <summary>In memory only; gone with the last thing that refers to it.</summary>
    Memory,
}
