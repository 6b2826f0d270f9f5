using BareMetal.Data.Storage;

namespace BareMetal.Data;

/// <summary>Makes a <see cref="BareMetalDataSource"/> with what a connection string can't say: a logger, a storage substrate.</summary>
public sealed class BareMetalDataSourceBuilder
{
    private Action<BareMetalLogMessage>? _logger;
    private IStorageProvider? _substrate;
    private LogArchiveOptions? _archive;
    private BareMetalFunctions? _functions;

    /// <summary>Begins with a connection string.</summary>
    /// <param name="connectionString">The text; null for an empty one.</param>
    /// <exception cref="ArgumentException">A key is not known or a value is not valid.</exception>
    public BareMetalDataSourceBuilder(string? connectionString = null)
        => ConnectionStringBuilder = new BareMetalConnectionStringBuilder(connectionString);

    /// <summary>The settings of the connection string, to be read and changed.</summary>
    public BareMetalConnectionStringBuilder ConnectionStringBuilder { get; }

    /// <summary>Sends messages about the engine to a logger. It may be called from any thread and must not throw.</summary>
    public BareMetalDataSourceBuilder UseLogger(Action<BareMetalLogMessage> logger)
    {
        ArgumentNullException.ThrowIfNull(logger);
        _logger = logger;
        return this;
    }

    /// <summary>Sets the memory for pages.</summary>
    /// <param name="bytes">Bytes; at least 1 MiB.</param>
    public BareMetalDataSourceBuilder UseCacheSize(long bytes)
    {
        ConnectionStringBuilder.CacheSize = bytes;
        return this;
    }

    /// <summary>Lets COPY read and write files of this machine; see <see cref="BareMetalConnectionStringBuilder.CopyFiles"/>.</summary>
    /// <param name="allow">Whether it may.</param>
    public BareMetalDataSourceBuilder UseCopyFiles(bool allow = true)
    {
        ConnectionStringBuilder.CopyFiles = allow;
        return this;
    }

    /// <summary>Keeps the database in this storage instead of local files; <c>Data Source</c> names the data file within it.</summary>
    public BareMetalDataSourceBuilder UseSubstrate(IStorageProvider substrate)
    {
        ArgumentNullException.ThrowIfNull(substrate);
        _substrate = substrate;
        return this;
    }

    /// <summary>Lets SQL call functions written in C#.</summary>
    /// <param name="functions">The functions; they can't be changed once the data source is made.</param>
    public BareMetalDataSourceBuilder UseFunctions(BareMetalFunctions functions)
    {
        ArgumentNullException.ThrowIfNull(functions);
        _functions = functions;
        return this;
    }

    /// <summary>
    /// Archives the log while the database is open by this data source, so that any moment after a backup can be restored; see docs/backup.md.
    /// </summary>
    /// <param name="options">Where to and how.</param>
    public BareMetalDataSourceBuilder UseLogArchive(LogArchiveOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _archive = options;
        return this;
    }

    /// <summary>Makes the data source. Nothing is opened before the first connection is.</summary>
    public BareMetalDataSource Build() => new(ConnectionStringBuilder.ConnectionString, _substrate, _logger, isImplicit: false, _functions) { Archive = _archive };
}
