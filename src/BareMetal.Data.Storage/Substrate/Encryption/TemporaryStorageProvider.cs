using System.Buffers.Binary;
using System.Security.Cryptography;

namespace BareMetal.Data.Storage.Encryption;

/// <summary>
/// Temporary files of an encrypted database: written from the beginning to the end by one thread, then read anywhere, never opened again. Each has a key of its own
/// that is never stored. What is appended is sealed in blocks; the last, incomplete one is kept in memory.
/// </summary>
internal sealed class TemporaryStorageProvider(IStorageProvider inner) : IStorageProvider
{
    /// <inheritdoc/>
    public string Location => inner.Location;

    /// <inheritdoc/>
    public IStorageFile Open(string name, StorageFileMode mode, bool readOnly = false)
    {
        if (mode != StorageFileMode.CreateNew)
            throw new ArgumentException("A temporary file is made, and never opened again.", nameof(mode));
        return new TemporaryFile(inner.Open(name, mode));
    }

    /// <inheritdoc/>
    public bool Exists(string name) => inner.Exists(name);

    /// <inheritdoc/>
    public IReadOnlyList<string> List() => inner.List();

    /// <inheritdoc/>
    public void Delete(string name) => inner.Delete(name);

    /// <inheritdoc/>
    public void Rename(string name, string newName) => inner.Rename(name, newName);

    /// <inheritdoc/>
    public void FlushDirectory() => inner.FlushDirectory();

    /// <inheritdoc/>
    public IDisposable AcquireOwnerLock(string name, TimeSpan timeout) => inner.AcquireOwnerLock(name, timeout);

    private sealed class TemporaryFile : IStorageFile
    {
        private const int Block = 16 << 10;
        private const int Stored = Block + EncryptionSlot.TagSize;

        private readonly IStorageFile _file;
        private readonly AesGcm _cipher;
        private readonly Lock _gate = new();
        private readonly byte[] _tail = new byte[Block];
        private readonly byte[] _stored = new byte[Stored];
        private readonly byte[] _plain = new byte[Block];
        private long _cached = -1;

        public TemporaryFile(IStorageFile file)
        {
            _file = file;
            Span<byte> key = stackalloc byte[EncryptionKey.Size];
            RandomNumberGenerator.Fill(key);
            _cipher = new AesGcm(key, EncryptionSlot.TagSize);
            CryptographicOperations.ZeroMemory(key);
        }

        public string Name => _file.Name;

        public long Length { get; private set; }

        public int Read(long offset, Span<byte> buffer)
        {
            lock (_gate)
            {
                int total = 0;
                while (total < buffer.Length && offset < Length)
                {
                    long block = offset / Block;
                    int at = (int)(offset % Block);
                    ReadOnlySpan<byte> source = block == Length / Block ? _tail.AsSpan(0, (int)(Length % Block)) : ReadBlock(block);
                    int count = Math.Min(buffer.Length - total, source.Length - at);
                    source.Slice(at, count).CopyTo(buffer[total..]);
                    total += count;
                    offset += count;
                }

                return total;
            }
        }

        public ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return new ValueTask<int>(Read(offset, buffer.Span));
        }

        public void Write(long offset, ReadOnlySpan<byte> buffer)
        {
            lock (_gate)
            {
                if (offset != Length)
                    throw new NotSupportedException("A temporary file is only appended to.");
                while (!buffer.IsEmpty)
                {
                    int at = (int)(Length % Block);
                    int count = Math.Min(buffer.Length, Block - at);
                    buffer[..count].CopyTo(_tail.AsSpan(at));
                    if (at + count == Block)
                        WriteBlock(Length / Block);
                    Length += count;
                    buffer = buffer[count..];
                }
            }
        }

        public void SetLength(long length)
        {
            if (length != Length)
                throw new NotSupportedException("A temporary file is only appended to.");
        }

        public void Flush()
        {
            // Nothing of it outlives the process.
        }

        public void Dispose()
        {
            _cipher.Dispose();
            CryptographicOperations.ZeroMemory(_tail);
            CryptographicOperations.ZeroMemory(_plain);
            _file.Dispose();
        }

        // A block is written once under the file's key, so its number is the nonce.
        private void WriteBlock(long block)
        {
            Span<byte> nonce = stackalloc byte[EncryptionSlot.NonceSize];
            nonce.Clear();
            BinaryPrimitives.WriteInt64LittleEndian(nonce, block);
            _cipher.Encrypt(nonce, _tail, _stored.AsSpan(0, Block), _stored.AsSpan(Block));
            _file.Write(block * Stored, _stored);
            _cached = -1;
        }

        private ReadOnlySpan<byte> ReadBlock(long block)
        {
            if (_cached == block)
                return _plain;
            _cached = -1;
            if (_file.ReadFull(block * Stored, _stored) < Stored)
                throw Damaged(block);
            Span<byte> nonce = stackalloc byte[EncryptionSlot.NonceSize];
            nonce.Clear();
            BinaryPrimitives.WriteInt64LittleEndian(nonce, block);
            try
            {
                _cipher.Decrypt(nonce, _stored.AsSpan(0, Block), _stored.AsSpan(Block), _plain);
            }
            catch (AuthenticationTagMismatchException)
            {
                throw Damaged(block);
            }

            _cached = block;
            return _plain;
        }

        private StorageException Damaged(long block) => new(
            StorageErrorCode.Corruption, $"{Name}: block {block} of the temporary file is not what was written. Check the device.") { File = Name };
    }
}
