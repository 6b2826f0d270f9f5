namespace BareMetal.Data.Storage;

/// <summary>A point of a transaction that it can be rolled back to.</summary>
/// <param name="Statement">The number of the last statement before the point.</param>
public readonly record struct Savepoint(uint Statement);
