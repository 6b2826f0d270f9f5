using BareMetal.Data.Simulation;
using Xunit;

namespace BareMetal.Data.Storage.Tests.Substrate;

public sealed class StorageProviderTests : IDisposable
{
    private readonly string folder = Path.Combine(Path.GetTempPath(), "bmdb-substrate-" + Guid.NewGuid().ToString("N"));

    public static TheoryData<string> Kinds => ["local", "memory", "simulated"];

    public void Dispose()
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Bytes_written_at_a_position_are_read_back_and_the_gap_reads_as_zeros(string kind)
    {
        IStorageProvider provider = Make(kind);
        using IStorageFile file = provider.Open("a", StorageFileMode.CreateNew);
        byte[] data = [.. Enumerable.Range(0, 70_000).Select(i => (byte)(i * 7))];
        file.Write(100_000, data);
        Assert.Equal(170_000, file.Length);
        byte[] back = new byte[170_001];
        Assert.Equal(170_000, file.Read(0, back));
        Assert.True(back.AsSpan(0, 100_000).IndexOfAnyExcept((byte)0) < 0);
        Assert.True(back.AsSpan(100_000, data.Length).SequenceEqual(data));
        Assert.Equal(10, file.Read(169_990, back));
        Assert.Equal(0, file.Read(200_000, back));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_file_cut_and_grown_again_has_zeros_where_it_was_cut(string kind)
    {
        IStorageProvider provider = Make(kind);
        using IStorageFile file = provider.Open("a", StorageFileMode.OpenOrCreate);
        byte[] ones = new byte[200_000];
        ones.AsSpan().Fill(1);
        file.Write(0, ones);
        file.SetLength(1000);
        Assert.Equal(1000, file.Length);
        file.SetLength(150_000);
        byte[] back = new byte[150_000];
        Assert.Equal(150_000, await file.ReadAsync(0, back));
        Assert.True(back.AsSpan(0, 1000).IndexOfAnyExcept((byte)1) < 0);
        Assert.True(back.AsSpan(1000).IndexOfAnyExcept((byte)0) < 0);
        file.Flush();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Opening_follows_the_mode_and_errors_say_which_file(string kind)
    {
        IStorageProvider provider = Make(kind);
        StorageException missing = Assert.Throws<StorageException>(() => provider.Open("none", StorageFileMode.Open));
        Assert.Equal(StorageErrorCode.DoesNotExist, missing.Code);
        Assert.Contains("none", missing.Message);
        provider.Open("a", StorageFileMode.CreateNew).Dispose();
        StorageException exists = Assert.Throws<StorageException>(() => provider.Open("a", StorageFileMode.CreateNew));
        Assert.Equal(StorageErrorCode.AlreadyExists, exists.Code);
        provider.Open("a", StorageFileMode.OpenOrCreate).Dispose();
        Assert.Throws<StorageException>(() => provider.Open("none", StorageFileMode.OpenOrCreate, readOnly: true));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Renaming_replaces_the_target_and_deleting_what_is_missing_is_no_error(string kind)
    {
        IStorageProvider provider = Make(kind);
        using (IStorageFile a = provider.Open("a", StorageFileMode.CreateNew))
            a.Write(0, "first"u8);
        using (IStorageFile b = provider.Open("b", StorageFileMode.CreateNew))
            b.Write(0, "second one"u8);
        provider.Rename("a", "b");
        provider.FlushDirectory();
        Assert.False(provider.Exists("a"));
        Assert.Equal(["b"], provider.List());
        using (IStorageFile b = provider.Open("b", StorageFileMode.Open))
            Assert.Equal(5, b.Length);
        provider.Delete("b");
        provider.Delete("b");
        provider.FlushDirectory();
        Assert.Empty(provider.List());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_second_owner_is_refused_until_the_first_is_gone(string kind)
    {
        IStorageProvider provider = Make(kind);
        IDisposable first = provider.AcquireOwnerLock("x-lock", TimeSpan.Zero);
        StorageException held = Assert.Throws<StorageException>(() => provider.AcquireOwnerLock("x-lock", TimeSpan.Zero));
        Assert.Equal(StorageErrorCode.Locked, held.Code);
        first.Dispose();
        provider.AcquireOwnerLock("x-lock", TimeSpan.Zero).Dispose();
    }

    [Fact]
    public void The_local_lock_names_its_holder()
    {
        LocalStorageProvider provider = new(folder);
        using IDisposable first = provider.AcquireOwnerLock("x-lock", TimeSpan.Zero);
        StorageException held = Assert.Throws<StorageException>(() => provider.AcquireOwnerLock("x-lock", TimeSpan.FromMilliseconds(30)));
        Assert.Contains(Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture), held.Message);
        Assert.Contains(Environment.MachineName, held.Message);
    }

    [Fact]
    public void Names_that_leave_the_folder_are_refused()
    {
        LocalStorageProvider provider = new(folder);
        Assert.Throws<ArgumentException>(() => provider.Open("../a", StorageFileMode.OpenOrCreate));
        Assert.Throws<ArgumentException>(() => provider.Delete(".."));
    }

    private IStorageProvider Make(string kind) => kind switch
    {
        "local" => new LocalStorageProvider(folder),
        "memory" => new MemoryStorageProvider(),
        _ => new SimulatedDisk().Provider,
    };
}
