using BareMetal.Data.Functions;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Sql;
using BareMetal.Data.Types;
using Ast = BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Binding;

// Functions of rows in select lists: those of one level of nesting run side by side, as ROWS FROM does.
internal sealed partial class Binder
{
    /// <summary>Whether a name means a function of rows and nothing else.</summary>
    private bool IsSetFunction(string name) =>
        _options.Functions.FindTable(name).Count > 0 && _options.Functions.FindScalar(name).Count == 0 && _options.Functions.FindAggregate(name).Count == 0;

    private BoundExpression BindSetCall(Ast.CallExpression call, BoundExpression[] arguments, Scope scope)
    {
        string name = call.Name.Name;
        CheckSets(call, scope);
        if (_options.Functions.ResolveTable(name, TypesOf(arguments)) is not { } resolved)
            throw UndefinedFunction(call, arguments, "table function");
        CoerceArguments(arguments, resolved.ArgumentTypes, call);
        return AddSet(resolved.Function, arguments, resolved.Function.Columns(resolved.ArgumentTypes), scope);
    }

    private void CheckSets(Ast.CallExpression call, Scope scope)
    {
        if (scope.AllowsSets && _restricted is null)
            return;
        throw SqlErrors.NotSupported(
            call.Position, $"{call.Name} gives rows; it cannot stand in {_restricted ?? scope.Clause}.", $"Write FROM {call.Name}(…) AS t, with LATERAL where it takes columns.");
    }

    private BoundExpression AddSet(TableFunction function, BoundExpression[] arguments, IReadOnlyList<(string Name, SqlType Type)> shape, Scope scope)
    {
        SelectContext context = scope.Select!;
        context.SetUses++;
        var read = new HashSet<PlanColumn>();
        foreach (BoundExpression argument in arguments)
            BoundTree.CollectColumns(argument, read);
        int level = 1;
        foreach (SetCall known in context.SetCalls)
        {
            // The same call gives the same rows side by side.
            if (known.Call.Function == function && BoundTree.AreEqual(known.Arguments, arguments))
                return SetValue(known);
            if (read.Overlaps(known.Columns))
                level = Math.Max(level, known.Level + 1);
        }

        var columns = new PlanColumn[shape.Count];
        for (int i = 0; i < columns.Length; i++)
            columns[i] = NewColumn(shape.Count == 1 ? function.Name : shape[i].Name, shape[i].Type, true);
        var set = new SetCall { Columns = columns, Call = new TableCall(function, arguments.Length, columns.Length), Arguments = arguments, Level = level };
        context.SetCalls.Add(set);
        return SetValue(set);
    }

    /// <summary>The only column of a function, or all of them as a row.</summary>
    private static BoundExpression SetValue(SetCall set) => set.Columns.Length == 1
        ? new BoundColumn(set.Columns[0])
        : MakeRow([.. set.Columns.Select(c => c.Name)], [.. set.Columns.Select(c => new BoundColumn(c))]);

    private static void RefuseSets(Scope scope, int before, string what, SourcePosition position)
    {
        if (scope.Select is { } context && context.SetUses != before)
        {
            throw SqlErrors.NotSupported(
                position, $"A function that gives rows cannot stand in {what}: how many rows there are must not depend on it.", "Put the function into FROM, with LATERAL where it takes columns.");
        }
    }

    /// <summary>Puts the functions of rows that are not there yet behind the plan, level by level.</summary>
    private static LogicalOperator ApplySets(LogicalOperator plan, List<SetCall> calls, int from)
    {
        int top = 0;
        for (int i = from; i < calls.Count; i++)
            top = Math.Max(top, calls[i].Level);
        for (int level = 1; level <= top; level++)
        {
            var side = new List<TableCall>();
            var arguments = new List<BoundExpression>();
            var columns = new List<PlanColumn>();
            for (int i = from; i < calls.Count; i++)
            {
                if (calls[i].Level != level)
                    continue;
                side.Add(calls[i].Call);
                arguments.AddRange(calls[i].Arguments);
                columns.AddRange(calls[i].Columns);
            }

            if (side.Count == 0)
                continue;
            var function = new LogicalTableFunction(side, arguments, columns, null);
            plan = plan is LogicalValues { Rows.Count: 1, Columns.Count: 0 } ? function : new LogicalJoin(JoinKind.Inner, plan, function, null, true);
        }

        return plan;
    }
}
