using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using BareMetal.Data.Storage.Checkpoints;
using BareMetal.Data.Storage.Pages;

namespace BareMetal.Data.Storage.Encryption;

/// <summary>
/// The keys of an open encrypted database and what is done with them: pages, log records and headers are sealed and opened here. A random data
/// key, wrapped in the header by the passphrase's or raw key, gives every subkey; pages of one opening share a subkey of their own and
/// are counted under it. Members may be called from several threads at once.
/// </summary>
internal sealed class DatabaseCipher : IDisposable
{
    private const int MaxSubkeys = 1024;
    private const uint MaxPagesPerSubkey = uint.MaxValue - 1024;

    private readonly Guid _databaseId;
    private readonly RandomFill _random;
    private readonly byte[]?[] _dataKeys = new byte[]?[EncryptionSlot.KeyNumbers];
    private readonly ConcurrentDictionary<(int Key, ulong Salt), SubkeyPool> _subkeys = new();
    private readonly Lock _gate = new();
    private WriteSubkey _write;

    private DatabaseCipher(Guid databaseId, RandomFill random, EncryptionSlot slot)
    {
        _databaseId = databaseId;
        _random = random;
        Slot = slot;
        _write = null!;
    }

    /// <summary>What the header holds.</summary>
    public EncryptionSlot Slot { get; private set; }

    /// <summary>Number of the data key that new content is encrypted with.</summary>
    public int CurrentKey => _write.Key;

    /// <summary>Draws a data key for a new database.</summary>
    public static DatabaseCipher Create(EncryptionKey key, Guid databaseId, RandomFill random)
    {
        DatabaseCipher cipher = new(databaseId, random, null!);
        cipher._dataKeys[0] = cipher.NewDataKey();
        cipher.Slot = cipher.Wrap(key, 0, -1);
        cipher._write = cipher.NewWriteSubkey(0);
        return cipher;
    }

    /// <summary>Unwraps the data keys of an existing database.</summary>
    /// <param name="key">The passphrase or raw key.</param>
    /// <param name="databaseId">The database.</param>
    /// <param name="slot">What its header says.</param>
    /// <param name="random">Random bytes.</param>
    /// <param name="file">For messages.</param>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.WrongKey"/>.</exception>
    public static DatabaseCipher Open(EncryptionKey key, Guid databaseId, EncryptionSlot slot, RandomFill random, string file)
    {
        DatabaseCipher cipher = new(databaseId, random, slot);
        Span<byte> wrapping = stackalloc byte[EncryptionKey.Size];
        try
        {
            if (key.IsPassphrase != slot.FromPassphrase)
                throw WrongKey(file, slot);
            key.DeriveWrappingKey(slot.Salt, slot.Iterations, wrapping);
            using AesGcm aes = new(wrapping, EncryptionSlot.TagSize);
            if (!cipher.TryUnwrap(aes, slot.WrappedCurrent, slot.Current) ||
                slot.Previous >= 0 && !cipher.TryUnwrap(aes, slot.WrappedPrevious, slot.Previous))
            {
                throw WrongKey(file, slot);
            }

            cipher._write = cipher.NewWriteSubkey(slot.Current);
            return cipher;
        }
        catch
        {
            cipher.Dispose();
            throw;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(wrapping);
        }
    }

    /// <summary>The slot with the same data keys wrapped by another passphrase or raw key; it counts from <see cref="Adopt"/> on.</summary>
    public EncryptionSlot Rewrap(EncryptionKey key) => Wrap(key, Slot.Current, Slot.Previous);

    /// <summary>The slot with a new data key, the current one becoming the previous.</summary>
    public EncryptionSlot WithNewDataKey(EncryptionKey key)
    {
        int next = (Slot.Current + 1) % EncryptionSlot.KeyNumbers;
        _dataKeys[next] = NewDataKey();
        return Wrap(key, next, Slot.Current);
    }

    /// <summary>The slot without the previous data key.</summary>
    public EncryptionSlot WithoutPrevious() => Slot with { Previous = -1, WrappedPrevious = [] };

    /// <summary>Goes on with a slot that the header holds durably. While nothing that is encrypted with a key that it drops is read any more.</summary>
    public void Adopt(EncryptionSlot slot)
    {
        lock (_gate)
        {
            if (slot.Current != _write.Key)
                Volatile.Write(ref _write, NewWriteSubkey(slot.Current));
            Slot = slot;
            for (int i = 0; i < _dataKeys.Length; i++)
            {
                if (i != slot.Current && i != slot.Previous && _dataKeys[i] is { } gone)
                {
                    _dataKeys[i] = null;
                    CryptographicOperations.ZeroMemory(gone);
                }
            }
        }
    }

    /// <summary>Encrypts a page in place and writes its checksum.</summary>
    public void SealPage(PageId id, Span<byte> page)
    {
        WriteSubkey write;
        uint counter;
        while (true)
        {
            write = Volatile.Read(ref _write);
            ulong next = (ulong)Interlocked.Increment(ref write.Counter);
            if (next <= MaxPagesPerSubkey)
            {
                counter = (uint)next;
                break;
            }

            lock (_gate)
            {
                if (_write == write)
                    Volatile.Write(ref _write, NewWriteSubkey(write.Key));
            }
        }

        AesGcm cipher = write.Pool.Rent();
        PageSealing.Encrypt(cipher, _databaseId, page, write.Key, write.Salt, counter);
        write.Pool.Return(cipher);
        PageChecksum.Seal(_databaseId, id, page);
    }

    /// <summary>Decrypts a page in place whose checksum is right.</summary>
    /// <param name="file">Where it was read, for messages.</param>
    /// <param name="id">The page.</param>
    /// <param name="page">Its bytes.</param>
    /// <exception cref="StorageException">It was not encrypted with this database's key.</exception>
    public void OpenPage(string file, PageId id, Span<byte> page)
    {
        byte encoding = page[PageFormat.EncodingOffset];
        int key = PageSealing.KeyOf(encoding);
        if ((encoding & PageSealing.EncryptedBit) == 0 || _dataKeys[key] is null)
            throw Forged(file, id, "it is not encrypted, or with a key that the database does not have");
        SubkeyPool pool = PoolOf(key, PageSealing.SaltOf(page));
        AesGcm cipher = pool.Rent();
        bool good = PageSealing.TryDecrypt(cipher, _databaseId, page);
        pool.Return(cipher);
        if (!good)
            throw Forged(file, id, "its authentication fails although its checksum is right");
    }

    /// <summary>Makes the cipher of what a session writes to an extent, or of what it wrote under an encoding.</summary>
    /// <param name="epoch">The extent's epoch.</param>
    /// <param name="session">The session.</param>
    /// <param name="encoding">The encoding of what is read; 0 to write.</param>
    /// <returns>Null when the data key is not there.</returns>
    public RecordCipher? ForRecords(ulong epoch, ulong session, byte encoding = 0)
    {
        int key = encoding == 0 ? CurrentKey : PageSealing.KeyOf(encoding);
        if (encoding != 0 && (encoding & PageSealing.EncryptedBit) == 0 || _dataKeys[key] is null)
            return null;
        Span<byte> info = stackalloc byte[20];
        "logs"u8.CopyTo(info);
        BinaryPrimitives.WriteUInt64LittleEndian(info[4..], epoch);
        BinaryPrimitives.WriteUInt64LittleEndian(info[12..], session);
        return new RecordCipher(Derive(key, info), key, epoch, session);
    }

    /// <summary>Writes the authentication code of a header; its checksum is the caller's, afterwards.</summary>
    /// <param name="block">The header, complete otherwise.</param>
    /// <param name="slot">The slot in it.</param>
    public void SealHeader(Span<byte> block, EncryptionSlot slot) =>
        HeaderCode(slot.Current, block, block.Slice(EncryptionSlot.MacOffset, EncryptionSlot.MacSize));

    /// <summary>Whether a header was written by someone who had the data key.</summary>
    public bool VerifyHeader(ReadOnlySpan<byte> block)
    {
        Span<byte> code = stackalloc byte[EncryptionSlot.MacSize];
        HeaderCode(Slot.Current, block, code);
        return CryptographicOperations.FixedTimeEquals(code, block.Slice(EncryptionSlot.MacOffset, EncryptionSlot.MacSize));
    }

    /// <summary>Zeroes the keys.</summary>
    public void Dispose()
    {
        foreach (byte[]? key in _dataKeys)
            CryptographicOperations.ZeroMemory(key);
        Array.Clear(_dataKeys);
        foreach (SubkeyPool pool in _subkeys.Values)
            pool.Dispose();
        _subkeys.Clear();
        _write?.Pool.Dispose();
    }

    internal static StorageException WrongKey(string file, EncryptionSlot slot) => new(
        StorageErrorCode.WrongKey,
        $"{file}: the {(slot.FromPassphrase ? "passphrase" : "key")} does not open this database, which is encrypted with " +
        $"{(slot.FromPassphrase ? "a passphrase" : "a raw key")}.") { File = file };

    private static StorageException Forged(string file, PageId id, string why) => new(
        StorageErrorCode.Corruption,
        $"{file}: page {id} was not written by this database: {why}. Somebody without the key changed it. Restore it from a backup.")
        { File = file, Page = id };

    private byte[] NewDataKey()
    {
        byte[] key = GC.AllocateArray<byte>(EncryptionKey.Size, pinned: true);
        _random(key);
        return key;
    }

    private EncryptionSlot Wrap(EncryptionKey key, int current, int previous)
    {
        byte[] salt = new byte[EncryptionSlot.SaltSize];
        _random(salt);
        Span<byte> wrapping = stackalloc byte[EncryptionKey.Size];
        key.DeriveWrappingKey(salt, key.Iterations, wrapping);
        using AesGcm aes = new(wrapping, EncryptionSlot.TagSize);
        CryptographicOperations.ZeroMemory(wrapping);
        return new EncryptionSlot
        {
            FromPassphrase = key.IsPassphrase,
            Iterations = key.Iterations,
            Salt = salt,
            Current = current,
            Previous = previous,
            WrappedCurrent = WrapOne(aes, current),
            WrappedPrevious = previous < 0 ? [] : WrapOne(aes, previous),
        };
    }

    private byte[] WrapOne(AesGcm aes, int number)
    {
        byte[] wrapped = new byte[EncryptionSlot.WrappedSize];
        Span<byte> nonce = wrapped.AsSpan(0, EncryptionSlot.NonceSize);
        _random(nonce);
        Span<byte> aad = stackalloc byte[17];
        WrapFrame(number, aad);
        aes.Encrypt(
            nonce, _dataKeys[number]!, wrapped.AsSpan(EncryptionSlot.NonceSize, EncryptionKey.Size), wrapped.AsSpan(^EncryptionSlot.TagSize), aad);
        return wrapped;
    }

    private bool TryUnwrap(AesGcm aes, byte[] wrapped, int number)
    {
        byte[] key = GC.AllocateArray<byte>(EncryptionKey.Size, pinned: true);
        Span<byte> aad = stackalloc byte[17];
        WrapFrame(number, aad);
        try
        {
            aes.Decrypt(
                wrapped.AsSpan(0, EncryptionSlot.NonceSize), wrapped.AsSpan(EncryptionSlot.NonceSize, EncryptionKey.Size),
                wrapped.AsSpan(^EncryptionSlot.TagSize), key, aad);
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }

        _dataKeys[number] = key;
        return true;
    }

    private void WrapFrame(int number, Span<byte> aad)
    {
        _databaseId.TryWriteBytes(aad);
        aad[16] = (byte)number;
    }

    private WriteSubkey NewWriteSubkey(int key)
    {
        Span<byte> salt = stackalloc byte[8];
        _random(salt);
        ulong value = BinaryPrimitives.ReadUInt64LittleEndian(salt);
        return new WriteSubkey(key, value, PoolOf(key, value));
    }

    private SubkeyPool PoolOf(int key, ulong salt)
    {
        if (_subkeys.TryGetValue((key, salt), out SubkeyPool? pool))
            return pool;

        // One salt per opening of the database: so many that it matters are rare, and making them again is cheap.
        if (_subkeys.Count >= MaxSubkeys)
            _subkeys.Clear();
        return _subkeys.GetOrAdd((key, salt), _ => new SubkeyPool(() => DerivePages(key, salt)));
    }

    private AesGcm DerivePages(int key, ulong salt)
    {
        Span<byte> info = stackalloc byte[12];
        "page"u8.CopyTo(info);
        BinaryPrimitives.WriteUInt64LittleEndian(info[4..], salt);
        return Derive(key, info);
    }

    private AesGcm Derive(int key, ReadOnlySpan<byte> info)
    {
        Span<byte> subkey = stackalloc byte[EncryptionKey.Size];
        DeriveBytes(key, info, subkey);
        AesGcm cipher = new(subkey, EncryptionSlot.TagSize);
        CryptographicOperations.ZeroMemory(subkey);
        return cipher;
    }

    private void DeriveBytes(int key, ReadOnlySpan<byte> info, Span<byte> subkey)
    {
        byte[] dataKey = _dataKeys[key] ?? throw new ObjectDisposedException(nameof(DatabaseCipher));
        Span<byte> salt = stackalloc byte[16];
        _databaseId.TryWriteBytes(salt);
        HKDF.DeriveKey(HashAlgorithmName.SHA256, dataKey, subkey, salt, info);
    }

    private void HeaderCode(int key, ReadOnlySpan<byte> block, Span<byte> code)
    {
        Span<byte> subkey = stackalloc byte[EncryptionKey.Size];
        DeriveBytes(key, "head"u8, subkey);
        HMACSHA256.HashData(subkey, block[12..EncryptionSlot.MacOffset], code);
        CryptographicOperations.ZeroMemory(subkey);
    }

    private sealed class WriteSubkey(int key, ulong salt, SubkeyPool pool)
    {
        public long Counter;

        public int Key { get; } = key;

        public ulong Salt { get; } = salt;

        public SubkeyPool Pool { get; } = pool;
    }
}
