using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace BareMetal.Data.Storage.Local;

/// <summary>
/// The one seam to what .NET does not give: a flush of data without needless metadata, a flush of a directory, and a lock
/// that ends with its process. Each function returns 0 or the system's error number.
/// </summary>
internal static partial class SystemCalls
{
    private const int LockShared = 1;
    private const int LockExclusive = 2;
    private const int LockNonBlocking = 4;
    private const int LockRelease = 8;
    private const int MacFullSync = 51;
    private const int Interrupted = 4;
    private const int MacNotSupported = 45;
    private const int LinuxWouldBlock = 11;
    private const int MacWouldBlock = 35;

    /// <summary>Makes a file's content durable.</summary>
    public static int FlushFile(SafeFileHandle handle)
    {
        if (OperatingSystem.IsWindows())
            return FlushFileBuffers(handle) ? 0 : Marshal.GetLastPInvokeError();
        while (true)
        {
            int result;
            if (OperatingSystem.IsMacOS())
            {
                // fsync of macOS leaves data in the drive's cache; F_FULLFSYNC does not.
                result = Fcntl(handle, MacFullSync);
                if (result != 0 && Marshal.GetLastPInvokeError() == MacNotSupported)
                    result = Fsync(handle);
            }
            else
            {
                result = OperatingSystem.IsLinux() ? Fdatasync(handle) : Fsync(handle);
            }

            if (result == 0)
                return 0;
            int errno = Marshal.GetLastPInvokeError();
            if (errno != Interrupted)
                return errno;
        }
    }

    /// <summary>Makes a directory's entries durable.</summary>
    public static int FlushDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
            return FlushWindowsDirectory(path);
        int descriptor = Open(path, 0);
        if (descriptor < 0)
            return Marshal.GetLastPInvokeError();
        int errno = 0;
        if (FsyncDescriptor(descriptor) != 0)
            errno = Marshal.GetLastPInvokeError();
        _ = Close(descriptor);
        return errno;
    }

    /// <summary>Takes a lock on an open file if it is free; it ends when the handle or the process does.</summary>
    /// <param name="handle">The file.</param>
    /// <param name="shared">Whether others may have a share too; else nobody.</param>
    /// <returns>0 when taken, −1 when another holds it, else the error number.</returns>
    public static int TryLock(SafeFileHandle handle, bool shared = false)
    {
        if (OperatingSystem.IsWindows())
            return 0; // there the share mode of the open is the lock
        if (Flock(handle, (shared ? LockShared : LockExclusive) | LockNonBlocking) == 0)
            return 0;
        int errno = Marshal.GetLastPInvokeError();
        return errno == (OperatingSystem.IsMacOS() ? MacWouldBlock : LinuxWouldBlock) ? -1 : errno;
    }

    /// <summary>Releases a lock taken with <see cref="TryLock"/>.</summary>
    public static void Unlock(SafeFileHandle handle)
    {
        if (!OperatingSystem.IsWindows())
            _ = Flock(handle, LockRelease);
    }

    /// <summary>
    /// Opens an existing file on Unix, for reading and writing or for reading only. The runtime's own open takes a shared lock of the kind that
    /// <see cref="TryLock"/> needs exclusively, so it can't open a file that another process has locked.
    /// </summary>
    public static SafeFileHandle OpenPlain(string path, bool readOnly, out int errno)
    {
        int flags = (readOnly ? 0 : 2) | (OperatingSystem.IsMacOS() ? 0x1000000 : 0x80000); // O_RDONLY or O_RDWR, O_CLOEXEC
        int descriptor = Open(path, flags);
        errno = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        return new SafeFileHandle(descriptor, ownsHandle: true);
    }

    private static int FlushWindowsDirectory(string path)
    {
        const uint GenericWrite = 0x40000000, ShareAll = 7, OpenExisting = 3, BackupSemantics = 0x02000000;
        using SafeFileHandle handle = CreateFile(path, GenericWrite, ShareAll, 0, OpenExisting, BackupSemantics, 0);
        if (handle.IsInvalid)
            return Marshal.GetLastPInvokeError();
        return FlushFileBuffers(handle) ? 0 : Marshal.GetLastPInvokeError();
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int Fdatasync(SafeFileHandle descriptor);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(SafeFileHandle descriptor);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FsyncDescriptor(int descriptor);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Fcntl(SafeFileHandle descriptor, int command);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Flock(SafeFileHandle descriptor, int operation);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);

    [LibraryImport("kernel32", EntryPoint = "FlushFileBuffers", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool FlushFileBuffers(SafeFileHandle handle);

    [LibraryImport("kernel32", EntryPoint = "CreateFileW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    private static partial SafeFileHandle CreateFile(
        string name, uint access, uint share, nint security, uint disposition, uint flags, nint template);
}
