using BareMetal.Data.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.Update;
using Microsoft.EntityFrameworkCore.ValueGeneration;

namespace BareMetal.Data.EntityFrameworkCore.ValueGeneration;

/// <summary>Selects the generators of values that the client makes.</summary>
public sealed class BareMetalValueGeneratorSelector : RelationalValueGeneratorSelector
{
    private readonly IRelationalConnection _connection;
    private readonly IRawSqlCommandBuilder _rawSqlCommandBuilder;
    private readonly IUpdateSqlGenerator _sqlGenerator;
    private readonly IRelationalCommandDiagnosticsLogger _logger;

    /// <summary>Creates the selector.</summary>
    /// <param name="dependencies">Services that all selectors share.</param>
    /// <param name="connection">The connection of the context.</param>
    /// <param name="rawSqlCommandBuilder">The builder of commands.</param>
    /// <param name="sqlGenerator">The writer of statements.</param>
    /// <param name="logger">The logger of commands.</param>
    public BareMetalValueGeneratorSelector(
        ValueGeneratorSelectorDependencies dependencies,
        IBareMetalRelationalConnection connection,
        IRawSqlCommandBuilder rawSqlCommandBuilder,
        IUpdateSqlGenerator sqlGenerator,
        IRelationalCommandDiagnosticsLogger logger)
        : base(dependencies)
    {
        _connection = connection;
        _rawSqlCommandBuilder = rawSqlCommandBuilder;
        _sqlGenerator = sqlGenerator;
        _logger = logger;
    }

    /// <inheritdoc />
    public override bool TrySelect(IProperty property, ITypeBase typeBase, out ValueGenerator? valueGenerator)
    {
        if (property.GetValueGeneratorFactory() is not null
            || property.GetValueGenerationStrategy() != BareMetalValueGenerationStrategy.SequenceHiLo)
            return base.TrySelect(property, typeBase, out valueGenerator);

        var state = ((IBareMetalValueGeneratorCache)Cache).GetOrAddSequenceState(property, _connection);
        var type = property.ClrType.UnwrapNullable();
        if (type.IsEnum)
            type = Enum.GetUnderlyingType(type);
        valueGenerator = Create(type, state);
        if (valueGenerator is null && property.GetTypeMapping().Converter is { } converter)
            valueGenerator = Create(converter.ProviderClrType.UnwrapNullable(), state)?.WithConverter(converter);
        return valueGenerator is not null;
    }

    private ValueGenerator? Create(Type type, BareMetalSequenceState state)
        => Type.GetTypeCode(type) switch
        {
            TypeCode.Int32 => Make<int>(state),
            TypeCode.Int64 => Make<long>(state),
            TypeCode.Int16 => Make<short>(state),
            TypeCode.Byte => Make<byte>(state),
            TypeCode.SByte => Make<sbyte>(state),
            TypeCode.UInt32 => Make<uint>(state),
            TypeCode.UInt64 => Make<ulong>(state),
            TypeCode.UInt16 => Make<ushort>(state),
            _ => null,
        };

    private BareMetalHiLoValueGenerator<TValue> Make<TValue>(BareMetalSequenceState state)
        => new(_rawSqlCommandBuilder, _sqlGenerator, state, _connection, _logger);

    /// <inheritdoc />
    protected override ValueGenerator? FindForType(IProperty property, ITypeBase typeBase, Type clrType)
        => clrType.UnwrapNullable() == typeof(Guid)
            && property.ValueGenerated != ValueGenerated.Never
            && property.GetDefaultValueSql() is null
                ? new BareMetalGuidValueGenerator()
                : base.FindForType(property, typeBase, clrType);
}
