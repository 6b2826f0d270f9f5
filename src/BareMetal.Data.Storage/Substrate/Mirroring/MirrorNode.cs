namespace BareMetal.Data.Storage.Mirroring;

/// <summary>A file of a mirror that is open, however often: a handle on each side.</summary>
internal sealed class MirrorNode(string name, int sides)
{
    /// <summary>Its name now.</summary>
    public string Name { get; set; } = name;

    /// <summary>Held while it is changed, so that copying and repairing never undo a change.</summary>
    public Lock Gate { get; } = new();

    /// <summary>Handles by side; null where the file is not open. Changed under <see cref="Gate"/>.</summary>
    public IStorageFile?[] Handles { get; } = new IStorageFile?[sides];

    /// <summary>How many have it open. Under the mirror's directory lock.</summary>
    public int References { get; set; }
}
