using System.Buffers.Binary;
using BareMetal.Data.Storage.Checkpoints;
using BareMetal.Data.Storage.Pages;

namespace BareMetal.Data.Storage.Backup;

/// <summary>Reads the pages of one backup and checks each: checksum, place, LSN.</summary>
internal static class BackupPages
{
    /// <summary>Takes a page.</summary>
    public delegate void PageSink(PageId page, ReadOnlySpan<byte> image);

    /// <summary>Gives every page of a backup.</summary>
    /// <exception cref="StorageException">A file is missing, damaged or of another backup.</exception>
    public static void ReadAll(IStorageProvider provider, BackupInfo backup, PageSink sink, CancellationToken cancellation)
    {
        byte[] page = new byte[backup.PageSize];
        ulong last = 0;
        long pages = 0;
        for (int i = 0; i < backup.PageFiles; i++)
        {
            string name = backup.PagesName(i);
            if (!provider.Exists(name))
            {
                throw new StorageException(
                    StorageErrorCode.BackupMissing, $"{name}: the file of backup {backup.Number} is missing in {provider.Location}. Put it back, or use another backup.")
                    { File = name };
            }

            DatabaseHeader expected = new()
            {
                DatabaseId = backup.DatabaseId,
                TimelineId = backup.TimelineId,
                PageSize = backup.PageSize,
                CheckpointLsn = backup.From,
            };
            using CheckpointFile file = CheckpointFile.TryOpen(provider, name, expected) ?? throw Damaged(name, "its header, its pages or its seal fail their checksums, or it was cut");
            if (file.Target.CheckpointLsn != backup.Cut || file.Target.Generation != backup.Tag || file.Target.WrittenUtcTicks != i)
                throw Damaged(name, "it belongs to another backup or another place in it");
            CheckPadding(provider, name, file, backup.PageSize);
            for (int j = 0; j < file.Pages.Count; j++)
            {
                cancellation.ThrowIfCancellationRequested();
                PageId id = file.Pages[j];
                file.Read(j, page);
                if (id.Value <= last || id.Value >= (ulong)backup.DatabasePages)
                    throw Damaged(name, $"page {id} follows page {last}", id);
                if (!PageChecksum.Verify(backup.DatabaseId, id, page, out uint wanted, out uint actual))
                    throw Damaged(name, $"page {id} has the checksum {actual:x8}, its content demands {wanted:x8}", id);
                Lsn lsn = new(BinaryPrimitives.ReadUInt64LittleEndian(page.AsSpan(PageFormat.LsnOffset)));
                if (lsn > backup.Cut || backup.From != Lsn.Zero && lsn <= backup.From)
                    throw Damaged(name, $"page {id} is of LSN {lsn}, outside {backup.From} to {backup.Cut}", id);
                sink(id, page);
                last = id.Value;
                pages++;
            }
        }

        if (pages != backup.Pages)
            throw Damaged(backup.Name, $"{pages} pages are there, {backup.Pages} were written");
    }

    /// <summary>What no checksum covers is zero, and nothing follows the seal: no bit of a backup goes unseen.</summary>
    private static void CheckPadding(IStorageProvider provider, string name, CheckpointFile file, int pageSize)
    {
        using IStorageFile bytes = provider.Open(name, StorageFileMode.Open, readOnly: true);
        byte[] header = new byte[CheckpointFile.HeaderSize];
        long length = CheckpointFile.HeaderSize + (file.Pages.Count * (pageSize + 8L)) + CheckpointFile.SealSize;
        if (bytes.ReadFull(0, header) < header.Length || header.AsSpan(CheckpointFile.HeaderUsed).ContainsAnyExcept((byte)0) || bytes.Length != length)
            throw Damaged(name, "it holds bytes that were never written");
    }

    private static StorageException Damaged(string name, string what, PageId page = default) =>
        new(StorageErrorCode.Corruption, $"{name}: the backup is damaged: {what}. Use another copy of the file, or another backup.") { File = name, Page = page };
}
