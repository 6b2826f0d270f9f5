using System.Collections.Immutable;
using BareMetal.Data.Storage;

namespace BareMetal.Data.Catalog;

/// <summary>A transaction's own changes of the catalog: visible to it at once, to others when it commits.</summary>
internal sealed class CatalogEditor
{
    private readonly CatalogStore _store;
    private readonly StorageTransaction _transaction;
    private CatalogSnapshot _base;
    private CatalogSnapshot? _current;

    /// <param name="store">The database's catalog.</param>
    /// <param name="transaction">The transaction.</param>
    /// <param name="over">Adds the session's temporary objects to a catalog; null without any.</param>
    public CatalogEditor(CatalogStore store, StorageTransaction transaction, Func<CatalogSnapshot, CatalogSnapshot>? over = null)
    {
        _store = store;
        _transaction = transaction;
        _over = over ?? (static c => c);
        _base = _over(store.At(transaction));
        _transaction.OnBeforeVisible(lsn =>
        {
            if (HasDurableChanges)
                _store.Publish(Changes.RemoveRange(Changes.Keys.Where(Temporary.IsTemporary)), lsn);
        });
    }

    private readonly Func<CatalogSnapshot, CatalogSnapshot> _over;

    /// <summary>Whether more than temporary objects was changed.</summary>
    public bool HasDurableChanges
    {
        get
        {
            foreach (long id in Changes.Keys)
            {
                if (!Temporary.IsTemporary(id))
                    return true;
            }

            return false;
        }
    }

    /// <summary>What was changed: the new object by id, null for a removed one. Put back by savepoints.</summary>
    public ImmutableDictionary<long, CatalogObject?> Changes { get; private set; } = ImmutableDictionary<long, CatalogObject?>.Empty;

    public CatalogStore Store => _store;

    /// <summary>The catalog with the changes.</summary>
    public CatalogSnapshot Current => _current ??= Changes.Count == 0 ? _base : _base.With(Changes, _base.Version + 1, _base.Lsn);

    /// <summary>Begins on a newer catalog; only before the first change of the database's.</summary>
    public void Rebase()
    {
        if (HasDurableChanges)
            return;
        _base = _over(_store.At(_transaction));
        _current = null;
    }

    /// <summary>Whether the transaction changed the object.</summary>
    public bool HasChanged(long id) => Changes.ContainsKey(id);

    public void Put(CatalogObject o)
    {
        if (!o.IsTemporary())
            _transaction.Put(CatalogStore.Tree, CatalogCodec.EncodeKey(o.Id), CatalogCodec.Encode(o));
        else if (!Current.HasTemporary)
            Changes = Changes.SetItem(Temporary.SchemaObject.Id, Temporary.SchemaObject);
        Changes = Changes.SetItem(o.Id, o);
        _current = null;
    }

    public void Remove(CatalogObject o)
    {
        if (!o.IsTemporary())
            _transaction.Delete(CatalogStore.Tree, CatalogCodec.EncodeKey(o.Id));
        if (o is Table)
            Statistics.StatisticsStore.Remove(_transaction, o.Id);
        Changes = Changes.SetItem(o.Id, null);
        _current = null;
    }

    /// <summary>Goes back to an earlier state of <see cref="Changes"/>; the storage transaction rewinds the entries.</summary>
    public void Restore(ImmutableDictionary<long, CatalogObject?> changes)
    {
        Changes = changes;
        _current = null;
    }
}
