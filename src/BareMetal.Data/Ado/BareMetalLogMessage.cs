namespace BareMetal.Data;

/// <summary>How much a log message matters.</summary>
public enum BareMetalLogLevel
{
    /// <summary>For those who look into the engine.</summary>
    Debug,

    /// <summary>Something that happens now and then and is as it should be: an engine opened, recovery done.</summary>
    Information,

    /// <summary>Something to look at.</summary>
    Warning,

    /// <summary>Something failed.</summary>
    Error,
}

/// <summary>A message for the log; hand it on to whatever logging the application has.</summary>
/// <param name="Level">How much it matters.</param>
/// <param name="Category">The part that speaks, for example <c>BareMetal.Data.Engine</c>.</param>
/// <param name="Text">What happened.</param>
/// <param name="Exception">The error, if there is one.</param>
public readonly record struct BareMetalLogMessage(BareMetalLogLevel Level, string Category, string Text, Exception? Exception = null);
