using System.Collections.Immutable;
using BareMetal.Data.Catalog;
using BareMetal.Data.Storage;

namespace BareMetal.Data.Sessions;

/// <summary>
/// A session's temporary tables: a database of its own, in memory up to a budget and in temporary files beyond, whose transactions go with those of the session, and the objects in it. What is
/// written there costs no log and no flush, nobody else sees it, and it ends with the session.
/// </summary>
internal sealed class TemporarySpace : IDisposable
{
    private CatalogSnapshot? _base;
    private CatalogSnapshot? _combined;

    private readonly SpillingStorageProvider _files;

    /// <param name="database">The session's database, beside which files lie that outgrow the budget.</param>
    /// <param name="budget">The bytes that are kept in memory.</param>
    public TemporarySpace(Database database, long budget)
    {
        _files = new SpillingStorageProvider(database.Engine.Temporary, database.Engine.TemporaryPrefix, Math.Max(budget, CacheBytes));
        Engine = StorageEngine.Open(new StorageOptions
        {
            Provider = _files,
            Name = "temporary",
            PageSize = database.Options.PageSize,
            CacheBytes = CacheBytes,
            CheckpointLogBytes = CacheBytes,
            Durability = Durability.Off,
            Environment = database.Options.Environment,
        });
    }

    /// <summary>The files that memory had no room for.</summary>
    public int SpilledFiles => _files.SpilledFiles;

    private const long CacheBytes = 8L << 20;

    public StorageEngine Engine { get; }

    /// <summary>The committed objects by id.</summary>
    public ImmutableDictionary<long, CatalogObject> Objects { get; private set; } = ImmutableDictionary<long, CatalogObject>.Empty;

    /// <summary>The catalog with the session's objects in front.</summary>
    public CatalogSnapshot Over(CatalogSnapshot catalog)
    {
        if (Objects.Count == 0)
            return catalog;
        if (_combined is null || !ReferenceEquals(_base, catalog))
        {
            Dictionary<long, CatalogObject?> added = new() { [Temporary.SchemaObject.Id] = Temporary.SchemaObject };
            foreach ((long id, CatalogObject o) in Objects)
                added.Add(id, o);
            (_base, _combined) = (catalog, catalog.With(added, catalog.Version, catalog.Lsn));
        }

        return _combined;
    }

    /// <summary>Takes what a transaction changed. True when the objects are others now.</summary>
    public bool Accept(ImmutableDictionary<long, CatalogObject?> changes)
    {
        ImmutableDictionary<long, CatalogObject> before = Objects;
        foreach ((long id, CatalogObject? o) in changes)
        {
            if (Temporary.IsTemporary(id) && id != Temporary.SchemaObject.Id)
                Objects = o is null ? Objects.Remove(id) : Objects.SetItem(id, o);
        }

        if (ReferenceEquals(before, Objects))
            return false;
        _combined = null;
        return true;
    }

    /// <summary>Removes the rows of a table in a transaction.</summary>
    public static void DeleteRows(StorageTransaction transaction, Table table)
    {
        Clear(table.Tree);
        foreach (TableIndex index in table.Indexes)
            Clear(index.Tree);

        void Clear(TreeId tree)
        {
            List<byte[]> keys = [];
            using (TreeCursor cursor = transaction.OpenCursor(tree, CursorSource.Newest))
            {
                for (bool more = cursor.SeekFirst(); more; more = cursor.MoveNext())
                    keys.Add(cursor.Key.ToArray());
            }

            foreach (byte[] key in keys)
                transaction.Delete(tree, key);
        }
    }

    public void Dispose()
    {
        Engine.Dispose();
        _files.Dispose();
    }
}
