namespace BareMetal.Data;

/// <summary>How a database is opened.</summary>
public enum BareMetalOpenMode
{
    /// <summary>For reading and writing; made when it does not exist. The default.</summary>
    ReadWriteCreate,

    /// <summary>For reading and writing; it must exist.</summary>
    ReadWrite,

    /// <summary>For reading only; it must exist.</summary>
    ReadOnly,

    /// <summary>In memory only; gone with the last thing that refers to it.</summary>
    Memory,
}
