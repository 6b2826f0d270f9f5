namespace BareMetal.Data.Storage.Mirroring;

/// <summary>
/// A thread that flushes one side while the caller flushes another. A thread of its own, not the pool's: whoever waits for a flush may
/// be on a thread of the pool, and all of them may.
/// </summary>
internal sealed class MirrorFlusher : IDisposable
{
    private readonly object _gate = new();
    private readonly Queue<Request> _queue = new();
    private bool _hasThread;
    private bool _disposed;

    /// <summary>Asks for a flush.</summary>
    public Request Begin(Action flush)
    {
        Request request = new(flush);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _queue.Enqueue(request);
            if (_hasThread)
            {
                Monitor.Pulse(_gate);
                return request;
            }

            _hasThread = true;
        }

        new Thread(Loop, 256 * 1024) { IsBackground = true, Name = "BareMetal mirror flusher" }.UnsafeStart();
        return request;
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            Monitor.PulseAll(_gate);
        }
    }

    private void Loop()
    {
        while (true)
        {
            Request request;
            lock (_gate)
            {
                while (_queue.Count == 0)
                {
                    if (_disposed || !Monitor.Wait(_gate, TimeSpan.FromSeconds(10)) && _queue.Count == 0)
                    {
                        _hasThread = false;
                        return;
                    }
                }

                request = _queue.Dequeue();
            }

            request.Run();
        }
    }

    /// <summary>A flush that was asked for.</summary>
    internal sealed class Request(Action flush)
    {
        private readonly ManualResetEventSlim _done = new();
        private Exception? _failure;

        public void Run()
        {
            try
            {
                flush();
            }
            catch (Exception e)
            {
                _failure = e; // handed to whoever waits
            }

            _done.Set();
        }

        /// <summary>Waits for the end and throws what the flush threw.</summary>
        public void Wait()
        {
            _done.Wait();
            if (_failure is not null)
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(_failure);
        }
    }
}
