using System.Data;
using System.Globalization;
using BareMetal.Data.Sessions;
using BareMetal.Data.Storage;

namespace BareMetal.Data;

/// <summary>What a connection string says, read once and shared.</summary>
internal sealed class ConnectionSettings
{
    private const string MemoryPrefix = ":memory:";

    private static long s_privateMemory;

    public ConnectionSettings(string connectionString, IStorageProvider? substrate, BareMetalFunctions? functions)
    {
        BareMetalConnectionStringBuilder builder = new(connectionString);
        ConnectionString = connectionString;
        PublicConnectionString = connectionString;
        if (!builder.PersistSecurityInfo && (builder.Password.Length > 0 || builder.EncryptionKey.Length > 0))
        {
            BareMetalConnectionStringBuilder told = new(connectionString);
            told.Remove("Password");
            told.Remove("Encryption Key");
            PublicConnectionString = told.ConnectionString;
        }

        DataSource = builder.DataSource;
        CommandTimeout = builder.CommandTimeout;
        LockTimeout = builder.LockTimeout;
        Pooling = builder.Pooling;
        MaxPoolSize = builder.MaxPoolSize;
        Enlist = builder.Enlist;
        IsolationLevel = builder.IsolationLevel;
        bool named = builder.DataSource.StartsWith(MemoryPrefix, StringComparison.OrdinalIgnoreCase);
        IsMemory = substrate is null && (named || builder.Mode == BareMetalOpenMode.Memory);
        string path = named ? builder.DataSource[MemoryPrefix.Length..] : builder.DataSource;
        IsPrivateMemory = IsMemory && path.Length == 0;
        if (IsPrivateMemory)
            path = "private " + Interlocked.Increment(ref s_privateMemory).ToString(CultureInfo.InvariantCulture);
        CanOpen = IsMemory || builder.DataSource.Length > 0;
        TimeSpan lockTimeout = builder.LockTimeout == 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(builder.LockTimeout);
        Database = new DatabaseOptions
        {
            Path = path,
            InMemory = IsMemory,
            Substrate = substrate,
            CreateIfMissing = IsMemory || builder.Mode == BareMetalOpenMode.ReadWriteCreate,
            ReadOnly = builder.Mode == BareMetalOpenMode.ReadOnly,
            PageSize = builder.PageSize,
            CacheSize = builder.CacheSize,
            MaxLogSize = builder.MaxLogSize,
            CheckpointSize = builder.CheckpointSize,
            CheckpointRate = builder.CheckpointRate,
            AnalyzeThreshold = builder.AnalyzeThreshold,
            MaxVersionSize = builder.MaxVersionSize,
            OpenTimeout = lockTimeout,
            Key = MakeKey(builder),
            MirrorPaths = MirrorPathsOf(builder, IsMemory || substrate is not null),
            MirrorDegraded = builder.MirrorDegraded,
            MirrorRebuild = builder.MirrorRebuild,
        };
        Session = new SessionOptions
        {
            LockTimeout = lockTimeout,
            DefaultIsolation = ToMode(builder.IsolationLevel) ?? IsolationMode.ReadCommitted,
            ReadOnly = builder.ReadOnly || builder.Mode == BareMetalOpenMode.ReadOnly,
            WorkMemory = builder.WorkMemory,
            MaxParallelism = builder.MaxParallelism,
            FullScanRows = builder.FullScanRows,
            CopyFiles = builder.CopyFiles,
            Durability = builder.Durability,
            Functions = functions?.Registry ?? Functions.FunctionRegistry.Default,
        };
    }

    public string ConnectionString { get; }

    /// <summary>The connection string without what is secret in it, unless it is to be kept.</summary>
    public string PublicConnectionString { get; }

    public string DataSource { get; }

    public int CommandTimeout { get; }

    public int LockTimeout { get; }

    public bool Pooling { get; }

    public int MaxPoolSize { get; }

    public bool Enlist { get; }

    public IsolationLevel IsolationLevel { get; }

    public bool IsMemory { get; }

    /// <summary>Whether it is a database in memory without a name, which belongs to whatever opened it.</summary>
    public bool IsPrivateMemory { get; }

    public bool CanOpen { get; }

    public DatabaseOptions Database { get; }

    public SessionOptions Session { get; }

    /// <summary>Reads a key of 32 bytes: hexadecimal digits or Base64.</summary>
    public static bool TryParseKey(string text, out byte[] key)
    {
        key = new byte[Storage.EncryptionKey.Size];
        text = text.Trim();
        if (text.Length == 2 * key.Length)
            return Convert.FromHexString(text, key, out _, out int written) == System.Buffers.OperationStatus.Done && written == key.Length;
        return Convert.TryFromBase64String(text, key, out int count) && count == key.Length;
    }

    private static EncryptionKey? MakeKey(BareMetalConnectionStringBuilder builder)
    {
        if (builder.EncryptionKey.Length == 0)
            return builder.Password.Length == 0 ? null : EncryptionKey.FromPassphrase(builder.Password);
        if (builder.Password.Length > 0)
            throw new ArgumentException("A connection string gives 'Password' or 'Encryption Key', not both.");
        TryParseKey(builder.EncryptionKey, out byte[] bytes);
        EncryptionKey key = EncryptionKey.FromBytes(bytes);
        System.Security.Cryptography.CryptographicOperations.ZeroMemory(bytes);
        return key;
    }

    private static string[] MirrorPathsOf(BareMetalConnectionStringBuilder builder, bool elsewhere)
    {
        string[] paths = builder.MirrorPaths.Split('|', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return paths.Length == 0 || !elsewhere
            ? paths
            : throw new ArgumentException("'Mirror Paths' mirrors a database in files; this one is in memory or on a substrate of its own.");
    }

    /// <summary>The engine's level of an ADO.NET level; null for Unspecified.</summary>
    public static IsolationMode? ToMode(IsolationLevel level) => level switch
    {
        IsolationLevel.Unspecified => null,
        IsolationLevel.ReadUncommitted or IsolationLevel.ReadCommitted => IsolationMode.ReadCommitted,
        IsolationLevel.RepeatableRead or IsolationLevel.Snapshot => IsolationMode.Snapshot,
        IsolationLevel.Serializable => IsolationMode.Serializable,
        _ => throw new ArgumentException($"The isolation level {level} does not exist here.", nameof(level)),
    };
}
