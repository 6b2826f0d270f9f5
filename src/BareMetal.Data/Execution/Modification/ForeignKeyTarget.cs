using BareMetal.Data.Catalog;
using BareMetal.Data.Catalog.Ddl;
using BareMetal.Data.Rows;
using BareMetal.Data.Storage;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Modification;

/// <summary>
/// A foreign key seen from both of its tables: how the values of the referencing columns make the key of the referenced row, and how
/// the referencing rows of a referenced key are found. The key is that of the parent's clustered tree or of a unique index of it.
/// </summary>
internal sealed class ForeignKeyTarget
{
    // Locks of a key's existence lie beside those of rows and unique values: updating a parent row does not wait for new children.
    private const byte ExistenceMark = 0xFE;

    private readonly KeyEncoder[] _parts;
    private readonly int[] _childOrdinals;
    private readonly int[] _parentOrdinals;
    private readonly SqlType[] _childTypes;
    private readonly TreeId _tree;

    // How children are found: an index or the primary key that begins with the referencing columns; neither: the table is read.
    private readonly TableIndex? _childIndex;
    private readonly bool _byChildKey;
    private readonly KeyEncoder[] _childParts;
    private readonly int[] _childPartOf;

    public ForeignKeyTarget(Table child, ForeignKey key, Table parent)
    {
        Child = child;
        Key = key;
        Parent = parent;
        int[] ordinals;
        if (parent.PrimaryKey is { } primary && TableKeys.SameColumns(primary.ColumnIds, key.ReferencedColumnIds))
        {
            KeyCodec codec = KeyCodec.For(parent);
            _parts = codec.Parts.ToArray();
            ordinals = codec.Ordinals.ToArray();
            _tree = parent.Tree;
        }
        else
        {
            TableIndex index = TableKeys.FindUniqueIndex(parent, key.ReferencedColumnIds)
                ?? throw new BareMetalException(SqlStates.InternalError, $"The key that the foreign key \"{key.Name}\" refers to is gone.");
            _parts = IndexEntryCodec.For(parent, index).Parts.ToArray();
            ordinals = [.. index.Keys.Select(k => parent.FindColumn(k.ColumnId)!.Ordinal)];
            _tree = index.Tree;
        }

        _parentOrdinals = ordinals;
        _childOrdinals = new int[ordinals.Length];
        _childTypes = new SqlType[ordinals.Length];
        for (int i = 0; i < ordinals.Length; i++)
        {
            int at = IndexOf(key.ReferencedColumnIds, parent.Columns[ordinals[i]].Id);
            Column column = child.FindColumn(key.ColumnIds[at])!;
            _childOrdinals[i] = column.Ordinal;
            _childTypes[i] = column.Type;
        }

        (_childIndex, _byChildKey, _childParts, _childPartOf) = FindAccess();
    }

    public Table Child { get; }

    public ForeignKey Key { get; }

    public Table Parent { get; }

    /// <summary>The tree that holds the referenced keys.</summary>
    public TreeId Tree => _tree;

    public ReadOnlySpan<int> ChildOrdinals => _childOrdinals;

    public ReadOnlySpan<int> ParentOrdinals => _parentOrdinals;

    /// <summary>Whether referencing rows are found without reading the whole table.</summary>
    public bool HasAccess => _childIndex is not null || _byChildKey;

    /// <summary>Appends the referenced key of a referencing row. False when a column is null: then nothing is referenced.</summary>
    /// <exception cref="OverflowException">The value lies outside the referenced column's type: no row can have it.</exception>
    public bool EncodeFromChild(Vector[] columns, int row, RowBuffer buffer)
    {
        foreach (int ordinal in _childOrdinals)
        {
            if (columns[ordinal].IsNull(row))
                return false;
        }

        for (int i = 0; i < _parts.Length; i++)
        {
            Vector vector = columns[_childOrdinals[i]];
            if (_childTypes[i].Kind == _parts[i].Type.Kind)
                _parts[i].Append(buffer, vector, row);
            else
                _parts[i].Append(buffer, Casts.Convert(vector.GetValue(row), _childTypes[i], _parts[i].Type));
        }

        return true;
    }

    /// <summary>Appends the key that a referenced row has. False when a column is null: then nothing can refer to it.</summary>
    public bool EncodeFromParent(Vector[] columns, int row, RowBuffer buffer)
    {
        for (int i = 0; i < _parts.Length; i++)
        {
            Vector vector = columns[_parentOrdinals[i]];
            if (vector.IsNull(row))
                return false;
            _parts[i].Append(buffer, vector, row);
        }

        return true;
    }

    /// <summary>The values of a referenced row's key, in the key's order.</summary>
    public Value[] ParentValues(Vector[] columns, int row)
    {
        Value[] values = new Value[_parentOrdinals.Length];
        for (int i = 0; i < values.Length; i++)
            values[i] = columns[_parentOrdinals[i]].GetValue(row);
        return values;
    }

    /// <summary>Locks the key's existence: shared by those who rely on it, exclusively by who removes it.</summary>
    public void LockExistence(QueryContext context, ReadOnlySpan<byte> key, LockMode mode, RowBuffer scratch)
    {
        scratch.Clear();
        scratch.AppendByte(ExistenceMark);
        scratch.Append(key);
        context.Transaction!.LockName(_tree, scratch.Span, mode, context.LockTimeout, context.Cancellation);
    }

    /// <summary>Whether the newest state, the statement's own changes included, has the key.</summary>
    public bool Exists(StorageTransaction transaction, ReadOnlySpan<byte> key) => transaction.ExistsNewest(_tree, key);

    /// <summary>Adds the keys of the rows that refer to a key, in the newest state; says whether one of them was committed after the transaction's snapshot.</summary>
    public void FindChildren(StorageTransaction transaction, Value[] parentValues, List<byte[]> keys, out bool isNewer, int limit, CancellationToken cancellation)
    {
        isNewer = false;
        RowBuffer prefix = new(64);
        for (int i = 0; i < _childParts.Length; i++)
        {
            int part = _childPartOf[i];
            Value value = parentValues[part];
            if (_childTypes[part].Kind != _parts[part].Type.Kind)
            {
                if (!TryConvert(value, _parts[part].Type, _childTypes[part], out value))
                    return;
            }

            _childParts[i].Append(prefix, value);
        }

        using TreeCursor cursor = transaction.OpenCursor(_childIndex?.Tree ?? Child.Tree, CursorSource.Newest);
        IndexEntryCodec? codec = _childIndex is null ? null : IndexEntryCodec.For(Child, _childIndex);
        for (bool more = cursor.Seek(prefix.Span); more && cursor.Key.StartsWith(prefix.Span) && keys.Count < limit; more = cursor.MoveNext())
        {
            keys.Add(codec is null ? cursor.Key.ToArray() : codec.PrimaryKey(cursor.Key, cursor.Value).ToArray());
            if ((keys.Count & 255) == 0)
                cancellation.ThrowIfCancellationRequested();
            isNewer |= !cursor.IsOwn && cursor.EntryLsn > transaction.SnapshotLsn;
        }
    }

    /// <summary>Describes a referenced key for messages.</summary>
    public string Describe(IReadOnlyList<Value> parentValues, bool asChild) => WriteErrors.Key(
        asChild ? _childOrdinals.Select(o => Child.Columns[o].Name) : _parentOrdinals.Select(o => Parent.Columns[o].Name),
        parentValues,
        [.. _parts.Select(p => p.Type)]);

    /// <summary>Describes the referencing values of a row for messages.</summary>
    public string DescribeChild(Vector[] columns, int row)
    {
        Value[] values = new Value[_childOrdinals.Length];
        for (int i = 0; i < values.Length; i++)
            values[i] = columns[_childOrdinals[i]].GetValue(row);
        return WriteErrors.Key(_childOrdinals.Select(o => Child.Columns[o].Name), values, _childTypes);
    }

    /// <summary>Converts between numeric types; false when the value lies outside the target.</summary>
    public static bool TryConvert(in Value value, SqlType from, SqlType to, out Value result)
    {
        try
        {
            result = Casts.Convert(value, from, to);
            // A fraction that was rounded away is another value.
            Value back = Casts.Convert(result, to, from);
            return TypeComparer.For(from).Equals(value, back);
        }
        catch (BareMetalException e) when (e.SqlState == SqlStates.NumericOutOfRange)
        {
            result = default;
            return false;
        }
    }

    private (TableIndex? Index, bool ByKey, KeyEncoder[] Parts, int[] PartOf) FindAccess()
    {
        int n = _childOrdinals.Length;
        if (Child.PrimaryKey is { } primary && primary.ColumnIds.Count >= n)
        {
            ReadOnlySpan<int> ordinals = KeyCodec.For(Child).Ordinals;
            int[] partOf = new int[n];
            if (Match(ordinals[..n], partOf))
                return (null, true, KeyCodec.For(Child).Parts[..n].ToArray(), partOf);
        }

        foreach (TableIndex index in Child.Indexes)
        {
            if (index.FilterSql is not null || index.Keys.Count < n)
                continue;
            int[] ordinals = new int[n];
            bool plain = true;
            for (int i = 0; i < n; i++)
            {
                plain &= index.Keys[i].ExpressionSql is null;
                Column? column = Child.FindColumn(index.Keys[i].ColumnId);
                // An index under another collation finds other rows than the key means.
                plain &= column is not null && column.Type.Collation == index.Keys[i].Type.Collation;
                ordinals[i] = column?.Ordinal ?? -1;
            }

            int[] partOf = new int[n];
            if (plain && Match(ordinals, partOf))
                return (index, false, IndexEntryCodec.For(Child, index).Parts[..n].ToArray(), partOf);
        }

        return (null, false, [], []);
    }

    /// <summary>Whether the leading columns are the referencing ones in any order; says which part of the key each is.</summary>
    private bool Match(ReadOnlySpan<int> ordinals, int[] partOf)
    {
        for (int i = 0; i < ordinals.Length; i++)
        {
            int part = Array.IndexOf(_childOrdinals, ordinals[i]);
            if (part < 0)
                return false;
            partOf[i] = part;
        }

        return true;
    }

    private static int IndexOf(IReadOnlyList<int> ids, int id)
    {
        for (int i = 0; i < ids.Count; i++)
        {
            if (ids[i] == id)
                return i;
        }

        throw new ArgumentException($"Column id {id} is not part of the key.", nameof(id));
    }
}
