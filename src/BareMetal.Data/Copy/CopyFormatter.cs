using System.Text;
using BareMetal.Data.Functions.Json;
using BareMetal.Data.Rows;
using BareMetal.Data.Sessions;
using BareMetal.Data.Sql;
using BareMetal.Data.Sql.Syntax;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Copy;

/// <summary>Writes rows as COPY TO gives them: CSV (RFC 4180, with LF), COPY's text format, JSON lines.</summary>
internal sealed class CopyFormatter
{
    private readonly CopyOptions _options;
    private readonly SqlType[] _types;
    private readonly byte[][] _names;
    private readonly bool[] _forceQuote;
    private readonly RowBuffer _text = new(256);

    public CopyFormatter(CopyOptions options, IReadOnlyList<ResultColumn> columns)
    {
        _options = options;
        _types = new SqlType[columns.Count];
        _names = new byte[columns.Count][];
        _forceQuote = new bool[columns.Count];
        _forceQuote.AsSpan().Fill(options.ForceQuoteAll);
        for (int i = 0; i < _types.Length; i++)
        {
            _types[i] = columns[i].Type;
            RowBuffer name = new(32);
            if (options.Format == CopyFormat.JsonLines)
                JsonText.WriteString(Encoding.UTF8.GetBytes(columns[i].Name), name);
            else
                name.Append(Encoding.UTF8.GetBytes(columns[i].Name));
            _names[i] = name.ToArray();
        }

        foreach (Identifier name in options.ForceQuote)
        {
            int at = -1;
            for (int i = 0; i < _types.Length; i++)
            {
                if (name.Is(columns[i].Name))
                    at = i;
            }

            if (at < 0)
                throw SqlErrors.At(name.Position, SqlStates.UndefinedColumn, $"The column \"{name}\" of FORCE_QUOTE is not copied.");
            _forceQuote[at] = true;
        }
    }

    public void WriteHeader(RowBuffer output)
    {
        if (_options.Header == CopyHeader.None)
            return;
        for (int i = 0; i < _names.Length; i++)
        {
            if (i > 0)
                output.AppendByte(_options.Delimiter);
            WriteField(_names[i], false, output);
        }

        output.AppendByte((byte)'\n');
    }

    public void WriteRow(Batch batch, int row, RowBuffer output)
    {
        if (_options.Format == CopyFormat.JsonLines)
        {
            output.AppendByte((byte)'{');
            for (int i = 0; i < _types.Length; i++)
            {
                if (i > 0)
                    output.AppendByte((byte)',');
                output.Append(_names[i]);
                output.AppendByte((byte)':');
                WriteJson(batch.Columns[i], row, _types[i], output);
            }

            output.Append("}\n"u8);
            return;
        }

        for (int i = 0; i < _types.Length; i++)
        {
            if (i > 0)
                output.AppendByte(_options.Delimiter);
            Vector column = batch.Columns[i];
            if (column.IsNull(row))
            {
                output.Append(_options.Null);
                continue;
            }

            _text.Clear();
            ValueText.Append(_types[i], column.GetValue(row), _text);
            WriteField(_text.Span, _forceQuote[i], output);
        }

        output.AppendByte((byte)'\n');
    }

    private void WriteJson(Vector column, int row, SqlType type, RowBuffer output)
    {
        int start = output.Length;
        JsonWriter.Write(type, column.GetValue(row), output);

        // A document that was stored as it was given may hold line ends between its tokens.
        if (type.Kind is not (SqlTypeKind.Json or SqlTypeKind.Array or SqlTypeKind.Record))
            return;
        Span<byte> written = output.WrittenSpan[start..];
        for (int i = 0; i < written.Length; i++)
        {
            if (written[i] is (byte)'\n' or (byte)'\r')
                written[i] = (byte)' ';
        }
    }

    private void WriteField(ReadOnlySpan<byte> text, bool force, RowBuffer output)
    {
        if (_options.Format == CopyFormat.Text)
            WriteEscaped(text, output);
        else
            WriteQuoted(text, force, output);
    }

    private void WriteQuoted(ReadOnlySpan<byte> text, bool force, RowBuffer output)
    {
        bool quotes = force || text.SequenceEqual(_options.Null) || text.IndexOfAny((byte)'\r', (byte)'\n') >= 0
            || text.IndexOfAny(_options.Delimiter, _options.Quote) >= 0 || text.SequenceEqual("\\."u8);
        if (!quotes)
        {
            output.Append(text);
            return;
        }

        output.AppendByte(_options.Quote);
        foreach (byte b in text)
        {
            if (b == _options.Quote || b == _options.Escape)
                output.AppendByte(_options.Escape);
            output.AppendByte(b);
        }

        output.AppendByte(_options.Quote);
    }

    private void WriteEscaped(ReadOnlySpan<byte> text, RowBuffer output)
    {
        if (text.Length > 0 && text.SequenceEqual(_options.Null))
        {
            // A value that looks like null: its first byte in octal tells it from null.
            output.AppendByte((byte)'\\');
            output.AppendByte((byte)('0' + (text[0] >> 6)));
            output.AppendByte((byte)('0' + ((text[0] >> 3) & 7)));
            output.AppendByte((byte)('0' + (text[0] & 7)));
            text = text[1..];
        }

        foreach (byte b in text)
        {
            byte letter = b switch
            {
                (byte)'\b' => (byte)'b',
                (byte)'\f' => (byte)'f',
                (byte)'\n' => (byte)'n',
                (byte)'\r' => (byte)'r',
                (byte)'\t' => (byte)'t',
                (byte)'\v' => (byte)'v',
                (byte)'\\' => (byte)'\\',
                _ => b == _options.Delimiter ? b : (byte)0,
            };
            if (letter != 0)
                output.AppendByte((byte)'\\');
            output.AppendByte(letter == 0 ? b : letter);
        }
    }
}
