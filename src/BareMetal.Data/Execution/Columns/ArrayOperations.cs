using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Columns;

/// <summary>Arrays: element by element, a shorter prefix first; null elements are equal and last, as in PostgreSQL.</summary>
internal sealed class ArrayOperations(SqlType type) : ColumnOperations
{
    private readonly SqlType? _declared = type.Element;

    public override bool IsPrefixExact => false;

    public override void Hash(Vector vector, int count, Span<uint> hashes)
    {
        Span<uint> one = stackalloc uint[1];
        for (int i = 0; i < count; i++)
        {
            uint h = 0x27d4eb2fu;
            if (!vector.IsNull(i))
            {
                ArrayValue array = ((Vector<ArrayValue>)vector).Data[i * vector.Stride];
                Vector item = Vector.Create(array.ElementType, 1);
                ColumnOperations operations = For(array.ElementType);
                foreach (Value value in array.Items)
                {
                    item.Reset();
                    item.SetValue(0, value);
                    one[0] = h;
                    operations.Hash(item, 1, one);
                    h = one[0];
                }
            }

            hashes[i] = Mix(hashes[i], h);
        }
    }

    public override bool Equal(Vector a, int rowA, Vector b, int rowB)
    {
        bool nullA = a.IsNull(rowA);
        bool nullB = b.IsNull(rowB);
        if (nullA || nullB)
            return nullA && nullB;
        return Compare(a, rowA, b, rowB) == 0;
    }

    public override int Compare(Vector a, int rowA, Vector b, int rowB)
    {
        ArrayValue x = ((Vector<ArrayValue>)a).Data[rowA * a.Stride];
        ArrayValue y = ((Vector<ArrayValue>)b).Data[rowB * b.Stride];
        SqlType element = x.ElementType.Kind != SqlTypeKind.Unknown ? x.ElementType : _declared ?? y.ElementType;
        Vector left = Vector.Create(element, 1);
        Vector right = Vector.Create(element, 1);
        ColumnOperations operations = For(element);
        int shared = Math.Min(x.Items.Length, y.Items.Length);
        for (int i = 0; i < shared; i++)
        {
            Value p = x.Items[i];
            Value q = y.Items[i];
            if (p.IsNull || q.IsNull)
            {
                if (p.IsNull && q.IsNull)
                    continue;
                return p.IsNull ? 1 : -1;
            }

            left.SetValue(0, p);
            right.SetValue(0, q);
            int c = operations.Compare(left, 0, right, 0);
            if (c != 0)
                return c;
        }

        return x.Items.Length.CompareTo(y.Items.Length);
    }

    public override ulong Prefix(Vector vector, int row) => 0;
}
