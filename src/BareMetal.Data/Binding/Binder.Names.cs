using BareMetal.Data.Catalog;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Sql;
using Ast = BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Binding;

// What names of columns mean.
internal sealed partial class Binder
{
    /// <summary>A use of a column, with its place.</summary>
    private BoundExpression Reference(ScopeColumn column, SourcePosition position)
    {
        if (column.Origin is { } origin)
        {
            BoundExpression source = column.Expression;
            if (source is BoundColumn { Column.OriginTable: { } table })
                Depend(table, origin);
        }

        if (column.Expression is not BoundColumn bound)
            return column.Expression;
        var reference = new BoundColumn(bound.Column);
        _positions[reference] = position;
        return reference;
    }

    private BoundExpression BindColumn(Ast.ColumnExpression expression, Scope scope)
    {
        Ast.Identifier name = expression.Parts[^1];
        if (expression.Parts.Length == 1)
            return BindUnqualified(name, scope);
        if (expression.Parts.Length == 2 && FindQualifiedVariable(expression.Parts[0], name, scope) is { } variable)
            return variable;
        if (expression.Parts.Length > 3)
            throw SqlErrors.At(expression.Position, SqlStates.UndefinedColumn, "A column has at most three parts: schema.table.column.");
        RangeTable table = FindTable(expression.Parts.AsSpan()[..^1], scope, out Scope at);
        at.Referenced = true;
        ScopeColumn? found = null;
        foreach (ScopeColumn column in table.Columns)
        {
            if (!name.Is(column.Name))
                continue;
            if (found is not null)
                throw Ambiguous(name);
            found = column;
        }

        if (found is not null)
            return Reference(found, expression.Position);
        string? near = NameSuggestion.Nearest(name.Name, table.Columns.Select(c => c.Name));
        throw Undefined(expression.Position, $"{table.Alias}.{name}", near is null ? null : $"{table.Alias}.{near}", name.Name, table.Table);
    }

    private BoundExpression BindUnqualified(Ast.Identifier name, Scope scope)
    {
        for (Scope? s = scope; s is not null; s = s.Parent)
        {
            ScopeColumn? found = null;
            foreach (ScopeColumn column in s.From.Columns)
            {
                if (!name.Is(column.Name))
                    continue;
                if (found is not null)
                    throw Ambiguous(name);
                found = column;
            }

            if (found is not null)
            {
                if (_variables is not null && VariableBefore(found, name) is { } variable)
                    return variable;
                s.Referenced = true;
                return Reference(found, name.Position);
            }
        }

        if (_variables is { } variables && variables.Find(name.Name) is >= 0 and int index)
            return variables.ValueOf(index);

        if (WholeRow(name, scope) is { } whole)
            return BindWholeRow(whole, name.Position);
        var candidates = new List<string>();
        for (Scope? s = scope; s is not null; s = s.Parent)
        {
            foreach (ScopeColumn column in s.From.Columns)
                candidates.Add(column.Name);
        }

        string? near = NameSuggestion.Nearest(name.Name, candidates);
        throw Undefined(name.Position, name.Name, near, name.Name, null);
    }

    /// <summary>
    /// A variable that goes before a column of the same name: names do not regard case, but where only the variable is spelled just so, it is meant. In a
    /// block a name that is spelled as both are is ambiguous, elsewhere it means the column.
    /// </summary>
    private BoundExpression? VariableBefore(ScopeColumn column, Ast.Identifier name)
    {
        int index = _variables!.Find(name.Name);
        if (index < 0)
            return null;
        bool isVariable = _variables.Names[index] == name.Name;
        bool isColumn = column.Name == name.Name;
        if (isVariable && !isColumn)
            return _variables.ValueOf(index);
        if (_variables.IsBlock && isVariable == isColumn)
        {
            throw SqlErrors.At(
                name.Position, SqlStates.AmbiguousColumn, $"\"{name}\" is a column and a variable.", "Write the column with its table, or call the variable something else.");
        }

        return null;
    }

    /// <summary>A parameter with the routine's name in front, unless an item of FROM is called so.</summary>
    private BoundExpression? FindQualifiedVariable(Ast.Identifier qualifier, Ast.Identifier name, Scope scope)
    {
        if (_variables is not { } variables || !qualifier.Is(variables.Routine))
            return null;
        for (Scope? s = scope; s is not null; s = s.Parent)
        {
            foreach (RangeTable table in s.From.Tables)
            {
                if (qualifier.Is(table.Alias))
                    return null;
            }
        }

        int index = variables.Find(name.Name);
        return index < 0 ? null : variables.ValueOf(index);
    }

    private static BareMetalException Ambiguous(Ast.Identifier name) => SqlErrors.At(
        name.Position, SqlStates.AmbiguousColumn, $"The column \"{name}\" is ambiguous: several items of FROM have one.", "Write it with its table: table.column.");

    private static BareMetalException Undefined(SourcePosition position, string shown, string? near, string column, Table? table) =>
        new(SqlStates.UndefinedColumn, $"The column \"{shown}\" does not exist.")
        {
            Position = position.IsNone ? 0 : position.Offset + 1,
            Line = position.Line,
            Column = position.Column,
            Hint = near is null ? null : $"Did you mean \"{near}\"?",
            ColumnName = column,
            TableName = table?.Name,
            SchemaName = table?.Schema,
        };

    private static RangeTable FindTable(ReadOnlySpan<Ast.Identifier> qualifier, Scope scope, out Scope at)
    {
        Ast.Identifier name = qualifier[^1];
        string? schema = qualifier.Length > 1 ? qualifier[^2].Name : null;
        for (Scope? s = scope; s is not null; s = s.Parent)
        {
            RangeTable? found = null;
            foreach (RangeTable table in s.From.Tables)
            {
                if (!name.Is(table.Alias) || (schema is not null && !Ast.Identifier.Comparer.Equals(schema, table.Schema)))
                    continue;
                if (found is not null)
                    throw SqlErrors.At(name.Position, SqlStates.AmbiguousColumn, $"The table \"{name}\" is ambiguous.", "Give the items of FROM aliases.");
                found = table;
            }

            if (found is not null)
            {
                at = s;
                return found;
            }
        }

        var aliases = new List<string>();
        for (Scope? s = scope; s is not null; s = s.Parent)
        {
            foreach (RangeTable table in s.From.Tables)
                aliases.Add(table.Alias);
        }

        string? near = NameSuggestion.Nearest(name.Name, aliases);
        string shown = schema is null ? name.Name : schema + "." + name.Name;
        throw SqlErrors.At(
            qualifier[0].Position, SqlStates.UndefinedTable, $"There is no \"{shown}\" in FROM.",
            near is not null ? $"Did you mean \"{near}\"?" : "Subqueries in FROM see what stands before them with LATERAL only; a table with an alias is known by that alias.");
    }
}
