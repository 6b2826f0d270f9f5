using System.Data;
using BareMetal.Data.Storage;
using Xunit;

namespace BareMetal.Data.Tests.Ado;

public sealed class ConnectionStringBuilderTests
{
    [Fact]
    public void Every_key_survives_text_and_back()
    {
        BareMetalConnectionStringBuilder written = new()
        {
            DataSource = "shop;1.bmdb",
            Mode = BareMetalOpenMode.ReadWrite,
            ReadOnly = true,
            Durability = Durability.Normal,
            CacheSize = 64L << 20,
            PageSize = 16384,
            MaxLogSize = 1L << 30,
            MaxVersionSize = 1L << 29,
            CheckpointSize = 8 << 20,
            CheckpointRate = 100 << 20,
            AnalyzeThreshold = 25,
            WorkMemory = 1 << 20,
            MaxParallelism = 3,
            FullScanRows = 5,
            CommandTimeout = 7,
            LockTimeout = 3,
            IsolationLevel = IsolationLevel.Serializable,
            Pooling = false,
            MaxPoolSize = 5,
            Enlist = false,
            Password = "open; sesame=1",
            EncryptionKey = new string('7', 64),
            MirrorPaths = "/disk2|/disk3",
            MirrorDegraded = true,
            MirrorRebuild = false,
            PersistSecurityInfo = true,
            CopyFiles = true,
        };
        BareMetalConnectionStringBuilder read = new(written.ConnectionString);
        foreach (string key in read.Keys)
        {
            Assert.Equal(written[key], read[key]);
            Assert.True(read.ShouldSerialize(key));
            Assert.False(new BareMetalConnectionStringBuilder().ShouldSerialize(key));
            Assert.NotEqual(new BareMetalConnectionStringBuilder()[key], read[key]);
        }
    }

    [Fact]
    public void Defaults_are_the_documented_ones()
    {
        BareMetalConnectionStringBuilder builder = new("Data Source=x");
        Assert.Equal(BareMetalOpenMode.ReadWriteCreate, builder.Mode);
        Assert.Equal(Durability.Full, builder.Durability);
        Assert.Equal(8192, builder.PageSize);
        Assert.Equal(256L << 20, builder.CacheSize);
        Assert.Equal(30, builder.CommandTimeout);
        Assert.Equal(30, builder.LockTimeout);
        Assert.Equal(IsolationLevel.ReadCommitted, builder.IsolationLevel);
        Assert.True(builder.Pooling);
        Assert.True(builder.Enlist);
        Assert.False(builder.ReadOnly);
    }

    [Theory]
    [InlineData("datasource=a.bmdb;MODE=readonly", "a.bmdb", BareMetalOpenMode.ReadOnly)]
    [InlineData("Filename=a.bmdb;Mode=Memory", "a.bmdb", BareMetalOpenMode.Memory)]
    public void Keys_are_case_insensitive_and_have_aliases(string text, string source, BareMetalOpenMode mode)
    {
        BareMetalConnectionStringBuilder builder = new(text);
        Assert.Equal(source, builder.DataSource);
        Assert.Equal(mode, builder.Mode);
    }

    [Theory]
    [InlineData("2097152", 2097152)]
    [InlineData("64MB", 64L << 20)]
    [InlineData("64 MiB", 64L << 20)]
    [InlineData("2gb", 2L << 30)]
    [InlineData("2048 KB", 2048L << 10)]
    public void Sizes_take_units(string text, long bytes)
        => Assert.Equal(bytes, new BareMetalConnectionStringBuilder($"Cache Size={text}").CacheSize);

    [Theory]
    [InlineData("Cach Size=1MB", "Cache Size")]
    [InlineData("Datasource File=x", "Data Source")]
    [InlineData("Comand Timeout=1", "Command Timeout")]
    public void An_unknown_key_names_the_nearest(string text, string nearest)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => new BareMetalConnectionStringBuilder(text));
        Assert.Contains($"Did you mean '{nearest}'", error.Message);
    }

    [Theory]
    [InlineData("Mode=Sideways")]
    [InlineData("Mode=1")]
    [InlineData("Page Size=5000")]
    [InlineData("Page Size=2048")]
    [InlineData("Cache Size=12XB")]
    [InlineData("Cache Size=9223372036854775807KB")]
    [InlineData("Command Timeout=-1")]
    [InlineData("Pooling=maybe")]
    [InlineData("Isolation Level=Chaos")]
    public void A_bad_value_is_refused_with_its_key(string text)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => new BareMetalConnectionStringBuilder(text));
        Assert.Contains(text[..text.IndexOf('=')], error.Message);
    }

    [Fact]
    public void Removing_a_key_brings_its_default_back()
    {
        BareMetalConnectionStringBuilder builder = new("Data Source=x;Page Size=4096");
        Assert.True(builder.Remove("page size"));
        Assert.False(builder.Remove("page size"));
        Assert.Equal(8192, builder.PageSize);
        Assert.DoesNotContain("Page", builder.ConnectionString);
        builder.Clear();
        Assert.Equal("", builder.DataSource);
        Assert.Equal("", builder.ConnectionString);
    }

    [Fact]
    public void A_connection_refuses_an_unknown_key_at_once()
        => Assert.Throws<ArgumentException>(() => new BareMetalConnection("Data Source=x;Colour=red"));
}
