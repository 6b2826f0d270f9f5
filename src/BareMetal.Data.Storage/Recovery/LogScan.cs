using BareMetal.Data.Storage.Log;

namespace BareMetal.Data.Storage.Recovery;

/// <summary>The first pass over the log: which transactions have their final record, and how the log ends.</summary>
internal sealed class LogScan
{
    /// <summary>Ids of chunked transactions that committed after the checkpoint.</summary>
    public HashSet<ulong> Committed { get; } = [];

    /// <summary>The last LSN seen, or the checkpoint's.</summary>
    public Lsn LastLsn { get; private set; }

    /// <summary>Whether anything is there that the checkpoint does not hold.</summary>
    public bool HasSurvivors { get; private set; }

    /// <summary>Whether the last record says that the database was closed cleanly.</summary>
    public bool EndsClean { get; private set; }

    /// <summary>Groups read.</summary>
    public long Groups { get; private set; }

    /// <summary>The last group.</summary>
    public LogPoint LastPoint { get; private set; }

    /// <summary>Reads the chain from where the reader was opened to its end, and verifies the end.</summary>
    public static LogScan Run(LogReader reader, Lsn checkpoint)
    {
        LogScan scan = new() { LastLsn = checkpoint };
        while (reader.NextGroup())
        {
            scan.Groups++;
            scan.LastPoint = reader.Point;
            LogRecords records = new(reader.Records);
            while (records.Next())
                scan.Take(records.Kind, records.Payload, checkpoint);
        }

        reader.VerifyEnd();
        return scan;
    }

    private void Take(LogRecordKind kind, ReadOnlySpan<byte> payload, Lsn checkpoint)
    {
        EndsClean = kind == LogRecordKind.CleanClose;
        Lsn lsn;
        switch (kind)
        {
            case LogRecordKind.Commit:
                LogCommit commit = LogCommit.Read(payload);
                lsn = commit.Lsn;
                if (commit.Transaction != 0 && lsn > checkpoint)
                    Committed.Add(commit.Transaction);
                break;
            case LogRecordKind.SequenceMark:
                lsn = LogSequenceMark.Read(payload).Lsn;
                break;
            case LogRecordKind.Chunk or LogRecordKind.Bulk or LogRecordKind.Begin or LogRecordKind.CleanClose:
                return;
            default:
                throw new StorageException(
                    StorageErrorCode.NewerFormat, $"The log holds a record of kind {(int)kind}, which this engine does not know. Open the database with a newer release.");
        }

        if (lsn > checkpoint)
            HasSurvivors = true;
        if (lsn > LastLsn)
            LastLsn = lsn;
    }
}
