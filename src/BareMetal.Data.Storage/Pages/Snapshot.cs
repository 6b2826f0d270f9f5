namespace BareMetal.Data.Storage.Pages;

/// <summary>A registered snapshot: the state as of a commit batch. Held until it is given back to the store that it came from.</summary>
/// <param name="Lsn">Commits up to this one are seen.</param>
/// <param name="Slot">Where the registry keeps it.</param>
internal readonly record struct Snapshot(Lsn Lsn, int Slot);
