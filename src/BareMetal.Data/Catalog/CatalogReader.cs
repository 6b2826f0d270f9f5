using System.Buffers.Binary;
using System.Text;
using BareMetal.Data.Types;

namespace BareMetal.Data.Catalog;

/// <summary>Reads what <see cref="CatalogWriter"/> wrote; anything else is XX001.</summary>
internal ref struct CatalogReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _at;

    public readonly bool IsAtEnd => _at == _bytes.Length;

    public byte Byte() => _at < _bytes.Length ? _bytes[_at++] : throw Damaged();

    public bool Bool() => Byte() switch
    {
        0 => false,
        1 => true,
        _ => throw Damaged(),
    };

    public ulong UInt()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte b = Byte();
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
                return value;
        }

        throw Damaged();
    }

    public long Int()
    {
        ulong value = UInt();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    public int Int32()
    {
        long value = Int();
        return value is >= int.MinValue and <= int.MaxValue ? (int)value : throw Damaged();
    }

    public int Count()
    {
        ulong value = UInt();
        return value <= (ulong)(_bytes.Length - _at) ? (int)value : throw Damaged();
    }

    public ulong Fixed()
    {
        ulong value = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
        return value;
    }

    public string Text() => Encoding.UTF8.GetString(Take(Count()));

    public string? OptionalText() => Bool() ? Text() : null;

    public byte[]? OptionalBytes() => Bool() ? Take(Count()).ToArray() : null;

    public SqlType Type()
    {
        SqlTypeKind kind = (SqlTypeKind)Byte();
        if (kind > SqlTypeKind.Record)
            throw Damaged();
        byte flags = Byte();
        return new SqlType(kind)
        {
            Length = (flags & 1) != 0 ? Int32() : null,
            IsFixedLength = (flags & 2) != 0,
            Precision = (flags & 4) != 0 ? Int32() : null,
            Scale = (flags & 8) != 0 ? Int32() : null,
            Collation = (flags & 16) != 0 ? Text() : null,
            Element = (flags & 32) != 0 ? Type() : null,
        };
    }

    public int[] Ids()
    {
        int[] ids = new int[Count()];
        for (int i = 0; i < ids.Length; i++)
            ids[i] = Int32();
        return ids;
    }

    public static BareMetalException Damaged() => new(SqlStates.DataCorrupted, "A catalog entry can't be decoded.")
    {
        Hint = "Restore the database from a backup.",
    };

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _bytes.Length - _at)
            throw Damaged();
        ReadOnlySpan<byte> taken = _bytes.Slice(_at, count);
        _at += count;
        return taken;
    }
}
