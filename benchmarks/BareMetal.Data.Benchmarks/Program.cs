using BareMetal.Data;
using BareMetal.Data.Benchmarks;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

// compare [orders] [rounds] [filter]: both databases side by side, ratios; memory [cache in MiB]: a database ten times the cache;
// anything else goes to BenchmarkDotNet.
if (args is ["memory", ..])
{
    string directory = Directory.CreateTempSubdirectory("baremetal-memory").FullName;
    try
    {
        MemoryBound.Run(directory, args.Length > 1 ? int.Parse(args[1]) : 64);
    }
    finally
    {
        BareMetalConnection.ClearAllPools();
        Directory.Delete(directory, recursive: true);
    }

    return;
}

if (args is ["compare", ..])
{
    string directory = Directory.CreateTempSubdirectory("baremetal-compare").FullName;
    try
    {
        Comparison.Run(
            directory,
            args.Length > 1 ? int.Parse(args[1]) : 1_000_000,
            args.Length > 2 ? int.Parse(args[2]) : 7,
            args.Length > 3 ? args[3] : null);
    }
    finally
    {
        BareMetalConnection.ClearAllPools();
        Directory.Delete(directory, recursive: true);
    }

    return;
}

BenchmarkSwitcher.FromAssembly(typeof(PathBenchmarks).Assembly)
    .Run(args, DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance)));
