using System.Buffers.Binary;
using BareMetal.Data.Storage.Log;

namespace BareMetal.Data.Storage.Backup;

/// <summary>
/// Reads what was committed between two LSNs from the log of a database, which may be open: across the chains that crashes have begun, each of
/// which repeats what it took over. The caller holds the log by a fence.
/// </summary>
internal sealed class LogTail
{
    private readonly IStorageProvider _provider;
    private readonly DatabaseFiles _files;
    private readonly Guid _databaseId;
    private readonly Guid _timelineId;
    private readonly LogChunks _chunks;

    /// <summary>Reads the log of one timeline of a database.</summary>
    public LogTail(IStorageProvider provider, DatabaseFiles files, Guid databaseId, Guid timelineId)
    {
        _provider = provider;
        _files = files;
        _databaseId = databaseId;
        _timelineId = timelineId;
        _chunks = new LogChunks(OpenReader);
    }

    /// <summary>Decrypts the log; null when the database is not encrypted.</summary>
    public Encryption.DatabaseCipher? Cipher { get; init; }

    /// <summary>Reads.</summary>
    /// <param name="from">The group from which to read.</param>
    /// <param name="after">The last commit that is not to be read.</param>
    /// <param name="end">The last group to read; it is durable.</param>
    /// <param name="upTo">The last commit to read.</param>
    /// <param name="sink">Takes the records in the order of their LSNs.</param>
    /// <param name="cancellation">Ends reading between groups.</param>
    /// <exception cref="StorageException">The log is damaged or not there.</exception>
    public void Read(LogPoint from, Lsn after, LogPoint end, Lsn upTo, LogRecordSink sink, CancellationToken cancellation)
    {
        List<(LogPoint Start, Lsn After)> chains = FindChains(from.Position.Extent, end.Position.Extent);
        LogPoint start = from;
        for (int i = 0; ; i++)
        {
            if (i == chains.Count)
            {
                ReadChain(start, after, upTo, end, ulong.MaxValue, sink, cancellation);
                return;
            }

            // The next chain holds everything after its beginning, and what it holds is what recovery found. One that adds nothing
            // before that may have been given up by a recovery that crashed.
            Lsn limit = Min(chains[i].After, upTo);
            if (limit > after)
            {
                ReadChain(start, after, limit, null, chains[i].Start.Position.Extent, sink, cancellation);
                after = limit;
            }

            start = chains[i].Start;
        }
    }

    private LogReader OpenReader() => new(_provider, _files, _databaseId, _timelineId) { Cipher = Cipher };

    private static Lsn Min(Lsn a, Lsn b) => a < b ? a : b;

    private void ReadChain(
        LogPoint start, Lsn after, Lsn upTo, LogPoint? end, ulong before, LogRecordSink sink, CancellationToken cancellation)
    {
        _chunks.Clear();
        using LogReader reader = OpenReader();
        reader.Open(start);
        while (reader.NextGroup())
        {
            cancellation.ThrowIfCancellationRequested();
            LogRecords records = new(reader.Records);
            while (records.Next())
            {
                switch (records.Kind)
                {
                    case LogRecordKind.Commit:
                        LogCommit commit = LogCommit.Read(records.Payload);
                        if (commit.Lsn > after && commit.Lsn <= upTo)
                        {
                            _chunks.Read(commit, sink);
                            sink(LogRecordKind.Commit, records.Payload);
                        }
                        else
                        {
                            _chunks.Drop(commit);
                        }

                        break;
                    case LogRecordKind.SequenceMark:
                        LogSequenceMark mark = LogSequenceMark.Read(records.Payload);
                        if (mark.Lsn > after && mark.Lsn <= upTo)
                            sink(LogRecordKind.SequenceMark, records.Payload);
                        break;
                    case LogRecordKind.Chunk:
                        _chunks.Note(records.Payload, reader.Point);
                        break;
                    case LogRecordKind.Bulk:
                        // Pages that are not in the log would be missing from what is restored.
                        throw new StorageException(
                            StorageErrorCode.NewerFormat,
                            $"{_files.Data}: the log refers to bulk pages, which this engine does not back up. Take the backup with a newer release.") { File = _files.Data };
                }
            }

            if (reader.Point.Position == end?.Position)
                return;
        }

        if (end is { } missing)
        {
            throw new StorageException(
                StorageErrorCode.Corruption,
                $"{_files.Extent(reader.End.Extent)}: the log ends at {reader.End}, but the group at {missing.Position} was durable. " +
                "The storage lost what it had; take a full backup of what the database still has.") { File = _files.Extent(reader.End.Extent) };
        }

        reader.VerifyEnd(before);
    }

    /// <summary>The chains that begin after an extent, with the LSN after which each holds everything.</summary>
    private List<(LogPoint Start, Lsn After)> FindChains(ulong first, ulong last)
    {
        List<(LogPoint, Lsn)> chains = [];
        foreach (ulong number in _files.ListExtents(_provider))
        {
            if (number <= first || number > last)
                continue;
            LogExtentHeader header;
            using (IStorageFile file = _provider.Open(_files.Extent(number), StorageFileMode.Open, readOnly: true))
            {
                if (!LogReader.TryReadHeader(file, out header) || header.Number != number || header.Previous != 0 ||
                    header.DatabaseId != _databaseId || header.TimelineId != _timelineId)
                {
                    continue;
                }
            }

            LogPoint start = new(new LogPosition(number, LogFormat.ExtentHeaderSize), header.Epoch, 0);
            using LogReader reader = OpenReader();
            if (!reader.TryOpen(start))
                continue; // a recovery crashed before it was whole
            reader.NextGroup();
            LogRecords records = new(reader.Records);
            if (!records.Next() || records.Kind != LogRecordKind.Begin)
                throw Damaged($"the chain at {start.Position} does not say where it begins");
            chains.Add((start, new Lsn(BinaryPrimitives.ReadUInt64LittleEndian(records.Payload))));
        }

        return chains;
    }

    private StorageException Damaged(string what) =>
        new(StorageErrorCode.Corruption, $"{_files.Data}: the log contradicts itself: {what}.") { File = _files.Data };
}
