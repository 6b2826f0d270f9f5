using System.Buffers.Binary;
using System.Runtime.InteropServices;
using BareMetal.Data.Rows;
using BareMetal.Data.Storage;

namespace BareMetal.Data.Functions.Json;

/// <summary>
/// Builds the structural index of a JSON text in one pass. It knows the objects and arrays that are longer than
/// <see cref="MinContainerLength"/>; the others are scanned when they are reached.
/// <para>
/// Bytes (little-endian; w = 2 where the text is shorter than 64 KiB, else 4): CRC-32C of the text's length (64 bits) and of everything
/// behind the checksum; a byte w; the number of containers (32 bits); for each, in the order of the text, where it begins in the text
/// and where its node begins behind this directory (w each); the nodes. A node: <c>{</c> or <c>[</c>; where the container ends in the
/// text (w); the number of its members or elements (32 bits). An object's goes on with a 16-bit hash for each member, ascending, then
/// where each name begins (w); of members with one name only the last is there. An array's goes on with a byte s and where the
/// elements 0, 2^s, 2·2^s … begin (w).
/// </para>
/// </summary>
internal sealed class JsonIndexBuilder
{
    internal const int MinContainerLength = 256;

    // Elements are listed this many bytes apart: from a listed one to its successors the text is scanned.
    private const int ArrayStride = 64;

    // Members with one hash are told apart by their names; more than these are made to collide, and go without an index.
    private const int MaxCollisions = 64;

    [ThreadStatic]
    private static JsonIndexBuilder? t_builder;

    private readonly List<Frame> _open = [];
    private readonly List<(int Start, int Node)> _nodes = [];
    private readonly RowBuffer _data = new(1024);
    private readonly RowBuffer _name = new(64);
    private int[] _children = new int[256];
    private int _childCount;
    private ulong[] _sorted = [];
    private bool _isWide;

    /// <summary>Appends the index of a valid text; false, with nothing appended, when the text is no object or array or cannot have one.</summary>
    public static bool TryBuild(ReadOnlySpan<byte> text, RowBuffer output)
    {
        JsonIndexBuilder builder = t_builder ??= new JsonIndexBuilder();
        bool built = builder.Build(text, output);
        if (builder._children.Length > 1 << 18 || builder._data.Array.Length > 1 << 20)
            t_builder = null;
        return built;
    }

    /// <summary>The 16 bits by which a member is found.</summary>
    internal static ushort Hash(ReadOnlySpan<byte> name)
    {
        uint crc = Crc32C.Append(0, name);
        return (ushort)(crc ^ (crc >> 16));
    }

    private bool Build(ReadOnlySpan<byte> text, RowBuffer output)
    {
        _open.Clear();
        _nodes.Clear();
        _data.Clear();
        _childCount = 0;
        _isWide = text.Length > ushort.MaxValue;
        if (!Scan(text) || _nodes.Count == 0 || (!_isWide && _data.Length > ushort.MaxValue))
            return false;

        // Containers are noted when they end; the directory has them by their beginning.
        _nodes.Sort(static (a, b) => a.Start.CompareTo(b.Start));
        int checksumAt = output.Length;
        output.Append(4);
        output.AppendByte(_isWide ? (byte)4 : (byte)2);
        BinaryPrimitives.WriteInt32LittleEndian(output.Append(4), _nodes.Count);
        foreach ((int start, int node) in _nodes)
        {
            Offset(start, output);
            Offset(node, output);
        }

        output.Append(_data.Span);
        BinaryPrimitives.WriteUInt32LittleEndian(output.WrittenSpan[checksumAt..], Checksum(text.Length, output.Span[(checksumAt + 4)..]));
        return true;
    }

    internal static uint Checksum(int textLength, ReadOnlySpan<byte> index) => Crc32C.Append(Crc32C.Append(0, (ulong)textLength), index);

    private bool Scan(ReadOnlySpan<byte> text)
    {
        int at = JsonText.SkipWhite(text, 0);
        if (at == text.Length || text[at] is not ((byte)'{' or (byte)'['))
            return false;
        while (at < text.Length)
        {
            byte b = text[at];
            switch (b)
            {
                case (byte)'{' or (byte)'[':
                    BeginValue(at);
                    _open.Add(new Frame(at, _childCount, b == '{', b == '{'));
                    at++;
                    break;
                case (byte)'}' or (byte)']':
                    at++;
                    if (!Close(text, at))
                        return false;
                    if (_open.Count == 0)
                        return true;
                    break;
                case (byte)'"':
                    BeginValue(at);
                    at = JsonText.SkipString(text, at);
                    break;
                case (byte)',':
                {
                    Span<Frame> frames = CollectionsMarshal.AsSpan(_open);
                    frames[^1].AtName = frames[^1].IsObject;
                    at++;
                    break;
                }

                case (byte)':' or (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t':
                    at++;
                    break;
                default:
                    BeginValue(at);
                    at = JsonText.SkipValue(text, at);
                    break;
            }
        }

        return false;
    }

    // Of an object the names are noted, of an array the elements.
    private void BeginValue(int at)
    {
        if (_open.Count == 0)
            return;
        ref Frame frame = ref CollectionsMarshal.AsSpan(_open)[^1];
        if (frame.IsObject && !frame.AtName)
            return;
        frame.AtName = false;
        if (_childCount == _children.Length)
            Array.Resize(ref _children, _children.Length * 2);
        _children[_childCount++] = at;
    }

    private bool Close(ReadOnlySpan<byte> text, int end)
    {
        Frame frame = _open[^1];
        _open.RemoveAt(_open.Count - 1);
        bool fits = true;
        if (end - frame.Start >= MinContainerLength)
        {
            _nodes.Add((frame.Start, _data.Length));
            ReadOnlySpan<int> children = _children.AsSpan(frame.FirstChild, _childCount - frame.FirstChild);
            _data.AppendByte(text[frame.Start]);
            Offset(end, _data);
            fits = frame.IsObject ? Members(text, children) : Elements(children, end - frame.Start);
        }

        _childCount = frame.FirstChild;
        return fits;
    }

    private bool Elements(ReadOnlySpan<int> children, int length)
    {
        int shift = 0;
        while (shift < 30 && ((long)length << shift) < (long)ArrayStride * children.Length)
            shift++;
        BinaryPrimitives.WriteInt32LittleEndian(_data.Append(4), children.Length);
        _data.AppendByte((byte)shift);
        for (int i = 0; i < children.Length; i += 1 << shift)
            Offset(children[i], _data);
        return true;
    }

    private bool Members(ReadOnlySpan<byte> text, ReadOnlySpan<int> children)
    {
        if (_sorted.Length < children.Length)
            _sorted = new ulong[Math.Max(children.Length, 64)];
        Span<ulong> sorted = _sorted.AsSpan(0, children.Length);
        for (int i = 0; i < sorted.Length; i++)
        {
            if (!TryName(text, children[i], _name))
                return false;
            sorted[i] = ((ulong)Hash(_name.Span) << 32) | (uint)children[i];
        }

        sorted.Sort();
        int count = 0;
        for (int from = 0; from < sorted.Length;)
        {
            int to = from + 1;
            while (to < sorted.Length && sorted[to] >> 32 == sorted[from] >> 32)
                to++;
            if (!KeepLast(text, sorted[from..to], out int kept))
                return false;
            sorted.Slice(to - kept, kept).CopyTo(sorted[count..]);
            count += kept;
            from = to;
        }

        BinaryPrimitives.WriteInt32LittleEndian(_data.Append(4), count);
        foreach (ulong member in sorted[..count])
            BinaryPrimitives.WriteUInt16LittleEndian(_data.Append(2), (ushort)(member >> 32));
        foreach (ulong member in sorted[..count])
            Offset((int)(uint)member, _data);
        return true;
    }

    /// <summary>Moves the last member of each name to the end of a run of one hash, in their order; false when there are too many names.</summary>
    private bool KeepLast(ReadOnlySpan<byte> text, Span<ulong> run, out int kept)
    {
        kept = 1;
        if (run.Length == 1)
            return true;
        RowBuffer other = new(64);
        for (int i = run.Length - 2; i >= 0; i--)
        {
            _ = TryName(text, (int)(uint)run[i], _name);
            bool isLast = true;
            for (int k = run.Length - kept; k < run.Length && isLast; k++)
            {
                _ = TryName(text, (int)(uint)run[k], other);
                isLast = !other.Span.SequenceEqual(_name.Span);
            }

            if (!isLast)
                continue;
            if (++kept > MaxCollisions)
                return false;
            run[^kept] = run[i];
        }

        return true;
    }

    private static bool TryName(ReadOnlySpan<byte> text, int at, RowBuffer name)
    {
        name.Clear();
        int end = JsonText.SkipString(text, at, out bool hasEscapes);
        ReadOnlySpan<byte> raw = text[(at + 1)..(end - 1)];
        if (!hasEscapes)
        {
            name.Append(raw);
            return true;
        }

        // A lone surrogate is no text, so the name cannot be asked for; such a document is scanned.
        if (!JsonText.IsText(raw))
            return false;
        JsonText.Unescape(raw, name);
        return true;
    }

    private void Offset(int value, RowBuffer output)
    {
        if (_isWide)
            BinaryPrimitives.WriteInt32LittleEndian(output.Append(4), value);
        else
            BinaryPrimitives.WriteUInt16LittleEndian(output.Append(2), (ushort)value);
    }

    private struct Frame(int start, int firstChild, bool isObject, bool atName)
    {
        public readonly int Start = start;
        public readonly int FirstChild = firstChild;
        public readonly bool IsObject = isObject;
        public bool AtName = atName;
    }
}
