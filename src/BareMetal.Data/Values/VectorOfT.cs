using BareMetal.Data.Functions.Json;
using BareMetal.Data.Types;

namespace BareMetal.Data.Values;

/// <summary>A vector over its physical type.</summary>
internal sealed class Vector<T>(SqlType type, int capacity) : Vector(type, capacity)
{
    private ByteArena? _arena;

    public T[] Data { get; private set; } = new T[capacity];

    /// <summary>Where bytes that belong to this vector are kept until it is reset.</summary>
    public ByteArena Arena => _arena ??= new ByteArena();

    /// <summary>Bytes of its own that it holds.</summary>
    public long ArenaBytes => _arena?.UsedBytes ?? 0;

    public override void Reset()
    {
        base.Reset();
        if (_arena is null)
            return;
        // Large values must not live on in rows that the next batch does not fill.
        if (_arena.HasLong && System.Runtime.CompilerServices.RuntimeHelpers.IsReferenceOrContainsReferences<T>())
            Array.Clear(Data);
        _arena.Reset();
    }

    public override void EnsureCapacity(int capacity)
    {
        if (capacity <= Data.Length)
            return;
        T[] data = Data;
        bool[] nulls = Nulls;
        int size = Math.Max(capacity, data.Length * 2);
        Array.Resize(ref data, size);
        Array.Resize(ref nulls, size);
        Data = data;
        Nulls = nulls;
    }

    public override Value GetValue(int row)
    {
        int i = row * Stride;
        if (HasNulls && Nulls[i])
            return Value.Null(Type.Kind);
        if (typeof(T) == typeof(ByteSlice))
        {
            ByteSlice slice = (ByteSlice)(object)Data[i]!;
            return Value.From(Type.Kind, slice.IsIndexed ? StoredJson.Copy(slice) : new ByteSlice(slice.Span.ToArray()));
        }

        return Value.From(Type.Kind, Data[i]);
    }

    public override void SetValue(int row, in Value value)
    {
        if (value.IsNull)
        {
            SetNull(row);
            return;
        }

        Data[row] = value.As<T>();
        if (HasNulls)
            Nulls[row] = false;
    }

    public override void Gather(Vector source, ReadOnlySpan<int> rows, int at, bool deep = false)
    {
        Vector<T> from = (Vector<T>)source;
        int stride = from.Stride;
        T[] data = Data;
        for (int i = 0; i < rows.Length; i++)
            data[at + i] = from.Data[rows[i] * stride];
        if (from.HasNulls)
        {
            for (int i = 0; i < rows.Length; i++)
            {
                if (from.Nulls[rows[i] * stride])
                    SetNull(at + i);
                else if (HasNulls)
                    Nulls[at + i] = false;
            }
        }
        else if (HasNulls)
        {
            Array.Clear(Nulls, at, rows.Length);
        }

        if (deep)
            DeepCopy(at, rows.Length);
    }

    public override void Scatter(Vector source, ReadOnlySpan<int> rows)
    {
        Vector<T> from = (Vector<T>)source;
        int stride = from.Stride;
        T[] data = Data;
        for (int i = 0; i < rows.Length; i++)
            data[rows[i]] = from.Data[i * stride];
        if (!from.HasNulls && !HasNulls)
            return;
        for (int i = 0; i < rows.Length; i++)
        {
            if (from.HasNulls && from.Nulls[i * stride])
                SetNull(rows[i]);
            else if (HasNulls)
                Nulls[rows[i]] = false;
        }
    }

    public override void CopyRow(Vector source, int sourceRow, int row, bool deep = false)
    {
        Vector<T> from = (Vector<T>)source;
        int i = sourceRow * from.Stride;
        if (from.HasNulls && from.Nulls[i])
        {
            SetNull(row);
            return;
        }

        Data[row] = from.Data[i];
        if (HasNulls)
            Nulls[row] = false;
        if (deep)
            DeepCopy(row, 1);
    }

    private void DeepCopy(int at, int count)
    {
        if (typeof(T) != typeof(ByteSlice))
            return;
        ByteSlice[] slices = (ByteSlice[])(object)Data;
        for (int i = at; i < at + count; i++)
        {
            if (!(HasNulls && Nulls[i]))
                slices[i] = slices[i].IsIndexed ? StoredJson.Copy(slices[i], Arena) : Arena.Copy(slices[i].Span);
        }
    }
}
