namespace BareMetal.Data.Sessions;

/// <summary>How a command runs.</summary>
/// <param name="Timeout">How long each statement may run; zero is unlimited. When it passes: 57014.</param>
/// <param name="SchemaOnly">Whether only the columns are wanted: nothing is run.</param>
internal readonly record struct ExecutionOptions(TimeSpan Timeout, bool SchemaOnly = false);
