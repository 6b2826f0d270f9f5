using Xunit;
using BareMetal.Data.Storage.Pages;
using BareMetal.Data.Storage.Trees;

namespace BareMetal.Data.Storage.Tests.Pages;

public sealed class PageFormatTests
{
    private static readonly Guid s_database = new("6f9619ff-8b86-d011-b42d-00c04fc964ff");

    [Theory]
    [InlineData(4096)]
    [InlineData(8192)]
    [InlineData(65536)]
    public void A_checksum_notices_any_changed_bit_and_any_other_place(int pageSize)
    {
        var page = new byte[pageSize];
        new Random(pageSize).NextBytes(page);
        PageChecksum.Seal(s_database, new PageId(5), page);
        Assert.True(PageChecksum.Verify(s_database, new PageId(5), page, out _, out _));
        Assert.False(PageChecksum.Verify(s_database, new PageId(6), page, out _, out _));
        Assert.False(PageChecksum.Verify(Guid.NewGuid(), new PageId(5), page, out _, out _));
        for (int bit = 0; bit < pageSize * 8; bit += pageSize == 4096 ? 1 : 61)
        {
            page[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(PageChecksum.Verify(s_database, new PageId(5), page, out _, out _), $"bit {bit}");
            page[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void A_checksum_notices_swapped_words()
    {
        var page = new byte[4096];
        new Random(3).NextBytes(page);
        PageChecksum.Seal(s_database, new PageId(5), page);
        foreach ((int a, int b) in new[] { (0, 8), (0, 32), (64, 96), (100, 2000) })
        {
            byte[] swapped = [.. page];
            page.AsSpan(a, 8).CopyTo(swapped.AsSpan(b));
            page.AsSpan(b, 8).CopyTo(swapped.AsSpan(a));
            Assert.False(PageChecksum.Verify(s_database, new PageId(5), swapped, out _, out _));
        }
    }

    [Theory]
    [InlineData(4096)]
    [InlineData(8192)]
    [InlineData(16384)]
    [InlineData(32768)]
    [InlineData(65536)]
    public void Two_entries_of_the_largest_size_fit_in_a_leaf(int pageSize)
    {
        int entry = Node.SlotSize + Node.LeafEntryHeader + Node.MaxKey(pageSize) + Node.MaxInline(pageSize);
        Assert.True(entry * 2 <= Node.Usable(pageSize));
    }
}
