using System.Globalization;
using BareMetal.Data.Catalog;
using BareMetal.Data.Storage;

namespace BareMetal.Data.Sessions;

/// <summary>What SET changes and SHOW shows. Immutable; a change makes another.</summary>
internal sealed record SessionSettings
{
    private static readonly string[] Names =
    [
        "application_name", "batch_size", "client_encoding", "database", "default_transaction_isolation", "default_transaction_read_only", "full_scan_rows", "lock_timeout", "max_parallelism",
        "search_path", "server_encoding", "server_version", "standard_conforming_strings", "statement_timeout", "synchronous_commit", "timezone", "transaction_isolation",
        "transaction_read_only", "work_mem",
    ];

    public TimeSpan LockTimeout { get; init; }

    public TimeSpan StatementTimeout { get; init; }

    public IsolationMode DefaultIsolation { get; init; }

    public bool DefaultReadOnly { get; init; }

    /// <summary>What commits wait for: synchronous_commit.</summary>
    public Durability Durability { get; init; }

    public int BatchSize { get; init; }

    public long WorkMemory { get; init; }

    /// <summary>Threads that a statement may use; 0 for as many as there are processors.</summary>
    public int MaxParallelism { get; init; }

    /// <summary>Rows after which a scan without an index is reported; 0 never.</summary>
    public long FullScanRows { get; init; }

    public TimeZoneInfo TimeZone { get; init; } = TimeZoneInfo.Local;

    public string ApplicationName { get; init; } = "";

    public IReadOnlyList<string> SearchPath { get; init; } = DefaultSearchPath;

    /// <summary>The search path as part of a cache key; empty for the default.</summary>
    public string SearchPathKey { get; init; } = "";

    public static IReadOnlyList<string> DefaultSearchPath { get; } = [CatalogSnapshot.DefaultSchema];

    public static IReadOnlyList<string> AllNames => Names;

    public static SessionSettings From(SessionOptions options) => new()
    {
        LockTimeout = options.LockTimeout,
        StatementTimeout = options.StatementTimeout,
        DefaultIsolation = options.DefaultIsolation,
        DefaultReadOnly = options.ReadOnly,
        Durability = options.Durability,
        BatchSize = options.BatchSize,
        WorkMemory = options.WorkMemory,
        MaxParallelism = options.MaxParallelism,
        FullScanRows = options.FullScanRows,
    };

    /// <summary>The settings with one changed; null values go back to the defaults.</summary>
    /// <exception cref="BareMetalException">42704 no such setting; 22023 a value that it can't have; 55000 it can't be changed.</exception>
    public SessionSettings With(string name, IReadOnlyList<string>? values, SessionSettings defaults)
    {
        string value = values is null ? "" : values.Count == 1 ? values[0] : string.Join(", ", values);
        switch (Normalise(name))
        {
            case "all":
                return defaults;
            case "lock_timeout":
                return this with { LockTimeout = values is null ? defaults.LockTimeout : ParseTime(name, value, zero: Timeout.InfiniteTimeSpan) };
            case "statement_timeout":
                return this with { StatementTimeout = values is null ? defaults.StatementTimeout : ParseTime(name, value, zero: TimeSpan.Zero) };
            case "default_transaction_isolation":
                return this with { DefaultIsolation = values is null ? defaults.DefaultIsolation : ParseIsolation(value) };
            case "default_transaction_read_only":
                return this with { DefaultReadOnly = values is null ? defaults.DefaultReadOnly : ParseBoolean(name, value) };
            case "synchronous_commit":
                return this with { Durability = values is null ? defaults.Durability : ParseDurability(name, value) };
            case "batch_size":
                return this with { BatchSize = values is null ? defaults.BatchSize : (int)ParseNumber(name, value, 1, 65536) };
            case "work_mem":
                return this with { WorkMemory = values is null ? defaults.WorkMemory : ParseBytes(name, value) };
            case "max_parallelism":
                return this with { MaxParallelism = values is null ? defaults.MaxParallelism : (int)ParseNumber(name, value, 0, 1024) };
            case "full_scan_rows":
                return this with { FullScanRows = values is null ? defaults.FullScanRows : ParseNumber(name, value, 0, long.MaxValue) };
            case "timezone":
                return this with { TimeZone = values is null ? defaults.TimeZone : ParseTimeZone(value) };
            case "application_name":
                return this with { ApplicationName = value };
            case "search_path":
                if (values is null)
                    return this with { SearchPath = defaults.SearchPath, SearchPathKey = defaults.SearchPathKey };
                return this with { SearchPath = [.. values], SearchPathKey = string.Join('\0', values).ToUpperInvariant() };
            case "client_encoding":
                if (values is not null && !value.Replace("-", "", StringComparison.Ordinal).Equals("UTF8", StringComparison.OrdinalIgnoreCase))
                    throw Invalid(name, value, "The encoding is always UTF8.");
                return this;
            case "standard_conforming_strings":
                if (values is not null && !ParseBoolean(name, value))
                    throw Invalid(name, value, "It is always on.");
                return this;
            case "transaction_isolation" or "transaction_read_only" or "server_version" or "server_encoding" or "database":
                throw new BareMetalException(SqlStates.ObjectNotInPrerequisiteState, $"The setting \"{name}\" can't be changed by SET.");
            default:
                throw Unknown(name);
        }
    }

    /// <summary>The value of a setting as SHOW gives it; those of the transaction and the server are the session's.</summary>
    public string? Find(string name) => Normalise(name) switch
    {
        "lock_timeout" => LockTimeout == Timeout.InfiniteTimeSpan ? "0" : FormatTime(LockTimeout),
        "statement_timeout" => FormatTime(StatementTimeout),
        "default_transaction_isolation" => Format(DefaultIsolation),
        "default_transaction_read_only" => DefaultReadOnly ? "on" : "off",
        "synchronous_commit" => Durability switch { Durability.Full => "on", Durability.Normal => "normal", _ => "off" },
        "batch_size" => BatchSize.ToString(CultureInfo.InvariantCulture),
        "work_mem" => (WorkMemory % 1024 == 0 ? WorkMemory / 1024 + "kB" : WorkMemory + "B"),
        "max_parallelism" => MaxParallelism.ToString(CultureInfo.InvariantCulture),
        "full_scan_rows" => FullScanRows.ToString(CultureInfo.InvariantCulture),
        "timezone" => TimeZone.Id,
        "application_name" => ApplicationName,
        "search_path" => string.Join(", ", SearchPath),
        "client_encoding" or "server_encoding" => "UTF8",
        "standard_conforming_strings" => "on",
        _ => null,
    };

    public static string Normalise(string name) => name.ToLowerInvariant() switch
    {
        "time zone" => "timezone",
        { } other => other,
    };

    public static string Format(IsolationMode mode) => mode switch
    {
        IsolationMode.Snapshot => "repeatable read",
        IsolationMode.Serializable => "serializable",
        _ => "read committed",
    };

    public static BareMetalException Unknown(string name) => new(SqlStates.UndefinedObject, $"There is no setting \"{name}\".")
    {
        Hint = "SHOW ALL lists the settings.",
    };

    private static BareMetalException Invalid(string name, string value, string hint) =>
        new(SqlStates.InvalidParameterValue, $"The setting \"{name}\" can't have the value '{value}'.") { Hint = hint };

    private static TimeSpan ParseTime(string name, string value, TimeSpan zero)
    {
        ReadOnlySpan<char> text = value.AsSpan().Trim();
        int digits = 0;
        while (digits < text.Length && (char.IsAsciiDigit(text[digits]) || text[digits] == '.'))
            digits++;
        double factor = text[digits..].Trim().ToString().ToLowerInvariant() switch
        {
            "" or "ms" => 1,
            "s" => 1000,
            "min" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => 0,
        };
        if (factor == 0 || !double.TryParse(text[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number) || number * factor > int.MaxValue)
            throw Invalid(name, value, "Give milliseconds, or a number with ms, s, min, h or d.");
        return number == 0 ? zero : TimeSpan.FromMilliseconds(number * factor);
    }

    private static string FormatTime(TimeSpan time) => time == TimeSpan.Zero ? "0" : time.TotalMilliseconds.ToString("0.###", CultureInfo.InvariantCulture) + "ms";

    private static long ParseNumber(string name, string value, long min, long max) =>
        long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) && number >= min && number <= max
            ? number
            : throw Invalid(name, value, $"Give a whole number from {min} to {max}.");

    private static long ParseBytes(string name, string value)
    {
        ReadOnlySpan<char> text = value.AsSpan().Trim();
        int digits = 0;
        while (digits < text.Length && char.IsAsciiDigit(text[digits]))
            digits++;
        long factor = text[digits..].Trim().ToString().ToUpperInvariant() switch
        {
            "" or "KB" => 1024,
            "B" => 1,
            "MB" => 1L << 20,
            "GB" => 1L << 30,
            _ => 0,
        };
        if (factor == 0 || !long.TryParse(text[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out long number) || number > (1L << 50) / factor || number * factor < 64 * 1024)
            throw Invalid(name, value, "Give kibibytes, or a number with B, kB, MB or GB; at least 64kB.");
        return number * factor;
    }

    private static bool ParseBoolean(string name, string value) => value.ToLowerInvariant() switch
    {
        "on" or "true" or "yes" or "1" => true,
        "off" or "false" or "no" or "0" => false,
        _ => throw Invalid(name, value, "Give on or off."),
    };

    private static Durability ParseDurability(string name, string value) => value.ToLowerInvariant() switch
    {
        "on" or "true" or "yes" or "1" or "full" or "local" or "remote_write" or "remote_apply" => Durability.Full,
        "normal" => Durability.Normal,
        "off" or "false" or "no" or "0" => Durability.Off,
        _ => throw Invalid(name, value, "Give on (durable before it is acknowledged), normal (within a bounded delay) or off."),
    };

    private static IsolationMode ParseIsolation(string value) => value.ToLowerInvariant() switch
    {
        "read committed" or "read uncommitted" => IsolationMode.ReadCommitted,
        "repeatable read" or "snapshot" => IsolationMode.Snapshot,
        "serializable" => IsolationMode.Serializable,
        _ => throw Invalid("default_transaction_isolation", value, "Give 'read committed', 'repeatable read' or 'serializable'."),
    };

    private static TimeZoneInfo ParseTimeZone(string value)
    {
        if (value.Equals("local", StringComparison.OrdinalIgnoreCase))
            return TimeZoneInfo.Local;
        if (TimeZoneInfo.TryFindSystemTimeZoneById(value, out TimeZoneInfo? zone))
            return zone;
        throw Invalid("TimeZone", value, "Give the name of a time zone such as UTC or Europe/Berlin.");
    }
}
