using System.Security.Cryptography;
using System.Text;

namespace BareMetal.Data.Storage;

/// <summary>
/// What opens an encrypted database: a passphrase, or 32 bytes of key. It is held in pinned memory and zeroed when disposed;
/// its text form never shows it. It must stay alive as long as it is used to open databases; an open one does not need it any more.
/// </summary>
public sealed class EncryptionKey : IDisposable
{
    /// <summary>Bytes of a raw key.</summary>
    public const int Size = 32;

    /// <summary>Rounds of PBKDF2-HMAC-SHA512 by which a passphrase is made into a key, unless another number is given.</summary>
    public const int DefaultIterations = 210_000;

    // Beyond this a damaged or hostile header would keep an opener busy for hours.
    internal const int MaxIterations = 100_000_000;

    private readonly byte[] _secret;
    private bool _disposed;

    private EncryptionKey(int length, bool isPassphrase, int iterations)
    {
        _secret = GC.AllocateArray<byte>(length, pinned: true);
        IsPassphrase = isPassphrase;
        Iterations = iterations;
    }

    /// <summary>Whether it is a passphrase.</summary>
    public bool IsPassphrase { get; }

    /// <summary>Rounds for a database that is encrypted with this passphrase from now on; an existing one says its own number. 0 for raw keys.</summary>
    public int Iterations { get; }

    /// <summary>A key from a passphrase, by a slow derivation with a random salt that the database keeps.</summary>
    /// <param name="passphrase">The passphrase; not empty. It is normalised (NFC), so that it does not matter how it was typed.</param>
    /// <param name="iterations">Rounds of the derivation, at least <see cref="DefaultIterations"/>.</param>
    public static EncryptionKey FromPassphrase(string passphrase, int iterations = DefaultIterations)
    {
        ArgumentException.ThrowIfNullOrEmpty(passphrase);
        ArgumentOutOfRangeException.ThrowIfLessThan(iterations, DefaultIterations);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(iterations, MaxIterations);
        return Derived(passphrase, iterations);
    }

    /// <summary>A key of random bytes that the caller keeps.</summary>
    /// <param name="key">32 bytes; copied.</param>
    public static EncryptionKey FromBytes(ReadOnlySpan<byte> key)
    {
        if (key.Length != Size)
            throw new ArgumentException($"An encryption key has {Size} bytes, not {key.Length}.", nameof(key));
        EncryptionKey result = new(Size, isPassphrase: false, 0);
        key.CopyTo(result._secret);
        return result;
    }

    /// <summary>Whether two keys are the same passphrase or the same bytes, told in constant time.</summary>
    public bool IsSameAs(EncryptionKey other)
    {
        ArgumentNullException.ThrowIfNull(other);
        ObjectDisposedException.ThrowIf(_disposed || other._disposed, this);
        return IsPassphrase == other.IsPassphrase && CryptographicOperations.FixedTimeEquals(_secret, other._secret);
    }

    /// <inheritdoc/>
    public override string ToString() => IsPassphrase ? "passphrase" : "key";

    /// <summary>Zeroes the key.</summary>
    public void Dispose()
    {
        _disposed = true;
        CryptographicOperations.ZeroMemory(_secret);
    }

    /// <summary>A passphrase with any number of rounds, for tests that open databases many times.</summary>
    internal static EncryptionKey Derived(string passphrase, int iterations)
    {
        string normal = passphrase.Normalize(NormalizationForm.FormC);
        EncryptionKey result = new(Encoding.UTF8.GetByteCount(normal), isPassphrase: true, iterations);
        Encoding.UTF8.GetBytes(normal, result._secret);
        return result;
    }

    internal EncryptionKey Copy()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        EncryptionKey result = new(_secret.Length, IsPassphrase, Iterations);
        _secret.CopyTo(result._secret, 0);
        return result;
    }

    /// <summary>Makes the key that the data key is wrapped with.</summary>
    internal void DeriveWrappingKey(ReadOnlySpan<byte> salt, int iterations, Span<byte> wrapping)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (IsPassphrase)
            Rfc2898DeriveBytes.Pbkdf2(_secret, salt, wrapping, iterations, HashAlgorithmName.SHA512);
        else
            HKDF.DeriveKey(HashAlgorithmName.SHA256, _secret, wrapping, salt, "BareMetal wrapping key"u8);
    }
}
