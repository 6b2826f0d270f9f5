namespace BareMetal.Data.Storage;

/// <summary>Reading that does not take a substrate's word for the end of a file.</summary>
internal static class StorageFileReads
{
    /// <summary>
    /// Reads until the buffer is full or the file really ends. A substrate that gives fewer bytes than it has (a network, a signal) is asked
    /// again: what is taken for the end of a log would otherwise be a loss.
    /// </summary>
    /// <param name="file">The file.</param>
    /// <param name="offset">Byte offset.</param>
    /// <param name="buffer">Receives the bytes.</param>
    /// <returns>The number of bytes: less than the buffer's length only at the end of the file.</returns>
    /// <exception cref="StorageException">The file has more bytes, but does not give them.</exception>
    public static int ReadFull(this IStorageFile file, long offset, Span<byte> buffer)
    {
        int total = file.Read(offset, buffer);
        while (total < buffer.Length)
        {
            long rest = file.Length - offset - total;
            if (rest <= 0)
                break;
            int count = file.Read(offset + total, buffer[total..]);
            if (count == 0)
            {
                throw new StorageException(
                    StorageErrorCode.IoError,
                    $"{file.Name}: reading {buffer.Length} bytes at {offset} gave {total}, though the file has {file.Length}. Check the storage.") { File = file.Name };
            }

            total += count;
        }

        return total;
    }
}
