using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace BareMetal.Data.Storage.Encryption;

/// <summary>Ciphers of one subkey, each used by one thread at a time: as many as were ever needed at once.</summary>
internal sealed class SubkeyPool(Func<AesGcm> make) : IDisposable
{
    private readonly ConcurrentQueue<AesGcm> _idle = new();
    private AesGcm? _first;
    private bool _disposed;

    public AesGcm Rent()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return Interlocked.Exchange(ref _first, null) ?? (_idle.TryDequeue(out AesGcm? cipher) ? cipher : make());
    }

    public void Return(AesGcm cipher)
    {
        if (_disposed)
            cipher.Dispose();
        else if (Interlocked.CompareExchange(ref _first, cipher, null) is not null)
            _idle.Enqueue(cipher);
    }

    public void Dispose()
    {
        _disposed = true;
        Interlocked.Exchange(ref _first, null)?.Dispose();
        while (_idle.TryDequeue(out AesGcm? cipher))
            cipher.Dispose();
    }
}
