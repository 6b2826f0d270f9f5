using System.Text;
using BareMetal.Data.Rows;
using BareMetal.Data.Sql;
using BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Copy;

/// <summary>
/// Reads CSV (RFC 4180, with the freedoms that PostgreSQL's COPY takes: any delimiter, quote and escape; quotes within a field) and COPY's text format
/// (backslash escapes). Lines end with LF, CR LF or CR.
/// </summary>
internal sealed class SeparatedReader : CopyReader
{
    private readonly bool _isCsv;
    private readonly byte _delimiter;
    private readonly byte _quote;
    private readonly byte _escape;
    private readonly byte[] _null;
    private readonly bool[] _forceNotNull;
    private readonly bool[] _forceNull;
    private readonly RowBuffer _record = new(4096);
    private readonly RowBuffer _plain = new(256);
    private readonly List<(int Start, int End, bool IsQuoted)> _fields = [];
    private CopyHeader _header;
    private int _fieldStart;
    private long _recordLine = 1;
    private bool _inQuote;
    private bool _isQuoted;
    private bool _escaped;
    private bool _any;
    private bool _skipLineFeed;
    private bool _ended;

    public SeparatedReader(CopyOptions options, CopyBatch batch)
        : base(batch)
    {
        _isCsv = options.Format == CopyFormat.Csv;
        _delimiter = options.Delimiter;
        _quote = options.Quote;
        _escape = options.Escape;
        _null = options.Null;
        _header = options.Header;
        _forceNotNull = Marked(options.ForceNotNull, options.ForceNotNullAll, "FORCE_NOT_NULL");
        _forceNull = Marked(options.ForceNull, options.ForceNullAll, "FORCE_NULL");
    }

    private bool[] Marked(Identifier[] names, bool all, string option)
    {
        bool[] marked = new bool[Batch.Targets.Count];
        marked.AsSpan().Fill(all);
        foreach (Identifier name in names)
        {
            int at = -1;
            for (int i = 0; i < marked.Length; i++)
            {
                if (name.Is(Batch.Targets[i].Name))
                    at = i;
            }

            if (at < 0)
            {
                throw Batch.Table.FindColumn(name.Name) is null
                    ? SqlErrors.At(name.Position, SqlStates.UndefinedColumn, $"The table \"{Batch.Table.Name}\" has no column \"{name}\".")
                    : SqlErrors.At(name.Position, SqlStates.InvalidColumnReference, $"The column \"{name}\" of {option} is not copied.");
            }

            marked[at] = true;
        }

        return marked;
    }

    protected override int ReadRows(ReadOnlySpan<byte> data)
    {
        if (_ended)
            return data.Length;
        return _isCsv ? ReadCsv(data) : ReadText(data);
    }

    private int ReadCsv(ReadOnlySpan<byte> data)
    {
        int at = 0;
        while (at < data.Length)
        {
            byte b = data[at];
            if (_skipLineFeed)
            {
                _skipLineFeed = false;
                if (b == '\n')
                {
                    at++;
                    continue;
                }
            }

            if (_escaped)
            {
                _escaped = false;
                if (b == _escape || b == _quote)
                {
                    Append(b);
                    at++;
                }
                else if (_escape == _quote)
                {
                    _inQuote = false;
                }
                else
                {
                    Append(_escape);
                }

                continue;
            }

            if (_inQuote)
            {
                int plain = data[at..].IndexOfAny(_quote, _escape, (byte)'\n');
                plain = plain < 0 ? data.Length - at : plain;
                if (plain > 0)
                {
                    Append(data.Slice(at, plain));
                    at += plain;
                    continue;
                }

                at++;
                if (b == _escape)
                {
                    _escaped = true;
                }
                else if (b == _quote)
                {
                    _inQuote = false;
                }
                else
                {
                    Line++;
                    Append(b);
                }

                continue;
            }

            _any = true;
            if (b == _quote)
            {
                _inQuote = _isQuoted = true;
                at++;
            }
            else if (b == _delimiter)
            {
                EndField();
                at++;
            }
            else if (b is (byte)'\r' or (byte)'\n')
            {
                _skipLineFeed = b == '\r';
                at++;
                EndRecord();
                if (Batch.IsFull)
                    return at;
            }
            else
            {
                Append(b);
                at++;
            }
        }

        return at;
    }

    private int ReadText(ReadOnlySpan<byte> data)
    {
        int at = 0;
        while (at < data.Length)
        {
            byte b = data[at];
            if (_skipLineFeed)
            {
                _skipLineFeed = false;
                if (b == '\n')
                {
                    at++;
                    continue;
                }
            }

            at++;
            if (_escaped)
            {
                _escaped = false;
                if (b == '\n')
                    Line++;
                Append(b);
                continue;
            }

            _any = true;
            if (b == '\\')
            {
                _escaped = true;
                Append(b);
            }
            else if (b == _delimiter)
            {
                EndField();
            }
            else if (b is (byte)'\r' or (byte)'\n')
            {
                _skipLineFeed = b == '\r';
                EndRecord();
                if (_ended)
                    return data.Length;
                if (Batch.IsFull)
                    return at;
            }
            else
            {
                Append(b);
            }
        }

        return at;
    }

    protected override void FinishRows()
    {
        if (_ended)
            return;
        if (_isCsv && _escaped)
        {
            _escaped = false;
            if (_escape == _quote)
                _inQuote = false;
            else
                Append(_escape);
        }

        if (_inQuote)
            throw CopyErrors.Format(Batch.Table, _recordLine, "A quoted field has no end.", "Double a quote that belongs to the value.");
        if (_any)
            EndRecord();
    }

    private void Append(byte b)
    {
        _record.AppendByte(b);
        if (_record.Length > MaxRecord)
            throw TooLong();
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (_record.Length + (long)bytes.Length > MaxRecord)
            throw TooLong();
        _record.Append(bytes);
    }

    private BareMetalException TooLong() => CopyErrors.Make(
        SqlStates.ProgramLimitExceeded, Batch.Table, _recordLine, null, $"A row has more than {MaxRecord >> 20} MiB.", _inQuote ? "A quote is perhaps never closed." : null);

    private void EndField()
    {
        _fields.Add((_fieldStart, _record.Length, _isQuoted));
        _fieldStart = _record.Length;
        _isQuoted = false;
    }

    private void EndRecord()
    {
        EndField();
        if (!_isCsv && _fields.Count == 1 && _record.Span.SequenceEqual("\\."u8))
            _ended = true;
        else if (_header != CopyHeader.None)
            ReadHeader();
        else
            AddRow();
        Line++;
        _recordLine = Line;
        _record.Clear();
        _fields.Clear();
        _fieldStart = 0;
        _any = false;
    }

    private void ReadHeader()
    {
        CopyHeader header = _header;
        _header = CopyHeader.None;
        if (header != CopyHeader.Match)
            return;
        if (_fields.Count != Batch.Targets.Count)
            throw CopyErrors.Format(Batch.Table, _recordLine, $"The header has {_fields.Count} fields, but {Batch.Targets.Count} columns are copied.");
        for (int i = 0; i < _fields.Count; i++)
        {
            string name = Encoding.UTF8.GetString(Plain(i));
            if (!Identifier.Comparer.Equals(name, Batch.Targets[i].Name))
                throw CopyErrors.Format(Batch.Table, _recordLine, $"Field {i + 1} of the header is \"{name}\", but the column is \"{Batch.Targets[i].Name}\".");
        }
    }

    private void AddRow()
    {
        int count = Batch.Targets.Count;
        if (_fields.Count < count)
            throw CopyErrors.Make(SqlStates.BadCopyFileFormat, Batch.Table, _recordLine, Batch.Targets[_fields.Count], "The data for this column is missing.");
        if (_fields.Count > count)
            throw CopyErrors.Format(Batch.Table, _recordLine, $"There is data behind the last of {count} columns.");
        for (int i = 0; i < count; i++)
        {
            (int start, int end, bool isQuoted) = _fields[i];
            ReadOnlySpan<byte> raw = _record.Span[start..end];
            bool isNull = raw.SequenceEqual(_null) && (isQuoted ? _forceNull[i] : !_forceNotNull[i]);
            if (isNull)
                Batch.SetNull(i);
            else
                Batch.SetText(i, Plain(i), _recordLine);
        }

        Batch.EndRow(_recordLine);
    }

    /// <summary>A field without its escapes; valid until the next call.</summary>
    private ReadOnlySpan<byte> Plain(int field)
    {
        (int start, int end, _) = _fields[field];
        ReadOnlySpan<byte> raw = _record.Span[start..end];
        if (_isCsv || !raw.Contains((byte)'\\'))
            return raw;
        _plain.Clear();
        for (int i = 0; i < raw.Length; i++)
        {
            byte b = raw[i];
            if (b != '\\' || i + 1 >= raw.Length)
            {
                _plain.AppendByte(b);
                continue;
            }

            b = raw[++i];
            switch (b)
            {
                case (byte)'b': _plain.AppendByte((byte)'\b'); break;
                case (byte)'f': _plain.AppendByte((byte)'\f'); break;
                case (byte)'n': _plain.AppendByte((byte)'\n'); break;
                case (byte)'r': _plain.AppendByte((byte)'\r'); break;
                case (byte)'t': _plain.AppendByte((byte)'\t'); break;
                case (byte)'v': _plain.AppendByte((byte)'\v'); break;
                case (byte)'x' when i + 1 < raw.Length && char.IsAsciiHexDigit((char)raw[i + 1]):
                    _plain.AppendByte(Digits(raw, ref i, 2, 16));
                    break;
                case >= (byte)'0' and <= (byte)'7':
                    i--;
                    _plain.AppendByte(Digits(raw, ref i, 3, 8));
                    break;
                default: _plain.AppendByte(b); break;
            }
        }

        return _plain.Span;
    }

    private static byte Digits(ReadOnlySpan<byte> text, ref int at, int max, int radix)
    {
        int value = 0;
        for (int taken = 0; taken < max && at + 1 < text.Length; taken++)
        {
            char c = (char)text[at + 1];
            if (!char.IsAsciiHexDigit(c) || (radix == 8 && c is < '0' or > '7'))
                break;
            value = (value * radix) + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
            at++;
        }

        return (byte)value;
    }
}
