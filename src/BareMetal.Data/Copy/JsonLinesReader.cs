using System.Text;
using System.Text.Json;
using BareMetal.Data.Functions.Json;
using BareMetal.Data.Rows;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Copy;

/// <summary>Reads an object of JSON from each line: its members are the columns, one that is missing is null.</summary>
internal sealed class JsonLinesReader(CopyBatch batch) : CopyReader(batch)
{
    private readonly RowBuffer _line = new(4096);
    private readonly RowBuffer _text = new(256);
    private readonly bool[] _set = new bool[batch.Targets.Count];

    protected override int ReadRows(ReadOnlySpan<byte> data)
    {
        int at = 0;
        while (at < data.Length)
        {
            int end = data[at..].IndexOf((byte)'\n');
            int length = end < 0 ? data.Length - at : end;
            if (_line.Length + (long)length > MaxRecord)
                throw CopyErrors.Make(SqlStates.ProgramLimitExceeded, Batch.Table, Line, null, $"A line has more than {MaxRecord >> 20} MiB.");
            _line.Append(data.Slice(at, length));
            at += length;
            if (end < 0)
                break;
            at++;
            EndLine();
            if (Batch.IsFull)
                break;
        }

        return at;
    }

    protected override void FinishRows() => EndLine();

    private void EndLine()
    {
        ReadOnlySpan<byte> line = JsonText.Trim(_line.Span);
        if (line.Length > 0)
        {
            try
            {
                AddRow(line);
            }
            catch (JsonException e)
            {
                throw CopyErrors.Make(SqlStates.InvalidTextRepresentation, Batch.Table, Line, null, "This is not an object of JSON: " + e.Message);
            }
            catch (InvalidOperationException e)
            {
                throw CopyErrors.Make(SqlStates.CharacterNotInRepertoire, Batch.Table, Line, null, "This is not UTF-8: " + e.Message);
            }
        }

        _line.Clear();
        Line++;
    }

    private void AddRow(ReadOnlySpan<byte> line)
    {
        _set.AsSpan().Clear();
        Utf8JsonReader reader = new(line, new JsonReaderOptions { MaxDepth = 512 });
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            throw CopyErrors.Format(Batch.Table, Line, "The line is not an object of JSON.", "Write one object per line: {\"column\": value, …}.");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            int column = Find(name);
            reader.Read();
            int start = (int)reader.TokenStartIndex;
            reader.Skip();
            SetValue(column, line[start..(int)reader.BytesConsumed]);
            _set[column] = true;
        }

        if (reader.Read())
            throw CopyErrors.Format(Batch.Table, Line, "There is something behind the object.");
        for (int i = 0; i < _set.Length; i++)
        {
            if (!_set[i])
                Batch.SetNull(i);
        }

        Batch.EndRow(Line);
    }

    private int Find(string name)
    {
        for (int i = 0; i < _set.Length; i++)
        {
            if (string.Equals(Batch.Targets[i].Name, name, StringComparison.OrdinalIgnoreCase))
                return i;
        }

        throw CopyErrors.Format(Batch.Table, Line, $"No column \"{name}\" is copied.");
    }

    private void SetValue(int column, ReadOnlySpan<byte> json)
    {
        SqlType type = Batch.TypeOf(column);
        if (type.Kind is SqlTypeKind.Json or SqlTypeKind.Jsonb)
        {
            // As with row_to_json and back: null is no value, everything else is a document.
            if (json.SequenceEqual("null"u8))
                Batch.SetNull(column);
            else
                Batch.SetText(column, json, Line);
        }
        else if (json[0] == 'n')
        {
            Batch.SetNull(column);
        }
        else if (type.Kind is SqlTypeKind.Array or SqlTypeKind.Bytea)
        {
            try
            {
                Batch.Set(column, Convert(json, type));
            }
            catch (BareMetalException e)
            {
                throw CopyErrors.Value(Batch.Table, Line, Batch.Targets[column], json, e);
            }
        }
        else
        {
            Batch.SetText(column, Text(json), Line);
        }
    }

    /// <summary>The text of a string, a number or a truth value; valid until the next call.</summary>
    private ReadOnlySpan<byte> Text(ReadOnlySpan<byte> json)
    {
        if (json[0] != '"')
            return json;
        _text.Clear();
        JsonText.WriteAsText(json, _text);
        return _text.Span;
    }

    private Value Convert(ReadOnlySpan<byte> json, SqlType type)
    {
        if (json[0] == 'n')
            return Value.Null(type.Kind);
        if (type.Kind == SqlTypeKind.Bytea)
        {
            ReadOnlySpan<byte> text = Text(json);
            if (text.StartsWith("\\x"u8))
                return ValueParser.Parse(type, text);
            try
            {
                return Value.From(type.Kind, new ByteSlice(System.Convert.FromBase64String(Encoding.UTF8.GetString(text))));
            }
            catch (FormatException e)
            {
                throw new BareMetalException(SqlStates.InvalidTextRepresentation, "Bytes are given as base64 or as \\x with hexadecimal digits.", e);
            }
        }

        if (type.Kind != SqlTypeKind.Array)
            return ValueParser.Parse(type, type.Kind is SqlTypeKind.Json or SqlTypeKind.Jsonb ? json : Text(json));
        if (json[0] != '[')
            return ValueParser.Parse(type, Text(json));
        List<Value> items = [];
        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = 512 });
        reader.Read();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            int start = (int)reader.TokenStartIndex;
            reader.Skip();
            items.Add(Convert(json[start..(int)reader.BytesConsumed], type.Element!));
        }

        return Value.From(SqlTypeKind.Array, new ArrayValue(type.Element!, [.. items]));
    }
}
