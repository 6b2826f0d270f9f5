using BareMetal.Data.Functions;
using BareMetal.Data.Sql.Syntax;
using BareMetal.Data.Types;

namespace BareMetal.Data.Catalog;

/// <summary>A function or procedure written in SQL. Several may have one name, with different types of input parameters.</summary>
internal sealed record Routine : CatalogObject
{
    // A copy with another body or other parameters takes these along: they say what they were made of.
    private Syntax? _body;
    private Division? _parts;

    public required RoutineKind Kind { get; init; }

    /// <summary>sql or plpgsql.</summary>
    public required string Language { get; init; }

    public required IReadOnlyList<RoutineParameter> Parameters { get; init; }

    /// <summary>What a function gives: a value, or (null) nothing or rows of <see cref="ResultColumns"/>.</summary>
    public SqlType? ReturnType { get; init; }

    /// <summary>Whether it gives any number of rows.</summary>
    public bool ReturnsSet { get; init; }

    public required Volatility Volatility { get; init; }

    /// <summary>Whether null in any argument gives null, or no rows, without running it.</summary>
    public bool IsStrict { get; init; }

    public required RoutineBodyKind BodyKind { get; init; }

    /// <summary>The body as it was written.</summary>
    public required string Body { get; init; }

    /// <summary>What it needs: other routines, and of bodies that are not a text every table and column, too.</summary>
    public IReadOnlyList<ObjectDependency> Dependencies { get; init; } = [];

    /// <summary>The columns of its rows: output parameters, or those of RETURNS TABLE; empty when it gives a plain value or nothing.</summary>
    public IReadOnlyList<RoutineParameter> ResultColumns => Parts.Columns;

    /// <summary>The parameters that a call gives values for.</summary>
    public IReadOnlyList<RoutineParameter> Inputs => Parts.Inputs;

    /// <summary>Whether it gives rows of several columns or any number of rows, so that it stands in FROM.</summary>
    public bool IsTable => ReturnsSet || ReturnType is null && ResultColumns.Count > 1;

    /// <summary>The body's syntax; parsed at first use.</summary>
    public RoutineBody Parsed
    {
        get
        {
            if (_body is not { } body || !ReferenceEquals(body.Text, Body))
                _body = body = new Syntax(RoutineBody.Parse(this), Body);
            return body.Parsed;
        }
    }

    /// <summary>The name with the types of its input parameters.</summary>
    public string Signature => $"{Name}({string.Join(", ", Inputs.Select(p => TypeNames.Format(p.Type)))})";

    /// <summary>Whether the input parameters are of these types.</summary>
    public bool Takes(IReadOnlyList<SqlType> types)
    {
        if (types.Count != Inputs.Count)
            return false;
        for (int i = 0; i < types.Count; i++)
        {
            if (!SameKind(types[i], Inputs[i].Type))
                return false;
        }

        return true;
    }

    private Division Parts
    {
        get
        {
            if (_parts is not { } parts || !ReferenceEquals(parts.Of, Parameters))
            {
                _parts = parts = new Division(
                    [.. Parameters.Where(p => p.Mode is RoutineParameterMode.In or RoutineParameterMode.InOut)],
                    [.. Parameters.Where(p => p.Mode != RoutineParameterMode.In)],
                    Parameters);
            }

            return parts;
        }
    }

    public bool Equals(Routine? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => Id.GetHashCode();

    private sealed record Syntax(RoutineBody Parsed, string Text);

    private sealed record Division(IReadOnlyList<RoutineParameter> Inputs, IReadOnlyList<RoutineParameter> Columns, IReadOnlyList<RoutineParameter> Of);

    private static bool SameKind(SqlType a, SqlType b) => a.Kind == b.Kind && (a.Kind != SqlTypeKind.Array || SameKind(a.Element!, b.Element!));
}

/// <summary>A parameter of a routine, or a column of what it returns.</summary>
internal sealed record RoutineParameter(RoutineParameterMode Mode, string? Name, SqlType Type)
{
    /// <summary>SQL text of the default; null without.</summary>
    public string? DefaultSql { get; init; }
}
