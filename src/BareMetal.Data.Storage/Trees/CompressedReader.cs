using System.Buffers;
using System.IO.Compression;
using BareMetal.Data.Storage.Pages;

namespace BareMetal.Data.Storage.Trees;

/// <summary>Reads a compressed value in parts: forward it goes on where it was, backward it begins again. Belongs to one cursor.</summary>
internal sealed class CompressedReader : IDisposable
{
    private const int Chunk = 16 << 10;

    private readonly byte[] _input = new byte[Chunk];
    private readonly byte[] _skipped = new byte[Chunk];
    private BrotliDecoder _decoder;
    private PagePool _pool = null!;
    private ulong _top;
    private ulong _lsn;
    private long _stored;
    private long _length;
    private long _taken;
    private long _position;
    private int _from;
    private int _to;
    private bool _isOpen;

    /// <summary>Reads a part of the value.</summary>
    /// <param name="pool">The pages.</param>
    /// <param name="top">The value's top page.</param>
    /// <param name="stored">Bytes stored.</param>
    /// <param name="lsn">The snapshot.</param>
    /// <param name="offset">Where to begin in the value.</param>
    /// <param name="buffer">Receives the bytes.</param>
    /// <returns>Bytes read: fewer than asked for only at the end.</returns>
    public int Read(PagePool pool, ulong top, long stored, ulong lsn, long offset, Span<byte> buffer)
    {
        if (!_isOpen || _pool != pool || _top != top || _lsn != lsn || offset < _position)
        {
            Begin(pool, top, stored, lsn);
        }
        while (_position < offset && _position < _length)
        {
            int count = (int)Math.Min(offset - _position, _skipped.Length);
            Fill(_skipped.AsSpan(0, (int)Math.Min(count, _length - _position)));
        }
        if (offset >= _length)
        {
            return 0;
        }
        int wanted = (int)Math.Min(buffer.Length, _length - offset);
        Fill(buffer[..wanted]);
        return wanted;
    }

    public void Dispose()
    {
        if (_isOpen)
        {
            _decoder.Dispose();
            _isOpen = false;
        }
    }

    private void Begin(PagePool pool, ulong top, long stored, ulong lsn)
    {
        Dispose();
        _pool = pool;
        _top = top;
        _stored = stored;
        _lsn = lsn;
        _length = OverflowValue.ReadLength(pool, top, stored, lsn);
        _decoder = default;
        _isOpen = true;
        _taken = ValueCompression.HeaderSize;
        _position = 0;
        _from = _to = 0;
    }

    private void Fill(Span<byte> target)
    {
        while (!target.IsEmpty)
        {
            if (_from == _to)
            {
                _from = 0;
                _to = OverflowValue.Read(_pool, _top, _stored, _lsn, _taken, _input);
                _taken += _to;
            }
            OperationStatus status = _decoder.Decompress(_input.AsSpan(_from, _to - _from), target, out int consumed, out int written);
            _from += consumed;
            target = target[written..];
            _position += written;
            bool ends = status == OperationStatus.InvalidData || (written == 0 && consumed == 0 && (status == OperationStatus.Done || _from == _to && _taken >= _stored));
            if (!target.IsEmpty && (ends || status == OperationStatus.Done))
            {
                throw ValueCompression.Damaged(_top, $"its stream ends or breaks at byte {_position} of {_length}");
            }
        }
    }
}
