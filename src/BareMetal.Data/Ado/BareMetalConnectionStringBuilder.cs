using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using BareMetal.Data.Storage;

namespace BareMetal.Data;

/// <summary>
/// Builds and reads connection strings. Keys are case-insensitive; a key that is not known is refused, with the nearest known one named.
/// Sizes are in bytes and may carry a unit: <c>KB</c>, <c>MB</c>, <c>GB</c> (powers of 1024). Times are in seconds.
/// </summary>
public sealed class BareMetalConnectionStringBuilder : DbConnectionStringBuilder
{
    private const int KeyCount = (int)Key.CopyFiles + 1;

    private static readonly string[] s_keys =
    [
        "Data Source", "Mode", "Read Only", "Durability", "Cache Size", "Page Size", "Max Log Size", "Max Version Size",
        "Checkpoint Size", "Checkpoint Rate", "Analyze Threshold", "Work Memory", "Max Parallelism", "Full Scan Rows",
        "Command Timeout", "Lock Timeout", "Isolation Level", "Pooling", "Max Pool Size", "Enlist",
        "Password", "Encryption Key", "Mirror Paths", "Mirror Degraded", "Mirror Rebuild", "Persist Security Info",
        "Copy Files",
    ];

    private static readonly Dictionary<string, Key> s_names = MakeNames();

    private readonly object?[] _values = new object?[KeyCount];

    /// <summary>Makes an empty builder.</summary>
    public BareMetalConnectionStringBuilder()
    {
    }

    /// <summary>Reads a connection string.</summary>
    /// <param name="connectionString">The text; null and empty are the same.</param>
    /// <exception cref="ArgumentException">A key is not known or a value is not valid.</exception>
    public BareMetalConnectionStringBuilder(string? connectionString) => ConnectionString = connectionString;

    private enum Key
    {
        DataSource,
        Mode,
        ReadOnly,
        Durability,
        CacheSize,
        PageSize,
        MaxLogSize,
        MaxVersionSize,
        CheckpointSize,
        CheckpointRate,
        AnalyzeThreshold,
        WorkMemory,
        MaxParallelism,
        FullScanRows,
        CommandTimeout,
        LockTimeout,
        IsolationLevel,
        Pooling,
        MaxPoolSize,
        Enlist,
        Password,
        EncryptionKey,
        MirrorPaths,
        MirrorDegraded,
        MirrorRebuild,
        PersistSecurityInfo,
        CopyFiles,
    }

    /// <summary>
    /// Path of the data file, or <c>:memory:</c> for a database in memory that belongs to the data source or, without one, to the
    /// connection; <c>:memory:name</c> is shared by name within the process. Empty by default, which can't be opened.
    /// </summary>
    public string DataSource
    {
        get => Get(Key.DataSource, "");
        set => Set(Key.DataSource, value);
    }

    /// <summary>How the database is opened. Default <see cref="BareMetalOpenMode.ReadWriteCreate"/>.</summary>
    public BareMetalOpenMode Mode
    {
        get => Get(Key.Mode, BareMetalOpenMode.ReadWriteCreate);
        set => Set(Key.Mode, value);
    }

    /// <summary>Whether transactions only read unless they say otherwise (the file itself may be open for writing). Default false.</summary>
    public bool ReadOnly
    {
        get => Get(Key.ReadOnly, false);
        set => Set(Key.ReadOnly, value);
    }

    /// <summary>What a commit waits for. Default <see cref="Storage.Durability.Full"/>: durable before it is acknowledged.</summary>
    public Durability Durability
    {
        get => Get(Key.Durability, Durability.Full);
        set => Set(Key.Durability, value);
    }

    /// <summary>Bytes of memory for pages. Default 256 MiB. The first to open the database in a process decides.</summary>
    public long CacheSize
    {
        get => Get(Key.CacheSize, 256L << 20);
        set => Set(Key.CacheSize, value);
    }

    /// <summary>Bytes per page of a database that is made: 4096 to 65536, a power of two. Default 8192. An existing database keeps its own.</summary>
    public int PageSize
    {
        get => Get(Key.PageSize, 8192);
        set => Set(Key.PageSize, value);
    }

    /// <summary>Bytes that the log may take before writers are refused (SQLSTATE 53100). Default 4 GiB.</summary>
    public long MaxLogSize
    {
        get => Get(Key.MaxLogSize, 4L << 30);
        set => Set(Key.MaxLogSize, value);
    }

    /// <summary>
    /// Bytes of old page versions that are kept for long-running readers. Beyond it the oldest snapshots are given up: who reads at one gets
    /// SQLSTATE 72000. Default 4 GiB. The first to open the database in a process decides.
    /// </summary>
    public long MaxVersionSize
    {
        get => Get(Key.MaxVersionSize, 4L << 30);
        set => Set(Key.MaxVersionSize, value);
    }

    /// <summary>
    /// Bytes of log after which a checkpoint is started in the background: more make checkpoints rarer and a start after a crash longer. Default
    /// 64 MiB. The first to open the database in a process decides.
    /// </summary>
    public long CheckpointSize
    {
        get => Get(Key.CheckpointSize, 64L << 20);
        set => Set(Key.CheckpointSize, value);
    }

    /// <summary>
    /// The most bytes per second that a checkpoint writes while commits go on. Default 0: no fixed limit, but half of the storage's time is left to
    /// commits. The first to open the database in a process decides.
    /// </summary>
    public long CheckpointRate
    {
        get => Get(Key.CheckpointRate, 0L);
        set => Set(Key.CheckpointRate, value);
    }

    /// <summary>
    /// The percentage of a table's rows that must have changed (and 5,000 rows besides) before its statistics are collected anew in the background.
    /// Default 10; 0: only ANALYZE collects. The first to open the database in a process decides.
    /// </summary>
    public int AnalyzeThreshold
    {
        get => Get(Key.AnalyzeThreshold, 10);
        set => Set(Key.AnalyzeThreshold, value);
    }

    /// <summary>Bytes that a statement may hold for sorting, hashing and the like before it spills. Default 64 MiB.</summary>
    public long WorkMemory
    {
        get => Get(Key.WorkMemory, 64L << 20);
        set => Set(Key.WorkMemory, value);
    }

    /// <summary>
    /// Threads that a statement may use when processors are free: large scans that feed an aggregate are divided among them. Default 0: as many as
    /// there are processors; 1 uses none but the caller's.
    /// </summary>
    public int MaxParallelism
    {
        get => Get(Key.MaxParallelism, 0);
        set => Set(Key.MaxParallelism, value);
    }

    /// <summary>
    /// Rows after which a scan that no index serves is reported (<see cref="BareMetalConnection.FullScan"/>, the data source's logger, EF Core's). Default 100,000; 0 reports none.
    /// </summary>
    public long FullScanRows
    {
        get => Get(Key.FullScanRows, 100_000L);
        set => Set(Key.FullScanRows, value);
    }

    /// <summary>
    /// Whether COPY may read and write files of this machine. Default false: a text that reaches the database by mistake then reaches no file. Streams that the
    /// program gives (<see cref="BareMetalConnection.BeginTextImport(string)"/> and its kin) need no permission.
    /// </summary>
    public bool CopyFiles
    {
        get => Get(Key.CopyFiles, false);
        set => Set(Key.CopyFiles, value);
    }

    /// <summary>Seconds that a command may run, for commands that do not say. Default 30; 0 is no limit.</summary>
    public int CommandTimeout
    {
        get => Get(Key.CommandTimeout, 30);
        set => Set(Key.CommandTimeout, value);
    }

    /// <summary>Seconds that a row or table lock, and another process's hold on the file, is waited for. Default 30; 0 is no limit.</summary>
    public int LockTimeout
    {
        get => Get(Key.LockTimeout, 30);
        set => Set(Key.LockTimeout, value);
    }

    /// <summary>The level of transactions that name none, statements outside transactions included. Default <see cref="IsolationLevel.ReadCommitted"/>.</summary>
    public IsolationLevel IsolationLevel
    {
        get => Get(Key.IsolationLevel, IsolationLevel.ReadCommitted);
        set => Set(Key.IsolationLevel, value);
    }

    /// <summary>Whether closed connections keep their session, and the engine stays open, for the next. Default true.</summary>
    public bool Pooling
    {
        get => Get(Key.Pooling, true);
        set => Set(Key.Pooling, value);
    }

    /// <summary>Idle sessions that are kept at most. Default 100. It does not limit open connections.</summary>
    public int MaxPoolSize
    {
        get => Get(Key.MaxPoolSize, 100);
        set => Set(Key.MaxPoolSize, value);
    }

    /// <summary>Whether a connection opened inside a <see cref="System.Transactions.TransactionScope"/> takes part in it. Default true.</summary>
    public bool Enlist
    {
        get => Get(Key.Enlist, true);
        set => Set(Key.Enlist, value);
    }

    /// <summary>
    /// Passphrase of an encrypted database; a database that is made now is encrypted with it. Empty by default: not encrypted. It is left out of what
    /// <see cref="BareMetalConnection.ConnectionString"/> and <see cref="BareMetalDataSource.ConnectionString"/> say unless
    /// <see cref="PersistSecurityInfo"/> is set.
    /// </summary>
    public string Password
    {
        get => Get(Key.Password, "");
        set => Set(Key.Password, value);
    }

    /// <summary>In place of a passphrase the key itself: 32 bytes, as 64 hexadecimal digits or in Base64. Empty by default. Left out likewise.</summary>
    public string EncryptionKey
    {
        get => Get(Key.EncryptionKey, "");
        set => Set(Key.EncryptionKey, value);
    }

    /// <summary>
    /// Paths of folders on other devices, separated by <c>|</c>, that hold the database too: everything is written to the data file's folder
    /// and to these. Empty by default.
    /// </summary>
    public string MirrorPaths
    {
        get => Get(Key.MirrorPaths, "");
        set => Set(Key.MirrorPaths, value);
    }

    /// <summary>
    /// Whether a mirrored database is opened although a folder is missing that was current when the others last knew. Default false: give true only
    /// when that folder is gone for good.
    /// </summary>
    public bool MirrorDegraded
    {
        get => Get(Key.MirrorDegraded, false);
        set => Set(Key.MirrorDegraded, value);
    }

    /// <summary>Whether folders of a mirrored database that are out of date or empty are rebuilt in the background after it is opened. Default true.</summary>
    public bool MirrorRebuild
    {
        get => Get(Key.MirrorRebuild, true);
        set => Set(Key.MirrorRebuild, value);
    }

    /// <summary>Whether the passphrase or key can be read back from a connection that was opened. Default false.</summary>
    public bool PersistSecurityInfo
    {
        get => Get(Key.PersistSecurityInfo, false);
        set => Set(Key.PersistSecurityInfo, value);
    }

    /// <inheritdoc/>
    public override bool IsFixedSize => true;

    /// <inheritdoc/>
    public override System.Collections.ICollection Keys => (string[])s_keys.Clone();

    /// <inheritdoc/>
    public override System.Collections.ICollection Values
    {
        get
        {
            object?[] values = new object?[KeyCount];
            for (int i = 0; i < values.Length; i++)
                values[i] = GetBoxed((Key)i);
            return values;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The key is not known or the value is not valid.</exception>
    [AllowNull]
    public override object this[string keyword]
    {
        get => GetBoxed(Find(keyword));
        set
        {
            Key key = Find(keyword);
            if (value is null)
                Reset(key);
            else
                Set(key, value);
        }
    }

    /// <inheritdoc/>
    public override void Clear()
    {
        base.Clear();
        Array.Clear(_values);
    }

    /// <inheritdoc/>
    public override bool ContainsKey(string keyword) => s_names.ContainsKey(keyword);

    /// <inheritdoc/>
    public override bool ShouldSerialize(string keyword) => s_names.TryGetValue(keyword, out Key key) && _values[(int)key] is not null;

    /// <inheritdoc/>
    public override bool Remove(string keyword) => s_names.TryGetValue(keyword, out Key key) && Reset(key);

    /// <inheritdoc/>
    public override bool TryGetValue(string keyword, [NotNullWhen(true)] out object? value)
    {
        bool found = s_names.TryGetValue(keyword, out Key key);
        value = found ? GetBoxed(key) : null;
        return found;
    }

    private static Dictionary<string, Key> MakeNames()
    {
        Dictionary<string, Key> names = new(StringComparer.OrdinalIgnoreCase);
        for (int i = 0; i < s_keys.Length; i++)
        {
            names[s_keys[i]] = (Key)i;
            names[s_keys[i].Replace(" ", "", StringComparison.Ordinal)] = (Key)i;
        }

        names["Filename"] = Key.DataSource;
        names["File Name"] = Key.DataSource;
        names["Default Command Timeout"] = Key.CommandTimeout;
        names["Maximum Pool Size"] = Key.MaxPoolSize;
        names["Pwd"] = Key.Password;
        return names;
    }

    private static Key Find(string keyword)
    {
        ArgumentNullException.ThrowIfNull(keyword);
        if (s_names.TryGetValue(keyword, out Key key))
            return key;
        string nearest = s_keys[0];
        int best = int.MaxValue;
        foreach (string candidate in s_keys)
        {
            int distance = Distance(keyword.ToUpperInvariant(), candidate.ToUpperInvariant());
            if (distance < best)
                (best, nearest) = (distance, candidate);
        }

        string hint = best <= Math.Max(2, keyword.Length / 2) ? $" Did you mean '{nearest}'?" : "";
        throw new ArgumentException($"The connection string key '{keyword}' is not known.{hint} Known keys: {string.Join(", ", s_keys)}.", nameof(keyword));
    }

    /// <summary>Edits between two words (Levenshtein).</summary>
    private static int Distance(string a, string b)
    {
        int[] row = new int[b.Length + 1];
        for (int j = 0; j <= b.Length; j++)
            row[j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int above = row[j];
                row[j] = Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[b.Length];
    }

    private static object Parse(Key key, object value)
    {
        string name = s_keys[(int)key];
        switch (key)
        {
            case Key.DataSource or Key.Password or Key.MirrorPaths:
                return Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
            case Key.Mode:
                return ParseEnum<BareMetalOpenMode>(name, value);
            case Key.Durability:
                return ParseEnum<Durability>(name, value);
            case Key.IsolationLevel:
                IsolationLevel level = ParseEnum<IsolationLevel>(name, value);
                return level is IsolationLevel.Chaos or IsolationLevel.Unspecified
                    ? throw Invalid(name, value, "ReadUncommitted, ReadCommitted, RepeatableRead, Snapshot or Serializable")
                    : level;
            case Key.EncryptionKey:
                string text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
                return text.Length == 0 || ConnectionSettings.TryParseKey(text, out _)
                    ? text
                    : throw new ArgumentException($"The value of the connection string key '{name}' is not a key of 32 bytes: 64 hexadecimal digits, or Base64.");
            case Key.ReadOnly or Key.Pooling or Key.Enlist or Key.MirrorDegraded or Key.MirrorRebuild or Key.PersistSecurityInfo or Key.CopyFiles:
                return ParseBool(name, value);
            case Key.CacheSize:
                return ParseSize(name, value, 1 << 20, long.MaxValue);
            case Key.MaxLogSize:
                return ParseSize(name, value, 8 << 20, long.MaxValue);
            case Key.MaxVersionSize:
                return ParseSize(name, value, 64 << 10, long.MaxValue);
            case Key.CheckpointSize:
                return ParseSize(name, value, 1 << 20, long.MaxValue / 4);
            case Key.CheckpointRate:
                return ParseSize(name, value, 0, long.MaxValue);
            case Key.WorkMemory:
                return ParseSize(name, value, 64 << 10, long.MaxValue);
            case Key.MaxParallelism:
                return (int)ParseSize(name, value, 0, 1024);
            case Key.FullScanRows:
                return ParseSize(name, value, 0, long.MaxValue);
            case Key.PageSize:
                long size = ParseSize(name, value, 4096, 65536);
                return (size & (size - 1)) == 0 ? (int)size : throw Invalid(name, value, "4096, 8192, 16384, 32768 or 65536");
            default:
                long number = ParseSize(name, value, 0, int.MaxValue);
                return (int)number;
        }
    }

    private static T ParseEnum<T>(string name, object value)
        where T : struct, Enum
    {
        if (value is T given && Enum.IsDefined(given))
            return given;
        string text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        if (text.Length > 0 && char.IsLetter(text[0])
            && Enum.TryParse(text.Replace(" ", "", StringComparison.Ordinal), ignoreCase: true, out T parsed) && Enum.IsDefined(parsed))
            return parsed;
        throw Invalid(name, value, string.Join(", ", Enum.GetNames<T>()));
    }

    private static object ParseBool(string name, object value)
    {
        if (value is bool given)
            return given;
        string text = (Convert.ToString(value, CultureInfo.InvariantCulture) ?? "").Trim();
        return text.ToUpperInvariant() switch
        {
            "TRUE" or "YES" or "ON" or "1" => true,
            "FALSE" or "NO" or "OFF" or "0" => false,
            _ => throw Invalid(name, value, "true or false"),
        };
    }

    private static long ParseSize(string name, object value, long min, long max)
    {
        string text = (Convert.ToString(value, CultureInfo.InvariantCulture) ?? "").Trim();
        int digits = 0;
        while (digits < text.Length && (char.IsAsciiDigit(text[digits]) || (digits == 0 && text[0] == '-')))
            digits++;
        int shift = text[digits..].Trim().ToUpperInvariant() switch
        {
            "" or "B" => 0,
            "K" or "KB" or "KIB" => 10,
            "M" or "MB" or "MIB" => 20,
            "G" or "GB" or "GIB" => 30,
            "T" or "TB" or "TIB" => 40,
            _ => -1,
        };
        if (shift < 0 || !long.TryParse(text[..digits], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
            || number < 0 || number > long.MaxValue >> shift)
            throw Invalid(name, value, "a number, for sizes with an optional unit KB, MB or GB");
        number <<= shift;
        return number >= min && number <= max
            ? number
            : throw Invalid(name, value, max == long.MaxValue ? $"at least {min}" : $"{min} to {max}");
    }

    private static ArgumentException Invalid(string name, object value, string expected)
        => new($"'{value}' is not a value for the connection string key '{name}'. Expected: {expected}.");

    private object GetBoxed(Key key) => key switch
    {
        Key.DataSource => DataSource,
        Key.Mode => Mode,
        Key.ReadOnly => ReadOnly,
        Key.Durability => Durability,
        Key.CacheSize => CacheSize,
        Key.PageSize => PageSize,
        Key.MaxLogSize => MaxLogSize,
        Key.MaxVersionSize => MaxVersionSize,
        Key.CheckpointSize => CheckpointSize,
        Key.CheckpointRate => CheckpointRate,
        Key.AnalyzeThreshold => AnalyzeThreshold,
        Key.WorkMemory => WorkMemory,
        Key.MaxParallelism => MaxParallelism,
        Key.FullScanRows => FullScanRows,
        Key.CommandTimeout => CommandTimeout,
        Key.LockTimeout => LockTimeout,
        Key.IsolationLevel => IsolationLevel,
        Key.Pooling => Pooling,
        Key.MaxPoolSize => MaxPoolSize,
        Key.Enlist => Enlist,
        Key.Password => Password,
        Key.EncryptionKey => EncryptionKey,
        Key.MirrorPaths => MirrorPaths,
        Key.MirrorDegraded => MirrorDegraded,
        Key.MirrorRebuild => MirrorRebuild,
        Key.PersistSecurityInfo => PersistSecurityInfo,
        _ => CopyFiles,
    };

    private T Get<T>(Key key, T fallback) => _values[(int)key] is T value ? value : fallback;

    private void Set(Key key, object value)
    {
        ArgumentNullException.ThrowIfNull(value);
        object parsed = Parse(key, value);
        _values[(int)key] = parsed;
        base[s_keys[(int)key]] = Convert.ToString(parsed, CultureInfo.InvariantCulture);
    }

    private bool Reset(Key key)
    {
        bool had = _values[(int)key] is not null;
        _values[(int)key] = null;
        base.Remove(s_keys[(int)key]);
        return had;
    }
}
