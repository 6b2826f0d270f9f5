namespace BareMetal.Data.Execution;

/// <summary>
/// A row that the statement locked was changed after its snapshot: the session undoes the statement, takes a new snapshot and runs it
/// again. Never leaves the engine.
/// </summary>
internal sealed class StatementRestartException() : Exception("The statement has to run again on a newer snapshot.");
