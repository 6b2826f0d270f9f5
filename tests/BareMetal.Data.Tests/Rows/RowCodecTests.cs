using BareMetal.Data.Catalog;
using BareMetal.Data.Rows;
using BareMetal.Data.Storage;
using BareMetal.Data.Tests.Values;
using BareMetal.Data.Types;
using BareMetal.Data.Values;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Tests.Rows;

public sealed class RowCodecTests(ITestOutputHelper output)
{
    [Fact]
    public void Every_column_of_every_type_reads_back_alone()
    {
        Random random = Start();
        Column[] columns = Columns(RandomValues.Types);
        RowCodec codec = new(columns, [Schema(1, columns)], 1);
        RowBuffer buffer = new();
        for (int n = 0; n < 200; n++)
        {
            Value[] values = [.. columns.Select(c => RandomValues.Next(random, c.Type, 0.2))];
            buffer.Clear();
            codec.Encode(values, buffer);
            for (int i = 0; i < columns.Length; i++)
            {
                Assert.Equal(values[i].IsNull, codec.IsNull(buffer.Span, i));
                Assert.True(RandomValues.Identical(columns[i].Type, values[i], codec.GetValue(buffer.Span, i)), columns[i].Name);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(100000)]
    public void Vectors_and_scalars_write_the_same_bytes_and_blocks_read_back(int version)
    {
        Random random = Start();
        Column[] columns = Columns(RandomValues.Types);
        RowCodec codec = new(columns, [Schema(version, columns)], version);
        const int count = 50;
        Vector[] vectors = [.. columns.Select(c => Vector.Create(c.Type, count))];
        RowBuffer block = new();
        RowRange[] ranges = new RowRange[count];
        for (int row = 0; row < count; row++)
        {
            Value[] values = [.. columns.Select(c => RandomValues.Next(random, c.Type, 0.2))];
            for (int i = 0; i < columns.Length; i++)
                vectors[i].SetValue(row, values[i]);
            RowBuffer single = new();
            codec.Encode(values, single);
            int start = block.Length;
            codec.Encode(vectors, row, block);
            ranges[row] = new RowRange(start, block.Length - start);
            Assert.Equal(single.ToArray(), block.Span[start..].ToArray());
        }

        Vector[] back = [.. columns.Select(c => Vector.Create(c.Type, count))];
        int[] ordinals = [.. Enumerable.Range(0, columns.Length)];
        codec.CreateReader(ordinals).ReadMany(block.Span, ranges, back);
        Vector[] single2 = [.. columns.Select(c => Vector.Create(c.Type, count))];
        RowReader reader = codec.CreateReader(ordinals);
        for (int row = 0; row < count; row++)
        {
            reader.Read(block.Span.Slice(ranges[row].Offset, ranges[row].Length), single2, row);
            for (int i = 0; i < columns.Length; i++)
            {
                Assert.True(RandomValues.Identical(columns[i].Type, vectors[i].GetValue(row), back[i].GetValue(row)));
                Assert.True(RandomValues.Identical(columns[i].Type, vectors[i].GetValue(row), single2[i].GetValue(row)));
            }
        }
    }

    [Theory]
    [InlineData(65534)]
    [InlineData(65535)]
    [InlineData(65536)]
    [InlineData(3_000_000)]
    public void Long_values_switch_to_wide_offsets(int length)
    {
        Column[] columns = Columns([SqlType.Text, SqlType.Integer, SqlType.Bytea]);
        RowCodec codec = new(columns, [Schema(3, columns)], 3);
        Value[] values = [RandomValues.Text("x"), Value.From(SqlTypeKind.Integer, 5), Value.From(SqlTypeKind.Bytea, new ByteSlice(new byte[length - 1]))];
        RowBuffer buffer = new();
        codec.Encode(values, buffer);
        Assert.Equal("x", RandomValues.TextOf(codec.GetValue(buffer.Span, 0)));
        Assert.Equal(5, codec.GetValue(buffer.Span, 1).As<int>());
        Assert.Equal(length - 1, codec.GetBytes(buffer.Span, 2).Length);
    }

    [Fact]
    public void Old_rows_are_read_through_the_schema_they_were_written_under()
    {
        // Version 1: a int, b text, c int. Version 2: b dropped, c widened to bigint, d text added with a default, e added without.
        Column a = Column(1, 0, SqlType.Integer), b = Column(2, 1, SqlType.Text), c = Column(3, 2, SqlType.Integer);
        RowSchema first = Schema(1, [a, b, c]);
        RowBuffer old = new();
        new RowCodec([a, b, c], [first], 1).Encode(
            [Value.From(SqlTypeKind.Integer, 7), RandomValues.Text("gone"), Value.From(SqlTypeKind.Integer, -9)], old);
        Column wide = Column(3, 1, SqlType.BigInt);
        Column d = Column(4, 2, SqlType.Text, ValueCodec.Encode(SqlType.Text, RandomValues.Text("default")));
        Column e = Column(5, 3, SqlType.Text);
        Column[] now = [a, wide, d, e];
        RowCodec codec = new(now, [first, Schema(2, now)], 2);
        Assert.Equal(7, codec.GetValue(old.Span, 0).As<int>());
        Assert.Equal(-9L, codec.GetValue(old.Span, 1).As<long>());
        Assert.Equal("default", RandomValues.TextOf(codec.GetValue(old.Span, 2)));
        Assert.True(codec.IsNull(old.Span, 3));

        RowBuffer block = new();
        block.Append(old.Span);
        codec.Encode([Value.From(SqlTypeKind.Integer, 1), Value.From(SqlTypeKind.BigInt, 1L << 40), Value.Null(SqlTypeKind.Text), RandomValues.Text("e")], block);
        RowRange[] ranges = [new(0, old.Length), new(old.Length, block.Length - old.Length)];
        Vector longs = Vector.Create(SqlType.BigInt, 2), texts = Vector.Create(SqlType.Text, 2);
        codec.ReadMany(block.Span, ranges, 1, longs);
        codec.ReadMany(block.Span, ranges, 2, texts);
        Assert.Equal([-9L, 1L << 40], ((Vector<long>)longs).Data);
        Assert.Equal("default", RandomValues.TextOf(texts.GetValue(0)));
        Assert.True(texts.IsNull(1));
    }

    [Fact]
    public void Truncated_rows_and_unknown_versions_are_corruption()
    {
        Random random = Start();
        Column[] columns = Columns(RandomValues.Types);
        RowCodec codec = new(columns, [Schema(1, columns)], 1);
        RowBuffer buffer = new();
        codec.Encode([.. columns.Select(c => RandomValues.Next(random, c.Type))], buffer);
        for (int length = 0; length < 140; length++)
        {
            byte[] cut = buffer.Span[..length].ToArray();
            Assert.Equal(SqlStates.DataCorrupted, Assert.Throws<BareMetalException>(() => codec.GetValue(cut, 3)).SqlState);
        }

        byte[] other = buffer.ToArray();
        other[0] = 2 << 1;
        Assert.Equal(SqlStates.DataCorrupted, Assert.Throws<BareMetalException>(() => codec.GetValue(other, 3)).SqlState);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Index_entries_give_every_type_back_from_key_included_and_primary_key(bool unique)
    {
        Random random = Start();
        foreach (SqlType type in RandomValues.Types)
        {
            Column id = Column(1, 0, SqlType.Uuid), key = Column(2, 1, type), included = Column(3, 2, type);
            Table table = Table([id, key, included], [1]);
            TableIndex index = new()
            {
                Id = 9, Name = "i", Tree = new TreeId(2), IsUnique = unique, IncludedColumnIds = [3],
                Keys = [new IndexKeyPart(2, Descending: true, NullsFirst: false) { Type = type }],
            };
            IndexEntryCodec codec = new(table, index);
            KeyCodec keys = new(table);
            for (int n = 0; n < 40; n++)
            {
                Value[] row = [RandomValues.Next(random, SqlType.Uuid), RandomValues.Next(random, type, 0.2), RandomValues.Next(random, type, 0.2)];
                RowBuffer primary = new(), entryKey = new(), entryValue = new();
                keys.Encode(row, primary);
                bool inKey = codec.EncodeKey([row[1]], primary.Span, entryKey);
                Assert.Equal(!unique || row[1].IsNull, inKey);
                codec.EncodeValue([row[1]], [row[2]], primary.Span, inKey, entryValue);
                Assert.Equal(primary.ToArray(), codec.PrimaryKey(entryKey.Span, entryValue.Span).ToArray());
                for (int i = 0; i < 3; i++)
                {
                    int slot = codec.FindSlot(i + 1);
                    Assert.True(slot >= 0);
                    Assert.True(RandomValues.Identical(table.Columns[i].Type, row[i], codec.GetValue(entryKey.Span, entryValue.Span, slot)), $"{type.Kind} column {i}");
                }
            }
        }
    }

    [Fact]
    public void A_primary_key_that_cannot_be_read_back_is_not_covered()
    {
        Table table = Table([Column(1, 0, SqlType.Decimal), Column(2, 1, SqlType.Integer)], [1]);
        TableIndex index = new() { Id = 9, Name = "i", Tree = new TreeId(2), Keys = [new IndexKeyPart(2, false, true) { Type = SqlType.Integer }] };
        IndexEntryCodec codec = new(table, index);
        Assert.Equal(-1, codec.FindSlot(1));
        Assert.Equal(0, codec.FindSlot(2));
    }

    private static Table Table(Column[] columns, int[] primaryKey) => new()
    {
        Id = 1, Name = "t", Tree = new TreeId(1), Columns = columns, RowSchemaVersion = 1, SchemaHistory = [Schema(1, columns)],
        PrimaryKey = new KeyConstraint(KeyConstraintKind.PrimaryKey, "pk", primaryKey),
    };

    private static Column[] Columns(SqlType[] types) => [.. types.Select((t, i) => Column(i + 1, i, t))];

    private static Column Column(int id, int ordinal, SqlType type, byte[]? missing = null) =>
        new() { Id = id, Ordinal = ordinal, Name = "c" + id, Type = type, MissingValue = missing };

    private static RowSchema Schema(int version, Column[] columns) => new(version, [.. columns.Select(c => new RowSchemaColumn(c.Id, c.Type))]);

    private Random Start()
    {
        output.WriteLine($"BAREMETAL_SEED={RandomValues.Seed}");
        return new Random(RandomValues.Seed);
    }
}
