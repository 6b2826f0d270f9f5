using System.Runtime.InteropServices;
using BareMetal.Data.Storage.Pages;

namespace BareMetal.Data.Storage.Trees;

/// <summary>
/// Builds a tree bottom-up from entries in ascending order: each node is written once, full, into a new page that nothing refers to
/// until the root is written last.
/// </summary>
internal sealed unsafe class BulkLoader : IDisposable
{
    private const int StagePages = 8;

    private readonly WriteBatch _batch;
    private readonly ulong _root;
    private readonly ulong _lsn;
    private readonly int _pageSize;
    private readonly int _limit;
    private readonly List<Level> _levels = [];
    private byte[] _lastKey = [];
    private int _lastLength = -1;
    private bool _ended;

    internal BulkLoader(WriteBatch batch, ulong root, ulong lsn)
    {
        _batch = batch;
        _root = root;
        _lsn = lsn;
        _pageSize = batch.PageSize;
        // Some room is left, so that the first changes do not split every leaf.
        _limit = Node.Usable(_pageSize) - (_pageSize / 16);
        _levels.Add(new Level(_pageSize));
    }

    /// <summary>How many entries were added.</summary>
    public long Count { get; private set; }

    /// <summary>Adds an entry.</summary>
    /// <exception cref="ArgumentException">The key is not greater than the one before.</exception>
    /// <exception cref="StorageException">The key is too long, or a page could not be spilled: roll the batch back.</exception>
    public void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        ObjectDisposedException.ThrowIf(_ended, this);
        _batch.Store.CheckKey(key);
        if (_lastLength >= 0 && key.SequenceCompareTo(_lastKey.AsSpan(0, _lastLength)) <= 0)
        {
            throw new ArgumentException("Keys are added in ascending order.", nameof(key));
        }
        byte* header = stackalloc byte[Node.LeafEntryHeader];
        byte* reference = stackalloc byte[OverflowValue.ReferenceSize];
        *(ulong*)header = _lsn;
        *(ushort*)(header + 8) = (ushort)value.Length;
        try
        {
            if (!_batch.Store.IsInline(value.Length))
            {
                *(ushort*)(header + 8) = Node.OverflowMark;
                OverflowValue.WriteReference(new Span<byte>(reference, OverflowValue.ReferenceSize), OverflowValue.Write(_batch, value), value.Length);
                value = new ReadOnlySpan<byte>(reference, OverflowValue.ReferenceSize);
            }
            Level leaf = _levels[0];
            if (!leaf.Fits(key, Node.LeafEntryHeader, value.Length, _limit))
            {
                FlushLeaf();
                // The shortest key that tells the leaves apart.
                int length = key.CommonPrefixLength(_lastKey.AsSpan(0, _lastLength)) + 1;
                leaf.Boundary = key[..length].ToArray();
            }
            leaf.Stage(key, header, Node.LeafEntryHeader, value);
        }
        catch
        {
            _batch.Break();
            throw;
        }
        if (_lastKey.Length < key.Length)
        {
            _lastKey = new byte[Math.Max(key.Length, 64)];
        }
        key.CopyTo(_lastKey);
        _lastLength = key.Length;
        Count++;
    }

    /// <summary>Writes what is left and makes the tree refer to it.</summary>
    public void Finish()
    {
        ObjectDisposedException.ThrowIf(_ended, this);
        try
        {
            for (int i = 0; i < _levels.Count; i++)
            {
                Level level = _levels[i];
                bool top = i == _levels.Count - 1;
                if (!top)
                {
                    if (i == 0)
                    {
                        FlushLeaf();
                    }
                    else
                    {
                        FlushInner(i);
                    }
                    continue;
                }
                byte* page = _batch.Write(_root);
                level.Build(page, _pageSize, _root, _lsn, i);
                _batch.ReleasePins();
            }
        }
        catch
        {
            _batch.Break();
            throw;
        }
        Dispose();
    }

    private void FlushLeaf()
    {
        Level leaf = _levels[0];
        byte* page = _batch.Allocate(PageKind.Leaf, 0, out ulong id);
        leaf.Build(page, _pageSize, id, _lsn, 0);
        _batch.ReleasePins();
        byte[]? boundary = leaf.Boundary;
        leaf.Clear();
        AddChild(1, boundary, id);
    }

    private void FlushInner(int number)
    {
        Level level = _levels[number];
        byte* page = _batch.Allocate(PageKind.Inner, number, out ulong id);
        level.Build(page, _pageSize, id, _lsn, number);
        _batch.ReleasePins();
        byte[]? boundary = level.Boundary;
        level.Clear();
        AddChild(number + 1, boundary, id);
    }

    private void AddChild(int number, byte[]? key, ulong child)
    {
        if (number == _levels.Count)
        {
            _levels.Add(new Level(_pageSize));
        }
        Level level = _levels[number];
        if (level.Leftmost != 0 && level.Fits(key!, Node.InnerEntryHeader, 0, _limit))
        {
            level.Stage(key!, (byte*)&child, Node.InnerEntryHeader, default);
            return;
        }
        if (level.Leftmost != 0)
        {
            FlushInner(number);
        }
        level.Leftmost = child;
        level.Boundary = key;
    }

    /// <summary>Frees what it holds; without <see cref="Finish"/> the batch is rolled back.</summary>
    public void Dispose()
    {
        if (_ended)
        {
            return;
        }
        _ended = true;
        foreach (Level level in _levels)
        {
            level.Dispose();
        }
    }

    /// <summary>The entries of the node that is next written at a level.</summary>
    private sealed class Level(int pageSize) : IDisposable
    {
        private readonly List<RawEntry> _entries = [];
        private readonly int _capacity = pageSize * StagePages;
        private byte* _stage = AllocateStage(pageSize * StagePages);
        private int _used;
        private int _prefix;
        private int _fullSize;

        ~Level() => FreeStage();

        /// <summary>The child before the first separator.</summary>
        public ulong Leftmost { get; set; }

        /// <summary>The separator before this node in its parent; null for the first node.</summary>
        public byte[]? Boundary { get; set; }

        public bool Fits(ReadOnlySpan<byte> key, int header, int tail, int limit)
        {
            int size = header + key.Length + tail;
            if (_entries.Count == 0)
            {
                return true;
            }
            if (_used + size > _capacity)
            {
                return false;
            }
            int count = _entries.Count + 1;
            int prefix = PrefixWith(key);
            return _fullSize + size + Node.SlotSize - (count * prefix) + prefix <= limit;
        }

        public void Stage(ReadOnlySpan<byte> key, byte* header, int headerLength, ReadOnlySpan<byte> tail)
        {
            _prefix = _entries.Count == 0 ? key.Length : PrefixWith(key);
            byte* at = _stage + _used;
            var entry = new RawEntry
            {
                Header = at,
                HeaderLength = headerLength,
                Suffix = at + headerLength,
                SuffixLength = key.Length,
                Tail = at + headerLength + key.Length,
                TailLength = tail.Length,
            };
            Buffer.MemoryCopy(header, entry.Header, headerLength, headerLength);
            key.CopyTo(new Span<byte>(entry.Suffix, key.Length));
            tail.CopyTo(new Span<byte>(entry.Tail, tail.Length));
            _used += headerLength + key.Length + tail.Length;
            _fullSize += entry.FullSize;
            _entries.Add(entry);
        }

        public void Build(byte* page, int pageSize, ulong id, ulong lsn, int level)
        {
            RawEntry first = _entries.Count > 0 ? _entries[0] : default;
            Node.BeginBuild(page, pageSize, id, lsn, level, Leftmost, first, _entries.Count > 1 ? _prefix : 0);
            foreach (RawEntry entry in _entries)
            {
                Node.Append(page, entry);
            }
        }

        public void Clear()
        {
            _entries.Clear();
            _used = 0;
            _fullSize = 0;
            Leftmost = 0;
            Boundary = null;
        }

        public void Dispose()
        {
            FreeStage();
            GC.SuppressFinalize(this);
        }

        private static byte* AllocateStage(int bytes)
        {
            var stage = (byte*)NativeMemory.Alloc((nuint)bytes);
            PageMemory.Count(bytes);
            return stage;
        }

        private void FreeStage()
        {
            if (_stage == null)
            {
                return;
            }
            NativeMemory.Free(_stage);
            _stage = null;
            PageMemory.Count(-_capacity);
        }

        private int PrefixWith(ReadOnlySpan<byte> key)
        {
            RawEntry first = _entries[0];
            return Math.Min(_entries.Count == 1 ? first.SuffixLength : _prefix, new ReadOnlySpan<byte>(first.Suffix, first.SuffixLength).CommonPrefixLength(key));
        }
    }
}
