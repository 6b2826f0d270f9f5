using System.Globalization;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.Update;
using Microsoft.EntityFrameworkCore.ValueGeneration;

namespace BareMetal.Data.EntityFrameworkCore.ValueGeneration;

/// <summary>Generates keys from blocks that a sequence gives out.</summary>
/// <typeparam name="TValue">The type of the keys.</typeparam>
public sealed class BareMetalHiLoValueGenerator<TValue> : HiLoValueGenerator<TValue>
{
    private readonly IRawSqlCommandBuilder _rawSqlCommandBuilder;
    private readonly IUpdateSqlGenerator _sqlGenerator;
    private readonly IRelationalConnection _connection;
    private readonly IRelationalCommandDiagnosticsLogger _logger;
    private readonly BareMetalSequenceState _state;

    /// <summary>Creates a generator.</summary>
    /// <param name="rawSqlCommandBuilder">The builder of commands.</param>
    /// <param name="sqlGenerator">The writer of the statement.</param>
    /// <param name="state">The current block.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="logger">The logger of commands.</param>
    public BareMetalHiLoValueGenerator(
        IRawSqlCommandBuilder rawSqlCommandBuilder,
        IUpdateSqlGenerator sqlGenerator,
        BareMetalSequenceState state,
        IRelationalConnection connection,
        IRelationalCommandDiagnosticsLogger logger)
        : base(state)
    {
        _rawSqlCommandBuilder = rawSqlCommandBuilder;
        _sqlGenerator = sqlGenerator;
        _state = state;
        _connection = connection;
        _logger = logger;
    }

    /// <inheritdoc />
    public override bool GeneratesTemporaryValues
        => false;

    /// <inheritdoc />
    protected override long GetNewLowValue()
        => Convert.ToInt64(Build().ExecuteScalar(Parameters()), CultureInfo.InvariantCulture);

    /// <inheritdoc />
    protected override async Task<long> GetNewLowValueAsync(CancellationToken cancellationToken = default)
        => Convert.ToInt64(
            await Build().ExecuteScalarAsync(Parameters(), cancellationToken).ConfigureAwait(false), CultureInfo.InvariantCulture);

    private IRelationalCommand Build()
        => _rawSqlCommandBuilder.Build(_sqlGenerator.GenerateNextSequenceValueOperation(_state.Sequence.Name, _state.Sequence.Schema));

    private RelationalCommandParameterObject Parameters()
        => new(_connection, null, null, null, _logger);
}
