using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using BareMetal.Data.Storage.Trees;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Storage.Tests.Recovery;

public sealed class KilledProcessTests(ITestOutputHelper output) : IDisposable
{
    private const int Kills = 50;
    private const int Writers = 4;

    private readonly string _folder = Path.Combine(Path.GetTempPath(), "bmdb-kill-" + Guid.NewGuid().ToString("N"));

    public void Dispose()
    {
        if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_process_killed_fifty_times_loses_nothing_that_it_acknowledged()
    {
        int seed = TestSeed.Of(20_26);
        Random random = new(seed);
        int[] acknowledged = new int[Writers];
        long total = 0;
        int recovered = 0;
        for (int kill = 0; kill < Kills; kill++)
        {
            Run(acknowledged, random.Next(120));
            using StorageEngine engine = Open();
            recovered += engine.Database.Report.WasClean ? 0 : 1;
            total = Check(engine, acknowledged, $"kill {kill}, seed {seed}");
        }

        output.WriteLine($"{Kills} kills, {recovered} recoveries, {total} rows in the end");
        Assert.True(recovered > Kills / 2);
        Assert.True(total > 0);
    }

    private static long Check(StorageEngine engine, int[] acknowledged, string when)
    {
        foreach (IntegrityProblem problem in IntegrityChecker.Check(engine.Store))
            Assert.Fail($"{when}: {problem}");
        using StorageTransaction transaction = engine.Begin();
        transaction.BeginStatement();
        using TreeCursor cursor = transaction.OpenCursor(new TreeId(TreeId.FirstDynamic));
        int[] next = new int[2 * Writers];
        for (bool found = cursor.Seek([], SeekMode.GreaterOrEqual); found; found = cursor.MoveNext())
        {
            int writer = BinaryPrimitives.ReadInt32BigEndian(cursor.Key);
            int row = BinaryPrimitives.ReadInt32BigEndian(cursor.Key[4..]);
            ref int expected = ref next[(writer % 1000) + (writer / 1000 * Writers)];
            Assert.True(row == expected++, $"{when}: row {row} of writer {writer} where {expected - 1} belongs");
        }

        long total = 0;
        for (int writer = 0; writer < Writers; writer++)
        {
            Assert.True(next[writer] >= acknowledged[writer], $"{when}: writer {writer} was told {acknowledged[writer]}, {next[writer]} rows are there");
            Assert.True(next[writer] == next[writer + Writers], $"{when}: half a commit of writer {writer}");
            acknowledged[writer] = next[writer];
            total += next[writer];
        }

        return total;
    }

    /// <summary>Starts the child, lets it work, kills it and takes its acknowledgements.</summary>
    private void Run(int[] acknowledged, int milliseconds)
    {
        string child = Path.Combine(AppContext.BaseDirectory, "BareMetal.Data.CrashChild.dll");
        ProcessStartInfo start = new("dotnet", [child, _folder, Writers.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardOutput = true };
        start.Environment["DOTNET_TieredCompilation"] = "1";
        using Process process = Process.Start(start)!;
        string? first = process.StandardOutput.ReadLine();
        Assert.NotNull(first);
        Thread.Sleep(milliseconds);
        process.Kill(); // SIGKILL
        string rest = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        foreach (string line in (first + "\n" + rest).Split('\n'))
        {
            string[] parts = line.Split(' ');
            if (parts.Length != 3 || parts[2].Length == 0)
                continue; // cut by the kill
            int writer = int.Parse(parts[2], CultureInfo.InvariantCulture);
            acknowledged[writer] = Math.Max(acknowledged[writer], int.Parse(parts[1], CultureInfo.InvariantCulture) + 1);
        }
    }

    private StorageEngine Open() => StorageEngine.Open(new StorageOptions
    {
        Provider = new LocalStorageProvider(_folder),
        Name = "kill.bmdb",
        Mode = StorageFileMode.Open,
        OwnerLockTimeout = TimeSpan.FromSeconds(20),
    });
}
