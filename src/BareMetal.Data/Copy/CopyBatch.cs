using System.Text.Unicode;
using BareMetal.Data.BulkCopy;
using BareMetal.Data.Catalog;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Copy;

/// <summary>Rows that were read and are to be written, column by column. Full by rows or by bytes, whichever comes first.</summary>
internal sealed class CopyBatch
{
    private const int MaxRows = 4096;
    private const long MaxBytes = 8L << 20;

    private readonly BulkTarget _target;
    private readonly TimeZoneInfo _zone;
    private readonly bool[] _isChecked;
    private long _bytes;

    public CopyBatch(BulkTarget target, TimeZoneInfo zone)
    {
        _target = target;
        _zone = zone;
        Columns = new Value[target.Columns.Count][];
        _isChecked = new bool[Columns.Length];
        for (int i = 0; i < Columns.Length; i++)
        {
            Columns[i] = new Value[MaxRows];
            SqlType type = target.Columns[i].Type;
            _isChecked[i] = type.Length is not null || type.Precision is not null || type.Scale is not null;
        }
    }

    public Value[][] Columns { get; }

    /// <summary>The line on which each row began.</summary>
    public long[] Lines { get; } = new long[MaxRows];

    public int Count { get; private set; }

    public bool IsFull => Count == MaxRows || _bytes >= MaxBytes;

    public Table Table => _target.Table;

    public IReadOnlyList<Column> Targets => _target.Columns;

    public SqlType TypeOf(int column) => _target.TypeOf(column);

    /// <summary>Puts null into the row that is being made.</summary>
    public void SetNull(int column) => Columns[column][Count] = Value.Null(TypeOf(column).Kind);

    /// <summary>Puts the value of a text into the row that is being made.</summary>
    /// <exception cref="BareMetalException">22P02 and its kin, with line, column and value.</exception>
    public void SetText(int column, ReadOnlySpan<byte> text, long line)
    {
        SqlType type = TypeOf(column);
        if (!Utf8.IsValid(text))
            throw CopyErrors.Make(SqlStates.CharacterNotInRepertoire, Table, line, Targets[column], "This is not UTF-8.");
        _bytes += text.Length + 32;
        try
        {
            Set(column, ValueParser.Parse(type, text, _zone));
        }
        catch (BareMetalException e)
        {
            throw CopyErrors.Value(Table, line, Targets[column], text, e);
        }
        catch (OverflowException e)
        {
            throw CopyErrors.Value(Table, line, Targets[column], text, new BareMetalException(SqlStates.NumericOutOfRange, e.Message, e));
        }
    }

    /// <summary>Puts a value of the column's type, without length and precision, into the row that is being made.</summary>
    public void Set(int column, Value value)
    {
        // Length and precision are looked at here, where the line is known.
        if (_isChecked[column] && !value.IsNull && !IsShort(value, Targets[column].Type))
            Casts.Convert(value, TypeOf(column), Targets[column].Type);
        Columns[column][Count] = value;
    }

    /// <summary>Text of so few bytes that it can't be too long.</summary>
    private static bool IsShort(in Value value, SqlType type) => value.Kind == SqlTypeKind.Text && type.Length is { } length && value.As<ByteSlice>().Span.Length <= length;

    public void EndRow(long line) => Lines[Count++] = line;

    public void Clear()
    {
        Count = 0;
        _bytes = 0;
    }
}
