using System.Numerics;
using BareMetal.Data.Storage.Pages;
using BareMetal.Data.Storage.Trees;

namespace BareMetal.Data.Storage.Recovery;

/// <summary>
/// Gives free space back to the file system while others go on: frees what was dropped, joins sparse leaves, moves pages from the end of
/// the file to free places, and cuts the file after a checkpoint has made the new layout durable. All in steps of a few pages between
/// commits, each of which leaves a sound state: it may be stopped, or crash, anywhere.
/// </summary>
internal sealed class Vacuum
{
    private const int StepPages = 32;
    private const int MaxPasses = 4;

    private readonly Database _database;
    private readonly VacuumSettings _settings;
    private readonly Action<VacuumProgress>? _progress;
    private readonly CancellationToken _cancellation;
    private readonly VacuumPosition _at;
    private readonly ulong _pagesBefore;
    private long _left;

    public Vacuum(Database database, VacuumSettings settings, Action<VacuumProgress>? progress, CancellationToken cancellation)
    {
        _database = database;
        _settings = settings;
        _progress = progress;
        _cancellation = cancellation;
        _at = new VacuumPosition(database.Store.PageSize);
        _pagesBefore = database.Store.PageCount;
        _left = settings.MaxPages > 0 ? settings.MaxPages : long.MaxValue;
    }

    private PageStore Store => _database.Store;

    /// <summary>Runs to the end, or until the settings' limit.</summary>
    /// <returns>What was done.</returns>
    /// <exception cref="StorageException">A page could not be read, or the database is stopped.</exception>
    public VacuumProgress Run()
    {
        FreeGarbage();
        bool join = true;
        for (int pass = 0; pass < MaxPasses && _left > 0; pass++)
        {
            ulong dense = PageFormat.FirstMapPage(Store.PageSize) + CountUsedPages();
            if (!join && Store.PageCount <= dense)
                break;
            long before = _at.Moved;
            Go(dense, join);
            Shrink();
            if (!join && _at.Moved == before)
                break;
            join = false;
        }

        _database.Checkpoints.Run();
        VacuumProgress done = Progress(isDone: true);
        _progress?.Invoke(done);
        return done;
    }

    private void Go(ulong dense, bool join)
    {
        foreach (TreeId tree in Trees())
        {
            _at.Begin(tree);
            _at.Limit = dense;
            _at.Join = join;
            _at.Fill = join && _settings.Fill;
            bool more = true;
            while (more && _left > 0)
            {
                _cancellation.ThrowIfCancellationRequested();
                long before = _at.Moved + _at.Joined;
                more = Step(lsn => _database.Target.Batch.VacuumStep(lsn, _at, StepPages));
                _left -= _at.Moved + _at.Joined - before;
                _progress?.Invoke(Progress(isDone: false));
                if (Store.DirtyBytes >= _database.DirtyLimit)
                    _database.Checkpoints.Run();
            }
        }
    }

    private void FreeGarbage()
    {
        bool more = Store.HasGarbage;
        while (more)
        {
            _cancellation.ThrowIfCancellationRequested();
            more = Step(lsn => _database.Target.Batch.ReclaimDropped(lsn, StepPages));
        }
    }

    private void Shrink() => Step(lsn => _database.Target.Batch.Shrink(lsn) > 0);

    private bool Step(Func<Lsn, bool> change)
    {
        bool result = false;
        _database.Pipeline.RunExclusive(() => _database.Pipeline.ApplyUnlogged(lsn => result = change(lsn)));
        return result;
    }

    /// <summary>The trees to go through: the directory first, unless only some trees are meant.</summary>
    private List<TreeId> Trees()
    {
        if (_settings.Trees is { } some)
            return [.. some];
        List<TreeId> trees = [default];
        Snapshot snapshot = Store.AcquireSnapshot();
        PageCursor cursor = Store.OpenCursor(default, snapshot.Lsn);
        try
        {
            for (bool more = cursor.SeekFirst(); more; more = cursor.MoveNext())
            {
                if (TreeDirectory.TryReadTreeKey(cursor.Key, out TreeId tree))
                    trees.Add(tree);
            }
        }
        finally
        {
            Store.ReturnCursor(cursor);
            Store.ReleaseSnapshot(snapshot);
        }

        return trees;
    }

    private unsafe ulong CountUsedPages()
    {
        ulong used = 0;
        Snapshot snapshot = Store.AcquireSnapshot();
        try
        {
            int size = Store.PageSize;
            ulong first = PageFormat.FirstMapPage(size);
            ulong count = 0;
            for (ulong map = first; map == first || map < count; map += (ulong)PageFormat.PagesPerMap(size))
            {
                PageImage* image = Store.Pool.Pin(map, snapshot.Lsn.Value);
                if (map == first)
                    count = *(ulong*)(image->Data + PageFormat.PageCountOffset);
                for (int i = PageFormat.BodyOffset; i < size - PageFormat.TrailerSize; i += 8)
                    used += (ulong)BitOperations.PopCount(*(ulong*)(image->Data + i));
                PagePool.Unpin(image);
            }
        }
        finally
        {
            Store.ReleaseSnapshot(snapshot);
        }

        return used;
    }

    private VacuumProgress Progress(bool isDone) => new(
        _at.Tree, _at.Leaves, _at.Joined, _at.Moved, (long)_pagesBefore, (long)Store.PageCount, _database.Data.Length, isDone,
        isDone && Store.ShrunkAt != 0);
}

/// <summary>What a vacuum does.</summary>
internal sealed record VacuumSettings
{
    /// <summary>The trees to go through; null for all.</summary>
    public IReadOnlyList<TreeId>? Trees { get; init; }

    /// <summary>Whether leaves that can't be joined are filled from their neighbours, so that nearly every page is written anew.</summary>
    public bool Fill { get; init; }

    /// <summary>How many pages to change at most; 0 for no limit.</summary>
    public long MaxPages { get; init; }
}

/// <summary>How far a vacuum is.</summary>
/// <param name="Tree">The tree that it is in.</param>
/// <param name="Leaves">Leaves gone through.</param>
/// <param name="Joined">Leaves joined or filled.</param>
/// <param name="Moved">Pages moved.</param>
/// <param name="PagesBefore">Pages of the file when it began.</param>
/// <param name="Pages">Pages of the file that the next checkpoint makes durable.</param>
/// <param name="FileBytes">Bytes of the data file.</param>
/// <param name="IsDone">Whether this is the end.</param>
/// <param name="IsCutLater">Whether the file can be cut only when older snapshots are gone: a later checkpoint does it.</param>
internal readonly record struct VacuumProgress(
    TreeId Tree, long Leaves, long Joined, long Moved, long PagesBefore, long Pages, long FileBytes, bool IsDone, bool IsCutLater);
