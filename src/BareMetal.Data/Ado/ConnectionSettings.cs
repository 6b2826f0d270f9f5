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
            MaxVersionSize = builder.MaxVersionSize,
            OpenTimeout = lockTimeout,
        };
        Session = new SessionOptions
        {
            LockTimeout = lockTimeout,
            DefaultIsolation = ToMode(builder.IsolationLevel) ?? IsolationMode.ReadCommitted,
            ReadOnly = builder.ReadOnly || builder.Mode == BareMetalOpenMode.ReadOnly,
            WorkMemory = builder.WorkMemory,
            Durability = builder.Durability,
            Functions = functions?.Registry ?? Functions.FunctionRegistry.Default,
        };
    }

    public string ConnectionString { get; }

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
