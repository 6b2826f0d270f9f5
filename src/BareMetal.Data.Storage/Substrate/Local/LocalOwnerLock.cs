using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace BareMetal.Data.Storage.Local;

/// <summary>
/// The right to own a database: an advisory lock of the system on a small file that also says who holds it, and an entry in a
/// table of this process. The system drops the lock with the process, so a killed owner never blocks the next start.
/// </summary>
internal sealed class LocalOwnerLock : IDisposable
{
    private const int MaxHolderBytes = 1024;
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(15);

    // Two engines of one process must see each other too, also where the system's lock belongs to the process as a whole.
    private static readonly HashSet<string> HeldHere =
        new(OperatingSystem.IsLinux() ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase);

    private readonly string path;
    private SafeFileHandle? handle;

    private LocalOwnerLock(string path, SafeFileHandle handle)
    {
        this.path = path;
        this.handle = handle;
    }

    /// <summary>Takes the lock, waiting up to a time.</summary>
    public static LocalOwnerLock Acquire(string path, TimeSpan timeout)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            LocalOwnerLock? taken = TryAcquire(path, out string holder);
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
        SafeFileHandle? owned = Interlocked.Exchange(ref handle, null);
        if (owned is null)
            return;
        SystemCalls.Unlock(owned);
        owned.Dispose();
        lock (HeldHere)
            HeldHere.Remove(path);
    }

    private static LocalOwnerLock? TryAcquire(string path, out string holder)
    {
        lock (HeldHere)
        {
            if (!HeldHere.Add(path))
            {
                holder = "another engine of this process (" + Self() + ")";
                return null;
            }
        }

        LocalOwnerLock? taken = null;
        try
        {
            taken = TryAcquireFile(path, out holder);
            return taken;
        }
        finally
        {
            if (taken is null)
            {
                lock (HeldHere)
                    HeldHere.Remove(path);
            }
        }
    }

    private static LocalOwnerLock? TryAcquireFile(string path, out string holder)
    {
        SafeFileHandle? file;
        try
        {
            file = OpenLockFile(path);
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

        int result = SystemCalls.TryLock(file);
        if (result == 0)
        {
            holder = string.Empty;
            byte[] text = Encoding.UTF8.GetBytes(Self());
            try
            {
                RandomAccess.SetLength(file, 0);
                RandomAccess.Write(file, text, 0);
            }
            catch (IOException)
            {
                // The text only serves a message; a full disk must not keep the database from opening.
                holder = string.Empty;
            }

            return new LocalOwnerLock(path, file);
        }

        file.Dispose();
        if (result > 0)
            throw StorageErrors.FromErrno(result, path, "taking the owner lock");
        holder = ReadHolder(path);
        return null;
    }

    /// <summary>Opens the lock file; null where the share mode of the open is the lock and another has it.</summary>
    private static SafeFileHandle? OpenLockFile(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            try
            {
                return File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            }
            catch (IOException) when (File.Exists(path))
            {
                return null;
            }
        }

        if (!File.Exists(path))
        {
            try
            {
                File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete).Dispose();
            }
            catch (IOException) when (File.Exists(path))
            {
                // Another made it in between, which serves as well.
                return OpenUnix(path);
            }
        }

        return OpenUnix(path);
    }

    private static SafeFileHandle OpenUnix(string path)
    {
        SafeFileHandle handle = SystemCalls.OpenPlain(path, out int errno);
        return handle.IsInvalid ? throw StorageErrors.FromErrno(errno, path, "taking the owner lock") : handle;
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
                : OpenUnix(path);
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
