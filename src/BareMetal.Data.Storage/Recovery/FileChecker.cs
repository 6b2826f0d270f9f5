using BareMetal.Data.Storage.Checkpoints;
using BareMetal.Data.Storage.Log;
using BareMetal.Data.Storage.Pages;
using BareMetal.Data.Storage.Trees;

namespace BareMetal.Data.Storage.Recovery;

/// <summary>
/// Checks the files themselves, past the page pool: both copies of the header, every page that the data file's allocation maps say is in
/// use (a page that is in memory is otherwise never looked at on storage), and the log's chain. Works beside a running engine and
/// on files that no engine can open.
/// </summary>
internal static class FileChecker
{
    /// <summary>Checks the files of a database that is not open.</summary>
    /// <param name="provider">Where it is; the caller holds the owner lock.</param>
    /// <param name="name">The data file's name.</param>
    /// <param name="report">Told of each problem.</param>
    /// <param name="cancellation">Ends the check.</param>
    public static void CheckClosed(IStorageProvider provider, string name, Action<IntegrityProblem> report, CancellationToken cancellation)
    {
        DatabaseFiles files = new(name);
        DataFile data;
        try
        {
            using IStorageFile file = provider.Open(name, StorageFileMode.Open, readOnly: true);
            CheckHeaders(file, report);
            data = DataFile.Open(provider, name, StorageEnvironment.Default, readOnly: true);
        }
        catch (StorageException e)
        {
            report(new IntegrityProblem(PageId.None, default, e.Message) { Kind = IntegrityProblemKind.Header, File = name });
            return;
        }

        using (data)
        {
            CheckPages(data, name, () => ulong.MaxValue, report, cancellation);
            CheckLog(provider, files, data, null, report, cancellation);
        }
    }

    /// <summary>Checks the files of an open database.</summary>
    public static void CheckOpen(Database database, Action<IntegrityProblem> report, CancellationToken cancellation)
    {
        string name = database.Files.Data;
        try
        {
            using IStorageFile file = database.Provider.Open(name, StorageFileMode.Open, readOnly: true);
            CheckHeaders(file, report);
        }
        catch (StorageException e)
        {
            report(new IntegrityProblem(PageId.None, default, e.Message) { Kind = IntegrityProblemKind.Header, File = name });
        }

        CheckPages(database.Data, name, () => database.Store.BuiltLsn.Value, report, cancellation);

        // While no checkpoint ends no extent of the log is used again.
        database.Checkpoints.RunPaused(() =>
            CheckLog(database.Provider, database.Files, database.Data, database.Log.DurablePoint, report, cancellation));
    }

    private static void CheckHeaders(IStorageFile file, Action<IntegrityProblem> report)
    {
        byte[] block = new byte[DatabaseHeader.BlockSize];
        for (int copy = 0; copy < 2; copy++)
        {
            int count = file.Read((long)copy * DatabaseHeader.BlockSize, block);
            HeaderState state = DatabaseHeader.Read(block.AsSpan(0, count), out _, out _);
            bool unused = block.AsSpan(0, count).IndexOfAnyExcept((byte)0) < 0; // a new database has written one copy only
            if (state != HeaderState.Valid && !unused)
            {
                report(new IntegrityProblem(PageId.None, default, $"copy {copy} of the header is damaged; the other one counts, and the next but one checkpoint writes it anew")
                {
                    Kind = IntegrityProblemKind.Header, File = file.Name,
                });
            }
        }
    }

    private static unsafe void CheckPages(DataFile data, string name, Func<ulong> built, Action<IntegrityProblem> report, CancellationToken cancellation)
    {
        int size = data.PageSize;
        if (data.Header.CheckpointLsn == Lsn.Zero)
            return; // no checkpoint yet: its pages are in the log
        byte[] map = new byte[size];
        byte[] page = new byte[size];
        ulong perMap = (ulong)PageFormat.PagesPerMap(size);
        for (ulong first = PageFormat.FirstMapPage(size); first < data.Header.PageCount; first += perMap)
        {
            if (!TryRead(first, map))
                continue;
            for (ulong i = 1; i < perMap && first + i < data.Header.PageCount; i++)
            {
                if ((i & 255) == 0)
                    cancellation.ThrowIfCancellationRequested();
                bool used;
                fixed (byte* m = map)
                    used = PageAllocator.GetBit(m, i);
                if (used)
                    TryRead(first + i, page);
            }
        }

        bool TryRead(ulong id, byte[] buffer)
        {
            try
            {
                bool applying = data.IsApplying;
                data.Read(new PageId(id), buffer);
                fixed (byte* p = buffer)
                {
                    ulong lsn = PageFormat.Lsn(p);
                    ulong limit = applying || data.IsApplying ? built() : data.Header.CheckpointLsn.Value;
                    if (lsn > limit)
                        Report(id, $"its LSN {new Lsn(lsn)} is after {new Lsn(limit)}, the checkpoint's");
                    if (PageFormat.Id(p) != id)
                        Report(id, $"it carries the id {PageFormat.Id(p)}");
                }

                return true;
            }
            catch (StorageException e)
            {
                if (id >= data.Header.PageCount)
                    return false; // the file was cut meanwhile, after a vacuum
                Report(id, e.Message);
                return false;
            }
        }

        void Report(ulong id, string message) =>
            report(new IntegrityProblem(new PageId(id), default, message) { Kind = IntegrityProblemKind.Page, File = name });
    }

    private static void CheckLog(
        IStorageProvider provider, DatabaseFiles files, DataFile data, LogPoint? durable, Action<IntegrityProblem> report, CancellationToken cancellation)
    {
        try
        {
            DatabaseHeader header = data.Header;
            using LogReader reader = new(provider, files, header.DatabaseId, header.TimelineId) { Cipher = data.Cipher };
            reader.Open(header.LogStart);
            while (reader.NextGroup())
            {
                cancellation.ThrowIfCancellationRequested();
                LogRecords records = new(reader.Records);
                while (records.Next())
                {
                }
            }

            if (durable is not { } point)
            {
                reader.VerifyEnd();
            }
            else if (reader.End.CompareTo(point.Position) <= 0)
            {
                report(new IntegrityProblem(PageId.None, default, $"the log is damaged at {reader.End}: its chain breaks there, but everything up to the group at {point.Position} was made durable")
                {
                    Kind = IntegrityProblemKind.Log, File = files.Extent(reader.End.Extent),
                });
            }
        }
        catch (StorageException e)
        {
            report(new IntegrityProblem(PageId.None, default, e.Message) { Kind = IntegrityProblemKind.Log, File = e.File });
        }
    }
}
