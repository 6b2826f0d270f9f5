using BareMetal.Data.Simulation;
using BareMetal.Data.Storage.Checkpoints;
using BareMetal.Data.Storage.Log;
using BareMetal.Data.Storage.Pages;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Storage.Tests.Faults;

/// <summary>
/// Single bits flipped, sectors zeroed, pages swapped and files cut, in every kind of page, record and file. BAREMETAL_FLIPS multiplies the bits that
/// are sampled in bodies; scripts/faults.sh does so.
/// </summary>
public sealed class DamageTests(ITestOutputHelper output)
{
    private const int PageSize = 4096;
    private readonly SplitMix _random = new((ulong)TestSeed.Of(1));

    private static int Factor => int.TryParse(Environment.GetEnvironmentVariable("BAREMETAL_FLIPS"), out int factor) ? factor : 1;

    [Fact]
    public void A_flipped_bit_in_any_kind_of_page_is_named()
    {
        DamagedDatabase database = new(DamageEnd.Closed);
        SortedDictionary<PageKind, List<int>> pages = database.Pages();
        Assert.Equal([PageKind.AllocationMap, PageKind.Leaf, PageKind.Inner, PageKind.OverflowData, PageKind.OverflowIndex], pages.Keys.Where(k => k <= PageKind.OverflowIndex));
        FlipPages(database, _random, Factor);
        foreach ((PageKind kind, List<int> ids) in pages)
            output.WriteLine($"{kind}: {ids.Count} pages");
        Report(database);
        Assert.Equal(database.Tried, database.Detected);
    }

    /// <summary>Flips bits in all kinds of pages: all of a header, most of a trailer, some of the body.</summary>
    internal static void FlipPages(DamagedDatabase database, SplitMix random, int factor)
    {
        foreach ((PageKind kind, List<int> ids) in database.Pages())
        {
            int id = ids[random.Next(ids.Count)];
            for (int bit = 0; bit < 32 * 8; bit++)
                Flip(database, DamagedDatabase.Name, (id * PageSize * 8L) + bit, id, kind.ToString());
            for (int bit = (PageSize - 32) * 8; bit < PageSize * 8; bit += 3)
                Flip(database, DamagedDatabase.Name, (id * PageSize * 8L) + bit, id, kind.ToString());
            for (int i = 0; i < 60 * factor; i++)
            {
                int other = ids[random.Next(ids.Count)];
                Flip(database, DamagedDatabase.Name, (other * PageSize * 8L) + random.Next(PageSize * 8), other, kind.ToString());
            }
        }
    }

    [Fact]
    public void A_page_in_the_place_of_another_or_with_a_zeroed_sector_is_named()
    {
        DamagedDatabase database = new(DamageEnd.Closed);
        List<int> all = [.. database.Pages().Values.SelectMany(p => p)];
        for (int i = 0; i < 60 * Factor; i++)
        {
            int to = all[_random.Next(all.Count)], from = all[_random.Next(all.Count)];
            if (from == to)
                continue;
            database.Try($"page {from} in place of {to}", DamagedDatabase.Name, b =>
            {
                b.AsSpan(from * PageSize, PageSize).CopyTo(b.AsSpan(to * PageSize));
                return b;
            }, to);
        }

        byte[] bytes = database.Read(DamagedDatabase.Name);
        foreach (int id in all)
        {
            for (int sector = 0; sector < PageSize; sector += 512)
            {
                if (bytes.AsSpan((id * PageSize) + sector, 512).IndexOfAnyExcept((byte)0) < 0)
                    continue;
                int at = (id * PageSize) + sector;
                database.Try($"sector {sector} of page {id} zeroed", DamagedDatabase.Name, b =>
                {
                    b.AsSpan(at, 512).Clear();
                    return b;
                }, id);
            }
        }

        Report(database);
        Assert.Equal(database.Tried, database.Detected);
    }

    [Fact]
    public void An_old_copy_of_a_page_is_named_although_it_is_whole()
    {
        DamagedDatabase database = new(DamageEnd.Closed);
        byte[] now = database.Read(DamagedDatabase.Name);
        foreach (int id in database.Pages().Values.SelectMany(p => p))
        {
            int at = id * PageSize;
            if (at + PageSize > database.Early.Length || database.Early.AsSpan(at, PageSize).SequenceEqual(now.AsSpan(at, PageSize)))
                continue;
            byte[] old = database.Early.AsSpan(at, PageSize).ToArray();
            if (old.AsSpan().IndexOfAnyExcept((byte)0) < 0)
                continue; // it was not in use
            database.Try($"page {id} as it was before", DamagedDatabase.Name, b =>
            {
                old.CopyTo(b, at);
                return b;
            }, id);
        }

        Report(database);
        Assert.True(database.Tried > 5, $"{database.Tried} pages had changed");
        Assert.Equal(database.Tried, database.Detected);
    }

    [Fact]
    public void Without_or_with_damaged_stamps_the_pages_are_read()
    {
        DamagedDatabase database = new(DamageEnd.Closed);
        string file = new DatabaseFiles(DamagedDatabase.Name).Stamps;
        int length = database.Read(file).Length;
        for (int i = 0; i < 100 * Factor; i++)
            Flip(database, file, _random.Next(length * 8), null, "stamps");
        for (int slot = 0; slot < length; slot += 4096)
        {
            int at = slot;
            database.Try("stamps zeroed", file, b =>
            {
                b.AsSpan(at, 4096).Clear();
                return b;
            });
        }

        database.Try("stamps cut", file, b => b[..4096]);
        database.Try("stamps gone", file, _ => []);
        Report(database);
        Assert.Equal(database.Tried, database.Harmless);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_flipped_bit_in_either_copy_of_the_header_heals_from_the_other(bool closed)
    {
        DamagedDatabase database = new(closed ? DamageEnd.Closed : DamageEnd.Killed);
        byte[] bytes = database.Read(DamagedDatabase.Name);
        DatabaseHeader header = database.Header();
        for (int copy = 0; copy < 2; copy++)
        {
            for (int bit = closed ? 0 : _random.Next(5); bit < DatabaseHeader.UsedSize * 8; bit += closed ? 1 : 5)
            {
                long at = (copy * DatabaseHeader.BlockSize * 8L) + bit;
                if (_random.Next(150) < Factor)
                {
                    int tried = database.Harmless;
                    Flip(database, DamagedDatabase.Name, at, null, $"header copy {copy}");
                    Assert.Equal(tried + 1, database.Harmless);
                }

                SimulatedDisk disk = new();
                disk.WriteAll(DamagedDatabase.Name, Flipped([.. bytes], at));
                using DataFile file = DataFile.Open(disk.Provider, DamagedDatabase.Name, new SimulatedWorld(1).Environment, disk.Key);
                Assert.Equal(header, file.Header);
                Assert.Equal(bytes, disk.ReadAll(DamagedDatabase.Name));
            }

            database.Try($"header copy {copy} zeroed", DamagedDatabase.Name, b =>
            {
                b.AsSpan(copy * DatabaseHeader.BlockSize, 512).Clear();
                return b;
            });
        }

        database.Try("both header copies", DamagedDatabase.Name, b => Flipped(Flipped(b, 70 * 8), (4096 + 70) * 8), mustSay: true);
        output.WriteLine($"{2 * DatabaseHeader.UsedSize * 8 / (closed ? 1 : 5)} bits of the header, all healed");
        Report(database);
    }

    [Theory]
    [InlineData(DamageEnd.Closed)]
    [InlineData(DamageEnd.Killed)]
    public void A_flipped_bit_in_the_log_is_named_unless_it_is_in_the_last_group(DamageEnd end)
    {
        DamagedDatabase database = new(end);
        List<(string File, long Offset, int Length, LogRecordKind? Kind)> frames = database.LogFrames();
        (string lastFile, long lastGroup, _, _) = frames.Last(f => f.Kind is null);
        HashSet<LogRecordKind> kinds = [.. frames.Where(f => f.Kind is not null).Select(f => f.Kind!.Value)];
        Assert.Superset(
            end == DamageEnd.Closed ? [LogRecordKind.CleanClose] : (HashSet<LogRecordKind>)[LogRecordKind.Begin, LogRecordKind.Commit, LogRecordKind.Chunk, LogRecordKind.SequenceMark],
            kinds);
        bool closed = end == DamageEnd.Closed;
        Dictionary<LogRecordKind, int> seen = [];
        foreach ((string file, long offset, int length, LogRecordKind? kind) in frames)
        {
            bool isLast = !closed && file == lastFile && offset >= lastGroup;
            int many = kind is null ? 24 : seen.GetValueOrDefault(kind.Value) < 4 ? 32 : 3;
            if (kind is { } k)
                seen[k] = seen.GetValueOrDefault(k) + 1;
            for (int i = 0; i < many * Factor; i++)
            {
                // Half of them in the header of the record, where each field has its own meaning.
                int within = kind is not null && i % 2 == 0 ? _random.Next(LogFormat.RecordHeaderSize * 8) : _random.Next(length * 8);
                Flip(database, file, (offset * 8) + within, null, $"{kind?.ToString() ?? "group"} at {offset}", isLast, mustSay: !isLast);
            }
        }

        Report(database);
        Assert.True(closed || database.TakenForTorn > 0);
    }

    [Fact]
    public void A_flipped_bit_in_the_header_of_a_log_extent_is_named()
    {
        DamagedDatabase database = new(DamageEnd.Killed);
        List<(string File, long Offset, int Length, LogRecordKind? Kind)> frames = database.LogFrames();
        List<string> extents = [.. frames.Select(f => f.File).Distinct()];
        Assert.True(extents.Count >= 2);
        foreach (string extent in extents)
        {
            int groups = frames.Count(f => f.Kind is null && f.File == extent);
            for (int bit = _random.Next(3); bit < LogFormat.ExtentHeaderUsed * 8; bit += Factor > 3 ? 1 : 3)
                Flip(database, extent, bit, null, $"header of an extent with {groups} groups", mustSay: groups > 1);
        }

        foreach (string file in database.Files.Where(f => f.Contains("-log-", StringComparison.Ordinal) && !extents.Contains(f)))
        {
            // The reserve, what waits to be used again: nothing in them counts.
            for (int i = 0; i < 20 * Factor; i++)
                Flip(database, file, _random.Next(LogFormat.ExtentHeaderSize * 8 * 2), null, "an extent not in use");
        }

        Report(database);
    }

    [Theory]
    [InlineData(DamageEnd.Killed)]
    [InlineData(DamageEnd.KilledInCheckpoint)]
    public void A_flipped_bit_in_a_checkpoint_file_never_gives_a_wrong_answer(DamageEnd end)
    {
        DamagedDatabase database = new(end);
        string file = new DatabaseFiles(DamagedDatabase.Name).Checkpoint(0);
        byte[] bytes = database.Read(file);
        int pages = System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(32));
        int footer = CheckpointFile.HeaderSize + (pages * PageSize);
        int length = footer + (pages * 8) + 64;

        // While it is needed everything in it counts, except what is reserved behind the header.
        bool needed = end == DamageEnd.KilledInCheckpoint;
        for (int i = 0; i < 256 * Factor; i++)
            Flip(database, file, _random.Next(1024 * 8), null, "checkpoint header", mustSay: needed);
        for (int i = 0; i < 200 * Factor; i++)
            Flip(database, file, ((long)CheckpointFile.HeaderSize * 8) + _random.Next(pages * PageSize * 8), null, "checkpoint page", mustSay: needed);
        for (int bit = footer * 8; bit < length * 8; bit += Factor > 3 ? 1 : 5)
            Flip(database, file, bit, null, "checkpoint footer", mustSay: needed);
        foreach (int cut in new[] { 0, 100, CheckpointFile.HeaderSize, CheckpointFile.HeaderSize + (PageSize * 3 / 2), footer, length - 1 })
            database.Try($"{file} cut to {cut} bytes", file, b => b[..cut], mustSay: needed);
        Report(database);
    }

    [Theory]
    [InlineData(DamageEnd.Closed)]
    [InlineData(DamageEnd.Killed)]
    public void A_cut_or_zeroed_file_is_named(DamageEnd end)
    {
        DamagedDatabase database = new(end);
        List<(string File, long Offset, int Length, LogRecordKind? Kind)> frames = database.LogFrames();
        (string lastFile, long lastGroup, _, _) = frames.Last(f => f.Kind is null);
        bool closed = end == DamageEnd.Closed;
        foreach (string file in database.Files)
        {
            byte[] bytes = database.Read(file);
            bool isData = file == DamagedDatabase.Name, isLog = frames.Exists(f => f.File == file);
            foreach (int cut in new[] { 0, 1, 100, 511, 4095, 4096, 8192, bytes.Length / 2, bytes.Length - 4096, bytes.Length - 512, bytes.Length - 1 })
            {
                if (cut >= 0 && cut < bytes.Length)
                    database.Try($"{file} cut to {cut} of {bytes.Length}", file, b => b[..cut], mustSay: isLog || isData && cut < bytes.Length / 2);
            }

            for (int sector = 0; isLog && sector < bytes.Length; sector += 512)
            {
                if (bytes.AsSpan(sector, 512).IndexOfAnyExcept((byte)0) < 0)
                    continue;
                bool isLast = !closed && file == lastFile && sector >= lastGroup;
                bool isFrame = sector == 0 || frames.Exists(f => f.File == file && f.Offset < sector + 512 && f.Offset + f.Length > sector);
                int at = sector;
                database.Try($"sector {sector} of {file} zeroed", file, b =>
                {
                    b.AsSpan(at, 512).Clear();
                    return b;
                }, mayBeTorn: isLast, mustSay: isFrame && !isLast);
            }
        }

        Report(database);
    }

    private static void Flip(DamagedDatabase database, string file, long bit, int? page, string what, bool mayBeTorn = false, bool mustSay = false) =>
        database.Try($"{what}: bit {bit % 8} of byte {bit / 8} of {file}", file, b => Flipped(b, bit), page, mayBeTorn, mustSay);

    private static byte[] Flipped(byte[] bytes, long bit)
    {
        bytes[bit / 8] ^= (byte)(1 << (int)(bit % 8));
        return bytes;
    }

    private void Report(DamagedDatabase database) => output.WriteLine(
        $"{database.Tried} damages: {database.Detected} named, {database.Harmless} met nothing in use or healed, {database.TakenForTorn} in the last group, 0 wrong answers");
}
