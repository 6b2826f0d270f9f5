using System.Runtime.CompilerServices;
using BareMetal.Data.Catalog;
using BareMetal.Data.Functions;
using BareMetal.Data.Functions.Kernels;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Sql;
using BareMetal.Data.Types;
using BareMetal.Data.Values;
using Ast = BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Binding;

// Functions and procedures written in SQL. One that is a single query and changes nothing is put into the statement as a view is, with
// its parameters replaced by the arguments, so that the planner sees through it; any other is called.
internal sealed partial class Binder
{
    /// <summary>How deep routines expand into one another; deeper ones, and those that name themselves, are called.</summary>
    private const int MaxExpansionDepth = 20;

    private readonly List<Routine> _expanding = [];

    /// <summary>What names of variables mean in the body that is being bound; null outside of routines.</summary>
    private VariableScope? _variables;

    /// <summary>A CALL: the procedure, a plan of one row that gives its inputs, and where its outputs go.</summary>
    public static BoundRoutineCall BindCall(Ast.CallStatement call, CatalogSnapshot catalog, BindingOptions options, ReadOnlySpan<SqlType> parameterTypes)
    {
        var binder = new Binder(catalog, options, parameterTypes);
        return binder.BindProcedure(call);
    }

    private BoundRoutineCall BindProcedure(Ast.CallStatement statement)
    {
        Ast.CallExpression call = statement.Call;
        IReadOnlyList<Routine> overloads = _catalog.ResolveRoutines(call.Name.Schema, call.Name.Name, _options.SearchPath);
        var scope = new Scope(null, FromScope.Empty) { Clause = "CALL" };
        var arguments = new BoundExpression[call.Arguments.Length];
        for (int i = 0; i < arguments.Length; i++)
            arguments[i] = Bind(call.Arguments[i], scope);
        List<Routine> procedures = [.. overloads.Where(r => r.Kind == Ast.RoutineKind.Procedure)];
        RoutineMatch? match = Match(procedures, call, arguments, outputs: true);
        if (match is null && (_options.CallFunctions || statement.Result is not null))
            match = Match([.. overloads.Where(r => r.Kind == Ast.RoutineKind.Function)], call, arguments, outputs: false);
        if (match is null)
        {
            if (procedures.Count == 0 && overloads.Count > 0)
                throw SqlErrors.At(call.Position, SqlStates.WrongObjectType, $"{call.Name} is not a procedure but a function.", $"Write SELECT {call.Name}(…).");
            throw UndefinedRoutine(call, arguments, procedures, "procedure");
        }

        Routine routine = match.Routine;
        Depend(routine);
        IReadOnlyList<RoutineParameter> parameters = routine.Parameters;
        var outputs = new List<int>();
        var inputs = new List<(string, BoundExpression)>();
        for (int i = 0, at = 0; i < parameters.Count; i++)
        {
            RoutineParameter parameter = parameters[i];
            if (parameter.Mode == Ast.RoutineParameterMode.Table || (parameter.Mode == Ast.RoutineParameterMode.Out && routine.Kind == Ast.RoutineKind.Function))
                continue;
            int argument = match.Arguments[at++];
            if (parameter.Mode is Ast.RoutineParameterMode.Out or Ast.RoutineParameterMode.InOut)
                outputs.Add(argument >= 0 && arguments[argument] is BoundParameter target ? target.Index : -1);
            if (parameter.Mode != Ast.RoutineParameterMode.Out)
                inputs.Add((parameter.Name ?? $"column{i + 1}", Argument(routine, parameter, argument < 0 ? null : arguments[argument], argument < 0 ? call.Position : call.Arguments[argument].Position)));
        }

        return new BoundRoutineCall
        {
            Routine = routine,
            Inputs = Finish(SingleRow(inputs)),
            Outputs = [.. outputs],
            Result = statement.Result?.Index ?? -1,
        };
    }

    /// <summary>Whether a name may mean a routine of the catalog.</summary>
    private IReadOnlyList<Routine> RoutinesNamed(Ast.ObjectName name) => _catalog.ResolveRoutines(name.Schema, name.Name, _options.SearchPath);

    /// <summary>Binds a call of a function of the catalog as a value.</summary>
    private BoundExpression BindRoutineValue(Ast.CallExpression call, BoundExpression[] arguments, IReadOnlyList<Routine> overloads, Scope scope)
    {
        RoutineMatch match = MatchFunction(call, arguments, overloads);
        Routine routine = match.Routine;
        if (routine.IsTable)
        {
            CheckSets(call, scope);
            (TableFunction set, BoundExpression[] given) = CallRoutineTable(call, arguments, null)!.Value;
            return AddSet(set, given, set.Columns([]), scope);
        }

        Depend(routine);
        BoundExpression[] inputs = Inputs(match, call, arguments);
        SqlType type = routine.ReturnType ?? (routine.ResultColumns.Count == 1 ? routine.ResultColumns[0].Type : SqlType.Text);
        if (IsExpandable(routine) && ExpandValue(routine, inputs, type, call.Position) is { } expanded)
            return expanded;
        if (_restricted is not null && _restricted != "a default")
        {
            throw SqlErrors.NotSupported(
                call.Position, $"The function {routine.Signature} runs statements and cannot stand in {_restricted}.", "A function that is one expression over its arguments can: RETURN expression.");
        }

        // What it reads may change between statements, and it needs a session: it is not computed while planning.
        var function = new ScalarFunction
        {
            Name = routine.Name,
            Parameters = [.. routine.Inputs.Select(p => p.Type)],
            Volatility = routine.Volatility == Volatility.Volatile ? Volatility.Volatile : Volatility.Stable,
            IsStrict = routine.IsStrict,
            IsUserCode = true,
            ResultType = _ => type,
            CreateKernel = (_, _) => Kernel.Values((values, context) => Host(context, routine).CallValue(routine, values), routine.IsStrict),
        };
        return new BoundCall(function, inputs, type);
    }

    /// <summary>Binds a function of the catalog that stands alone in FROM; null when it is to be called beside others.</summary>
    private (LogicalOperator Plan, FromScope Scope)? BindRoutineTable(Ast.FunctionTableReference reference, FromContext context, Scope scope)
    {
        Ast.CallExpression call = reference.Calls[0];
        IReadOnlyList<Routine> overloads = RoutinesNamed(call.Name);
        if (overloads.Count == 0)
            return null;
        BoundExpression[] arguments = BindArguments(call, scope, allowNames: true);
        if (FindBuiltIn(call, arguments) || Match([.. overloads.Where(r => r.Kind == Ast.RoutineKind.Function)], call, arguments, outputs: false) is not { } match || !match.Routine.IsTable)
            return null;
        Routine routine = match.Routine;
        if (reference.WithOrdinality || !IsExpandable(routine))
            return null;
        Depend(routine);
        BoundExpression[] inputs = Inputs(match, call, arguments);
        LogicalOperator plan = ExpandQuery(routine, inputs, call.Position);
        (string Name, SqlType Type)[] shape = ColumnsOf(routine, reference.Alias?.Name.Name);
        var items = new ProjectItem[shape.Length];
        for (int i = 0; i < items.Length; i++)
        {
            BoundExpression value = Coerce(new BoundColumn(plan.Output[i]), shape[i].Type, CastContext.Assignment, call.Position);
            items[i] = new ProjectItem(NewColumn(shape[i].Name, value), value);
        }

        plan = new LogicalProject(plan, items);
        if (!routine.ReturnsSet)
            plan = new LogicalLimit(plan, new BoundConstant(Value.From(SqlTypeKind.BigInt, 1L), SqlType.BigInt), null);
        if (routine.IsStrict && inputs.Length > 0)
            plan = new LogicalFilter(plan, NoneNull(inputs));
        IReadOnlyList<PlanColumn> output = NullableOutput(ref plan, context.Nullable);
        return (plan, Range(reference.Alias?.Name.Name ?? call.Name.Name, null, [.. output], reference.Alias));
    }

    /// <summary>A function of the catalog as one of those that are called in FROM; null when the name means none that gives rows.</summary>
    private (TableFunction Function, BoundExpression[] Arguments)? CallRoutineTable(Ast.CallExpression call, BoundExpression[] arguments, string? alias)
    {
        IReadOnlyList<Routine> overloads = RoutinesNamed(call.Name);
        if (overloads.Count == 0 || FindBuiltIn(call, arguments))
            return null;
        RoutineMatch match = MatchFunction(call, arguments, overloads);
        Routine routine = match.Routine;
        if (!routine.IsTable)
            return null;
        Depend(routine);
        (string Name, SqlType Type)[] shape = ColumnsOf(routine, alias);
        var function = new TableFunction
        {
            Name = routine.Name,
            IsVolatile = routine.Volatility == Volatility.Volatile,
            Parameters = [.. routine.Inputs.Select(p => p.Type)],
            Columns = _ => shape,
            Invoke = (values, context) => routine.IsStrict && Array.Exists(values, v => v.IsNull) ? [] : Host(context, routine).CallRows(routine, values),
        };
        return (function, Inputs(match, call, arguments));
    }

    private static IRoutineHost Host(FunctionContext context, Routine routine) =>
        context as IRoutineHost ?? throw new BareMetalException(SqlStates.FeatureNotSupported, $"The function {routine.Signature} needs a session and can't be run here.");

    private static (string Name, SqlType Type)[] ColumnsOf(Routine routine, string? alias) => routine.ResultColumns.Count > 0
        ? [.. routine.ResultColumns.Select((c, i) => (c.Name ?? $"column{i + 1}", c.Type))]
        : [(alias ?? routine.Name, routine.ReturnType!)];

    // ---- choosing

    /// <summary>An overload that fits a call, and for each of its parameters the argument's place, −1 for the default.</summary>
    private sealed record RoutineMatch(Routine Routine, int[] Arguments);

    /// <summary>Whether the call means one of the engine's own functions, which come first, as those of pg_catalog do.</summary>
    private bool FindBuiltIn(Ast.CallExpression call, BoundExpression[] arguments) =>
        call.ArgumentNames is null && (call.Name.Schema is null || call.Name.Schema.Equals("pg_catalog", StringComparison.OrdinalIgnoreCase))
        && (_options.Functions.ResolveScalar(call.Name.Name, TypesOf(arguments)) is not null || _options.Functions.ResolveTable(call.Name.Name, TypesOf(arguments)) is not null);

    private RoutineMatch MatchFunction(Ast.CallExpression call, BoundExpression[] arguments, IReadOnlyList<Routine> overloads)
    {
        List<Routine> functions = [.. overloads.Where(r => r.Kind == Ast.RoutineKind.Function)];
        if (functions.Count == 0)
            throw SqlErrors.At(call.Position, SqlStates.WrongObjectType, $"{call.Name} is a procedure.", $"Write CALL {call.Name}(…).");
        return Match(functions, call, arguments, outputs: false) ?? throw UndefinedRoutine(call, arguments, functions, "function");
    }

    private static RoutineMatch? Match(IReadOnlyList<Routine> overloads, Ast.CallExpression call, BoundExpression[] arguments, bool outputs)
    {
        RoutineMatch? best = null;
        int bestCost = int.MaxValue;
        bool isAmbiguous = false;
        foreach (Routine routine in overloads)
        {
            List<RoutineParameter> parameters = [.. routine.Parameters.Where(p => p.Mode is Ast.RoutineParameterMode.In or Ast.RoutineParameterMode.InOut || (outputs && p.Mode == Ast.RoutineParameterMode.Out))];
            if (Place(parameters, call, arguments.Length) is not { } places)
                continue;
            var given = new List<SqlType>();
            var wanted = new List<SqlType>();
            int cost = 0;
            for (int i = 0; i < places.Length; i++)
            {
                if (places[i] < 0)
                {
                    cost++; // one without defaults goes before
                    continue;
                }

                // What stands for an output may be of any type.
                if (parameters[i].Mode == Ast.RoutineParameterMode.Out)
                    continue;
                given.Add(arguments[places[i]].Type);
                wanted.Add(parameters[i].Type);
            }

            if (FunctionResolver.CostOf(wanted, [.. given]) is not { } fit)
                continue;
            cost += fit;
            if (cost == bestCost)
                isAmbiguous = true;
            if (cost >= bestCost)
                continue;
            (best, bestCost, isAmbiguous) = (new RoutineMatch(routine, places), cost, false);
        }

        if (isAmbiguous)
            throw SqlErrors.At(call.Position, SqlStates.AmbiguousFunction, $"The call of {call.Name} fits several overloads equally well.", "Convert the arguments with CAST.");
        return best;
    }

    /// <summary>Which argument each parameter takes, −1 for its default; null when they do not go together.</summary>
    private static int[]? Place(List<RoutineParameter> parameters, Ast.CallExpression call, int count)
    {
        if (count > parameters.Count)
            return null;
        int[] places = new int[parameters.Count];
        Array.Fill(places, -1);
        for (int i = 0; i < count; i++)
        {
            int at = i;
            if (call.ArgumentNames?[i] is { } name)
            {
                at = parameters.FindIndex(p => string.Equals(p.Name, name, StringComparison.OrdinalIgnoreCase));
                if (at < 0)
                    return null;
            }

            if (places[at] >= 0)
                return null;
            places[at] = i;
        }

        for (int i = 0; i < places.Length; i++)
        {
            if (places[i] < 0 && parameters[i].DefaultSql is null && parameters[i].Mode != Ast.RoutineParameterMode.Out)
                return null;
        }

        return places;
    }

    private static BareMetalException UndefinedRoutine(Ast.CallExpression call, BoundExpression[] arguments, IReadOnlyList<Routine> overloads, string kind)
    {
        string types = string.Join(", ", arguments.Select((a, i) => (call.ArgumentNames?[i] is { } n ? n + " => " : "") + TypeNames.Format(a.Type)));
        string? hint = overloads.Count == 0 ? null : $"There is {string.Join(", ", overloads.Take(6).Select(r => r.Signature))}; convert the arguments with CAST.";
        return SqlErrors.At(call.Position, SqlStates.UndefinedFunction, $"The {kind} {call.Name}({types}) does not exist.", hint);
    }

    private BoundExpression[] Inputs(RoutineMatch match, Ast.CallExpression call, BoundExpression[] arguments)
    {
        IReadOnlyList<RoutineParameter> parameters = match.Routine.Inputs;
        var inputs = new BoundExpression[parameters.Count];
        for (int i = 0; i < inputs.Length; i++)
        {
            int argument = match.Arguments[i];
            inputs[i] = Argument(match.Routine, parameters[i], argument < 0 ? null : arguments[argument], argument < 0 ? call.Position : call.Arguments[argument].Position);
        }

        return inputs;
    }

    private BoundExpression Argument(Routine routine, RoutineParameter parameter, BoundExpression? argument, SourcePosition position)
    {
        if (argument is null)
        {
            argument = InBody(null, null, () => Bind(SqlParser.ParseExpression(parameter.DefaultSql!), new Scope(null, FromScope.Empty) { Clause = "a default" }));
            return Coerce(argument, parameter.Type, CastContext.Assignment, position, $"The default of \"{parameter.Name}\" of {routine.Signature}");
        }

        return Coerce(argument, parameter.Type, CastContext.Implicit, position);
    }

    // ---- expanding

    private bool IsExpandable(Routine routine) => routine.Volatility != Volatility.Volatile && routine is { Language: "sql" } && routine.Parsed.Query is not null
        && _expanding.Count < MaxExpansionDepth && !_expanding.Exists(r => r.Id == routine.Id);

    /// <summary>The function's value as an expression over its arguments, or as a subquery; null when it must be called.</summary>
    private BoundExpression? ExpandValue(Routine routine, BoundExpression[] inputs, SqlType type, SourcePosition position)
    {
        LogicalOperator plan = ExpandQuery(routine, inputs, position);
        BoundExpression value;
        if (plan is LogicalProject { Input: LogicalValues { Rows: [{ Count: 0 }] }, Items: [var item] })
        {
            // An argument that costs or may change is computed once.
            if (!Array.TrueForAll(inputs, i => IsCheap(i) || (!MayChange(i) && Uses(item.Expression, i) <= 1)) && (_restricted is null || Array.Exists(inputs, MayChange)))
                return _restricted is null ? ComputedOnce(routine, inputs, type, position) : null;
            value = Coerce(item.Expression, type, CastContext.Assignment, position);
        }
        else if (_restricted is not null)
        {
            return null;
        }
        else if (Array.Exists(inputs, MayChange))
        {
            return ComputedOnce(routine, inputs, type, position);
        }
        else
        {
            value = Single(plan, type, position);
        }

        return routine.IsStrict && inputs.Length > 0 ? new BoundCase([new BoundWhen(NoneNull(inputs), value)], Null(type), type) : value;
    }

    /// <summary>The function over a row of its arguments, as a subquery.</summary>
    private BoundSubquery ComputedOnce(Routine routine, BoundExpression[] inputs, SqlType type, SourcePosition position)
    {
        var items = new (string, BoundExpression)[inputs.Length];
        for (int i = 0; i < items.Length; i++)
            items[i] = (routine.Inputs[i].Name ?? $"column{i + 1}", inputs[i]);
        LogicalProject row = SingleRow(items);
        BoundExpression[] columns = [.. row.Items.Select(i => (BoundExpression)new BoundColumn(i.Column))];
        LogicalOperator plan = ExpandQuery(routine, columns, position);
        LogicalOperator left = routine.IsStrict ? new LogicalFilter(row, NoneNull(columns)) : row;
        var joined = new LogicalJoin(JoinKind.Inner, left, plan, null, IsLateral: true);
        var value = new BoundColumn(plan.Output[0]);
        BoundExpression result = Coerce(value, type, CastContext.Assignment, position);
        LogicalOperator projected = new LogicalProject(joined, [new ProjectItem(NewColumn(routine.Name, result), result)]);
        return Single(projected, type, position);
    }

    private BoundSubquery Single(LogicalOperator plan, SqlType type, SourcePosition position)
    {
        // As in PostgreSQL the first row counts.
        bool isOne = plan is LogicalProject { Input: LogicalAggregate { Keys.Count: 0, GroupingSets: null } };
        if (plan.Output.Count != 1 || plan.Output[0].Type != type)
        {
            BoundExpression value = Coerce(new BoundColumn(plan.Output[0]), type, CastContext.Assignment, position);
            plan = new LogicalProject(plan, [new ProjectItem(NewColumn(plan.Output[0].Name, value), value)]);
        }

        if (!isOne)
            plan = new LogicalLimit(plan, new BoundConstant(Value.From(SqlTypeKind.BigInt, 1L), SqlType.BigInt), null);
        return new BoundSubquery(SubqueryKind.Scalar, plan, [], [], type);
    }

    private LogicalOperator ExpandQuery(Routine routine, BoundExpression[] inputs, SourcePosition position)
    {
        string?[] names = [.. routine.Inputs.Select(p => p.Name)];
        var variables = new VariableScope(routine.Name, names, inputs, [.. Enumerable.Range(0, inputs.Length)], false);
        _expanding.Add(routine);
        try
        {
            LogicalOperator plan = InBody(variables, routine, () => BindQuery(routine.Parsed.Query!, null, QueryUse.Top));
            int width = Math.Max(1, routine.ReturnType is not null ? 1 : routine.ResultColumns.Count);
            if (plan.Output.Count != width)
                throw new BareMetalException(SqlStates.InvalidFunctionDefinition, $"Its query has {plan.Output.Count} columns where {width} {(width == 1 ? "is" : "are")} returned.");
            return plan;
        }
        catch (BareMetalException e)
        {
            // The places are those of the body.
            throw new BareMetalException(e.SqlState, $"The function {routine.Signature} can't be used. {e.PlainMessage}", e)
            {
                Hint = e.Hint,
                Position = position.IsNone ? 0 : position.Offset + 1,
                Line = position.Line,
                Column = position.Column,
            };
        }
        finally
        {
            _expanding.RemoveAt(_expanding.Count - 1);
        }
    }

    /// <summary>Binds something of a routine: nothing of what stands around the call is visible.</summary>
    private T InBody<T>(VariableScope? variables, Routine? routine, Func<T> bind)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new BareMetalException(SqlStates.StatementTooComplex, $"Functions nest too deep{(routine is null ? "" : $" at {routine.Signature}")}.");
        CteScope? ctes = _ctes;
        string? restricted = _restricted;
        VariableScope? before = _variables;
        _ctes = null;
        _restricted = null;
        _variables = variables;
        _viewDepth++;
        try
        {
            return bind();
        }
        finally
        {
            _viewDepth--;
            _ctes = ctes;
            _restricted = restricted;
            _variables = before;
        }
    }

    private static BoundExpression NoneNull(IReadOnlyList<BoundExpression> inputs)
    {
        BoundExpression[] tests = [.. inputs.Select(i => (BoundExpression)new BoundIsNull(i, true))];
        return tests.Length == 1 ? tests[0] : new BoundLogical(true, tests);
    }

    private static bool IsCheap(BoundExpression e) => e is BoundColumn or BoundConstant or BoundParameter || (e is BoundCast { Operand: var inner } && IsCheap(inner));

    private static bool MayChange(BoundExpression e) => BoundTree.Any(e, x => x is BoundCall { Function.Volatility: Volatility.Volatile });

    /// <summary>How often a function's expression computes an argument.</summary>
    private static int Uses(BoundExpression expression, BoundExpression argument)
    {
        int uses = 0;
        BoundTree.Visit(expression, e =>
        {
            if (ReferenceEquals(e, argument))
                uses++;
        });
        return uses;
    }
}

/// <summary>A CALL, bound.</summary>
internal sealed class BoundRoutineCall
{
    public required Routine Routine { get; init; }

    /// <summary>A plan of one row: the values of the input parameters, defaults included.</summary>
    public required BoundStatement Inputs { get; init; }

    /// <summary>For each output parameter the statement's parameter that takes it, −1 for none.</summary>
    public required int[] Outputs { get; init; }

    /// <summary>The statement's parameter that takes what is returned, −1 for none.</summary>
    public required int Result { get; init; }
}
