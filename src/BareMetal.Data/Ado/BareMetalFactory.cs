using System.Data.Common;

namespace BareMetal.Data;

/// <summary>Makes the provider's objects for code that is written against <see cref="DbProviderFactory"/>.</summary>
public sealed class BareMetalFactory : DbProviderFactory
{
    /// <summary>The only instance; register it with <see cref="DbProviderFactories.RegisterFactory(string, DbProviderFactory)"/>.</summary>
    public static readonly BareMetalFactory Instance = new();

    private BareMetalFactory()
    {
    }

    /// <inheritdoc/>
    public override bool CanCreateBatch => true;

    /// <inheritdoc/>
    public override bool CanCreateDataAdapter => true;

    /// <inheritdoc/>
    public override bool CanCreateCommandBuilder => true;

    /// <inheritdoc/>
    public override DbConnection CreateConnection() => new BareMetalConnection();

    /// <inheritdoc/>
    public override DbCommand CreateCommand() => new BareMetalCommand();

    /// <inheritdoc/>
    public override DbParameter CreateParameter() => new BareMetalParameter();

    /// <inheritdoc/>
    public override DbConnectionStringBuilder CreateConnectionStringBuilder() => new BareMetalConnectionStringBuilder();

    /// <inheritdoc/>
    public override DbBatch CreateBatch() => new BareMetalBatch();

    /// <inheritdoc/>
    public override DbBatchCommand CreateBatchCommand() => new BareMetalBatchCommand();

    /// <inheritdoc/>
    public override DbDataAdapter CreateDataAdapter() => new BareMetalDataAdapter();

    /// <inheritdoc/>
    public override DbCommandBuilder CreateCommandBuilder() => new BareMetalCommandBuilder();

    /// <inheritdoc/>
    public override DbDataSource CreateDataSource(string connectionString) => BareMetalDataSource.Create(connectionString);
}
