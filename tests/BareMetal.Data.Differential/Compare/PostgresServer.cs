using System.Diagnostics;
using System.Globalization;

namespace BareMetal.Data.Differential.Compare;

/// <summary>
/// The PostgreSQL to compare with: the one that BAREMETAL_POSTGRES names (a connection string, whose database is the comparison's own), or a
/// private one of the installed binaries in a temporary folder, reached through a socket there and gone at the end.
/// </summary>
internal sealed class PostgresServer : IDisposable
{
    public const string Variable = "BAREMETAL_POSTGRES";

    private readonly string? _folder;
    private readonly string? _binaries;

    private PostgresServer(string connectionString, string? folder, string? binaries)
    {
        ConnectionString = connectionString;
        _folder = folder;
        _binaries = binaries;
    }

    public string ConnectionString { get; }

    /// <summary>Whether there is one to find.</summary>
    public static bool IsAvailable => !string.IsNullOrWhiteSpace(Environment.GetEnvironmentVariable(Variable)) || Binaries() is not null;

    /// <summary>The server, or null and the reason why there is none.</summary>
    public static PostgresServer? Find(out string reason)
    {
        reason = "";
        string? given = Environment.GetEnvironmentVariable(Variable);
        if (!string.IsNullOrWhiteSpace(given))
            return new PostgresServer(given, null, null);
        string? binaries = Binaries();
        if (binaries is null)
        {
            reason = $"no PostgreSQL is installed and {Variable} names none";
            return null;
        }

        string folder = Path.Combine(Path.GetTempPath(), "differential-" + Guid.NewGuid().ToString("N")[..12]);
        Directory.CreateDirectory(folder);
        if (Environment.UserName == "root")
            Run("chown", ["postgres", folder], asPostgres: false, out _);
        string data = Path.Combine(folder, "data");
        if (!Run(Path.Combine(binaries, "initdb"), ["-D", data, "-E", "UTF8", "--locale=C", "--lc-ctype=C.UTF-8", "-A", "trust", "-U", "postgres", "-N"], asPostgres: true, out reason))
            return null;
        const int port = 5599;
        string options = string.Create(
            CultureInfo.InvariantCulture,
            $"-c listen_addresses='' -c unix_socket_directories='{folder}' -p {port} -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c jit=off -c max_wal_size=2GB -c shared_buffers=64MB -c autovacuum_naptime=10 -c autovacuum_vacuum_cost_delay=0");
        if (!Run(Path.Combine(binaries, "pg_ctl"), ["-D", data, "-l", Path.Combine(folder, "log"), "-o", options, "-w", "start"], asPostgres: true, out reason))
            return null;
        return new PostgresServer(string.Create(CultureInfo.InvariantCulture, $"Host={folder};Port={port};Username=postgres;Database=postgres"), folder, binaries);
    }

    private static string? Binaries()
    {
        foreach (string root in (string[])["/usr/lib/postgresql", "/usr/pgsql"])
        {
            if (!Directory.Exists(root))
                continue;
            foreach (string version in Directory.GetDirectories(root).OrderDescending())
            {
                if (File.Exists(Path.Combine(version, "bin", "initdb")) && File.Exists(Path.Combine(version, "bin", "postgres")))
                    return Path.Combine(version, "bin");
            }
        }

        foreach (string folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
        {
            if (File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "pg_ctl")))
                return folder;
        }

        return null;
    }

    /// <summary>Runs a program to its end, as the user postgres where we are root: a server refuses to run as root.</summary>
    private static bool Run(string program, string[] arguments, bool asPostgres, out string output)
    {
        ProcessStartInfo start = new() { RedirectStandardError = true, UseShellExecute = false, WorkingDirectory = Path.GetTempPath() };
        if (asPostgres && Environment.UserName == "root")
        {
            start.FileName = "runuser";
            start.ArgumentList.Add("-u");
            start.ArgumentList.Add("postgres");
            start.ArgumentList.Add("--");
            start.ArgumentList.Add(program);
        }
        else
        {
            start.FileName = program;
        }

        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        // The server outlives pg_ctl and must not hold a pipe of ours.
        start.RedirectStandardOutput = false;
        start.RedirectStandardError = false;
        using Process process = Process.Start(start)!;
        process.WaitForExit();
        output = process.ExitCode == 0 ? "" : $"{Path.GetFileName(program)} ends with {process.ExitCode}";
        return process.ExitCode == 0;
    }

    public void Dispose()
    {
        if (_folder is null)
            return;
        Run(Path.Combine(_binaries!, "pg_ctl"), ["-D", Path.Combine(_folder, "data"), "-m", "immediate", "-w", "stop"], asPostgres: true, out _);
        Directory.Delete(_folder, recursive: true);
    }
}
