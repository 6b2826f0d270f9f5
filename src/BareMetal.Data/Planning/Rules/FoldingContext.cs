using BareMetal.Data.Functions;

namespace BareMetal.Data.Planning.Rules;

/// <summary>Immutable functions ask nothing of a session; a cancellation token is all that long ones look at.</summary>
internal sealed class FoldingContext : FunctionContext
{
    public static readonly FoldingContext Instance = new();

    public override DateTimeOffset StatementTime => throw Refuse();

    public override TimeZoneInfo TimeZone => TimeZoneInfo.Utc;

    public override CancellationToken Cancellation => CancellationToken.None;

    public override Random Random => throw Refuse();

    public override long NextSequenceValue(string name) => throw Refuse();

    public override long CurrentSequenceValue(string name) => throw Refuse();

    public override void SetSequenceValue(string name, long value, bool isCalled) => throw Refuse();

    public override void AcquireAdvisoryLock(string name, bool wait, out bool acquired) => throw Refuse();

    public override bool ReleaseAdvisoryLock(string name) => throw Refuse();

    public override string GetSetting(string name) => throw Refuse();

    private static BareMetalException Refuse() => new(SqlStates.InternalError, "An immutable function asked for the state of a session.");
}
