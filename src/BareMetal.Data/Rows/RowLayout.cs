using BareMetal.Data.Catalog;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Rows;

/// <summary>
/// Where the columns of one row schema lie. A row is: the header (schema version × 2 + 1 when offsets are wide, seven bits per byte),
/// the null bitmap (a bit per column), the fixed-width columns in order, the end offsets of the variable columns (16 or 32 bits,
/// counted from the first variable byte), the variable bytes. Everything before the variable bytes has a constant place.
/// </summary>
internal sealed class RowLayout
{
    private readonly ColumnCodec[] _columns;
    private readonly int[] _columnIds;
    private readonly int _headerSize;
    private readonly int _variableCount;
    private readonly int _tableOffset;
    private readonly bool _indexDocuments;

    /// <param name="schema">The columns.</param>
    /// <param name="indexDocuments">Whether JSON is written with its structural index; entries of indexes go without.</param>
    public RowLayout(RowSchema schema, bool indexDocuments = true)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(schema.Version);
        Version = schema.Version;
        _indexDocuments = indexDocuments;
        int count = schema.Columns.Count;
        _columns = new ColumnCodec[count];
        _columnIds = new int[count];
        _headerSize = VarInt.SizeOf((ulong)(uint)schema.Version << 1);
        int offset = _headerSize + (count + 7) / 8;
        int[] places = new int[count];
        for (int i = 0; i < count; i++)
        {
            int size = ValueCodec.FixedSize(schema.Columns[i].Type.Kind);
            places[i] = size >= 0 ? offset : _variableCount++;
            offset += Math.Max(size, 0);
        }

        _tableOffset = offset;
        for (int i = 0; i < count; i++)
        {
            _columnIds[i] = schema.Columns[i].ColumnId;
            _columns[i] = CreateCodec(schema.Columns[i].Type, _headerSize + (i >> 3), (byte)(1 << (i & 7)), places[i]);
        }
    }

    public int Version { get; }

    public int Count => _columns.Length;

    /// <summary>Access to the column at a place of the schema.</summary>
    public ColumnCodec this[int index] => _columns[index];

    public int ColumnId(int index) => _columnIds[index];

    /// <summary>The place of a column by id, −1 when the schema does not have it.</summary>
    public int IndexOf(int columnId) => Array.IndexOf(_columnIds, columnId);

    /// <summary>The schema version that a row was written under.</summary>
    public static int VersionOf(ReadOnlySpan<byte> row)
    {
        if (row.Length > 0 && row[0] < 0x80)
            return row[0] >> 1;
        int offset = 0;
        return (int)(VarInt.Read(row, ref offset) >> 1);
    }

    /// <summary>Throws unless the row is long enough for everything that has a constant place.</summary>
    public void Check(ReadOnlySpan<byte> row)
    {
        if (row.Length < _tableOffset || row.Length < _tableOffset + _variableCount * ((row[0] & 1) == 0 ? 2 : 4))
            throw RowErrors.Corrupted($"a row of {row.Length} bytes is too short for schema version {Version}");
    }

    /// <summary>Appends a row; value i belongs to the schema's column i.</summary>
    public void Encode(ReadOnlySpan<Value> values, RowBuffer buffer)
    {
        int start = buffer.Length;
        Begin(buffer, wide: false);
        for (int i = 0; i < _columns.Length; i++)
            _columns[i].Write(buffer, start, values[i]);
        if (!IsTooLong(buffer, start))
            return;
        buffer.Length = start;
        Begin(buffer, wide: true);
        for (int i = 0; i < _columns.Length; i++)
            _columns[i].Write(buffer, start, values[i]);
    }

    /// <summary>Appends a row from vectors; schema column i comes from vector <paramref name="places"/>[i], or from vector i when places is empty.</summary>
    public void Encode(ReadOnlySpan<Vector> vectors, ReadOnlySpan<int> places, int row, RowBuffer buffer)
    {
        int start = buffer.Length;
        bool wide = false;
        while (true)
        {
            Begin(buffer, wide);
            for (int i = 0; i < _columns.Length; i++)
                _columns[i].Write(buffer, start, vectors[places.IsEmpty ? i : places[i]], row);
            if (wide || !IsTooLong(buffer, start))
                return;
            buffer.Length = start;
            wide = true;
        }
    }

    /// <summary>Appends a row from scalars with places as for vectors.</summary>
    public void Encode(ReadOnlySpan<Value> values, ReadOnlySpan<int> places, RowBuffer buffer)
    {
        int start = buffer.Length;
        bool wide = false;
        while (true)
        {
            Begin(buffer, wide);
            for (int i = 0; i < _columns.Length; i++)
                _columns[i].Write(buffer, start, values[places[i]]);
            if (wide || !IsTooLong(buffer, start))
                return;
            buffer.Length = start;
            wide = true;
        }
    }

    private bool IsTooLong(RowBuffer buffer, int start) =>
        buffer.Length - start - (_tableOffset + _variableCount * 2) > ushort.MaxValue;

    private void Begin(RowBuffer buffer, bool wide)
    {
        buffer.AppendVarUInt(((ulong)(uint)Version << 1) | (wide ? 1u : 0u));
        buffer.Append(_tableOffset - _headerSize + _variableCount * (wide ? 4 : 2)).Clear();
    }

    private ColumnCodec CreateCodec(SqlType type, int nullByte, byte nullMask, int place) => type.Kind switch
    {
        SqlTypeKind.Boolean => new FixedColumnCodec<bool>(type, nullByte, nullMask, place),
        SqlTypeKind.TinyInt => new FixedColumnCodec<sbyte>(type, nullByte, nullMask, place),
        SqlTypeKind.SmallInt => new FixedColumnCodec<short>(type, nullByte, nullMask, place),
        SqlTypeKind.Integer or SqlTypeKind.Date => new FixedColumnCodec<int>(type, nullByte, nullMask, place),
        SqlTypeKind.UTinyInt => new FixedColumnCodec<byte>(type, nullByte, nullMask, place),
        SqlTypeKind.USmallInt => new FixedColumnCodec<ushort>(type, nullByte, nullMask, place),
        SqlTypeKind.UInteger => new FixedColumnCodec<uint>(type, nullByte, nullMask, place),
        SqlTypeKind.UBigInt or SqlTypeKind.RowVersion => new FixedColumnCodec<ulong>(type, nullByte, nullMask, place),
        SqlTypeKind.Real => new FixedColumnCodec<float>(type, nullByte, nullMask, place),
        SqlTypeKind.Double => new FixedColumnCodec<double>(type, nullByte, nullMask, place),
        SqlTypeKind.Decimal => new FixedColumnCodec<decimal>(type, nullByte, nullMask, place),
        SqlTypeKind.Uuid => new FixedColumnCodec<Guid>(type, nullByte, nullMask, place),
        SqlTypeKind.Interval => new FixedColumnCodec<BareMetalInterval>(type, nullByte, nullMask, place),
        SqlTypeKind.DateTimeOffset => new FixedColumnCodec<OffsetInstant>(type, nullByte, nullMask, place),
        SqlTypeKind.BigInt or SqlTypeKind.Time or SqlTypeKind.Timestamp or SqlTypeKind.TimestampTz or SqlTypeKind.TimeSpan =>
            new FixedColumnCodec<long>(type, nullByte, nullMask, place),
        SqlTypeKind.Text or SqlTypeKind.Bytea or SqlTypeKind.Json or SqlTypeKind.Jsonb or SqlTypeKind.Array =>
            new VariableColumnCodec(type, nullByte, nullMask, place, _tableOffset, _variableCount, _indexDocuments),
        _ => throw new ArgumentException($"Columns of type {type.Kind} are not stored."),
    };
}
