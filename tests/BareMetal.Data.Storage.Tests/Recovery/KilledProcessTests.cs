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

    [Fact]
    public void A_database_held_by_another_process_names_it_and_is_free_once_that_is_killed()
    {
        using Process process = Start();
        Assert.NotNull(process.StandardOutput.ReadLine());
        StorageException held = Assert.Throws<StorageException>(() => Open(TimeSpan.Zero));
        Assert.Equal(StorageErrorCode.Locked, held.Code);
        Assert.Contains(process.Id.ToString(CultureInfo.InvariantCulture), held.Message);
        process.Kill();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Open().Dispose();
    }

    /// <summary>Starts the child, lets it work, kills it and takes its acknowledgements.</summary>
    private void Run(int[] acknowledged, int milliseconds)
    {
        using Process process = Start();
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

    private Process Start()
    {
        string child = Path.Combine(AppContext.BaseDirectory, "BareMetal.Data.CrashChild.dll");
        string host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        return Process.Start(
            new ProcessStartInfo(host, [child, _folder, Writers.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardOutput = true })!;
    }

    private StorageEngine Open(TimeSpan? lockTimeout = null) => StorageEngine.Open(new StorageOptions
    {
        Provider = new LocalStorageProvider(_folder),
        Name = "kill.bmdb",
        Mode = StorageFileMode.Open,
        OwnerLockTimeout = lockTimeout ?? TimeSpan.FromSeconds(20),
    });
}
