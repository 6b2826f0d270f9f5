using BareMetal.Data.Values;

namespace BareMetal.Data.Rows;

/// <summary>
/// Reads a fixed set of columns from rows one at a time: the version's column codecs are looked up only when a row's version differs
/// from the one before. Not thread-safe; belongs to one plan instance.
/// </summary>
internal sealed class RowReader
{
    private readonly RowCodec _codec;
    private readonly int[] _ordinals;
    private readonly ColumnCodec[] _columns;
    private RowLayout? _layout;

    internal RowReader(RowCodec codec, ReadOnlySpan<int> ordinals)
    {
        _codec = codec;
        _ordinals = ordinals.ToArray();
        _columns = new ColumnCodec[_ordinals.Length];
    }

    /// <summary>Reads all columns of the set into row <paramref name="at"/> of the vectors.</summary>
    public void Read(ReadOnlySpan<byte> row, ReadOnlySpan<Vector> targets, int at)
    {
        Prepare(row);
        for (int i = 0; i < _columns.Length; i++)
            _columns[i].Read(row, targets[i], at);
    }

    /// <summary>Reads one column of the set, by its place in it.</summary>
    public void Read(ReadOnlySpan<byte> row, int index, Vector target, int at)
    {
        Prepare(row);
        _columns[index].Read(row, target, at);
    }

    /// <summary>A column of the set as a scalar.</summary>
    public Value GetValue(ReadOnlySpan<byte> row, int index)
    {
        Prepare(row);
        return _columns[index].ReadValue(row);
    }

    /// <summary>Reads all columns of the set, column by column, for many rows of a block.</summary>
    public void ReadMany(ReadOnlySpan<byte> block, ReadOnlySpan<RowRange> rows, ReadOnlySpan<Vector> targets, int at = 0)
    {
        int from = 0;
        while (from < rows.Length)
        {
            // Runs of one version are checked once and then read column by column.
            ReadOnlySpan<byte> first = block.Slice(rows[from].Offset, rows[from].Length);
            Prepare(first);
            if (_layout is null)
                return;
            int to = from + 1;
            for (; to < rows.Length; to++)
            {
                ReadOnlySpan<byte> row = block.Slice(rows[to].Offset, rows[to].Length);
                if (RowLayout.VersionOf(row) != _layout.Version)
                    break;
                _layout.Check(row);
            }

            for (int i = 0; i < _columns.Length; i++)
                _columns[i].ReadMany(block, rows[from..to], targets[i], at + from);
            from = to;
        }
    }

    private void Prepare(ReadOnlySpan<byte> row)
    {
        int version = RowLayout.VersionOf(row);
        if (_layout is null || _layout.Version != version)
        {
            for (int i = 0; i < _ordinals.Length; i++)
                _columns[i] = _codec.Column(version, _ordinals[i], out _layout);
            if (_ordinals.Length == 0)
                return;
        }

        _layout!.Check(row);
    }
}
