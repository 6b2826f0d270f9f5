using System.Runtime.CompilerServices;
using BareMetal.Data.Simd;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Columns;

/// <summary>Helpers over vectors and batches.</summary>
internal static class VectorTools
{
    /// <summary>Bytes of texts and the like that a batch may have without a thought.</summary>
    public const long LightBytes = 64 * 1024;

    private static int[] _identity = MakeIdentity(Batch.DefaultSize);

    /// <summary>0, 1, 2 … count−1.</summary>
    public static ReadOnlySpan<int> Identity(int count)
    {
        int[] identity = _identity;
        if (identity.Length < count)
            _identity = identity = MakeIdentity(Math.Max(count, identity.Length * 2));
        return identity.AsSpan(0, count);
    }

    private static int[] MakeIdentity(int count)
    {
        int[] identity = new int[count];
        for (int i = 0; i < count; i++)
            identity[i] = i;
        return identity;
    }

    public static Vector[] CreateVectors(IReadOnlyList<SqlType> types, int capacity)
    {
        Vector[] vectors = new Vector[types.Count];
        for (int i = 0; i < vectors.Length; i++)
            vectors[i] = Vector.Create(types[i], capacity);
        return vectors;
    }

    /// <summary>Approximate bytes that a row of a kept vector takes.</summary>
    public static long RowBytes(Vector vector, int row) => vector switch
    {
        Vector<ByteSlice> s => 17 + (s.IsNull(row) ? 0 : s.Data[row * s.Stride].Length),
        Vector<ArrayValue> a => 9 + (a.IsNull(row) ? 0 : a.Data[row * a.Stride].Bytes),
        Vector<decimal> or Vector<Guid> or Vector<OffsetInstant> or Vector<BareMetalInterval> => 17,
        Vector<long> or Vector<double> or Vector<ulong> => 9,
        _ => 5,
    };

    /// <summary>Whether what columns hold of their own is more than a batch should have: rows are wide, and a batch of fewer does.</summary>
    public static bool IsHeavy(ReadOnlySpan<Vector> columns, QueryContext context)
    {
        long bytes = 0;
        foreach (Vector v in columns)
        {
            if (v is Vector<ByteSlice> s)
                bytes += s.ArenaBytes;
            else if (v is Vector<ArrayValue> a)
                bytes += a.ArenaBytes;
        }

        return bytes > LightBytes && bytes > context.Memory.Floor;
    }

    /// <summary>Approximate bytes that some rows of columns take when kept.</summary>
    public static long RowsBytes(ReadOnlySpan<Vector> columns, ReadOnlySpan<int> rows)
    {
        long bytes = 0;
        foreach (Vector v in columns)
        {
            if (rows.Length == 0)
                break;
            switch (v)
            {
                case Vector<ByteSlice> s:
                    bytes += 17L * rows.Length;
                    foreach (int row in rows)
                        bytes += s.IsNull(row) ? 0 : s.Data[row * s.Stride].Length;
                    break;
                case Vector<ArrayValue>:
                    foreach (int row in rows)
                        bytes += RowBytes(v, row);
                    break;
                default:
                    bytes += RowBytes(v, 0) * rows.Length;
                    break;
            }
        }

        return bytes;
    }

    /// <summary>Approximate bytes that rows of a batch take when kept.</summary>
    public static long BatchBytes(Batch batch)
    {
        long bytes = 0;
        foreach (Vector v in batch.Columns)
        {
            switch (v)
            {
                case Vector<ByteSlice> s:
                    bytes += 17L * batch.Count;
                    for (int i = 0; i < batch.Count; i++)
                        bytes += s.IsNull(i) ? 0 : s.Data[i * s.Stride].Length;
                    break;
                case Vector<ArrayValue>:
                    for (int i = 0; i < batch.Count; i++)
                        bytes += RowBytes(v, i);
                    break;
                default:
                    bytes += RowBytes(v, 0) * batch.Count;
                    break;
            }
        }

        return bytes;
    }

    /// <summary>Copies a vector's rows (a constant's value to each) to the start of another of the same physical type.</summary>
    public static void CopyAll(Vector source, int count, Vector target, bool deep = false)
    {
        target.EnsureCapacity(count);
        target.Gather(source, Identity(count), 0, deep);
    }

    /// <summary>Whether a boolean row is true (not false, not null).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsTrue(Vector<bool> vector, int row) => vector.Data[row * vector.Stride] && !(vector.HasNulls && vector.Nulls[row * vector.Stride]);

    /// <summary>Collects the rows that are true.</summary>
    public static int SelectTrue(Vector vector, int count, Span<int> rows)
    {
        Vector<bool> v = (Vector<bool>)vector;
        if (v.IsConstant)
        {
            if (!IsTrue(v, 0))
                return 0;
            Identity(count).CopyTo(rows);
            return count;
        }

        return MaskLoops.Select(v.Data.AsSpan(0, count), v.HasNulls ? v.Nulls.AsSpan(0, count) : default, rows);
    }
}
