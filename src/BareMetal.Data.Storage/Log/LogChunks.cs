namespace BareMetal.Data.Storage.Log;

/// <summary>
/// The chunks of large commits while a log is read: they stand somewhere before their commit, among the records of others, and are read
/// again from their first one when the commit is there. What never commits is never read.
/// </summary>
/// <param name="openReader">Makes a reader of the same log.</param>
internal sealed class LogChunks(Func<LogReader> openReader)
{
    private readonly Dictionary<ulong, LogPoint> _first = [];

    /// <summary>Remembers where the chunks of a transaction begin.</summary>
    public void Note(ReadOnlySpan<byte> payload, LogPoint group) => _first.TryAdd(LogChunk.Read(payload).Transaction, group);

    /// <summary>Forgets everything: another chain begins.</summary>
    public void Clear() => _first.Clear();

    /// <summary>Forgets a transaction whose commit is not wanted.</summary>
    public void Drop(LogCommit commit) => _first.Remove(commit.Transaction);

    /// <summary>Gives the chunks of a commit, all of them and in order; none when it is whole in its own record.</summary>
    /// <exception cref="StorageException">Chunks are missing.</exception>
    public void Read(LogCommit commit, LogRecordSink sink)
    {
        if (commit.Transaction == 0)
            return;
        if (!_first.Remove(commit.Transaction, out LogPoint first))
            throw Damaged($"the chunks of commit {commit.Lsn} are missing");
        uint found = 0;
        using LogReader reader = openReader();
        reader.Open(first);
        while (found < commit.Chunks && reader.NextGroup())
        {
            LogRecords records = new(reader.Records);
            while (found < commit.Chunks && records.Next())
            {
                if (records.Kind != LogRecordKind.Chunk)
                    continue;
                LogChunk chunk = LogChunk.Read(records.Payload);
                if (chunk.Transaction != commit.Transaction)
                    continue;
                if (chunk.Index != found)
                    throw Damaged($"chunk {found} of commit {commit.Lsn} is missing");
                found++;
                sink(LogRecordKind.Chunk, records.Payload);
            }
        }

        if (found != commit.Chunks)
            throw Damaged($"commit {commit.Lsn} has {found} of {commit.Chunks} chunks");
    }

    private static StorageException Damaged(string what) =>
        new(StorageErrorCode.Corruption, $"The log contradicts itself: {what}. Restore the database from a backup.");
}
