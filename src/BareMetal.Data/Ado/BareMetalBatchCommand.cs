using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;

namespace BareMetal.Data;

/// <summary>A command of a <see cref="BareMetalBatch"/>: SQL text with parameters of its own.</summary>
public sealed class BareMetalBatchCommand : DbBatchCommand
{
    private string _text = "";
    private BareMetalParameterCollection? _parameters;
    private CommandType _type = CommandType.Text;
    private int _affected = -1;

    /// <summary>Makes a command.</summary>
    /// <param name="commandText">The SQL text.</param>
    public BareMetalBatchCommand(string? commandText = null) => _text = commandText ?? "";

    /// <inheritdoc/>
    [AllowNull]
    public override string CommandText
    {
        get => _text;
        set => _text = value ?? "";
    }

    /// <summary>As for <see cref="BareMetalCommand.CommandType"/>.</summary>
    /// <exception cref="ArgumentException">Another type is set.</exception>
    public override CommandType CommandType
    {
        get => _type;
        set => _type = value is CommandType.Text or CommandType.StoredProcedure ? value : throw new ArgumentException($"Commands of type {value} do not exist; write SQL.", nameof(value));
    }

    /// <summary>Rows that the command changed when it ran last; −1 for SELECT, DDL, and before it ran.</summary>
    public override int RecordsAffected => _affected;

    /// <summary>The parameters.</summary>
    public new BareMetalParameterCollection Parameters => _parameters ??= new BareMetalParameterCollection();

    /// <summary>True.</summary>
    public override bool CanCreateParameter => true;

    /// <inheritdoc/>
    protected override DbParameterCollection DbParameterCollection => Parameters;

    internal CommandUnit Unit { get; } = new();

    internal BareMetalParameterCollection? ParametersOrNull => _parameters;

    /// <inheritdoc/>
    public override DbParameter CreateParameter() => new BareMetalParameter();

    internal void ResetAffected() => _affected = -1;

    internal void AddAffected(long rows) => _affected = BareMetalCommand.Clamp(Math.Max(_affected, 0) + rows);
}
