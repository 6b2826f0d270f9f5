using System.Buffers.Binary;
using System.Runtime.InteropServices;
using BareMetal.Data.Rows;

namespace BareMetal.Data.Functions.Json;

/// <summary>
/// Reads a structural index (its bytes: <see cref="JsonIndexBuilder"/>). Every place that it names is checked before it is used; an
/// index whose checksum is right but whose places are not is an error of stored bytes.
/// </summary>
internal readonly ref struct JsonIndex
{
    private const int DirectoryAt = 9;

    private readonly ReadOnlySpan<byte> _text;
    private readonly ReadOnlySpan<byte> _index;
    private readonly ReadOnlySpan<byte> _nodes;
    private readonly int _width;
    private readonly int _count;

    public JsonIndex(ReadOnlySpan<byte> text, ReadOnlySpan<byte> index)
    {
        if (!IsIntact(text, index))
            throw RowErrors.Corrupted("the checksum of a JSON value's structural index");
        _text = text;
        _index = index;
        _width = index[4];
        _count = BinaryPrimitives.ReadInt32LittleEndian(index[5..]);
        long nodes = DirectoryAt + ((long)_count * 2 * _width);
        if (_width is not (2 or 4) || _count < 0 || nodes > index.Length)
            throw Damaged();
        _nodes = index[(int)nodes..];
    }

    /// <summary>Whether the checksum is that of the bytes.</summary>
    public static bool IsIntact(ReadOnlySpan<byte> text, ReadOnlySpan<byte> index) =>
        index.Length >= DirectoryAt && BinaryPrimitives.ReadUInt32LittleEndian(index) == JsonIndexBuilder.Checksum(text.Length, index[4..]);

    /// <summary>The node of the container that begins at a place of the text; false when it has none.</summary>
    public bool TryNode(int start, out Node node)
    {
        int low = 0, high = _count - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            int at = Read(_index, DirectoryAt + (middle * 2 * _width));
            if (at == start)
            {
                node = new Node(this, start, Read(_index, DirectoryAt + (((middle * 2) + 1) * _width)));
                return true;
            }

            if (at < start)
                low = middle + 1;
            else
                high = middle - 1;
        }

        node = default;
        return false;
    }

    private int Read(ReadOnlySpan<byte> bytes, int at)
    {
        if (at < 0 || at > bytes.Length - _width)
            throw Damaged();
        return _width == 2 ? BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]) : BinaryPrimitives.ReadInt32LittleEndian(bytes[at..]);
    }

    private static BareMetalException Damaged() => RowErrors.Corrupted("a JSON value's structural index names a place outside of it");

    /// <summary>What the index knows of one object or array.</summary>
    internal readonly ref struct Node
    {
        private readonly JsonIndex _owner;
        private readonly int _start;
        private readonly int _at;

        internal Node(JsonIndex owner, int start, int at)
        {
            _owner = owner;
            _start = start;
            if ((uint)start >= (uint)owner._text.Length || at < 0 || at > owner._nodes.Length - 5 - owner._width || owner._nodes[at] != owner._text[start])
                throw Damaged();
            End = owner.Read(owner._nodes, at + 1);
            Count = BinaryPrimitives.ReadInt32LittleEndian(owner._nodes[(at + 1 + owner._width)..]);
            _at = at + 5 + owner._width;
            if (End <= start + 1 || End > owner._text.Length || Count < 0)
                throw Damaged();
        }

        /// <summary>The place behind the container in the text.</summary>
        public int End { get; }

        /// <summary>How many members (of different names) or elements it has.</summary>
        public int Count { get; }

        /// <summary>Where the value of a member begins.</summary>
        public bool TryMember(scoped ReadOnlySpan<byte> name, out int value)
        {
            ReadOnlySpan<byte> nodes = _owner._nodes;
            if (Count > (nodes.Length - _at) / (2 + _owner._width))
                throw Damaged();
            ushort wanted = JsonIndexBuilder.Hash(name);
            ReadOnlySpan<byte> hashes = nodes.Slice(_at, Count * 2);
            int low = 0, high = Count;
            while (low < high)
            {
                int middle = (low + high) >>> 1;
                if (BinaryPrimitives.ReadUInt16LittleEndian(hashes[(middle * 2)..]) < wanted)
                    low = middle + 1;
                else
                    high = middle;
            }

            for (; low < Count && BinaryPrimitives.ReadUInt16LittleEndian(hashes[(low * 2)..]) == wanted; low++)
            {
                int at = Inside(_owner.Read(nodes, _at + (Count * 2) + (low * _owner._width)));
                ReadOnlySpan<byte> text = _owner._text;
                if (text[at] != '"')
                    throw Damaged();
                int end = JsonText.SkipString(text, at, out bool hasEscapes);
                ReadOnlySpan<byte> raw = text[(at + 1)..(end - 1)];
                if (!(hasEscapes ? JsonText.NameIs(raw, name) : raw.SequenceEqual(name)))
                    continue;
                end = JsonText.SkipWhite(text, end);
                if (JsonText.ByteAt(text, end) != ':')
                    throw Damaged();
                value = Inside(JsonText.SkipWhite(text, end + 1));
                return true;
            }

            value = 0;
            return false;
        }

        /// <summary>Where an element from 0 begins, which is less than <see cref="Count"/>.</summary>
        public int Element(int index)
        {
            ReadOnlySpan<byte> text = _owner._text;
            if (_at >= _owner._nodes.Length || _owner._nodes[_at] > 30)
                throw Damaged();
            int shift = _owner._nodes[_at];
            int at = Inside(_owner.Read(_owner._nodes, _at + 1 + ((index >> shift) * _owner._width)));
            for (int rest = index & ((1 << shift) - 1); rest > 0; rest--)
            {
                at = JsonText.SkipWhite(text, JsonText.SkipValue(text, at));
                if (JsonText.ByteAt(text, at) != ',')
                    throw Damaged();
                at = Inside(JsonText.SkipWhite(text, at + 1));
            }

            return at;
        }

        private int Inside(int place) => place > _start && place < End - 1 ? place : throw Damaged();
    }
}
