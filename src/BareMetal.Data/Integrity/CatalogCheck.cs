using BareMetal.Data.Catalog;
using BareMetal.Data.Catalog.Ddl;
using BareMetal.Data.Rows;
using BareMetal.Data.Storage;
using BareMetal.Data.Storage.Trees;

namespace BareMetal.Data.Integrity;

/// <summary>The catalog: that every entry can be read, that objects name only what exists, that counters lie beyond what was given out.</summary>
internal sealed class CatalogCheck(DatabaseCheck check, CatalogSnapshot catalog, StorageTransaction transaction, StorageEngine engine)
{
    private const ulong ObjectCounter = 1;

    public void Run()
    {
        CheckEntries();
        long highest = 0;
        ulong highestTree = 0;
        foreach (CatalogObject o in catalog.Objects)
        {
            if (o.Id < 0)
                continue;
            highest = Math.Max(highest, o.Id);
            if (o.Schema is { } schema && catalog.FindSchema(schema) is null)
                Report(o, $"its schema \"{schema}\" does not exist");
            switch (o)
            {
                case Table table:
                    highestTree = Math.Max(highestTree, table.Tree.Value);
                    foreach (TableIndex index in table.Indexes)
                    {
                        highest = Math.Max(highest, index.Id);
                        highestTree = Math.Max(highestTree, index.Tree.Value);
                    }

                    CheckTable(table);
                    break;
                case Sequence { OwnedBy: { } owner } sequence:
                    if (catalog.Find<Table>(owner.TableId)?.FindColumn(owner.ColumnId) is null)
                        Report(sequence, $"the column {owner.ColumnId} of table {owner.TableId} that owns it does not exist");
                    break;
                case View or Routine:
                    foreach (ObjectDependency d in o is View view ? view.Dependencies : ((Routine)o).Dependencies)
                    {
                        if (!catalog.TryGet(d.ObjectId, out CatalogObject? named) || (d.ColumnId != 0 && named is Table t && t.FindColumn(d.ColumnId) is null))
                            Report(o, $"it reads object {d.ObjectId}{(d.ColumnId == 0 ? string.Empty : $", column {d.ColumnId}")}, which does not exist");
                    }

                    break;
            }
        }

        // The next object gets the counter's number plus one.
        CheckCounter(ObjectCounter, (ulong)highest, $"object {highest} exists");
        if (highestTree >= TreeId.FirstDynamic && engine.PeekTreeId().Value <= highestTree)
        {
            check.Report(new BareMetalIntegrityProblem
            {
                Kind = BareMetalIntegrityProblemKind.Counter, Message = $"the next tree would get the number {engine.PeekTreeId()}, but tree {highestTree} exists",
            });
        }
    }

    /// <summary>Says that a counter would give a number again.</summary>
    private void CheckCounter(ulong counter, ulong least, string why)
    {
        ulong next = engine.PeekSequence(counter);
        if (next >= least)
            return;
        check.LowCounters[counter] = least;
        check.Report(new BareMetalIntegrityProblem
        {
            Kind = BareMetalIntegrityProblemKind.Counter, Message = $"counter {counter} stands at {next}, but {why}", CanRepair = true,
        });
    }

    private void CheckEntries()
    {
        HashSet<long> read = [];
        engine.Store.TryFindTree(CatalogStore.Tree, transaction.SnapshotLsn, out ulong root);
        TreeWalker entries = new(engine.Store, transaction.SnapshotLsn, root, null);
        while (entries.MoveNext())
        {
            try
            {
                CatalogObject o = CatalogCodec.Decode(entries.Value);
                read.Add(o.Id);
                if (!CatalogCodec.EncodeKey(o.Id).AsSpan().SequenceEqual(entries.Key))
                    Report(o, $"its entry stands under the key {Convert.ToHexString(entries.Key)}");
                if (!catalog.TryGet(o.Id, out CatalogObject? held) || held.Version != o.Version)
                    Report(o, "its entry is not what the open database holds");
            }
            catch (Exception e) when (e is BareMetalException or ArgumentException or OverflowException)
            {
                check.Report(new BareMetalIntegrityProblem
                {
                    Kind = BareMetalIntegrityProblemKind.Catalog, Message = "an entry of the catalog can't be decoded: " + e.Message, Key = Convert.ToHexString(entries.Key),
                });
            }
        }

        if (entries.Damaged > 0)
            return; // the missing ones were named by their pages
        foreach (CatalogObject o in catalog.Objects)
        {
            if (o.Id > 0 && !read.Contains(o.Id))
                Report(o, "the catalog has no entry of it");
        }
    }

    private void CheckTable(Table table)
    {
        try
        {
            RowCodec.For(table);
            KeyCodec.For(table);
            foreach (TableIndex index in table.Indexes)
                IndexEntryCodec.For(table, index);
        }
        catch (Exception e) when (e is BareMetalException or ArgumentException)
        {
            Report(table, e.Message);
            return;
        }

        foreach (KeyConstraint unique in table.UniqueConstraints)
        {
            if (!table.Indexes.Any(i => i.Id == unique.IndexId && i.IsUnique))
                Report(table, $"the unique constraint \"{unique.Name}\" has no index {unique.IndexId}");
        }

        foreach (Column column in table.Columns)
        {
            if (column.Identity is { } identity && catalog.Find<Sequence>(identity.SequenceId) is null)
                Report(table, $"the identity column \"{column.Name}\" has no sequence {identity.SequenceId}");
        }

        foreach (ForeignKey key in table.ForeignKeys)
        {
            if (catalog.Find<Table>(key.ReferencedTableId) is not { } parent)
                Report(table, $"the foreign key \"{key.Name}\" refers to table {key.ReferencedTableId}, which does not exist");
            else if (!TableKeys.HasKey(parent, [.. key.ReferencedColumnIds]))
                Report(table, $"the foreign key \"{key.Name}\" refers to columns of \"{parent.Name}\" that are no key");
        }
    }

    private void Report(CatalogObject o, string message) => check.Report(new BareMetalIntegrityProblem
    {
        Kind = BareMetalIntegrityProblemKind.Catalog,
        Message = o is Table ? message : $"{o.GetType().Name.ToLowerInvariant()} \"{o.Name}\": {message}",
        SchemaName = o.Schema,
        TableName = o is Table ? o.Name : null,
    });
}
