using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Migrations;

/// <summary>
/// Keeps the table of applied migrations. Its lock is one of the session, so that it ends with the connection however that ends, and
/// is taken before the table exists.
/// </summary>
public sealed class BareMetalHistoryRepository : HistoryRepository
{
    // Any number does that nobody else uses: the letters "EFMigLck".
    private const long LockId = 0x45464D69674C636B;

    /// <summary>Creates the repository.</summary>
    /// <param name="dependencies">Services that all repositories share.</param>
    public BareMetalHistoryRepository(HistoryRepositoryDependencies dependencies)
        : base(dependencies)
    {
    }

    private string Table
        => SqlGenerationHelper.DelimitIdentifier(TableName, TableSchema);

    private static string Text(string value)
        => "'" + value.Replace("'", "''") + "'";

    /// <inheritdoc />
    public override LockReleaseBehavior LockReleaseBehavior
        => LockReleaseBehavior.Connection;

    /// <inheritdoc />
    protected override string ExistsSql
        => "SELECT CAST(count(*) AS integer) FROM information_schema.tables WHERE table_name = " + Text(TableName)
            + " AND table_schema = " + Text(TableSchema ?? "public") + SqlGenerationHelper.StatementTerminator;

    /// <inheritdoc />
    protected override bool InterpretExistsResult(object? value)
        => value is > 0;

    /// <inheritdoc />
    public override string GetCreateIfNotExistsScript()
    {
        const string create = "CREATE TABLE";
        var script = GetCreateScript();
        return script.Insert(script.IndexOf(create, StringComparison.Ordinal) + create.Length, " IF NOT EXISTS");
    }

    /// <inheritdoc />
    public override IMigrationsDatabaseLock AcquireDatabaseLock()
    {
        Dependencies.MigrationsLogger.AcquiringMigrationLock();
        Command("advisory_lock").ExecuteScalar(Parameters());
        return new BareMetalMigrationsLock(this, Command("advisory_unlock"), Parameters());
    }

    /// <inheritdoc />
    public override async Task<IMigrationsDatabaseLock> AcquireDatabaseLockAsync(CancellationToken cancellationToken = default)
    {
        Dependencies.MigrationsLogger.AcquiringMigrationLock();
        await Command("advisory_lock").ExecuteScalarAsync(Parameters(), cancellationToken).ConfigureAwait(false);
        return new BareMetalMigrationsLock(this, Command("advisory_unlock"), Parameters());
    }

    private IRelationalCommand Command(string function)
        => Dependencies.RawSqlCommandBuilder.Build(
            string.Create(System.Globalization.CultureInfo.InvariantCulture, $"SELECT {function}({LockId})"));

    private RelationalCommandParameterObject Parameters()
        => new(
            Dependencies.Connection,
            null,
            null,
            Dependencies.CurrentContext.Context,
            Dependencies.CommandLogger,
            Microsoft.EntityFrameworkCore.Diagnostics.CommandSource.Migrations);

    /// <inheritdoc />
    public override string GetBeginIfNotExistsScript(string migrationId)
        => Begin("NOT EXISTS", migrationId);

    /// <inheritdoc />
    public override string GetBeginIfExistsScript(string migrationId)
        => Begin("EXISTS", migrationId);

    private string Begin(string test, string migrationId)
        => $"""
            DO $EF$
            BEGIN
                IF {test} (SELECT 1 FROM {Table} WHERE {SqlGenerationHelper.DelimitIdentifier(MigrationIdColumnName)} = {Text(migrationId)}) THEN
            """;

    /// <inheritdoc />
    public override string GetEndIfScript()
        => $"""
                END IF;
            END $EF$;{Environment.NewLine}
            """;
}
