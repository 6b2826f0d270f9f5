using System.Runtime.InteropServices;
using BareMetal.Data.Storage;

namespace BareMetal.Data.Simulation;

/// <summary>
/// A disk with a memory of what is durable. Every file and the directory have a live and a durable image; when the power fails,
/// each sector and each directory change that was not flushed is kept, dropped or torn, as a seed decides. It counts its
/// operations, can crash at any of them, can fail any of them, and can be copied in the middle of a run.
/// </summary>
/// <remarks>Not for use by several threads at once: a simulation has one.</remarks>
public sealed class SimulatedDisk
{
    private readonly int sectorSize;
    private readonly long[] counts = new long[Enum.GetValues<DiskOperation>().Length];
    private readonly Dictionary<(DiskOperation Kind, long Number), DiskFault> faults = [];
    private Dictionary<string, SimulatedInode> names = new(StringComparer.Ordinal);
    private Dictionary<string, SimulatedInode> durableNames = new(StringComparer.Ordinal);
    private List<DirectoryChange> pendingChanges = [];
    private HashSet<string> locks = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> mostUnflushed = new(StringComparer.Ordinal);
    private ulong trace = 14695981039346656037UL;
    private bool crashed;
    private int session;
    private SimulatedDisk? twin;
    private SimulatedDisk? root;
    private MirroredStorageProvider? mirror;
    private int mirrorSession = -1;
    private long capacity = long.MaxValue;

    /// <summary>Makes an empty disk.</summary>
    /// <param name="sectorSize">Bytes that reach the disk together at best: 512 or 4096.</param>
    public SimulatedDisk(int sectorSize = 512) => this.sectorSize = sectorSize;

    /// <summary>Number of operations that change something or make it durable, so far.</summary>
    public long Operations { get; private set; }

    /// <summary>The operation at which the machine crashes; 0 for never.</summary>
    public long CrashAt { get; set; }

    /// <summary>Whether the machine has crashed and was not started again.</summary>
    public bool IsCrashed => crashed;

    /// <summary>Called after each counted operation (before a flush takes effect), for tests that look at every state of a run.</summary>
    public Action<SimulatedDisk, DiskOperation>? AfterOperation { get; set; }

    /// <summary>Bytes that the disk holds at most; growth beyond is a full disk.</summary>
    public long Capacity
    {
        get => capacity;
        set
        {
            capacity = value;
            if (twin is not null)
                twin.Capacity = value;
        }
    }

    /// <summary>
    /// Whether a growing file claims its space only when it is flushed, as file systems with delayed allocation do: then
    /// a full disk shows as a failed flush.
    /// </summary>
    public bool DelayedAllocation { get; set; }

    /// <summary>The most bytes of a file that were ever waiting for a flush.</summary>
    public long MostUnflushedBytes(string name) => mostUnflushed.GetValueOrDefault(name);

    /// <summary>A hash over all operations and their data: equal for two equal runs.</summary>
    public ulong Trace => trace;

    /// <summary>Names of the live files.</summary>
    public IReadOnlyList<string> Files => [.. names.Keys.Where(static n => !IsMirrorRecord(n)).Order(StringComparer.Ordinal)];

    /// <summary>How often an operation was called.</summary>
    public long Count(DiskOperation kind) => counts[(int)kind];

    /// <summary>Makes the operation with a number (counted per kind, from 1) fail.</summary>
    public void FailAt(DiskOperation kind, long number, DiskFault fault) => faults[(kind, number)] = fault;

    /// <summary>The file of the last operation; empty for the directory.</summary>
    public string LastName { get; private set; } = string.Empty;

    /// <summary>The last operation that was made to fail; null when none was.</summary>
    public string? LastFault { get; private set; }

    /// <summary>No further operation fails.</summary>
    public void ClearFaults() => faults.Clear();

    /// <summary>The substrate as the current run of the machine sees it.</summary>
    public IStorageProvider Provider => TestSubstrates.IsEncrypted(Substrate) ? new EncryptedStorageProvider(Plain, TestSubstrates.Key) : Plain;

    /// <summary>The other side when databases on it are mirrored: a disk that shares counters, faults and crashes with this one, and nothing else.</summary>
    public SimulatedDisk? Twin => TestSubstrates.IsMirrored(Substrate) ? twin ??= new SimulatedDisk(sectorSize)
    {
        Capacity = Capacity, DelayedAllocation = DelayedAllocation, Substrate = TestSubstrate.Plain, root = this,
    } : null;

    /// <summary>The mirror over this disk and its twin; null when there is none.</summary>
    public MirroredStorageProvider? Mirror => Plain as MirroredStorageProvider;

    private SimulatedDisk Root => root ?? this;

    private IStorageProvider Plain
    {
        get
        {
            if (Twin is not { } other)
                return new SimulatedProvider(this, session);
            if (mirrorSession != session)
            {
                mirrorSession = session;
                mirror = new MirroredStorageProvider(
                    [new SimulatedProvider(this, session), new SimulatedProvider(other, session)], new MirrorOptions { ParallelFlush = false, Random = static bytes => bytes.Fill(7) });
            }

            return mirror!;
        }
    }

    /// <summary>What opens the databases on it, when they are encrypted.</summary>
    public EncryptionKey? Key => TestSubstrates.IsEncrypted(Substrate) ? TestSubstrates.Key : null;

    /// <summary>What lies between the engine and the disk.</summary>
    public TestSubstrate Substrate { get; init; } = TestSubstrates.Default;

    /// <summary>The process dies, the machine goes on: what it wrote is still in the system's cache.</summary>
    public void KillProcess()
    {
        crashed = false;
        CrashAt = 0;
        session++;
        locks.Clear();
        twin?.locks.Clear();
    }

    /// <summary>The power fails and comes back: of what was not flushed the seed decides what is left.</summary>
    public void LosePower(ulong seed)
    {
        KillProcess();
        Forget(seed);
        twin?.Forget(seed * 31 + 7); // each side in its own way
    }

    private void Forget(ulong seed)
    {
        SplitMix random = new(seed);
        int keep = random.Next(6) switch { 0 => 0, 1 => 10, 2 => 50, 3 => 90, 4 => 100, _ => random.Next(101) };
        Dictionary<string, SimulatedInode> survived = durableNames;
        int keepNames = random.Next(4) switch { 0 => 0, 1 => 100, _ => 50 };
        foreach (DirectoryChange change in pendingChanges)
        {
            if (random.Chance(keepNames))
                change.Apply(survived);
        }

        pendingChanges = [];
        durableNames = survived;
        names = new(survived, StringComparer.Ordinal);
        foreach (string name in names.Keys.Order(StringComparer.Ordinal))
            names[name].LosePower(random, keep);
    }

    /// <summary>The machine stops, as a fate says, and comes back.</summary>
    /// <param name="fate">0: the process is killed and the system's cache survives; anything else is the seed of a power loss.</param>
    public void Stop(ulong fate)
    {
        if (fate == 0)
            KillProcess();
        else
            LosePower(fate);
    }

    /// <summary>A copy of the disk as it is now, with its unflushed state, for a machine of its own.</summary>
    public SimulatedDisk Clone()
    {
        Dictionary<SimulatedInode, SimulatedInode> copies = [];
        SimulatedInode CopyOf(SimulatedInode inode)
        {
            if (!copies.TryGetValue(inode, out SimulatedInode? copy))
                copies.Add(inode, copy = inode.Clone());
            return copy;
        }

        SimulatedDisk disk = new(sectorSize) { Capacity = Capacity, DelayedAllocation = DelayedAllocation, Substrate = Substrate, session = session };
        foreach ((string name, SimulatedInode inode) in names)
            disk.names.Add(name, CopyOf(inode));
        foreach ((string name, SimulatedInode inode) in durableNames)
            disk.durableNames.Add(name, CopyOf(inode));
        foreach (DirectoryChange change in pendingChanges)
            disk.pendingChanges.Add(change with { Inode = change.Inode is null ? null : CopyOf(change.Inode) });
        disk.locks = new(locks, StringComparer.Ordinal);
        if (twin is not null)
        {
            disk.twin = twin.Clone();
            disk.twin.root = disk;
        }

        return disk;
    }

    /// <summary>Lets go of all content, so that whoever still refers to a disk that is done with holds no memory.</summary>
    public void Discard()
    {
        session++;
        names = [];
        durableNames = [];
        pendingChanges = [];
    }

    /// <summary>Changes bytes of a file behind the engine's back, as a failing medium does.</summary>
    /// <param name="name">The file.</param>
    /// <param name="offset">Where.</param>
    /// <param name="count">How many bytes.</param>
    /// <param name="seed">Decides how.</param>
    /// <param name="bothSides">Whether a mirrored disk's twin is damaged too, or this one alone.</param>
    public void Damage(string name, long offset, int count, ulong seed, bool bothSides = true)
    {
        names[name].Damage(offset, count, new SplitMix(seed));
        if (bothSides && twin is not null)
            twin.Damage(name, offset, count, seed);
    }

    /// <summary>Puts other bytes in place of a file's, live and durable, behind the engine's back; who has the file open reads them.</summary>
    public void Overwrite(string name, long offset, ReadOnlySpan<byte> bytes)
    {
        names[name].Overwrite(offset, bytes);
        twin?.Overwrite(name, offset, bytes);
    }

    /// <summary>The live bytes of a file.</summary>
    public byte[] ReadAll(string name)
    {
        SimulatedInode inode = names[name];
        byte[] bytes = new byte[inode.Length];
        inode.Read(0, bytes);
        return bytes;
    }

    /// <summary>Sets the live and durable bytes of a file.</summary>
    public void WriteAll(string name, byte[] bytes)
    {
        SimulatedInode inode = new(sectorSize);
        inode.Write(0, bytes);
        inode.Flush();
        names[name] = inode;
        durableNames[name] = inode;
        twin?.WriteAll(name, bytes);
    }

    /// <summary>Removes a file durably.</summary>
    public void Remove(string name)
    {
        names.Remove(name);
        durableNames.Remove(name);
        twin?.Remove(name);
    }

    // Tests count their files' bytes, not those of the mirror that their disk may be.
    private static bool IsMirrorRecord(string name) => name.Contains("-mirror", StringComparison.Ordinal);

    private long UsedBytes(bool live)
    {
        long sum = 0;
        foreach ((string name, SimulatedInode inode) in names)
            sum += IsMirrorRecord(name) ? 0 : live ? Math.Max(inode.Length, inode.DurableLength) : inode.DurableLength;
        return sum;
    }

    /// <summary>Counts an operation, before it is carried out; throws when it is due to fail.</summary>
    private DiskFault? Begin(int caller, DiskOperation kind, string name)
    {
        if (root is not null)
            return root.Begin(caller, kind, name);
        if (crashed || caller != session)
            throw new SimulatedCrashException(CrashAt);
        LastName = name;
        long number = ++counts[(int)kind];
        Mix((ulong)kind);
        foreach (char c in name)
            Mix(c);
        if (kind is not (DiskOperation.Read or DiskOperation.Open or DiskOperation.List))
            Operations++;
        if (!faults.TryGetValue((kind, number), out DiskFault fault))
            return null;
        LastFault = $"{kind} {number} of {name}";
        return fault is DiskFault.FlushLosesData or DiskFault.Short
            ? fault
            : throw (fault == DiskFault.DiskFull
                ? Full(name, kind)
                : new StorageException(StorageErrorCode.IoError, $"{(name.Length == 0 ? "simulated disk" : name)}: simulated error at {kind} {number}.") { File = name });
    }

    /// <summary>After an operation took its (volatile) effect: the place where the machine crashes.</summary>
    private void End(DiskOperation kind, string name)
    {
        if (kind == DiskOperation.Read)
            return;
        if (kind == DiskOperation.Write && names.TryGetValue(name, out SimulatedInode? written) && written.UnflushedBytes > MostUnflushedBytes(name))
            mostUnflushed[name] = written.UnflushedBytes;
        Root.AfterOperation?.Invoke(Root, kind);
        if (Root.CrashAt != 0 && Root.Operations >= Root.CrashAt)
        {
            Root.crashed = true;
            throw new SimulatedCrashException(Root.CrashAt);
        }
    }

    private static StorageException Full(string name, DiskOperation kind) =>
        new(StorageErrorCode.DiskFull, $"{name}: no space is left on the simulated disk ({kind}).") { File = name };

    private void CheckSpace(SimulatedInode inode, long newLength, string name, DiskOperation kind)
    {
        if (Capacity == long.MaxValue || DelayedAllocation || newLength <= inode.Length || IsMirrorRecord(name))
            return;
        if (UsedBytes(live: true) + newLength - inode.Length > Capacity)
            throw Full(name, kind);
    }

    private void Mix(ulong value) => trace = (trace ^ value) * 1099511628211UL;

    private void Mix(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (ulong word in words)
            Mix(word);
        foreach (byte b in bytes[(words.Length * 8)..])
            Mix(b);
    }

    private sealed record DirectoryChange(DiskOperation Kind, string Name, string? NewName, SimulatedInode? Inode)
    {
        public void Apply(Dictionary<string, SimulatedInode> map)
        {
            switch (Kind)
            {
                case DiskOperation.Create:
                    map[Name] = Inode!;
                    break;
                case DiskOperation.Rename:
                    // A rename reaches the disk whole, whatever became of the creation before it.
                    map.Remove(Name);
                    map[NewName!] = Inode!;
                    break;
                default:
                    map.Remove(Name);
                    break;
            }
        }
    }

    private sealed class SimulatedProvider(SimulatedDisk disk, int session) : IStorageProvider
    {
        public string Location => "simulated disk";

        public IStorageFile Open(string name, StorageFileMode mode, bool readOnly = false)
        {
            Check();
            bool exists = disk.names.TryGetValue(name, out SimulatedInode? inode);
            if (exists && mode == StorageFileMode.CreateNew)
                throw new StorageException(StorageErrorCode.AlreadyExists, $"{name}: the file exists.") { File = name };
            if (!exists)
            {
                if (mode == StorageFileMode.Open || readOnly)
                    throw new StorageException(StorageErrorCode.DoesNotExist, $"{name}: the file does not exist.") { File = name };
                disk.Begin(session, DiskOperation.Create, name);
                inode = new SimulatedInode(disk.sectorSize);
                disk.names.Add(name, inode);
                disk.pendingChanges.Add(new(DiskOperation.Create, name, null, inode));
                disk.End(DiskOperation.Create, name);
            }
            else
            {
                disk.Begin(session, DiskOperation.Open, name);
            }

            return new SimulatedFile(disk, session, name, inode!);
        }

        public bool Exists(string name)
        {
            Check();
            return disk.names.ContainsKey(name);
        }

        public IReadOnlyList<string> List()
        {
            disk.Begin(session, DiskOperation.List, string.Empty);
            return [.. disk.names.Keys.Order(StringComparer.Ordinal)];
        }

        public void Delete(string name)
        {
            disk.Begin(session, DiskOperation.Delete, name);
            if (disk.names.Remove(name, out SimulatedInode? inode))
                disk.pendingChanges.Add(new(DiskOperation.Delete, name, null, inode));
            disk.End(DiskOperation.Delete, name);
        }

        public void Rename(string name, string newName)
        {
            disk.Begin(session, DiskOperation.Rename, name);
            if (!disk.names.Remove(name, out SimulatedInode? inode))
                throw new StorageException(StorageErrorCode.DoesNotExist, $"{name}: the file does not exist.") { File = name };
            disk.names[newName] = inode;
            disk.pendingChanges.Add(new(DiskOperation.Rename, name, newName, inode));
            disk.End(DiskOperation.Rename, name);
        }

        public void FlushDirectory()
        {
            disk.Begin(session, DiskOperation.FlushDirectory, string.Empty);
            disk.End(DiskOperation.FlushDirectory, string.Empty);
            foreach (DirectoryChange change in disk.pendingChanges)
                change.Apply(disk.durableNames);
            disk.pendingChanges.Clear();
        }

        public IDisposable AcquireOwnerLock(string name, TimeSpan timeout)
        {
            Check();
            if (!disk.locks.Add(name))
                throw new StorageException(StorageErrorCode.Locked, $"{name}: held by another engine of this simulation.") { File = name };
            return new Lock(disk, session, name);
        }

        private void Check()
        {
            if (disk.Root.crashed || disk.Root.session != session)
                throw new SimulatedCrashException(disk.Root.CrashAt);
        }
    }

    private sealed class Lock(SimulatedDisk disk, int session, string name) : IDisposable
    {
        public void Dispose()
        {
            if (disk.Root.session == session)
                disk.locks.Remove(name);
        }
    }

    private sealed class SimulatedFile(SimulatedDisk disk, int session, string name, SimulatedInode inode) : IStorageFile
    {
        public string Name => name;

        public long Length
        {
            get
            {
                if (disk.Root.crashed || disk.Root.session != session)
                    throw new SimulatedCrashException(disk.Root.CrashAt);
                return inode.Length;
            }
        }

        public int Read(long offset, Span<byte> buffer)
        {
            DiskFault? fault = disk.Begin(session, DiskOperation.Read, name);
            int count = inode.Read(offset, fault == DiskFault.Short ? buffer[..(buffer.Length / 2)] : buffer);
            disk.Root.Mix((ulong)offset);
            disk.Root.Mix((ulong)count);
            return count;
        }

        public ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return new ValueTask<int>(Read(offset, buffer.Span));
        }

        public void Write(long offset, ReadOnlySpan<byte> buffer)
        {
            DiskFault? fault = disk.Begin(session, DiskOperation.Write, name);
            disk.Root.Mix((ulong)offset);
            disk.Root.Mix(buffer);
            disk.CheckSpace(inode, offset + buffer.Length, name, DiskOperation.Write);
            inode.Write(offset, fault == DiskFault.Short ? buffer[..(buffer.Length / 2)] : buffer);
            disk.End(DiskOperation.Write, name);
            if (fault == DiskFault.Short)
                throw new StorageException(StorageErrorCode.IoError, $"{name}: {buffer.Length / 2} of {buffer.Length} bytes were written at {offset}.") { File = name };
        }

        public void SetLength(long length)
        {
            disk.Begin(session, DiskOperation.SetLength, name);
            disk.Root.Mix((ulong)length);
            disk.CheckSpace(inode, length, name, DiskOperation.SetLength);
            inode.SetLength(length);
            disk.End(DiskOperation.SetLength, name);
        }

        public void Flush()
        {
            DiskFault? fault = disk.Begin(session, DiskOperation.Flush, name);
            disk.End(DiskOperation.Flush, name); // a crash at a flush comes before its effect
            if (fault == DiskFault.FlushLosesData)
            {
                inode.DropUnflushed();
                throw new StorageException(StorageErrorCode.IoError, $"{name}: simulated failure of a flush.") { File = name };
            }

            if (disk.DelayedAllocation && disk.Capacity != long.MaxValue && !IsMirrorRecord(name) && inode.Length > inode.DurableLength &&
                disk.UsedBytes(live: false) + inode.Length - inode.DurableLength > disk.Capacity)
            {
                inode.DropUnflushed();
                throw Full(name, DiskOperation.Flush);
            }

            inode.Flush();
        }

        public void Dispose()
        {
        }
    }
}
