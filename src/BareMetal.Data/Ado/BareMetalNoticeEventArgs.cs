namespace BareMetal.Data;

/// <summary>A message that a statement sent besides its results.</summary>
public sealed class BareMetalNoticeEventArgs : EventArgs
{
    internal BareMetalNoticeEventArgs(string severity, string text)
    {
        Severity = severity;
        Text = text;
    }

    /// <summary>NOTICE, WARNING and the like.</summary>
    public string Severity { get; }

    /// <summary>The message.</summary>
    public string Text { get; }
}
