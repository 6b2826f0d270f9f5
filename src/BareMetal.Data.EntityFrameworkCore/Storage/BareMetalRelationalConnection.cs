using System.Data.Common;
using BareMetal.Data.EntityFrameworkCore.Diagnostics;
using BareMetal.Data.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Storage;

/// <summary>The connection of a context to its database. Its sessions come from a pool.</summary>
public sealed class BareMetalRelationalConnection : RelationalConnection, IBareMetalRelationalConnection
{
    private readonly BareMetalDataSourceManager _manager;
    private readonly DbDataSource? _givenDataSource;
    private readonly BareMetalFunctions? _functions;
    private readonly IRelationalCommandDiagnosticsLogger _commandLogger;
    private EventHandler<BareMetalFullScanEventArgs>? _fullScan;
    private BareMetalConnection? _watched;

    /// <summary>Creates the connection.</summary>
    /// <param name="dependencies">Services that all connections share.</param>
    /// <param name="manager">The owner of data sources.</param>
    /// <param name="commandLogger">Where scans without an index are reported.</param>
    public BareMetalRelationalConnection(
        RelationalConnectionDependencies dependencies,
        BareMetalDataSourceManager manager,
        IRelationalCommandDiagnosticsLogger commandLogger)
        : base(dependencies)
    {
        _commandLogger = commandLogger;
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

    /// <inheritdoc />
    public override bool Open(bool errorsExpected = false)
    {
        Watch();
        return base.Open(errorsExpected);
    }

    /// <inheritdoc />
    public override Task<bool> OpenAsync(CancellationToken cancellationToken, bool errorsExpected = false)
    {
        Watch();
        return base.OpenAsync(cancellationToken, errorsExpected);
    }

    /// <inheritdoc />
    protected override void ResetState(bool disposeDbConnection)
    {
        Unwatch();
        base.ResetState(disposeDbConnection);
    }

    /// <inheritdoc />
    protected override ValueTask ResetStateAsync(bool disposeDbConnection)
    {
        Unwatch();
        return base.ResetStateAsync(disposeDbConnection);
    }

    private void Watch()
    {
        if (DbConnection is not BareMetalConnection connection || ReferenceEquals(connection, _watched))
            return;
        Unwatch();
        _fullScan ??= (_, scan) => _commandLogger.FullScanWarning(scan);
        connection.FullScan += _fullScan;
        _watched = connection;
    }

    // The connection may be the application's and live longer than the context.
    private void Unwatch()
    {
        if (_watched is null)
            return;
        _watched.FullScan -= _fullScan;
        _watched = null;
    }
}
