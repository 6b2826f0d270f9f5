using BareMetal.Data.Catalog;
using BareMetal.Data.Sessions;
using BareMetal.Data.Storage;
using BareMetal.Data.Storage.Recovery;

namespace BareMetal.Data.Integrity;

/// <summary>A vacuum by the API: trees by their tables, progress in public terms.</summary>
internal static class DatabaseVacuum
{
    public static BareMetalVacuumProgress Run(
        Session session, BareMetalVacuumOptions options, IProgress<BareMetalVacuumProgress>? progress, CancellationToken cancellation)
    {
        if (session.Database.Engine.Options.ReadOnly)
            throw new BareMetalException(SqlStates.ReadOnlyTransaction, "A database that was opened for reading can't be vacuumed.");
        List<TreeId>? trees = null;
        if (options.Table is { } name)
        {
            int point = name.IndexOf('.', StringComparison.Ordinal);
            CatalogObject? found = session.Catalog.Resolve(point < 0 ? null : name[..point], name[(point + 1)..], session.Settings.SearchPath);
            trees = [];
            AddTrees(found as Table ?? throw new BareMetalException(SqlStates.UndefinedTable, $"The table \"{name}\" does not exist."), trees);
        }

        try
        {
            return Convert(session.Database.Engine.Database.RunVacuum(
                new VacuumSettings { Trees = trees, Fill = options.Full, MaxPages = options.MaxPages },
                progress is null ? null : p => progress.Report(Convert(p)), cancellation));
        }
        catch (StorageException e)
        {
            throw Sessions.StorageErrors.Map(e);
        }
    }

    /// <summary>The trees of a table: its rows and its indexes.</summary>
    public static void AddTrees(Table table, List<TreeId> trees)
    {
        trees.Add(table.Tree);
        foreach (TableIndex index in table.Indexes)
            trees.Add(index.Tree);
    }

    private static BareMetalVacuumProgress Convert(VacuumProgress p) =>
        new(p.Leaves, p.Joined, p.Moved, p.PagesBefore, p.Pages, p.FileBytes, p.IsDone, p.IsCutLater);
}
