using BareMetal.Data.Catalog;
using BareMetal.Data.Functions.Scalars;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Sql;
using BareMetal.Data.Types;
using Ast = BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Binding;

// TABLESAMPLE: each row is taken by itself, by chance or by its key and a seed.
internal sealed partial class Binder
{
    private (LogicalOperator Plan, FromScope Scope) BindSample(Ast.NamedTableReference named, Ast.TableSample sample, string alias, FromContext context)
    {
        bool isCte = named.Name.Schema is null && FindCte(named.Name.Name) is not null;
        if (isCte || ResolveRelation(named.Name) is not Table table)
            throw SqlErrors.At(sample.Position, SqlStates.WrongObjectType, "TABLESAMPLE goes with tables only.", "Use WHERE random() < … over other rows.");
        if (!sample.Method.Is("bernoulli") && !sample.Method.Is("system"))
            throw SqlErrors.At(sample.Method.Position, SqlStates.UndefinedObject, $"There is no sampling method \"{sample.Method}\".", "Use BERNOULLI or SYSTEM.");
        Depend(table);
        (RowLockMode mode, RowLockWait wait) = context.Locking?.For(alias) ?? default;
        PlanColumn key = NewColumn("row key", SqlType.Bytea, false);
        LogicalScan scan = Scan(table, alias, context.Nullable, out ScopeColumn[] columns) with { Lock = mode, LockWait = wait, RowKey = key };
        var outer = new Scope(context.Lateral ?? context.Outer, FromScope.Empty) { Clause = "TABLESAMPLE" };
        BoundExpression percentage = Coerce(Bind(sample.Percentage, outer), SqlType.Double, CastContext.Assignment, sample.Percentage.Position);
        var items = new List<ProjectItem>();
        foreach (PlanColumn c in scan.Columns)
            items.Add(new ProjectItem(c, new BoundColumn(c)));
        BoundExpression taken;
        if (sample.Seed is null)
        {
            taken = new BoundCall(SampleFunctions.Chance, [percentage], SqlType.Boolean);
        }
        else
        {
            BoundExpression seed = Coerce(Bind(sample.Seed, outer), SqlType.Double, CastContext.Assignment, sample.Seed.Position);
            PlanColumn passed = NewColumn("sample key", SqlType.Bytea, false);
            items.Add(new ProjectItem(passed, new BoundColumn(key)));
            taken = new BoundCall(SampleFunctions.ByKey, [percentage, seed, new BoundColumn(passed)], SqlType.Boolean);
        }

        LogicalOperator plan = new LogicalFilter(new LogicalProject(scan, items), taken);
        return (plan, Range(alias, named.Alias is null ? table.Schema : null, columns, named.Alias, table));
    }
}
