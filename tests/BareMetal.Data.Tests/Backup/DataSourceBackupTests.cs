using BareMetal.Data.Storage;
using Xunit;

namespace BareMetal.Data.Tests.Backup;

/// <summary>Backups as a user of a data source takes and restores them, on local files.</summary>
public sealed class DataSourceBackupTests : IDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"baremetal-backup-{Guid.NewGuid():N}");

    private string Backups => Path.Combine(_folder, "backups");

    private string Archive => Path.Combine(_folder, "archive");

    public DataSourceBackupTests() => Directory.CreateDirectory(_folder);

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_backup_taken_under_concurrent_writers_and_ddl_is_one_consistent_state()
    {
        using BareMetalDataSource source = BareMetalDataSource.Create($"Data Source={PathOf("bank.bmdb")};Cache Size=2097152");
        Run(source, "CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL, note text)");
        Run(source, "CREATE TABLE transfer (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, amount int NOT NULL)");
        Run(source, "CREATE INDEX transfer_amount ON transfer (amount)");
        Run(source, "INSERT INTO account SELECT i, 100, repeat('x', 500) FROM generate_series(1, 200) AS g(i)");
        using CancellationTokenSource stop = new();
        Task[] writers = [.. Enumerable.Range(0, 3).Select(w => Task.Run(() => Transfer(source, w, stop.Token))), Task.Run(() => Define(source, stop.Token))];
        List<BackupInfo> backups = [];
        for (int i = 0; i < 5; i++)
        {
            backups.Add(await source.BackupAsync(Backups, incremental: i > 0));
            Run(source, "CHECKPOINT");
        }

        stop.Cancel();
        await Task.WhenAll(writers);
        foreach (BackupInfo backup in backups)
        {
            string path = PathOf($"restored{backup.Number}.bmdb");
            RestoreResult result = StorageBackup.Restore(new RestoreOptions
            {
                Source = new LocalStorageProvider(Backups),
                Set = "bank.bmdb",
                Backup = backup.Number,
                Target = new LocalStorageProvider(_folder),
                Name = Path.GetFileName(path),
            });
            Assert.Equal(backup.Number, result.Backups[^1]);
            using BareMetalDataSource restored = BareMetalDataSource.Create($"Data Source={path}");
            Assert.Equal(20_000L, Convert.ToInt64(Scalar(restored, "SELECT sum(balance) FROM account")));
            Assert.Equal(Scalar(restored, "SELECT count(*) FROM transfer"), Scalar(restored, "SELECT count(*) FROM transfer WHERE amount >= 0"));
            await foreach (BareMetalIntegrityProblem problem in restored.CheckIntegrityAsync())
                Assert.Fail($"{problem}");

            // Life goes on: identities are not given twice.
            Run(restored, "INSERT INTO transfer (amount) VALUES (1)");
        }

        Assert.True((await BareMetalBackup.VerifyAsync(Backups, restore: true)).IsValid);
        Assert.True(backups[1].Pages < backups[0].Pages || backups[0].Pages < 50);
    }

    [Fact]
    public async Task Any_moment_of_an_archived_database_comes_back()
    {
        List<BareMetalLogMessage> log = [];
        using (BareMetalDataSource source = new BareMetalDataSourceBuilder($"Data Source={PathOf("shop.bmdb")}")
            .UseLogArchive(new LogArchiveOptions { Target = new LocalStorageProvider(Archive) }).UseLogger(log.Add).Build())
        {
            Run(source, "CREATE TABLE item (id int PRIMARY KEY, name text)");
            await source.BackupAsync(Backups);
            Run(source, "INSERT INTO item VALUES (1, 'one')");
            await Task.Delay(30);
            DateTimeOffset before = DateTimeOffset.UtcNow;
            await Task.Delay(30);
            Run(source, "DELETE FROM item");
            LogArchiveStatus status = await source.ArchiveLogAsync();
            Assert.True(status.Files > 0 && status.Failure is null);
            await BareMetalBackup.RestoreAsync(Backups, PathOf("then.bmdb"), before, Archive);
            using BareMetalDataSource then = BareMetalDataSource.Create($"Data Source={PathOf("then.bmdb")}");
            Assert.Equal("one", Scalar(then, "SELECT name FROM item"));
            Run(source, "INSERT INTO item VALUES (2, 'two')");
        }

        // Closing archived the rest; opening goes on.
        await BareMetalBackup.RestoreAsync(Backups, PathOf("all.bmdb"), archiveFolder: Archive);
        using (BareMetalDataSource all = BareMetalDataSource.Create($"Data Source={PathOf("all.bmdb")}"))
            Assert.Equal("two", Scalar(all, "SELECT name FROM item"));
        Assert.True((await BareMetalBackup.VerifyAsync(Backups, archiveFolder: Archive)).IsValid);
        Assert.DoesNotContain(log, m => m.Level >= BareMetalLogLevel.Warning);
    }

    [Fact]
    public async Task Sql_takes_backups()
    {
        using BareMetalDataSource source = BareMetalDataSource.Create($"Data Source={PathOf("sql.bmdb")}");
        Run(source, "CREATE TABLE t (a int)");
        using (BareMetalConnection connection = source.CreateConnection())
        {
            List<string> notices = [];
            connection.Notice += (_, e) => notices.Add(e.Text);
            connection.Open();
            Run(connection, $"BACKUP DATABASE TO '{Backups}'");
            Run(connection, "INSERT INTO t VALUES (1)");
            Run(connection, $"backup database to '{Backups}' incremental");
            Assert.Equal(2, notices.Count);
            Assert.Contains("full", notices[0]);
            Assert.Contains("incremental to 1", notices[1]);
            using BareMetalTransaction transaction = connection.BeginTransaction();
            Assert.Equal(SqlStates.ActiveTransaction, Assert.Throws<BareMetalException>(() => Run(connection, $"BACKUP DATABASE TO '{Backups}'")).SqlState);
        }

        Assert.Equal([1L, 2L], BareMetalBackup.List(Backups).Select(b => b.Number));
        await BareMetalBackup.RestoreAsync(Backups, PathOf("sql2.bmdb"));
        using BareMetalDataSource restored = BareMetalDataSource.Create($"Data Source={PathOf("sql2.bmdb")}");
        Assert.Equal(1, Scalar(restored, "SELECT a FROM t"));
    }

    [Fact]
    public async Task Deleting_a_database_leaves_the_backups_beside_it()
    {
        using (BareMetalDataSource source = new BareMetalDataSourceBuilder($"Data Source={PathOf("gone.bmdb")}")
            .UseLogArchive(new LogArchiveOptions { Target = new LocalStorageProvider(_folder) }).Build())
        {
            Run(source, "CREATE TABLE t (a int)");
            await source.BackupAsync(_folder);
            Run(source, "INSERT INTO t VALUES (7)");
            await source.ArchiveLogAsync();
            Assert.True(source.DeleteDatabase());
        }

        Assert.False(File.Exists(PathOf("gone.bmdb")));
        await BareMetalBackup.RestoreAsync(_folder, PathOf("gone.bmdb"), archiveFolder: _folder);
        using BareMetalDataSource again = BareMetalDataSource.Create($"Data Source={PathOf("gone.bmdb")}");
        Assert.Equal(7, Scalar(again, "SELECT a FROM t"));
    }

    [Fact]
    public async Task Errors_say_what_is_missing()
    {
        using BareMetalDataSource source = BareMetalDataSource.Create($"Data Source={PathOf("e.bmdb")}");
        Assert.Equal(SqlStates.DatabaseDoesNotExist, (await Assert.ThrowsAsync<BareMetalException>(() => source.BackupAsync(Backups))).SqlState);
        Run(source, "CREATE TABLE t (a int)");
        Assert.Equal(SqlStates.UndefinedFile, (await Assert.ThrowsAsync<BareMetalException>(() => source.BackupAsync(Backups, incremental: true))).SqlState);
        Assert.Equal(SqlStates.UndefinedFile, Assert.Throws<BareMetalException>(() => BareMetalBackup.List(Path.Combine(_folder, "nowhere"))).SqlState);
        await source.BackupAsync(Backups);
        Assert.Equal(SqlStates.DuplicateDatabase, (await Assert.ThrowsAsync<BareMetalException>(() => BareMetalBackup.RestoreAsync(Backups, PathOf("e.bmdb")))).SqlState);
        Assert.Equal(
            SqlStates.UndefinedFile,
            (await Assert.ThrowsAsync<BareMetalException>(() => BareMetalBackup.RestoreAsync(Backups, PathOf("f.bmdb"), DateTimeOffset.UtcNow.AddDays(1)))).SqlState);
        using CancellationTokenSource cancelled = new();
        cancelled.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => source.BackupAsync(Backups, cancellationToken: cancelled.Token));
        Assert.Single(BareMetalBackup.List(Backups));
        Assert.False(File.Exists(PathOf("f.bmdb")));
    }

    [Fact]
    public async Task A_backup_with_a_budget_tells_its_progress()
    {
        using BareMetalDataSource source = BareMetalDataSource.Create($"Data Source={PathOf("slow.bmdb")}");
        Run(source, "CREATE TABLE t (a int PRIMARY KEY, b text)");
        Run(source, "INSERT INTO t SELECT i, repeat('y', 900) FROM generate_series(1, 2000) AS g(i)");
        List<BackupProgress> progress = [];
        BackupOptions options = new() { Target = new LocalStorageProvider(Backups), Progress = new Told(progress), BytesPerSecond = 8 << 20 };
        await source.BackupAsync(options);
        Assert.True(progress.Count > 1 && progress[^1].PagesDone == progress[^1].PagesTotal);
        Assert.True(progress.Zip(progress.Skip(1)).All(p => p.First.BytesDone <= p.Second.BytesDone));
    }

    private static void Transfer(BareMetalDataSource source, int writer, CancellationToken stop)
    {
        Random random = new(writer);
        while (!stop.IsCancellationRequested)
        {
            using BareMetalConnection connection = source.OpenConnection();
            using BareMetalTransaction transaction = connection.BeginTransaction();
            int from = random.Next(1, 101), to = random.Next(101, 201), amount = random.Next(10);
            Run(connection, $"UPDATE account SET balance = balance - {amount} WHERE id = {from}");
            Run(connection, $"UPDATE account SET balance = balance + {amount}, note = repeat('z', {random.Next(3000)}) WHERE id = {to}");
            Run(connection, $"INSERT INTO transfer (amount) VALUES ({amount})");
            transaction.Commit();
        }
    }

    private static void Define(BareMetalDataSource source, CancellationToken stop)
    {
        for (int i = 0; !stop.IsCancellationRequested; i++)
        {
            Run(source, $"CREATE TABLE extra{i} (a int PRIMARY KEY, b text)");
            Run(source, $"INSERT INTO extra{i} SELECT i, 'v' FROM generate_series(1, 50) AS g(i)");
            Run(source, $"CREATE INDEX extra{i}_b ON extra{i} (b)");
            if (i % 2 == 0)
                Run(source, $"DROP TABLE extra{i}");
            Thread.Sleep(5);
        }
    }

    private string PathOf(string name) => Path.Combine(_folder, name);

    private static void Run(BareMetalDataSource source, string sql)
    {
        using BareMetalConnection connection = source.OpenConnection();
        Run(connection, sql);
    }

    private static void Run(BareMetalConnection connection, string sql)
    {
        using BareMetalCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static object? Scalar(BareMetalDataSource source, string sql)
    {
        using BareMetalConnection connection = source.OpenConnection();
        using BareMetalCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    private sealed class Told(List<BackupProgress> list) : IProgress<BackupProgress>
    {
        public void Report(BackupProgress value) => list.Add(value);
    }
}
