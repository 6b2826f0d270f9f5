using System.Text;
using BareMetal.Data.Storage;
using Xunit;

namespace BareMetal.Data.Tests.Ado;

public sealed class EncryptedAndMirroredTests : IDisposable
{
    private const string RawKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    private readonly string _folder = Directory.CreateTempSubdirectory("baremetal-").FullName;

    private string File => Path.Combine(_folder, "a.bmdb");

    public void Dispose()
    {
        BareMetalConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_passphrase_opens_the_database_and_everything_else_is_refused()
    {
        Run($"Data Source={File};Password=open sesame", "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'x')");
        Assert.Equal("x", Run($"Data Source={File};Password=open sesame", "SELECT v FROM t"));
        Assert.Equal("28P01", Fails($"Data Source={File};Password=open barley"));
        Assert.Equal("28P01", Fails($"Data Source={File};Encryption Key={RawKey}"));
        Assert.Equal("28000", Fails($"Data Source={File}"));

        // Who joins an engine that is open needs the passphrase as much.
        using BareMetalDataSource source = BareMetalDataSource.Create($"Data Source={File};Password=open sesame");
        using (source.OpenConnection())
        {
            Assert.Equal("28P01", Fails($"Data Source={File};Password=open barley"));
            Assert.Equal("28000", Fails($"Data Source={File}"));
        }

        string plain = Path.Combine(_folder, "b.bmdb");
        Run($"Data Source={plain}", "CREATE TABLE t (id int PRIMARY KEY)");
        Assert.Equal("28000", Fails($"Data Source={plain};Password=x"));
    }

    [Fact]
    public void Nothing_that_was_written_can_be_found_in_the_files()
    {
        string text = $"Data Source={File};Encryption Key={RawKey};Work Memory=64KB;Pooling=false";
        using (BareMetalDataSource source = BareMetalDataSource.Create(text))
        using (BareMetalConnection connection = source.OpenConnection())
        {
            Run(connection, "CREATE TABLE geheimtabelle (id int PRIMARY KEY, geheimspalte text)");
            Run(connection, "CREATE INDEX geheimindex ON geheimtabelle (geheimspalte)");
            Run(connection, "INSERT INTO geheimtabelle SELECT g, 'geheimwert ' || repeat('geheimfuellung', 10) || g FROM generate_series(1, 3000) AS g");
            Run(connection, "CREATE TABLE geheimlang (id int PRIMARY KEY, v text); INSERT INTO geheimlang VALUES (0, repeat('geheimlang', 20000))");
            Grep("geheim");
            using BareMetalCommand sort = new("SELECT geheimspalte FROM geheimtabelle ORDER BY geheimspalte || 'x', id", connection);
            using (BareMetalDataReader reader = sort.ExecuteReader())
            {
                Assert.True(reader.Read());
                Assert.Contains(Directory.GetFiles(_folder), f => f.Contains("-spill-q-", StringComparison.Ordinal) && new FileInfo(f).Length > 0);
                Grep("geheim");
            }

            Run(connection, "CHECKPOINT");
            Run(connection, "UPDATE geheimtabelle SET geheimspalte = geheimspalte || 'y' WHERE id < 100");
            Run(connection, "CHECKPOINT");
            Grep("geheim");
        }

        Grep("geheim");
    }

    [Fact]
    public void The_passphrase_is_not_told_once_a_connection_was_opened_unless_that_is_wanted()
    {
        string text = $"Data Source={File};Password=open sesame";
        using BareMetalConnection connection = new(text);
        Assert.Contains("sesame", connection.ConnectionString, StringComparison.Ordinal);
        connection.Open();
        Assert.DoesNotContain("sesame", connection.ConnectionString, StringComparison.Ordinal);
        Assert.Contains(File, connection.ConnectionString, StringComparison.Ordinal);
        connection.Close();
        Assert.DoesNotContain("sesame", connection.ConnectionString, StringComparison.Ordinal);
        connection.Open(); // it still knows it

        using BareMetalDataSource source = BareMetalDataSource.Create(text);
        Assert.DoesNotContain("sesame", source.ConnectionString, StringComparison.Ordinal);
        using BareMetalConnection other = source.OpenConnection();
        Assert.DoesNotContain("sesame", other.ConnectionString, StringComparison.Ordinal);
        using BareMetalConnection told = new(text + ";Persist Security Info=true");
        told.Open();
        Assert.Contains("sesame", told.ConnectionString, StringComparison.Ordinal);
    }

    [Fact]
    public void A_changed_passphrase_counts_from_then_on()
    {
        using (BareMetalDataSource source = BareMetalDataSource.Create($"Data Source={File};Password=old"))
        {
            using BareMetalConnection connection = source.OpenConnection();
            Run(connection, "CREATE TABLE t (v int)");
            using EncryptionKey next = EncryptionKey.FromPassphrase("new");
            source.ChangeEncryptionKey(next);
            Run(connection, "INSERT INTO t VALUES (1)");
            Assert.Equal(1, Run($"Data Source={File};Password=new", "SELECT v FROM t"));
            Assert.Equal("28P01", Fails($"Data Source={File};Password=old"));
            BareMetalConnection.ClearAllPools();
        }

        BareMetalConnection.ClearAllPools();
        Assert.Equal("28P01", Fails($"Data Source={File};Password=old"));
        Assert.Equal(1, Run($"Data Source={File};Password=new", "SELECT v FROM t"));
    }

    [Fact]
    public async Task Everything_is_encrypted_anew_while_connections_go_on()
    {
        await using (BareMetalDataSource source = BareMetalDataSource.Create($"Data Source={File};Password=old"))
        {
            await using BareMetalConnection connection = await source.OpenConnectionAsync();
            Run(connection, "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT g, repeat('x', 100) FROM generate_series(1, 2000) AS g");
            using EncryptionKey next = EncryptionKey.FromPassphrase("new");
            Assert.True(await source.ReencryptAsync(next));
            Run(connection, "INSERT INTO t VALUES (0, 'after')");
        }

        BareMetalConnection.ClearAllPools();
        Assert.Equal("28P01", Fails($"Data Source={File};Password=old"));
        Assert.Equal(2001L, Run($"Data Source={File};Password=new", "SELECT count(*) FROM t"));
    }

    [Fact]
    public void Keys_that_are_none_and_settings_that_contradict_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new BareMetalConnectionStringBuilder("Encryption Key=abc"));
        Assert.Throws<ArgumentException>(() => BareMetalDataSource.Create($"Data Source={File};Password=a;Encryption Key={RawKey}"));
        Assert.Throws<ArgumentException>(() => BareMetalDataSource.Create("Data Source=:memory:;Mirror Paths=/x"));
        ArgumentException e = Assert.Throws<ArgumentException>(() => new BareMetalConnectionStringBuilder("Encryption Key=notakeyatall"));
        Assert.DoesNotContain("notakeyatall", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mirrored_database_loses_a_folder_and_gets_it_back()
    {
        string other = Path.Combine(_folder, "other");
        string text = $"Data Source={File};Mirror Paths={other};Password=p;Mirror Rebuild=false";
        Run(text, "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
        BareMetalConnection.ClearAllPools();
        Assert.Equal(new FileInfo(File).Length, new FileInfo(Path.Combine(other, "a.bmdb")).Length);

        // The folder is lost while the database is closed: that needs a word.
        Directory.Delete(other, recursive: true);
        Assert.Equal("58030", Fails(text));
        using (BareMetalDataSource source = BareMetalDataSource.Create(text + ";Mirror Degraded=true"))
        {
            using BareMetalConnection connection = source.OpenConnection();
            Run(connection, "INSERT INTO t VALUES (2)");
            Assert.Equal(MirrorSideState.Out, source.GetMirrorStatus()!.Sides[1].State);
            await source.RebuildMirrorAsync(1);
            Run(connection, "INSERT INTO t VALUES (3)");
            Assert.True(source.GetMirrorStatus()!.IsWhole);
        }

        BareMetalConnection.ClearAllPools();
        Directory.Move(other, other + "2");
        foreach (string file in Directory.GetFiles(_folder))
            System.IO.File.Delete(file);
        Assert.Equal(3L, Run($"Data Source={Path.Combine(other + "2", "a.bmdb")};Password=p", "SELECT count(*) FROM t"));
    }

    [Fact]
    public void A_folder_that_is_out_of_date_is_rebuilt_after_opening()
    {
        string other = Path.Combine(_folder, "other");
        Run($"Data Source={File}", "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
        BareMetalConnection.ClearAllPools();
        using (BareMetalDataSource source = BareMetalDataSource.Create($"Data Source={File};Mirror Paths={other}"))
        {
            using BareMetalConnection connection = source.OpenConnection();
            Assert.True(SpinWait.SpinUntil(() => source.GetMirrorStatus()!.IsWhole, TimeSpan.FromSeconds(60)), source.GetMirrorStatus()!.ToString());
            Run(connection, "INSERT INTO t VALUES (2)");
        }

        BareMetalConnection.ClearAllPools();
        Assert.Equal(2L, Run($"Data Source={Path.Combine(other, "a.bmdb")}", "SELECT count(*) FROM t"));
    }

    private static object? Run(string connectionString, string sql)
    {
        using BareMetalConnection connection = new(connectionString);
        connection.Open();
        return Run(connection, sql);
    }

    private static object? Run(BareMetalConnection connection, string sql)
    {
        using BareMetalCommand command = new(sql, connection);
        return command.ExecuteScalar();
    }

    private static string? Fails(string connectionString)
    {
        using BareMetalConnection connection = new(connectionString);
        return Assert.Throws<BareMetalException>(connection.Open).SqlState;
    }

    private void Grep(string secret)
    {
        foreach (string file in Directory.GetFiles(_folder))
        {
            if (file.EndsWith("-lock", StringComparison.Ordinal))
                continue; // names the process, nothing of the database
            using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            byte[] bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            Assert.True(bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(secret)) < 0, $"{file} holds '{secret}' in the clear");
            Assert.True(bytes.AsSpan().IndexOf(Encoding.Unicode.GetBytes(secret)) < 0, $"{file} holds '{secret}' in the clear (UTF-16)");
        }
    }
}
