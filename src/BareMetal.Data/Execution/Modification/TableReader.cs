using BareMetal.Data.Catalog;
using BareMetal.Data.Rows;
using BareMetal.Data.Storage;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Modification;

/// <summary>Reads whole rows of a table with their keys, in key order, for the engine's own work: building indexes, checking constraints, copying rows.</summary>
internal sealed class TableReader : IDisposable
{
    private const int Size = 512;

    private readonly TreeCursor _cursor;
    private readonly RowReader _reader;
    private readonly Vector[] _stored;
    private readonly byte[][] _keys = new byte[Size][];
    private bool _more;

    /// <param name="transaction">The transaction to read in.</param>
    /// <param name="image">Receives the rows; its virtual columns are not computed here.</param>
    /// <param name="source">Which state to read.</param>
    public TableReader(StorageTransaction transaction, RowImage image, CursorSource source)
    {
        Image = image;
        (int[] ordinals, _stored) = StoredVectors(image, Size);
        _reader = RowCodec.For(image.Table).CreateReader(ordinals);
        _cursor = transaction.OpenCursor(image.Table.Tree, source);
        _more = _cursor.SeekFirst();
    }

    public RowImage Image { get; }

    /// <summary>Reads the next rows into the image; false at the end.</summary>
    public bool Next()
    {
        foreach (Vector vector in _stored)
            vector.Reset();
        int n = 0;
        while (_more && n < Size)
        {
            _keys[n] = _cursor.Key.ToArray();
            _reader.Read(_cursor.Value, _stored, n);
            n++;
            _more = _cursor.MoveNext();
        }

        Image.Count = n;
        return n > 0;
    }

    /// <summary>The key of a row of the image.</summary>
    public byte[] Key(int row) => _keys[row];

    public void Dispose() => _cursor.Dispose();

    /// <summary>Gives the image vectors of its own for its stored columns, and null vectors for virtual ones.</summary>
    public static (int[] Ordinals, Vector[] Vectors) StoredVectors(RowImage image, int capacity)
    {
        List<int> ordinals = [];
        List<Vector> vectors = [];
        foreach (Column column in image.Table.Columns)
        {
            if (column.GeneratedSql is not null && !column.IsStored)
            {
                image.SetNulls(column.Ordinal);
                continue;
            }

            ordinals.Add(column.Ordinal);
            vectors.Add(image.Own(column.Ordinal, capacity));
        }

        return ([.. ordinals], [.. vectors]);
    }
}
