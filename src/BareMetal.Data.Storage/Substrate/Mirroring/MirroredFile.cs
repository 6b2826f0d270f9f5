namespace BareMetal.Data.Storage.Mirroring;

/// <summary>A file on all sides of a mirror.</summary>
internal sealed class MirroredFile(MirroredStorageProvider mirror, MirrorNode node) : IStorageFile, IReplicatedFile
{
    private int _disposed;

    /// <inheritdoc/>
    public string Name => node.Name;

    /// <inheritdoc/>
    public long Length
    {
        get
        {
            StorageException? first = null;
            for (int i = 0; i < node.Handles.Length; i++)
            {
                if (Readable(i) is not { } handle)
                    continue;
                try
                {
                    return handle.Length;
                }
                catch (StorageException e)
                {
                    first ??= e;
                    mirror.ReadFailed(i, e);
                }
            }

            throw first ?? NoSide();
        }
    }

    /// <inheritdoc/>
    public int Read(long offset, Span<byte> buffer)
    {
        StorageException? first = null;
        for (int i = 0; i < node.Handles.Length; i++)
        {
            if (Readable(i) is not { } handle)
                continue;
            try
            {
                int count = handle.ReadFull(offset, buffer);
                mirror.Sides[i].ReadSucceeded();
                return count;
            }
            catch (StorageException e)
            {
                first ??= e;
                mirror.ReadFailed(i, e);
            }
        }

        throw first ?? NoSide();
    }

    /// <inheritdoc/>
    public bool ReadVerified(long offset, Span<byte> buffer, IReadVerifier verifier, out int count)
    {
        ArgumentNullException.ThrowIfNull(verifier);
        StorageException? first = null;
        int longest = -1;
        bool anyBad = false;
        for (int i = 0; i < node.Handles.Length; i++)
        {
            if (Readable(i) is not { } handle)
                continue;
            try
            {
                int read = handle.ReadFull(offset, buffer);
                mirror.Sides[i].ReadSucceeded();
                if (verifier.IsGood(offset, buffer[..read]))
                {
                    count = read;
                    if (anyBad && !mirror.IsShared)
                        Repair(offset, buffer[..read], verifier);
                    return true;
                }

                longest = Math.Max(longest, read);
            }
            catch (StorageException e)
            {
                first ??= e;
                mirror.ReadFailed(i, e);
            }

            anyBad = true;
        }

        count = longest;
        return longest >= 0 ? false : throw first ?? NoSide();
    }

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        for (int i = 0; i < node.Handles.Length; i++)
        {
            if (Readable(i) is not { } handle)
                continue;
            try
            {
                return await handle.ReadAsync(offset, buffer, cancellationToken).ConfigureAwait(false);
            }
            catch (StorageException e)
            {
                mirror.ReadFailed(i, e);
                break;
            }
        }

        return Read(offset, buffer.Span);
    }

    /// <inheritdoc/>
    public List<byte[]> ReadCopies(long offset, int count)
    {
        List<byte[]> copies = [];
        for (int i = 0; i < node.Handles.Length; i++)
        {
            if (Readable(i) is not { } handle)
                continue;
            byte[] copy = new byte[count];
            try
            {
                Array.Resize(ref copy, handle.ReadFull(offset, copy));
            }
            catch (StorageException e)
            {
                mirror.ReadFailed(i, e);
                copy = [];
            }

            copies.Add(copy);
        }

        return copies;
    }

    /// <inheritdoc/>
    public void Write(long offset, ReadOnlySpan<byte> buffer)
    {
        lock (node.Gate)
        {
            MirrorOutcome outcome = new(mirror);
            for (int i = 0; i < node.Handles.Length; i++)
            {
                if (Writable(i) is not { } handle)
                    continue;
                try
                {
                    handle.Write(offset, buffer);
                    outcome.Succeeded(i);
                }
                catch (StorageException e)
                {
                    outcome.Failed(i, e);
                }
            }

            outcome.Settle(Name);
        }
    }

    /// <inheritdoc/>
    public void SetLength(long length)
    {
        lock (node.Gate)
        {
            MirrorOutcome outcome = new(mirror);
            for (int i = 0; i < node.Handles.Length; i++)
            {
                if (Writable(i) is not { } handle)
                    continue;
                try
                {
                    handle.SetLength(length);
                    outcome.Succeeded(i);
                }
                catch (StorageException e)
                {
                    outcome.Failed(i, e);
                }
            }

            outcome.Settle(Name);
        }
    }

    /// <inheritdoc/>
    public void Flush()
    {
        MirrorOutcome outcome = new(mirror);
        int own = -1;
        (int Side, MirrorFlusher.Request Request)[]? others = null;
        int count = 0;
        for (int i = 0; i < node.Handles.Length; i++)
        {
            if (Writable(i) is not { } handle)
                continue;
            if (own < 0)
            {
                own = i;
                continue;
            }

            if (mirror.FlusherOf(i) is { } flusher)
            {
                others ??= new (int, MirrorFlusher.Request)[node.Handles.Length];
                others[count++] = (i, flusher.Begin(handle.Flush));
            }
            else
            {
                FlushOne(i, handle, ref outcome);
            }
        }

        if (own >= 0 && node.Handles[own] is { } first)
            FlushOne(own, first, ref outcome);
        for (int i = 0; i < count; i++)
        {
            try
            {
                others![i].Request.Wait();
                outcome.Succeeded(others[i].Side);
            }
            catch (StorageException e)
            {
                outcome.Failed(others![i].Side, e);
            }
        }

        outcome.Settle(Name);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            mirror.Close(node);
    }

    private static void FlushOne(int side, IStorageFile handle, ref MirrorOutcome outcome)
    {
        try
        {
            handle.Flush();
            outcome.Succeeded(side);
        }
        catch (StorageException e)
        {
            outcome.Failed(side, e);
        }
    }

    private IStorageFile? Readable(int side) => mirror.Sides[side].IsActive ? Volatile.Read(ref node.Handles[side]) : null;

    private IStorageFile? Writable(int side) => mirror.Sides[side].TakesWrites ? Volatile.Read(ref node.Handles[side]) : null;

    private StorageException NoSide() =>
        new(StorageErrorCode.IoError, $"{Name}: no side of the mirror {mirror.Location} can be reached.") { File = Name };

    /// <summary>
    /// Writes good bytes where a side has bad ones. Everything is looked at again while nobody writes: what was bad may have been half written.
    /// </summary>
    private void Repair(long offset, ReadOnlySpan<byte> good, IReadVerifier verifier)
    {
        byte[] own = new byte[good.Length];
        lock (node.Gate)
        {
            byte[]? source = null;
            for (int i = 0; i < node.Handles.Length && source is null; i++)
            {
                if (Readable(i) is { } handle && TryRead(handle, offset, own) == own.Length && verifier.IsGood(offset, own))
                    source = (byte[])own.Clone();
            }

            if (source is null)
                return; // changed meanwhile: what was read is whole, and older
            for (int i = 0; i < node.Handles.Length; i++)
            {
                if (Readable(i) is not { } handle || TryRead(handle, offset, own) == own.Length && verifier.IsGood(offset, own))
                    continue;
                try
                {
                    handle.Write(offset, source);
                    handle.Flush();
                    Interlocked.Increment(ref mirror.Sides[i].Repairs);
                }
                catch (StorageException e)
                {
                    mirror.TakeOut(i, e);
                }
            }
        }
    }

    private static int TryRead(IStorageFile handle, long offset, Span<byte> buffer)
    {
        try
        {
            return handle.ReadFull(offset, buffer);
        }
        catch (StorageException)
        {
            return -1; // as bad as wrong bytes: it is written again
        }
    }
}
