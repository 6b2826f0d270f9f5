using BareMetal.Data.Catalog;
using BareMetal.Data.Functions;
using BareMetal.Data.Sql;
using BareMetal.Data.Sql.Syntax;
using BareMetal.Data.Storage;
using BareMetal.Data.Values;

namespace BareMetal.Data.Sessions;

/// <summary>What functions see of the statement and session that run them.</summary>
internal sealed class SessionFunctions(Session session, CommandExecution? execution = null) : FunctionContext, ICatalogSource, IRoutineHost
{
    private SessionFunctions? _outer;
    private DateTimeOffset _statementTime;
    private CancellationToken _cancellation;

    /// <summary>The catalog that the statement sees.</summary>
    public CatalogSnapshot Catalog { get; private set; } = null!;

    public Session Session { get; } = session;

    public Catalog.Statistics.TableStatistics? StatisticsOf(Table table) => Session.Database.Statistics.Find(table);

    public override DateTimeOffset StatementTime => _statementTime;

    public override TimeZoneInfo TimeZone => Session.Settings.TimeZone;

    public override CancellationToken Cancellation => _cancellation;

    public override Random Random => Random.Shared;

    public void Begin(CatalogSnapshot catalog, CancellationToken cancellation)
    {
        Catalog = catalog;
        _cancellation = cancellation;
        _statementTime = _outer?._statementTime ?? DateTimeOffset.UtcNow;
    }

    /// <summary>Within a function that another statement calls: it is still that statement's time.</summary>
    public void Follow(SessionFunctions? outer) => _outer = outer;

    public Value CallValue(Routine routine, Value[] arguments) => Execution(routine).CallValue(routine, arguments);

    public IEnumerable<Value[]> CallRows(Routine routine, Value[] arguments) => Execution(routine).CallRows(routine, arguments);

    private CommandExecution Execution(Routine routine) =>
        execution ?? throw new BareMetalException(SqlStates.FeatureNotSupported, $"The function {routine.Signature} needs a session and can't be run here.");

    public override long NextSequenceValue(string name)
    {
        Sequence sequence = Find(name);
        if (Session.IsReadOnly)
            throw new BareMetalException(SqlStates.ReadOnlyTransaction, "nextval can't be called in a transaction that only reads.");
        long value = SequenceValues.Next(sequence, Session.EngineOf(sequence));
        Session.CurrentSequenceValues[sequence.Id] = value;
        return value;
    }

    public override long CurrentSequenceValue(string name)
    {
        Sequence sequence = Find(name);
        return Session.CurrentSequenceValues.TryGetValue(sequence.Id, out long value)
            ? value
            : throw new BareMetalException(SqlStates.ObjectNotInPrerequisiteState, $"currval of the sequence \"{sequence.Name}\" is not yet defined in this session.") { Hint = "Call nextval first." };
    }

    public override void SetSequenceValue(string name, long value, bool isCalled)
    {
        Sequence sequence = Find(name);
        if (value < sequence.MinValue || value > sequence.MaxValue)
            throw new BareMetalException(SqlStates.NumericOutOfRange, $"setval: {value} is out of bounds for the sequence \"{sequence.Name}\" ({sequence.MinValue} to {sequence.MaxValue}).");
        Int128 distance = ((Int128)value - sequence.BaseValue) / sequence.Increment;
        ulong taken = Session.EngineOf(sequence).PeekSequence(sequence.StorageSequence);
        Int128 next = distance + (isCalled ? 1 : 0);
        bool exact = ((Int128)value - sequence.BaseValue) % sequence.Increment == 0;
        if (!exact || next < taken)
        {
            throw new BareMetalException(SqlStates.ObjectNotInPrerequisiteState, $"setval can only move the sequence \"{sequence.Name}\" forward, by whole increments.")
            {
                Hint = $"ALTER SEQUENCE … RESTART WITH {value}.",
            };
        }

        Session.EngineOf(sequence).AdvanceSequence(sequence.StorageSequence, (ulong)next);
        if (isCalled)
            Session.CurrentSequenceValues[sequence.Id] = value;
    }

    public override void AcquireAdvisoryLock(string name, bool wait, out bool acquired)
    {
        try
        {
            acquired = Session.AdvisoryLocks.Acquire(name, wait, Session.Settings.LockTimeout, _cancellation);
        }
        catch (StorageException e)
        {
            throw StorageErrors.Map(e);
        }
    }

    public override bool ReleaseAdvisoryLock(string name) => Session.AdvisoryLocks.Release(name);

    public override string GetSetting(string name) => name.ToLowerInvariant() switch
    {
        "current_schema" => Session.CurrentSchema(Catalog) ?? "",
        "current_user" or "session_user" or "user" or "current_role" => "owner",
        "current_catalog" or "current_database" => Session.Database.Name,
        "version" => Session.Version,
        _ => Session.Show(name),
    };

    private Sequence Find(string text)
    {
        ObjectName name = SqlParser.ParseQualifiedName(text);
        return Catalog.Resolve(name.Schema, name.Name, Session.Settings.SearchPath) switch
        {
            Sequence sequence => sequence,
            null => throw new BareMetalException(SqlStates.UndefinedTable, $"The sequence \"{text}\" does not exist."),
            _ => throw new BareMetalException(SqlStates.WrongObjectType, $"\"{text}\" is not a sequence."),
        };
    }
}
