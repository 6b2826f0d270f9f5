using BareMetal.Data.Simulation;
using Xunit;

namespace BareMetal.Data.Storage.Tests.Substrate;

public sealed class SimulatedDiskTests
{
    [Fact]
    public void What_was_flushed_survives_every_power_loss_and_what_was_not_has_many_fates()
    {
        HashSet<string> fates = [];
        for (ulong seed = 1; seed <= 200; seed++)
        {
            SimulatedDisk disk = new() { Substrate = TestSubstrate.Plain };
            IStorageFile file = disk.Provider.Open("a", StorageFileMode.CreateNew);
            file.Write(0, Block(1, 1024));
            file.Flush();
            disk.Provider.FlushDirectory();
            file.Write(512, Block(2, 1024));
            disk.LosePower(seed);
            byte[] bytes = disk.ReadAll("a");
            Assert.True(bytes.AsSpan(0, 512).IndexOfAnyExcept((byte)1) < 0);
            Assert.True(bytes.Length is 1024 or 1536);
            int kept = bytes.AsSpan(512, 512).Count((byte)2);
            fates.Add((kept == 0 ? "dropped" : kept == 512 ? "kept" : "torn") + (bytes.Length == 1536 ? "+" : "-"));
        }

        Assert.Superset(new HashSet<string> { "dropped-", "kept+", "torn+" }, fates);
    }

    [Fact]
    public void A_file_whose_directory_was_not_flushed_may_be_lost_and_may_be_kept()
    {
        HashSet<bool> seen = [];
        for (ulong seed = 1; seed <= 50; seed++)
        {
            SimulatedDisk disk = new() { Substrate = TestSubstrate.Plain };
            IStorageFile file = disk.Provider.Open("a", StorageFileMode.CreateNew);
            file.Write(0, Block(1, 10));
            file.Flush();
            disk.LosePower(seed);
            seen.Add(disk.Provider.Exists("a"));
        }

        Assert.Equal(2, seen.Count);
    }

    [Fact]
    public void A_killed_process_loses_nothing_that_it_wrote()
    {
        SimulatedDisk disk = new() { Substrate = TestSubstrate.Plain };
        IStorageFile file = disk.Provider.Open("a", StorageFileMode.CreateNew);
        file.Write(0, Block(3, 600));
        disk.KillProcess();
        Assert.Throws<SimulatedCrashException>(() => file.Flush());
        Assert.Equal(Block(3, 600), disk.ReadAll("a"));
    }

    [Fact]
    public void After_the_chosen_operation_every_call_fails()
    {
        SimulatedDisk disk = new() { Substrate = TestSubstrate.Plain, CrashAt = 3 };
        IStorageFile file = disk.Provider.Open("a", StorageFileMode.CreateNew);
        file.Write(0, Block(1, 10));
        Assert.Throws<SimulatedCrashException>(() => file.Flush());
        Assert.Throws<SimulatedCrashException>(() => file.Read(0, new byte[1]));
        Assert.Throws<SimulatedCrashException>(() => disk.Provider.List());
        disk.LosePower(1);
        Assert.NotNull(disk.Provider.List());
    }

    [Fact]
    public void Faults_come_at_the_chosen_operation_only()
    {
        SimulatedDisk disk = new() { Substrate = TestSubstrate.Plain };
        disk.FailAt(DiskOperation.Write, 2, DiskFault.DiskFull);
        disk.FailAt(DiskOperation.Flush, 1, DiskFault.FlushLosesData);
        IStorageFile file = disk.Provider.Open("a", StorageFileMode.CreateNew);
        file.Write(0, Block(1, 10));
        Assert.Equal(StorageErrorCode.DiskFull, Assert.Throws<StorageException>(() => file.Write(0, Block(1, 10))).Code);
        file.Write(0, Block(1, 10));
        Assert.Equal(StorageErrorCode.IoError, Assert.Throws<StorageException>(() => file.Flush()).Code);
        Assert.Equal(0, file.Length);
        Assert.Equal(3, disk.Count(DiskOperation.Write));
    }

    [Fact]
    public void With_delayed_allocation_a_full_disk_shows_at_the_flush()
    {
        SimulatedDisk disk = new() { Substrate = TestSubstrate.Plain, Capacity = 1000, DelayedAllocation = true };
        IStorageFile file = disk.Provider.Open("a", StorageFileMode.CreateNew);
        file.Write(0, Block(1, 2000));
        Assert.Equal(StorageErrorCode.DiskFull, Assert.Throws<StorageException>(() => file.Flush()).Code);
        disk.DelayedAllocation = false;
        Assert.Equal(StorageErrorCode.DiskFull, Assert.Throws<StorageException>(() => file.Write(0, Block(1, 2000))).Code);
    }

    [Fact]
    public void Equal_runs_have_equal_traces_and_a_copy_lives_its_own_life()
    {
        static SimulatedDisk Run(byte value)
        {
            SimulatedDisk disk = new() { Substrate = TestSubstrate.Plain };
            IStorageFile file = disk.Provider.Open("a", StorageFileMode.CreateNew);
            file.Write(5, Block(value, 700));
            file.Flush();
            return disk;
        }

        Assert.Equal(Run(1).Trace, Run(1).Trace);
        Assert.NotEqual(Run(1).Trace, Run(2).Trace);
        SimulatedDisk original = Run(1);
        SimulatedDisk copy = original.Clone();
        copy.Provider.Open("a", StorageFileMode.Open).Write(5, Block(9, 700));
        Assert.Equal(1, original.ReadAll("a")[5]);
        Assert.Equal(9, copy.ReadAll("a")[5]);
    }

    private static byte[] Block(byte value, int length)
    {
        byte[] block = new byte[length];
        block.AsSpan().Fill(value);
        return block;
    }
}
