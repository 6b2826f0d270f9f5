using System.Data.Common;
using BareMetal.Data.Benchmarks.Peers;

namespace BareMetal.Data.Benchmarks.Paths;

/// <summary>Paths through ADO.NET alone.</summary>
public abstract class AdoPath(string name, string unit, double bar) : BenchPath(name, unit, bar)
{
    /// <summary>The open connection.</summary>
    protected DbConnection Connection { get; private set; } = null!;

    /// <summary>The prepared command.</summary>
    protected DbCommand Command { get; private set; } = null!;

    /// <summary>Its text.</summary>
    protected abstract string Text { get; }

    /// <summary>Rows in the table.</summary>
    protected int Orders { get; private set; }

    /// <inheritdoc/>
    public override void Prepare(Peer peer, int orders)
    {
        Orders = orders;
        Connection = peer.Connect();
        Connection.Open();
        Command = Connection.CreateCommand();
        Command.CommandText = Text;
        DbParameter parameter = Command.CreateParameter();
        parameter.ParameterName = "@id";
        parameter.Value = 1;
        Command.Parameters.Add(parameter);
        Command.Prepare();
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        Command?.Dispose();
        Connection?.Dispose();
        base.Dispose();
    }
}

/// <summary>A row by its primary key through a prepared command.</summary>
public sealed class AdoPointLookup() : AdoPath("ado-point", "lookup", 0.6)
{
    private readonly Random _random = new(1);

    /// <inheritdoc/>
    protected override string Text => "SELECT \"CustomerId\", \"Total\" FROM \"Orders\" WHERE \"Id\" = @id";

    /// <inheritdoc/>
    public override int Run()
    {
        long sum = 0;
        for (int i = 0; i < 1000; i++)
        {
            Command.Parameters[0].Value = _random.Next(1, Orders + 1);
            using DbDataReader reader = Command.ExecuteReader();
            reader.Read();
            sum += reader.GetInt32(0);
        }

        return sum > 0 ? 1000 : throw new InvalidOperationException("No row was found.");
    }
}

/// <summary>A thousand rows of ten typed columns.</summary>
public sealed class AdoReadThousand() : AdoPath("ado-read-1000", "row", 0.6)
{
    private readonly Random _random = new(1);

    /// <inheritdoc/>
    protected override string Text =>
        "SELECT \"Id\", \"CustomerId\", \"PlacedAt\", \"Total\", \"Quantity\", \"Weight\", \"Paid\", \"Token\", \"Reference\", \"Note\" FROM \"Orders\" WHERE \"Id\" >= @id ORDER BY \"Id\" LIMIT 1000";

    /// <inheritdoc/>
    public override int Run()
    {
        Command.Parameters[0].Value = _random.Next(1, Orders - 1000);
        using DbDataReader reader = Command.ExecuteReader();
        int rows = 0;
        long sum = 0;
        while (reader.Read())
        {
            rows++;
            sum += reader.GetInt32(0) + reader.GetInt32(1) + reader.GetDateTime(2).Day + (long)reader.GetDecimal(3) + reader.GetInt32(4) + (long)reader.GetDouble(5);
            sum += (reader.GetBoolean(6) ? 1 : 0) + reader.GetGuid(7).GetHashCode() + reader.GetString(8).Length + (reader.IsDBNull(9) ? 0 : reader.GetString(9).Length);
        }

        return rows == 1000 && sum != 0 ? rows : throw new InvalidOperationException($"{rows} rows were read.");
    }
}

/// <summary>A full scan that adds up a million rows.</summary>
public sealed class AdoScanSum() : AdoPath("ado-scan-sum", "scan", 0.6)
{
    /// <inheritdoc/>
    protected override string Text => "SELECT count(*), sum(\"Quantity\") FROM \"Orders\" WHERE \"Id\" >= @id";

    /// <inheritdoc/>
    public override int Run()
    {
        using DbDataReader reader = Command.ExecuteReader();
        reader.Read();
        return reader.GetInt64(0) == Orders ? 1 : throw new InvalidOperationException("Rows are missing.");
    }
}

/// <summary>Durable single-row inserts by tasks that each have a connection.</summary>
public sealed class AdoDurableInserts(int tasks, double bar) : BenchPath($"ado-insert-{tasks}", "durable insert", bar)
{
    private readonly List<(DbConnection Connection, DbCommand Command)> _writers = [];

    /// <inheritdoc/>
    public override TimeSpan Round => TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public override void Prepare(Peer peer, int orders)
    {
        for (int i = 0; i < tasks; i++)
        {
            DbConnection connection = peer.Connect();
            connection.Open();
            DbCommand command = connection.CreateCommand();
            command.CommandText = "INSERT INTO \"Entries\" (\"Text\", \"Amount\", \"At\") VALUES (@text, @amount, @at)";
            foreach ((string name, object value) in new (string, object)[] { ("@text", "a durable row"), ("@amount", 12.34m), ("@at", new DateTime(2025, 1, 1)) })
            {
                DbParameter parameter = command.CreateParameter();
                parameter.ParameterName = name;
                parameter.Value = value;
                command.Parameters.Add(parameter);
            }

            command.Prepare();
            _writers.Add((connection, command));
        }
    }

    /// <inheritdoc/>
    public override int Run()
    {
        const int PerTask = 200;
        Task[] running = [.. _writers.Select(w => Task.Run(async () =>
        {
            for (int i = 0; i < PerTask; i++)
                await w.Command.ExecuteNonQueryAsync().ConfigureAwait(false);
        }))];
        Task.WaitAll(running);
        return PerTask * tasks;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach ((DbConnection connection, DbCommand command) in _writers)
        {
            command.Dispose();
            connection.Dispose();
        }

        base.Dispose();
    }
}
