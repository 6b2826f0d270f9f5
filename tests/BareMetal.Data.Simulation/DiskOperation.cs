namespace BareMetal.Data.Simulation;

/// <summary>The kinds of operations of the simulated disk.</summary>
public enum DiskOperation
{
    /// <summary>A read of a file.</summary>
    Read,

    /// <summary>A write to a file.</summary>
    Write,

    /// <summary>A change of a file's length.</summary>
    SetLength,

    /// <summary>A flush of a file.</summary>
    Flush,

    /// <summary>A file was made.</summary>
    Create,

    /// <summary>A file was renamed.</summary>
    Rename,

    /// <summary>A file was deleted.</summary>
    Delete,

    /// <summary>A flush of the directory.</summary>
    FlushDirectory,

    /// <summary>An existing file was opened.</summary>
    Open,

    /// <summary>The directory was listed.</summary>
    List,
}
