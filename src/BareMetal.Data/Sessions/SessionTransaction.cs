using System.Collections.Immutable;
using BareMetal.Data.Catalog;
using BareMetal.Data.Storage;

namespace BareMetal.Data.Sessions;

/// <summary>A transaction of a session: the storage's, its changes of the catalog, its savepoints by name.</summary>
internal sealed class SessionTransaction(Session session, StorageTransaction storage)
{
    private List<NamedSavepoint>? _names;
    private HashSet<long>? _noted;

    public StorageTransaction Storage { get; } = storage;

    private List<NamedSavepoint> Savepoints => _names ??= [];

    /// <summary>Changes of the catalog; null before the first DDL.</summary>
    public CatalogEditor? Editor { get; private set; }

    /// <summary>Whether only ROLLBACK is possible, after a serialization failure or a deadlock.</summary>
    public bool HasFailed { get; set; }

    /// <summary>What its commit waits for; null takes the session's setting.</summary>
    public Durability? Durability { get; set; }

    /// <summary>What its commit waits for, settled when it is taken to be committed.</summary>
    public Durability CommitDurability { get; set; }

    /// <summary>Whether a statement ran in it, so that its isolation level is settled.</summary>
    public bool HasRun { get; set; }

    /// <summary>Whether the catalog holds changes of its own, so that plans are not shared with others.</summary>
    public bool HasOwnCatalog => Editor is { Changes.Count: > 0 };

    /// <summary>Notes the objects that a statement names: a serializable transaction relies on their definitions, too.</summary>
    public void NoteObjects(IReadOnlyList<(long Id, int Version)> objects)
    {
        if (Storage.Isolation != TransactionIsolation.Serializable || Storage.IsReadOnly)
            return;
        _noted ??= [];
        foreach ((long id, _) in objects)
        {
            if (!_noted.Add(id))
                continue;

            // The system's own views show all of the catalog.
            if (id < 0)
                Storage.NoteRead(CatalogStore.Tree);
            else
                Storage.NoteRead(CatalogStore.Tree, CatalogCodec.EncodeKey(id));
        }
    }

    /// <summary>The catalog that the current statement sees.</summary>
    public CatalogSnapshot Catalog => HasOwnCatalog ? Editor!.Current : session.WithTemporary(session.Database.Catalog.At(Storage));

    public CatalogEditor OpenEditor() => Editor ??= new CatalogEditor(session.Database.Catalog, Storage, session.WithTemporary);

    /// <summary>Whether a commit has anything to do: changes, or temporary objects that are others now.</summary>
    public bool HasChanges => Storage.HasChanges || HasOwnCatalog;

    /// <summary>Commits; what temporary tables do on a commit comes before.</summary>
    public void Commit()
    {
        EndTemporary();
        Storage.Commit(CommitDurability);
    }

    /// <summary>As <see cref="Commit"/>, without holding a thread.</summary>
    public ValueTask<Lsn> CommitAsync(CancellationToken cancellation)
    {
        EndTemporary();
        return Storage.CommitAsync(CommitDurability, cancellation);
    }

    private void EndTemporary()
    {
        if (session.Temporary is null)
            return;
        CatalogSnapshot catalog = Catalog;
        if (!catalog.HasTemporary)
            return;
        foreach (CatalogObject o in catalog.Objects.ToArray())
        {
            if (o is not Table { OnCommit: not OnCommit.PreserveRows } table)
                continue;
            if (table.OnCommit == OnCommit.DeleteRows)
            {
                TemporarySpace.DeleteRows(Storage, table);
                continue;
            }

            Storage.DropTree(table.Tree);
            foreach (TableIndex index in table.Indexes)
                Storage.DropTree(index.Tree);
            CatalogEditor editor = OpenEditor();
            editor.Remove(table);
            foreach (CatalogObject owned in catalog.Objects)
            {
                if (owned is Sequence { OwnedBy: { } owner } sequence && owner.TableId == table.Id)
                    editor.Remove(sequence);
            }
        }
    }

    /// <summary>Runs a step so that its failure leaves the transaction as it was.</summary>
    public ImmutableDictionary<long, CatalogObject?> CatalogChanges => Editor?.Changes ?? ImmutableDictionary<long, CatalogObject?>.Empty;

    public void RestoreCatalog(ImmutableDictionary<long, CatalogObject?> changes) => Editor?.Restore(changes);

    public void CreateSavepoint(string name) => Savepoints.Add(new NamedSavepoint(name, Storage.CreateSavepoint(), CatalogChanges));

    /// <returns>The place of the savepoint among all; later ones are gone.</returns>
    public void RollbackTo(string name)
    {
        int i = Find(name);
        Storage.RollbackTo(Savepoints[i].Point);
        RestoreCatalog(Savepoints[i].Catalog);
        Savepoints.RemoveRange(i + 1, Savepoints.Count - i - 1);
        HasFailed = false;
    }

    public void Release(string name)
    {
        int i = Find(name);
        Storage.Release(Savepoints[i].Point);
        Savepoints.RemoveRange(i, Savepoints.Count - i);
    }

    private int Find(string name)
    {
        for (int i = Savepoints.Count - 1; i >= 0; i--)
        {
            if (string.Equals(Savepoints[i].Name, name, StringComparison.OrdinalIgnoreCase))
                return i;
        }

        throw new BareMetalException(SqlStates.InvalidSavepoint, $"There is no savepoint \"{name}\".");
    }

    private readonly record struct NamedSavepoint(string Name, Savepoint Point, ImmutableDictionary<long, CatalogObject?> Catalog);
}
