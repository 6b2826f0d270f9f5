using System.Text;
using Xunit;

namespace BareMetal.Data.Storage.Tests.Recovery;

/// <summary>A database opened only for reading: nothing is written, several read at a time, no writer beside them, no recovery.</summary>
public sealed class ReadOnlyTests : IDisposable
{
    private const string Name = "r.bmdb";
    private readonly string _folder = Directory.CreateTempSubdirectory("baremetal-readonly").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_cleanly_closed_database_is_read_through_a_substrate_that_refuses_every_change()
    {
        TreeId tree = Make(rows: 5000, clean: true);
        string before = Files();
        StillStorage still = new(new LocalStorageProvider(_folder));
        using (StorageEngine engine = StorageEngine.Open(new StorageOptions { Provider = still, Name = Name, ReadOnly = true, CacheBytes = 1 << 20 }))
        {
            Assert.Contains("closed cleanly", engine.OpenReport);
            Assert.Equal(5000, Count(engine, tree));
            engine.Checkpoint();
            Assert.Equal(StorageErrorCode.ReadOnly, Assert.Throws<StorageException>(() => engine.ReserveSequence(7, 1)).Code);
            using StorageTransaction transaction = engine.Begin();
            Assert.True(transaction.IsReadOnly);
            Assert.Equal(StorageErrorCode.ReadOnly, Assert.Throws<StorageException>(() => transaction.Put(tree, "k"u8, "v"u8)).Code);
            Assert.Equal(StorageErrorCode.ReadOnly, Assert.Throws<StorageException>(() => transaction.CreateTree()).Code);
        }

        Assert.Equal(before, Files());

        // It is as it was for those who write.
        using StorageEngine writer = Open(readOnly: false);
        Assert.Contains("closed cleanly", writer.OpenReport);
        Assert.Equal(5000, Count(writer, tree));
    }

    [Fact]
    public void A_database_that_was_not_closed_cleanly_is_refused_and_left_alone_until_it_was_opened_for_writing()
    {
        TreeId tree = Make(rows: 300, clean: false);
        string before = Files();
        StorageException e = Assert.Throws<StorageException>(() => Open(readOnly: true));
        Assert.Equal(StorageErrorCode.NeedsRecovery, e.Code);
        Assert.Contains("for writing", e.Message);
        Assert.Equal(before, Files());
        using (StorageEngine writer = Open(readOnly: false))
            Assert.Equal(300, Count(writer, tree));
        using StorageEngine reader = Open(readOnly: true);
        Assert.Equal(300, Count(reader, tree));
    }

    [Fact]
    public void A_crash_in_a_later_use_is_seen_though_the_header_still_says_clean()
    {
        TreeId tree = Make(rows: 10, clean: true);
        string copy = Directory.CreateTempSubdirectory("baremetal-readonly").FullName;
        try
        {
            using (StorageEngine writer = Open(readOnly: false))
            {
                Write(writer, tree, 10, 20);
                Copy(_folder, copy);
            }

            StorageException e = Assert.Throws<StorageException>(
                () => StorageEngine.Open(new StorageOptions { Provider = new LocalStorageProvider(copy), Name = Name, ReadOnly = true }));
            Assert.Equal(StorageErrorCode.NeedsRecovery, e.Code);
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    [Fact]
    public void Readers_share_the_database_and_exclude_a_writer_and_a_writer_excludes_them()
    {
        TreeId tree = Make(rows: 10, clean: true);
        using (StorageEngine first = Open(readOnly: true))
        using (StorageEngine second = Open(readOnly: true))
        {
            Assert.Equal(Count(first, tree), Count(second, tree));
            Assert.Equal(StorageErrorCode.Locked, Assert.Throws<StorageException>(() => Open(readOnly: false)).Code);
            first.Dispose();
            Assert.Equal(StorageErrorCode.Locked, Assert.Throws<StorageException>(() => Open(readOnly: false)).Code);
        }

        using StorageEngine writer = Open(readOnly: false);
        Assert.Equal(StorageErrorCode.Locked, Assert.Throws<StorageException>(() => Open(readOnly: true)).Code);
    }

    [Fact]
    public void A_database_that_does_not_exist_is_not_made()
    {
        StorageException e = Assert.Throws<StorageException>(
            () => StorageEngine.Open(new StorageOptions { Provider = new LocalStorageProvider(_folder), Name = Name, ReadOnly = true }));
        Assert.Equal(StorageErrorCode.DoesNotExist, e.Code);
        Assert.Empty(Directory.GetFiles(_folder));
    }

    private StorageEngine Open(bool readOnly) =>
        StorageEngine.Open(new StorageOptions { Provider = new LocalStorageProvider(_folder), Name = Name, ReadOnly = readOnly });

    private TreeId Make(int rows, bool clean)
    {
        string folder = clean ? _folder : Directory.CreateTempSubdirectory("baremetal-readonly").FullName;
        StorageEngine engine = StorageEngine.Open(new StorageOptions { Provider = new LocalStorageProvider(folder), Name = Name });
        TreeId tree;
        using (StorageTransaction transaction = engine.Begin())
        {
            tree = transaction.CreateTree();
            transaction.Commit();
        }

        Write(engine, tree, 0, rows);
        if (!clean)
            Copy(folder, _folder); // the files as a killed process leaves them
        engine.Dispose();
        if (!clean)
            Directory.Delete(folder, recursive: true);
        return tree;
    }

    private static void Write(StorageEngine engine, TreeId tree, int from, int to)
    {
        using StorageTransaction transaction = engine.Begin();
        transaction.BeginStatement();
        for (int i = from; i < to; i++)
            transaction.Put(tree, Encoding.ASCII.GetBytes($"key {i:D8}"), new byte[300]);
        transaction.Commit();
    }

    private static int Count(StorageEngine engine, TreeId tree)
    {
        using StorageTransaction transaction = engine.Begin(readOnly: true);
        transaction.BeginStatement();
        using TreeCursor cursor = transaction.OpenCursor(tree);
        int count = 0;
        for (bool found = cursor.Seek([], SeekMode.GreaterOrEqual); found; found = cursor.MoveNext())
            count++;
        return count;
    }

    private static void Copy(string from, string to)
    {
        foreach (string file in Directory.GetFiles(from))
        {
            if (!file.EndsWith("-lock", StringComparison.Ordinal))
                File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }

    private string Files()
    {
        StringBuilder text = new();
        foreach (string file in Directory.GetFiles(_folder).Order(StringComparer.Ordinal))
        {
            if (file.EndsWith("-lock", StringComparison.Ordinal))
                continue; // not of the database: it is made where it is missing
            text.AppendLine(
                $"{Path.GetFileName(file)} {File.GetLastWriteTimeUtc(file).Ticks} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(file)))}");
        }

        return text.ToString();
    }

    /// <summary>Lets nothing be changed.</summary>
    private sealed class StillStorage(IStorageProvider inner) : IStorageProvider
    {
        public string Location => inner.Location;

        public IStorageFile Open(string name, StorageFileMode mode, bool readOnly = false) =>
            readOnly && mode == StorageFileMode.Open ? new StillFile(inner.Open(name, mode, readOnly)) : throw Change($"{name} is opened for writing");

        public bool Exists(string name) => inner.Exists(name);

        public IReadOnlyList<string> List() => inner.List();

        public void Delete(string name) => throw Change($"{name} is deleted");

        public void Rename(string name, string newName) => throw Change($"{name} is renamed");

        public void FlushDirectory() => throw Change("the folder is flushed");

        public IDisposable AcquireOwnerLock(string name, TimeSpan timeout) => throw Change("the owner lock is taken");

        public IDisposable AcquireSharedLock(string name, TimeSpan timeout) => inner.AcquireSharedLock(name, timeout);

        private static InvalidOperationException Change(string what) => new($"Only reading was asked for, but {what}.");

        private sealed class StillFile(IStorageFile inner) : IStorageFile
        {
            public string Name => inner.Name;

            public long Length => inner.Length;

            public int Read(long offset, Span<byte> buffer) => inner.Read(offset, buffer);

            public ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken = default) =>
                inner.ReadAsync(offset, buffer, cancellationToken);

            public void Write(long offset, ReadOnlySpan<byte> buffer) => throw Change($"{Name} is written");

            public void SetLength(long length) => throw Change($"{Name} is resized");

            public void Flush() => throw Change($"{Name} is flushed");

            public void Dispose() => inner.Dispose();
        }
    }
}
