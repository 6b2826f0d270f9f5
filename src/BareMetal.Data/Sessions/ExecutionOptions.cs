namespace BareMetal.Data.Sessions;

/// <summary>How a command runs.</summary>
/// <param name="Timeout">How long each statement may run; zero is unlimited. When it passes: 57014.</param>
/// <param name="SchemaOnly">Whether only the columns are wanted: nothing is run.</param>
/// <param name="TakesOutputs">Whether parameters of the command take what a procedure gives; otherwise its outputs come as a row.</param>
/// <param name="CallFunctions">Whether CALL takes functions, too.</param>
internal readonly record struct ExecutionOptions(TimeSpan Timeout, bool SchemaOnly = false, bool TakesOutputs = false, bool CallFunctions = false);
