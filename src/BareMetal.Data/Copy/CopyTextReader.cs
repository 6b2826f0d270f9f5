using System.Text;
using BareMetal.Data.Rows;

namespace BareMetal.Data.Copy;

/// <summary>The text of COPY … TO STDOUT.</summary>
internal sealed class CopyTextReader : TextReader
{
    private readonly CopyExport _export;
    private readonly RowBuffer _bytes = new(40 << 10);
    private char[] _chars = [];
    private int _at;
    private int _count;

    public CopyTextReader(CopyExport export)
    {
        _export = export;
        export.WriteHeader(_bytes);
    }

    public override int Peek() => Fill() ? _chars[_at] : -1;

    public override int Read() => Fill() ? _chars[_at++] : -1;

    public override int Read(char[] buffer, int index, int count) => Read(buffer.AsSpan(index, count));

    public override int Read(Span<char> buffer)
    {
        if (buffer.Length == 0 || !Fill())
            return 0;
        int count = Math.Min(buffer.Length, _count - _at);
        _chars.AsSpan(_at, count).CopyTo(buffer);
        _at += count;
        return count;
    }

    public override ValueTask<int> ReadAsync(Memory<char> buffer, CancellationToken cancellationToken = default) =>
        cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<int>(cancellationToken) : new ValueTask<int>(Read(buffer.Span));

    public override Task<int> ReadAsync(char[] buffer, int index, int count) => Task.FromResult(Read(buffer.AsSpan(index, count)));

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _export.Dispose();
        base.Dispose(disposing);
    }

    private bool Fill()
    {
        if (_at < _count)
            return true;

        // A header may stand there already. Pieces are whole rows, so that no character is cut.
        bool more = _export.Next(_bytes);
        if (!more && _bytes.Length == 0)
            return false;
        int needed = Encoding.UTF8.GetMaxCharCount(_bytes.Length);
        if (_chars.Length < needed)
            _chars = new char[needed];
        _count = Encoding.UTF8.GetChars(_bytes.Span, _chars);
        _at = 0;
        _bytes.Clear();
        return true;
    }
}
