using BareMetal.Data.Sessions;
using BareMetal.Data.Storage;

namespace BareMetal.Data;

/// <summary>Backups of the open database and the archive of its log.</summary>
public sealed partial class BareMetalDataSource
{
    internal LogArchiveOptions? Archive { get; init; }

    /// <summary>Takes a backup into a local folder while readers and writers go on.</summary>
    /// <param name="folder">The folder; made when it is missing. Backups of several databases may lie in one.</param>
    /// <param name="incremental">Whether only what changed since the newest backup there is written.</param>
    /// <param name="cancellationToken">Ends the backup; nothing is left then that would be taken for one.</param>
    /// <exception cref="BareMetalException">
    /// 58P01: there is no backup to build on; 53100: the folder's storage is full; 55000: the backup held more log than it may; 55006: another
    /// backup is being taken; 3D000: the database does not exist.
    /// </exception>
    public Task<BackupInfo> BackupAsync(string folder, bool incremental = false, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return RunOnEngineAsync(
            engine => engine.Backup(new BackupOptions { Target = new LocalStorageProvider(folder), Incremental = incremental }, cancellationToken), cancellationToken);
    }

    /// <summary>Takes a backup to any storage while readers and writers go on.</summary>
    /// <param name="options">Where to and how.</param>
    /// <param name="cancellationToken">Ends the backup; nothing is left then that would be taken for one.</param>
    /// <exception cref="BareMetalException">As with the other overload.</exception>
    public Task<BackupInfo> BackupAsync(BackupOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return RunOnEngineAsync(engine => engine.Backup(options, cancellationToken), cancellationToken);
    }

    /// <summary>Archives everything that is committed by now, see <see cref="BareMetalDataSourceBuilder.UseLogArchive"/>.</summary>
    /// <param name="cancellationToken">Ends the attempt; the next one archives what is missing.</param>
    /// <returns>How far the archive is.</returns>
    /// <exception cref="BareMetalException">It failed; the log is held for the next attempt.</exception>
    /// <exception cref="InvalidOperationException">The log is not being archived.</exception>
    public Task<LogArchiveStatus> ArchiveLogAsync(CancellationToken cancellationToken = default) =>
        RunOnEngineAsync(engine => engine.ArchiveLog(cancellationToken), cancellationToken);

    private Task<T> RunOnEngineAsync<T>(Func<StorageEngine, T> work, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!DatabaseExists())
            throw new BareMetalException(SqlStates.DatabaseDoesNotExist, $"The database '{Settings.DataSource}' does not exist.");

        // Long and full of waits for storage: a thread of its own.
        return Task.Factory.StartNew(
            () =>
            {
                Session session = Rent(out int generation, cancellationToken);
                try
                {
                    return work(session.Database.Engine);
                }
                catch (StorageException e)
                {
                    throw Sessions.StorageErrors.Map(e);
                }
                finally
                {
                    Return(session, generation);
                }
            },
            cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>The engine was opened: reports dropped holders of the log and archives it when that was asked for.</summary>
    private void StartArchive(Database database)
    {
        database.Engine.LogHolderDropped += OnLogHolderDropped;
        if (Archive is null || database.Engine.LogArchive is not null || database.Options.ReadOnly)
            return;
        try
        {
            database.Engine.StartLogArchive(Archive);
        }
        catch (StorageException e)
        {
            _database = null;
            database.Engine.LogHolderDropped -= OnLogHolderDropped;
            database.Release();
            throw Sessions.StorageErrors.Map(e);
        }
    }

    private void OnLogHolderDropped(object? sender, LogHolderDroppedEventArgs e) => Log(
        BareMetalLogLevel.Warning, "BareMetal.Data.Engine", $"The log of '{Settings.DataSource}' is no longer held for '{e.Holder.Name}': {e.Holder.DroppedBecause}");
}
