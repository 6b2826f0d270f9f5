using System.Data.Common;
using BareMetal.Data.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Storage;

/// <summary>The connection of a context to its database. Its sessions come from a pool.</summary>
public sealed class BareMetalRelationalConnection : RelationalConnection, IBareMetalRelationalConnection
{
    private readonly BareMetalDataSourceManager _manager;
    private readonly DbDataSource? _givenDataSource;
    private readonly BareMetalFunctions? _functions;

    /// <summary>Creates the connection.</summary>
    /// <param name="dependencies">Services that all connections share.</param>
    /// <param name="manager">The owner of data sources.</param>
    public BareMetalRelationalConnection(RelationalConnectionDependencies dependencies, BareMetalDataSourceManager manager)
        : base(dependencies)
    {
        _manager = manager;
        BareMetalOptionsExtension? options = dependencies.ContextOptions.FindExtension<BareMetalOptionsExtension>();
        _givenDataSource = options?.DataSource;
        _functions = options?.Functions;
    }

    /// <inheritdoc />
    public BareMetalDataSource DataSource
        => ((BareMetalConnection)DbConnection).Source;

    /// <inheritdoc />
    protected override bool SupportsAmbientTransactions
        => true;

    /// <inheritdoc />
    // A context may be configured without a database and get its connection or connection string later, from an interceptor say.
    protected override DbConnection CreateDbConnection()
    {
        if (_givenDataSource is { } given && base.ConnectionString is null)
            return given.CreateConnection();
        return GetValidatedConnectionString() is { } connectionString
            ? _manager.GetDataSource(connectionString, _functions).CreateConnection()
            : new BareMetalConnection();
    }

    /// <inheritdoc />
    public override string? ConnectionString
    {
        get => base.ConnectionString ?? _givenDataSource?.ConnectionString;
        set => base.ConnectionString = value;
    }
}
