namespace BareMetal.Data.Storage.Trees;

/// <summary>
/// The entries that a node is rebuilt, split or merged from: some of one node, perhaps one more, some of another node. The nodes are
/// not changed while this is in use.
/// </summary>
internal unsafe struct EntrySequence
{
    private byte* _first;
    private int _firstCount;
    private byte* _second;
    private int _secondStart;
    private int _secondCount;
    private int _pageSize;
    private bool _hasMiddle;
    private RawEntry _middle;

    public readonly int Count => _firstCount + (_hasMiddle ? 1 : 0) + _secondCount;

    /// <summary>A node with one entry more.</summary>
    public static EntrySequence Insert(byte* node, int pageSize, int position, in RawEntry entry) => new()
    {
        _first = node,
        _firstCount = position,
        _second = node,
        _secondStart = position,
        _secondCount = Node.Count(node) - position,
        _pageSize = pageSize,
        _hasMiddle = true,
        _middle = entry,
    };

    /// <summary>Two leaves one after another.</summary>
    public static EntrySequence Merge(byte* left, byte* right, int pageSize) => new()
    {
        _first = left,
        _firstCount = Node.Count(left),
        _second = right,
        _secondCount = Node.Count(right),
        _pageSize = pageSize,
    };

    /// <summary>Two inner nodes, the separator of their parent between them.</summary>
    public static EntrySequence Merge(byte* left, in RawEntry separator, byte* right, int pageSize)
    {
        EntrySequence sequence = Merge(left, right, pageSize);
        sequence._hasMiddle = true;
        sequence._middle = separator;
        return sequence;
    }

    /// <summary>One node as it is.</summary>
    public static EntrySequence Of(byte* node, int pageSize) => new()
    {
        _first = node,
        _firstCount = Node.Count(node),
        _pageSize = pageSize,
    };

    public readonly void Get(int index, out RawEntry entry)
    {
        if (index < _firstCount)
        {
            Node.GetRaw(_first, _pageSize, index, out entry);
            return;
        }
        index -= _firstCount;
        if (_hasMiddle)
        {
            if (index == 0)
            {
                entry = _middle;
                return;
            }
            index--;
        }
        Node.GetRaw(_second, _pageSize, _secondStart + index, out entry);
    }
}
