using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using BareMetal.Data.Catalog;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Rows;

/// <summary>The keys of a table's clustered tree: its primary key's parts without markers, or the hidden row id as 8 bytes big-endian. Immutable and shared.</summary>
internal sealed class KeyCodec
{
    private static readonly ConditionalWeakTable<Table, KeyCodec> Cache = new();

    private readonly KeyEncoder[] _parts;
    private readonly int[] _ordinals;

    public KeyCodec(Table table)
    {
        if (table.PrimaryKey is not { } key)
        {
            _parts = [];
            _ordinals = [];
            HasRowId = true;
            return;
        }

        _parts = new KeyEncoder[key.ColumnIds.Count];
        _ordinals = new int[_parts.Length];
        for (int i = 0; i < _parts.Length; i++)
        {
            Column column = FindColumn(table, key.ColumnIds[i]);
            _parts[i] = KeyEncoder.Create(column.Type, nullable: false);
            _ordinals[i] = column.Ordinal;
        }
    }

    /// <summary>The codec of a table; made once per table object.</summary>
    public static KeyCodec For(Table table)
    {
        if (Cache.TryGetValue(table, out KeyCodec? codec))
            return codec;
        return Cache.GetValue(table, static t => new KeyCodec(t));
    }

    /// <summary>True when rows are clustered by the hidden row id.</summary>
    public bool HasRowId { get; }

    /// <summary>The parts of the primary key; none with a hidden row id.</summary>
    public ReadOnlySpan<KeyEncoder> Parts => _parts;

    /// <summary>The ordinals of the key's columns.</summary>
    public ReadOnlySpan<int> Ordinals => _ordinals;

    /// <summary>Appends the key of a row given as a vector per table column, by ordinal.</summary>
    public void Encode(ReadOnlySpan<Vector> columns, int row, RowBuffer buffer)
    {
        RequirePrimaryKey();
        for (int i = 0; i < _parts.Length; i++)
            _parts[i].Append(buffer, columns[_ordinals[i]], row);
    }

    /// <summary>Appends the key of a row given as a value per table column, by ordinal.</summary>
    public void Encode(ReadOnlySpan<Value> columns, RowBuffer buffer)
    {
        RequirePrimaryKey();
        for (int i = 0; i < _parts.Length; i++)
            _parts[i].Append(buffer, columns[_ordinals[i]]);
    }

    /// <summary>Appends a key, or a prefix of it, from values in the key's order.</summary>
    public void EncodeKey(ReadOnlySpan<Value> keyValues, RowBuffer buffer)
    {
        RequirePrimaryKey();
        for (int i = 0; i < keyValues.Length; i++)
            _parts[i].Append(buffer, keyValues[i]);
    }

    /// <summary>Appends the key of a hidden row id.</summary>
    public static void EncodeRowId(ulong rowId, RowBuffer buffer) => BinaryPrimitives.WriteUInt64BigEndian(buffer.Append(8), rowId);

    public static ulong DecodeRowId(ReadOnlySpan<byte> key) =>
        key.Length == 8 ? BinaryPrimitives.ReadUInt64BigEndian(key) : throw RowErrors.Corrupted($"a row id of {key.Length} bytes");

    internal static Column FindColumn(Table table, int columnId)
    {
        foreach (Column column in table.Columns)
        {
            if (column.Id == columnId)
                return column;
        }

        throw new ArgumentException($"Table {table.Name} has no column with id {columnId}.", nameof(columnId));
    }

    private void RequirePrimaryKey()
    {
        if (HasRowId)
            throw new InvalidOperationException("The table has no primary key; its rows are found by row id.");
    }
}
