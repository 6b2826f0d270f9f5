using System.Globalization;

namespace BareMetal.Data.Storage.Backup;

/// <summary>The pieces of the log that are there for a timeline, and which of them lead from one LSN to a goal.</summary>
internal sealed class LogCoverage
{
    private readonly List<(IStorageProvider Provider, LogSegmentInfo Info)> _segments = [];
    private readonly HashSet<ulong> _archived = [];
    private readonly Guid _databaseId;
    private readonly Guid _timelineId;

    public LogCoverage(Guid databaseId, Guid timelineId)
    {
        _databaseId = databaseId;
        _timelineId = timelineId;
    }

    /// <summary>All pieces.</summary>
    public IReadOnlyList<(IStorageProvider Provider, LogSegmentInfo Info)> Segments => _segments;

    /// <summary>Adds the log of a backup.</summary>
    public void Add(IStorageProvider provider, BackupInfo backup)
    {
        using LogSegmentReader reader = LogSegmentReader.Open(provider, backup.LogName);
        if (reader.Info.FileId != backup.LogFileId)
            throw new StorageException(StorageErrorCode.Corruption, $"{backup.LogName}: the log is not that of this backup.") { File = backup.LogName };
        Add(provider, reader.Info);
    }

    /// <summary>Adds what is archived under a name.</summary>
    public void AddArchive(IStorageProvider provider, string set)
    {
        string prefix = LogArchive.PrefixOf(set, _timelineId);
        foreach (string name in provider.List())
        {
            if (name.Length != prefix.Length + 16 || !name.StartsWith(prefix, StringComparison.Ordinal) ||
                !ulong.TryParse(name.AsSpan(prefix.Length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong from))
            {
                continue;
            }

            using LogSegmentReader reader = LogSegmentReader.Open(provider, name);
            if (reader.Info.From.Value != from)
                throw new StorageException(StorageErrorCode.Corruption, $"{name}: the log segment begins after LSN {reader.Info.From}, not where its name says.") { File = name };
            Add(provider, reader.Info);
            _archived.Add(reader.Info.FileId);
        }
    }

    /// <summary>The pieces that lead from an LSN as far as a goal demands, in order.</summary>
    /// <param name="from">What is there already.</param>
    /// <param name="enough">Whether a piece that goes so far (LSN, time) reaches the goal; null takes all.</param>
    /// <param name="goal">The goal in words.</param>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.BackupMissing"/>: there is a gap before it.</exception>
    public List<(IStorageProvider Provider, LogSegmentInfo Info)> PathFrom(Lsn from, Func<LogSegmentInfo, bool>? enough, string goal)
    {
        List<(IStorageProvider, LogSegmentInfo)> path = [];
        Lsn at = from;
        while (true)
        {
            (IStorageProvider Provider, LogSegmentInfo Info) best = default;
            foreach ((IStorageProvider Provider, LogSegmentInfo Info) segment in _segments)
            {
                // A piece that adds no commit may still move the time on.
                bool adds = segment.Info.From <= at && (segment.Info.To > at || enough is not null && segment.Info.To == at && !path.Contains(segment));
                if (adds && (best.Info is null || Later(segment.Info, best.Info)))
                    best = segment;
            }

            if (best.Info is null)
                break;
            path.Add(best);
            at = best.Info.To > at ? best.Info.To : at;
            if (enough is not null && enough(best.Info))
                return path;
        }

        // A later backup does not show that something is lost: an archive may lag behind it.
        Lsn next = Lsn.Max;
        foreach ((_, LogSegmentInfo info) in _segments)
        {
            if (info.From > at && info.From < next && (enough is not null || _archived.Contains(info.FileId)))
                next = info.From;
        }

        if (next != Lsn.Max)
        {
            throw new StorageException(
                StorageErrorCode.BackupMissing,
                $"The log after LSN {at} up to {next} is missing: it is in no backup and no archived file that was given. Put the files back, " +
                $"or restore to LSN {at} at most.");
        }

        return enough is null
            ? path
            : throw new StorageException(
                StorageErrorCode.BackupMissing, $"The log ends at LSN {at}, before {goal}. Give the archive that goes on, or restore to LSN {at} at most.");
    }

    private static bool Later(LogSegmentInfo a, LogSegmentInfo b) => a.To > b.To || a.To == b.To && a.EndUtcTicks > b.EndUtcTicks;

    private void Add(IStorageProvider provider, LogSegmentInfo info)
    {
        if (info.DatabaseId != _databaseId)
        {
            throw new StorageException(
                StorageErrorCode.ForeignTimeline, $"{info.Name}: the log belongs to database {info.DatabaseId}, not {_databaseId}. Take it away.") { File = info.Name };
        }

        if (info.TimelineId != _timelineId)
        {
            throw new StorageException(
                StorageErrorCode.ForeignTimeline,
                $"{info.Name}: the log belongs to timeline {info.TimelineId}, the backup to {_timelineId}: the database was restored in between. Take it away.")
                { File = info.Name };
        }

        _segments.Add((provider, info));
    }
}
