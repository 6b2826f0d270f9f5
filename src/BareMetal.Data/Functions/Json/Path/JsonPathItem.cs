using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BareMetal.Data.Rows;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Json.Path;

/// <summary>An item of a path's sequence: a JSON value by its text, or a moment that a method made of a string.</summary>
internal readonly struct JsonPathItem
{
    public JsonPathItem(ByteSlice json) => Json = json;

    public JsonPathItem(byte[] json) => Json = new ByteSlice(json);

    /// <summary>A moment: date, time, timestamp or timestamptz.</summary>
    public JsonPathItem(SqlType type, Value moment)
    {
        Moment = moment;
        MomentType = type;
        RowBuffer text = new(40);
        text.AppendByte((byte)'"');
        text.AppendAscii(Format(type.Kind, moment));
        text.AppendByte((byte)'"');
        Json = new ByteSlice(text.ToArray());
    }

    /// <summary>The text, without white space around it; of a moment the string that it is written as.</summary>
    public ByteSlice Json { get; }

    public SqlType? MomentType { get; }

    public Value Moment { get; }

    public ReadOnlySpan<byte> Span => Json.Span;

    /// <summary>The first byte of the text, '0' for every number.</summary>
    public char Kind => JsonText.KindOf(Json.Span);

    /// <summary>A part of this item's text as an item.</summary>
    public JsonPathItem Part(ReadOnlySpan<byte> part)
    {
        int offset = (int)Unsafe.ByteOffset(ref MemoryMarshal.GetReference(Json.Span), ref MemoryMarshal.GetReference(part));
        return new JsonPathItem(new ByteSlice(Json.Array, Json.Offset + offset, part.Length));
    }

    private static string Format(SqlTypeKind kind, in Value moment) => kind switch
    {
        SqlTypeKind.Date => DateOnly.FromDayNumber(moment.As<int>()).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture),
        SqlTypeKind.Time => new TimeOnly(moment.As<long>()).ToString("HH:mm:ss.FFFFFFF", System.Globalization.CultureInfo.InvariantCulture),
        SqlTypeKind.Timestamp => new DateTime(moment.As<long>()).ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFF", System.Globalization.CultureInfo.InvariantCulture),
        _ => new DateTime(moment.As<long>()).ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFF", System.Globalization.CultureInfo.InvariantCulture) + "+00:00",
    };
}
