using BareMetal.Data.Catalog;
using BareMetal.Data.Catalog.Ddl;
using BareMetal.Data.Execution;
using BareMetal.Data.Sessions;
using BareMetal.Data.Storage;

namespace BareMetal.Data.Integrity;

/// <summary>
/// Puts right what follows from other data: counters, indexes, allocation maps, in this order, each with a finding that says so. Rows
/// and everything else that is nowhere else are left as they are.
/// </summary>
internal sealed class DatabaseRepair(DatabaseCheck found, Session session, CancellationToken cancellation)
{
    private StorageEngine Engine => session.Database.Engine;

    public void Run()
    {
        bool changed = false;
        foreach ((ulong counter, ulong least) in found.LowCounters)
        {
            Engine.AdvanceSequence(counter, least);
            Tell(BareMetalIntegrityProblemKind.Repaired, $"counter {counter} was moved to {least}");
            changed = true;
        }

        bool forgotten = false;
        foreach ((long id, bool pagesDamaged) in found.DamagedIndexes)
        {
            cancellation.ThrowIfCancellationRequested();
            if (Rebuild(id, pagesDamaged))
            {
                changed = true;
                forgotten |= pagesDamaged;
            }
        }

        if (found.MapsDiffer || forgotten)
        {
            try
            {
                bool complete = Engine.Database.RebuildMaps(cancellation);
                Tell(BareMetalIntegrityProblemKind.Repaired, complete
                    ? "the allocation maps were made anew from what refers to pages"
                    : "the allocation maps were made anew; since not everything could be read, no page was freed that was in use before");
                changed = true;
            }
            catch (StorageException e)
            {
                Tell(BareMetalIntegrityProblemKind.NotRepaired, "the allocation maps could not be made anew: " + e.Message);
            }
        }

        if (changed)
            Engine.Checkpoint();
    }

    private bool Rebuild(long indexId, bool pagesDamaged)
    {
        using StorageTransaction transaction = Engine.Begin();
        Table? table = null;
        TableIndex? index = null;
        try
        {
            SessionTransaction owner = new(session, transaction);
            transaction.BeginStatement();
            transaction.LockTree(CatalogStore.Tree, LockMode.Exclusive, session.Settings.LockTimeout, cancellation);
            transaction.BeginStatement();
            CatalogEditor editor = owner.OpenEditor();
            editor.Rebase();
            foreach (CatalogObject o in editor.Current.Objects)
            {
                if (o is not Table t)
                    continue;
                foreach (TableIndex i in t.Indexes)
                {
                    if (i.Id == indexId)
                        (table, index) = (t, i);
                }
            }

            if (table is null)
                return false; // dropped meanwhile
            SessionFunctions functions = new(session);
            functions.Begin(editor.Current, cancellation);
            QueryContext context = new() { Functions = functions, Transaction = transaction, Cancellation = cancellation };
            context.Memory.Limit = session.Settings.WorkMemory;
            context.Temporary = Engine.Temporary;
            context.TemporaryPrefix = Engine.TemporaryPrefix;
            DefinitionExecutor executor = new(new DefinitionContext
            {
                Transaction = transaction,
                Catalog = editor,
                SearchPath = session.Settings.SearchPath,
                Query = context,
                LockTimeout = session.Settings.LockTimeout,
                Notice = static _ => { },
            });
            executor.Rebuild(table, index!, forgetPages: pagesDamaged);
            transaction.Commit();
            Tell(BareMetalIntegrityProblemKind.Repaired, "the index was built anew from the rows", table, index);
            return true;
        }
        catch (Exception e) when (e is StorageException or BareMetalException)
        {
            Tell(BareMetalIntegrityProblemKind.NotRepaired, "the index could not be built anew: " + e.Message, table, index);
            return false;
        }
    }

    private void Tell(BareMetalIntegrityProblemKind kind, string message, Table? table = null, TableIndex? index = null) => found.Report(new BareMetalIntegrityProblem
    {
        Kind = kind, Message = message, SchemaName = table?.Schema, TableName = table?.Name, IndexName = index?.Name,
    });
}
