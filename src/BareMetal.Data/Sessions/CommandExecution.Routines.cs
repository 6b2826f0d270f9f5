using System.Runtime.CompilerServices;
using BareMetal.Data.Binding;
using BareMetal.Data.Catalog;
using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Modification;
using BareMetal.Data.Functions;
using BareMetal.Data.Planning;
using BareMetal.Data.Sql.Syntax;
using BareMetal.Data.Storage;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Sessions;

/// <summary>CALL, the bodies of functions that are called, and blocks with variables.</summary>
internal sealed partial class CommandExecution
{
    /// <summary>How deep routines may call one another.</summary>
    internal const int MaxRoutineDepth = 100;

    // Rows of a function's result that CALL keeps at once.
    private const int CallRowsAtOnce = 64;

    private static readonly PreparedCommand InnerCommand = new() { Text = "", Parameters = [], Statements = [] };

    private readonly List<OutputValue> _outputs = [];
    private readonly Queue<RoutineResult> _results = new();

    // The routine or block whose statements run; null for the command's own.
    private RoutineFrame? _frame;

    // The execution whose statement calls the function that this one runs; null for a command's.
    private CommandExecution? _outer;

    // Whether statements read what the calling statement sees: in functions that are not volatile.
    private bool _sharesSnapshot;

    // The columns and the number of rows of the last statement of a body.
    private IReadOnlyList<ResultColumn> _innerColumns = [];
    private long _innerRows;
    private long _called;

    /// <summary>What the statement gave for parameters of the command: outputs of a procedure and what it returned.</summary>
    public IReadOnlyList<OutputValue> Outputs => _outputs;

    private CancellationToken Cancellation => _outer is null ? _cancellation.Token : _outer.Cancellation;

    /// <summary>The next of several results of one CALL.</summary>
    private bool NextOfCall()
    {
        if (!_results.TryDequeue(out RoutineResult next))
            return false;
        Columns = next.Columns;
        _kept = next.Rows;
        return true;
    }

    private void ForgetResults()
    {
        while (_results.TryDequeue(out RoutineResult result))
            result.Rows.Dispose();
    }

    // ---- CALL

    private void RunCall(PreparedStatement statement)
    {
        SessionTransaction transaction = BeginRun();
        Convert(statement);
        Value[] parameters = [.. _statementValues];
        RunAtomically(transaction, () =>
        {
            _outputs.Clear();
            ForgetResults();
            _called = -1;
            Call(transaction, statement.Cached, parameters, (parameter, value, type) => _outputs.Add(new OutputValue(statement.ParameterMap[parameter], value, type)), isTop: true);
        });
        RowsAffected = _called;
        NextOfCall();
    }

    /// <summary>Runs a procedure with the arguments of a CALL.</summary>
    private void Call(SessionTransaction transaction, CachedStatement cached, Value[] parameters, Action<int, Value, SqlType> output, bool isTop)
    {
        transaction.Storage.BeginStatement();
        (BoundRoutineCall call, PlannedStatement inputs) = cached.PlanCall(_session, transaction, _options.CallFunctions);
        Routine routine = call.Routine;
        Value[] values = [];
        if (routine.Inputs.Count > 0)
        {
            _statementValues = parameters;
            RunInner(transaction, null, batch => values = RowOf(batch, 0), inputs);
        }

        using (Deeper(routine))
        {
            RoutineFrame? caller = _frame;
            bool hasParameters = isTop && _options.TakesOutputs;
            try
            {
                if (routine.Kind == RoutineKind.Function)
                {
                    CallFunction(routine, values, call, output);
                    return;
                }

                RoutineFrame frame = new(_session.Commands.CodeOf(routine));
                frame.SetInputs(routine, values);
                _frame = frame;
                Value[]? last = RunBody(frame, routine.ResultColumns.Count > 0);
                _frame = caller;
                Value[] outputs = OutputsOf(routine, frame, last);
                for (int i = 0; i < outputs.Length; i++)
                {
                    if (call.Outputs[i] >= 0)
                        output(call.Outputs[i], outputs[i], routine.ResultColumns[i].Type);
                    else if (!isTop)
                        throw new BareMetalException(SqlStates.SyntaxError, $"The output parameter {i + 1} of {routine.Signature} needs a variable to go to.");
                }

                if (isTop && outputs.Length > 0 && !hasParameters)
                    _results.Enqueue(OneRow([.. routine.ResultColumns.Select((c, i) => (c.Name ?? $"column{i + 1}", c.Type))], [outputs]));
                if (call.Result >= 0)
                    output(call.Result, frame.ResultType is null ? Value.Null() : frame.Result, frame.ResultType ?? SqlType.Unknown);
            }
            catch (BareMetalException e) when (e.Position > 0)
            {
                throw e.In(Where(routine, e));
            }
            finally
            {
                _frame = caller;
            }
        }
    }

    /// <summary>CALL of a function: its rows are the result, its first value what is returned.</summary>
    private void CallFunction(Routine routine, Value[] values, BoundRoutineCall call, Action<int, Value, SqlType> output)
    {
        bool isNull = routine.IsStrict && Array.Exists(values, v => v.IsNull);
        (string, SqlType)[] columns = routine.ResultColumns.Count > 0
            ? [.. routine.ResultColumns.Select((c, i) => (c.Name ?? $"column{i + 1}", c.Type))]
            : [(routine.Name, routine.ReturnType ?? SqlType.Text)];
        IEnumerable<Value[]> rows = isNull ? [] : routine.IsTable
            ? RunFunctionRows(routine, values, _context)
            : [[RunFunctionValue(routine, values)]];
        if (call.Result >= 0)
            output(call.Result, rows.FirstOrDefault() is { } first ? first[0] : Value.Null(columns[0].Item2.Kind), columns[0].Item2);
        else
            _results.Enqueue(Keep(columns, rows));
    }

    /// <summary>Rows as a result of CALL: those that the statement's memory has no room for wait in a file.</summary>
    private RoutineResult Keep((string Name, SqlType Type)[] columns, IEnumerable<Value[]> rows)
    {
        KeptBatches kept = new();
        try
        {
            foreach (Value[][] some in rows.Chunk(CallRowsAtOnce))
                kept.Add(BatchOf(columns, some), _context);
        }
        catch
        {
            kept.Dispose();
            throw;
        }

        return new RoutineResult([.. columns.Select(c => new ResultColumn(c.Name, c.Type, true))], kept);
    }

    private RoutineResult OneRow((string Name, SqlType Type)[] columns, Value[][] rows)
    {
        KeptBatches kept = new();
        kept.AddOwn(BatchOf(columns, rows));
        return new RoutineResult([.. columns.Select(c => new ResultColumn(c.Name, c.Type, true))], kept);
    }

    private static Batch BatchOf((string Name, SqlType Type)[] columns, Value[][] rows)
    {
        Batch batch = new(VectorTools.CreateVectors([.. columns.Select(c => c.Type)], rows.Length)) { Count = rows.Length };
        for (int c = 0; c < columns.Length; c++)
        {
            for (int r = 0; r < rows.Length; r++)
                batch.Columns[c].SetValue(r, rows[r][c]);
        }

        return batch;
    }

    private static Value[] OutputsOf(Routine routine, RoutineFrame frame, Value[]? last)
    {
        IReadOnlyList<RoutineParameter> columns = routine.ResultColumns;
        Value[] outputs = new Value[columns.Count];
        int at = 0;
        for (int i = 0; i < routine.Parameters.Count; i++)
        {
            if (routine.Parameters[i].Mode == RoutineParameterMode.In)
                continue;
            outputs[at] = frame.Code.IsBlock ? frame.Values[i] : last is null ? Value.Null(columns[at].Type.Kind) : last[at];
            at++;
        }

        return outputs;
    }

    // ---- functions

    /// <summary>Runs a function that a statement of this execution calls, for its value.</summary>
    internal Value CallValue(Routine routine, Value[] arguments)
    {
        using (Deeper(routine))
        {
            CommandExecution inner = _session.RentInner();
            try
            {
                inner.BeginInner(this, routine);
                return inner.RunFunctionValue(routine, arguments);
            }
            finally
            {
                inner.EndInner();
            }
        }
    }

    /// <summary>Runs a function that a statement of this execution calls, for its rows.</summary>
    internal IEnumerable<Value[]> CallRows(Routine routine, Value[] arguments)
    {
        using (Deeper(routine))
        {
            CommandExecution inner = _session.RentInner();
            try
            {
                inner.BeginInner(this, routine);
                return inner.RunFunctionRows(routine, arguments, _context);
            }
            finally
            {
                inner.EndInner();
            }
        }
    }

    private void BeginInner(CommandExecution outer, Routine routine)
    {
        _outer = outer;
        _command = InnerCommand;
        _options = outer._options;
        _token = outer._token;
        _transaction = outer._transaction;
        _isImplicit = false;
        _invalid = null;
        _isDone = false;
        _sharesSnapshot = routine.Volatility != Volatility.Volatile;
        _functions.Follow(outer._functions);
    }

    private void EndInner()
    {
        CloseStatement(failed: false);
        _outer = null;
        _command = null;
        _transaction = null;
        _frame = null;
        _sharesSnapshot = false;
        _functions.Follow(null);
        _session.ReturnInner(this);
    }

    private Value RunFunctionValue(Routine routine, Value[] arguments)
    {
        RoutineFrame frame = new(_session.Commands.CodeOf(routine));
        SqlType? type = routine.ReturnType ?? (routine.ResultColumns.Count == 1 ? routine.ResultColumns[0].Type : null);
        Value[]? last = RunFunction(routine, frame, arguments, type is not null);
        if (type is null)
            return Value.Null(SqlTypeKind.Text);
        if (!frame.Code.IsBlock)
            return last is null ? Value.Null(type.Kind) : last[0];
        if (routine.ReturnType is null)
            return OutputsOf(routine, frame, null)[0];
        return frame.HasReturned && frame.ResultType is not null
            ? Convert(frame.Result, frame.ResultType, type)
            : throw new BareMetalException(SqlStates.ReturnMissing, $"The function {routine.Signature} ended without RETURN.");
    }

    /// <param name="routine">A function that gives rows.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="caller">The statement whose memory the rows count for until they are read.</param>
    private IEnumerable<Value[]> RunFunctionRows(Routine routine, Value[] arguments, Execution.QueryContext caller)
    {
        RoutineRows rows = new(RowTypes(routine), caller);
        try
        {
            RoutineFrame frame = new(_session.Commands.CodeOf(routine)) { Rows = rows };
            RunFunction(routine, frame, arguments, true);
            if (frame.Code.IsBlock && !routine.ReturnsSet)
            {
                rows.Dispose();
                return [OutputsOf(routine, frame, null)];
            }

            return rows.Read();
        }
        catch
        {
            rows.Dispose();
            throw;
        }
    }

    private static SqlType[] RowTypes(Routine routine) => routine.ReturnType is { } plain ? [plain] : [.. routine.ResultColumns.Select(c => c.Type)];

    private Value[]? RunFunction(Routine routine, RoutineFrame frame, Value[] arguments, bool givesRows)
    {
        StorageTransaction storage = _transaction!.Storage;
        frame.SetInputs(routine, [.. arguments]);
        RoutineFrame? caller = _frame;
        _frame = frame;
        InnerStatements outer = storage.EnterInner();
        try
        {
            return RunBody(frame, givesRows);
        }
        catch (BareMetalException e) when (e.Position > 0)
        {
            throw e.In(Where(routine, e));
        }
        finally
        {
            storage.LeaveInner(outer);
            _frame = caller;
        }
    }

    private RoutineDepth Deeper(Routine routine)
    {
        if (_session.RoutineDepth >= MaxRoutineDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new BareMetalException(SqlStates.StatementTooComplex, $"Routines call one another deeper than {MaxRoutineDepth} levels, at {routine.Signature}.")
            {
                Hint = "A recursion must end; WITH RECURSIVE goes as deep as needed.",
            };
        }

        _session.RoutineDepth++;
        return new RoutineDepth(_session);
    }

    private static string Where(Routine routine, BareMetalException e) => $"In the {(routine.Kind == RoutineKind.Procedure ? "procedure" : "function")} {routine.Signature}, line {Math.Max(e.Line, 1)} of its body.";

    // ---- bodies

    /// <summary>Runs a body. Of one of the language sql the last statement's first row comes back, or all of its rows go to the frame.</summary>
    private Value[]? RunBody(RoutineFrame frame, bool givesRows)
    {
        RoutineCode code = frame.Code;
        if (code.IsBlock)
        {
            SetVariables(frame, code.Declared);
            RunBlock(code.Body);
            return null;
        }

        Value[]? last = null;
        for (int i = 0; i < code.Body.Length; i++)
        {
            Cancellation.ThrowIfCancellationRequested();
            bool isLast = givesRows && i == code.Body.Length - 1;
            if (isLast)
                RunLast(frame, code.Body[i], ref last);
            else
                RunBlock([code.Body[i]]);
        }

        return last;
    }

    private void RunLast(RoutineFrame frame, Statement statement, ref Value[]? last)
    {
        Routine routine = frame.Code.Routine!;
        SqlType[] types = RowTypes(routine);
        Value[]? first = null;
        CheckAllowed(statement);
        long affected = RunInner(EnsureTransaction(), statement, batch =>
        {
            IReadOnlyList<ResultColumn> given = _planned!.Columns;
            for (int row = 0; row < batch.Count && (first is null || frame.Rows is not null); row++)
            {
                Value[] values = RowOf(batch, row);
                if (values.Length != types.Length)
                    throw new BareMetalException(SqlStates.InvalidFunctionDefinition, $"The last statement of {routine.Signature} gives {values.Length} columns where {types.Length} are returned.");
                for (int c = 0; c < values.Length; c++)
                    values[c] = Convert(values[c], given[c].Type, types[c]);
                first ??= values;
                if (frame.Rows is not null && (routine.ReturnsSet || frame.Rows.Count == 0))
                    frame.Rows.Add(values);
            }
        });
        CountAffected(affected);
        last = first;
    }

    private void CountAffected(long affected)
    {
        if (affected >= 0)
            _called = Math.Max(_called, 0) + affected;
        if (_frame is null)
            return;
        _frame.RowCount = affected >= 0 ? affected : _innerRows;
        if (_frame.Code.Variables.FoundSlot is >= 0 and int slot)
            _frame.Values[slot] = Value.From(SqlTypeKind.Boolean, _frame.RowCount > 0);
    }

    /// <summary>Refuses what a function that is called within a statement may not do.</summary>
    private void CheckAllowed(Statement statement)
    {
        if (_outer is null)
            return;
        if (_sharesSnapshot && statement is not QueryStatement)
        {
            throw new BareMetalException(SqlStates.FeatureNotSupported, "A function that is declared stable or immutable only reads.")
            {
                Hint = "Declare it VOLATILE.",
            };
        }
    }

    /// <summary>A query or change of a body whose rows nobody takes within it: a procedure gives them to its caller.</summary>
    private void RunForCaller(SessionTransaction transaction, Statement statement)
    {
        CheckAllowed(statement);
        bool isProcedure = _outer is null && _frame is { Code.Routine.Kind: RoutineKind.Procedure };
        KeptBatches? kept = isProcedure ? new KeptBatches() : null;
        try
        {
            long affected = RunInner(transaction, statement, batch => kept?.Add(batch, _context));
            CountAffected(affected);
            if (kept is not null && _innerColumns.Count > 0)
            {
                _results.Enqueue(new RoutineResult(_innerColumns, kept));
                kept = null;
            }
        }
        finally
        {
            kept?.Dispose();
        }
    }

    /// <summary>Statements that only blocks and bodies have; false when it is none.</summary>
    private bool RunControl(SessionTransaction transaction, Statement statement)
    {
        switch (statement)
        {
            case CallStatement call:
                if (_outer is not null && _sharesSnapshot)
                    CheckAllowed(statement);
                if (_frame is { } frame)
                    Call(transaction, frame.Code.For(call), [.. frame.Values], (slot, value, type) => Assign(frame, slot, value, type), isTop: false);
                else
                    Call(transaction, new CachedStatement(call, [], null), [], static (_, _, _) => { }, isTop: true);
                return true;
            case AssignmentStatement assignment:
            {
                int slot = _frame!.Code.Variables.Find(assignment.Target);
                Value value = Evaluate(assignment.Value, out SqlType type);
                Assign(_frame, slot, value, type);
                return true;
            }

            case IntoStatement into:
                RunInto(transaction, into);
                return true;
            case DiagnosticsStatement diagnostics:
                foreach (Identifier target in diagnostics.Targets)
                    Assign(_frame!, _frame!.Code.Variables.Find(target), Value.From(SqlTypeKind.BigInt, _frame.RowCount), SqlType.BigInt);
                return true;
            case ReturnStatement giving:
                RunReturn(transaction, giving);
                return true;
            case LoopStatement loop:
                RunLoop(loop);
                return true;
            case LeaveLoopStatement leave:
                if (leave.When is null || IsTrue(Evaluate(leave.When, out _), "WHEN"))
                    _frame!.Leaving = leave;
                return true;
            default:
                return false;
        }
    }

    private void RunLoop(LoopStatement loop)
    {
        RoutineFrame frame = _frame!;
        while (loop.Condition is null || IsTrue(Evaluate(loop.Condition, out _), "WHILE"))
        {
            Cancellation.ThrowIfCancellationRequested();
            RunBlock(loop.Body);
            if (frame.HasReturned)
                return;
            bool exits = frame.Leaving is { IsContinue: false };
            frame.Leaving = null;
            if (exits)
                return;
        }
    }

    private static bool IsTrue(Value condition, string what)
    {
        if (!condition.IsNull && condition.Kind != SqlTypeKind.Boolean)
            throw new BareMetalException(SqlStates.DatatypeMismatch, $"The condition of {what} must be boolean.");
        return !condition.IsNull && condition.As<bool>();
    }

    private void RunReturn(SessionTransaction transaction, ReturnStatement giving)
    {
        RoutineFrame frame = _frame!;
        if (giving.Query is { } query)
        {
            if (frame.Rows is not { } rows || frame.Code.Routine is not { } routine)
                throw new BareMetalException(SqlStates.DatatypeMismatch, "RETURN QUERY stands in functions that return rows.");
            SqlType[] types = RowTypes(routine);
            CheckAllowed(query);
            long affected = RunInner(transaction, query, batch =>
            {
                IReadOnlyList<ResultColumn> given = _planned!.Columns;
                if (given.Count != types.Length)
                    throw new BareMetalException(SqlStates.DatatypeMismatch, $"RETURN QUERY gives {given.Count} columns where {types.Length} are returned.");
                for (int row = 0; row < batch.Count; row++)
                {
                    Value[] values = RowOf(batch, row);
                    for (int c = 0; c < values.Length; c++)
                        values[c] = Convert(values[c], given[c].Type, types[c]);
                    rows.Add(values);
                }
            });
            CountAffected(affected);
            return;
        }

        if (giving.Value is not null)
        {
            frame.Result = Evaluate(giving.Value, out SqlType type);
            frame.ResultType = type;
        }

        frame.HasReturned = true;
    }

    private void RunInto(SessionTransaction transaction, IntoStatement into)
    {
        RoutineFrame frame = _frame!;
        int[] slots = [.. into.Targets.Select(t => frame.Code.Variables.Find(t))];
        CheckAllowed(into.Inner);
        Value[]? first = null;
        SqlType[] types = [];
        long rows = 0;
        long affected = RunInner(transaction, into.Inner, batch =>
        {
            if (first is null && batch.Count > 0)
            {
                first = RowOf(batch, 0);
                types = [.. _planned!.Columns.Select(c => c.Type)];
            }

            rows += batch.Count;
        });
        if (into.Strict && rows != 1)
        {
            throw rows == 0
                ? new BareMetalException(SqlStates.NoDataFound, "INTO STRICT: the query gave no row.")
                : new BareMetalException(SqlStates.TooManyRows, "INTO STRICT: the query gave more than one row.");
        }

        if (rows > 1 && affected >= 0)
            throw new BareMetalException(SqlStates.TooManyRows, "RETURNING … INTO: the statement gave more than one row.");
        if (first is not null && first.Length != slots.Length)
            throw new BareMetalException(SqlStates.SyntaxError, $"INTO names {slots.Length} variables, but the statement gives {first.Length} columns.");
        for (int i = 0; i < slots.Length; i++)
            Assign(frame, slots[i], first is null ? Value.Null(frame.Code.Variables.Types[slots[i]].Kind) : first[i], first is null ? frame.Code.Variables.Types[slots[i]] : types[i]);
        _innerRows = Math.Min(rows, 1);
        CountAffected(affected);
    }

    private void SetVariables(RoutineFrame frame, VariableDeclaration[] variables)
    {
        foreach (VariableDeclaration variable in variables)
        {
            int slot = frame.Code.Variables.Find(variable.Name);
            SqlType type = frame.Code.Variables.Types[slot];
            Value value = Value.Null(type.Kind);
            if (variable.Value is not null)
            {
                value = Evaluate(variable.Value, out SqlType given);
                value = Convert(value, given, type);
            }

            if (value.IsNull && variable.NotNull)
                throw NoNull(variable.Name.Name);
            frame.Values[slot] = value;
        }
    }

    private static void Assign(RoutineFrame frame, int slot, Value value, SqlType type)
    {
        RoutineVariables variables = frame.Code.Variables;
        if (variables.Constants.Contains(slot))
            throw new BareMetalException(SqlStates.SyntaxError, $"The variable \"{variables.Names[slot]}\" is declared CONSTANT.");
        if (value.IsNull && variables.NotNull.Contains(slot))
            throw NoNull(variables.Names[slot]!);
        frame.Values[slot] = Convert(value, type, variables.Types[slot]);
    }

    private static BareMetalException NoNull(string name) => new(SqlStates.NullValueNotAllowed, $"The variable \"{name}\" is declared NOT NULL.");

    private static Value Convert(in Value value, SqlType from, SqlType to)
    {
        if (value.IsNull)
            return Value.Null(to.Kind);
        if (from.Kind == to.Kind && from.Kind != SqlTypeKind.Array)
            return value;
        if (from.Kind != SqlTypeKind.Unknown && Casts.Find(from, to) is not { Context: <= CastContext.Assignment })
            throw new BareMetalException(SqlStates.DatatypeMismatch, $"A value of type {TypeNames.Format(to)} is needed, but this is of type {TypeNames.Format(from)}.") { Hint = "Convert it with CAST." };
        return Casts.Convert(value, from, to);
    }

    private static Value[] RowOf(Batch batch, int row)
    {
        Value[] values = new Value[batch.Columns.Length];
        for (int i = 0; i < values.Length; i++)
            values[i] = batch.Columns[i].GetValue(row);
        return values;
    }

    /// <summary>A level of calls, until it is disposed.</summary>
    private readonly struct RoutineDepth(Session session) : IDisposable
    {
        public void Dispose() => session.RoutineDepth--;
    }
}
