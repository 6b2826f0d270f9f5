using System.Buffers.Binary;

namespace BareMetal.Data.Storage.Encryption;

/// <summary>
/// What a header says about the encryption of its database: how the wrapping key is made, and the data keys wrapped by it.
/// See docs/format.md, "Encryption".
/// </summary>
internal sealed record EncryptionSlot
{
    /// <summary>Where it lies in a header.</summary>
    public const int Offset = 136;

    /// <summary>Bytes that it takes.</summary>
    public const int Size = 168;

    /// <summary>Where the authentication code of a header lies.</summary>
    public const int MacOffset = 480;

    /// <summary>Bytes of that code.</summary>
    public const int MacSize = 32;

    public const int SaltSize = 32;
    public const int NonceSize = 12;
    public const int TagSize = 16;
    public const int WrappedSize = NonceSize + EncryptionKey.Size + TagSize;

    /// <summary>Data keys have numbers below this; two bits of an encoding byte name the one that was used.</summary>
    public const int KeyNumbers = 4;

    private const byte CipherAesGcm = 1;
    private const byte NoKey = 0xFF;

    /// <summary>Whether the wrapping key comes from a passphrase, else from raw bytes.</summary>
    public required bool FromPassphrase { get; init; }

    /// <summary>Rounds of PBKDF2; 0 for raw bytes.</summary>
    public required int Iterations { get; init; }

    /// <summary>Random, drawn whenever the passphrase or key is changed.</summary>
    public required byte[] Salt { get; init; }

    /// <summary>Number of the data key that new content is encrypted with.</summary>
    public required int Current { get; init; }

    /// <summary>Number of the data key that older content may still be encrypted with; −1 when there is none.</summary>
    public int Previous { get; init; } = -1;

    /// <summary>The current data key: nonce, ciphertext, tag.</summary>
    public required byte[] WrappedCurrent { get; init; }

    /// <summary>The previous data key, likewise; empty when there is none.</summary>
    public byte[] WrappedPrevious { get; init; } = [];

    /// <summary>Whether two headers say the same of their encryption.</summary>
    public bool Equals(EncryptionSlot? other) =>
        other is not null && FromPassphrase == other.FromPassphrase && Iterations == other.Iterations && Current == other.Current &&
        Previous == other.Previous && Salt.AsSpan().SequenceEqual(other.Salt) &&
        WrappedCurrent.AsSpan().SequenceEqual(other.WrappedCurrent) && WrappedPrevious.AsSpan().SequenceEqual(other.WrappedPrevious);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Iterations, Current, Previous, BinaryPrimitives.ReadInt32LittleEndian(Salt));

    /// <summary>Writes it into a header.</summary>
    public void Write(Span<byte> block)
    {
        Span<byte> s = block.Slice(Offset, Size);
        s.Clear();
        s[0] = CipherAesGcm;
        s[1] = FromPassphrase ? (byte)1 : (byte)0;
        s[2] = (byte)Current;
        s[3] = Previous < 0 ? NoKey : (byte)Previous;
        BinaryPrimitives.WriteInt32LittleEndian(s[4..], Iterations);
        Salt.CopyTo(s[8..]);
        WrappedCurrent.CopyTo(s[(8 + SaltSize)..]);
        WrappedPrevious.CopyTo(s[(8 + SaltSize + WrappedSize)..]);
    }

    /// <summary>Reads it from a header whose checksum is right.</summary>
    /// <returns>Null when it is none that this engine knows.</returns>
    public static EncryptionSlot? Read(ReadOnlySpan<byte> block)
    {
        ReadOnlySpan<byte> s = block.Slice(Offset, Size);
        int iterations = BinaryPrimitives.ReadInt32LittleEndian(s[4..]);
        if (s[0] != CipherAesGcm || s[1] > 1 || s[2] >= KeyNumbers || s[3] >= KeyNumbers && s[3] != NoKey || s[3] == s[2] ||
            iterations > EncryptionKey.MaxIterations || iterations < s[1])
        {
            return null;
        }

        return new EncryptionSlot
        {
            FromPassphrase = s[1] == 1,
            Iterations = iterations,
            Current = s[2],
            Previous = s[3] == NoKey ? -1 : s[3],
            Salt = s.Slice(8, SaltSize).ToArray(),
            WrappedCurrent = s.Slice(8 + SaltSize, WrappedSize).ToArray(),
            WrappedPrevious = s[3] == NoKey ? [] : s.Slice(8 + SaltSize + WrappedSize, WrappedSize).ToArray(),
        };
    }
}
