using BareMetal.Data.Catalog;
using BareMetal.Data.Functions;
using BareMetal.Data.Planning;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Sql;
using BareMetal.Data.Types;
using Ast = BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Binding;

// GROUP BY with its sets, and what may stand beside it.
internal sealed partial class Binder
{
    private List<IReadOnlyList<int>>? BindGrouping(Ast.SelectBody select, List<SelectColumn> items, Scope scope, List<ProjectItem> keys)
    {
        bool simple = true;
        foreach (Ast.GroupingElement element in select.GroupBy!)
            simple &= element.Kind == Ast.GroupingKind.Expressions && element.Expressions.Length > 0;
        var bound = new List<BoundExpression>();
        // Each element gives alternatives of key sets; the whole is their product.
        List<int[]> product = [[]];
        foreach (Ast.GroupingElement element in select.GroupBy)
        {
            List<int[]> alternatives = Alternatives(element);
            var next = new List<int[]>();
            foreach (int[] left in product)
            {
                foreach (int[] right in alternatives)
                    next.Add([.. left.Union(right)]);
            }

            product = next;
            if (product.Count > 4096)
                throw SqlErrors.At(element.Position, SqlStates.StatementTooComplex, "GROUP BY makes more than 4096 grouping sets.");
        }

        foreach (BoundExpression key in bound)
        {
            // A plain column stays itself, so that subqueries that refer to it see the group's. In grouping sets it may become null.
            PlanColumn column = simple && key is BoundColumn c ? c.Column
                : simple ? NewColumn("key", key)
                : NewColumn(key is BoundColumn n ? n.Column.Name : "key", key.Type, true);
            keys.Add(new ProjectItem(column, key));
        }

        if (simple)
            return null;
        var sets = new List<IReadOnlyList<int>>();
        foreach (int[] set in product)
        {
            if (!select.GroupByDistinct || !sets.Exists(s => s.Order().SequenceEqual(set.Order())))
                sets.Add(set);
        }
        return sets;

        int Key(Ast.Expression expression)
        {
            BoundExpression key = BindGroupKey(expression, items, scope);
            for (int i = 0; i < bound.Count; i++)
            {
                if (BoundTree.AreEqual(bound[i], key))
                    return i;
            }
            bound.Add(key);
            return bound.Count - 1;
        }

        List<int[]> Alternatives(Ast.GroupingElement element)
        {
            switch (element.Kind)
            {
                case Ast.GroupingKind.Expressions:
                    return [[.. element.Expressions.Select(Key).Distinct()]];
                case Ast.GroupingKind.Sets:
                {
                    var all = new List<int[]>();
                    foreach (Ast.GroupingElement inner in element.Elements)
                        all.AddRange(Alternatives(inner));
                    return all;
                }

                default:
                {
                    var parts = new List<int[]>();
                    foreach (Ast.GroupingElement inner in element.Elements)
                    {
                        if (inner.Kind != Ast.GroupingKind.Expressions)
                            throw SqlErrors.Syntax(inner.Position, $"{element.Kind.ToString().ToUpperInvariant()} holds expressions only.");
                        parts.Add(Alternatives(inner)[0]);
                    }

                    if (parts.Count > 12)
                        throw SqlErrors.At(element.Position, SqlStates.StatementTooComplex, "ROLLUP and CUBE take at most 12 elements.");
                    var all = new List<int[]>();
                    if (element.Kind == Ast.GroupingKind.Rollup)
                    {
                        for (int n = parts.Count; n >= 0; n--)
                            all.Add([.. parts.Take(n).SelectMany(p => p).Distinct()]);
                    }
                    else
                    {
                        for (int mask = (1 << parts.Count) - 1; mask >= 0; mask--)
                            all.Add([.. parts.Where((_, i) => (mask & (1 << (parts.Count - 1 - i))) != 0).SelectMany(p => p).Distinct()]);
                    }
                    return all;
                }
            }
        }
    }

    /// <summary>A key of GROUP BY: a position, a column of the input, an output name, or any expression.</summary>
    private BoundExpression BindGroupKey(Ast.Expression expression, List<SelectColumn> items, Scope scope)
    {
        SelectColumn? item = null;
        if (OutputPosition(expression, items.Count, "GROUP BY") is { } position)
        {
            item = items[position];
        }
        else if (expression is Ast.ColumnExpression { Parts: [var name] } && !HasColumn(scope.From, name.Name))
        {
            foreach (SelectColumn candidate in items)
            {
                if (candidate.Alias is { } alias && alias.Is(name.Name))
                {
                    item = candidate;
                    break;
                }
            }
        }

        if (item is null)
            return Known(Bind(expression, scope), expression.Position);
        return item.Expression ?? Known(Bind(item.Syntax!, scope), item.Position);
    }

    private static bool HasColumn(FromScope from, string name)
    {
        foreach (ScopeColumn column in from.Columns)
        {
            if (Ast.Identifier.Comparer.Equals(column.Name, name))
                return true;
        }
        return false;
    }

    /// <summary>Replaces grouped expressions by their keys, and refuses what is neither grouped nor aggregated.</summary>
    private sealed class Grouper(Binder binder, FromScope from, List<ProjectItem> keys, SelectContext context, IReadOnlyList<IReadOnlyList<int>>? sets)
    {
        public BoundExpression Rewrite(BoundExpression expression) => BoundTree.Rewrite(expression, Replace);

        public void Rewrite(WindowCall window)
        {
            BoundTree.Rewrite(window.Arguments, Replace, out var arguments);
            BoundTree.Rewrite(window.PartitionBy, Replace, out var partition);
            BoundTree.Rewrite(window.OrderBy, Replace, out IReadOnlyList<SortKey> order);
            window.Arguments = arguments;
            window.PartitionBy = partition;
            window.OrderBy = order;
            if (window.Aggregate is not null)
                window.Aggregate = (BoundAggregate)BoundTree.Rewrite(window.Aggregate, Replace);
        }

        private BoundExpression? Replace(BoundExpression expression)
        {
            if (expression is BoundConstant or BoundParameter)
                return expression;
            if (expression is BoundGrouping grouping)
                return grouping with { Arguments = [.. grouping.Arguments.Select(GroupingKey)] };
            foreach (ProjectItem key in keys)
            {
                if (BoundTree.AreEqual(key.Expression, expression))
                    return key.Expression is BoundColumn c && c.Column == key.Column ? expression : new BoundColumn(key.Column);
            }

            if (expression is not BoundColumn column || !from.Produces(column.Column))
                return null;
            if (sets is null && AddDependent(column))
                return column;
            throw Ungrouped(column);
        }

        private BoundExpression GroupingKey(BoundExpression argument)
        {
            // Already a key of a query within.
            if (argument is BoundColumn inner && !from.Produces(inner.Column))
                return argument;
            foreach (ProjectItem key in keys)
            {
                if (BoundTree.AreEqual(key.Expression, argument))
                    return new BoundColumn(key.Column);
            }
            throw SqlErrors.At(binder.PositionOf(argument), SqlStates.GroupingError, "The arguments of GROUPING must be expressions of GROUP BY.");
        }

        /// <summary>A column of a table whose primary key is grouped is one value per group; it becomes a key that splits nothing.</summary>
        private bool AddDependent(BoundColumn column)
        {
            foreach (RangeTable table in from.Tables)
            {
                if (table.Table?.PrimaryKey is not { } primary || !Contains(table, column.Column))
                    continue;
                foreach (int id in primary.ColumnIds)
                {
                    if (!HasKey(table, id))
                        return false;
                }

                keys.Add(new ProjectItem(column.Column, new BoundColumn(column.Column)));
                return true;
            }
            return false;
        }

        private static bool Contains(RangeTable table, PlanColumn column)
        {
            foreach (ScopeColumn c in table.Columns)
            {
                if (c.Expression is BoundColumn b && b.Column == column)
                    return true;
            }
            return false;
        }

        private bool HasKey(RangeTable table, int columnId)
        {
            foreach (ScopeColumn c in table.Columns)
            {
                if (c.Origin?.Id != columnId)
                    continue;
                foreach (ProjectItem key in keys)
                {
                    if (BoundTree.AreEqual(key.Expression, c.Expression))
                        return true;
                }
            }
            return false;
        }

        private BareMetalException Ungrouped(BoundColumn column)
        {
            string name = column.Column.Name;
            foreach (RangeTable table in from.Tables)
            {
                if (Contains(table, column.Column))
                    name = table.Alias + "." + name;
            }

            string hint = context.IsGrouped
                ? "Add it to GROUP BY, or put it into an aggregate function such as min."
                : "There is an aggregate function but no GROUP BY: add GROUP BY, or aggregate this column too.";
            return SqlErrors.At(
                binder.PositionOf(column), SqlStates.GroupingError, $"The column \"{name}\" must appear in GROUP BY or in an aggregate function.", hint);
        }
    }

    private SourcePosition PositionOf(BoundExpression expression)
    {
        SourcePosition found = default;
        BoundTree.Visit(expression, e =>
        {
            if (found.IsNone && _positions.TryGetValue(e, out SourcePosition position))
                found = position;
        });
        return found;
    }

    // ---- windows
}
