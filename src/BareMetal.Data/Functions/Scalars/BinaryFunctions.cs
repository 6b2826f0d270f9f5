using System.Security.Cryptography;
using System.Text;
using BareMetal.Data.Functions.Kernels;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Scalars;

/// <summary>Functions over bytea and uuid.</summary>
internal static class BinaryFunctions
{
    public static void Define(Definitions define)
    {
        SqlType bytea = SqlType.Bytea, text = SqlType.Text, integer = SqlType.Integer;
        define.Add(["length", "octet_length"], integer, Kernel.FromBytes(b => b.Length), bytea);
        define.Add("bit_length", integer, Kernel.FromBytes(b => b.Length * 8), bytea);
        define.Add("||", bytea, Kernel.Bytes((a, b, output) =>
        {
            output.Append(a);
            output.Append(b);
            return true;
        }), bytea, bytea);
        define.Add(["substr", "substring"], bytea, new TextFunctions.SubstringKernel(Substring), bytea, integer);
        define.Add(["substr", "substring"], bytea, new TextFunctions.SubstringKernel(Substring), bytea, integer, integer);
        define.Add("get_byte", integer, Kernel.Of<ByteSlice, int, int>((b, i) => b.Span[Index(b, i)]), bytea, integer);
        define.AddValues("set_byte", bytea, (v, _) =>
        {
            byte[] copy = v[0].As<ByteSlice>().Span.ToArray();
            copy[Index(new ByteSlice(copy), v[1].As<int>())] = (byte)v[2].As<int>();
            return Value.From(SqlTypeKind.Bytea, new ByteSlice(copy));
        }, [bytea, integer, integer]);
        define.Add("contains", SqlType.Boolean, Kernel.FromBytes((a, b) => a.IndexOf(b) >= 0), bytea, bytea);
        define.Add("contains", SqlType.Boolean, Kernel.Of<ByteSlice, byte, bool>((a, b) => a.Span.IndexOf(b) >= 0), bytea, SqlType.UTinyInt);
        define.Add("starts_with", SqlType.Boolean, Kernel.FromBytes((a, b) => a.StartsWith(b)), bytea, bytea);
        define.Add("ends_with", SqlType.Boolean, Kernel.FromBytes((a, b) => a.EndsWith(b)), bytea, bytea);
        define.Add(["position", "strpos"], integer, Kernel.FromBytes((a, b) => a.IndexOf(b) + 1), bytea, bytea);
        define.AddValues("encode", text, (v, _) => Utf8.ToValue(Encode(v[0].As<ByteSlice>().Span, Utf8.ToString(v[1]))), [bytea, text]);
        define.AddValues("decode", bytea, (v, _) => Value.From(SqlTypeKind.Bytea, new ByteSlice(Decode(v[0].As<ByteSlice>().Span, Utf8.ToString(v[1])))), [text, text]);
        define.AddValues("convert_to", bytea, (v, _) => Value.From(SqlTypeKind.Bytea, new ByteSlice(Encoding(v[1]).GetBytes(Utf8.ToString(v[0])))), [text, text]);
        define.AddValues("convert_from", text, (v, _) => Utf8.ToValue(ConvertFrom(v)), [bytea, text]);
        define.Add("md5", text, Kernel.Bytes((b, output) =>
        {
            ValueText.AppendHexDigits(MD5.HashData(b), output);
            return true;
        }), bytea);
        Hash(define, "sha256", SHA256.HashData);
        Hash(define, "sha384", SHA384.HashData);
        Hash(define, "sha512", SHA512.HashData);
        foreach (string name in new[] { "gen_random_uuid", "uuid_generate_v4", "uuidv4" })
            define.AddValues(name, SqlType.Uuid, (_, _) => Value.From(SqlTypeKind.Uuid, Guid.NewGuid()), [], volatility: Volatility.Volatile);
        foreach (string name in new[] { "gen_uuid_v7", "uuidv7" })
            define.AddValues(name, SqlType.Uuid, (_, _) => Value.From(SqlTypeKind.Uuid, Guid.CreateVersion7()), [], volatility: Volatility.Volatile);
        define.Add("uuid_extract_version", integer, Kernel.Of<Guid, int>(g => g.Version), SqlType.Uuid);
    }

    private delegate byte[] Hasher(ReadOnlySpan<byte> bytes);

    private static void Hash(Definitions define, string name, Hasher hash) =>
        define.Add(name, SqlType.Bytea, Kernel.Bytes((b, output) =>
        {
            output.Append(hash(b));
            return true;
        }), SqlType.Bytea);

    private static ReadOnlySpan<byte> Substring(ReadOnlySpan<byte> bytes, long start, long count)
    {
        if (count < 0)
            throw new BareMetalException("22011", "A substring cannot have a negative length.");
        long end = count == long.MaxValue ? bytes.Length + 1L : Math.Min(start + count, bytes.Length + 1L);
        start = Math.Max(start, 1);
        return end <= start ? default : bytes.Slice((int)(start - 1), (int)(end - start));
    }

    private static int Index(ByteSlice bytes, int index) => (uint)index < (uint)bytes.Length
        ? index
        : throw new BareMetalException(SqlStates.ArraySubscriptError, $"The index {index} lies outside the {bytes.Length} bytes.") { Hint = "Bytes are counted from 0." };

    private static string Encode(ReadOnlySpan<byte> bytes, string format)
    {
        switch (format.ToLowerInvariant())
        {
            case "hex":
                return Convert.ToHexStringLower(bytes);
            case "base64":
                return Convert.ToBase64String(bytes);
            case "escape":
                StringBuilder text = new();
                foreach (byte b in bytes)
                {
                    if (b == '\\')
                        text.Append("\\\\");
                    else if (b is 0 or >= 0x80)
                        text.Append('\\').Append((char)('0' + (b >> 6))).Append((char)('0' + ((b >> 3) & 7))).Append((char)('0' + (b & 7)));
                    else
                        text.Append((char)b);
                }

                return text.ToString();
            default:
                throw UnknownFormat(format);
        }
    }

    private static byte[] Decode(ReadOnlySpan<byte> text, string format)
    {
        switch (format.ToLowerInvariant())
        {
            case "hex":
                return ValueParser.Hex(text);
            case "base64":
                try
                {
                    return Convert.FromBase64String(Utf8.ToString(text));
                }
                catch (FormatException e)
                {
                    throw new BareMetalException(SqlStates.InvalidParameterValue, "The text is not base64.", e);
                }

            case "escape":
                return text.StartsWith("\\x"u8) ? [.. text] : ValueParser.Bytes(text);
            default:
                throw UnknownFormat(format);
        }
    }

    private static string ConvertFrom(Value[] v)
    {
        try
        {
            return Encoding(v[1]).GetString(v[0].As<ByteSlice>().Span);
        }
        catch (DecoderFallbackException e)
        {
            throw new BareMetalException(SqlStates.CharacterNotInRepertoire, "The bytes are not text of that encoding.", e);
        }
    }

    private static Encoding Encoding(in Value name) => Utf8.ToString(name).ToUpperInvariant().Replace("-", "", StringComparison.Ordinal) switch
    {
        "UTF8" => new UTF8Encoding(false, true),
        "LATIN1" or "ISO88591" => System.Text.Encoding.Latin1,
        "ASCII" or "SQL_ASCII" => System.Text.Encoding.ASCII,
        "UTF16" or "UTF16LE" => new UnicodeEncoding(false, false, true),
        _ => throw new BareMetalException(SqlStates.InvalidParameterValue, $"The encoding \"{Utf8.ToString(name)}\" is not known.") { Hint = "Use UTF8, LATIN1, ASCII or UTF16." },
    };

    private static BareMetalException UnknownFormat(string format) =>
        new(SqlStates.InvalidParameterValue, $"The format \"{format}\" is not known.") { Hint = "Use hex, base64 or escape." };
}
