using BareMetal.Data.Catalog;
using BareMetal.Data.Execution.Modification;
using BareMetal.Data.Sql.Syntax;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Sessions;

/// <summary>One run of a routine or block: the values of its variables, and what it has given so far.</summary>
internal sealed class RoutineFrame
{
    public RoutineFrame(RoutineCode code)
    {
        Code = code;
        Values = new Value[code.Variables.Types.Length];
        for (int i = 0; i < Values.Length; i++)
            Values[i] = Value.Null(code.Variables.Types[i].Kind);
        if (code.Variables.FoundSlot >= 0)
            Values[code.Variables.FoundSlot] = Value.From(SqlTypeKind.Boolean, false);
    }

    public RoutineCode Code { get; }

    public Value[] Values { get; }

    /// <summary>Whether RETURN was met.</summary>
    public bool HasReturned { get; set; }

    /// <summary>What RETURN gave, and its type.</summary>
    public Value Result { get; set; }

    public SqlType? ResultType { get; set; }

    /// <summary>The rows of a function that gives rows.</summary>
    public RoutineRows? Rows { get; init; }

    /// <summary>What the last statement changed or found: ROW_COUNT.</summary>
    public long RowCount { get; set; }

    /// <summary>Set while EXIT or CONTINUE leaves a loop's body.</summary>
    public LeaveLoopStatement? Leaving { get; set; }

    /// <summary>Gives the input parameters their values.</summary>
    public void SetInputs(Routine routine, IReadOnlyList<Value> inputs)
    {
        int input = 0;
        for (int i = 0; i < routine.Parameters.Count; i++)
        {
            if (routine.Parameters[i].Mode is RoutineParameterMode.In or RoutineParameterMode.InOut)
                Values[i] = inputs[input++];
        }
    }
}

/// <summary>Rows of a statement that a procedure gives to its caller.</summary>
internal readonly record struct RoutineResult(IReadOnlyList<ResultColumn> Columns, KeptBatches Rows);

/// <summary>A value for a parameter of the command.</summary>
/// <param name="Parameter">The parameter's index among the command's.</param>
/// <param name="Value">The value.</param>
/// <param name="Type">Its type.</param>
internal readonly record struct OutputValue(int Parameter, Value Value, SqlType Type);
