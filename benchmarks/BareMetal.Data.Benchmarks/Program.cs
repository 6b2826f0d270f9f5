using BareMetal.Data;
using BareMetal.Data.Benchmarks;
using BareMetal.Data.Benchmarks.Analysis;
using BareMetal.Data.Benchmarks.Durable;
using BareMetal.Data.Benchmarks.Planner;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

// compare [orders] [rounds] [filter]: both databases side by side, ratios; memory [cache in MiB]: a database ten times the cache;
// commits [rounds] [seconds]: durable commits by 1, 8, 64 writers; readers [pairs] [milliseconds]: 8 readers alone and beside a writer;
// analysis [orders] [rounds] [filter]: sixteen queries as in TPC-H on both; checkpoint [MiB] [writers] [rounds]: commits during a large checkpoint;
// planner [rows] [rounds]: what the planner's constants stand for; anything else goes to BenchmarkDotNet.
Action<string>? run = args switch
{
    ["memory", ..] => directory => MemoryBound.Run(directory, Number(1, 64)),
    ["compare", ..] => directory => Comparison.Run(directory, Number(1, 1_000_000), Number(2, 7), args.Length > 3 ? args[3] : null),
    ["analysis", ..] => directory => AnalysisBenchmark.Run(directory, Number(1, 1_000_000), Number(2, 5), args.Length > 3 ? args[3] : null),
    ["commits", ..] => directory => CommitBenchmark.Run(directory, Number(1, 5), Number(2, 2)),
    ["readers", ..] => directory => ReaderBenchmark.Run(directory, Number(1, 40), Number(2, 200)),
    ["json", ..] => directory => JsonBenchmark.Run(directory, Number(1, 16), Number(2, 5)),
    ["planner", ..] => _ => PlannerCosts.Run(Number(1, 200_000), Number(2, 5)),
    ["checkpoint", ..] => directory => CheckpointBenchmark.Run(directory, Number(1, 1024), Number(2, 1), Number(3, 3)),
    _ => null,
};
if (run is not null)
{
    string directory = Directory.CreateTempSubdirectory("baremetal-" + args[0]).FullName;
    try
    {
        run(directory);
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

int Number(int index, int otherwise) => args.Length > index ? int.Parse(args[index], System.Globalization.CultureInfo.InvariantCulture) : otherwise;
