using System.Globalization;
using BareMetal.Data.Rows;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Json;

/// <summary>Writes SQL values as JSON, in the forms of EF Core's JSON value writers (base64, ISO 8601, TimeSpan "g").</summary>
internal static class JsonWriter
{
    /// <summary>Appends the value as JSON; SQL NULL is <c>null</c>.</summary>
    public static void Write(SqlType type, in Value value, RowBuffer output)
    {
        if (value.IsNull)
        {
            output.Append("null"u8);
            return;
        }

        switch (type.Kind)
        {
            case SqlTypeKind.Json or SqlTypeKind.Jsonb:
                output.Append(value.As<ByteSlice>().Span);
                break;
            case SqlTypeKind.Boolean or (>= SqlTypeKind.TinyInt and <= SqlTypeKind.UBigInt) or SqlTypeKind.Decimal or SqlTypeKind.RowVersion:
                ValueText.Append(type, value, output);
                break;
            case SqlTypeKind.Real when float.IsFinite(value.As<float>()):
                ValueText.Append(value.As<float>(), output);
                break;
            case SqlTypeKind.Double when double.IsFinite(value.As<double>()):
                ValueText.Append(value.As<double>(), output);
                break;
            case SqlTypeKind.Text or SqlTypeKind.Unknown:
                JsonText.WriteString(value.As<ByteSlice>().Span, output);
                break;
            case SqlTypeKind.Bytea:
                Quoted(Convert.ToBase64String(value.As<ByteSlice>().Span), output);
                break;
            case SqlTypeKind.Time:
                Quoted(new TimeOnly(value.As<long>()).ToString("o", CultureInfo.InvariantCulture), output);
                break;
            case SqlTypeKind.Timestamp:
                Quoted(new DateTime(value.As<long>()).ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture), output);
                break;
            case SqlTypeKind.TimestampTz:
                Quoted(new DateTime(value.As<long>()).ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture), output);
                break;
            case SqlTypeKind.DateTimeOffset:
                OffsetInstant instant = value.As<OffsetInstant>();
                Quoted(new DateTimeOffset(Casts.Local(instant), TimeSpan.FromMinutes(instant.OffsetMinutes)).ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz", CultureInfo.InvariantCulture), output);
                break;
            case SqlTypeKind.Interval:
                Quoted(value.As<BareMetalInterval>().ToString(), output);
                break;
            case SqlTypeKind.TimeSpan:
                Quoted(new TimeSpan(value.As<long>()).ToString("g", CultureInfo.InvariantCulture), output);
                break;
            case SqlTypeKind.Array:
                ArrayValue array = value.As<ArrayValue>();
                output.AppendByte((byte)'[');
                for (int i = 0; i < array.Items.Length; i++)
                {
                    if (i > 0)
                        output.AppendByte((byte)',');
                    Write(array.ElementType, array.Items[i], output);
                }

                output.AppendByte((byte)']');
                break;
            case SqlTypeKind.Record:
                output.AppendByte((byte)'{');
                Value[] fields = value.As<ArrayValue>().Items;
                for (int i = 0; i < fields.Length; i++)
                {
                    if (i > 0)
                        output.AppendByte((byte)',');
                    if (type.Fields is { } shape)
                        JsonText.WriteString(System.Text.Encoding.UTF8.GetBytes(shape.Names[i]), output);
                    else
                        output.AppendAscii("\"f" + (i + 1).ToString(CultureInfo.InvariantCulture) + "\"");
                    output.AppendByte((byte)':');
                    Write(type.Fields?.Types[i] ?? new SqlType(fields[i].Kind), fields[i], output);
                }

                output.AppendByte((byte)'}');
                break;
            default:
                RowBuffer text = new(40);
                ValueText.Append(type, value, text);
                JsonText.WriteString(text.Span, output);
                break;
        }
    }

    /// <summary>The value as JSON text, normalised when <paramref name="kind"/> is jsonb.</summary>
    public static Value ToValue(SqlTypeKind kind, RowBuffer json)
    {
        if (kind != SqlTypeKind.Jsonb)
            return Value.From(kind, new ByteSlice(json.ToArray()));
        RowBuffer normal = new(json.Length + 16);
        JsonNormal.Write(json.Span, normal);
        return Value.From(kind, new ByteSlice(normal.ToArray()));
    }

    private static void Quoted(string text, RowBuffer output)
    {
        output.AppendByte((byte)'"');
        output.AppendAscii(text);
        output.AppendByte((byte)'"');
    }
}
