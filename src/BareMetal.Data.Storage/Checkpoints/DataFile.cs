using System.Buffers.Binary;
using BareMetal.Data.Storage.Encryption;
using BareMetal.Data.Storage.Pages;

namespace BareMetal.Data.Storage.Checkpoints;

/// <summary>
/// The data file: its header and its pages. Between checkpoints nothing is written to it. While a checkpoint is being applied its
/// pages are read from the checkpoint file, since the data file's may be half written.
/// </summary>
internal sealed class DataFile : IPageFile, IReadVerifier, IDisposable
{
    private const int ReadAttempts = 4;
    private const long MaxGrowthStep = 16 << 20;

    private IStorageFile _file;
    private readonly StorageEnvironment _environment;
    private readonly Lock _applyGate = new();
    private Dictionary<PageId, int>? _applying;
    private CheckpointFile? _applyingFile;
    private long _durableLength;

    private DataFile(IStorageFile file, StorageEnvironment environment, DatabaseHeader header, DatabaseCipher? cipher)
    {
        _file = file;
        _environment = environment;
        Header = header;
        Cipher = cipher;

        // What a killed process grew may not be durable; its pages are not in use before another checkpoint.
        _durableLength = header.IsClean ? file.Length : (long)header.PageCount * header.PageSize;
    }

    /// <inheritdoc/>
    public int PageSize => Header.PageSize;

    /// <summary>The header that is durable.</summary>
    public DatabaseHeader Header { get; private set; }

    /// <summary>Encrypts and decrypts the database's content; null when it is not encrypted. Disposed with the file.</summary>
    public DatabaseCipher? Cipher { get; }

    /// <summary>The checksums that its pages have; null while they are not known.</summary>
    public PageStamps? Stamps { get; private set; }

    /// <summary>Bytes of the file.</summary>
    public long Length => _file.Length;

    /// <summary>Makes a data file with its first header, under a name that is not yet the database's.</summary>
    public static DataFile Create(
        IStorageProvider provider, string name, StorageEnvironment environment, DatabaseHeader header, DatabaseCipher? cipher = null)
    {
        provider.Delete(name);
        IStorageFile file = provider.Open(name, StorageFileMode.CreateNew);
        try
        {
            file.SetLength((long)header.PageCount * header.PageSize);
            DataFile result = new(file, environment, header with { Encryption = cipher?.Slot }, cipher);
            header = result.Header;
            result.WriteHeader(header, FlushSite.CreatedData);
            return result;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Opens a data file by the newer whole copy of its header.</summary>
    /// <param name="provider">The substrate.</param>
    /// <param name="name">The file's name.</param>
    /// <param name="environment">Flushes and randomness.</param>
    /// <param name="key">What opens it when it is encrypted.</param>
    /// <param name="readOnly">Whether nothing is written, not even to heal a copy of the header.</param>
    /// <exception cref="StorageException">It is not a database, of a newer format, truncated or damaged; the key is missing, wrong or not needed.</exception>
    public static DataFile Open(
        IStorageProvider provider, string name, StorageEnvironment environment, EncryptionKey? key = null, bool readOnly = false)
    {
        IStorageFile file = provider.Open(name, StorageFileMode.Open, readOnly);
        try
        {
            if (!readOnly && file is Mirroring.IReplicatedFile replicated)
                SettleHeaders(file, replicated, environment);
            DatabaseHeader header = ReadHeader(file, out ulong? damaged, out byte[] block);
            DataFile result = new(file, environment, header, OpenCipher(name, header, block, environment, key));
            result.Stamps = new PageStamps(provider, new DatabaseFiles(name).Stamps, environment, header, readOnly);
            if (damaged is { } copy && !readOnly)
            {
                // The whole copy may only be in the system's cache, left there by a process that was killed: never both at once.
                environment.Flush(file, FlushSite.RecoveredHeader);
                result.WriteCopy(header, copy);
                if (copy == (header.Generation & 1))
                    environment.Flush(file, FlushSite.RecoveredHeader); // the next header goes over the copy that was whole
            }

            return result;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Goes on under the name that the file has got, so that errors name it. While nobody else uses it.</summary>
    public void Reopen(IStorageProvider provider, string name)
    {
        IStorageFile named = provider.Open(name, StorageFileMode.Open);
        _file.Dispose();
        _file = named;
        Stamps = new PageStamps(provider, new DatabaseFiles(name).Stamps, _environment, Header, readOnly: false);
    }

    /// <inheritdoc/>
    public void Read(PageId id, Span<byte> buffer)
    {
        for (int attempt = 1; ; attempt++)
        {
            if (TryReadApplying(id, buffer))
            {
                Cipher?.OpenPage(_file.Name, id, buffer[..PageSize]);
                return;
            }

            bool isGood = _file.ReadVerified((long)id.Value * PageSize, buffer[..PageSize], this, out int count);
            if (count < PageSize)
            {
                throw new StorageException(
                    StorageErrorCode.Truncated,
                    $"{_file.Name}: page {id} lies beyond the end of the file ({_file.Length} bytes). The file was cut; restore it from a backup.")
                    { File = _file.Name, Page = id };
            }

            // A checkpoint may have begun to overwrite the page while it was read: then it is in the checkpoint file now.
            if (isGood || attempt == ReadAttempts && Verify(id, buffer, isLastAttempt: true))
            {
                Cipher?.OpenPage(_file.Name, id, buffer[..PageSize]);
                return;
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask ReadAsync(PageId id, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (Volatile.Read(ref _applying) is null)
        {
            int count = await _file.ReadAsync((long)id.Value * PageSize, buffer[..PageSize], cancellationToken).ConfigureAwait(false);
            if (count == PageSize && Verify(id, buffer.Span, isLastAttempt: false))
            {
                Cipher?.OpenPage(_file.Name, id, buffer.Span[..PageSize]);
                return;
            }
        }

        Read(id, buffer.Span);
    }

    /// <summary>Writes the header into the copy that is not the current one and makes it durable.</summary>
    /// <param name="header">The new header; its generation and time are set here.</param>
    /// <param name="site">The flush.</param>
    public void WriteHeader(DatabaseHeader header, FlushSite site)
    {
        DatabaseHeader next = header with
        {
            Generation = Header.Generation + 1,
            WrittenUtcTicks = _environment.Clock.GetUtcNow().UtcTicks,
        };
        WriteCopy(next, next.Generation & 1);
        _environment.Flush(_file, site);
        Header = next;
        Stamps?.Move(next);

        // The other copy, for the case that the first is damaged one day. It need not be flushed: the next header goes there first.
        WriteCopy(next, (next.Generation + 1) & 1);
    }

    /// <summary>Makes durable space for a number of pages, and some more when the file grows.</summary>
    public void Grow(ulong pageCount)
    {
        Stamps?.Grow(pageCount);
        long needed = checked((long)pageCount * PageSize);
        if (needed <= _durableLength)
            return;
        long step = Math.Clamp(_durableLength / 4, 16L * PageSize, MaxGrowthStep) / PageSize * PageSize;
        try
        {
            GrowTo(Math.Max(needed, _durableLength + step));
        }
        catch (StorageException e) when (e.Code == StorageErrorCode.DiskFull && needed < _durableLength + step)
        {
            GrowTo(needed);
        }
    }

    /// <summary>
    /// Cuts the file behind the pages that its header counts. Nothing waits for it to be durable: were it undone, the file would only be
    /// longer than it must be.
    /// </summary>
    public void Truncate()
    {
        long length = (long)Header.PageCount * PageSize;
        if (_file.Length <= length)
            return;
        _file.SetLength(length);
        _durableLength = Math.Min(_durableLength, length);
    }

    /// <summary>From now on the pages of a sealed checkpoint file are read from there.</summary>
    public void BeginApply(CheckpointFile checkpoint)
    {
        Dictionary<PageId, int> map = new(checkpoint.Pages.Count);
        for (int i = 0; i < checkpoint.Pages.Count; i++)
            map.Add(checkpoint.Pages[i], i);
        lock (_applyGate)
        {
            _applyingFile = checkpoint;
            Volatile.Write(ref _applying, map);
        }
    }

    /// <summary>Whether pages of a checkpoint are being written in place: they are read from its file.</summary>
    public bool IsApplying => Volatile.Read(ref _applying) is not null;

    /// <summary>Writes a page in place.</summary>
    /// <param name="id">The page.</param>
    /// <param name="image">Its image.</param>
    /// <param name="source">The file that it was read from, for messages.</param>
    /// <exception cref="StorageException">The image is damaged: what is in place is not overwritten with it.</exception>
    public void WritePage(PageId id, ReadOnlySpan<byte> image, string source)
    {
        if (!HasChecksum(id, image, out uint expected, out uint actual))
            throw Damaged(source, id, expected, actual);
        _file.Write((long)id.Value * PageSize, image);
        Stamps?.Note(id, actual);
    }

    /// <summary>Begins to write the pages of a checkpoint in place.</summary>
    public void BeginPages() => Stamps?.Begin();

    /// <summary>Writes what is remembered of the pages written in place, durably.</summary>
    /// <param name="to">The checkpoint's LSN.</param>
    public void EndPages(Lsn to) => Stamps?.Write(to);

    /// <summary>Makes the pages written in place durable.</summary>
    public void FlushPages(FlushSite site) => _environment.Flush(_file, site);

    /// <summary>The data file holds the checkpoint: its pages are read here again.</summary>
    public void EndApply()
    {
        lock (_applyGate)
        {
            Volatile.Write(ref _applying, null);
            _applyingFile = null;
        }
    }

    /// <summary>Whether bytes read at an offset are a whole page of the file's checkpoint.</summary>
    bool IReadVerifier.IsGood(long offset, ReadOnlySpan<byte> bytes) =>
        bytes.Length == PageSize && Verify(new PageId((ulong)(offset / PageSize)), bytes, isLastAttempt: false);

    private void WriteCopy(DatabaseHeader header, ulong copy)
    {
        byte[] block = new byte[DatabaseHeader.BlockSize];
        header.Write(block, Cipher);
        _file.Write((long)copy * DatabaseHeader.BlockSize, block);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file.Dispose();
        Stamps?.Dispose();
        Cipher?.Dispose();
    }

    private static DatabaseCipher? OpenCipher(
        string name, DatabaseHeader header, ReadOnlySpan<byte> block, StorageEnvironment environment, EncryptionKey? key)
    {
        if (header.Encryption is null)
        {
            return key is null
                ? null
                : throw new StorageException(
                    StorageErrorCode.NotEncrypted, $"{name}: the database is not encrypted, but a key was given. Open it without one.") { File = name };
        }

        if (key is null)
        {
            throw new StorageException(
                StorageErrorCode.KeyRequired,
                $"{name}: the database is encrypted. Give its {(header.Encryption.FromPassphrase ? "passphrase" : "key")}.") { File = name };
        }

        DatabaseCipher cipher = DatabaseCipher.Open(key, header.DatabaseId, header.Encryption, environment.Random, name);
        if (cipher.VerifyHeader(block))
            return cipher;
        cipher.Dispose();
        throw new StorageException(
            StorageErrorCode.Corruption,
            $"{name}: the header was not written by this database: its authentication fails although its checksum is right. " +
            "Somebody without the key changed it. Restore the database from a backup.") { File = name };
    }

    /// <summary>
    /// Where a crash left different headers on the sides of a mirror: each block's newest whole version goes to all of them, for any of
    /// them may be the only one tomorrow. A newer header was only written after what it says was durable on all sides.
    /// </summary>
    private static void SettleHeaders(IStorageFile file, Mirroring.IReplicatedFile replicated, StorageEnvironment environment)
    {
        List<byte[]> copies = replicated.ReadCopies(0, 2 * DatabaseHeader.BlockSize);
        bool changed = false;
        for (int slot = 0; slot < 2; slot++)
        {
            int at = slot * DatabaseHeader.BlockSize;
            byte[]? best = null;
            ulong generation = 0;
            bool differ = false;
            foreach (byte[] copy in copies)
            {
                differ |= copy.Length < at + DatabaseHeader.BlockSize || copies[0].Length < at + DatabaseHeader.BlockSize ||
                    !copy.AsSpan(at, DatabaseHeader.BlockSize).SequenceEqual(copies[0].AsSpan(at, DatabaseHeader.BlockSize));
                if (copy.Length >= at + DatabaseHeader.BlockSize &&
                    DatabaseHeader.Read(copy.AsSpan(at, DatabaseHeader.BlockSize), out DatabaseHeader? header, out _) == HeaderState.Valid &&
                    (best is null || header!.Generation > generation))
                {
                    (best, generation) = (copy, header!.Generation);
                }
            }

            if (!differ || best is null)
                continue;
            file.Write(at, best.AsSpan(at, DatabaseHeader.BlockSize));
            changed = true;
        }

        if (changed)
            environment.Flush(file, FlushSite.RecoveredHeader);
    }

    /// <summary>Reads the newer whole copy; tells which copy does not say the same.</summary>
    private static DatabaseHeader ReadHeader(IStorageFile file, out ulong? damaged, out byte[] block)
    {
        byte[] blocks = new byte[2 * DatabaseHeader.BlockSize];
        int count = file.ReadFull(0, blocks);
        HeaderState first = DatabaseHeader.Read(blocks.AsSpan(0, Math.Min(count, DatabaseHeader.BlockSize)), out DatabaseHeader? a, out uint versionA);
        HeaderState second = DatabaseHeader.Read(
            blocks.AsSpan(Math.Min(count, DatabaseHeader.BlockSize), Math.Max(0, count - DatabaseHeader.BlockSize)), out DatabaseHeader? b, out uint versionB);
        if (first == HeaderState.Newer || second == HeaderState.Newer ||
            a is null && b is null && (first == HeaderState.DamagedNewer || second == HeaderState.DamagedNewer))
        {
            throw new StorageException(
                StorageErrorCode.NewerFormat,
                $"{file.Name}: the database is of format {Math.Max(versionA, versionB)}, this engine reads up to {DatabaseHeader.FormatVersion}. " +
                "Open it with a newer release.") { File = file.Name };
        }

        bool isSecond = a is null || b is not null && b.Generation > a.Generation;
        DatabaseHeader? header = isSecond ? b : a;
        damaged = a == b ? null : isSecond ? 0UL : 1UL;
        block = isSecond ? blocks[DatabaseHeader.BlockSize..] : blocks[..DatabaseHeader.BlockSize];
        if (header is null)
        {
            throw first == HeaderState.Foreign && second == HeaderState.Foreign
                ? new StorageException(
                    StorageErrorCode.NotADatabase, $"{file.Name}: the file is not a database of this engine.") { File = file.Name }
                : new StorageException(
                    StorageErrorCode.Corruption,
                    $"{file.Name}: both copies of the header are damaged. Restore the database from a backup.") { File = file.Name };
        }

        if (!PageFormat.IsValidPageSize(header.PageSize))
        {
            throw new StorageException(
                StorageErrorCode.Corruption, $"{file.Name}: the header names a page size of {header.PageSize}.") { File = file.Name };
        }

        if (file.Length < (long)header.PageCount * header.PageSize)
        {
            throw new StorageException(
                StorageErrorCode.Truncated,
                $"{file.Name}: the file has {file.Length} bytes, its header says at least {(long)header.PageCount * header.PageSize}. " +
                "It was cut or copied in part; restore it from a backup.") { File = file.Name };
        }

        return header;
    }

    private void GrowTo(long length)
    {
        try
        {
            if (_file.Length < length)
                _file.SetLength(length);
            _environment.Flush(_file, FlushSite.DataFileGrowth);
        }
        catch (StorageException)
        {
            if (_file.Length > _durableLength)
                _file.SetLength(_durableLength);
            throw;
        }

        _durableLength = Math.Max(length, _file.Length);
    }

    private bool TryReadApplying(PageId id, Span<byte> buffer)
    {
        if (Volatile.Read(ref _applying) is null)
            return false;
        lock (_applyGate)
        {
            if (_applying is null || !_applying.TryGetValue(id, out int index))
                return false;
            _applyingFile!.Read(index, buffer);
            return HasChecksum(id, buffer, out uint expected, out uint actual) ? true : throw Damaged(_applyingFile.Name, id, expected, actual);
        }
    }

    /// <summary>Whether a page read from the data file is whole and no later than the file's checkpoint.</summary>
    private bool Verify(PageId id, ReadOnlySpan<byte> page, bool isLastAttempt)
    {
        if (!HasChecksum(id, page, out uint expected, out uint actual))
            return isLastAttempt ? throw Damaged(_file.Name, id, expected, actual) : false;
        Lsn lsn = new(BinaryPrimitives.ReadUInt64LittleEndian(page[PageFormat.LsnOffset..]));
        if (lsn <= Header.CheckpointLsn)
        {
            if (Stamps is null || Stamps.Check(id, actual, out uint written))
                return true;
            return !isLastAttempt
                ? false
                : throw new StorageException(
                    StorageErrorCode.Corruption,
                    $"{_file.Name}: page {id} is an old copy, of {lsn}: its checksum is {actual:x8}, it was written last with {written:x8}. " +
                    "The storage lost a write, or the file was put together from different times. Restore the page from a backup or a mirror.")
                    { File = _file.Name, Page = id };
        }

        return !isLastAttempt
            ? false
            : throw new StorageException(
                StorageErrorCode.Corruption,
                $"{_file.Name}: page {id} is of {lsn}, after the file's checkpoint at {Header.CheckpointLsn}: the header is an older one, or the " +
                "checkpoint file with which a crash interrupted the writing of pages is missing or damaged. Put it back, or restore the database from a backup.")
                { File = _file.Name, Page = id };
    }

    private bool HasChecksum(PageId id, ReadOnlySpan<byte> page, out uint expected, out uint actual) =>
        PageChecksum.Verify(Header.DatabaseId, id, page[..PageSize], out expected, out actual) || _environment.Faults is { SkipPageChecksum: true };

    private static StorageException Damaged(string file, PageId id, uint expected, uint actual) => new(
        StorageErrorCode.Corruption,
        $"{file}: page {id} is damaged: its checksum is {actual:x8}, its content demands {expected:x8}. " +
        "Restore the page from a backup or a mirror.") { File = file, Page = id };
}
