using BareMetal.Data.Functions;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Sql;
using BareMetal.Data.Types;
using Ast = BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Binding;

// Calls of functions, aggregates and window functions.
internal sealed partial class Binder
{
    private static readonly string[] WindowFunctions =
    [
        "row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag", "lead", "first_value", "last_value", "nth_value",
    ];

    private BoundExpression[] BindArguments(Ast.CallExpression call, Scope scope, bool allowNames = false)
    {
        if (call.ArgumentNames is not null && !allowNames)
            throw SqlErrors.NotSupported(call.Position, "Arguments by name are not supported by the engine's own functions.", "Give them by position.");
        bool writesJson = WritesJson(call.Name.Name);
        var arguments = new BoundExpression[call.Arguments.Length];
        for (int i = 0; i < arguments.Length; i++)
            arguments[i] = writesJson ? BindJsonArgument(call.Arguments[i], scope) : Bind(call.Arguments[i], scope);
        return arguments;
    }

    private void CoerceArguments(BoundExpression[] arguments, SqlType[] types, Ast.CallExpression call)
    {
        for (int i = 0; i < arguments.Length; i++)
            arguments[i] = Coerce(arguments[i], types[i], CastContext.Implicit, call.Arguments[i].Position);
    }

    private BoundExpression BindCall(Ast.CallExpression call, Scope scope)
    {
        EnsureStack(call.Position);
        string name = call.Name.Name;
        IReadOnlyList<Catalog.Routine> routines = RoutinesNamed(call.Name);
        if (routines.Count > 0 && call.Name.Schema is not null && call.Over is null)
            return BindRoutineCall(call, scope, routines);
        if (call.Name.Schema is { } schema && !schema.Equals("pg_catalog", StringComparison.OrdinalIgnoreCase)
            && !schema.Equals(Catalog.CatalogSnapshot.DefaultSchema, StringComparison.OrdinalIgnoreCase)
            && !_options.Functions.HasOwn(name))
        {
            throw SqlErrors.At(call.Position, SqlStates.UndefinedFunction, $"The function {call.Name} does not exist.", "Functions are in no schema.");
        }

        if (call.Over is not null)
            return BindWindowCall(call, call.Over, scope);
        if (routines.Count > 0 && _options.Functions.FindAggregate(name).Count == 0 && Array.FindIndex(WindowFunctions, w => w.Equals(name, StringComparison.OrdinalIgnoreCase)) < 0)
            return BindRoutineCall(call, scope, routines);
        if (call.WithinGroup.Length > 0 || call.Star || call.Filter is not null || call.Distinct || call.OrderBy.Length > 0
            || _options.Functions.FindAggregate(name).Count > 0)
        {
            return BindAggregateCall(call, scope);
        }

        if (call.IgnoreNulls)
            throw SqlErrors.Syntax(call.Position, "IGNORE NULLS goes with window functions only.");
        if (Array.FindIndex(WindowFunctions, w => w.Equals(name, StringComparison.OrdinalIgnoreCase)) >= 0)
            throw SqlErrors.At(call.Position, SqlStates.WindowingError, $"{name} is a window function.", $"Write {name}(…) OVER (…).");
        if (call.Variadic)
            throw SqlErrors.NotSupported(call.Position, "VARIADIC is not supported.");
        int sets = scope.Select?.SetUses ?? 0;
        BoundExpression[] arguments = BindArguments(call, scope);
        if (IsSetFunction(name))
            return BindSetCall(call, arguments, scope);
        if (name.Equals("coalesce", StringComparison.OrdinalIgnoreCase))
            RefuseSets(scope, sets, "COALESCE", call.Position);
        return Special(call, arguments) ?? BindScalarCall(call, arguments);
    }

    /// <summary>Binds a call that may mean a function of the catalog or one of the engine's of the same name.</summary>
    private BoundExpression BindRoutineCall(Ast.CallExpression call, Scope scope, IReadOnlyList<Catalog.Routine> routines)
    {
        if (call.Star || call.Distinct || call.Filter is not null || call.OrderBy.Length > 0 || call.WithinGroup.Length > 0)
            throw SqlErrors.At(call.Position, SqlStates.WrongObjectType, $"{call.Name} is not an aggregate function.");
        if (call.Variadic)
            throw SqlErrors.NotSupported(call.Position, "VARIADIC is not supported.");
        BoundExpression[] arguments = BindArguments(call, scope, allowNames: true);
        if (FindBuiltIn(call, arguments))
            return Special(call, arguments) ?? BindScalarCall(call, arguments);
        return BindRoutineValue(call, arguments, routines, scope);
    }

    /// <summary>Forms that look like functions but evaluate only what they need.</summary>
    private BoundExpression? Special(Ast.CallExpression call, BoundExpression[] arguments)
    {
        switch (call.Name.Name.ToLowerInvariant())
        {
            case "merge_action" when arguments.Length == 0:
                return _mergeAction is { } action
                    ? new BoundColumn(action)
                    : throw SqlErrors.Syntax(call.Position, "merge_action() stands in RETURNING of MERGE only.");
            case "coalesce":
                if (arguments.Length == 0)
                    throw SqlErrors.Syntax(call.Position, "COALESCE needs an argument.");
                if (arguments.Length == 1)
                    return Known(arguments[0], call.Position);
                return Coalesce(arguments, Positions(call));
            case "nullif":
            {
                if (arguments.Length != 2)
                    throw SqlErrors.Syntax(call.Position, "NULLIF needs two arguments.");
                BoundExpression first = arguments[0];
                BoundExpression equal = Compare(
                    Ast.BinaryOperator.Equal, first, arguments[1], call.Position, call.Arguments[0].Position, call.Arguments[1].Position);
                BoundExpression result = first.Type.Kind == SqlTypeKind.Unknown ? ((BoundCall)equal).Arguments[0] : first;
                return new BoundCase([new BoundWhen(equal, Null(result.Type))], result, result.Type);
            }

            case "greatest" or "least":
            {
                if (arguments.Length == 0)
                    throw SqlErrors.Syntax(call.Position, $"{call.Name} needs an argument.");
                Unify(arguments, Positions(call), call.Name.Name.ToUpperInvariant());
                return null;
            }

            case "row_to_json" when arguments is [BoundCall row] && row.Function == Functions.Scalars.JsonFunctions.RowObject:
                return row;
            case "grouping":
                return new BoundGrouping(arguments);
            case "current_schema" when arguments.Length == 0 && _options.Functions.FindScalar("current_schema").Count == 0:
                return Text(_options.SearchPath.Count > 0 ? _options.SearchPath[0] : "", SqlType.Text);
            default:
                return null;
        }
    }

    private static SourcePosition[] Positions(Ast.CallExpression call)
    {
        var positions = new SourcePosition[call.Arguments.Length];
        for (int i = 0; i < positions.Length; i++)
            positions[i] = call.Arguments[i].Position;
        return positions;
    }

    private BoundCall BindScalarCall(Ast.CallExpression call, BoundExpression[] arguments)
    {
        ResolvedFunction<ScalarFunction> resolved = _options.Functions.ResolveScalar(call.Name.Name, TypesOf(arguments))
            ?? throw UndefinedFunction(call, arguments, "function");
        CoerceArguments(arguments, resolved.ArgumentTypes, call);
        return MakeCall(resolved, arguments);
    }

    private BareMetalException UndefinedFunction(Ast.CallExpression call, BoundExpression[] arguments, string kind)
    {
        string name = call.Name.Name;
        string signature = $"{name}({string.Join(", ", TypesOf(arguments).Select(TypeNames.Format))})";
        FunctionRegistry functions = _options.Functions;
        string? hint;
        if (kind != "table function" && functions.FindTable(name).Count > 0)
        {
            return SqlErrors.NotSupported(call.Position, $"{name} gives rows; it stands in FROM.", $"Write FROM {name}(…) AS t, with LATERAL where it takes columns.");
        }

        var overloads = new List<string>();
        foreach (ScalarFunction f in functions.FindScalar(name))
            overloads.Add(Signature(f.Name, f.Parameters, f.IsVariadic));
        foreach (AggregateFunction f in functions.FindAggregate(name))
            overloads.Add(Signature(f.Name, f.Parameters, false));
        foreach (TableFunction f in functions.FindTable(name))
            overloads.Add(Signature(f.Name, f.Parameters, f.IsVariadic));
        if (overloads.Count > 0)
        {
            hint = $"There is {string.Join(", ", overloads.Take(6))}{(overloads.Count > 6 ? ", …" : "")}; convert the arguments with CAST.";
        }
        else
        {
            string? near = NameSuggestion.Nearest(name, functions.Names.Where(n => char.IsAsciiLetter(n[0])).Concat(WindowFunctions).Concat(_catalog.RoutineNames));
            hint = near is null ? null : $"Did you mean {near}?";
        }

        return SqlErrors.At(call.Position, SqlStates.UndefinedFunction, $"The {kind} {signature} does not exist.", hint);
    }

    private static string Signature(string name, IReadOnlyList<SqlType> parameters, bool variadic) =>
        $"{name}({string.Join(", ", parameters.Select(p => p.Kind == SqlTypeKind.Unknown ? "any" : p is { Kind: SqlTypeKind.Array, Element.Kind: SqlTypeKind.Unknown } ? "any[]" : TypeNames.Format(p)))}{(variadic ? ", …" : "")})";

    // ---- aggregates

    private BoundExpression BindAggregateCall(Ast.CallExpression call, Scope scope)
    {
        if (call.WithinGroup.Length > 0 && IsHypotheticalSet(call.Name.Name))
            return BindHypotheticalSet(call, scope);
        BoundAggregate aggregate = InAggregate(call, scope, () => BindAggregate(call, scope));
        SelectContext owner = OwnerOf(aggregate, call, scope);
        if (call.WithinGroup.Length > 0)
            owner.DirectArguments.AddRange(aggregate.Arguments.Take(call.Arguments.Length));
        return new BoundColumn(AggregateColumn(owner, aggregate, call.Name.Name));
    }

    /// <summary>Binds what stands within an aggregate's call.</summary>
    private T InAggregate<T>(Ast.CallExpression call, Scope scope, Func<T> bind)
    {
        if (_restricted is not null)
            throw SqlErrors.At(call.Position, SqlStates.GroupingError, $"An aggregate function cannot stand in {_restricted}.");
        string before = scope.Clause;
        scope.Clause = "the arguments of an aggregate function";
        try
        {
            return bind();
        }
        finally
        {
            scope.Clause = before;
        }
    }

    /// <summary>The query that an aggregate belongs to.</summary>
    private static SelectContext OwnerOf(BoundAggregate aggregate, Ast.CallExpression call, Scope scope)
    {
        Scope owner = OwnerOf(aggregate, scope);
        if (owner.AllowsAggregates)
            return owner.Select!;
        string hint = owner.Clause == "WHERE" ? "Conditions over aggregates stand in HAVING." : "Compute it in a subquery.";
        throw SqlErrors.At(call.Position, SqlStates.GroupingError, $"An aggregate function cannot stand in {owner.Clause}.", hint);
    }

    private PlanColumn AggregateColumn(SelectContext context, BoundAggregate aggregate, string name)
    {
        foreach (AggregateItem item in context.Aggregates)
        {
            if (BoundTree.AreEqual(item.Aggregate, aggregate))
                return item.Column;
        }

        PlanColumn column = NewColumn(name, aggregate.Type, !name.Equals("count", StringComparison.OrdinalIgnoreCase));
        context.Aggregates.Add(new AggregateItem(column, aggregate));
        return column;
    }

    private BoundAggregate BindAggregate(Ast.CallExpression call, Scope scope)
    {
        string name = call.Name.Name;
        BoundExpression[] arguments = BindArguments(call, scope);
        if (call.Star && !name.Equals("count", StringComparison.OrdinalIgnoreCase))
            throw SqlErrors.At(call.Position, SqlStates.UndefinedFunction, $"{name}(*) does not exist.", "Only count takes a star.");
        Ast.SortItem[] orderSyntax = call.WithinGroup.Length > 0 ? call.WithinGroup : call.OrderBy;
        if (call.WithinGroup.Length > 0)
        {
            // An ordered-set aggregate takes its direct arguments first, then what it is ordered by.
            var all = new List<BoundExpression>(arguments);
            foreach (Ast.SortItem item in call.WithinGroup)
                all.Add(Bind(item.Expression, scope));
            arguments = [.. all];
        }

        ResolvedFunction<AggregateFunction> resolved = _options.Functions.ResolveAggregate(name, TypesOf(arguments))
            ?? throw UndefinedFunction(call, arguments, "aggregate function");
        if (resolved.ResultType.Kind == SqlTypeKind.Array)
            RefuseArrayOfRows(resolved.ResultType.Element!, call.Position);
        if (resolved.Function.IsOrderedSet != (call.WithinGroup.Length > 0))
        {
            throw SqlErrors.At(
                call.Position, SqlStates.WrongObjectType,
                resolved.Function.IsOrderedSet ? $"{name} needs WITHIN GROUP (ORDER BY …)." : $"{name} does not take WITHIN GROUP.");
        }

        for (int i = 0; i < arguments.Length; i++)
        {
            SourcePosition position = i < call.Arguments.Length ? call.Arguments[i].Position : call.Position;
            arguments[i] = Coerce(arguments[i], resolved.ArgumentTypes[i], CastContext.Implicit, position);
        }

        BoundExpression? filter = call.Filter is null ? null : BindCondition(call.Filter, scope);
        var order = new List<SortKey>();
        foreach (Ast.SortItem item in orderSyntax)
            AddSortKey(order, Known(Bind(item.Expression, scope), item.Position), item);
        bool distinct = call.Distinct && resolved.Function.IsDuplicateSensitive;
        if (distinct && order.Count > 0 && call.WithinGroup.Length == 0)
        {
            foreach (SortKey key in order)
            {
                bool found = false;
                foreach (BoundExpression argument in arguments)
                    found |= BoundTree.AreEqual(argument, key.Expression);
                if (!found)
                {
                    throw SqlErrors.At(
                        orderSyntax[0].Position, SqlStates.InvalidColumnReference, "With DISTINCT the expressions of ORDER BY must be arguments of the aggregate.");
                }
            }
        }

        if (distinct && resolved.Function.IsOrderSensitive)
        {
            // As in PostgreSQL, what is distinct comes sorted: after the keys that are written, by the arguments in turn.
            foreach (BoundExpression argument in arguments)
            {
                bool decided = argument is BoundConstant || argument.Type.Kind is SqlTypeKind.Json;
                foreach (SortKey key in order)
                    decided |= BoundTree.AreEqual(argument, key.Expression);
                if (!decided)
                    order.Add(new SortKey(argument, false, true));
            }
        }

        return new BoundAggregate(resolved.Function, arguments, distinct, filter, order, resolved.ResultType);
    }

    /// <summary>The query that an aggregate belongs to: the innermost whose columns it reads, the current one when it reads none.</summary>
    private static Scope OwnerOf(BoundAggregate aggregate, Scope scope)
    {
        if (scope.Parent is null)
            return scope;
        var columns = new HashSet<PlanColumn>();
        BoundTree.CollectColumns(aggregate, columns);
        if (columns.Count == 0)
            return scope;
        for (Scope? s = scope; s is not null; s = s.Parent)
        {
            foreach (PlanColumn column in columns)
            {
                if (s.From.Produces(column))
                    return s;
            }
        }
        return scope;
    }

    // ---- windows

    private BoundColumn BindWindowCall(Ast.CallExpression call, Ast.WindowSpecification over, Scope scope)
    {
        string name = call.Name.Name.ToLowerInvariant();
        if (!scope.AllowsWindows)
        {
            throw SqlErrors.At(
                call.Position, SqlStates.WindowingError, $"A window function cannot stand in {_restricted ?? scope.Clause}.",
                "Compute it in a subquery and use its result outside.");
        }

        SelectContext context = scope.Select!;
        string before = scope.Clause;
        scope.Clause = "window";
        try
        {
            Ast.WindowSpecification window = Resolve(over, context);
            var partition = new BoundExpression[window.PartitionBy.Length];
            for (int i = 0; i < partition.Length; i++)
                partition[i] = Known(Bind(window.PartitionBy[i], scope), window.PartitionBy[i].Position);
            var order = new List<SortKey>();
            foreach (Ast.SortItem item in window.OrderBy)
                AddSortKey(order, Known(Bind(item.Expression, scope), item.Position), item);
            WindowFrame frame = BindFrame(window, order, scope);

            BoundAggregate? aggregate = null;
            BoundExpression[] arguments = [];
            SqlType type;
            if (_options.Functions.FindAggregate(name).Count > 0 || call.Star)
            {
                aggregate = BindAggregate(call, scope);
                type = aggregate.Type;
            }
            else
            {
                if (call.Distinct || call.Filter is not null || call.OrderBy.Length > 0)
                    throw SqlErrors.At(call.Position, SqlStates.WindowingError, $"{name} does not take DISTINCT, FILTER or ORDER BY.");
                if (call.IgnoreNulls)
                    throw SqlErrors.NotSupported(call.Position, "IGNORE NULLS is not supported.");
                arguments = BindArguments(call, scope);
                type = WindowType(name, ref arguments, call);
            }

            bool nullable = !(aggregate is null ? name is not ("lag" or "lead" or "first_value" or "last_value" or "nth_value") : name == "count");
            PlanColumn column = NewColumn(name, type, nullable);
            context.Windows.Add(new WindowCall
            {
                Column = column, Name = name, Arguments = arguments, Aggregate = aggregate, PartitionBy = partition, OrderBy = order, Frame = frame,
            });
            return new BoundColumn(column);
        }
        finally
        {
            scope.Clause = before;
        }
    }

    private SqlType WindowType(string name, ref BoundExpression[] arguments, Ast.CallExpression call)
    {
        switch (name)
        {
            case "row_number" or "rank" or "dense_rank":
                Count(0, 0);
                return SqlType.BigInt;
            case "percent_rank" or "cume_dist":
                Count(0, 0);
                return SqlType.Double;
            case "ntile":
                Count(1, 1);
                arguments[0] = Coerce(arguments[0], SqlType.Integer, CastContext.Assignment, call.Arguments[0].Position);
                return SqlType.Integer;
            case "lag" or "lead":
                Count(1, 3);
                arguments[0] = Known(arguments[0], call.Arguments[0].Position);
                if (arguments.Length > 1)
                    arguments[1] = Coerce(arguments[1], SqlType.Integer, CastContext.Assignment, call.Arguments[1].Position);
                if (arguments.Length == 3)
                {
                    BoundExpression[] values = [arguments[0], arguments[2]];
                    SqlType type = Unify(values, [call.Arguments[0].Position, call.Arguments[2].Position], name);
                    arguments = [values[0], arguments[1], values[1]];
                    return type;
                }
                return arguments[0].Type;
            case "first_value" or "last_value":
                Count(1, 1);
                arguments[0] = Known(arguments[0], call.Arguments[0].Position);
                return arguments[0].Type;
            case "nth_value":
                Count(2, 2);
                arguments[0] = Known(arguments[0], call.Arguments[0].Position);
                arguments[1] = Coerce(arguments[1], SqlType.Integer, CastContext.Assignment, call.Arguments[1].Position);
                return arguments[0].Type;
            default:
                if (_options.Functions.FindScalar(name).Count > 0)
                    throw SqlErrors.At(call.Position, SqlStates.WrongObjectType, $"{name} is neither a window function nor an aggregate function, so it takes no OVER.");
                throw UndefinedFunction(call, arguments, "window function");
        }

        void Count(int from, int to)
        {
            if (call.Arguments.Length < from || call.Arguments.Length > to)
            {
                throw SqlErrors.At(
                    call.Position, SqlStates.UndefinedFunction, $"{name} takes {(from == to ? $"{from}" : $"{from} to {to}")} arguments, not {call.Arguments.Length}.");
            }
        }
    }

    /// <summary>The whole definition of a window, with what it takes over from a named one.</summary>
    private static Ast.WindowSpecification Resolve(Ast.WindowSpecification window, SelectContext context, int depth = 0)
    {
        if (window.BaseName is not { } name)
            return window;
        if (!context.NamedWindows.TryGetValue(name.Name, out Ast.WindowSpecification? found) || depth > context.NamedWindows.Count)
        {
            string? near = NameSuggestion.Nearest(name.Name, context.NamedWindows.Keys);
            throw SqlErrors.At(name.Position, SqlStates.UndefinedObject, $"The window \"{name}\" does not exist.", near is null ? "Define it in WINDOW." : $"Did you mean \"{near}\"?");
        }

        Ast.WindowSpecification inherited = Resolve(found, context, depth + 1);
        if (window.IsReference)
            return inherited;
        if (window.PartitionBy.Length > 0)
            throw SqlErrors.At(window.Position, SqlStates.WindowingError, $"The window takes PARTITION BY from \"{name}\" and cannot have its own.");
        if (window.OrderBy.Length > 0 && inherited.OrderBy.Length > 0)
            throw SqlErrors.At(window.Position, SqlStates.WindowingError, $"The window takes ORDER BY from \"{name}\" and cannot have its own.");
        if (inherited.Frame is not null)
            throw SqlErrors.At(window.Position, SqlStates.WindowingError, $"The window \"{name}\" has a frame and cannot be extended.", $"Write OVER {name} without parentheses.");
        return new Ast.WindowSpecification
        {
            Position = window.Position,
            PartitionBy = inherited.PartitionBy,
            OrderBy = window.OrderBy.Length > 0 ? window.OrderBy : inherited.OrderBy,
            Frame = window.Frame,
        };
    }

    private WindowFrame BindFrame(Ast.WindowSpecification window, List<SortKey> order, Scope scope)
    {
        if (window.Frame is not { } frame)
            return new WindowFrame(FrameUnit.Range, FrameBoundKind.UnboundedPreceding, null, FrameBoundKind.CurrentRow, null, FrameExclusion.None);
        FrameUnit unit = frame.Unit switch { Ast.FrameUnit.Rows => FrameUnit.Rows, Ast.FrameUnit.Range => FrameUnit.Range, _ => FrameUnit.Groups };
        if (unit == FrameUnit.Groups && order.Count == 0)
            throw SqlErrors.At(frame.Position, SqlStates.WindowingError, "GROUPS needs an ORDER BY in the window.");
        if (unit == FrameUnit.Range && order.Count != 1 && (frame.StartOffset is not null || frame.EndOffset is not null))
            throw SqlErrors.At(frame.Position, SqlStates.WindowingError, "RANGE with an offset needs exactly one ORDER BY expression in the window.");
        return new WindowFrame(unit, Kind(frame.Start), Offset(frame.StartOffset), Kind(frame.End), Offset(frame.EndOffset), frame.Exclusion switch
        {
            Ast.FrameExclusion.CurrentRow => FrameExclusion.CurrentRow,
            Ast.FrameExclusion.Group => FrameExclusion.Group,
            Ast.FrameExclusion.Ties => FrameExclusion.Ties,
            _ => FrameExclusion.None,
        });

        static FrameBoundKind Kind(Ast.FrameBoundKind kind) => kind switch
        {
            Ast.FrameBoundKind.UnboundedPreceding => FrameBoundKind.UnboundedPreceding,
            Ast.FrameBoundKind.Preceding => FrameBoundKind.Preceding,
            Ast.FrameBoundKind.CurrentRow => FrameBoundKind.CurrentRow,
            Ast.FrameBoundKind.Following => FrameBoundKind.Following,
            _ => FrameBoundKind.UnboundedFollowing,
        };

        BoundExpression? Offset(Ast.Expression? syntax)
        {
            if (syntax is null)
                return null;
            BoundExpression bound = Bind(syntax, new Scope(scope.Parent, FromScope.Empty) { Clause = "a window frame" });
            if (unit != FrameUnit.Range)
                return Coerce(bound, SqlType.BigInt, CastContext.Assignment, syntax.Position);
            SqlType key = order[0].Expression.Type;
            SqlType type = !TypeRules.IsMoment(key.Kind) && key.Kind is not SqlTypeKind.Time ? key
                : bound.Type.Kind is SqlTypeKind.Interval or SqlTypeKind.Unknown ? SqlType.Interval : SqlType.TimeSpan;
            if (!TypeRules.IsNumeric(type.Kind) && type.Kind is not (SqlTypeKind.TimeSpan or SqlTypeKind.Interval))
                throw SqlErrors.NotSupported(syntax.Position, $"RANGE with an offset does not go with ORDER BY of type {TypeNames.Format(key)}.");
            return Coerce(bound, type, CastContext.Assignment, syntax.Position);
        }
    }
}
