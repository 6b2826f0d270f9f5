using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace BareMetal.Data.Storage.Encryption;

/// <summary>Encrypts pages of a temporary file with a key that is drawn for it and kept in memory only: what a crash leaves behind, nobody can read.</summary>
internal sealed class SpillCipher : IDisposable
{
    private readonly Guid _databaseId;
    private readonly byte[] _key = GC.AllocateArray<byte>(EncryptionKey.Size, pinned: true);
    private readonly ConcurrentDictionary<ulong, SubkeyPool> _subkeys = new();
    private long _counter;

    public SpillCipher(Guid databaseId)
    {
        _databaseId = databaseId;

        // Not from the environment: it is never stored, so no replay depends on it.
        RandomNumberGenerator.Fill(_key);
    }

    /// <summary>Encrypts a page in place; the checksum is the caller's.</summary>
    public void Encrypt(Span<byte> page)
    {
        // The counter's upper half makes the subkey, its lower half the nonce: together they never repeat.
        ulong counter = (ulong)Interlocked.Increment(ref _counter);
        SubkeyPool pool = PoolOf(counter >> 32);
        AesGcm cipher = pool.Rent();
        PageSealing.Encrypt(cipher, _databaseId, page, 0, counter >> 32, (uint)counter);
        pool.Return(cipher);
    }

    /// <summary>Decrypts a page in place.</summary>
    /// <returns>False when it is not one that was encrypted here.</returns>
    public bool TryDecrypt(Span<byte> page)
    {
        ulong salt = PageSealing.SaltOf(page);
        if (salt > (ulong)Volatile.Read(ref _counter) >> 32)
            return false;
        SubkeyPool pool = PoolOf(salt);
        AesGcm cipher = pool.Rent();
        bool good = PageSealing.TryDecrypt(cipher, _databaseId, page);
        pool.Return(cipher);
        return good;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SubkeyPool pool in _subkeys.Values)
            pool.Dispose();
        CryptographicOperations.ZeroMemory(_key);
    }

    private SubkeyPool PoolOf(ulong salt) => _subkeys.GetOrAdd(salt, s => new SubkeyPool(() => Derive(s)));

    private AesGcm Derive(ulong salt)
    {
        Span<byte> subkey = stackalloc byte[EncryptionKey.Size];
        Span<byte> info = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(info, salt);
        HKDF.DeriveKey(HashAlgorithmName.SHA256, _key, subkey, default, info);
        AesGcm cipher = new(subkey, EncryptionSlot.TagSize);
        CryptographicOperations.ZeroMemory(subkey);
        return cipher;
    }
}
