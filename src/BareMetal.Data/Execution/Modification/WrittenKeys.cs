using BareMetal.Data.Execution.Spilling;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Modification;

/// <summary>The keys of rows that a statement has written: a set that goes to a temporary file when memory is short. Nothing is made before the first key.</summary>
internal sealed class WrittenKeys(QueryContext context) : IDisposable
{
    private readonly int[] _added = new int[1];
    private SpilledRowSet? _set;
    private Vector<ByteSlice>? _key;

    /// <summary>Adds a key; false when it is there.</summary>
    public bool Add(ReadOnlySpan<byte> key) => _set is null
        ? Begin(key)
        : _set.Add([Set(key)], 1, _added, context) > 0;

    /// <summary>Whether a key is there.</summary>
    public bool Contains(ReadOnlySpan<byte> key)
    {
        if (_set is null)
            return false;
        _set.Find([Set(key)], 1, _added, context);
        return _added[0] >= 0;
    }

    public void Dispose() => _set?.Dispose();

    private bool Begin(ReadOnlySpan<byte> key)
    {
        _set = new SpilledRowSet([SqlType.Bytea]);
        _key = new Vector<ByteSlice>(SqlType.Bytea, 1);
        return Add(key);
    }

    private Vector<ByteSlice> Set(ReadOnlySpan<byte> key)
    {
        _key!.Reset();
        _key.Data[0] = _key.Arena.Copy(key);
        return _key;
    }
}
