using System.Buffers.Binary;
using System.Security.Cryptography;
using BareMetal.Data.Storage.Pages;

namespace BareMetal.Data.Storage.Encryption;

/// <summary>
/// Where encryption lies in a page: everything between its first 20 and last 32 bytes is ciphertext, the trailer holds 12 bytes that make
/// the nonce and the tag. What stays readable (id, LSN, kind, level) is authenticated, together with the database's id.
/// </summary>
internal static class PageSealing
{
    /// <summary>Bit of an encoding byte: encrypted. Bit 0 is compression's, which comes first.</summary>
    public const byte EncryptedBit = 2;

    /// <summary>Bits of an encoding byte that name the data key.</summary>
    public const int KeyShift = 6;

    private const int ClearBytes = 20;
    private const int AadSize = ClearBytes + 16;

    /// <summary>The data key that an encoding byte names.</summary>
    public static int KeyOf(byte encoding) => encoding >> KeyShift;

    /// <summary>Encrypts a page in place. The checksum is the caller's, afterwards.</summary>
    /// <param name="cipher">The subkey.</param>
    /// <param name="databaseId">The database.</param>
    /// <param name="page">The page, its encoding without the bits of encryption.</param>
    /// <param name="key">Number of the data key.</param>
    /// <param name="salt">What the subkey was made with.</param>
    /// <param name="counter">Never the same twice under one salt.</param>
    public static void Encrypt(AesGcm cipher, Guid databaseId, Span<byte> page, int key, ulong salt, uint counter)
    {
        page[PageFormat.EncodingOffset] |= (byte)(EncryptedBit | (key << KeyShift));
        Span<byte> trailer = page[^PageFormat.TrailerSize..];
        BinaryPrimitives.WriteUInt64LittleEndian(trailer, salt);
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[8..], counter);
        Span<byte> nonce = stackalloc byte[EncryptionSlot.NonceSize];
        Span<byte> aad = stackalloc byte[AadSize];
        Frame(page, databaseId, nonce, aad);
        Span<byte> body = page[ClearBytes..^PageFormat.TrailerSize];
        cipher.Encrypt(nonce, body, body, trailer.Slice(12, EncryptionSlot.TagSize), aad);
    }

    /// <summary>Decrypts a page in place; its encoding loses the bits of encryption, its trailer is zeroed.</summary>
    /// <returns>False when it is not what was encrypted.</returns>
    public static bool TryDecrypt(AesGcm cipher, Guid databaseId, Span<byte> page)
    {
        Span<byte> trailer = page[^PageFormat.TrailerSize..];
        Span<byte> nonce = stackalloc byte[EncryptionSlot.NonceSize];
        Span<byte> aad = stackalloc byte[AadSize];
        Frame(page, databaseId, nonce, aad);
        Span<byte> body = page[ClearBytes..^PageFormat.TrailerSize];
        try
        {
            cipher.Decrypt(nonce, body, trailer.Slice(12, EncryptionSlot.TagSize), body, aad);
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }

        page[PageFormat.EncodingOffset] &= 0x3F & ~EncryptedBit;
        trailer[..^PageFormat.ChecksumSize].Clear();
        return true;
    }

    /// <summary>The salt of an encrypted page's subkey.</summary>
    public static ulong SaltOf(ReadOnlySpan<byte> page) => BinaryPrimitives.ReadUInt64LittleEndian(page[^PageFormat.TrailerSize..]);

    private static void Frame(ReadOnlySpan<byte> page, Guid databaseId, Span<byte> nonce, Span<byte> aad)
    {
        // The counter alone never repeats under a salt; the page's id beside it costs nothing.
        page.Slice(page.Length - PageFormat.TrailerSize + 8, 4).CopyTo(nonce);
        page[..8].CopyTo(nonce[4..]);
        page[..ClearBytes].CopyTo(aad);
        databaseId.TryWriteBytes(aad[ClearBytes..]);
    }
}
