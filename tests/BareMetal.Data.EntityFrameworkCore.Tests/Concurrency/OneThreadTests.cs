using System.Diagnostics;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Concurrency;

/// <summary>A commit that waits for the disk, or a command that waits for a lock, holds no thread: a thousand of them wait in a process whose thread pool has one.</summary>
public sealed class OneThreadTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("baremetal-one").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("transaction")]
    [InlineData("command")]
    [InlineData("ef")]
    public async Task A_thousand_commits_are_in_flight_on_one_thread(string what) => await Run(what, "1000 commits in flight on");

    [Fact]
    public async Task A_thousand_commands_wait_for_one_row_on_one_thread() => await Run("locks", "1000 commands waited for one row on one thread");

    private async Task Run(string what, string expected)
    {
        string child = Path.Combine(AppContext.BaseDirectory, "BareMetal.Data.OneThreadChild.dll");
        string host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        ProcessStartInfo start = new(host, [child, _folder, what, "1000"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTNET_PROCESSOR_COUNT"] = "1";
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        using CancellationTokenSource limit = new(TimeSpan.FromMinutes(4));
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
        }

        Assert.True(process.HasExited && process.ExitCode == 0, await output + await error);
        Assert.StartsWith(expected, await output);
    }
}
