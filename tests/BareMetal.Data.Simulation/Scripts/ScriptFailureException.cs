namespace BareMetal.Data.Simulation.Scripts;

/// <summary>A run found the database in a state that it must not be in.</summary>
internal sealed class ScriptFailureException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>A script that runs into it, with the crash that shows it; set by the run.</summary>
    public Script? Script { get; set; }
}
