using System.Buffers.Binary;
using System.Security.Cryptography;
using BareMetal.Data.Storage.Log;

namespace BareMetal.Data.Storage.Encryption;

/// <summary>
/// Encrypts and decrypts the records that one session wrote into one use of a log extent. The subkey is made from the extent's epoch and the
/// session, both random, so a position in the extent is written once under it and serves as the nonce. For one thread at a time.
/// </summary>
internal sealed class RecordCipher(AesGcm cipher, int key, ulong epoch, ulong session) : IDisposable
{
    private const int AadSize = 16;

    /// <summary>What groups and records carry as their encoding.</summary>
    public byte Encoding { get; } = (byte)(PageSealing.EncryptedBit | (key << PageSealing.KeyShift));

    /// <summary>Whether it is the one for an extent, a session and an encoding.</summary>
    public bool IsFor(ulong otherEpoch, ulong otherSession, byte encoding) =>
        epoch == otherEpoch && session == otherSession && encoding == Encoding;

    /// <summary>Encrypts the payload of a record whose header is complete but for its checksum, and writes the tag behind it.</summary>
    /// <param name="record">The record.</param>
    /// <param name="payload">Bytes of its payload.</param>
    /// <param name="chain">The chain value before it, which is authenticated too.</param>
    /// <param name="offset">Where the record lies in its extent.</param>
    public void Encrypt(Span<byte> record, int payload, uint chain, long offset)
    {
        Span<byte> nonce = stackalloc byte[EncryptionSlot.NonceSize];
        Span<byte> aad = stackalloc byte[AadSize];
        Frame(record, chain, offset, nonce, aad);
        Span<byte> body = record.Slice(LogFormat.RecordHeaderSize, payload);
        cipher.Encrypt(nonce, body, body, record.Slice(LogFormat.RecordHeaderSize + payload, EncryptionSlot.TagSize), aad);
    }

    /// <summary>Decrypts the payload of a record in place.</summary>
    /// <returns>False when it is not what was encrypted.</returns>
    public bool TryDecrypt(Span<byte> record, int payload, uint chain, long offset)
    {
        Span<byte> nonce = stackalloc byte[EncryptionSlot.NonceSize];
        Span<byte> aad = stackalloc byte[AadSize];
        Frame(record, chain, offset, nonce, aad);
        Span<byte> body = record.Slice(LogFormat.RecordHeaderSize, payload);
        try
        {
            cipher.Decrypt(nonce, body, record.Slice(LogFormat.RecordHeaderSize + payload, EncryptionSlot.TagSize), body, aad);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => cipher.Dispose();

    private static void Frame(ReadOnlySpan<byte> record, uint chain, long offset, Span<byte> nonce, Span<byte> aad)
    {
        nonce.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(nonce, offset);
        record[..4].CopyTo(aad);
        BinaryPrimitives.WriteUInt32LittleEndian(aad[4..], chain);
        record[8..LogFormat.RecordHeaderSize].CopyTo(aad[8..]);
    }
}
