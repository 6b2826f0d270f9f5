using BareMetal.Data.Storage;

namespace BareMetal.Data.Simulation;

/// <summary>What the files of a test's database lie on.</summary>
public enum TestSubstrate
{
    /// <summary>The provider as it is: memory, the simulated disk, a folder.</summary>
    Plain,

    /// <summary>Two of them, mirrored.</summary>
    Mirrored,

    /// <summary>Encrypted on top.</summary>
    Encrypted,

    /// <summary>Two of them, mirrored, encrypted on top.</summary>
    EncryptedMirror,
}

/// <summary>The substrate that tests run over unless they choose one: from the environment variable BAREMETAL_SUBSTRATE.</summary>
public static class TestSubstrates
{
    /// <summary>local, memory, mirrored or encrypted; memory by default.</summary>
    public static string Name { get; } = Environment.GetEnvironmentVariable("BAREMETAL_SUBSTRATE") is { Length: > 0 } name ? name : "memory";

    /// <summary>What goes around each provider.</summary>
    public static TestSubstrate Default { get; } = Name switch
    {
        "memory" or "local" => TestSubstrate.Plain,
        "mirrored" => TestSubstrate.Mirrored,
        "encrypted" => TestSubstrate.Encrypted,
        "encrypted-mirror" => TestSubstrate.EncryptedMirror,
        _ => throw new InvalidOperationException($"BAREMETAL_SUBSTRATE is '{Name}': local, memory, mirrored, encrypted or encrypted-mirror."),
    };

    /// <summary>The key of encrypted test databases.</summary>
    public static EncryptionKey Key { get; } = EncryptionKey.FromBytes("0123456789abcdef0123456789abcdef"u8);

    /// <summary>Whether the content is encrypted.</summary>
    public static bool IsEncrypted(TestSubstrate substrate) => substrate is TestSubstrate.Encrypted or TestSubstrate.EncryptedMirror;

    /// <summary>Whether there are two copies.</summary>
    public static bool IsMirrored(TestSubstrate substrate) => substrate is TestSubstrate.Mirrored or TestSubstrate.EncryptedMirror;

    /// <summary>
    /// A disk for runs that leave out a flush, when the default is a mirror: there the loss shows only when both sides lose the same, which takes
    /// too many runs to wait for. Null when the default is none.
    /// </summary>
    public static SimulatedDisk? SingleDisk(bool leavesOutFlush) => leavesOutFlush && IsMirrored(Default)
        ? new SimulatedDisk { Substrate = IsEncrypted(Default) ? TestSubstrate.Encrypted : TestSubstrate.Plain }
        : null;

    /// <summary>An empty provider of the default substrate.</summary>
    public static IStorageProvider Make() => Make(Default);

    /// <summary>An empty provider over memory, or over a folder of its own when BAREMETAL_SUBSTRATE is local.</summary>
    public static IStorageProvider Make(TestSubstrate substrate)
    {
        IStorageProvider provider = IsMirrored(substrate) ? new MirroredStorageProvider([MakePlain(), MakePlain()]) : MakePlain();
        return IsEncrypted(substrate) ? new EncryptedStorageProvider(provider, Key) : provider;
    }

    private static IStorageProvider MakePlain()
    {
        if (Name != "local")
            return new MemoryStorageProvider();
        string folder = Path.Combine(Path.GetTempPath(), $"baremetal-{Environment.ProcessId:x}-{Guid.NewGuid():N}");
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        };
        return new LocalStorageProvider(folder);
    }
}
