using System.Runtime.CompilerServices;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Columns;

/// <summary>
/// Numbers distinct key rows 0, 1, 2 … in the order of their first coming: the core of grouping, DISTINCT, hash joins and set operations.
/// Open addressing over hashes; keys are kept as columns.
/// </summary>
internal sealed class GroupTable
{
    private const int InitialSlots = 64;

    private readonly ColumnOperations[] _operations;
    private readonly Vector[] _keys;
    private int[] _slots = [];
    private uint[] _hashes = [];
    private uint[] _batchHashes = [];
    private int _mask;
    private long _bytes;

    private readonly bool _areIdentical;

    /// <param name="types">Types of the keys.</param>
    /// <param name="areIdentical">Whether a group's keys are the same to the bit, not only equal.</param>
    public GroupTable(IReadOnlyList<SqlType> types, bool areIdentical = false)
    {
        _areIdentical = areIdentical;
        _operations = ColumnOperations.For(types);
        _keys = new Vector[types.Count];
        for (int i = 0; i < _keys.Length; i++)
            _keys[i] = Vector.Create(types[i], 16);
    }

    public int Count { get; private set; }

    /// <summary>The key columns; row g is group g's key.</summary>
    public Vector[] Keys => _keys;

    /// <summary>Approximate bytes held.</summary>
    public long MemoryBytes => _bytes + ((long)_slots.Length * 4) + ((long)_hashes.Length * 4);

    /// <summary>Forgets all groups; keeps the room.</summary>
    public void Clear()
    {
        Count = 0;
        _bytes = 0;
        for (int k = 0; k < _keys.Length; k++)
        {
            if (_keys[k].Capacity > 1 << 14)
                _keys[k] = Vector.Create(_keys[k].Type, 16);
            else
                _keys[k].Reset();
        }

        if (_slots.Length > 1 << 14)
        {
            _slots = [];
            _hashes = [];
            _mask = 0;
        }
        else
        {
            Array.Fill(_slots, -1);
        }
    }

    /// <summary>Hashes of key rows; valid until the next call.</summary>
    public ReadOnlySpan<uint> Hash(ReadOnlySpan<Vector> keys, int count)
    {
        if (_batchHashes.Length < count)
            _batchHashes = new uint[Math.Max(count, 1024)];
        Span<uint> hashes = _batchHashes.AsSpan(0, count);
        hashes.Fill(0x811c9dc5u);
        for (int k = 0; k < _operations.Length; k++)
            _operations[k].Hash(keys[k], count, hashes);
        return hashes;
    }

    /// <summary>Gives each key row its group number; new keys are added.</summary>
    public void FindOrAdd(ReadOnlySpan<Vector> keys, int count, Span<int> groups)
    {
        ReadOnlySpan<uint> hashes = Hash(keys, count);
        if (_operations.Length == 1)
        {
            if (keys[0] is Vector<int> ints)
            {
                FindOrAddFixed<int, IntegerOperations<int>>(ints, hashes, count, groups);
                return;
            }

            if (keys[0] is Vector<long> longs)
            {
                FindOrAddFixed<long, IntegerOperations<long>>(longs, hashes, count, groups);
                return;
            }
        }

        for (int i = 0; i < count; i++)
            groups[i] = FindOrAddRow(keys, i, hashes[i]);
    }

    private void FindOrAddFixed<T, TOps>(Vector<T> keys, ReadOnlySpan<uint> hashes, int count, Span<int> groups)
        where TOps : struct, IValueOperations<T>
    {
        Vector<T> own = (Vector<T>)_keys[0];
        T[] data = keys.Data;
        int stride = keys.Stride;
        for (int i = 0; i < count; i++)
        {
            uint hash = hashes[i];
            if (keys.HasNulls || own.HasNulls || _slots.Length == 0)
            {
                groups[i] = FindOrAddRow([keys], i, hash);
                continue;
            }

            int slot = (int)hash & _mask;
            int group;
            while ((group = _slots[slot]) >= 0)
            {
                if (TOps.Equal(in own.Data[group], in data[i * stride]))
                    break;
                slot = (slot + 1) & _mask;
            }

            groups[i] = group >= 0 ? group : Add([keys], i, hash, slot);
        }
    }

    /// <summary>Group numbers of key rows, −1 for keys that are not there.</summary>
    public void Find(ReadOnlySpan<Vector> keys, int count, Span<int> groups)
    {
        if (Count == 0)
        {
            groups[..count].Fill(-1);
            return;
        }

        ReadOnlySpan<uint> hashes = Hash(keys, count);
        if (_operations.Length == 1 && !keys[0].HasNulls && !_keys[0].HasNulls)
        {
            if (keys[0] is Vector<int> ints)
            {
                FindFixed<int, IntegerOperations<int>>(ints, hashes, count, groups);
                return;
            }

            if (keys[0] is Vector<long> longs)
            {
                FindFixed<long, IntegerOperations<long>>(longs, hashes, count, groups);
                return;
            }
        }

        for (int i = 0; i < count; i++)
        {
            uint hash = hashes[i];
            int slot = (int)hash & _mask;
            int group;
            while ((group = _slots[slot]) >= 0)
            {
                if (_hashes[group] == hash && KeyEquals(group, keys, i))
                    break;
                slot = (slot + 1) & _mask;
            }

            groups[i] = group;
        }
    }

    private void FindFixed<T, TOps>(Vector<T> keys, ReadOnlySpan<uint> hashes, int count, Span<int> groups)
        where TOps : struct, IValueOperations<T>
    {
        T[] own = ((Vector<T>)_keys[0]).Data, data = keys.Data;
        int[] slots = _slots;
        int stride = keys.Stride;
        for (int i = 0; i < count; i++)
        {
            int slot = (int)hashes[i] & _mask;
            int group;
            while ((group = slots[slot]) >= 0)
            {
                if (TOps.Equal(in own[group], in data[i * stride]))
                    break;
                slot = (slot + 1) & _mask;
            }

            groups[i] = group;
        }
    }

    private int FindOrAddRow(ReadOnlySpan<Vector> keys, int row, uint hash)
    {
        if (_slots.Length == 0)
            Rehash(InitialSlots);
        int slot = (int)hash & _mask;
        int group;
        while ((group = _slots[slot]) >= 0)
        {
            if (_hashes[group] == hash && KeyEquals(group, keys, row))
                return group;
            slot = (slot + 1) & _mask;
        }

        return Add(keys, row, hash, slot);
    }

    /// <summary>Whether a group's key is that of a row, to the bit.</summary>
    public bool IsIdentical(int group, ReadOnlySpan<Vector> keys, int row)
    {
        for (int k = 0; k < _operations.Length; k++)
        {
            if (!_operations[k].Identical(_keys[k], group, keys[k], row))
                return false;
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool KeyEquals(int group, ReadOnlySpan<Vector> keys, int row)
    {
        if (_areIdentical)
            return IsIdentical(group, keys, row);
        for (int k = 0; k < _operations.Length; k++)
        {
            if (!_operations[k].Equal(_keys[k], group, keys[k], row))
                return false;
        }

        return true;
    }

    private int Add(ReadOnlySpan<Vector> keys, int row, uint hash, int slot)
    {
        int group = Count++;
        for (int k = 0; k < _keys.Length; k++)
        {
            _keys[k].EnsureCapacity(group + 1);
            _keys[k].CopyRow(keys[k], row, group, deep: true);
            _bytes += VectorTools.RowBytes(_keys[k], group);
        }

        if (group >= _hashes.Length)
            Array.Resize(ref _hashes, Math.Max(64, _hashes.Length * 2));
        _hashes[group] = hash;
        _slots[slot] = group;
        if (Count * 2 > _slots.Length)
            Rehash(_slots.Length * 2);
        return group;
    }

    private void Rehash(int size)
    {
        _slots = new int[size];
        Array.Fill(_slots, -1);
        _mask = size - 1;
        for (int g = 0; g < Count; g++)
        {
            int slot = (int)_hashes[g] & _mask;
            while (_slots[slot] >= 0)
                slot = (slot + 1) & _mask;
            _slots[slot] = g;
        }
    }
}
