using System.Data.Common;

namespace BareMetal.Data;

/// <summary>The commands of a batch, in the order in which they run.</summary>
public sealed class BareMetalBatchCommandCollection : DbBatchCommandCollection
{
    private readonly List<DbBatchCommand> _items = [];

    internal BareMetalBatchCommandCollection()
    {
    }

    /// <inheritdoc/>
    public override int Count => _items.Count;

    /// <inheritdoc/>
    public override bool IsReadOnly => false;

    /// <summary>The command at a position.</summary>
    public new BareMetalBatchCommand this[int index]
    {
        get => (BareMetalBatchCommand)_items[index];
        set => _items[index] = Check(value);
    }

    /// <summary>Adds a command of a text.</summary>
    public BareMetalBatchCommand Add(string commandText)
    {
        BareMetalBatchCommand command = new(commandText);
        _items.Add(command);
        return command;
    }

    /// <inheritdoc/>
    public override void Add(DbBatchCommand item) => _items.Add(Check(item));

    /// <inheritdoc/>
    public override void Clear() => _items.Clear();

    /// <inheritdoc/>
    public override bool Contains(DbBatchCommand item) => _items.Contains(item);

    /// <inheritdoc/>
    public override void CopyTo(DbBatchCommand[] array, int arrayIndex) => _items.CopyTo(array, arrayIndex);

    /// <inheritdoc/>
    public override IEnumerator<DbBatchCommand> GetEnumerator() => _items.GetEnumerator();

    /// <inheritdoc/>
    public override int IndexOf(DbBatchCommand item) => _items.IndexOf(item);

    /// <inheritdoc/>
    public override void Insert(int index, DbBatchCommand item) => _items.Insert(index, Check(item));

    /// <inheritdoc/>
    public override bool Remove(DbBatchCommand item) => _items.Remove(item);

    /// <inheritdoc/>
    public override void RemoveAt(int index) => _items.RemoveAt(index);

    /// <inheritdoc/>
    protected override DbBatchCommand GetBatchCommand(int index) => _items[index];

    /// <inheritdoc/>
    protected override void SetBatchCommand(int index, DbBatchCommand batchCommand) => _items[index] = Check(batchCommand);

    private static BareMetalBatchCommand Check(DbBatchCommand? command) => command switch
    {
        BareMetalBatchCommand own => own,
        null => throw new ArgumentNullException(nameof(command)),
        _ => throw new InvalidCastException($"The batch takes {nameof(BareMetalBatchCommand)}, not {command.GetType()}."),
    };
}
