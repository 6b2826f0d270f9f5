using BareMetal.Data.Benchmarks.Paths;
using BareMetal.Data.Benchmarks.Peers;
using BenchmarkDotNet.Attributes;

namespace BareMetal.Data.Benchmarks;

/// <summary>The same paths under BenchmarkDotNet, for distributions and allocations.</summary>
[MemoryDiagnoser]
public class PathBenchmarks
{
    private string _directory = "";
    private BenchPath _path = null!;

    /// <summary>Names of the paths.</summary>
    public static IEnumerable<string> PathNames => AllPaths.Create().Select(p => p.Name);

    /// <summary>The path measured.</summary>
    [ParamsSource(nameof(PathNames))]
    public string PathName { get; set; } = "";

    /// <summary>The database measured.</summary>
    [Params("baremetal", "sqlite")]
    public string PeerName { get; set; } = "";

    /// <summary>Makes and fills the database.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _directory = Directory.CreateTempSubdirectory("baremetal-bench").FullName;
        Peer peer = PeerName == "sqlite" ? new SqlitePeer(_directory) : new BareMetalPeer(_directory);
        BenchData.Fill(peer, 100_000);
        _path = AllPaths.Create().Single(p => p.Name == PathName);
        _path.Prepare(peer, 100_000);
    }

    /// <summary>Runs the path once.</summary>
    [Benchmark]
    public int Run() => _path.Run();

    /// <summary>Removes the database.</summary>
    [GlobalCleanup]
    public void Cleanup()
    {
        _path.Dispose();
        BareMetalConnection.ClearAllPools();
        Directory.Delete(_directory, recursive: true);
    }
}
