using System.Buffers.Binary;
using System.Text;
using BareMetal.Data.Types;

namespace BareMetal.Data.Catalog;

/// <summary>Writes catalog entries: variable-length integers, UTF-8 text with its length, one byte before an optional value.</summary>
internal sealed class CatalogWriter
{
    private byte[] _buffer = new byte[512];
    private int _length;

    public byte[] ToArray() => _buffer.AsSpan(0, _length).ToArray();

    public void Byte(byte value)
    {
        Ensure(1);
        _buffer[_length++] = value;
    }

    public void Bool(bool value) => Byte(value ? (byte)1 : (byte)0);

    public void UInt(ulong value)
    {
        Ensure(10);
        while (value >= 0x80)
        {
            _buffer[_length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        _buffer[_length++] = (byte)value;
    }

    public void Int(long value) => UInt((ulong)((value << 1) ^ (value >> 63)));

    public void Fixed(ulong value)
    {
        Ensure(8);
        BinaryPrimitives.WriteUInt64LittleEndian(_buffer.AsSpan(_length), value);
        _length += 8;
    }

    public void Text(string value)
    {
        int length = Encoding.UTF8.GetByteCount(value);
        UInt((ulong)length);
        Ensure(length);
        Encoding.UTF8.GetBytes(value, _buffer.AsSpan(_length));
        _length += length;
    }

    public void OptionalText(string? value)
    {
        Bool(value is not null);
        if (value is not null)
            Text(value);
    }

    public void OptionalBytes(byte[]? value)
    {
        Bool(value is not null);
        if (value is null)
            return;
        UInt((ulong)value.Length);
        Ensure(value.Length);
        value.CopyTo(_buffer, _length);
        _length += value.Length;
    }

    public void Type(SqlType type)
    {
        Byte((byte)type.Kind);
        int flags = (type.Length is null ? 0 : 1) | (type.IsFixedLength ? 2 : 0) | (type.Precision is null ? 0 : 4)
            | (type.Scale is null ? 0 : 8) | (type.Collation is null ? 0 : 16) | (type.Element is null ? 0 : 32);
        Byte((byte)flags);
        if (type.Length is { } length)
            Int(length);
        if (type.Precision is { } precision)
            Int(precision);
        if (type.Scale is { } scale)
            Int(scale);
        if (type.Collation is { } collation)
            Text(collation);
        if (type.Element is { } element)
            Type(element);
    }

    public void Ids(IReadOnlyList<int> ids)
    {
        UInt((ulong)ids.Count);
        foreach (int id in ids)
            Int(id);
    }

    private void Ensure(int count)
    {
        if (_length + count > _buffer.Length)
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + count));
    }
}
