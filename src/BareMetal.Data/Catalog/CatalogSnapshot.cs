using System.Diagnostics.CodeAnalysis;
using BareMetal.Data.Storage;

namespace BareMetal.Data.Catalog;

/// <summary>
/// The catalog as of one moment: immutable, shared by everybody who reads at that moment. Names are found without regard to case;
/// tables, views, sequences and indexes of a schema share one space of names.
/// </summary>
internal sealed class CatalogSnapshot
{
    /// <summary>The schema of unqualified names.</summary>
    public const string DefaultSchema = "public";

    private readonly Dictionary<long, CatalogObject> _byId;
    private readonly Dictionary<(string Schema, string Name), CatalogObject> _byName;
    private readonly Dictionary<string, SchemaObject> _schemas;
    private readonly Dictionary<(string Schema, string Name), (Table Table, TableIndex Index)> _indexes;
    private readonly Dictionary<long, List<Table>> _referencing;
    private readonly Dictionary<(string Schema, string Name), List<Routine>> _routines;

    internal CatalogSnapshot(long version, Lsn lsn, IEnumerable<CatalogObject> objects)
    {
        Version = version;
        Lsn = lsn;
        _byId = [];
        _byName = new Dictionary<(string, string), CatalogObject>(NameComparer.Instance);
        _schemas = new Dictionary<string, SchemaObject>(StringComparer.OrdinalIgnoreCase);
        _indexes = new Dictionary<(string, string), (Table, TableIndex)>(NameComparer.Instance);
        _referencing = [];
        _routines = new Dictionary<(string, string), List<Routine>>(NameComparer.Instance);
        foreach (CatalogObject o in objects)
            Add(o);
    }

    private CatalogSnapshot(CatalogSnapshot source, long version, Lsn lsn)
    {
        Version = version;
        Lsn = lsn;
        _byId = source._byId;
        _byName = source._byName;
        _schemas = source._schemas;
        _indexes = source._indexes;
        _referencing = source._referencing;
        _routines = source._routines;
    }

    /// <summary>Grows by one with each committed change; a transaction's own changes carry the next number until they are committed.</summary>
    public long Version { get; }

    /// <summary>The commit that made it; a transaction's own catalog has that of its base.</summary>
    public Lsn Lsn { get; }

    /// <summary>Whether it is that of a session with temporary objects, which hide others of their names.</summary>
    public bool HasTemporary => _byId.ContainsKey(Temporary.SchemaObject.Id);

    /// <summary>Every object, indexes excepted (they are in their tables); those that the engine provides included (their ids are negative).</summary>
    public IReadOnlyCollection<CatalogObject> Objects => _byId.Values;

    /// <summary>Every schema.</summary>
    public IReadOnlyCollection<SchemaObject> Schemas => _schemas.Values;

    public SchemaObject? FindSchema(string name) => _schemas.GetValueOrDefault(name);

    public bool TryGet(long id, [NotNullWhen(true)] out CatalogObject? found) => _byId.TryGetValue(id, out found);

    /// <summary>The object with an id, of the type asked for; null when there is none.</summary>
    public T? Find<T>(long id)
        where T : CatalogObject => _byId.GetValueOrDefault(id) as T;

    /// <summary>The table, view or sequence of a name; null when there is none.</summary>
    public CatalogObject? Find(string schema, string name) => _byName.GetValueOrDefault((schema, name));

    /// <summary>The table, view or sequence that a name means: in its schema, or in the first of the path that has it.</summary>
    /// <param name="schema">The schema as written; null for an unqualified name.</param>
    /// <param name="name">The name.</param>
    /// <param name="searchPath">Schemas to look in.</param>
    public CatalogObject? Resolve(string? schema, string name, IReadOnlyList<string> searchPath)
    {
        if (schema is not null)
            return Find(schema, name);
        if (HasTemporary && Find(Temporary.Schema, name) is { } temporary)
            return temporary;

        // As in PostgreSQL, pg_catalog goes before the schemas of the path.
        if (name.StartsWith("pg_", StringComparison.OrdinalIgnoreCase) && Find(PgCatalog.Schema, name) is { } system)
            return system;
        foreach (string s in searchPath)
        {
            if (Find(s, name) is { } found)
                return found;
        }

        return null;
    }

    /// <summary>The functions and procedures of a name in a schema.</summary>
    public IReadOnlyList<Routine> FindRoutines(string schema, string name) => _routines.GetValueOrDefault((schema, name)) ?? (IReadOnlyList<Routine>)[];

    /// <summary>The functions and procedures that a name may mean: in its schema, or along a search path, where earlier ones hide those of the same parameters.</summary>
    public IReadOnlyList<Routine> ResolveRoutines(string? schema, string name, IReadOnlyList<string> searchPath)
    {
        if (_routines.Count == 0)
            return [];
        if (schema is not null)
            return FindRoutines(schema, name);
        IReadOnlyList<Routine> found = [];
        foreach (string s in searchPath)
        {
            IReadOnlyList<Routine> more = FindRoutines(s, name);
            if (more.Count == 0)
                continue;
            if (found.Count == 0)
            {
                found = more;
                continue;
            }

            List<Routine> all = [.. found];
            foreach (Routine routine in more)
            {
                if (!all.Exists(r => r.Takes([.. routine.Inputs.Select(p => p.Type)])))
                    all.Add(routine);
            }

            found = all;
        }

        return found;
    }

    /// <summary>The names of all functions and procedures, for hints.</summary>
    public IEnumerable<string> RoutineNames => _routines.Keys.Select(k => k.Name);

    /// <summary>The index of a name and its table.</summary>
    public bool TryFindIndex(string schema, string name, [NotNullWhen(true)] out Table? table, [NotNullWhen(true)] out TableIndex? index)
    {
        if (_indexes.TryGetValue((schema, name), out (Table Table, TableIndex Index) found))
        {
            (table, index) = found;
            return true;
        }

        (table, index) = (null, null);
        return false;
    }

    /// <summary>As <see cref="TryFindIndex(string, string, out Table, out TableIndex)"/>, along a search path when the name is not qualified.</summary>
    public bool TryResolveIndex(string? schema, string name, IReadOnlyList<string> searchPath, [NotNullWhen(true)] out Table? table, [NotNullWhen(true)] out TableIndex? index)
    {
        if (schema is not null)
            return TryFindIndex(schema, name, out table, out index);
        if (HasTemporary && TryFindIndex(Temporary.Schema, name, out table, out index))
            return true;
        foreach (string s in searchPath)
        {
            if (TryFindIndex(s, name, out table, out index))
                return true;
        }

        (table, index) = (null, null);
        return false;
    }

    /// <summary>Tables with a foreign key that refers to this one; it may be among them.</summary>
    public IReadOnlyList<Table> ReferencingTables(long tableId) => _referencing.GetValueOrDefault(tableId) ?? (IReadOnlyList<Table>)[];

    /// <summary>Whether a relation or index has the name.</summary>
    public bool IsNameTaken(string schema, string name) => _byName.ContainsKey((schema, name)) || _indexes.ContainsKey((schema, name));

    /// <summary>The same contents as a newer version.</summary>
    internal CatalogSnapshot WithVersion(long version, Lsn lsn) => new(this, version, lsn);

    /// <summary>The catalog with objects added or replaced (by id) and others removed.</summary>
    internal CatalogSnapshot With(IReadOnlyDictionary<long, CatalogObject?> changes, long version, Lsn lsn)
    {
        List<CatalogObject> objects = new(_byId.Count + changes.Count);
        foreach (CatalogObject o in _byId.Values)
        {
            if (!changes.ContainsKey(o.Id))
                objects.Add(o);
        }

        foreach (CatalogObject? o in changes.Values)
        {
            if (o is not null)
                objects.Add(o);
        }

        return new CatalogSnapshot(version, lsn, objects);
    }

    private void Add(CatalogObject o)
    {
        _byId.Add(o.Id, o);
        if (o is SchemaObject schema)
        {
            _schemas.Add(schema.Name, schema);
            return;
        }

        if (o is Routine routine)
        {
            if (!_routines.TryGetValue((routine.Schema!, routine.Name), out List<Routine>? overloads))
                _routines.Add((routine.Schema!, routine.Name), overloads = []);
            overloads.Add(routine);
            return;
        }

        _byName.Add((o.Schema!, o.Name), o);
        if (o is not Table table)
            return;
        foreach (TableIndex index in table.Indexes)
            _indexes.Add((table.Schema!, index.Name), (table, index));
        foreach (ForeignKey key in table.ForeignKeys)
        {
            if (!_referencing.TryGetValue(key.ReferencedTableId, out List<Table>? tables))
                _referencing.Add(key.ReferencedTableId, tables = []);
            if (!tables.Contains(table))
                tables.Add(table);
        }
    }

    private sealed class NameComparer : IEqualityComparer<(string Schema, string Name)>
    {
        public static readonly NameComparer Instance = new();

        public bool Equals((string Schema, string Name) a, (string Schema, string Name) b) =>
            string.Equals(a.Name, b.Name, StringComparison.OrdinalIgnoreCase) && string.Equals(a.Schema, b.Schema, StringComparison.OrdinalIgnoreCase);

        public int GetHashCode((string Schema, string Name) name) =>
            HashCode.Combine(StringComparer.OrdinalIgnoreCase.GetHashCode(name.Schema), StringComparer.OrdinalIgnoreCase.GetHashCode(name.Name));
    }
}
