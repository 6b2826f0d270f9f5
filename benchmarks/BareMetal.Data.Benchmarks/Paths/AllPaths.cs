namespace BareMetal.Data.Benchmarks.Paths;

/// <summary>Every path that is measured.</summary>
public static class AllPaths
{
    /// <summary>Makes a fresh set.</summary>
    public static IReadOnlyList<BenchPath> Create() =>
    [
        new AdoPointLookup(),
        new AdoReadThousand(),
        new AdoScanSum(),
        new AdoDurableInserts(1, 1.0),
        new AdoDurableInserts(8, 1.0 / 3),
        new EfFind(),
        new EfCompiledLookup(),
        new EfRangeTake(),
        new EfInclude(),
        new EfReadThousand(),
        new EfGroupSum(),
        new EfGroupSumDecimal(),
        new EfSave(1),
        new EfSave(1000),
    ];
}
