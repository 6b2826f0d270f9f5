namespace BareMetal.Data.Simulation.Storage;

/// <summary>What a transaction changes.</summary>
internal enum StorageChangeKind
{
    Put,
    Delete,
    Create,
    Drop,
    Link,
}

/// <summary>One change of a transaction, to be applied to a state.</summary>
/// <param name="Kind">What is done.</param>
/// <param name="Tree">To which tree.</param>
/// <param name="Key">Which entry.</param>
/// <param name="Value">The new value; for a new tree its shape and whether it is an index; for a link the index's number.</param>
internal readonly record struct StorageChange(StorageChangeKind Kind, ulong Tree, byte[] Key, byte[] Value)
{
    public StorageState Apply(StorageState state)
    {
        if (Kind == StorageChangeKind.Create)
            return state.With(TreeState.Create(Tree, Value[0], Value[1] != 0));
        if (!state.Trees.TryGetValue(Tree, out TreeState? tree))
            return state;
        return Kind switch
        {
            StorageChangeKind.Put => state.With(tree.Put(Key, Value)),
            StorageChangeKind.Delete => state.With(tree.Delete(Key)),
            StorageChangeKind.Link => state.With(tree with { Index = BitConverter.ToUInt64(Value) }),
            _ => state.Without(Tree),
        };
    }
}
