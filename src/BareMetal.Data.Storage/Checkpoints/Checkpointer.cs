using BareMetal.Data.Storage.Commit;
using BareMetal.Data.Storage.Log;
using BareMetal.Data.Storage.Pages;

namespace BareMetal.Data.Storage.Checkpoints;

/// <summary>
/// Takes checkpoints: the pages changed since the last one go to the checkpoint file, that is sealed, then into the data file, then the
/// header moves, then the log is recycled. Writers wait only while the cut is made.
/// </summary>
internal sealed class Checkpointer
{
    private const long ShrinkStep = 32 << 20;

    private readonly IStorageProvider _provider;
    private readonly DatabaseFiles _files;
    private readonly StorageEnvironment _environment;
    private readonly DataFile _data;
    private readonly PageStore _store;
    private readonly CommitPipeline _pipeline;
    private readonly Lock _running = new();
    private readonly bool[] _named = new bool[2];

    public Checkpointer(
        IStorageProvider provider, DatabaseFiles files, StorageEnvironment environment, DataFile data, PageStore store, CommitPipeline pipeline)
    {
        _provider = provider;
        _files = files;
        _environment = environment;
        _data = data;
        _store = store;
        _pipeline = pipeline;
    }

    /// <summary>Bytes of the checkpoint file between flushes. 4 MiB by default.</summary>
    public long PaceBytes { get; init; } = 4 << 20;

    /// <summary>A checkpoint file up to this size is kept to be overwritten by the next one; a larger one is deleted. 64 MiB by default.</summary>
    public long KeptFileBytes { get; init; } = 64 << 20;

    /// <summary>Rests between those flushes, to leave the storage to commits; null never rests.</summary>
    public CheckpointPacer? Pacer { get; init; }

    /// <summary>Checkpoints completed.</summary>
    public long Completed { get; private set; }

    /// <summary>Takes a checkpoint of everything committed so far.</summary>
    /// <param name="close">Whether the database is being closed: no commit follows, and the header is to say clean.</param>
    /// <param name="atCut">Called with the checkpoint's LSN and where the log goes on from there, while nothing is built.</param>
    /// <exception cref="StorageException">It failed. Unless <see cref="CommitPipeline.Failure"/> says otherwise the database goes on.</exception>
    public void Run(bool close = false, Action<Lsn, LogPoint>? atCut = null) => Run(close, atCut, 0, 0);

    /// <summary>Takes a checkpoint that also writes pages of the data file again. Something must have been committed since the last one.</summary>
    /// <param name="from">The first page.</param>
    /// <param name="to">The page after the last.</param>
    public void RunRewriting(ulong from, ulong to) => Run(close: false, atCut: null, from, Math.Min(to, _data.Header.PageCount));

    private void Run(bool close, Action<Lsn, LogPoint>? atCut, ulong rewriteFrom, ulong rewriteTo)
    {
        lock (_running)
        {
            CheckpointPages? pages = null;
            Lsn lsn = Lsn.Zero;
            LogPoint start = default;
            _pipeline.RunExclusive(() =>
            {
                (lsn, start) = _pipeline.FlushAll();
                start = _pipeline.FenceFor(lsn, start);
                atCut?.Invoke(lsn, start);

                // Every change takes an LSN: without a new one the data file is up to date.
                if (lsn != _data.Header.CheckpointLsn)
                    pages = _store.BeginCheckpoint(rewriteFrom, rewriteTo);
            });
            if (pages is not null || (close && !_data.Header.IsClean))
            {
                using (pages)
                    Run(pages, lsn, start, close);
            }

            Cut();
        }
    }

    /// <summary>Runs something while no checkpoint is taken, and so no extent of the log used again.</summary>
    public void RunPaused(Action work)
    {
        lock (_running)
            work();
    }

    /// <summary>Deletes checkpoint files that are larger than a size. While no checkpoint is taken.</summary>
    public void Trim(long keptBytes)
    {
        lock (_running)
        {
            for (int which = 0; which < _named.Length; which++)
            {
                string name = _files.Checkpoint(which);
                if (!_provider.Exists(name))
                    continue;
                long length;
                using (IStorageFile file = _provider.Open(name, StorageFileMode.Open))
                    length = file.Length;
                if (length <= keptBytes)
                    continue;
                _provider.Delete(name);
                _named[which] = false;
            }
        }
    }

    /// <summary>Why the data file could not be cut the last time; null when it could.</summary>
    public StorageException? CutFailure { get; private set; }

    /// <summary>
    /// Cuts the data file after a vacuum: when the header with the lower page count is durable, and no snapshot is left that reads
    /// pages beyond it. Otherwise a later checkpoint does.
    /// </summary>
    private void Cut()
    {
        ulong pages = _data.Header.PageCount;
        if (_store.Pool.FileEnd != ulong.MaxValue)
            _store.Pool.FileEnd = Math.Max(_store.Pool.FileEnd, pages);
        ulong shrunk = _store.ShrunkAt;
        if (shrunk == 0 || _data.Header.CheckpointLsn.Value < shrunk || _store.Snapshots.Oldest() < shrunk)
            return;
        try
        {
            _data.Truncate();
            _store.ShrinkDone(shrunk, pages);
            CutFailure = null;
        }
        catch (StorageException e)
        {
            CutFailure = e; // the file is longer than it must be, no more: the next checkpoint tries again
        }
    }

    private void Run(CheckpointPages? pages, Lsn lsn, LogPoint start, bool close)
    {
        DatabaseHeader target = _data.Header with
        {
            CheckpointLsn = lsn,
            LogStart = start,
            PageCount = pages?.PageCount ?? _data.Header.PageCount,
            IsClean = false,
        };
        if (pages?.Count > 0)
        {
            Pacer?.Begin();
            WithSpaceFreed(() => _data.Grow(target.PageCount));
            CheckpointFile file = WriteFile(pages, target, out int which);
            _data.BeginApply(file);
            try
            {
                Apply(file);
                MoveHeader(target, close);
            }
            catch (Exception e)
            {
                // Not disposed: the pages are read from the checkpoint file for as long as the database is open.
                _pipeline.Stop(e);
                throw;
            }

            pages.Complete();
            _data.EndApply();
            long length = file.Length;
            file.Dispose();
            if (length > KeptFileBytes)
            {
                Shrink(_files.Checkpoint(which));
                _provider.Delete(_files.Checkpoint(which));
                _named[which] = false;
            }
        }
        else
        {
            MoveHeader(target, close);
            pages?.Complete();
        }

        Completed++;
        _pipeline.CheckpointCompleted(lsn);
        lock (_pipeline.Log.Extents.Gate)
            _pipeline.Log.Extents.Recycle(start.Position.Extent);
    }

    private CheckpointFile WriteFile(CheckpointPages pages, DatabaseHeader target, out int which)
    {
        List<PageId> ids = new(pages.Count);
        foreach (ulong id in pages.Pages)
            ids.Add(new PageId(id));
        CheckpointFile file;
        which = 0;
        try
        {
            file = WriteTo(which);
        }
        catch (StorageException e) when (e.Code == StorageErrorCode.IoError)
        {
            // What a failed flush left behind is not known, so nothing is written over it: another file takes its place.
            which = 1;
            try
            {
                file = WriteTo(which);
            }
            catch (StorageException again) when (again.Code == StorageErrorCode.IoError)
            {
                _pipeline.Stop(again);
                throw;
            }
        }

        if (_named[which])
            return file;
        try
        {
            _environment.FlushDirectory(_provider, FlushSite.CheckpointDirectory);
        }
        catch
        {
            file.Dispose();
            throw;
        }

        _named[which] = true;
        return file;

        CheckpointFile WriteTo(int number)
        {
            CheckpointFile? written = null;
            WithSpaceFreed(() => written = WriteOnce(number));
            return written!;
        }

        CheckpointFile WriteOnce(int number)
        {
            pages.Restart();
            return CheckpointFile.Write(
                _provider, _files.Checkpoint(number), _environment, _data.Header.CheckpointLsn, target, ids,
                (page, buffer) =>
                {
                    if (!pages.Next(out PageId next, buffer) || next != page)
                        throw new InvalidOperationException($"Page {page} was expected from the page store, {next} came.");
                },
                PaceBytes, Pacer is null ? null : Pacer.Rest);
        }
    }

    // Giving back much at once keeps a file system busy, and commits waiting.
    private void Shrink(string name)
    {
        if (Pacer is null)
            return;
        using IStorageFile file = _provider.Open(name, StorageFileMode.Open);
        Pacer.Begin();
        for (long length = file.Length - ShrinkStep; length > 0; length -= ShrinkStep)
        {
            file.SetLength(length);
            Pacer.Rest();
        }
    }

    private void Apply(CheckpointFile file)
    {
        try
        {
            ApplyOnce(file);
        }
        catch (StorageException e) when (e.Code is StorageErrorCode.IoError or StorageErrorCode.DiskFull)
        {
            // A full disk too: a file system that copies on write may need space to overwrite.
            ApplyOnce(file); // every page again: which of them a failed flush dropped is not known
        }
    }

    private void ApplyOnce(CheckpointFile file)
    {
        ApplyPages(file, _data, PaceBytes, Pacer is null ? null : Pacer.Rest);
        _data.FlushPages(FlushSite.CheckpointApplied);
    }

    /// <summary>Writes the pages of a checkpoint file in place.</summary>
    public static void ApplyPages(CheckpointFile file, DataFile data, long paceBytes, Action? pace)
    {
        byte[] page = new byte[data.PageSize];
        long unflushed = 0;
        data.BeginPages();
        for (int i = 0; i < file.Pages.Count; i++)
        {
            file.Read(i, page);
            data.WritePage(file.Pages[i], page, file.Name);
            unflushed += page.Length;
            if (unflushed >= paceBytes && i + 1 < file.Pages.Count)
            {
                data.FlushPages(FlushSite.CheckpointPaced);
                unflushed = 0;
                pace?.Invoke();
            }
        }

        data.EndPages(file.Target.CheckpointLsn);
    }

    private void MoveHeader(DatabaseHeader target, bool close)
    {
        try
        {
            if (close)
            {
                _pipeline.RunExclusive(() => target = target with { LogStart = _pipeline.LogClose(target.CheckpointLsn), IsClean = true });
                _data.WriteHeader(target, FlushSite.CleanCloseHeader);
            }
            else
            {
                _data.WriteHeader(target, FlushSite.CheckpointHeader);
            }
        }
        catch (Exception e)
        {
            _pipeline.Stop(e);
            throw;
        }
    }

    // A checkpoint is what frees the log: it may use the space that was kept for such a moment.
    private void WithSpaceFreed(Action action)
    {
        while (true)
        {
            try
            {
                action();
                return;
            }
            catch (StorageException e) when (e.Code == StorageErrorCode.DiskFull && FreeSpace())
            {
                // Again, with what there is now.
            }
        }
    }

    private bool FreeSpace()
    {
        lock (_pipeline.Log.Extents.Gate)
            return _pipeline.Log.Extents.FreeSpace();
    }
}
