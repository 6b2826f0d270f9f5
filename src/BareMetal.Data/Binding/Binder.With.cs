using BareMetal.Data.Catalog;
using BareMetal.Data.Functions;
using BareMetal.Data.Planning;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Sql;
using BareMetal.Data.Types;
using Ast = BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Binding;

// WITH: definitions, those that write, recursive ones.
internal sealed partial class Binder
{
    private List<CteDefinition> BindWith(Ast.WithClause with, Scope? outer)
    {
        bool isOutermost = _isOutermost;
        _isOutermost = false;
        var definitions = new List<CteDefinition>();
        var names = new HashSet<string>(Ast.Identifier.Comparer);
        foreach (Ast.CommonTableExpression cte in with.Expressions)
        {
            if (!names.Add(cte.Name.Name))
                throw SqlErrors.At(cte.Name.Position, SqlStates.DuplicateAlias, $"WITH defines \"{cte.Name}\" twice.");
            if (cte.Body is not Ast.QueryStatement body)
            {
                if (!isOutermost)
                    throw SqlErrors.NotSupported(cte.Body.Position, "WITH may write at the top level of a statement only.", "Move the definition into the WITH of the whole statement.");
                definitions.Add(BindWritingDefinition(cte));
                continue;
            }

            CteDefinition definition = with.Recursive && RefersTo(body.Query, cte.Name.Name)
                ? BindRecursive(cte, body.Query, outer)
                : BindDefinition(cte, body.Query, outer);
            definitions.Add(definition);
        }
        return definitions;
    }

    private CteDefinition BindWritingDefinition(Ast.CommonTableExpression cte)
    {
        LogicalOperator plan = cte.Body switch
        {
            Ast.InsertStatement insert => BindInsert(insert),
            Ast.UpdateStatement update => BindUpdate(update),
            Ast.DeleteStatement delete => BindDelete(delete),
            Ast.MergeStatement merge => BindMerge(merge),
            _ => throw new InvalidOperationException(cte.Body.GetType().Name),
        };

        // A write with definitions of its own that only read: what it reads is computed with it.
        var definition = new CteDefinition(cte.Name.Name, plan) { IsMaterialized = true };
        _ctes = new CteScope(_ctes, cte.Name.Name, definition, RenamedColumns(plan.Output, cte));
        return definition;
    }

    private static bool AnyWrites(List<CteDefinition>? definitions) => definitions is not null && definitions.Exists(d => LogicalTools.IsWrite(d.Plan));

    private CteDefinition BindDefinition(Ast.CommonTableExpression cte, Ast.Query query, Scope? outer)
    {
        LogicalOperator plan = BindQuery(query, outer, QueryUse.Top);
        var definition = new CteDefinition(cte.Name.Name, plan) { IsMaterialized = cte.Materialized };
        _ctes = new CteScope(_ctes, cte.Name.Name, definition, RenamedColumns(plan.Output, cte));
        return definition;
    }

    private PlanColumn[] RenamedColumns(IReadOnlyList<PlanColumn> output, Ast.CommonTableExpression cte)
    {
        CheckAliasCount(cte.Name, cte.Columns, output.Count);
        var columns = new PlanColumn[output.Count];
        for (int i = 0; i < columns.Length; i++)
        {
            PlanColumn c = output[i];
            columns[i] = new PlanColumn(_nextColumn++, i < cte.Columns.Length ? cte.Columns[i].Name : c.Name, c.Type, c.IsNullable)
            {
                Origin = c.Origin, OriginTable = c.OriginTable,
            };
        }
        return columns;
    }

    private static void CheckAliasCount(Ast.Identifier name, Ast.Identifier[] aliases, int count)
    {
        if (aliases.Length > count)
        {
            throw SqlErrors.At(
                aliases[count].Position, SqlStates.InvalidColumnReference,
                $"\"{name}\" has {count} column{(count == 1 ? "" : "s")}, but {aliases.Length} names are given.");
        }
    }

    private CteDefinition BindRecursive(Ast.CommonTableExpression cte, Ast.Query query, Scope? outer)
    {
        if (query.Body is not Ast.SetOperationBody { Operator: Ast.SetOperator.Union } union || query.With is not null)
        {
            throw SqlErrors.At(
                cte.Position, SqlStates.InvalidRecursion, $"The recursive query \"{cte.Name}\" is not of the form: first term UNION [ALL] recursive term.");
        }

        if (query.OrderBy.Length > 0 || query.Limit is not null || query.Offset is not null)
            throw SqlErrors.NotSupported(query.Position, $"ORDER BY, LIMIT and OFFSET in the recursive query \"{cte.Name}\" are not supported.", "Put them where it is read.");
        CteScope? before = _ctes;
        _ctes = new CteScope(before, cte.Name.Name, null, []);
        LogicalOperator first = BindOperand(union.Left, outer, QueryUse.Top);
        var definition = new CteDefinition(cte.Name.Name, first) { IsUnionAll = union.All, IsMaterialized = true };
        PlanColumn[] columns = RenamedColumns(first.Output, cte);
        for (int i = 0; i < columns.Length; i++)
            columns[i] = new PlanColumn(columns[i].Id, columns[i].Name, columns[i].Type, true);
        var scope = new CteScope(before, cte.Name.Name, definition, columns);
        _ctes = scope;
        var types = new SqlType[columns.Length];
        for (int i = 0; i < types.Length; i++)
            types[i] = columns[i].Type;
        LogicalOperator term = BindOperand(union.Right, outer, new QueryUse(types, false));
        if (term.Output.Count != columns.Length)
            throw ColumnCounts(union.Position, "UNION", columns.Length, term.Output.Count);
        definition.RecursiveTerm = CoerceOutput(term, types, union.Right.Position, $"the recursive query \"{cte.Name}\"");
        return definition;
    }

    /// <summary>Whether a query reads a name in FROM: told from the syntax, before anything is bound.</summary>
    private static bool RefersTo(Ast.Query query, string name)
    {
        if (query.With is not null)
        {
            foreach (Ast.CommonTableExpression cte in query.With.Expressions)
            {
                if (cte.Body is Ast.QueryStatement body && RefersTo(body.Query, name))
                    return true;
            }
        }
        return RefersTo(query.Body, name);
    }

    private static bool RefersTo(Ast.QueryBody body, string name)
    {
        switch (body)
        {
            case Ast.NestedBody nested:
                return RefersTo(nested.Query, name);
            case Ast.SetOperationBody set:
                return RefersTo(set.Left, name) || RefersTo(set.Right, name);
            case Ast.SelectBody select:
                foreach (Ast.TableReference table in select.From)
                {
                    if (RefersTo(table, name))
                        return true;
                }
                // A subquery of an expression may read it too; telling so costs nothing but the other form of plan.
                return select.Where is not null && RefersTo(select.Where, name);
            default:
                return false;
        }
    }

    private static bool RefersTo(Ast.Expression expression, string name) => expression switch
    {
        Ast.ExistsExpression x => RefersTo(x.Query, name),
        Ast.InQueryExpression x => RefersTo(x.Query, name),
        Ast.SubqueryExpression x => RefersTo(x.Query, name),
        Ast.UnaryExpression x => RefersTo(x.Operand, name),
        Ast.BinaryExpression x => RefersTo(x.Left, name) || RefersTo(x.Right, name),
        _ => false,
    };

    private static bool RefersTo(Ast.TableReference table, string name) => table switch
    {
        Ast.NamedTableReference named => named.Name.Schema is null && Ast.Identifier.Comparer.Equals(named.Name.Name, name),
        Ast.JoinReference join => RefersTo(join.Left, name) || RefersTo(join.Right, name),
        Ast.DerivedTableReference derived => RefersTo(derived.Query, name),
        _ => false,
    };

    // ---- VALUES and set operations
}
