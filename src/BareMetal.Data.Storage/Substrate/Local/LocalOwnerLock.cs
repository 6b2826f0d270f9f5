using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace BareMetal.Data.Storage.Local;

/// <summary>
/// The right to own a database, or a share in reading it: an advisory lock of the system on a small file that also says who owns it, and an
/// entry in a table of this process. The system drops the lock with the process, so a killed owner never blocks the next start.
/// </summary>
internal sealed class LocalOwnerLock : IDisposable
{
    private const int MaxHolderBytes = 1024;
    private const int Owned = -1;
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(15);

    // Two engines of one process must see each other too, also where the system's lock belongs to the process as a whole.
    // By path: the number of shares, or that it is owned.
    private static readonly Dictionary<string, int> HeldHere =
        new(OperatingSystem.IsLinux() ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase);

    private readonly string path;
    private readonly bool shared;
    private SafeFileHandle? handle;
    private int disposed;

    private LocalOwnerLock(string path, bool shared, SafeFileHandle? handle)
    {
        this.path = path;
        this.shared = shared;
        this.handle = handle;
    }

    /// <summary>Takes the lock, waiting up to a time.</summary>
    /// <param name="path">Path of the lock file.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <param name="shared">Whether a share is enough; then nothing is written, and where no lock file can be made there is no owner to fear.</param>
    public static LocalOwnerLock Acquire(string path, TimeSpan timeout, bool shared)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            LocalOwnerLock? taken = TryAcquire(path, shared, out string holder);
            if (taken is not null)
                return taken;
            if (timeout != Timeout.InfiniteTimeSpan && Stopwatch.GetElapsedTime(start) >= timeout)
            {
                throw new StorageException(
                    StorageErrorCode.Locked,
                    $"{path}: the database is held by {holder}. Close it there, or wait longer with a larger lock timeout.") { File = path };
            }

            Thread.Sleep(PollInterval);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
            return;
        if (handle is { } owned)
        {
            handle = null;
            SystemCalls.Unlock(owned);
            owned.Dispose();
        }

        LeaveHere(path, shared);
    }

    private static LocalOwnerLock? TryAcquire(string path, bool shared, out string holder)
    {
        lock (HeldHere)
        {
            int held = HeldHere.GetValueOrDefault(path);
            if (held != 0 && (held == Owned || !shared))
            {
                holder = "another engine of this process (" + Self() + ")";
                return null;
            }

            HeldHere[path] = shared ? held + 1 : Owned;
        }

        LocalOwnerLock? taken = null;
        try
        {
            taken = TryAcquireFile(path, shared, out holder);
            return taken;
        }
        finally
        {
            if (taken is null)
                LeaveHere(path, shared);
        }
    }

    private static void LeaveHere(string path, bool shared)
    {
        lock (HeldHere)
        {
            int held = HeldHere[path];
            if (shared && held > 1)
                HeldHere[path] = held - 1;
            else
                HeldHere.Remove(path);
        }
    }

    private static LocalOwnerLock? TryAcquireFile(string path, bool shared, out string holder)
    {
        SafeFileHandle? file;
        try
        {
            if (shared && !File.Exists(path) && !TryMake(path))
            {
                // A folder that can't be written to, a disc perhaps: nobody owns what is there.
                holder = string.Empty;
                return new LocalOwnerLock(path, shared, null);
            }

            file = OpenLockFile(path, shared);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StorageErrors.From(e, path, "taking the owner lock");
        }

        if (file is null)
        {
            holder = ReadHolder(path);
            return null;
        }

        int result = SystemCalls.TryLock(file, shared);
        if (result == 0)
        {
            holder = string.Empty;
            if (!shared)
                WriteHolder(file);
            return new LocalOwnerLock(path, shared, file);
        }

        file.Dispose();
        if (result > 0)
            throw StorageErrors.FromErrno(result, path, "taking the owner lock");
        holder = ReadHolder(path);
        return null;
    }

    private static bool TryMake(string path)
    {
        try
        {
            File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete).Dispose();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return File.Exists(path); // another may have made it in between, which serves as well
        }
    }

    /// <summary>Opens the lock file; null where the share mode of the open is the lock and another has it.</summary>
    private static SafeFileHandle? OpenLockFile(string path, bool shared)
    {
        if (OperatingSystem.IsWindows())
        {
            try
            {
                return shared
                    ? File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read)
                    : File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            }
            catch (IOException) when (File.Exists(path))
            {
                return null;
            }
        }

        if (!shared && !File.Exists(path))
        {
            try
            {
                File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete).Dispose();
            }
            catch (IOException) when (File.Exists(path))
            {
                // Another made it in between, which serves as well.
                return OpenUnix(path, readOnly: false);
            }
        }

        return OpenUnix(path, readOnly: shared);
    }

    private static SafeFileHandle OpenUnix(string path, bool readOnly)
    {
        SafeFileHandle handle = SystemCalls.OpenPlain(path, readOnly, out int errno);
        return handle.IsInvalid ? throw StorageErrors.FromErrno(errno, path, "taking the owner lock") : handle;
    }

    private static void WriteHolder(SafeFileHandle file)
    {
        byte[] text = Encoding.UTF8.GetBytes(Self());
        try
        {
            RandomAccess.SetLength(file, 0);
            RandomAccess.Write(file, text, 0);
        }
        catch (IOException e)
        {
            // The text only serves a message; a full disk must not keep the database from opening.
            Trace.TraceInformation($"The owner lock does not name its holder: {e.Message}");
        }
    }

    private static string Self()
    {
        using Process process = Process.GetCurrentProcess();
        return string.Create(CultureInfo.InvariantCulture, $"process {Environment.ProcessId} ({process.ProcessName}) on {Environment.MachineName}");
    }

    private static string ReadHolder(string path)
    {
        try
        {
            using SafeFileHandle file = OperatingSystem.IsWindows()
                ? File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete)
                : OpenUnix(path, readOnly: true);
            byte[] text = new byte[MaxHolderBytes];
            int count = RandomAccess.Read(file, text, 0);
            return count == 0 ? "another process" : Encoding.UTF8.GetString(text, 0, count);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or StorageException)
        {
            return "another process";
        }
    }
}
