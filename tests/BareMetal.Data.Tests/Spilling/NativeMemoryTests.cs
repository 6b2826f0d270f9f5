using BareMetal.Data.Storage.Pages;
using Xunit;

namespace BareMetal.Data.Tests.Spilling;

/// <summary>Closing a database gives back its unmanaged memory then and there, without the collector. Runs alone: the memory is the whole process's.</summary>
[Collection(nameof(LiveMemoryTests))]
public sealed class NativeMemoryTests
{
    [Fact]
    public void A_database_in_memory_gives_back_its_unmanaged_memory_when_its_data_source_goes() => AssertFreed(_ =>
    {
        using BareMetalDataSource source = BareMetalDataSource.Create("Data Source=:memory:");
        using BareMetalConnection connection = source.OpenConnection();
        Fill(connection);
    });

    [Fact]
    public void A_reader_and_a_transaction_that_were_left_open_do_not_keep_it() => AssertFreed(_ =>
    {
        using BareMetalDataSource source = BareMetalDataSource.Create("Data Source=:memory:");
        using BareMetalConnection connection = source.OpenConnection();
        Fill(connection);
        connection.BeginTransaction();
        BareMetalCommand command = connection.CreateCommand();
        command.CommandText = "UPDATE t SET s = s || 'y' WHERE id < 500; SELECT * FROM t ORDER BY id";
        Assert.True(command.ExecuteReader().Read());
    });

    [Fact]
    public void A_database_in_files_gives_it_back_too()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("native");
        try
        {
            AssertFreed(round =>
            {
                using BareMetalDataSource source = BareMetalDataSource.Create($"Data Source={Path.Combine(folder.FullName, $"d{round}.bmdb")}");
                using BareMetalConnection connection = source.OpenConnection();
                Fill(connection);
            });
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Fill(BareMetalConnection connection)
    {
        using BareMetalCommand command = connection.CreateCommand();
        command.CommandText = "CREATE TABLE t (id int PRIMARY KEY, s text); INSERT INTO t SELECT g, repeat('x', 100) FROM generate_series(1, 2000) AS x(g); CREATE INDEX t_s ON t (s)";
        command.ExecuteNonQuery();
    }

    private static void AssertFreed(Action<int> openAndClose)
    {
        openAndClose(0);

        // What earlier tests left to the collector is not to go while this one counts.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long before = PageMemory.HeldBytes;
        const int rounds = 12;
        for (int i = 1; i <= rounds; i++)
            openAndClose(i);
        long held = PageMemory.HeldBytes - before;
        Assert.True(held <= 0, $"{rounds} databases were opened and closed, and {held} bytes of unmanaged memory are still held");
    }
}
