using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Rows;

/// <summary>A column that rows of an older schema do not have: every row gives the default that was evaluated when it was added.</summary>
internal sealed class MissingColumnCodec : ColumnCodec
{
    private readonly byte[] _bytes;
    private readonly Value _value;

    public MissingColumnCodec(SqlType type, byte[]? missingValue)
        : base(type, 0, 0)
    {
        _bytes = missingValue ?? [];
        _value = missingValue is null ? Value.Null(type.Kind) : ValueCodec.Decode(type, missingValue);
    }

    public override bool IsNull(ReadOnlySpan<byte> row) => _value.IsNull;

    public override void Read(ReadOnlySpan<byte> row, Vector target, int at) => target.SetValue(at, _value);

    public override void ReadMany(ReadOnlySpan<byte> block, ReadOnlySpan<RowRange> rows, Vector target, int at)
    {
        for (int i = 0; i < rows.Length; i++)
            target.SetValue(at + i, _value);
    }

    public override Value ReadValue(ReadOnlySpan<byte> row) => _value;

    public override ReadOnlySpan<byte> Bytes(ReadOnlySpan<byte> row) => _bytes;

    public override void Write(RowBuffer buffer, int rowStart, Vector source, int row) =>
        throw new InvalidOperationException("Rows are written under the table's current schema version only.");

    public override void Write(RowBuffer buffer, int rowStart, in Value value) =>
        throw new InvalidOperationException("Rows are written under the table's current schema version only.");
}

/// <summary>A column that rows of an older schema store under a narrower type: converted as it is read.</summary>
internal sealed class ConvertedColumnCodec(SqlType type, ColumnCodec stored) : ColumnCodec(type, 0, 0)
{
    public override bool IsNull(ReadOnlySpan<byte> row) => stored.IsNull(row);

    public override void Read(ReadOnlySpan<byte> row, Vector target, int at) => target.SetValue(at, ReadValue(row));

    public override void ReadMany(ReadOnlySpan<byte> block, ReadOnlySpan<RowRange> rows, Vector target, int at)
    {
        for (int i = 0; i < rows.Length; i++)
            target.SetValue(at + i, ReadValue(block.Slice(rows[i].Offset, rows[i].Length)));
    }

    public override Value ReadValue(ReadOnlySpan<byte> row) => Casts.Convert(stored.ReadValue(row), stored.Type, Type);

    public override ReadOnlySpan<byte> Bytes(ReadOnlySpan<byte> row) => ValueCodec.Encode(Type, ReadValue(row));

    public override void Write(RowBuffer buffer, int rowStart, Vector source, int row) =>
        throw new InvalidOperationException("Rows are written under the table's current schema version only.");

    public override void Write(RowBuffer buffer, int rowStart, in Value value) =>
        throw new InvalidOperationException("Rows are written under the table's current schema version only.");
}
