using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Columns;

/// <summary>Types whose bytes are not their meaning: collated text and JSON.</summary>
internal sealed class ComparerOperations(SqlType type) : ColumnOperations
{
    private readonly SqlType _type = type;

    public override bool IsPrefixExact => false;

    public override void Hash(Vector vector, int count, Span<uint> hashes)
    {
        Vector<ByteSlice> v = (Vector<ByteSlice>)vector;
        for (int i = 0; i < count; i++)
            hashes[i] = Mix(hashes[i], v.IsNull(i) ? 0x5bd1e995u : HashOf(v.Data[i * v.Stride]));
    }

    private uint HashOf(in ByteSlice value) => BytesOperations.Hash(in value);

    public override bool Equal(Vector a, int rowA, Vector b, int rowB)
    {
        bool nullA = a.IsNull(rowA);
        bool nullB = b.IsNull(rowB);
        if (nullA || nullB)
            return nullA && nullB;
        return Compare(a, rowA, b, rowB) == 0;
    }

    public override int Compare(Vector a, int rowA, Vector b, int rowB) =>
        BytesOperations.Compare(in ((Vector<ByteSlice>)a).Data[rowA * a.Stride], in ((Vector<ByteSlice>)b).Data[rowB * b.Stride]);

    public override ulong Prefix(Vector vector, int row) => 0;

    public override string ToString() => $"comparison of {_type.Kind}";
}
