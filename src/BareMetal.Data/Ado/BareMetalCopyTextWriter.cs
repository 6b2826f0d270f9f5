using System.Text;
using BareMetal.Data.Copy;

namespace BareMetal.Data;

/// <summary>
/// Takes the text of COPY … FROM STDIN. Disposing it writes what is left and completes the copy; <see cref="Cancel"/> before that undoes it, and so does a failure.
/// Until then nothing else runs on the connection but parts of the same transaction.
/// </summary>
public sealed class BareMetalCopyTextWriter : TextWriter
{
    private const int BufferSize = 8192;

    private readonly CopyImport _import;
    private readonly Encoder _encoder = new UTF8Encoding(false, throwOnInvalidBytes: true).GetEncoder();
    private readonly char[] _chars = new char[BufferSize];
    private readonly byte[] _bytes = new byte[(BufferSize * 3) + 8];
    private int _count;

    internal BareMetalCopyTextWriter(CopyImport import) => _import = import;

    /// <inheritdoc/>
    public override Encoding Encoding => Encoding.UTF8;

    /// <summary>Rows written to the table so far; after disposing, all of them.</summary>
    public long Rows => _import.Rows;

    /// <summary>Undoes the copy. Disposing does nothing then.</summary>
    public void Cancel() => _import.Abort();

    /// <inheritdoc/>
    public override void Write(char value)
    {
        if (_count == _chars.Length)
            Flush();
        _chars[_count++] = value;
    }

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    /// <inheritdoc/>
    public override void Write(string? value) => Write(value.AsSpan());

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<char> buffer)
    {
        while (buffer.Length > 0)
        {
            if (_count == _chars.Length)
                Flush();
            int take = Math.Min(buffer.Length, _chars.Length - _count);
            buffer[..take].CopyTo(_chars.AsSpan(_count));
            _count += take;
            buffer = buffer[take..];
        }
    }

    /// <inheritdoc/>
    public override void WriteLine(string? value)
    {
        Write(value.AsSpan());
        WriteLine();
    }

    /// <inheritdoc/>
    public override Task WriteAsync(char value)
    {
        Write(value);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override Task WriteAsync(string? value) => WriteAsync(value.AsMemory());

    /// <inheritdoc/>
    public override Task WriteAsync(char[] buffer, int index, int count) => WriteAsync(buffer.AsMemory(index, count));

    /// <inheritdoc/>
    public override async Task WriteAsync(ReadOnlyMemory<char> buffer, CancellationToken cancellationToken = default)
    {
        while (buffer.Length > 0)
        {
            if (_count == _chars.Length)
                await FlushAsync(cancellationToken).ConfigureAwait(false);
            int take = Math.Min(buffer.Length, _chars.Length - _count);
            buffer.Span[..take].CopyTo(_chars.AsSpan(_count));
            _count += take;
            buffer = buffer[take..];
        }
    }

    /// <inheritdoc/>
    public override Task WriteLineAsync() => WriteAsync(CoreNewLine.AsMemory());

    /// <inheritdoc/>
    public override Task WriteLineAsync(char value) => WriteLineAsync(value.ToString());

    /// <inheritdoc/>
    public override Task WriteLineAsync(string? value) => WriteLineAsync(value.AsMemory());

    /// <inheritdoc/>
    public override Task WriteLineAsync(char[] buffer, int index, int count) => WriteLineAsync(buffer.AsMemory(index, count));

    /// <inheritdoc/>
    public override async Task WriteLineAsync(ReadOnlyMemory<char> buffer, CancellationToken cancellationToken = default)
    {
        await WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        await WriteAsync(CoreNewLine.AsMemory(), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Hands on what was written. Whole batches go to the table; nothing of it is final before the writer is disposed.</summary>
    public override void Flush()
    {
        int bytes = Encode(flush: false);
        _import.Feed(_bytes.AsSpan(0, bytes));
    }

    /// <inheritdoc cref="Flush"/>
    public override Task FlushAsync() => FlushAsync(default);

    /// <inheritdoc cref="Flush"/>
    public override Task FlushAsync(CancellationToken cancellationToken)
    {
        int bytes = Encode(flush: false);
        return _import.FeedAsync(_bytes.AsMemory(0, bytes), cancellationToken).AsTask();
    }

    /// <summary>Completes the copy asynchronously.</summary>
    public override async ValueTask DisposeAsync()
    {
        if (_import.IsOpen)
        {
            int bytes = Encode(flush: true);
            await _import.FeedAsync(_bytes.AsMemory(0, bytes), default).ConfigureAwait(false);
            await _import.CompleteAsync(default).ConfigureAwait(false);
        }

        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && _import.IsOpen)
        {
            int bytes = Encode(flush: true);
            _import.Feed(_bytes.AsSpan(0, bytes));
            _import.Complete();
        }

        base.Dispose(disposing);
    }

    private int Encode(bool flush)
    {
        try
        {
            int bytes = _encoder.GetBytes(_chars.AsSpan(0, _count), _bytes, flush);
            _count = 0;
            return bytes;
        }
        catch (EncoderFallbackException e)
        {
            _import.Abort();
            throw new BareMetalException(SqlStates.CharacterNotInRepertoire, "The text holds a lone surrogate.", e);
        }
    }
}
