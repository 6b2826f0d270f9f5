namespace BareMetal.Data.Types;

/// <summary>How much must be said for a conversion to happen.</summary>
internal enum CastContext
{
    /// <summary>Happens by itself in any expression.</summary>
    Implicit,

    /// <summary>Happens when a value is stored in a column (INSERT, UPDATE, defaults), and when asked for.</summary>
    Assignment,

    /// <summary>Only by CAST.</summary>
    Explicit,
}
