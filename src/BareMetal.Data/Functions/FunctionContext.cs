namespace BareMetal.Data.Functions;

/// <summary>What functions may ask of the statement that runs them.</summary>
internal abstract class FunctionContext
{
    /// <summary>Start of the statement, UTC.</summary>
    public abstract DateTimeOffset StatementTime { get; }

    /// <summary>Local time zone of the session.</summary>
    public abstract TimeZoneInfo TimeZone { get; }

    public abstract CancellationToken Cancellation { get; }

    public abstract Random Random { get; }

    /// <summary>Draws the next value of a sequence named by text (nextval), or reads / sets it.</summary>
    public abstract long NextSequenceValue(string name);

    public abstract long CurrentSequenceValue(string name);

    public abstract void SetSequenceValue(string name, long value, bool isCalled);

    /// <summary>Session-level advisory lock by name; waits. Released with the session.</summary>
    public abstract void AcquireAdvisoryLock(string name, bool wait, out bool acquired);

    public abstract bool ReleaseAdvisoryLock(string name);

    /// <summary>Session setting by name: current_schema, current_user, version, database …</summary>
    public abstract string GetSetting(string name);
}
