namespace BareMetal.Data.Storage;

/// <summary>Translates the system's exceptions into the engine's.</summary>
internal static class StorageErrors
{
    private const int WindowsHandleDiskFull = unchecked((int)0x80070027);
    private const int WindowsDiskFull = unchecked((int)0x80070070);
    private const int UnixNoSpace = 28;
    private const int LinuxQuota = 122;
    private const int MacQuota = 69;

    /// <summary>The engine's exception for a system exception at a file.</summary>
    public static StorageException From(Exception cause, string file, string action)
    {
        if (cause is StorageException known)
            return known;
        if (cause is FileNotFoundException or DirectoryNotFoundException)
            return new(StorageErrorCode.DoesNotExist, $"{file}: the file does not exist.", cause) { File = file };
        if (IsDiskFull(cause))
            return new(StorageErrorCode.DiskFull, $"{file}: no space is left while {action}. Free space and try again.", cause) { File = file };
        return new(StorageErrorCode.IoError, $"{file}: an error of the storage while {action}: {cause.Message}", cause) { File = file };
    }

    /// <summary>The engine's exception for an error number of the system.</summary>
    public static StorageException FromErrno(int errno, string file, string action)
    {
        string text = System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(errno);
        return IsDiskFullNumber(errno)
            ? new(StorageErrorCode.DiskFull, $"{file}: no space is left while {action}. Free space and try again.") { File = file }
            : new(StorageErrorCode.IoError, $"{file}: an error of the storage while {action}: {text} (error {errno})") { File = file };
    }

    private static bool IsDiskFull(Exception cause) =>
        cause is IOException io &&
        (io.HResult is WindowsDiskFull or WindowsHandleDiskFull || !OperatingSystem.IsWindows() && IsDiskFullNumber(io.HResult));

    private static bool IsDiskFullNumber(int errno) =>
        OperatingSystem.IsWindows()
            ? errno is 39 or 112
            : errno == UnixNoSpace || errno == (OperatingSystem.IsMacOS() ? MacQuota : LinuxQuota);
}
