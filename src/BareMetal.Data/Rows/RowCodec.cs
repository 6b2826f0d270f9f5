using System.Runtime.CompilerServices;
using BareMetal.Data.Catalog;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Rows;

/// <summary>
/// Writes rows of a table under its current schema version and reads rows of every version that it still has. Columns are named by
/// their ordinal in <see cref="Table.Columns"/>. Immutable and shared; get it by <see cref="For"/>.
/// </summary>
internal sealed class RowCodec
{
    private static readonly ConditionalWeakTable<Table, RowCodec> Cache = new();

    private readonly IReadOnlyList<Column> _columns;
    private readonly RowLayout _current;
    private readonly int[] _currentOrdinals;
    private readonly int _firstVersion;
    private readonly VersionAccess?[] _versions;

    public RowCodec(IReadOnlyList<Column> columns, IReadOnlyList<RowSchema> history, int currentVersion)
    {
        _columns = columns;
        int first = int.MaxValue, last = 0;
        foreach (RowSchema schema in history)
        {
            first = Math.Min(first, schema.Version);
            last = Math.Max(last, schema.Version);
        }

        if (history.Count == 0)
            throw new ArgumentException("A table needs at least one row schema.", nameof(history));
        _firstVersion = first;
        _versions = new VersionAccess?[last - first + 1];
        foreach (RowSchema schema in history)
            _versions[schema.Version - first] = new VersionAccess(new RowLayout(schema), columns);
        if (currentVersion < first || currentVersion > last || _versions[currentVersion - first] is not { } current)
            throw new ArgumentException($"The history has no schema version {currentVersion}.", nameof(currentVersion));
        _current = current.Layout;
        _currentOrdinals = new int[_current.Count];
        for (int i = 0; i < _currentOrdinals.Length; i++)
        {
            int ordinal = -1;
            for (int c = 0; c < columns.Count && ordinal < 0; c++)
            {
                if (columns[c].Id == _current.ColumnId(i))
                    ordinal = c;
            }

            _currentOrdinals[i] = ordinal >= 0 ? ordinal : throw new ArgumentException($"Schema version {currentVersion} names column id {_current.ColumnId(i)}, which the table does not have.", nameof(history));
        }
    }

    /// <summary>The codec of a table; made once per table object.</summary>
    public static RowCodec For(Table table)
    {
        if (Cache.TryGetValue(table, out RowCodec? codec))
            return codec;
        return Cache.GetValue(table, static t => new RowCodec(t.Columns, t.SchemaHistory, t.RowSchemaVersion));
    }

    /// <summary>Whether the column is in the rows of the current version (virtual generated columns are not).</summary>
    public bool IsStored(int ordinal) => Array.IndexOf(_currentOrdinals, ordinal) >= 0;

    /// <summary>Appends a row. <paramref name="columns"/> has a vector per table column, by ordinal; those of columns that are not stored are not touched.</summary>
    public void Encode(ReadOnlySpan<Vector> columns, int row, RowBuffer buffer) => _current.Encode(columns, _currentOrdinals, row, buffer);

    /// <summary>Appends a row from a value per table column, by ordinal.</summary>
    public void Encode(ReadOnlySpan<Value> columns, RowBuffer buffer) => _current.Encode(columns, _currentOrdinals, buffer);

    public bool IsNull(ReadOnlySpan<byte> row, int ordinal) => Access(row, ordinal).IsNull(row);

    /// <summary>The column as a scalar; bytes are copied.</summary>
    public Value GetValue(ReadOnlySpan<byte> row, int ordinal) => Access(row, ordinal).ReadValue(row);

    /// <summary>The stored bytes of the column (of text, bytea and JSON: the value itself), without a copy. Meaningless when null.</summary>
    public ReadOnlySpan<byte> GetBytes(ReadOnlySpan<byte> row, int ordinal) => Access(row, ordinal).Bytes(row);

    /// <summary>Reads the column into a vector row; bytes go to the vector's arena.</summary>
    public void Read(ReadOnlySpan<byte> row, int ordinal, Vector target, int at) => Access(row, ordinal).Read(row, target, at);

    /// <summary>Reads one column of many rows of a block to the vector's rows from <paramref name="at"/> on.</summary>
    public void ReadMany(ReadOnlySpan<byte> block, ReadOnlySpan<RowRange> rows, int ordinal, Vector target, int at = 0)
    {
        int from = 0;
        while (from < rows.Length)
        {
            int version = RowLayout.VersionOf(block.Slice(rows[from].Offset, rows[from].Length));
            VersionAccess access = AccessOf(version);
            int to = from;
            while (to < rows.Length)
            {
                ReadOnlySpan<byte> row = block.Slice(rows[to].Offset, rows[to].Length);
                if (RowLayout.VersionOf(row) != version)
                    break;
                access.Layout.Check(row);
                to++;
            }

            access.Column(ordinal).ReadMany(block, rows[from..to], target, at + from);
            from = to;
        }
    }

    /// <summary>A reader of a fixed set of columns for row-at-a-time use.</summary>
    public RowReader CreateReader(ReadOnlySpan<int> ordinals) => new(this, ordinals);

    /// <summary>The codec of a column for rows of a version; the row must pass the layout's check.</summary>
    internal ColumnCodec Column(int version, int ordinal, out RowLayout layout)
    {
        VersionAccess access = AccessOf(version);
        layout = access.Layout;
        return access.Column(ordinal);
    }

    private ColumnCodec Access(ReadOnlySpan<byte> row, int ordinal)
    {
        VersionAccess access = AccessOf(RowLayout.VersionOf(row));
        access.Layout.Check(row);
        return access.Column(ordinal);
    }

    private VersionAccess AccessOf(int version)
    {
        int index = version - _firstVersion;
        if ((uint)index < (uint)_versions.Length && _versions[index] is { } access)
            return access;
        throw RowErrors.Corrupted($"a row of schema version {version}, which the table's history does not have");
    }

    private sealed class VersionAccess
    {
        private readonly ColumnCodec?[] _byOrdinal;

        public VersionAccess(RowLayout layout, IReadOnlyList<Column> columns)
        {
            Layout = layout;
            _byOrdinal = new ColumnCodec?[columns.Count];
            for (int i = 0; i < columns.Count; i++)
            {
                int place = layout.IndexOf(columns[i].Id);
                if (place < 0)
                    _byOrdinal[i] = new MissingColumnCodec(columns[i].Type, columns[i].MissingValue);
                else if (SameStorage(layout[place].Type, columns[i].Type))
                    _byOrdinal[i] = layout[place];
                else
                    _byOrdinal[i] = new ConvertedColumnCodec(columns[i].Type, layout[place]);
            }
        }

        public RowLayout Layout { get; }

        public ColumnCodec Column(int ordinal) => _byOrdinal[ordinal]!;

        // Length, precision and collation do not change the stored bytes of a value that is allowed under both.
        private static bool SameStorage(SqlType stored, SqlType now) =>
            stored.Kind == now.Kind && (stored.Kind != SqlTypeKind.Array || SameStorage(stored.Element!, now.Element!))
            && (stored.Kind != SqlTypeKind.Decimal || stored.Scale == now.Scale || now.Scale is null);
    }
}
