using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Storage;

/// <summary>Creates and deletes databases.</summary>
public sealed class BareMetalDatabaseCreator : RelationalDatabaseCreator
{
    private const string HasTablesSql =
        """
        SELECT CAST(count(*) AS integer) FROM information_schema.tables
        WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('information_schema', 'pg_catalog')
        """;

    private readonly IBareMetalRelationalConnection _connection;
    private readonly IRawSqlCommandBuilder _rawSqlCommandBuilder;

    /// <summary>Creates the creator.</summary>
    /// <param name="dependencies">Services that all creators share.</param>
    /// <param name="connection">The connection of the context.</param>
    /// <param name="rawSqlCommandBuilder">The builder of commands.</param>
    public BareMetalDatabaseCreator(
        RelationalDatabaseCreatorDependencies dependencies,
        IBareMetalRelationalConnection connection,
        IRawSqlCommandBuilder rawSqlCommandBuilder)
        : base(dependencies)
    {
        _connection = connection;
        _rawSqlCommandBuilder = rawSqlCommandBuilder;
    }

    /// <inheritdoc />
    // A database in memory begins to exist with its first connection.
    public override bool Exists()
    {
        if (_connection.DbConnection.State == System.Data.ConnectionState.Open)
            return true;
        var dataSource = _connection.DataSource;
        return dataSource.DatabaseExists();
    }

    /// <inheritdoc />
    public override Task<bool> ExistsAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(Exists());
    }

    /// <inheritdoc />
    /// <remarks>
    /// Several contexts that migrate at once may all have found no database before the first of them made it: that one made it first
    /// is no error, the migration lock orders what follows.
    /// </remarks>
    public override void Create()
    {
        try
        {
            _connection.DataSource.CreateDatabase();
        }
        catch (BareMetalException e) when (e.SqlState == SqlStates.DuplicateDatabase)
        {
            if (!Exists())
                throw;
        }
    }

    /// <inheritdoc />
    public override Task CreateAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Create();
        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public override void Delete()
        => _connection.DataSource.DeleteDatabase();

    /// <inheritdoc />
    public override Task DeleteAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Delete();
        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public override bool HasTables()
        => Dependencies.ExecutionStrategy.Execute(
            this,
            static creator => (int)creator._rawSqlCommandBuilder.Build(HasTablesSql).ExecuteScalar(creator.CommandParameters())! > 0,
            null);

    /// <inheritdoc />
    public override Task<bool> HasTablesAsync(CancellationToken cancellationToken = default)
        => Dependencies.ExecutionStrategy.ExecuteAsync(
            this,
            static async (creator, token) => (int)(await creator._rawSqlCommandBuilder.Build(HasTablesSql)
                .ExecuteScalarAsync(creator.CommandParameters(), token).ConfigureAwait(false))! > 0,
            null,
            cancellationToken);

    private RelationalCommandParameterObject CommandParameters()
        => new(_connection, null, null, Dependencies.CurrentContext.Context, Dependencies.CommandLogger);
}
