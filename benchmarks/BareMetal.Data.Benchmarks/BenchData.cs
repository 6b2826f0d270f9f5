using System.Data.Common;
using BareMetal.Data.Benchmarks.Peers;
using Microsoft.EntityFrameworkCore;

namespace BareMetal.Data.Benchmarks;

/// <summary>Fills a peer with the same rows, from a fixed seed.</summary>
public static class BenchData
{
    /// <summary>Customers that exist.</summary>
    public const int Customers = 10_000;

    /// <summary>Creates and fills the database.</summary>
    /// <param name="peer">The database.</param>
    /// <param name="orders">How many orders.</param>
    public static void Fill(Peer peer, int orders)
    {
        using BenchContext context = new(peer);
        context.Database.EnsureCreated();
        using DbConnection connection = peer.Connect();
        connection.Open();
        Random random = new(42);
        using (DbTransaction transaction = connection.BeginTransaction())
        {
            Insert(connection, transaction, "Customers", ["Id", "Name", "City"], Customers, i => [i, $"Customer {i}", $"City {random.Next(500)}"]);
            transaction.Commit();
        }

        const int Chunk = 100_000;
        for (int done = 0; done < orders; done += Chunk)
        {
            int first = done;
            using DbTransaction transaction = connection.BeginTransaction();
            Insert(
                connection,
                transaction,
                "Orders",
                ["Id", "CustomerId", "PlacedAt", "Total", "Quantity", "Weight", "Paid", "Token", "Reference", "Note"],
                Math.Min(Chunk, orders - done),
                i => [first + i, random.Next(1, Customers + 1), new DateTime(2020, 1, 1).AddMinutes(first + i), random.Next(100, 100_000) / 100m, random.Next(1, 100), random.NextDouble() * 10, random.Next(2) == 0, Guid.NewGuid(), $"REF-{first + i:0000000}", random.Next(3) == 0 ? DBNull.Value : "as agreed"]);
            transaction.Commit();
        }
    }

    private static void Insert(DbConnection connection, DbTransaction transaction, string table, string[] columns, int count, Func<int, object[]> row)
    {
        using DbCommand command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = $"INSERT INTO \"{table}\" ({string.Join(", ", columns.Select(c => $"\"{c}\""))}) VALUES ({string.Join(", ", columns.Select((_, i) => $"@p{i}"))})";
        for (int i = 0; i < columns.Length; i++)
        {
            DbParameter parameter = command.CreateParameter();
            parameter.ParameterName = $"@p{i}";
            command.Parameters.Add(parameter);
        }

        for (int r = 1; r <= count; r++)
        {
            object[] values = row(r);
            for (int i = 0; i < values.Length; i++)
                command.Parameters[i].Value = values[i];
            command.ExecuteNonQuery();
        }
    }
}
