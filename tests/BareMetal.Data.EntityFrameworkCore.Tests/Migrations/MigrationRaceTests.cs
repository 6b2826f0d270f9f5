using System.Diagnostics;
using BareMetal.Data.OneThreadChild;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Migrations;

/// <summary>Many migrate one database at once, and some of them end in the middle: each migration is applied once and whole, and nobody waits for ever.</summary>
public sealed class MigrationRaceTests : IDisposable
{
    private const string Final = "first|6 second|10 third|7";
    private readonly string _folder = Directory.CreateTempSubdirectory("baremetal-race").FullName;
    private readonly List<Process> _started = [];

    public void Dispose()
    {
        foreach (var process in _started)
        {
            if (!process.HasExited)
                process.Kill();
            process.Dispose();
        }

        BareMetalConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
    }

    private string Path_
        => Path.Combine(_folder, "meadow.bmdb");

    private static MeadowContext Context(string connectionString, MigratingChild.CommandGate? gate = null)
    {
        var options = new DbContextOptionsBuilder().UseBareMetal(connectionString);
        return new MeadowContext((gate is null ? options : options.AddInterceptors(gate)).Options);
    }

    private static void Check(string path)
    {
        using var source = BareMetalDataSource.Create($"Data Source={path}");
        using (var context = new MeadowContext(new DbContextOptionsBuilder().UseBareMetal(source).Options))
            Assert.Equal(MeadowContext.AllMigrations, context.Database.GetAppliedMigrations());
        using var connection = source.OpenConnection();
        using var command = connection.CreateCommand();
        // Numbers of keys may have gaps where a process ended.
        command.CommandText = """SELECT "Label", "Height" FROM "Flowers" ORDER BY "Id" """;
        List<string> read = [];
        using (var reader = command.ExecuteReader())
        {
            while (reader.Read())
                read.Add($"{reader.GetString(0)}|{reader.GetInt32(1)}");
        }

        Assert.Equal(Final, string.Join(" ", read));
        command.CommandText = "CHECK DATABASE";
        command.ExecuteNonQuery();
    }

    private Process Start(params string[] arguments)
    {
        var child = Path.Combine(AppContext.BaseDirectory, "BareMetal.Data.OneThreadChild.dll");
        var host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        var process = Process.Start(
            new ProcessStartInfo(host, [child, Path_, "migrate", .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        _started.Add(process);
        return process;
    }

    private static async Task<string> Line(Process process)
        => await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(2)) ?? "(ended) " + await process.StandardError.ReadToEndAsync();

    [Fact]
    public async Task Eight_processes_migrate_at_once_and_one_is_killed_in_the_middle()
    {
        // Commands before: the history table, then those of the first migration; the victim stops within the second.
        var victim = Start("6");
        Assert.StartsWith("stopped before", await Line(victim));
        var others = Enumerable.Range(0, 7).Select(_ => Start()).ToArray();
        var outputs = others.Select(Line).ToArray();

        // The file is the victim's: nobody gets on while it lives.
        await Task.WhenAny(Task.WhenAny(outputs), Task.Delay(300));
        Assert.All(outputs, o => Assert.False(o.IsCompleted));
        victim.Kill();
        foreach (var output in outputs)
            Assert.Equal("migrated: 3 applied", await output);
        foreach (var other in others)
        {
            await other.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));
            Assert.Equal(0, other.ExitCode);
        }

        Check(Path_);
    }

    [Fact]
    public async Task A_process_killed_before_one_of_its_commands_leaves_whole_migrations_that_eight_go_on_from()
    {
        var stops = 0;
        for (var stop = 1; ; stop += 2)
        {
            foreach (var file in Directory.GetFiles(_folder))
                File.Delete(file);
            var victim = Start(stop.ToString(System.Globalization.CultureInfo.InvariantCulture));
            var line = await Line(victim);
            if (!line.StartsWith("stopped before", StringComparison.Ordinal))
            {
                Assert.Equal("migrated: 3 applied", line);
                break;
            }

            stops++;
            victim.Kill();
            await victim.WaitForExitAsync();
            using (var context = Context($"Data Source={Path_}"))
            {
                var applied = context.Database.GetAppliedMigrations().ToList();
                Assert.Equal(MeadowContext.AllMigrations[..applied.Count], applied);
            }

            Together(8, _ =>
            {
                using var context = Context($"Data Source={Path_}");
                context.Database.Migrate();
            });
            Check(Path_);
            BareMetalConnection.ClearAllPools();
        }

        Assert.InRange(stops, 4, 20);
    }

    [Theory]
    [InlineData("cancelled")]
    [InlineData("disposed")]
    [InlineData("failed")]
    public void Eight_contexts_migrate_at_once_and_one_ends_in_the_middle(string how)
    {
        var spellings = new[] { Path_, Path.Combine(_folder, ".", "meadow.bmdb"), Path.Combine(_folder, "..", Path.GetFileName(_folder), "meadow.bmdb") };
        using var inTheMiddle = new ManualResetEventSlim();
        Exception? ended = null;
        Together(8, i =>
        {
            var connectionString = $"Data Source={spellings[i % spellings.Length]};Max Pool Size={20 + i}";
            if (i > 0)
            {
                // The others come while the first holds the lock, and wait for it.
                inTheMiddle.Wait(TimeSpan.FromMinutes(1));
                using var other = Context(connectionString);
                if (i % 2 == 0)
                    other.Database.Migrate();
                else
                    other.Database.MigrateAsync().Wait(TimeSpan.FromMinutes(1));
                return;
            }

            using var cancel = new CancellationTokenSource();
            MeadowContext? own = null;
            using var context = own = Context(connectionString, new MigratingChild.CommandGate((_, text) =>
            {
                if (!text.Contains("RENAME COLUMN", StringComparison.Ordinal))
                    return;
                inTheMiddle.Set();
                switch (how)
                {
                    case "cancelled":
                        cancel.Cancel();
                        break;
                    case "disposed":
                        own!.Database.GetDbConnection().Dispose();
                        break;
                    default:
                        throw new InvalidOperationException("failed in the middle");
                }
            }));
            ended = Record.Exception(() => context.Database.MigrateAsync(cancel.Token).GetAwaiter().GetResult());
        });
        Assert.NotNull(ended);
        if (how == "cancelled")
            Assert.IsAssignableFrom<OperationCanceledException>(ended);
        BareMetalConnection.ClearAllPools();
        Check(Path_);
    }

    [Fact]
    public async Task Who_waits_too_long_for_another_process_is_told_who_holds_the_file()
    {
        var holder = Start("3");
        Assert.StartsWith("stopped before", await Line(holder));
        using (var context = Context($"Data Source={Path_};Lock Timeout=1"))
        {
            var error = Assert.Throws<BareMetalException>(() => context.Database.Migrate());
            Assert.Equal("55006", error.SqlState);
            Assert.Contains(holder.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), error.ToString(), StringComparison.Ordinal);
        }

        holder.Kill();
        await holder.WaitForExitAsync();
        using (var context = Context($"Data Source={Path_};Lock Timeout=30"))
            context.Database.Migrate();
        BareMetalConnection.ClearAllPools();
        Check(Path_);
    }

    private static void Together(int count, Action<int> run)
    {
        var errors = new System.Collections.Concurrent.ConcurrentQueue<Exception>();
        var threads = Enumerable.Range(0, count).Select(i => new Thread(() =>
        {
            try
            {
                run(i);
            }
            catch (Exception e)
            {
                errors.Enqueue(e);
            }
        })).ToArray();
        foreach (var thread in threads)
            thread.Start();
        foreach (var thread in threads)
            Assert.True(thread.Join(TimeSpan.FromMinutes(2)), "a context waits for ever");
        Assert.Empty(errors);
    }
}
