namespace BareMetal.Data.Simulation;

/// <summary>The simulated machine has crashed: thrown by the operation at which it did and by every later one.</summary>
public sealed class SimulatedCrashException(long operation)
    : Exception($"The simulated machine crashed at operation {operation}.")
{
    /// <summary>The number of the operation at which it crashed.</summary>
    public long Operation { get; } = operation;
}
