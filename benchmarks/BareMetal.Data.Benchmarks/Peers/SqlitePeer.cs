using System.Data.Common;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace BareMetal.Data.Benchmarks.Peers;

/// <summary>SQLite as a careful user sets it up: WAL, synchronous=FULL, a page cache as large as the other's.</summary>
public sealed class SqlitePeer : Peer
{
    private readonly Tuning _tuning = new();

    static SqlitePeer()
    {
        AssemblyLoadContext.Default.Resolving += static (context, name) =>
            name.Name!.StartsWith("SQLitePCLRaw", StringComparison.Ordinal) ? context.LoadFromAssemblyPath(Path.Combine(AppContext.BaseDirectory, name.Name + ".dll")) : null;
        Initialise();
    }

    /// <summary>Makes the peer.</summary>
    public SqlitePeer(string directory)
        : base("sqlite", directory)
    {
    }

    private string ConnectionString => $"Data Source={Path.Combine(Directory, Name + ".db")};Default Timeout=60";

    /// <inheritdoc/>
    public override DbConnection Connect()
    {
        SqliteConnection connection = new(ConnectionString);
        connection.StateChange += static (sender, change) =>
        {
            if (change.CurrentState == System.Data.ConnectionState.Open)
                Tuning.Apply((DbConnection)sender!);
        };
        return connection;
    }

    /// <inheritdoc/>
    public override void Configure(DbContextOptionsBuilder options) => options.UseSqlite(ConnectionString).AddInterceptors(_tuning);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Initialise() => SQLitePCL.Batteries_V2.Init();

    private sealed class Tuning : DbConnectionInterceptor
    {
        // Pooled connections keep these settings, so that they are set once for each.
        private static readonly ConditionalWeakTable<object, object> Done = [];

        // By reflection: the property's type comes from another version of the bundle than the one that is used.
        private static readonly System.Reflection.MethodInfo HandleOf = typeof(SqliteConnection).GetProperty("Handle")!.GetMethod!;

        public static void Apply(DbConnection connection)
        {
            object handle = HandleOf.Invoke(connection, null)!;
            if (!Done.TryAdd(handle, handle))
                return;
            using DbCommand command = connection.CreateCommand();
            command.CommandText = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-262144;";
            command.ExecuteNonQuery();
        }

        public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData) => Apply(connection);

        public override Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
        {
            Apply(connection);
            return Task.CompletedTask;
        }
    }
}
