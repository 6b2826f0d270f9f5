using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using BareMetal.Data.Functions.Kernels;
using BareMetal.Data.Rows;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Scalars;

/// <summary>Functions over text. Positions count code points from 1.</summary>
internal static class TextFunctions
{
    private const int MaxResult = 1 << 30;

    public static void Define(Definitions define)
    {
        SqlType text = SqlType.Text, integer = SqlType.Integer;
        define.Add(["length", "char_length", "character_length"], integer, Kernel.FromBytes(Utf8.Length), text);
        define.Add("octet_length", integer, Kernel.FromBytes(t => t.Length), text);
        define.Add("bit_length", integer, Kernel.FromBytes(t => t.Length * 8), text);
        define.Add("lower", text, Kernel.Bytes(Lower), text);
        define.Add("upper", text, Kernel.Bytes(Upper), text);
        define.Add("initcap", text, Kernel.Bytes(InitCap), text);
        define.Add(["substr", "substring"], text, new SubstringKernel(Substring), text, integer);
        define.Add(["substr", "substring"], text, new SubstringKernel(Substring), text, integer, integer);
        define.Add("left", text, new SubstringKernel(Left), text, integer);
        define.Add("right", text, new SubstringKernel(Right), text, integer);
        define.Add(["strpos", "position"], integer, Kernel.FromBytes(Position), text, text);
        define.Add("strpos", integer, Kernel.Of<ByteSlice, ByteSlice, int, int>((t, part, start) => Position(t.Span, part.Span, start)), text, text, integer);
        SqlType[] pair = [text, text];
        define.Add("starts_with", _ => SqlType.Boolean, (types, _) => Find(types, (c, t, p) => c.StartsWith(t, p)), pair);
        define.Add("ends_with", _ => SqlType.Boolean, (types, _) => Find(types, (c, t, p) => c.EndsWith(t, p)), pair);
        define.Add("contains", _ => SqlType.Boolean, (types, _) => Find(types, (c, t, p) => c.Contains(t, p)), pair);
        define.AddValues("replace", text, (v, _) => Text(Replace(v[0], v[1], v[2])), [text, text, text]);
        Trim(define, "btrim", true, true);
        Trim(define, "trim", true, true);
        Trim(define, "ltrim", true, false);
        Trim(define, "rtrim", false, true);
        TrimWhite(define, "trim_ws", true, true);
        TrimWhite(define, "ltrim_ws", true, false);
        TrimWhite(define, "rtrim_ws", false, true);
        Pad(define, "pad_left", left: true, truncate: false);
        Pad(define, "pad_right", left: false, truncate: false);
        Pad(define, "lpad", left: true, truncate: true);
        Pad(define, "rpad", left: false, truncate: true);
        define.Add("reverse", text, Kernel.Bytes(Reverse), text);
        define.Add("repeat", text, Kernel.Of<ByteSlice, int, ByteSlice>(Repeat), text, integer);
        define.Add("||", text, Kernel.Bytes(Concat), text, text);
        for (SqlTypeKind kind = SqlTypeKind.Boolean; kind <= SqlTypeKind.Interval; kind++)
        {
            if (kind is SqlTypeKind.Text or SqlTypeKind.Bytea or (> SqlTypeKind.TimeSpan and < SqlTypeKind.Interval))
                continue;
            SqlType other = new(kind);
            define.Add("||", _ => text, (types, _) => new ConcatKernel(types, skipNulls: false, separated: false), [text, other]);
            define.Add("||", _ => text, (types, _) => new ConcatKernel(types, skipNulls: false, separated: false), [other, text]);
        }

        define.Add("concat", _ => text, (types, _) => new ConcatKernel(types, skipNulls: true, separated: false), [Definitions.Any], strict: false, variadic: true);
        define.Add("concat_ws", _ => text, (types, _) => new ConcatKernel(types, skipNulls: true, separated: true), [text, Definitions.Any], strict: false, variadic: true);
        define.Add("ascii", integer, Kernel.FromBytes(t => t.IsEmpty ? 0 : Rune.DecodeFromUtf8(t, out Rune rune, out _) == System.Buffers.OperationStatus.Done ? rune.Value : 0), text);
        define.Add("chr", text, Kernel.ToBytes<int>(Character), integer);
        define.AddValues("split_part", text, (v, _) => Text(SplitPart(v)), [text, text, integer]);
        define.AddValues("translate", text, (v, _) => Text(Translate(v)), [text, text, text]);
        define.AddValues("overlay", text, (v, _) => Text(Overlay(v[0], v[1], v[2].As<int>(), Utf8.Length(Bytes(v[1])))), [text, text, integer]);
        define.AddValues("overlay", text, (v, _) => Text(Overlay(v[0], v[1], v[2].As<int>(), v[3].As<int>())), [text, text, integer, integer]);
        define.Add("md5", text, Kernel.Bytes((t, output) => HexHash(MD5.HashData(t), output)), text);
        define.Add("to_hex", text, Kernel.ToBytes<int>((x, output) => output.AppendAscii(x.ToString("x", CultureInfo.InvariantCulture))), integer);
        define.Add("to_hex", text, Kernel.ToBytes<long>((x, output) => output.AppendAscii(x.ToString("x", CultureInfo.InvariantCulture))), SqlType.BigInt);
        define.Add("quote_ident", text, Kernel.Bytes(QuoteIdentifier), text);
        define.Add("quote_literal", text, Kernel.Bytes(QuoteLiteral), text);
        define.AddValues("quote_nullable", text, (v, _) => v[0].IsNull ? Utf8.ToValue("NULL") : Text(Build(v[0], QuoteLiteral)), [text], strict: false);
        define.AddValues("quote_literal", text, (v, _) => Text(Build(Utf8.ToValue(Scalar(v[0])), QuoteLiteral)), [Definitions.Any]);
        define.AddValues("quote_nullable", text, (v, _) => v[0].IsNull ? Utf8.ToValue("NULL") : Text(Build(Utf8.ToValue(Scalar(v[0])), QuoteLiteral)), [Definitions.Any], strict: false);
        define.AddValues("format", text, (v, _) => v[0].IsNull ? Value.Null(SqlTypeKind.Text) : Text(Format(v)), [text, Definitions.Any], strict: false, variadic: true);
        define.AddValues("format", text, (v, _) => Text(Format(v)), [text]);
        define.AddValues("string_to_array", SqlType.ArrayOf(text), (v, _) => SplitToArray(v), [text, text], strict: false);
        define.AddValues("string_to_array", SqlType.ArrayOf(text), (v, _) => SplitToArray(v), [text, text, text], strict: false);
    }

    internal static bool Lower(ReadOnlySpan<byte> text, RowBuffer output)
    {
        if (Ascii.IsValid(text))
        {
            Ascii.ToLower(text, output.Append(text.Length), out _);
            return true;
        }

        Utf8.Append(Utf8.ToString(text).ToLowerInvariant(), output);
        return true;
    }

    internal static bool Upper(ReadOnlySpan<byte> text, RowBuffer output)
    {
        if (Ascii.IsValid(text))
        {
            Ascii.ToUpper(text, output.Append(text.Length), out _);
            return true;
        }

        Utf8.Append(Utf8.ToString(text).ToUpperInvariant(), output);
        return true;
    }

    /// <summary>PostgreSQL's substring: a start below 1 counts against the count.</summary>
    internal static ReadOnlySpan<byte> Substring(ReadOnlySpan<byte> text, long start, long count)
    {
        if (count < 0)
            throw new BareMetalException("22011", "A substring cannot have a negative length.");
        long end = count == long.MaxValue ? long.MaxValue : Math.Max(start + count, 1);
        start = Math.Max(start, 1);
        if (end <= start)
            return default;
        int from = Utf8.Index(text, start - 1);
        ReadOnlySpan<byte> rest = text[from..];
        return end == long.MaxValue ? rest : rest[..Utf8.Index(rest, end - start)];
    }

    internal static int Position(ReadOnlySpan<byte> text, ReadOnlySpan<byte> part)
    {
        int at = text.IndexOf(part);
        return at < 0 ? 0 : Utf8.Length(text[..at]) + 1;
    }

    private static int Position(ReadOnlySpan<byte> text, ReadOnlySpan<byte> part, int start)
    {
        int skip = Math.Max(start, 1) - 1;
        int from = Utf8.Index(text, skip);
        if (Utf8.Length(text[..from]) < skip)
            return 0;
        int found = Position(text[from..], part);
        return found == 0 ? 0 : found + skip;
    }

    private static ReadOnlySpan<byte> Left(ReadOnlySpan<byte> text, long count, long unused) =>
        text[..Utf8.Index(text, count >= 0 ? count : Math.Max(0, Utf8.Length(text) + count))];

    private static ReadOnlySpan<byte> Right(ReadOnlySpan<byte> text, long count, long unused) =>
        text[Utf8.Index(text, count >= 0 ? Math.Max(0, Utf8.Length(text) - count) : -count)..];

    private static ScalarKernel Find(IReadOnlyList<SqlType> types, CollationTest test)
    {
        Collation collation = Collation.Get(types[0].Collation ?? types[1].Collation);
        return Kernel.FromBytes((text, part) => test(collation, text, part));
    }

    private delegate bool CollationTest(Collation collation, ReadOnlySpan<byte> text, ReadOnlySpan<byte> part);

    private static void Trim(Definitions define, string name, bool start, bool end)
    {
        define.Add(name, SqlType.Text, Kernel.Of<ByteSlice, ByteSlice>(t => TrimSet(t, " "u8, start, end)), SqlType.Text);
        define.Add(name, SqlType.Text, Kernel.Of<ByteSlice, ByteSlice, ByteSlice>((t, set) => TrimSet(t, set.Span, start, end)), SqlType.Text, SqlType.Text);
    }

    private static ByteSlice TrimSet(ByteSlice text, ReadOnlySpan<byte> set, bool start, bool end)
    {
        ReadOnlySpan<byte> span = text.Span;
        int from = 0, to = span.Length;
        while (start && from < to)
        {
            Rune.DecodeFromUtf8(span[from..to], out _, out int size);
            if (set.IndexOf(span.Slice(from, size)) < 0)
                break;
            from += size;
        }

        while (end && to > from)
        {
            Rune.DecodeLastFromUtf8(span[from..to], out _, out int size);
            if (set.IndexOf(span.Slice(to - size, size)) < 0)
                break;
            to -= size;
        }

        return new ByteSlice(text.Array, text.Offset + from, to - from);
    }

    private static void TrimWhite(Definitions define, string name, bool start, bool end) =>
        define.Add(name, SqlType.Text, Kernel.Of<ByteSlice, ByteSlice>(t =>
        {
            ReadOnlySpan<byte> span = t.Span;
            int from = 0, to = span.Length;
            while (start && from < to && Rune.DecodeFromUtf8(span[from..to], out Rune first, out int size) == System.Buffers.OperationStatus.Done && Rune.IsWhiteSpace(first))
                from += size;
            while (end && to > from && Rune.DecodeLastFromUtf8(span[from..to], out Rune last, out int size) == System.Buffers.OperationStatus.Done && Rune.IsWhiteSpace(last))
                to -= size;
            return new ByteSlice(t.Array, t.Offset + from, to - from);
        }), SqlType.Text);

    private static void Pad(Definitions define, string name, bool left, bool truncate)
    {
        define.AddValues(name, SqlType.Text, (v, _) => Text(PadTo(Bytes(v[0]), v[1].As<int>(), " "u8, left, truncate)), [SqlType.Text, SqlType.Integer]);
        define.AddValues(name, SqlType.Text, (v, _) => Text(PadTo(Bytes(v[0]), v[1].As<int>(), Bytes(v[2]), left, truncate)), [SqlType.Text, SqlType.Integer, SqlType.Text]);
    }

    private static byte[] PadTo(ReadOnlySpan<byte> text, int width, ReadOnlySpan<byte> fill, bool left, bool truncate)
    {
        int length = Utf8.Length(text);
        if (length >= width)
            return (truncate ? text[..Utf8.Index(text, Math.Max(width, 0))] : text).ToArray();
        if (fill.IsEmpty)
            return text.ToArray();
        CheckSize((long)(width - length) * 4 + text.Length);
        RowBuffer output = new(text.Length + width);
        if (!left)
            output.Append(text);
        int missing = width - length, fillLength = Utf8.Length(fill);
        for (; missing >= fillLength; missing -= fillLength)
            output.Append(fill);
        output.Append(fill[..Utf8.Index(fill, missing)]);
        if (left)
            output.Append(text);
        return output.ToArray();
    }

    private static bool Reverse(ReadOnlySpan<byte> text, RowBuffer output)
    {
        while (!text.IsEmpty)
        {
            Rune.DecodeLastFromUtf8(text, out _, out int size);
            output.Append(text[^size..]);
            text = text[..^size];
        }

        return true;
    }

    private static ByteSlice Repeat(ByteSlice text, int count)
    {
        if (count <= 0 || text.Length == 0)
            return ByteSlice.Empty;
        CheckSize((long)text.Length * count);
        RowBuffer.CheckAllowed((long)text.Length * count);
        byte[] result = new byte[text.Length * count];
        text.Span.CopyTo(result);
        for (int done = text.Length; done < result.Length; done *= 2)
            result.AsSpan(0, Math.Min(done, result.Length - done)).CopyTo(result.AsSpan(done));
        return new ByteSlice(result);
    }

    private static bool Concat(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, RowBuffer output)
    {
        output.Append(left);
        output.Append(right);
        return true;
    }

    private static bool InitCap(ReadOnlySpan<byte> text, RowBuffer output)
    {
        StringBuilder result = new(text.Length);
        bool inWord = false;
        foreach (Rune rune in Utf8.ToString(text).EnumerateRunes())
        {
            result.Append((inWord ? Rune.ToLowerInvariant(rune) : Rune.ToUpperInvariant(rune)).ToString());
            inWord = Rune.IsLetterOrDigit(rune);
        }

        Utf8.Append(result.ToString(), output);
        return true;
    }

    private static byte[] Replace(in Value text, in Value from, in Value to)
    {
        ReadOnlySpan<byte> source = Bytes(text), old = Bytes(from), with = Bytes(to);
        if (old.IsEmpty)
            return source.ToArray();
        RowBuffer output = new(source.Length + 16);
        while (true)
        {
            int at = source.IndexOf(old);
            if (at < 0)
                break;
            output.Append(source[..at]);
            output.Append(with);
            source = source[(at + old.Length)..];
        }

        output.Append(source);
        return output.ToArray();
    }

    private static void Character(int codePoint, RowBuffer output)
    {
        if (!Rune.TryCreate(codePoint, out Rune rune))
            throw new BareMetalException(SqlStates.ProgramLimitExceeded, $"There is no character with code point {codePoint}.");
        output.Advance(rune.EncodeToUtf8(output.GetSpan(4)));
    }

    private static byte[] SplitPart(Value[] v)
    {
        int field = v[2].As<int>();
        if (field == 0)
            throw new BareMetalException(SqlStates.InvalidParameterValue, "Fields are counted from 1, or from −1 from the end; 0 is none.");
        string delimiter = Utf8.ToString(v[1]);
        string[] parts = delimiter.Length == 0 ? [Utf8.ToString(v[0])] : Utf8.ToString(v[0]).Split(delimiter);
        int index = field > 0 ? field - 1 : parts.Length + field;
        return index >= 0 && index < parts.Length ? Utf8.ToBytes(parts[index]) : [];
    }

    private static byte[] Translate(Value[] v)
    {
        Rune[] from = [.. Utf8.ToString(v[1]).EnumerateRunes()], to = [.. Utf8.ToString(v[2]).EnumerateRunes()];
        StringBuilder result = new();
        foreach (Rune rune in Utf8.ToString(v[0]).EnumerateRunes())
        {
            int at = Array.IndexOf(from, rune);
            if (at < 0)
                result.Append(rune.ToString());
            else if (at < to.Length)
                result.Append(to[at].ToString());
        }

        return Utf8.ToBytes(result.ToString());
    }

    private static byte[] Overlay(in Value text, in Value with, int start, int count)
    {
        if (start < 1)
            throw new BareMetalException("22011", "The start of OVERLAY must be at least 1.");
        ReadOnlySpan<byte> source = Bytes(text);
        int from = Utf8.Index(source, start - 1), to = Utf8.Index(source, Math.Max(0L, (long)start - 1 + count));
        return [.. source[..from], .. Bytes(with), .. source[to..]];
    }

    private static bool HexHash(byte[] hash, RowBuffer output)
    {
        ValueText.AppendHexDigits(hash, output);
        return true;
    }

    /// <summary>Quotes only where the name needs it, as PostgreSQL does.</summary>
    private static bool QuoteIdentifier(ReadOnlySpan<byte> name, RowBuffer output)
    {
        if (IsPlainName(name))
        {
            output.Append(name);
            return true;
        }

        output.AppendByte((byte)'"');
        foreach (byte b in name)
        {
            if (b == '"')
                output.AppendByte(b);
            output.AppendByte(b);
        }

        output.AppendByte((byte)'"');
        return true;
    }

    private static bool IsPlainName(ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty || name.Length > 63 || char.IsAsciiDigit((char)name[0]))
            return false;
        Span<char> word = stackalloc char[name.Length];
        for (int i = 0; i < name.Length; i++)
        {
            word[i] = (char)name[i];
            if (!char.IsAsciiLetterLower(word[i]) && !char.IsAsciiDigit(word[i]) && word[i] != '_')
                return false;
        }

        Sql.Keyword keyword = Sql.Keywords.Find(word);
        return !Sql.Keywords.IsReserved(keyword) && !Sql.Keywords.IsFunctionNameOnly(keyword) && !Sql.Keywords.IsColumnNameOnly(keyword);
    }

    private static bool QuoteLiteral(ReadOnlySpan<byte> text, RowBuffer output)
    {
        bool escaped = text.IndexOf((byte)'\\') >= 0;
        if (escaped)
            output.AppendByte((byte)'E');
        output.AppendByte((byte)'\'');
        foreach (byte b in text)
        {
            if (b is (byte)'\'' or (byte)'\\')
                output.AppendByte(b);
            output.AppendByte(b);
        }

        output.AppendByte((byte)'\'');
        return true;
    }

    private static byte[] Build(in Value value, BytesToBytes function)
    {
        RowBuffer output = new();
        function(Bytes(value), output);
        return output.ToArray();
    }

    private static byte[] Format(Value[] v)
    {
        ReadOnlySpan<byte> pattern = Bytes(v[0]);
        RowBuffer output = new(), argument = new();
        int next = 1;
        for (int i = 0; i < pattern.Length; i++)
        {
            if (pattern[i] != '%')
            {
                output.AppendByte(pattern[i]);
                continue;
            }

            if (++i >= pattern.Length)
                throw new BareMetalException(SqlStates.InvalidParameterValue, "The format ends with a single %.") { Hint = "Write %% for a percent sign." };
            if (pattern[i] == '%')
            {
                output.AppendByte((byte)'%');
                continue;
            }

            int? position = Digits(pattern, ref i);
            bool isLeft = false;
            int width = 0;
            if (position is not null && i < pattern.Length && pattern[i] == '$')
                i++;
            else
                (width, position) = (position ?? 0, null);
            if (width == 0)
            {
                for (; i < pattern.Length && pattern[i] == '-'; i++)
                    isLeft = true;
                if (i < pattern.Length && pattern[i] == '*')
                {
                    i++;
                    int? at = Digits(pattern, ref i);
                    if (at is not null && (i >= pattern.Length || pattern[i++] != '$'))
                        throw new BareMetalException(SqlStates.InvalidParameterValue, "The number of the format's width does not end with $.");
                    Value given = FormatArgument(v, at ?? next);
                    next = (at ?? next) + 1;
                    width = given.IsNull ? 0 : FormatWidth(given);
                    isLeft |= width < 0;
                    width = Math.Abs(width);
                }
                else
                {
                    width = Digits(pattern, ref i) ?? 0;
                }
            }

            next = position ?? next;
            if (i >= pattern.Length || pattern[i] is not ((byte)'s' or (byte)'I' or (byte)'L'))
                throw new BareMetalException(SqlStates.InvalidParameterValue, "The format has a specifier other than %s, %I and %L.") { Hint = "Write %% for a percent sign." };
            Value value = FormatArgument(v, next++);
            int begin = output.Length;
            argument.Clear();
            if (!value.IsNull)
                ValueText.Append(new SqlType(value.Kind), value, argument);
            switch (pattern[i])
            {
                case (byte)'s':
                    output.Append(argument.Span);
                    break;
                case (byte)'L' when value.IsNull:
                    output.Append("NULL"u8);
                    break;
                case (byte)'L':
                    QuoteLiteral(argument.Span, output);
                    break;
                default:
                    if (value.IsNull)
                        throw new BareMetalException(SqlStates.NullValueNotAllowed, "A null cannot be formatted as an identifier.");
                    QuoteIdentifier(argument.Span, output);
                    break;
            }

            int missing = width - Utf8.Length(output.Span[begin..]);
            if (missing > 0)
            {
                byte[] made = output.Span[begin..].ToArray();
                output.Length = begin;
                if (isLeft)
                    output.Append(made);
                output.Append(missing).Fill((byte)' ');
                if (!isLeft)
                    output.Append(made);
            }
        }

        return output.ToArray();
    }

    private static string Scalar(in Value value)
    {
        RowBuffer text = new();
        ValueText.Append(new SqlType(value.Kind), value, text);
        return Encoding.UTF8.GetString(text.Span);
    }

    private static Value FormatArgument(Value[] v, int number) => number >= 1 && number < v.Length
        ? v[number]
        : throw new BareMetalException(SqlStates.InvalidParameterValue, $"The format asks for argument {number}, but there are {v.Length - 1}.");

    private static int FormatWidth(in Value value)
    {
        RowBuffer text = new();
        ValueText.Append(new SqlType(value.Kind), value, text);
        return int.TryParse(text.Span, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int width) && Math.Abs((long)width) <= 100_000_000
            ? width
            : throw new BareMetalException(SqlStates.InvalidTextRepresentation, "The width of a format's argument is not an integer.");
    }

    private static int? Digits(ReadOnlySpan<byte> pattern, ref int at)
    {
        int? number = null;
        for (; at < pattern.Length && (uint)(pattern[at] - '0') <= 9; at++)
            number = Math.Min((number ?? 0) * 10 + (pattern[at] - '0'), 10_000_000);
        return number;
    }

    internal static Value SplitToArray(Value[] v)
    {
        if (v[0].IsNull)
            return Value.Null(SqlTypeKind.Array);
        string text = Utf8.ToString(v[0]);
        string[] parts = text.Length == 0 ? [] : v[1].IsNull ? [.. text.EnumerateRunes().Select(r => r.ToString())]
            : v[1].As<ByteSlice>().Length == 0 ? [text] : text.Split(Utf8.ToString(v[1]));
        string? nullText = v.Length > 2 && !v[2].IsNull ? Utf8.ToString(v[2]) : null;
        Value[] items = new Value[parts.Length];
        for (int i = 0; i < parts.Length; i++)
            items[i] = parts[i] == nullText ? Value.Null(SqlTypeKind.Text) : Utf8.ToValue(parts[i]);
        return Value.From(SqlTypeKind.Array, new ArrayValue(SqlType.Text, items));
    }

    private static void CheckSize(long bytes)
    {
        if (bytes > MaxResult)
            throw new BareMetalException(SqlStates.ProgramLimitExceeded, $"The text would be {bytes} bytes long; the limit is {MaxResult}.");
    }

    private static ReadOnlySpan<byte> Bytes(in Value value) => value.As<ByteSlice>().Span;

    private static Value Text(byte[] bytes) => Value.From(SqlTypeKind.Text, new ByteSlice(bytes));

    internal delegate ReadOnlySpan<byte> Slicer(ReadOnlySpan<byte> text, long first, long second);

    /// <summary>Functions that give a part of their argument: the bytes are referenced, not copied.</summary>
    internal sealed class SubstringKernel(Slicer slicer) : RowKernel
    {
        protected override void Row(ReadOnlySpan<Vector> arguments, int row, Vector result, FunctionContext context)
        {
            ByteSlice text = Get<ByteSlice>(arguments[0], row);
            long second = arguments.Length > 2 ? Get<int>(arguments[2], row) : long.MaxValue;
            ReadOnlySpan<byte> whole = text.Span;
            ReadOnlySpan<byte> part = slicer(whole, Get<int>(arguments[1], row), second);
            int offset = part.IsEmpty ? 0 : (int)System.Runtime.CompilerServices.Unsafe.ByteOffset(
                ref System.Runtime.InteropServices.MemoryMarshal.GetReference(whole),
                ref System.Runtime.InteropServices.MemoryMarshal.GetReference(part));
            ((Vector<ByteSlice>)result).Data[row] = new ByteSlice(text.Array, text.Offset + offset, part.Length);
        }
    }

    /// <summary>Concatenates values of any types as text.</summary>
    private sealed class ConcatKernel : ScalarKernel
    {
        private readonly ScalarKernel?[] _casts;
        private readonly bool _skipNulls;
        private readonly bool _separated;

        public ConcatKernel(IReadOnlyList<SqlType> types, bool skipNulls, bool separated)
        {
            _skipNulls = skipNulls;
            _separated = separated;
            _casts = new ScalarKernel?[types.Count];
            for (int i = 0; i < types.Count; i++)
            {
                if (types[i].Kind is not (SqlTypeKind.Text or SqlTypeKind.Unknown))
                    _casts[i] = (Casts.Find(types[i], SqlType.Text) ?? throw Casts.CannotCast(types[i], SqlType.Text)).Kernel;
            }
        }

        public override void Evaluate(ReadOnlySpan<Vector> arguments, int count, Vector result, FunctionContext context)
        {
            Vector<ByteSlice>[] texts = new Vector<ByteSlice>[arguments.Length];
            for (int i = 0; i < texts.Length; i++)
            {
                if (_casts[i] is not { } cast)
                {
                    texts[i] = (Vector<ByteSlice>)arguments[i];
                    continue;
                }

                texts[i] = new Vector<ByteSlice>(SqlType.Text, Math.Max(count, 1));
                cast.Evaluate([arguments[i]], count, texts[i], context);
            }

            RowBuffer buffer = Scratch.Rent();
            Vector<ByteSlice> target = (Vector<ByteSlice>)result;
            for (int row = 0; row < count; row++)
            {
                buffer.Clear();
                bool isNull = _separated && texts[0].IsNull(row), first = true;
                for (int i = _separated ? 1 : 0; i < texts.Length && !isNull; i++)
                {
                    if (texts[i].IsNull(row))
                    {
                        isNull = !_skipNulls;
                        continue;
                    }

                    if (_separated && !first)
                        buffer.Append(texts[0].Data[row * texts[0].Stride].Span);
                    first = false;
                    buffer.Append(texts[i].Data[row * texts[i].Stride].Span);
                }

                if (isNull)
                    target.SetNull(row);
                else
                    target.Data[row] = target.Arena.Copy(buffer.Span);
            }

            Scratch.Return(buffer);
        }
    }
}
