using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Columns;

/// <summary>Types whose bytes are not their meaning: collated text, JSON, arrays.</summary>
internal sealed class ComparerOperations(SqlType type) : ColumnOperations
{
    private readonly TypeComparer _comparer = TypeComparer.For(type);
    private ulong[] _hashes = [];

    public override bool IsPrefixExact => false;

    public override void Hash(Vector vector, int count, Span<uint> hashes)
    {
        if (_hashes.Length < count)
            _hashes = new ulong[Math.Max(count, Batch.DefaultSize)];
        _comparer.Hash(vector, count, _hashes.AsSpan(0, count), combine: false);
        for (int i = 0; i < count; i++)
            hashes[i] = Mix(hashes[i], (uint)(_hashes[i] ^ (_hashes[i] >> 32)));
    }

    public override bool Equal(Vector a, int rowA, Vector b, int rowB) => _comparer.Same(a, rowA, b, rowB);

    public override bool Identical(Vector a, int rowA, Vector b, int rowB)
    {
        if (!Equal(a, rowA, b, rowB))
            return false;
        if (a.IsNull(rowA) || b.IsNull(rowB))
            return true;
        if (a is Vector<ByteSlice> x && b is Vector<ByteSlice> y)
            return x.Data[rowA * x.Stride].Span.SequenceEqual(y.Data[rowB * y.Stride].Span);

        // What is within an array or a record differs where its text does.
        return ValueText.Format(a.Type, a.GetValue(rowA)) == ValueText.Format(b.Type, b.GetValue(rowB));
    }

    public override int Compare(Vector a, int rowA, Vector b, int rowB) => _comparer.Compare(a, rowA, b, rowB);

    public override void Prefixes(Vector vector, int first, Span<ulong> prefixes) => prefixes.Clear();
}
