using BareMetal.Data.Sessions;
using Xunit;

namespace BareMetal.Data.Tests.Ado;

/// <summary>Checkpoints as a user asks for them and sets them.</summary>
public sealed class CheckpointTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("baremetal-checkpoint").FullName;

    public void Dispose()
    {
        BareMetalConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void The_command_writes_what_is_committed_to_the_data_file_while_transactions_are_open()
    {
        using BareMetalConnection connection = Open(";Analyze Threshold=0");
        Execute(connection, "CREATE TABLE t (id bigint PRIMARY KEY, v text)");
        Execute(connection, "INSERT INTO t SELECT g, 'some text' FROM generate_series(1, 20000) AS g");
        using BareMetalConnection other = Open(";Analyze Threshold=0");
        using BareMetalTransaction open = other.BeginTransaction();
        Execute(other, "INSERT INTO t VALUES (0, 'not yet')");
        Database database = connection.Session.Database;
        long before = database.Engine.Database.Checkpoints.Completed;
        long length = database.Engine.Database.Data.Length;
        Execute(connection, "CHECKPOINT");
        Assert.Equal(before + 1, database.Engine.Database.Checkpoints.Completed);
        Assert.True(database.Engine.Database.Data.Length > length);
        Assert.Equal(database.Engine.VisibleLsn, database.Engine.Database.Data.Header.CheckpointLsn);
        Assert.Equal(0, database.Engine.Database.Store.DirtyBytes);
        open.Commit();
        Assert.True(database.Engine.VisibleLsn > database.Engine.Database.Data.Header.CheckpointLsn);

        // By API, for who has the engine.
        database.Engine.Checkpoint();
        Assert.Equal(before + 2, database.Engine.Database.Checkpoints.Completed);
    }

    [Fact]
    public void The_connection_string_says_when_and_how_fast()
    {
        using BareMetalConnection connection = Open(";Checkpoint Size=3MB;Checkpoint Rate=20MB");
        Storage.StorageOptions options = connection.Session.Database.Engine.Options;
        Assert.Equal(3 << 20, options.CheckpointLogBytes);
        Assert.Equal(20 << 20, options.CheckpointBytesPerSecond);
        Assert.Contains("Checkpoint Size", Assert.Throws<ArgumentException>(() => Open(";Checkpoint Size=1")).Message);
    }

    private static void Execute(BareMetalConnection connection, string text)
    {
        using BareMetalCommand command = connection.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }

    private BareMetalConnection Open(string options)
    {
        BareMetalConnection connection = new($"Data Source={Path.Combine(_folder, "c.bmdb")}{options}");
        connection.Open();
        return connection;
    }
}
