using System.Runtime.CompilerServices;
using BareMetal.Data.Catalog;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Rows;

/// <summary>
/// Entries of a secondary index. Key: the parts, each with a null marker, then the primary key's bytes unless the index is unique and
/// no part is null (or nulls count as equal). Value: the length of the primary key's bytes and those when they are not in the key
/// (length 0 otherwise), then, when there are any, a row of the originals of parts that cannot be read back and the included columns.
/// <para>A slot names what an entry holds: 0… the key parts, then the included columns, then the primary key's columns.</para>
/// </summary>
internal sealed class IndexEntryCodec
{
    private static readonly ConditionalWeakTable<TableIndex, IndexEntryCodec> Cache = new();

    private readonly KeyEncoder[] _parts;
    private readonly KeyCodec _tableKey;
    private readonly RowLayout? _payload;

    // By slot: the place in the payload, or −1 when it is read from the key.
    private readonly int[] _payloadPlace;
    private readonly int[] _columnIds;
    private readonly SqlType[] _slotTypes;
    private readonly int[] _originals;
    private readonly int _includedCount;
    private readonly bool _isUnique;
    private readonly bool _nullsNotDistinct;

    public IndexEntryCodec(Table table, TableIndex index)
    {
        _tableKey = KeyCodec.For(table);
        _isUnique = index.IsUnique;
        _nullsNotDistinct = index.NullsNotDistinct;
        _parts = new KeyEncoder[index.Keys.Count];
        _includedCount = index.IncludedColumnIds.Count;
        int keySlots = _parts.Length + _includedCount;
        int slots = keySlots + _tableKey.Ordinals.Length;
        _payloadPlace = new int[slots];
        _columnIds = new int[slots];
        _slotTypes = new SqlType[slots];
        List<RowSchemaColumn> payload = [];
        List<int> originals = [];
        for (int i = 0; i < _parts.Length; i++)
        {
            IndexKeyPart part = index.Keys[i];
            _parts[i] = KeyEncoder.Create(part.Type, part.Descending, part.NullsFirst);
            _columnIds[i] = part.ExpressionSql is null ? part.ColumnId : -1;
            _slotTypes[i] = part.Type;
            _payloadPlace[i] = -1;
            if (_parts[i].IsInvertible)
                continue;
            _payloadPlace[i] = payload.Count;
            payload.Add(new RowSchemaColumn(i, part.Type));
            originals.Add(i);
        }

        for (int i = 0; i < _includedCount; i++)
        {
            Column column = KeyCodec.FindColumn(table, index.IncludedColumnIds[i]);
            int slot = _parts.Length + i;
            _columnIds[slot] = column.Id;
            _slotTypes[slot] = column.Type;
            _payloadPlace[slot] = payload.Count;
            payload.Add(new RowSchemaColumn(slot, column.Type));
        }

        for (int i = 0; i < _tableKey.Ordinals.Length; i++)
        {
            int slot = keySlots + i;
            Column column = table.Columns[_tableKey.Ordinals[i]];
            _columnIds[slot] = column.Id;
            _slotTypes[slot] = column.Type;
            _payloadPlace[slot] = -1;
        }

        _originals = [.. originals];
        if (payload.Count > 0)
            _payload = new RowLayout(new RowSchema(0, payload), indexDocuments: false);
    }

    /// <summary>The codec of an index; made once per index object.</summary>
    public static IndexEntryCodec For(Table table, TableIndex index)
    {
        if (Cache.TryGetValue(index, out IndexEntryCodec? codec) && codec._tableKey == KeyCodec.For(table))
            return codec;
        codec = new IndexEntryCodec(table, index);
        Cache.AddOrUpdate(index, codec);
        return codec;
    }

    /// <summary>The encoders of the key parts: also those that build seek keys and ranges.</summary>
    public ReadOnlySpan<KeyEncoder> Parts => _parts;

    /// <summary>The slot that holds a column's exact value, −1 when entries do not hold it.</summary>
    public int FindSlot(int columnId)
    {
        for (int slot = 0; slot < _columnIds.Length; slot++)
        {
            if (_columnIds[slot] == columnId && CanRead(slot))
                return slot;
        }

        return -1;
    }

    /// <summary>Whether the slot's exact value can be read from an entry.</summary>
    public bool CanRead(int slot)
    {
        if (_payloadPlace[slot] >= 0 || slot < _parts.Length)
            return true;
        return _tableKey.Parts[slot - _parts.Length - _includedCount].IsInvertible;
    }

    public SqlType SlotType(int slot) => _slotTypes[slot];

    /// <summary>Appends an entry's key. Returns whether the primary key is part of it (give that to <see cref="EncodeValue(ReadOnlySpan{Vector}, ReadOnlySpan{Vector}, int, ReadOnlySpan{byte}, bool, RowBuffer)"/>).</summary>
    public bool EncodeKey(ReadOnlySpan<Vector> parts, int row, ReadOnlySpan<byte> primaryKey, RowBuffer buffer)
    {
        bool hasNull = false;
        for (int i = 0; i < _parts.Length; i++)
        {
            hasNull |= parts[i].IsNull(row);
            _parts[i].Append(buffer, parts[i], row);
        }

        return AppendPrimaryKey(hasNull, primaryKey, buffer);
    }

    /// <summary>Appends an entry's key from scalars.</summary>
    public bool EncodeKey(ReadOnlySpan<Value> parts, ReadOnlySpan<byte> primaryKey, RowBuffer buffer)
    {
        bool hasNull = false;
        for (int i = 0; i < _parts.Length; i++)
        {
            hasNull |= parts[i].IsNull;
            _parts[i].Append(buffer, parts[i]);
        }

        return AppendPrimaryKey(hasNull, primaryKey, buffer);
    }

    /// <summary>Appends only the parts: the key by which uniqueness is judged, and a seek prefix when fewer values are given.</summary>
    public void EncodePrefix(ReadOnlySpan<Value> parts, RowBuffer buffer)
    {
        for (int i = 0; i < parts.Length; i++)
            _parts[i].Append(buffer, parts[i]);
    }

    /// <summary>Appends only the parts of a vector row: the key by which uniqueness is judged. Returns whether one of them is null.</summary>
    public bool EncodeParts(ReadOnlySpan<Vector> parts, int row, RowBuffer buffer)
    {
        bool hasNull = false;
        for (int i = 0; i < _parts.Length; i++)
        {
            hasNull |= parts[i].IsNull(row);
            _parts[i].Append(buffer, parts[i], row);
        }

        return hasNull;
    }

    /// <summary>Appends an entry's value.</summary>
    public void EncodeValue(ReadOnlySpan<Vector> parts, ReadOnlySpan<Vector> included, int row, ReadOnlySpan<byte> primaryKey, bool primaryKeyInKey, RowBuffer buffer)
    {
        AppendValueHead(primaryKey, primaryKeyInKey, buffer);
        if (_payload is null)
            return;
        Vector[] vectors = new Vector[_payload.Count];
        for (int i = 0; i < _originals.Length; i++)
            vectors[i] = parts[_originals[i]];
        for (int i = 0; i < _includedCount; i++)
            vectors[_originals.Length + i] = included[i];
        _payload.Encode(vectors, [], row, buffer);
    }

    /// <summary>Appends an entry's value from scalars.</summary>
    public void EncodeValue(ReadOnlySpan<Value> parts, ReadOnlySpan<Value> included, ReadOnlySpan<byte> primaryKey, bool primaryKeyInKey, RowBuffer buffer)
    {
        AppendValueHead(primaryKey, primaryKeyInKey, buffer);
        if (_payload is null)
            return;
        Value[] values = new Value[_payload.Count];
        for (int i = 0; i < _originals.Length; i++)
            values[i] = parts[_originals[i]];
        for (int i = 0; i < _includedCount; i++)
            values[_originals.Length + i] = included[i];
        _payload.Encode(values, buffer);
    }

    /// <summary>The key of the entry's row in the table's tree.</summary>
    public ReadOnlySpan<byte> PrimaryKey(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        int at = 0;
        int length = VarInt.ReadInt32(value, ref at);
        if (length > 0)
            return length <= value.Length - at ? value.Slice(at, length) : throw RowErrors.Corrupted("an index entry's value ends early");
        int offset = 0;
        foreach (KeyEncoder part in _parts)
            offset = part.Skip(key, offset);
        return key[offset..];
    }

    /// <summary>Whether the slot is null in an entry.</summary>
    public bool IsNull(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, int slot)
    {
        if (slot < _parts.Length)
            return _parts[slot].IsNull(key, PartOffset(key, slot));
        return _payloadPlace[slot] >= 0 && _payload![_payloadPlace[slot]].IsNull(Payload(value));
    }

    /// <summary>Reads a slot of an entry into a vector row.</summary>
    public void Read(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, int slot, Vector target, int at)
    {
        int place = _payloadPlace[slot];
        if (place >= 0)
        {
            _payload![place].Read(Payload(value), target, at);
            return;
        }

        if (slot < _parts.Length)
        {
            int offset = PartOffset(key, slot);
            _parts[slot].Read(key, ref offset, target, at);
            return;
        }

        ReadOnlySpan<byte> primaryKey = PrimaryKey(key, value);
        int keyOffset = 0;
        int keyPart = slot - _parts.Length - _includedCount;
        ReadOnlySpan<KeyEncoder> keyParts = _tableKey.Parts;
        for (int i = 0; i < keyPart; i++)
            keyOffset = keyParts[i].Skip(primaryKey, keyOffset);
        keyParts[keyPart].Read(primaryKey, ref keyOffset, target, at);
    }

    /// <summary>A slot of an entry as a scalar.</summary>
    public Value GetValue(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, int slot)
    {
        Vector vector = Vector.Create(_slotTypes[slot], 1);
        Read(key, value, slot, vector, 0);
        return vector.GetValue(0);
    }

    private bool AppendPrimaryKey(bool hasNull, ReadOnlySpan<byte> primaryKey, RowBuffer buffer)
    {
        if (_isUnique && (!hasNull || _nullsNotDistinct))
            return false;
        buffer.Append(primaryKey);
        return true;
    }

    private static void AppendValueHead(ReadOnlySpan<byte> primaryKey, bool primaryKeyInKey, RowBuffer buffer)
    {
        if (primaryKeyInKey)
        {
            buffer.AppendByte(0);
            return;
        }

        buffer.AppendVarUInt((ulong)primaryKey.Length);
        buffer.Append(primaryKey);
    }

    private int PartOffset(ReadOnlySpan<byte> key, int part)
    {
        int offset = 0;
        for (int i = 0; i < part; i++)
            offset = _parts[i].Skip(key, offset);
        return offset;
    }

    private ReadOnlySpan<byte> Payload(ReadOnlySpan<byte> value)
    {
        int at = 0;
        int length = VarInt.ReadInt32(value, ref at);
        at += length;
        if (at > value.Length || at < length)
            throw RowErrors.Corrupted("an index entry's value ends early");
        ReadOnlySpan<byte> payload = value[at..];
        _payload!.Check(payload);
        return payload;
    }
}
