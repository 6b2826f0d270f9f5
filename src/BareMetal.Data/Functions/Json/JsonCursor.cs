using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Json;

/// <summary>
/// A place in a JSON document, moved down by member names and element numbers: through the structural index where the document has one
/// and knows the container, by scanning the text otherwise.
/// </summary>
internal ref struct JsonCursor
{
    private readonly ReadOnlySpan<byte> _text;
    private readonly JsonIndex _index;
    private readonly bool _hasIndex;
    private int _at;

    public JsonCursor(ByteSlice json)
    {
        _text = json.Span;
        _at = JsonText.SkipWhite(_text, 0);
        _hasIndex = json.IsIndexed;
        if (_hasIndex)
            _index = new JsonIndex(_text, StoredJson.Index(json));
    }

    /// <summary>The kind of the value: its first byte, '0' for every number.</summary>
    public readonly char Kind
    {
        get
        {
            byte b = JsonText.ByteAt(_text, _at);
            return b == '-' || (uint)(b - '0') <= 9 ? '0' : (char)b;
        }
    }

    /// <summary>The text of the value, without white space around it.</summary>
    public readonly ReadOnlySpan<byte> Value
    {
        get
        {
            int end = TryNode(out JsonIndex.Node node) ? node.End : JsonText.SkipValue(_text, _at);
            return _text[_at..end];
        }
    }

    /// <summary>The number of elements, −1 when the value is no array.</summary>
    public readonly int ArrayLength
    {
        get
        {
            if (Kind != '[')
                return -1;
            return TryNode(out JsonIndex.Node node) ? node.Count : JsonText.ArrayLength(_text[_at..]);
        }
    }

    /// <summary>Goes to the member with the name, the last of them; false when the value is no object or has none.</summary>
    public bool TryMember(scoped ReadOnlySpan<byte> name)
    {
        if (Kind != '{')
            return false;
        if (TryNode(out JsonIndex.Node node))
        {
            if (!node.TryMember(name, out int at))
                return false;
            _at = at;
            return true;
        }

        if (!JsonText.TryMember(_text[_at..], name, out ReadOnlySpan<byte> value))
            return false;
        MoveTo(value);
        return true;
    }

    /// <summary>Goes to an element from 0, negative from the end; false when the value is no array or has none.</summary>
    public bool TryElement(long index)
    {
        if (Kind != '[')
            return false;
        if (TryNode(out JsonIndex.Node node))
        {
            if (index < 0)
                index += node.Count;
            if (index < 0 || index >= node.Count)
                return false;
            _at = node.Element((int)index);
            return true;
        }

        if (!JsonText.TryElement(_text[_at..], index, out ReadOnlySpan<byte> value))
            return false;
        MoveTo(value);
        return true;
    }

    /// <summary>Goes to a member, or in an array to the element whose number the step is.</summary>
    public bool TryStep(scoped ReadOnlySpan<byte> step) => Kind switch
    {
        '{' => TryMember(step),
        '[' => Utf8Parser.TryParse(step, out int index, out int used) && used == step.Length && TryElement(index),
        _ => false,
    };

    /// <summary>Goes down a path as <see cref="TryStep"/> does.</summary>
    public bool TryPath(ReadOnlySpan<byte[]> path)
    {
        foreach (byte[] step in path)
        {
            if (!TryStep(step))
                return false;
        }

        return true;
    }

    private readonly bool TryNode(out JsonIndex.Node node)
    {
        if (_hasIndex)
            return _index.TryNode(_at, out node);
        node = default;
        return false;
    }

    private void MoveTo(ReadOnlySpan<byte> value) =>
        _at = (int)Unsafe.ByteOffset(ref MemoryMarshal.GetReference(_text), ref MemoryMarshal.GetReference(value));
}
