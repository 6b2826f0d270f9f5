namespace BareMetal.Data.Simulation.Scripts;

/// <summary>
/// A database with the model that it is compared with. The states that the database went through have numbers; of a crash it is known which
/// state must at least come back and which is the last that may.
/// </summary>
internal abstract class CrashWorkload(CrashCounts counts)
{
    /// <summary>Where to count what happened.</summary>
    protected CrashCounts Counts { get; } = counts;

    /// <summary>The newest state that must not be lost: it was acknowledged as durable.</summary>
    public int Must { get; protected set; }

    /// <summary>The newest state that may come back.</summary>
    public abstract int Newest { get; }

    /// <summary>Whether the database was made: from then on it must exist.</summary>
    public bool IsCreated { get; protected set; }

    /// <summary>
    /// Whether copies are looked at when the step is through and not in its middle: for databases that are not at rest in the middle of one.
    /// </summary>
    public virtual bool ChecksAfterSteps => false;

    /// <summary>Makes the database, or opens it again after <see cref="Abandon"/>: then it goes on from the state that came back.</summary>
    public abstract void Open(SimulatedWorld world);

    /// <summary>Does one step. A step that makes no sense in the present state does nothing.</summary>
    public abstract void Execute(ScriptStep step);

    /// <summary>Compares everything that is open with the model and closes the database cleanly.</summary>
    public abstract void Close();

    /// <summary>The machine is gone: forgets what was open.</summary>
    public abstract void Abandon();

    /// <summary>Opens a copy of the disk, compares it with the states that it may be in, and lets go of it.</summary>
    /// <param name="world">The copy's world. A stop that is due there stops the opening, not the comparison.</param>
    /// <param name="must">The state that must at least be there.</param>
    /// <param name="newest">The last that may be.</param>
    /// <param name="linger">Whether background work runs after the opening, while a stop may still be due.</param>
    /// <returns>The state it is in.</returns>
    /// <exception cref="ScriptFailureException">It is in none of them.</exception>
    public abstract int Check(SimulatedWorld world, int must, int newest, bool linger);

    /// <summary>Lets go of anything that a failed run holds.</summary>
    public abstract void Release();
}
