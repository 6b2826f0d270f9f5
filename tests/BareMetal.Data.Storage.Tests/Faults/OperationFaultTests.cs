using BareMetal.Data.Simulation;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Storage.Tests.Faults;

/// <summary>
/// The first, second, third … operation of each kind fails once, until a run ends without meeting the fault. BAREMETAL_FAULT_STRIDE sets how many
/// numbers are skipped between two runs (1: none); scripts/faults.sh looks at all of them.
/// </summary>
public sealed class OperationFaultTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(DiskOperation.Write, DiskFault.Error, 7)]
    [InlineData(DiskOperation.Write, DiskFault.DiskFull, 7)]
    [InlineData(DiskOperation.Write, DiskFault.Short, 7)]
    [InlineData(DiskOperation.SetLength, DiskFault.DiskFull, 1)]
    [InlineData(DiskOperation.SetLength, DiskFault.Error, 1)]
    [InlineData(DiskOperation.Flush, DiskFault.Error, 3)]
    [InlineData(DiskOperation.Flush, DiskFault.FlushLosesData, 3)]
    [InlineData(DiskOperation.Create, DiskFault.DiskFull, 1)]
    [InlineData(DiskOperation.Create, DiskFault.Error, 1)]
    [InlineData(DiskOperation.Open, DiskFault.Error, 1)]
    [InlineData(DiskOperation.List, DiskFault.Error, 1)]
    [InlineData(DiskOperation.Rename, DiskFault.Error, 1)]
    [InlineData(DiskOperation.Delete, DiskFault.Error, 1)]
    [InlineData(DiskOperation.FlushDirectory, DiskFault.Error, 1)]
    [InlineData(DiskOperation.Read, DiskFault.Error, 13)]
    [InlineData(DiskOperation.Read, DiskFault.Short, 13)]
    public void Any_operation_may_fail_once(DiskOperation operation, DiskFault fault, int stride)
    {
        if (int.TryParse(Environment.GetEnvironmentVariable("BAREMETAL_FAULT_STRIDE"), out int given))
            stride = Math.Min(stride, given);
        ulong seed = (ulong)TestSeed.Of(1);
        int stopped = 0, met = 0, comparisons = 0;
        SortedDictionary<string, int> kinds = new(StringComparer.Ordinal);
        long number = 1 + (long)(seed % (ulong)stride);
        for (; ; number += stride)
        {
            FaultRun run = new(seed + (ulong)number);
            run.Disk.FailAt(operation, number, fault);
            run.Run();
            comparisons += run.Comparisons;
            if (run.Disk.LastFault is not { } where)
            {
                Assert.Empty(run.Errors);
                Assert.True(run.Spilled && !run.Stopped);
                break;
            }

            met++;
            stopped += run.Stopped ? 1 : 0;
            string kind = FileKind(where);
            kinds[kind] = kinds.GetValueOrDefault(kind) + 1;
        }

        output.WriteLine(
            $"{operation}, {fault}: numbers up to {number}, {met} faults ({string.Join(", ", kinds.Select(k => $"{k.Key} {k.Value}"))}), " +
            $"{stopped} stopped the database, {comparisons} comparisons with the model, 0 losses");
        Assert.True(met > 0);
        string[] expected = operation switch
        {
            DiskOperation.Write => ["checkpoint", "data", "log", "spill"],
            DiskOperation.Read => ["checkpoint", "data", "log", "spill"],
            DiskOperation.Flush => ["checkpoint", "data", "log"],
            DiskOperation.Create => ["checkpoint", "data", "log", "spill"],
            DiskOperation.Open => ["checkpoint", "data", "log"],
            _ => [],
        };
        Assert.All(expected, kind => Assert.True(kinds.ContainsKey(kind), $"no fault met a {kind} file"));
    }

    private static string FileKind(string where) =>
        where.Contains("-log-", StringComparison.Ordinal) ? "log"
        : where.Contains("-ckpt", StringComparison.Ordinal) ? "checkpoint"
        : where.Contains("-spill", StringComparison.Ordinal) ? "spill"
        : where.Contains(FaultRun.Name, StringComparison.Ordinal) ? "data"
        : "directory";
}
