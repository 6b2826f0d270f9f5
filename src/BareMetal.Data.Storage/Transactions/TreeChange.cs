namespace BareMetal.Data.Storage.Transactions;

/// <summary>A tree that a transaction makes or drops, and the statement that did.</summary>
internal readonly record struct TreeChange(TreeId Tree, bool IsCreate, uint Statement, bool IsForgotten = false);
