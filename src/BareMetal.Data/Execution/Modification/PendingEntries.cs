using BareMetal.Data.Catalog;
using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Spilling;
using BareMetal.Data.Rows;
using BareMetal.Data.Storage;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Modification;

/// <summary>
/// Keys that a statement enters at its end, in their order: some in memory as they are, beyond the memory budget in a temporary file.
/// </summary>
internal sealed class PendingEntries
{
    private const int RowsAtOnce = 256;

    private static readonly SqlType[] Types = [SqlType.Integer, SqlType.Bytea, SqlType.Bytea];

    private readonly List<Target> _targets = [];
    private readonly List<(int Target, byte[] Key, byte[] Value)> _recent = [];
    private RowSpool? _spool;
    private Vector[]? _columns;

    public bool IsEmpty => _recent.Count == 0 && _spool is null;

    public void Add(Table table, string constraint, TreeId tree, byte[] key, byte[] value, IndexEntryCodec? codec, QueryContext context)
    {
        int target = _targets.FindLastIndex(t => t.Tree == tree && ReferenceEquals(t.Table, table));
        if (target < 0)
        {
            target = _targets.Count;
            _targets.Add(new Target(table, constraint, tree, codec));
        }

        _recent.Add((target, key, value));
        if (_recent.Count >= RowsAtOnce)
            Move(context);
    }

    /// <summary>Gives each entry to an action, in order, and forgets them.</summary>
    public void Drain(Action<Target, byte[], byte[]> enter, QueryContext context)
    {
        if (_spool is not null)
        {
            Move(context);
            using RowSpoolReader reader = _spool.Read();
            while (reader.Next(RowsAtOnce) is { } batch)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                Vector<int> targets = (Vector<int>)batch.Columns[0];
                Vector<ByteSlice> keys = (Vector<ByteSlice>)batch.Columns[1];
                Vector<ByteSlice> values = (Vector<ByteSlice>)batch.Columns[2];
                for (int row = 0; row < batch.Count; row++)
                    enter(_targets[targets.Data[row]], keys.Data[row].Span.ToArray(), values.Data[row].Span.ToArray());
            }
        }

        foreach ((int target, byte[] key, byte[] value) in _recent)
            enter(_targets[target], key, value);
        Clear();
    }

    public void Clear()
    {
        _targets.Clear();
        _recent.Clear();
        _spool?.Dispose();
        _spool = null;
    }

    private void Move(QueryContext context)
    {
        if (_recent.Count == 0)
            return;
        _spool ??= new RowSpool(Types);
        _columns ??= VectorTools.CreateVectors(Types, RowsAtOnce);
        foreach (Vector column in _columns)
            column.Reset();
        Vector<ByteSlice> keys = (Vector<ByteSlice>)_columns[1];
        Vector<ByteSlice> values = (Vector<ByteSlice>)_columns[2];
        for (int i = 0; i < _recent.Count; i++)
        {
            ((Vector<int>)_columns[0]).Data[i] = _recent[i].Target;
            keys.Data[i] = new ByteSlice(_recent[i].Key);
            values.Data[i] = new ByteSlice(_recent[i].Value);
        }

        _spool.Add(_columns, VectorTools.Identity(_recent.Count), context);
        _recent.Clear();
    }

    /// <summary>Where an entry goes.</summary>
    internal sealed record Target(Table Table, string Constraint, TreeId Tree, IndexEntryCodec? Codec);
}
