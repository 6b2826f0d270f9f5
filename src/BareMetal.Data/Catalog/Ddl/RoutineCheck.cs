using BareMetal.Data.Binding;
using BareMetal.Data.Functions;
using BareMetal.Data.Planning;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Sql.Syntax;
using BareMetal.Data.Types;
using Binder = BareMetal.Data.Binding.Binder;

namespace BareMetal.Data.Catalog.Ddl;

/// <summary>What can be known of a routine's body before it runs: that it is valid, what it needs, whether it may give other results for the same arguments.</summary>
internal sealed class RoutineCheck
{
    public IReadOnlyList<ObjectDependency> Dependencies { get; private init; } = [];

    public Volatility Volatility { get; private init; } = Volatility.Volatile;

    /// <summary>Whether a statement of it changes rows or definitions, as far as it can be told.</summary>
    public bool Writes { get; private init; }

    /// <summary>Checks a body. One of the language sql is bound whole; of a block only the syntax and its variables are looked at.</summary>
    /// <param name="routine">The routine, which the catalog has already.</param>
    /// <param name="catalog">The catalog.</param>
    /// <param name="searchPath">Where names are looked up.</param>
    /// <param name="statement">What defines it, for the places of errors; null when it is known to be valid.</param>
    public static RoutineCheck Run(Routine routine, CatalogSnapshot catalog, IReadOnlyList<string> searchPath, CreateRoutineStatement? statement)
    {
        try
        {
            return Check(routine, catalog, searchPath);
        }
        catch (BareMetalException e) when (statement is not null)
        {
            // The place within the body is not one of the command's text; a body without escapes tells it by its beginning.
            bool isPlaced = e.Position > 0 && statement.BodyKind != RoutineBodyKind.Text;
            throw isPlaced
                ? e.WithPosition(statement.BodyPosition.Offset + e.Position, statement.BodyPosition.Line + e.Line - 1, e.Line == 1 ? statement.BodyPosition.Column + e.Column - 1 : e.Column)
                : e.WithPosition(statement.BodyPosition.Offset + 1, statement.BodyPosition.Line, statement.BodyPosition.Column);
        }
    }

    private static RoutineCheck Check(Routine routine, CatalogSnapshot catalog, IReadOnlyList<string> searchPath)
    {
        RoutineVariables variables = RoutineVariables.For(routine);
        BindingOptions options = new() { SearchPath = searchPath, Variables = variables.Scope };
        foreach (RoutineParameter parameter in routine.Parameters)
        {
            if (parameter.DefaultSql is not null)
                Binder.BindDefaultValue(parameter.DefaultSql, parameter.Type, catalog, searchPath);
        }

        if (routine.Parsed.IsBlock)
            return new RoutineCheck { Writes = Array.Exists(routine.Parsed.Statements, s => s is InsertStatement or UpdateStatement or DeleteStatement or MergeStatement) };

        HashSet<ObjectDependency> dependencies = [];
        Volatility volatility = Volatility.Immutable;
        bool writes = false;
        BoundStatement? last = null;
        foreach (Statement inner in routine.Parsed.Statements)
        {
            last = null;
            switch (inner)
            {
                case BeginStatement or CommitStatement or RollbackStatement or SavepointStatement or ReleaseSavepointStatement or SetTransactionStatement:
                    throw CatalogErrors.Make(SqlStates.FeatureNotSupported, "A routine can't begin or end transactions.", inner.Position, "It runs in the transaction of its caller.");
                case QueryStatement or InsertStatement or UpdateStatement or DeleteStatement or MergeStatement:
                    last = Binder.Bind(inner, catalog, options, variables.Types);
                    foreach (ObjectDependency d in last.References)
                    {
                        if (routine.BodyKind != RoutineBodyKind.Text && Temporary.IsTemporary(d.ObjectId))
                            throw CatalogErrors.Make(SqlStates.FeatureNotSupported, "A body that is no text can't name temporary tables.", inner.Position);
                        if (d.ObjectId > 0 && d.ObjectId != routine.Id && (routine.BodyKind != RoutineBodyKind.Text || catalog.Find<Routine>(d.ObjectId) is not null))
                            dependencies.Add(d);
                    }

                    volatility = (Volatility)Math.Max((int)volatility, (int)VolatilityOf(last.Plan));
                    writes |= inner is not QueryStatement;
                    break;
                case CallStatement call:
                    BoundRoutineCall bound = Binder.BindCall(call, catalog, options, variables.Types);
                    if (bound.Routine.Id != routine.Id)
                        dependencies.Add(new ObjectDependency(bound.Routine.Id, 0));
                    volatility = Volatility.Volatile;
                    writes = true;
                    break;
                default:
                    // What it defines is not there yet, so that what follows is looked at when it runs.
                    return new RoutineCheck { Dependencies = [.. dependencies], Writes = true };
            }
        }

        CheckResult(routine, last);
        bool isQuery = routine.Parsed.Query is not null;
        return new RoutineCheck { Dependencies = [.. dependencies], Volatility = isQuery ? volatility : Volatility.Volatile, Writes = writes };
    }

    private static void CheckResult(Routine routine, BoundStatement? last)
    {
        IReadOnlyList<RoutineParameter> columns = routine.ResultColumns;
        SqlType[] types = routine.ReturnType is { } plain ? [plain] : [.. columns.Select(c => c.Type)];
        if (types.Length == 0)
            return;
        string what = routine.Kind == RoutineKind.Procedure ? "its OUT parameters" : "what it returns";
        if (last is null || last.Plan.Output.Count == 0)
            throw CatalogErrors.Make(SqlStates.InvalidFunctionDefinition, $"The last statement of {routine.Signature} must give {what}.", default, "End with SELECT, or with RETURNING.");
        if (last.Plan.Output.Count != types.Length)
            throw CatalogErrors.Make(SqlStates.InvalidFunctionDefinition, $"The last statement of {routine.Signature} gives {last.Plan.Output.Count} columns, but {what} needs {types.Length}.");
        for (int i = 0; i < types.Length; i++)
        {
            SqlType given = last.Plan.Output[i].Type;
            if (given.Kind != types[i].Kind && Casts.Find(given, types[i]) is not { Context: <= CastContext.Assignment })
            {
                throw CatalogErrors.Make(
                    SqlStates.InvalidFunctionDefinition, $"The last statement of {routine.Signature} gives {TypeNames.Format(given)} where {TypeNames.Format(types[i])} is returned.", default, "Convert it with CAST.");
            }
        }
    }

    /// <summary>What the calls and tables of a plan let assume of it.</summary>
    private static Volatility VolatilityOf(LogicalOperator plan)
    {
        Volatility found = Volatility.Immutable;
        LogicalTools.Any(plan, op =>
        {
            Note(op switch
            {
                LogicalScan { Lock: not RowLockMode.None } or LogicalLockRows or LogicalInsert or LogicalUpdate or LogicalDelete or LogicalMerge => Volatility.Volatile,
                LogicalScan or LogicalTableFunction => Volatility.Stable,
                _ => Volatility.Immutable,
            });
            LogicalTools.VisitExpressions(op, root => ExpressionTools.Any(root, e =>
            {
                Note(e switch
                {
                    BoundCall call => call.Function.Volatility,
                    BoundSubquery subquery => VolatilityOf(subquery.Plan),
                    BoundCast cast when Casts.Find(cast.Operand.Type, cast.Type) is { } c => c.Volatility,
                    _ => Volatility.Immutable,
                });
                return false;
            }));
            return false;
        });
        return found;

        void Note(Volatility volatility) => found = (Volatility)Math.Max((int)found, (int)volatility);
    }
}
