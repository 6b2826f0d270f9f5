using BareMetal.Data.Catalog;
using BareMetal.Data.Functions;
using BareMetal.Data.Planning;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Sql;
using BareMetal.Data.Types;
using Ast = BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Binding;

// Queries: set operations, SELECT.
internal sealed partial class Binder
{
    /// <summary>What a query's result is for.</summary>
    /// <param name="Expected">Types for columns whose own type is open; null for none.</param>
    /// <param name="KeepUnknown">Whether columns may stay without a type (the caller settles them).</param>
    private readonly record struct QueryUse(SqlType[]? Expected, bool KeepUnknown)
    {
        public static readonly QueryUse Top = new(null, false);
    }

    private LogicalOperator BindQuery(Ast.Query query, Scope? outer, QueryUse use)
    {
        EnsureStack(query.Position);
        query = Inheriting(query);
        if (query.With is null)
            _isOutermost = false;
        if (_restricted is not null)
            throw SqlErrors.At(query.Position, SqlStates.FeatureNotSupported, $"A subquery cannot stand in {_restricted}.");
        CteScope? saved = _ctes;
        List<CteDefinition>? definitions = query.With is null ? null : BindWith(query.With, outer);
        LogicalOperator plan = BindQueryBody(query, outer, use);
        _ctes = saved;
        return definitions is null ? plan : new LogicalWith(definitions, plan);
    }

    /// <summary>FOR UPDATE and FOR SHARE of an item of FROM that is a query: its own tables are locked.</summary>
    private Ast.LockingClause? _inheritedLock;

    private void InheritLock(RowLocking? locking, string? alias, SourcePosition position)
    {
        if (locking is null)
            return;
        (RowLockMode mode, RowLockWait wait) = locking.For(alias ?? "");
        if (mode == RowLockMode.None)
            return;
        _inheritedLock = new Ast.LockingClause
        {
            Position = position,
            Strength = mode switch
            {
                RowLockMode.KeyShare => Ast.LockStrength.KeyShare,
                RowLockMode.Share => Ast.LockStrength.Share,
                RowLockMode.NoKeyUpdate => Ast.LockStrength.NoKeyUpdate,
                _ => Ast.LockStrength.Update,
            },
            Wait = wait switch
            {
                RowLockWait.SkipLocked => Ast.LockWait.SkipLocked,
                RowLockWait.NoWait => Ast.LockWait.NoWait,
                _ => Ast.LockWait.Wait,
            },
        };
    }

    private Ast.Query Inheriting(Ast.Query query)
    {
        if (_inheritedLock is not { } clause)
            return query;
        _inheritedLock = null;
        if (query.Body is Ast.ValuesBody)
            return query;
        return new Ast.Query
        {
            Position = query.Position,
            With = query.With,
            Body = query.Body,
            OrderBy = query.OrderBy,
            Limit = query.Limit,
            Offset = query.Offset,
            WithTies = query.WithTies,
            Locking = [.. query.Locking, clause],
        };
    }

    private LogicalOperator BindQueryBody(Ast.Query query, Scope? outer, QueryUse use)
    {
        if (query.Body is Ast.SelectBody select)
            return BindSelect(select, query, outer, use);
        if (query.Locking.Length > 0)
            throw SqlErrors.NotSupported(query.Locking[0].Position, "FOR UPDATE and FOR SHARE go with a plain SELECT only.");
        LogicalOperator plan = query.Body switch
        {
            Ast.ValuesBody values => BindValuesBody(values, outer, use),
            Ast.NestedBody nested => BindQuery(nested.Query, outer, use),
            Ast.SetOperationBody set => BindSetOperation(set, outer, use),
            _ => throw new InvalidOperationException(query.Body.GetType().Name),
        };
        if (query.OrderBy.Length > 0)
        {
            // The rows are known by their output columns only.
            var columns = new ScopeColumn[plan.Output.Count];
            for (int i = 0; i < columns.Length; i++)
                columns[i] = new ScopeColumn(plan.Output[i].Name, new BoundColumn(plan.Output[i]));
            var scope = new Scope(outer, new FromScope([], columns)) { Clause = "ORDER BY" };
            var keys = new List<SortKey>();
            foreach (Ast.SortItem item in query.OrderBy)
            {
                BoundExpression key = OutputPosition(item.Expression, columns.Length, "ORDER BY") is { } position
                    ? new BoundColumn(plan.Output[position])
                    : Known(Bind(item.Expression, scope), item.Position);
                AddSortKey(keys, key, item);
            }
            plan = new LogicalSort(plan, keys);
        }

        return BindLimit(plan, query, outer);
    }

    private LogicalOperator BindLimit(LogicalOperator plan, Ast.Query query, Scope? outer)
    {
        if (query.Limit is null && query.Offset is null)
            return plan;
        var scope = new Scope(outer, FromScope.Empty) { Clause = "LIMIT" };
        BoundExpression? limit = query.Limit is null ? null : Coerce(Bind(query.Limit, scope), SqlType.BigInt, CastContext.Assignment, query.Limit.Position);
        BoundExpression? offset = query.Offset is null ? null : Coerce(Bind(query.Offset, scope), SqlType.BigInt, CastContext.Assignment, query.Offset.Position);
        if (limit is BoundConstant { Value.IsNull: true })
            limit = null;
        return limit is null && offset is null ? plan : new LogicalLimit(plan, limit, offset, query.WithTies);
    }

    private static void AddSortKey(List<SortKey> keys, BoundExpression key, Ast.SortItem item)
    {
        foreach (SortKey known in keys)
        {
            // The second of two equal keys decides nothing.
            if (BoundTree.AreEqual(known.Expression, key))
                return;
        }
        keys.Add(new SortKey(key, item.Descending, item.NullsFirst ?? !item.Descending));
    }

    /// <summary>The column that an integer literal in ORDER BY or GROUP BY means, from 0; null for anything else.</summary>
    private static int? OutputPosition(Ast.Expression expression, int count, string clause)
    {
        if (expression is not Ast.LiteralExpression { Kind: Ast.LiteralKind.Integer } literal)
            return null;
        if (literal.Value is int position && position >= 1 && position <= count)
            return position - 1;
        throw SqlErrors.At(
            expression.Position, SqlStates.InvalidColumnReference, $"{clause} position {literal.Value} is not in the select list.",
            $"The select list has {count} column{(count == 1 ? "" : "s")}.");
    }

    // ---- WITH

    private LogicalValues BindValuesBody(Ast.ValuesBody values, Scope? outer, QueryUse use)
    {
        int width = values.Rows[0].Length;
        var scope = new Scope(outer, FromScope.Empty) { Clause = "VALUES" };
        var rows = new BoundExpression[values.Rows.Length][];
        for (int r = 0; r < rows.Length; r++)
        {
            rows[r] = new BoundExpression[width];
            for (int c = 0; c < width; c++)
                rows[r][c] = Bind(values.Rows[r][c], scope);
        }

        var columns = new PlanColumn[width];
        var column = new BoundExpression[rows.Length];
        var positions = new SourcePosition[rows.Length];
        for (int c = 0; c < width; c++)
        {
            bool open = true;
            bool nullable = false;
            for (int r = 0; r < rows.Length; r++)
            {
                column[r] = rows[r][c];
                positions[r] = values.Rows[r][c].Position;
                open &= column[r].Type.Kind == SqlTypeKind.Unknown;
            }

            SqlType type = SqlType.Unknown;
            if (open && use.Expected is not null && c < use.Expected.Length && use.Expected[c].Kind != SqlTypeKind.Unknown)
            {
                type = use.Expected[c];
                for (int r = 0; r < rows.Length; r++)
                    column[r] = Coerce(column[r], type, CastContext.Implicit, positions[r]);
            }
            else if (!open || !use.KeepUnknown)
            {
                type = Unify(column, positions, "VALUES");
            }

            for (int r = 0; r < rows.Length; r++)
            {
                rows[r][c] = column[r];
                nullable |= BoundTree.IsNullable(column[r]);
            }
            columns[c] = NewColumn($"column{c + 1}", type, nullable);
        }

        return new LogicalValues(rows, columns);
    }

    private LogicalOperator BindOperand(Ast.QueryBody body, Scope? outer, QueryUse use) =>
        BindQuery(new Ast.Query { Position = body.Position, Body = body }, outer, use);

    private static BareMetalException ColumnCounts(SourcePosition position, string what, int left, int right) =>
        SqlErrors.At(position, SqlStates.SyntaxError, $"The two sides of {what} have {left} and {right} columns.", "Both sides need the same number of columns.");

    private LogicalOperator BindSetOperation(Ast.SetOperationBody set, Scope? outer, QueryUse use)
    {
        // Types unify over all operands of the tree at once: a null of the first takes the type of the last.
        var operands = new List<(Ast.QueryBody Body, LogicalOperator Plan)>();
        Collect(set);
        int width = operands[0].Plan.Output.Count;
        var types = new SqlType[width];
        for (int c = 0; c < width; c++)
        {
            SqlType common = SqlType.Unknown;
            foreach (var (body, plan) in operands)
            {
                if (plan.Output.Count != width)
                    throw ColumnCounts(body.Position, set.Operator.ToString().ToUpperInvariant(), width, plan.Output.Count);
                SqlType type = plan.Output[c].Type;
                common = TypeRules.Common(common, type)
                    ?? throw SqlErrors.At(
                        body.Position, SqlStates.DatatypeMismatch,
                        $"Column {c + 1} of {set.Operator.ToString().ToUpperInvariant()} has the types {TypeNames.Format(common)} and {TypeNames.Format(type)}, which have nothing in common.",
                        "Convert one of them with CAST.");
            }

            if (common.Kind == SqlTypeKind.Unknown)
                common = use.Expected is not null && c < use.Expected.Length ? use.Expected[c] : use.KeepUnknown ? common : SqlType.Text;
            types[c] = common;
        }

        int next = 0;
        return Build(set);

        void Collect(Ast.QueryBody body)
        {
            EnsureStack(body.Position);
            if (body is Ast.SetOperationBody inner)
            {
                Collect(inner.Left);
                Collect(inner.Right);
            }
            else
            {
                operands.Add((body, BindOperand(body, outer, new QueryUse(null, true))));
            }
        }

        LogicalOperator Build(Ast.QueryBody body)
        {
            if (body is not Ast.SetOperationBody inner)
            {
                (_, LogicalOperator plan) = operands[next++];
                for (int c = 0; c < width; c++)
                {
                    if (plan.Output[c].Type.Kind == SqlTypeKind.Unknown && types[c].Kind != SqlTypeKind.Unknown)
                    {
                        // Its literals and parameters are bound again, now that their types are known.
                        plan = BindOperand(body, outer, new QueryUse(types, use.KeepUnknown));
                        break;
                    }
                }
                return CoerceOutput(plan, types, body.Position, "a set operation");
            }

            LogicalOperator left = Build(inner.Left);
            LogicalOperator right = Build(inner.Right);
            var columns = new PlanColumn[width];
            for (int c = 0; c < width; c++)
            {
                PlanColumn l = left.Output[c];
                bool nullable = l.IsNullable || (inner.Operator == Ast.SetOperator.Union && right.Output[c].IsNullable);
                columns[c] = NewColumn(l.Name, types[c], nullable);
            }

            SetOperationKind kind = inner.Operator switch
            {
                Ast.SetOperator.Union => SetOperationKind.Union,
                Ast.SetOperator.Intersect => SetOperationKind.Intersect,
                _ => SetOperationKind.Except,
            };
            return new LogicalSetOperation(kind, inner.All, left, right, columns);
        }
    }

    /// <summary>The plan with its columns converted where their types differ.</summary>
    private LogicalOperator CoerceOutput(LogicalOperator plan, ReadOnlySpan<SqlType> types, SourcePosition position, string what, CastContext context = CastContext.Implicit)
    {
        ProjectItem[]? items = null;
        for (int c = 0; c < types.Length; c++)
        {
            PlanColumn column = plan.Output[c];
            if (types[c].Kind == SqlTypeKind.Unknown || column.Type == types[c])
                continue;
            BoundExpression converted = Coerce(new BoundColumn(column), types[c], context, position, $"Column {c + 1} of {what}");
            if (converted is BoundColumn)
                continue;
            if (items is null)
            {
                items = new ProjectItem[types.Length];
                for (int i = 0; i < items.Length; i++)
                    items[i] = new ProjectItem(plan.Output[i], new BoundColumn(plan.Output[i]));
            }
            items[c] = new ProjectItem(NewColumn(column.Name, types[c], column.IsNullable), converted);
        }
        return items is null ? plan : new LogicalProject(plan, items);
    }

    // ---- SELECT

    private LogicalOperator BindSelect(Ast.SelectBody select, Ast.Query query, Scope? outer, QueryUse use)
    {
        RowLocking? locking = query.Locking.Length == 0 ? null : new RowLocking(query.Locking);
        if (locking is not null && (select.GroupBy is not null || select.Having is not null || select.Distinct || select.DistinctOn.Length > 0))
            throw SqlErrors.NotSupported(query.Locking[0].Position, "FOR UPDATE and FOR SHARE do not go with GROUP BY, HAVING or DISTINCT.");
        (LogicalOperator plan, FromScope from) = BindFromList(select.From, outer, locking);
        locking?.Check();
        var context = new SelectContext
        {
            IsGrouped = select.GroupBy is not null || select.Having is not null,
            HasGroupingSets = select.GroupBy is not null && Array.Exists(select.GroupBy, e => e.Kind != Ast.GroupingKind.Expressions),
        };
        foreach (Ast.WindowDefinition window in select.Windows)
        {
            if (!context.NamedWindows.TryAdd(window.Name.Name, window.Specification))
                throw SqlErrors.At(window.Name.Position, SqlStates.WindowingError, $"The window \"{window.Name}\" is defined twice.");
        }

        var scope = new Scope(outer, from) { Select = context };
        if (select.Where is not null)
        {
            scope.Clause = "WHERE";
            plan = new LogicalFilter(plan, BindCondition(select.Where, scope));
        }

        scope.Clause = "SELECT";
        List<SelectColumn> items = ExpandItems(select.Items, scope);
        List<ProjectItem> keys = [];
        IReadOnlyList<IReadOnlyList<int>>? sets = null;
        if (select.GroupBy is not null)
        {
            scope.Clause = "GROUP BY";
            sets = BindGrouping(select, items, scope, keys);
        }

        // Functions of rows that are grouped by come before the groups, the others behind them.
        int setsBefore = context.SetCalls.Count;
        plan = ApplySets(plan, context.SetCalls, 0);

        scope.Clause = "SELECT";
        for (int i = 0; i < items.Count; i++)
        {
            SelectColumn item = items[i];
            BoundExpression bound = item.Expression ?? Bind(item.Syntax!, scope);
            if (bound.Type.Kind == SqlTypeKind.Unknown)
            {
                if (use.Expected is not null && i < use.Expected.Length && use.Expected[i].Kind != SqlTypeKind.Unknown)
                    bound = Coerce(bound, use.Expected[i], CastContext.Implicit, item.Position);
                else if (!use.KeepUnknown || select.Distinct || select.DistinctOn.Length > 0)
                    bound = Known(bound, item.Position);
            }
            else
            {
                bound = Known(bound, item.Position);
            }

            item.Expression = bound;
        }

        BoundExpression? having = null;
        if (select.Having is not null)
        {
            scope.Clause = "HAVING";
            having = BindCondition(select.Having, scope);
        }

        scope.Clause = "DISTINCT ON";
        var distinctOn = new List<BoundExpression>();
        foreach (Ast.Expression on in select.DistinctOn)
            distinctOn.Add(BindOutputReference(on, items, scope, "DISTINCT ON"));
        scope.Clause = "ORDER BY";
        var order = new List<SortKey>();
        foreach (Ast.SortItem item in query.OrderBy)
            AddSortKey(order, BindOutputReference(item.Expression, items, scope, "ORDER BY"), item);

        if (select.GroupBy is not null || having is not null || context.Aggregates.Count > 0)
        {
            if (locking is not null)
                throw SqlErrors.NotSupported(query.Locking[0].Position, "FOR UPDATE and FOR SHARE do not go with aggregates.");
            var grouper = new Grouper(this, from, keys, context, sets);
            for (int i = 0; i < items.Count; i++)
                items[i].Expression = grouper.Rewrite(items[i].Expression!);
            having = having is null ? null : grouper.Rewrite(having);
            for (int i = 0; i < distinctOn.Count; i++)
                distinctOn[i] = grouper.Rewrite(distinctOn[i]);
            for (int i = 0; i < order.Count; i++)
                order[i] = order[i] with { Expression = grouper.Rewrite(order[i].Expression) };
            foreach (BoundExpression argument in context.DirectArguments)
                grouper.Rewrite(argument);
            foreach (WindowCall window in context.Windows)
                grouper.Rewrite(window);
            for (int i = setsBefore; i < context.SetCalls.Count; i++)
            {
                BoundTree.Rewrite(context.SetCalls[i].Arguments, grouper.Rewrite, out IReadOnlyList<BoundExpression> arguments);
                context.SetCalls[i].Arguments = arguments;
            }

            plan = new LogicalAggregate(plan, keys, context.Aggregates, sets);
            if (having is not null)
                plan = new LogicalFilter(plan, having);
        }

        plan = BuildWindows(plan, context.Windows);
        if (locking is not null && context.SetCalls.Count > 0)
            throw SqlErrors.NotSupported(query.Locking[0].Position, "FOR UPDATE and FOR SHARE do not go with functions of rows in the select list.");
        plan = ApplySets(plan, context.SetCalls, setsBefore);
        return BuildOutput(plan, select, query, outer, items, distinctOn, order);
    }

    /// <summary>Projection, DISTINCT, ORDER BY and LIMIT; columns that are only sorted by are dropped at the end.</summary>
    private LogicalOperator BuildOutput(
        LogicalOperator plan, Ast.SelectBody select, Ast.Query query, Scope? outer, List<SelectColumn> items, List<BoundExpression> distinctOn, List<SortKey> order)
    {
        var projected = new List<ProjectItem>(items.Count);
        // A column of the input is passed on as itself, once; one of an outer query never.
        var free = new HashSet<PlanColumn>(plan.Output);
        foreach (SelectColumn item in items)
        {
            BoundExpression e = item.Expression!;
            PlanColumn column = e is BoundColumn c && c.Column.Name == item.Name && free.Remove(c.Column) ? c.Column : NewColumn(item.Name, e);
            projected.Add(new ProjectItem(column, e));
        }

        int visible = projected.Count;
        for (int i = 0; i < order.Count; i++)
        {
            BoundExpression key = OutputColumn(order[i].Expression, out bool hidden);
            if (hidden && select.Distinct)
            {
                throw SqlErrors.At(
                    query.OrderBy[Math.Min(i, query.OrderBy.Length - 1)].Position, SqlStates.InvalidColumnReference,
                    "With SELECT DISTINCT the expressions of ORDER BY must be in the select list.");
            }
            order[i] = order[i] with { Expression = key };
        }

        for (int i = 0; i < distinctOn.Count; i++)
            distinctOn[i] = OutputColumn(distinctOn[i], out _);
        if (distinctOn.Count > 0)
        {
            for (int i = 0; i < Math.Min(distinctOn.Count, order.Count); i++)
            {
                bool found = false;
                foreach (BoundExpression on in distinctOn)
                    found |= BoundTree.AreEqual(on, order[i].Expression);
                if (!found)
                {
                    throw SqlErrors.At(
                        query.OrderBy[i].Position, SqlStates.InvalidColumnReference, "The expressions of DISTINCT ON must come first in ORDER BY.");
                }
            }
        }

        if (!IsIdentity(projected, plan.Output))
            plan = new LogicalProject(plan, projected);
        if (select.Distinct)
            plan = new LogicalDistinct(plan);
        if (order.Count > 0)
            plan = new LogicalSort(plan, order);
        if (distinctOn.Count > 0)
            plan = new LogicalDistinct(plan, distinctOn);
        plan = BindLimit(plan, query, outer);
        if (projected.Count > visible)
        {
            var kept = new ProjectItem[visible];
            for (int i = 0; i < visible; i++)
                kept[i] = new ProjectItem(projected[i].Column, new BoundColumn(projected[i].Column));
            plan = new LogicalProject(plan, kept);
        }

        return plan;

        BoundColumn OutputColumn(BoundExpression expression, out bool hidden)
        {
            hidden = false;
            for (int i = 0; i < projected.Count; i++)
            {
                if (BoundTree.AreEqual(projected[i].Expression, expression))
                {
                    hidden = i >= visible;
                    return new BoundColumn(projected[i].Column);
                }
            }

            hidden = true;
            PlanColumn column = expression is BoundColumn c && free.Remove(c.Column) ? c.Column : NewColumn("sort", expression);
            projected.Add(new ProjectItem(column, expression));
            return new BoundColumn(column);
        }
    }

    private static bool IsIdentity(List<ProjectItem> items, IReadOnlyList<PlanColumn> columns)
    {
        if (items.Count != columns.Count)
            return false;
        for (int i = 0; i < columns.Count; i++)
        {
            if (items[i].Column != columns[i] || items[i].Expression is not BoundColumn c || c.Column != columns[i])
                return false;
        }
        return true;
    }

    /// <summary>A column of the select list: its syntax until it is bound.</summary>
    private sealed class SelectColumn
    {
        public required string Name { get; init; }

        public required SourcePosition Position { get; init; }

        public Ast.Expression? Syntax { get; init; }

        public Ast.Identifier? Alias { get; init; }

        public BoundExpression? Expression { get; set; }
    }

    private List<SelectColumn> ExpandItems(Ast.SelectItem[] items, Scope scope)
    {
        var columns = new List<SelectColumn>(items.Length);
        foreach (Ast.SelectItem item in items)
        {
            if (item.Expression is Ast.StarExpression star)
            {
                if (item.Alias is not null)
                    throw SqlErrors.Syntax(item.Alias.Value.Position, "* takes no alias.");
                ExpandStar(star, scope, columns);
                continue;
            }

            if (item.Expression is Ast.FieldExpression { Field: null } fields)
            {
                if (item.Alias is not null)
                    throw SqlErrors.Syntax(item.Alias.Value.Position, "* takes no alias.");
                ExpandFields(fields, scope, columns);
                continue;
            }

            columns.Add(new SelectColumn
            {
                Name = item.Alias?.Name ?? NameOf(item.Expression, scope),
                Position = item.Position,
                Syntax = item.Expression,
                Alias = item.Alias,
            });
        }
        return columns;
    }

    private void ExpandStar(Ast.StarExpression star, Scope scope, List<SelectColumn> columns)
    {
        IReadOnlyList<ScopeColumn> source;
        if (star.Qualifier.Length == 0)
        {
            if (scope.From.Tables.Count == 0 && scope.From.Columns.Count == 0)
                throw SqlErrors.Syntax(star.Position, "SELECT * needs a FROM.");
            source = scope.From.Columns;
        }
        else
        {
            RangeTable table = FindTable(star.Qualifier, scope, out Scope at);
            at.Referenced = true;
            source = table.Columns;
        }

        scope.Referenced = true;
        foreach (ScopeColumn column in source)
        {
            columns.Add(new SelectColumn { Name = column.Name, Position = star.Position, Expression = Reference(column, star.Position) });
        }
    }

    /// <summary>The name of a result column without an alias, as PostgreSQL gives it.</summary>
    private static string NameOf(Ast.Expression expression, Scope scope) => expression switch
    {
        Ast.ColumnExpression column => SpellingOf(column, scope),
        Ast.CallExpression call => call.Name.Name,
        Ast.JsonQueryExpression query => query.Kind switch { Ast.JsonQueryKind.Exists => "json_exists", Ast.JsonQueryKind.Value => "json_value", _ => "json_query" },
        Ast.JsonConstructorExpression constructor => constructor.IsObject ? "json_object" : "json_array",
        Ast.FieldExpression { Field: { } field } => field.Name,
        Ast.SubscriptExpression subscript => NameOf(subscript.Operand, scope),
        Ast.CollateExpression collate => NameOf(collate.Operand, scope),
        Ast.CastExpression cast => IsNamed(cast.Operand) ? NameOf(cast.Operand, scope) : NameOf(cast.Type),
        Ast.TypedLiteralExpression literal => NameOf(literal.Type),
        Ast.CaseExpression { Else: { } otherwise } when IsNamed(otherwise) => NameOf(otherwise, scope),
        Ast.CaseExpression => "case",
        Ast.ArrayExpression or Ast.ArrayQueryExpression => "array",
        Ast.ExistsExpression => "exists",
        Ast.RowExpression => "row",
        Ast.AtTimeZoneExpression => "timezone",
        Ast.SubqueryExpression { Query.Body: Ast.SelectBody { Items.Length: > 0 } inner } => inner.Items[0].Alias?.Name ?? NameOf(inner.Items[0].Expression, new Scope(null, FromScope.Empty)),
        _ => "?column?",
    };

    /// <summary>Whether an expression has a name of its own, rather than that of a type or none.</summary>
    private static bool IsNamed(Ast.Expression expression) => expression switch
    {
        Ast.ColumnExpression or Ast.CallExpression or Ast.FieldExpression or Ast.ArrayExpression or Ast.ArrayQueryExpression => true,
        Ast.ExistsExpression or Ast.RowExpression or Ast.AtTimeZoneExpression or Ast.SubqueryExpression => true,
        Ast.SubscriptExpression subscript => IsNamed(subscript.Operand),
        Ast.CollateExpression collate => IsNamed(collate.Operand),
        Ast.CastExpression cast => IsNamed(cast.Operand),
        Ast.CaseExpression { Else: { } otherwise } => IsNamed(otherwise),
        _ => false,
    };

    /// <summary>The name that a cast gives its column: that of the type in PostgreSQL's catalog, whatever the spelling in the text.</summary>
    private static string NameOf(Ast.TypeName type) => type.Name.ToLowerInvariant() switch
    {
        "smallint" => "int2",
        "integer" or "int" => "int4",
        "bigint" => "int8",
        "real" => "float4",
        "double precision" or "double" or "float" => "float8",
        "boolean" => "bool",
        "decimal" => "numeric",
        "character varying" => "varchar",
        "char" or "character" => "bpchar",
        var name => name,
    };

    /// <summary>A column's name in the spelling of its definition.</summary>
    private static string SpellingOf(Ast.ColumnExpression column, Scope scope)
    {
        string name = column.Parts[^1].Name;
        string? alias = column.Parts.Length > 1 ? column.Parts[^2].Name : null;
        for (Scope? s = scope; s is not null; s = s.Parent)
        {
            if (alias is null)
            {
                foreach (ScopeColumn c in s.From.Columns)
                {
                    if (Ast.Identifier.Comparer.Equals(c.Name, name))
                        return c.Name;
                }
                continue;
            }

            foreach (RangeTable t in s.From.Tables)
            {
                if (!Ast.Identifier.Comparer.Equals(t.Alias, alias))
                    continue;
                foreach (ScopeColumn c in t.Columns)
                {
                    if (Ast.Identifier.Comparer.Equals(c.Name, name))
                        return c.Name;
                }
            }
        }
        return name;
    }

    /// <summary>An expression of ORDER BY or DISTINCT ON: an output name, a position, or any expression over the input.</summary>
    private BoundExpression BindOutputReference(Ast.Expression expression, List<SelectColumn> items, Scope scope, string clause)
    {
        if (OutputPosition(expression, items.Count, clause) is { } position)
            return items[position].Expression!;
        if (expression is Ast.ColumnExpression { Parts: [var name] })
        {
            BoundExpression? found = null;
            foreach (SelectColumn item in items)
            {
                if (!name.Is(item.Name))
                    continue;
                if (found is not null && !BoundTree.AreEqual(found, item.Expression))
                    throw SqlErrors.At(expression.Position, SqlStates.AmbiguousColumn, $"{clause} \"{name}\" is ambiguous: several result columns have this name.", "Use its position, or give one of them another alias.");
                found ??= item.Expression;
            }

            if (found is not null)
                return found;
        }

        return Known(Bind(expression, scope), expression.Position);
    }

    // ---- GROUP BY

    private static LogicalOperator BuildWindows(LogicalOperator plan, List<WindowCall> calls)
    {
        var done = new bool[calls.Count];
        for (int i = 0; i < calls.Count; i++)
        {
            if (done[i])
                continue;
            var items = new List<WindowItem>();
            for (int j = i; j < calls.Count; j++)
            {
                if (done[j] || !BoundTree.AreEqual(calls[i].PartitionBy, calls[j].PartitionBy) || !BoundTree.AreEqual(calls[i].OrderBy, calls[j].OrderBy))
                    continue;
                done[j] = true;
                items.Add(new WindowItem(calls[j].Column, calls[j].Name, calls[j].Arguments, calls[j].Aggregate, calls[j].Frame));
            }

            plan = new LogicalWindow(plan, calls[i].PartitionBy, calls[i].OrderBy, items);
        }
        return plan;
    }
}
