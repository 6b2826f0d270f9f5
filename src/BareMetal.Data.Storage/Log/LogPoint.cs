namespace BareMetal.Data.Storage.Log;

/// <summary>A group of the log that can be found and recognised again: where it starts and what is expected there.</summary>
/// <param name="Position">Where the group starts.</param>
/// <param name="Epoch">The epoch of its extent.</param>
/// <param name="Chain">The chain value before the group.</param>
internal readonly record struct LogPoint(LogPosition Position, ulong Epoch, uint Chain);
