using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace BareMetal.Data;

/// <summary>
/// Makes the INSERT, UPDATE and DELETE commands of an adapter from its SELECT, which must read one table and its key. With
/// <see cref="DbCommandBuilder.ConflictOption"/> at its default a change is refused (<see cref="DBConcurrencyException"/>) when the row is not what was read.
/// </summary>
public sealed class BareMetalCommandBuilder : DbCommandBuilder
{
    /// <summary>Makes a builder without an adapter.</summary>
    public BareMetalCommandBuilder()
    {
        QuotePrefix = "\"";
        QuoteSuffix = "\"";
    }

    /// <summary>Makes a builder; the adapter uses its commands from now on where it has none of its own.</summary>
    /// <param name="adapter">The adapter.</param>
    public BareMetalCommandBuilder(BareMetalDataAdapter? adapter)
        : this()
        => DataAdapter = adapter;

    /// <summary>The adapter.</summary>
    public new BareMetalDataAdapter? DataAdapter
    {
        get => (BareMetalDataAdapter?)base.DataAdapter;
        set => base.DataAdapter = value;
    }

    /// <summary>A double quote; nothing else exists.</summary>
    /// <exception cref="ArgumentException">Another is set.</exception>
    [AllowNull]
    public override string QuotePrefix
    {
        get => base.QuotePrefix;
        set => base.QuotePrefix = Quote(value);
    }

    /// <summary>A double quote; nothing else exists.</summary>
    /// <exception cref="ArgumentException">Another is set.</exception>
    [AllowNull]
    public override string QuoteSuffix
    {
        get => base.QuoteSuffix;
        set => base.QuoteSuffix = Quote(value);
    }

    /// <summary>The command that inserts a row.</summary>
    public new BareMetalCommand GetInsertCommand() => (BareMetalCommand)base.GetInsertCommand();

    /// <summary>The command that inserts a row.</summary>
    /// <param name="useColumnsForParameterNames">Whether parameters are called as their columns instead of p1, p2 …</param>
    public new BareMetalCommand GetInsertCommand(bool useColumnsForParameterNames) => (BareMetalCommand)base.GetInsertCommand(useColumnsForParameterNames);

    /// <summary>The command that updates a row.</summary>
    public new BareMetalCommand GetUpdateCommand() => (BareMetalCommand)base.GetUpdateCommand();

    /// <summary>The command that updates a row.</summary>
    /// <param name="useColumnsForParameterNames">Whether parameters are called as their columns instead of p1, p2 …</param>
    public new BareMetalCommand GetUpdateCommand(bool useColumnsForParameterNames) => (BareMetalCommand)base.GetUpdateCommand(useColumnsForParameterNames);

    /// <summary>The command that deletes a row.</summary>
    public new BareMetalCommand GetDeleteCommand() => (BareMetalCommand)base.GetDeleteCommand();

    /// <summary>The command that deletes a row.</summary>
    /// <param name="useColumnsForParameterNames">Whether parameters are called as their columns instead of p1, p2 …</param>
    public new BareMetalCommand GetDeleteCommand(bool useColumnsForParameterNames) => (BareMetalCommand)base.GetDeleteCommand(useColumnsForParameterNames);

    /// <inheritdoc/>
    public override string QuoteIdentifier(string unquotedIdentifier)
    {
        ArgumentNullException.ThrowIfNull(unquotedIdentifier);
        return "\"" + unquotedIdentifier.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";
    }

    /// <inheritdoc/>
    public override string UnquoteIdentifier(string quotedIdentifier)
    {
        ArgumentNullException.ThrowIfNull(quotedIdentifier);
        return quotedIdentifier.Length >= 2 && quotedIdentifier[0] == '"' && quotedIdentifier[^1] == '"'
            ? quotedIdentifier[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal)
            : quotedIdentifier;
    }

    /// <inheritdoc/>
    protected override void ApplyParameterInfo(DbParameter parameter, DataRow row, StatementType statementType, bool whereClause)
    {
        if (parameter.SourceColumnNullMapping)
            parameter.DbType = DbType.Int32; // The 1 or 0 of "is the old value null".
        else if (row.Table.Columns.Contains("DataTypeName") && row["DataTypeName"] is string name)
            ((BareMetalParameter)parameter).DataTypeName = name;
    }

    /// <inheritdoc/>
    protected override string GetParameterName(int parameterOrdinal) => string.Create(CultureInfo.InvariantCulture, $"p{parameterOrdinal}");

    /// <inheritdoc/>
    protected override string GetParameterName(string parameterName) => parameterName;

    /// <inheritdoc/>
    protected override string GetParameterPlaceholder(int parameterOrdinal) => string.Create(CultureInfo.InvariantCulture, $"@p{parameterOrdinal}");

    /// <inheritdoc/>
    protected override void SetRowUpdatingHandler(DbDataAdapter adapter)
    {
        if (adapter is not BareMetalDataAdapter own)
            throw new ArgumentException($"The adapter is a {adapter?.GetType().ToString() ?? "null"}, not a {nameof(BareMetalDataAdapter)}.", nameof(adapter));
        if (own.HasUpdatingHandler(OnRowUpdating))
            own.RowUpdating -= OnRowUpdating;
        else
            own.RowUpdating += OnRowUpdating;
    }

    private static string Quote(string? value)
        => value is "\"" or "" or null ? "\"" : throw new ArgumentException("Names are quoted by a double quote.", nameof(value));

    private void OnRowUpdating(object? sender, RowUpdatingEventArgs e) => RowUpdatingHandler(e);
}
