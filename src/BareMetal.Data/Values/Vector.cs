using BareMetal.Data.Types;

namespace BareMetal.Data.Values;

/// <summary>
/// A column of a batch: typed values with a null mask. Physical types: bool, sbyte, short, int, long, byte, ushort, uint, ulong,
/// float, double, decimal, <see cref="ByteSlice"/> (text, bytea, json, jsonb), Guid, int day number (date), long ticks (time,
/// timestamp, timestamptz, timespan), <see cref="OffsetInstant"/>, <see cref="BareMetalInterval"/>, ulong (rowversion), <see cref="ArrayValue"/> (arrays).
/// </summary>
internal abstract class Vector
{
    protected Vector(SqlType type, int capacity)
    {
        Type = type;
        Nulls = new bool[capacity];
    }

    public SqlType Type { get; }

    /// <summary>True at the rows whose value is null. Meaningful only when <see cref="HasNulls"/>.</summary>
    public bool[] Nulls { get; protected set; }

    /// <summary>False guarantees that no row is null; the mask is then not read (it may hold stale marks).</summary>
    public bool HasNulls { get; set; }

    /// <summary>Whether row 0 stands for every row: a constant or a parameter.</summary>
    public bool IsConstant { get; set; }

    public int Capacity => Nulls.Length;

    /// <summary>1 for ordinary vectors, 0 for constant ones: index = row × Stride.</summary>
    public int Stride => IsConstant ? 0 : 1;

    public bool IsNull(int row) => HasNulls && Nulls[row * Stride];

    /// <summary>Marks a row null, clearing stale marks on first use since <see cref="Reset"/>.</summary>
    public void SetNull(int row)
    {
        if (!HasNulls)
        {
            Array.Clear(Nulls);
            HasNulls = true;
        }

        Nulls[row] = true;
    }

    /// <summary>Forgets nulls and byte arenas so that the vector can be filled anew.</summary>
    public virtual void Reset()
    {
        HasNulls = false;
        IsConstant = false;
    }

    /// <summary>Grows so that at least <paramref name="capacity"/> rows fit; keeps contents.</summary>
    public abstract void EnsureCapacity(int capacity);

    /// <summary>Row as a scalar (bytes are copied out of the arena).</summary>
    public abstract Value GetValue(int row);

    /// <summary>Sets a row from a scalar of this vector's type (or null).</summary>
    public abstract void SetValue(int row, in Value value);

    /// <summary>Copies rows <paramref name="rows"/> of a vector of the same physical type to positions from <paramref name="at"/> on; bytes are referenced, not copied, unless <paramref name="deep"/>.</summary>
    public abstract void Gather(Vector source, ReadOnlySpan<int> rows, int at, bool deep = false);

    /// <summary>Copies rows 0… of a vector of the same physical type to the positions <paramref name="rows"/>; bytes are referenced.</summary>
    public abstract void Scatter(Vector source, ReadOnlySpan<int> rows);

    /// <summary>Copies one row; as <see cref="Gather"/>.</summary>
    public abstract void CopyRow(Vector source, int sourceRow, int row, bool deep = false);

    /// <summary>Makes a vector of the physical type that fits the SQL type.</summary>
    public static Vector Create(SqlType type, int capacity) => VectorFactory.Create(type, capacity);
}
