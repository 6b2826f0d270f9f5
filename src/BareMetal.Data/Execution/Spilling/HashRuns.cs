using System.Buffers.Binary;
using System.Runtime.InteropServices;
using BareMetal.Data.Storage;

namespace BareMetal.Data.Execution.Spilling;

/// <summary>
/// Where rows with a hash are in another file: runs of (hash, position), sorted, in temporary files that are only appended to. A run is found
/// in through the first hash of each of its blocks; when there are some runs they are merged into one.
/// </summary>
internal sealed class HashRuns(QueryContext context) : IDisposable
{
    private const int MaxRuns = 4;
    private const int EntriesPerBlock = 340;

    private readonly List<Run> _runs = [];
    private static long _lastNumber;

    /// <summary>Adds entries; they are sorted here.</summary>
    public void Add(Span<Entry> entries)
    {
        if (entries.Length == 0)
            return;
        entries.Sort();
        Run run = new(context);
        _runs.Add(run);
        foreach (Entry entry in entries)
            run.Append(entry);
        run.End();
        if (_runs.Count > MaxRuns)
            MergeAll();
    }

    /// <summary>Makes one run of all.</summary>
    public void MergeAll()
    {
        if (_runs.Count < 2)
            return;
        Run merged = new(context);
        try
        {
            int[] next = new int[_runs.Count];
            while (true)
            {
                int best = -1;
                Entry smallest = default;
                for (int r = 0; r < _runs.Count; r++)
                {
                    if (next[r] >= _runs[r].Count)
                        continue;
                    Entry entry = _runs[r][next[r]];
                    if (best >= 0 && entry.CompareTo(smallest) >= 0)
                        continue;
                    best = r;
                    smallest = entry;
                }

                if (best < 0)
                    break;
                next[best]++;
                merged.Append(smallest);
                if ((merged.Count & 4095) == 0)
                    context.Cancellation.ThrowIfCancellationRequested();
            }

            merged.End();
        }
        catch
        {
            merged.Dispose();
            throw;
        }

        Dispose();
        _runs.Add(merged);
    }

    /// <summary>Lists the positions that a hash has, in the order in which they were added.</summary>
    public void Find(uint hash, List<long> positions)
    {
        positions.Clear();
        foreach (Run run in _runs)
            run.Find(hash, positions);
    }

    public void Dispose()
    {
        foreach (Run run in _runs)
            run.Dispose();
        _runs.Clear();
    }

    /// <summary>A row's hash and where the row is.</summary>
    internal readonly record struct Entry(uint Hash, long Position) : IComparable<Entry>
    {
        public int CompareTo(Entry other) => Hash != other.Hash ? Hash.CompareTo(other.Hash) : Position.CompareTo(other.Position);
    }

    private sealed class Run(QueryContext context) : IDisposable
    {
        private const int EntryBytes = 12;

        private readonly string _name = $"{context.TemporaryPrefix}-{Environment.ProcessId:x}-h{Interlocked.Increment(ref _lastNumber):x}";
        private readonly List<uint> _firstHashes = [];
        private readonly byte[] _block = new byte[EntriesPerBlock * EntryBytes];
        private IStorageFile? _file;
        private int _inBlock;
        private int _loaded = -1;
        private long _held;

        public int Count { get; private set; }

        public Entry this[int index]
        {
            get
            {
                Load(index / EntriesPerBlock);
                return At(index % EntriesPerBlock);
            }
        }

        public void Append(Entry entry)
        {
            if (_inBlock == 0)
                _firstHashes.Add(entry.Hash);
            Span<byte> bytes = _block.AsSpan(_inBlock * EntryBytes, EntryBytes);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, entry.Hash);
            BinaryPrimitives.WriteInt64LittleEndian(bytes[4..], entry.Position);
            Count++;
            if (++_inBlock == EntriesPerBlock)
                Flush();
        }

        public void End()
        {
            Flush();
            _held = _block.Length + (_firstHashes.Capacity * 4L);
            context.Memory.Reserve(_held);
        }

        public void Find(uint hash, List<long> positions)
        {
            // The last block that begins before the hash may hold it, and those that follow while they begin with it.
            int block = CollectionsMarshal.AsSpan(_firstHashes).BinarySearch(hash);
            if (block < 0)
                block = ~block;
            while (block > 0 && (block == _firstHashes.Count || _firstHashes[block] >= hash))
                block--;
            for (; block < _firstHashes.Count && _firstHashes[block] <= hash; block++)
            {
                Load(block);
                int count = Math.Min(EntriesPerBlock, Count - (block * EntriesPerBlock));
                int low = 0, high = count;
                while (low < high)
                {
                    int middle = (low + high) / 2;
                    if (At(middle).Hash < hash)
                        low = middle + 1;
                    else
                        high = middle;
                }

                for (; low < count && At(low).Hash == hash; low++)
                    positions.Add(At(low).Position);
            }
        }

        private Entry At(int index)
        {
            ReadOnlySpan<byte> bytes = _block.AsSpan(index * EntryBytes, EntryBytes);
            return new Entry(BinaryPrimitives.ReadUInt32LittleEndian(bytes), BinaryPrimitives.ReadInt64LittleEndian(bytes[4..]));
        }

        private void Flush()
        {
            if (_inBlock == 0)
                return;
            _file ??= context.Temporary!.Open(_name, StorageFileMode.CreateNew);
            ReadOnlySpan<byte> bytes = _block.AsSpan(0, _inBlock * EntryBytes);
            _file.Write((_firstHashes.Count - 1) * (long)_block.Length, bytes);
            context.Memory.SpilledBytes += bytes.Length;
            _inBlock = 0;
        }

        private void Load(int block)
        {
            if (_loaded == block)
                return;
            int wanted = Math.Min(EntriesPerBlock, Count - (block * EntriesPerBlock)) * EntryBytes;
            int read = _file!.Read(block * (long)_block.Length, _block.AsSpan(0, wanted));
            if (read != wanted)
                throw new BareMetalException(SqlStates.IoError, $"Temporary file {_name} ends within its block {block}.");
            _loaded = block;
        }

        public void Dispose()
        {
            context.Memory.Release(_held);
            _held = 0;
            if (_file is null)
                return;
            _file.Dispose();
            _file = null;
            context.Temporary!.Delete(_name);
        }
    }
}
