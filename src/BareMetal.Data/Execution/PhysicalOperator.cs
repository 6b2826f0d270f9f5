using BareMetal.Data.Values;

namespace BareMetal.Data.Execution;

/// <summary>
/// A running operator of a plan instance. Pull model: <see cref="Open"/>, <see cref="Next"/> until null, <see cref="Close"/>; then it may
/// be opened again. Vectors are kept and reused. Close is called also after an error and may be called twice.
/// </summary>
internal abstract class PhysicalOperator
{
    /// <summary>Begins anew with the parameters of the context and the current outer row.</summary>
    public abstract void Open(QueryContext context);

    /// <summary>The next rows (never an empty batch), null at the end. Valid until the next call.</summary>
    public abstract Batch? Next(QueryContext context);

    /// <summary>Lets go of cursors, memory and temporary files.</summary>
    public abstract void Close();
}

/// <summary>Keeps something from one opening to the next within a run of the plan; the instance tells it when the run ends.</summary>
internal interface IRunScoped
{
    void EndRun();
}
