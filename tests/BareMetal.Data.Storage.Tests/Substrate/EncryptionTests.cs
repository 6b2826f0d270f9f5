using System.Text;
using BareMetal.Data.Simulation;
using BareMetal.Data.Storage.Checkpoints;
using BareMetal.Data.Storage.Encryption;
using BareMetal.Data.Storage.Log;
using BareMetal.Data.Storage.Pages;
using BareMetal.Data.Storage.Recovery;
using Xunit;

namespace BareMetal.Data.Storage.Tests.Substrate;

public sealed class EncryptionTests
{
    private const string Name = "e.bmdb";
    private static readonly TreeId Tree = new(TreeId.FirstDynamic + 50);

    private readonly MemoryStorageProvider _memory = new();

    [Fact]
    public void No_byte_of_keys_and_values_is_on_storage_in_the_clear()
    {
        using EncryptionKey key = Fast("correct horse");
        string[] secrets = ["Margarete-Geheim", "ein-sehr-langer-Wert-", "row-key-secret"];
        DatabaseSettings settings = Tiny with { AutomaticCheckpoints = true };
        List<string> seen = [];
        using (Database database = Open(key, settings))
        {
            Write(database, 1, secrets[2], secrets[0]);
            Write(database, 2, "large", string.Concat(Enumerable.Repeat(secrets[1], 4000)));
            Grep(secrets, seen);
            database.Checkpoints.Run();

            // Old versions that a snapshot needs, and changed pages beyond the cache, go to the spill file.
            Snapshot snapshot = database.Store.AcquireSnapshot();
            for (int i = 0; i < 300; i++)
                Write(database, 10 + i, $"{secrets[2]} {i}", string.Concat(Enumerable.Repeat(secrets[0], 100)));
            Assert.True(database.Store.SpilledBytes > 0, "nothing was spilled");
            Grep(secrets, seen);
            database.Store.ReleaseSnapshot(snapshot);
            database.Checkpoints.Run();
            Grep(secrets, seen);
            database.Close();
        }

        Grep(secrets, seen);
        Assert.Contains(seen, name => name.Contains("-log-", StringComparison.Ordinal));
        Assert.Contains(seen, name => name.Contains("-ckpt", StringComparison.Ordinal));
        Assert.Contains(seen, name => name.Contains("-spill", StringComparison.Ordinal));
        using Database again = Open(key, settings);
        Assert.Equal(secrets[0], Read(again, secrets[2]));
        Assert.Equal(4000 * secrets[1].Length, Read(again, "large").Length);

        // The search finds what is there: without encryption it does.
        using MemoryPlain plain = new();
        using (Database open = Database.Open(plain.Provider, Name, StorageFileMode.CreateNew, StorageEnvironment.Default, Tiny))
            Write(open, 1, secrets[2], secrets[0]);
        Assert.True(Contains(plain.Provider, secrets[2]));
    }

    [Fact]
    public void The_wrong_key_the_missing_key_and_the_needless_key_are_told_apart()
    {
        using EncryptionKey key = Fast("right");
        using EncryptionKey wrong = Fast("wrong");
        using EncryptionKey raw = EncryptionKey.FromBytes(new byte[32]);
        Open(key).Close();
        Assert.Equal(StorageErrorCode.WrongKey, Assert.Throws<StorageException>(() => Open(wrong)).Code);
        Assert.Equal(StorageErrorCode.WrongKey, Assert.Throws<StorageException>(() => Open(raw)).Code);
        Assert.Equal(StorageErrorCode.KeyRequired, Assert.Throws<StorageException>(() => OpenPlain(_memory)).Code);
        Open(key).Close();

        MemoryStorageProvider other = new();
        OpenPlain(other).Close();
        StorageException needless = Assert.Throws<StorageException>(() => Database.Open(
            new EncryptedStorageProvider(other, key), Name, StorageFileMode.Open, StorageEnvironment.Default, Tiny));
        Assert.Equal(StorageErrorCode.NotEncrypted, needless.Code);
        foreach (StorageException e in new[] { needless })
            Assert.DoesNotContain("right", e.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("right", key.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_raw_key_opens_what_it_made_and_another_does_not()
    {
        byte[] bytes = new byte[32];
        bytes[5] = 9;
        using (EncryptionKey key = EncryptionKey.FromBytes(bytes))
        using (Database database = Open(key))
        {
            Write(database, 1, "k", "v");
            database.Close();
        }

        using (EncryptionKey same = EncryptionKey.FromBytes(bytes))
        using (Database database = Open(same))
            Assert.Equal("v", Read(database, "k"));
        bytes[31] ^= 1;
        using EncryptionKey other = EncryptionKey.FromBytes(bytes);
        Assert.Equal(StorageErrorCode.WrongKey, Assert.Throws<StorageException>(() => Open(other)).Code);
        Assert.Throws<ArgumentException>(() => EncryptionKey.FromBytes(new byte[16]));
        Assert.Throws<ArgumentOutOfRangeException>(() => EncryptionKey.FromPassphrase("x", 1000));
    }

    [Fact]
    public void A_new_passphrase_opens_the_same_content_and_the_old_one_no_more()
    {
        using EncryptionKey old = Fast("old");
        using EncryptionKey next = Fast("next");
        using (Database database = Open(old))
        {
            Write(database, 1, "k", "v");
            database.ChangeKey(next);
            Write(database, 2, "l", "w");
            database.Close();
        }

        Assert.Equal(StorageErrorCode.WrongKey, Assert.Throws<StorageException>(() => Open(old)).Code);
        using (Database database = Open(next))
        {
            Assert.Equal("v", Read(database, "k"));
            Assert.Equal("w", Read(database, "l"));
        }

        MemoryStorageProvider plain = new();
        using Database unencrypted = OpenPlain(plain);
        Assert.Equal(StorageErrorCode.NotEncrypted, Assert.Throws<StorageException>(() => unencrypted.ChangeKey(next)).Code);
    }

    [Fact]
    public void After_a_change_of_the_passphrase_the_old_wrapping_is_in_no_file()
    {
        using EncryptionKey old = Fast("old");
        using EncryptionKey next = Fast("next");
        using Database database = Open(old);
        Write(database, 1, "k", "v");
        database.Checkpoints.Run();
        byte[] wrapped = database.Data.Cipher!.Slot.WrappedCurrent;
        Assert.True(Contains(_memory, wrapped));
        database.ChangeKey(next);
        Assert.False(Contains(_memory, wrapped));
        Assert.True(Contains(_memory, database.Data.Cipher!.Slot.WrappedCurrent));
    }

    [Fact]
    public void A_crash_at_any_operation_of_a_change_leaves_the_old_or_the_new_passphrase_in_force()
    {
        using EncryptionKey next = Fast("next");
        int oldOnes = 0, newOnes = 0;
        for (ulong seed = 1; seed <= 60; seed++)
        {
            SimulatedWorld world = new(seed, new SimulatedDisk { Substrate = TestSubstrate.Encrypted });
            Database database = Database.Open(world.Disk.Provider, Name, StorageFileMode.CreateNew, world.Environment, CrashRun_Tiny);
            Write(database, 1, "k", "v");
            world.Disk.CrashAt = world.Disk.Operations + 1 + (long)(seed % 5);
            try
            {
                database.ChangeKey(next);
            }
            catch (Exception e) when (e is SimulatedCrashException or StorageException)
            {
                Assert.NotEmpty(e.Message);
            }

            world.Disk.LosePower(seed);
            world.Disk.CrashAt = 0;
            IStorageProvider inner = ((EncryptedStorageProvider)world.Disk.Provider).Inner;
            try
            {
                using Database opened = Database.Open(world.Disk.Provider, Name, StorageFileMode.Open, new SimulatedWorld(seed, world.Disk).Environment, CrashRun_Tiny);
                Assert.Equal("v", Read(opened, "k"));
                oldOnes++;
            }
            catch (StorageException e) when (e.Code == StorageErrorCode.WrongKey)
            {
                using Database opened = Database.Open(
                    new EncryptedStorageProvider(inner, next), Name, StorageFileMode.Open, new SimulatedWorld(seed, world.Disk).Environment, CrashRun_Tiny);
                Assert.Equal("v", Read(opened, "k"));
                newOnes++;
            }
        }

        Assert.True(oldOnes > 0 && newOnes > 0, $"{oldOnes} old, {newOnes} new");
    }

    [Fact]
    public async Task A_new_data_key_encrypts_everything_anew_while_commits_go_on()
    {
        using EncryptionKey old = Fast("old");
        using EncryptionKey next = Fast("next");
        DatabaseCipher before;
        using (Database database = Open(old))
        {
            Write(database, 1, "k", "v");
            for (int i = 2; i < 400; i++)
                Write(database, i, $"key {i}", new string('x', 200));
            database.Checkpoints.Run();
            before = DatabaseCipher.Open(old, database.Data.Header.DatabaseId, database.Data.Cipher!.Slot, StorageEnvironment.Default.Random, Name);
            int at = 400;
            Task writer = Task.Run(() =>
            {
                for (; at < 450; at++)
                    Write(database, at, $"key {at}", new string('y', 200));
            });
            Assert.True(database.RotateDataKey(next, CancellationToken.None));
            await writer;
            Assert.Equal(-1, database.Data.Cipher!.Slot.Previous);
            database.Close();
        }

        using Database again = Open(next);
        Assert.Equal("v", Read(again, "k"));
        for (int i = 2; i < 450; i++)
            Assert.Equal(200, Read(again, $"key {i}").Length);

        // Who kept the old data key can read no page any more.
        using (before)
        using (IStorageFile file = _memory.Open(Name, StorageFileMode.Open))
        {
            int pages = 0;
            byte[] page = new byte[4096];
            for (long at = 2 * 4096; at + 4096 <= file.Length; at += 4096)
            {
                file.Read(at, page);
                ulong id = BitConverter.ToUInt64(page);
                if (id != (ulong)(at / 4096))
                    continue;
                pages++;
                Assert.Throws<StorageException>(() => before.OpenPage(Name, new PageId(id), page));
            }

            Assert.True(pages > 10);
        }
    }

    [Fact]
    public void A_rotation_that_crashes_anywhere_leaves_everything_readable_and_goes_on_when_called_again()
    {
        for (ulong seed = 1; seed <= 30; seed++)
        {
            SimulatedWorld world = new(seed, new SimulatedDisk { Substrate = TestSubstrate.Encrypted });
            Database database = Database.Open(world.Disk.Provider, Name, StorageFileMode.CreateNew, world.Environment, CrashRun_Tiny);
            Write(database, 1, "k", "v");
            for (int i = 2; i < 30; i++)
                Write(database, i, $"key {i}", new string('x', 100));
            world.Disk.CrashAt = world.Disk.Operations + 1 + (long)(seed * 2);
            try
            {
                database.RotateDataKey(TestSubstrates.Key, CancellationToken.None);
            }
            catch (Exception e) when (e is SimulatedCrashException or StorageException)
            {
                Assert.NotEmpty(e.Message);
            }

            world.Disk.LosePower(seed);
            using Database opened = Database.Open(
                world.Disk.Provider, Name, StorageFileMode.Open, new SimulatedWorld(seed, world.Disk).Environment, CrashRun_Tiny);
            Assert.Equal("v", Read(opened, "k"));
            Assert.True(opened.RotateDataKey(TestSubstrates.Key, CancellationToken.None));
            for (int i = 2; i < 30; i++)
                Assert.Equal(100, Read(opened, $"key {i}").Length);
        }
    }

    [Fact]
    public void A_page_from_elsewhere_or_in_the_clear_is_refused_although_its_checksum_is_right()
    {
        using EncryptionKey key = Fast("k");
        Guid id = Guid.NewGuid();
        using DatabaseCipher cipher = DatabaseCipher.Create(key, id, StorageEnvironment.Default.Random);
        byte[] page = Page(7);
        byte[] plain = (byte[])page.Clone();
        cipher.SealPage(new PageId(7), page);
        byte[] opened = (byte[])page.Clone();
        cipher.OpenPage("f", new PageId(7), opened);
        Assert.Equal(plain[..^4], opened[..^4]);

        byte[] moved = (byte[])page.Clone();
        BitConverter.TryWriteBytes(moved, 8UL);
        PageChecksum.Seal(id, new PageId(8), moved);
        Refused(moved, 8);
        byte[] dated = (byte[])page.Clone();
        dated[PageFormat.LsnOffset] ^= 1;
        PageChecksum.Seal(id, new PageId(7), dated);
        Refused(dated, 7);
        byte[] bent = (byte[])page.Clone();
        bent[100] ^= 1;
        PageChecksum.Seal(id, new PageId(7), bent);
        Refused(bent, 7);
        byte[] clear = (byte[])plain.Clone();
        PageChecksum.Seal(id, new PageId(7), clear);
        Refused(clear, 7);

        void Refused(byte[] bytes, ulong number) => Assert.Equal(
            StorageErrorCode.Corruption, Assert.Throws<StorageException>(() => cipher.OpenPage("f", new PageId(number), bytes)).Code);
    }

    [Fact]
    public void No_nonce_is_used_twice_under_a_subkey_however_often_the_database_is_opened()
    {
        using EncryptionKey key = Fast("k");
        Guid id = Guid.NewGuid();
        DatabaseCipher first = DatabaseCipher.Create(key, id, StorageEnvironment.Default.Random);
        HashSet<string> used = [];
        for (int opening = 0; opening < 5; opening++)
        {
            using DatabaseCipher cipher = DatabaseCipher.Open(key, id, first.Slot, StorageEnvironment.Default.Random, "f");
            for (int i = 0; i < 500; i++)
            {
                byte[] page = Page(7);
                cipher.SealPage(new PageId(7), page);
                Assert.True(used.Add(Convert.ToHexString(page.AsSpan(page.Length - PageFormat.TrailerSize, 12))));
            }
        }

        first.Dispose();
    }

    [Fact]
    public void A_header_changed_by_someone_without_the_key_is_refused()
    {
        using EncryptionKey key = Fast("k");
        Open(key).Close();
        using (IStorageFile file = _memory.Open(Name, StorageFileMode.Open))
        {
            for (int copy = 0; copy < 2; copy++)
            {
                byte[] block = new byte[DatabaseHeader.BlockSize];
                file.Read(copy * DatabaseHeader.BlockSize, block);
                block[112] ^= 1; // when it was made
                BitConverter.TryWriteBytes(block.AsSpan(8), Crc32C.Append(0, block.AsSpan(12, DatabaseHeader.UsedSize - 12)));
                file.Write(copy * DatabaseHeader.BlockSize, block);
            }
        }

        Assert.Equal(StorageErrorCode.Corruption, Assert.Throws<StorageException>(() => Open(key)).Code);
    }

    [Fact]
    public void Temporary_files_are_read_back_as_written_and_are_not_in_the_clear()
    {
        MemoryStorageProvider memory = new();
        TemporaryStorageProvider temporary = new(memory);
        using IStorageFile file = temporary.Open("t.tmp", StorageFileMode.CreateNew);
        SplitMix random = new(5);
        List<byte> model = [];
        while (model.Count < 200_000)
        {
            byte[] piece = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("secret ", random.Next(3000))));
            file.Write(model.Count, piece);
            model.AddRange(piece);
        }

        byte[] all = [.. model];
        for (int i = 0; i < 200; i++)
        {
            int at = random.Next(all.Length);
            byte[] buffer = new byte[random.Next(50_000)];
            int count = file.Read(at, buffer);
            Assert.Equal(Math.Min(buffer.Length, all.Length - at), count);
            Assert.True(all.AsSpan(at, count).SequenceEqual(buffer.AsSpan(0, count)));
        }

        Assert.False(Contains(memory, "secret"));
        using IStorageFile raw = memory.Open("t.tmp", StorageFileMode.Open);
        byte[] one = new byte[1];
        raw.Read(20, one);
        one[0] ^= 4;
        raw.Write(20, one);
        file.Read(100_000, new byte[10]);
        Assert.Equal(StorageErrorCode.Corruption, Assert.Throws<StorageException>(() => file.Read(0, new byte[10])).Code);
    }

    private static DatabaseSettings CrashRun_Tiny => Recovery.CrashRun.Tiny;

    private static DatabaseSettings Tiny => new()
    {
        PageSize = 4096,
        CacheBytes = 256 << 10,
        CheckpointPaceBytes = 64 << 10,
        CheckpointDirtyBytes = 8 << 20,
        Log = new LogSettings { FirstExtentBytes = 64 << 10, LargestExtentBytes = 256 << 10, GroupBytes = 32 << 10 },
        AutomaticCheckpoints = false,
    };

    private static EncryptionKey Fast(string passphrase) => EncryptionKey.Derived(passphrase, 1000);

    private static byte[] Page(ulong id)
    {
        byte[] page = new byte[4096];
        for (int i = 20; i < page.Length - PageFormat.TrailerSize; i++)
            page[i] = (byte)i;
        BitConverter.TryWriteBytes(page, id);
        page[PageFormat.KindOffset] = (byte)PageKind.Leaf;
        return page;
    }

    private Database Open(EncryptionKey key, DatabaseSettings? settings = null) => Database.Open(
        new EncryptedStorageProvider(_memory, key), Name, StorageFileMode.OpenOrCreate, StorageEnvironment.Default, settings ?? Tiny);

    private static Database OpenPlain(IStorageProvider provider) =>
        Database.Open(provider, Name, StorageFileMode.OpenOrCreate, StorageEnvironment.Default, Tiny);

    private static void Write(Database database, int number, string key, string value)
    {
        ListRequest request = new();
        if (number == 1)
            request.Create(Tree.Value);
        database.Pipeline.Commit(request.Put(Tree.Value, Encoding.UTF8.GetBytes(key), Encoding.Unicode.GetBytes(value)), Durability.Full);
    }

    private static string Read(Database database, string key)
    {
        Snapshot snapshot = database.Store.AcquireSnapshot();
        try
        {
            BareMetal.Data.Storage.Trees.PageCursor cursor = database.Store.OpenCursor(Tree, snapshot.Lsn);
            try
            {
                Assert.True(cursor.Seek(Encoding.UTF8.GetBytes(key), SeekMode.Equal));
                return Encoding.Unicode.GetString(cursor.Value);
            }
            finally
            {
                database.Store.ReturnCursor(cursor);
            }
        }
        finally
        {
            database.Store.ReleaseSnapshot(snapshot);
        }
    }

    private void Grep(string[] secrets, List<string> seen)
    {
        seen.AddRange(_memory.List());
        foreach (string secret in secrets)
            Assert.False(Contains(_memory, secret), $"'{secret}' is on storage in the clear");
    }

    private static bool Contains(MemoryStorageProvider provider, string text) =>
        Contains(provider, Encoding.UTF8.GetBytes(text)) || Contains(provider, Encoding.Unicode.GetBytes(text));

    private static bool Contains(MemoryStorageProvider provider, byte[] bytes)
    {
        foreach (string name in provider.List())
        {
            using IStorageFile file = provider.Open(name, StorageFileMode.Open);
            byte[] content = new byte[file.Length];
            file.Read(0, content);
            if (content.AsSpan().IndexOf(bytes) >= 0)
                return true;
        }

        return false;
    }

    private sealed class MemoryPlain : IDisposable
    {
        public MemoryStorageProvider Provider { get; } = new();

        public void Dispose()
        {
        }
    }
}
