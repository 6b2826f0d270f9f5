using System.Text;
using BareMetal.Data.Rows;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions;

/// <summary>Text as UTF-8 bytes: code points by position, and the way to and from strings.</summary>
internal static class Utf8
{
    /// <summary>Number of code points.</summary>
    public static int Length(ReadOnlySpan<byte> text)
    {
        int continuations = 0;
        foreach (byte b in text)
            continuations += (b & 0xC0) == 0x80 ? 1 : 0;
        return text.Length - continuations;
    }

    /// <summary>The byte index of the code point with that number (from 0); the length when there are not so many.</summary>
    public static int Index(ReadOnlySpan<byte> text, long codePoints)
    {
        if (codePoints <= 0)
            return 0;
        int i = 0;
        for (; i < text.Length; i++)
        {
            if ((text[i] & 0xC0) != 0x80 && codePoints-- == 0)
                return i;
        }

        return i;
    }

    public static string ToString(ReadOnlySpan<byte> text) => Encoding.UTF8.GetString(text);

    public static string ToString(in Value value) => Encoding.UTF8.GetString(value.As<ByteSlice>().Span);

    /// <summary>A text value of a string; lone surrogates are 22021.</summary>
    public static Value ToValue(string text) => Value.From(Types.SqlTypeKind.Text, new ByteSlice(ToBytes(text)));

    /// <summary>The bytes of a string; lone surrogates are 22021.</summary>
    public static byte[] ToBytes(string text)
    {
        try
        {
            return Strict.GetBytes(text);
        }
        catch (EncoderFallbackException e)
        {
            throw new BareMetalException(SqlStates.CharacterNotInRepertoire, $"The text holds a lone surrogate at position {e.Index + 1}, which is not text.", e);
        }
    }

    /// <summary>Appends a string; lone surrogates are 22021.</summary>
    public static void Append(string text, RowBuffer buffer)
    {
        try
        {
            int written = Strict.GetBytes(text, buffer.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length)));
            buffer.Advance(written);
        }
        catch (EncoderFallbackException e)
        {
            throw new BareMetalException(SqlStates.CharacterNotInRepertoire, $"The text holds a lone surrogate at position {e.Index + 1}, which is not text.", e);
        }
    }

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
}
